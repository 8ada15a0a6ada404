"""CSV said plainly: one character after the other, and the first fault by the record it is in."""

from __future__ import annotations

from dataclasses import dataclass

MISPLACED = "it has a quote where none may stand"
UNCLOSED = "it opens a quote that is never closed"
LONE_RETURN = "it has a carriage return that does not end a line"


@dataclass(frozen=True)
class Plain:
    """What a text holds: rows, and how many blank lines; or the line and the reason of a fault."""

    rows: list[list[str]]
    n_blank: int
    fault: tuple[int, str] | None = None


def read_plainly(text: str, n_fields: int, delimiter: str, quote: str, line: int = 1) -> Plain:
    """Read records up to the first that is not as it should be.

    Args:
        text: whole; its last record may lack its line end.
        n_fields: of every record.
        delimiter, quote: one character each.
        line: number of the first line.
    """
    rows: list[list[str]] = []
    n_blank = at = 0
    while at < len(text):
        fields, state, has_lone_return, start, first_line = [""], "start", False, at, line
        while True:
            here = text[at : at + 1] or "\n"
            behind = text[at + 1 : at + 2] or "\n"
            at += 1
            if state == "quoted":
                if at > len(text):
                    return Plain(rows, n_blank, (first_line, UNCLOSED))
                if here != quote:
                    fields[-1] += here
                    line += here == "\n"
                elif behind == quote and at < len(text):
                    fields[-1] += quote
                    at += 1
                else:
                    state = "closed"
            elif here == "\n":
                line += 1
                break
            elif here == delimiter:
                fields.append("")
                state = "start"
            elif here == "\r":
                has_lone_return |= behind != "\n"
                state = "bare"
            elif here == quote and state == "start":
                state = "quoted"
            elif here == quote or state == "closed":
                return Plain(rows, n_blank, (first_line, MISPLACED))
            else:
                fields[-1] += here
                state = "bare"
        if text[start:at].strip("\n") in ("", "\r"):
            n_blank += 1
        elif len(fields) != n_fields:
            n = len(fields)
            reason = f"it has {n} field{'s' * (n != 1)} where the header has {n_fields}"
            return Plain(rows, n_blank, (first_line, reason))
        elif has_lone_return:
            return Plain(rows, n_blank, (first_line, LONE_RETURN))
        else:
            rows.append(fields)
    return Plain(rows, n_blank)
