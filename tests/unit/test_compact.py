"""Compact fonts: what no letter takes is zeros, and every letter is what it was."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import pytest

from securexfer.attachment.compact import compact
from securexfer.attachment.fault import Fault, UnfitError
from tests.assurance import Tally
from tests.unit.pictures import CANARY

# Letters of a program: one line each; the first is that of no character.
LETTERS = (b"\x8b\x8b\x15\x0e", b"\x8b\x95\x15\x8b\x9f\x05\x0e", b"\x95\x95\x15\xa9\x9f\x05\x0e")
NAMES = b"first", b"Copyright by " + CANARY


def number(value: int) -> bytes:
    return b"\x1d" + value.to_bytes(4, signed=True)


def index(*parts: bytes) -> bytes:
    places, at = [1], 1
    for part in parts:
        at += len(part)
        places.append(at)
    head = len(parts).to_bytes(2) + b"\4" + b"".join(place.to_bytes(4) for place in places)
    return head + b"".join(parts) if parts else bytes(2)


def table(
    *,
    charset: bytes,
    encoding: bytes | None = None,
    select: bytes | None = None,
    gap: bytes = CANARY,
    shift: int = 0,
    n_fonts: int = 1,
    n_hidden: int | None = None,
) -> bytes:
    """A font, or one of several, with a gap before each part, behind the last and in its head."""
    places = dict.fromkeys(("charset", "encoding", "letters", "private", "fonts", "select"), 0)
    hidden = b"\x8b\x14" + number(0) + b"\x13"  # a width, and where its parts are
    for _ in range(2):
        n_bytes = len(hidden) if n_hidden is None else n_hidden
        private = number(n_bytes) + number(places["private"]) + b"\x12"
        top = number(391) + number(391) + number(0) + b"\x0c\x1e" if select else b""
        top += number(places["charset"]) + b"\x0f" + number(places["letters"]) + b"\x11"
        if encoding:
            top += number(places["encoding"]) + b"\x10"
        if select:
            top += number(places["fonts"]) + b"\x0c\x24" + number(places["select"]) + b"\x0c\x25"
        else:
            top += private
        head = b"\1\0" + bytes((4 + len(gap), 4)) + gap
        made = head + index(b"Face") + index(top) + index(*NAMES) + index()
        parts = [("charset", charset), ("encoding", encoding), ("letters", index(*LETTERS))]
        parts += [("fonts", index(*[private] * n_fonts) if select else None), ("select", select)]
        own = b"\x8b\x14" + number(len(hidden) + len(gap)) + b"\x13"
        parts.append(("private", own + gap + index(b"\x0b")))
        for name, part in parts:
            if part is not None:
                made += gap
                places[name] = len(made) + shift
                made += part
        made += gap
    return made


CHARSETS = {"0": b"\0\0\1\1\x87", "1": b"\1\0\1\1", "2": b"\2\0\1\0\1"}
FONTS: dict[str, Callable[[], bytes]] = {
    **{
        f"charset {kind}": lambda kind=kind: table(charset=CHARSETS[kind])  # type: ignore[misc]
        for kind in ("1", "2")
    },
    "charset 0": lambda: table(charset=b"\0\0\1\0\2"),
    "codes": lambda: table(charset=CHARSETS["1"], encoding=b"\0\2\x61\x62"),
    "codes in ranges": lambda: table(charset=CHARSETS["1"], encoding=b"\1\1\x61\1"),
    "codes twice": lambda: table(charset=CHARSETS["1"], encoding=b"\x80\2\x61\x62\1\x63\0\1"),
    "fonts in a font": lambda: table(charset=CHARSETS["2"], select=b"\0\0\0\0"),
    "fonts in a font, by ranges": lambda: table(charset=CHARSETS["2"], select=b"\3\0\1\0\0\0\0\3"),
}


class TestCompact:
    @pytest.mark.parametrize("name", FONTS)
    def test_what_nothing_names_is_zeros_and_letters_are_what_they_were(
        self, name: str, tally: Tally
    ) -> None:
        from fontTools.cffLib import CFFFontSet

        data = FONTS[name]()
        made = compact(data)
        assert CANARY not in made
        assert len(made) == len(data) - len(CANARY)
        before, after = CFFFontSet(), CFFFontSet()
        before.decompile(io.BytesIO(data), None)
        after.decompile(io.BytesIO(made), None)
        assert before[0].charset == after[0].charset
        for letter in before[0].charset:
            one, other = before[0].CharStrings[letter], after[0].CharStrings[letter]
            assert one.bytecode == other.bytecode in LETTERS
        assert getattr(before[0], "Encoding", None) == getattr(after[0], "Encoding", None)
        # But for what is hidden, nothing is another.
        assert made == data[: len(made)].replace(CANARY, bytes(len(CANARY))).replace(
            NAMES[1][: -len(CANARY)] + bytes(len(CANARY)), b" " * len(NAMES[1])
        )
        tally.count("hygiene", "canaries in documents, none left", data.count(CANARY))

    def test_without_gaps_it_is_the_same_but_for_its_words(self) -> None:
        data = table(charset=CHARSETS["1"], gap=b"")
        assert compact(data) == data.replace(NAMES[1], b" " * len(NAMES[1]))

    @pytest.mark.parametrize(
        ("data", "fault"),
        [
            (b"\1\0\4\1" + index(b"F") + index(b"\x8b\5") + index() + index(), Fault.NOT_ANEW),
            (table(charset=b"\7\0\1"), Fault.NOT_ANEW),
            (table(charset=CHARSETS["2"], select=b"\0\0\0\0", n_fonts=257), Fault.NOT_ANEW),
            (table(charset=CHARSETS["1"], n_hidden=-2), Fault.DAMAGED),
            (table(charset=CHARSETS["2"], select=b"\3\xff\xff"), Fault.DAMAGED),
        ],
    )
    def test_whose_parts_are_nowhere_is_none(self, data: bytes, fault: Fault) -> None:
        with pytest.raises(UnfitError) as caught:
            compact(data)
        assert caught.value.fault is fault

    @pytest.mark.parametrize("shift", [-9_999, 9_999])
    def test_whose_parts_lie_behind_its_end_is_none(self, shift: int) -> None:
        with pytest.raises((IndexError, struct.error)):
            compact(table(charset=CHARSETS["1"], shift=shift))

    def test_cut_off_wherever_it_is_cut_it_is_none(self, tally: Tally) -> None:
        data = table(charset=CHARSETS["2"], select=b"\0\0\0\0", gap=b"")
        for end in range(2, len(data)):
            with pytest.raises((UnfitError, IndexError, ValueError, struct.error)):
                compact(data[:end])
        tally.count("input", "documents cut off", len(data) - 2)
