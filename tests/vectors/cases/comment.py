"""The spelling of the comment, which no signature covers."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

from tests.vectors.cases.vector import Vector, bundle
from tests.vectors.format1 import END_BYTES, b64, poke


def line(i: int, edit: Callable[[str], str]) -> Callable[[list[str]], object]:
    """Another text for one line of the comment."""

    def change(lines: list[str]) -> None:
        lines[i] = edit(lines[i])

    return change


def comments() -> Iterator[Vector]:
    """M27 and M35."""

    def bad(name: str, about: str, rule: str, **changes: Any) -> Vector:
        return bundle(f"comment-{name}", f"comment: {about}", rule, "bundle_malformed", **changes)

    for name, about, change in (
        ("label", "another first line", line(0, lambda _: "securexfer-signature-2")),
        ("upper-case", "capital hex digits", line(3, str.upper)),
        ("short-digest", "a digest without its last digit", line(3, lambda old: old[:-1])),
        ("short-signature", "an Ed25519 signature of 63 bytes", line(4, lambda _: b64(bytes(63)))),
        (
            "long-signature",
            "an ML-DSA-65 signature of 3310 bytes",
            line(5, lambda _: b64(bytes(3310))),
        ),
        ("url-base64", "base64url", line(5, lambda old: old.translate(str.maketrans("+/", "-_")))),
        ("unpadded", "base64 without padding", line(4, lambda old: old.rstrip("="))),
        (
            "spare-bits",
            "base64 with spare bits set",
            line(4, lambda old: old[:-3] + chr(ord(old[-3]) + 1) + "=="),
        ),
        ("more-lines", "a seventh line", lambda lines: lines.append("more")),
        ("fewer-lines", "no ML-DSA-65 signature", lambda lines: lines.pop()),
        ("space", "a space before a line's end", line(2, lambda old: old + " ")),
        ("carriage-return", "CR before a line's end", line(2, lambda old: old + "\r")),
    ):
        yield bad(name, about, "M35", change_lines=change)
    second_end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0, 0, 0, 0, 0)
    for name, about, edit in (
        ("zero-bytes", "zero bytes instead of spaces", lambda old: old.replace(b" ", b"\0")),
        ("last-byte", "no newline at the end", lambda old: old[:-1] + b" "),
        ("tab", "a tab among the spaces", poke(-100, b"\t")),
        ("beyond-ascii", "a byte beyond ASCII", poke(-100, b"\xff")),
        ("second-end", "an end record among the spaces", poke(-END_BYTES, second_end)),
    ):
        rule = "M27 M35" if name == "second-end" else "M35"
        yield bad(name, about, rule, change_comment=edit)
