"""Numbers that say more than a place: they do not leave."""

from __future__ import annotations

import pytest
from pikepdf import Array, Pdf

from securexfer.attachment.fault import Fault
from tests.unit.documents import (
    edit,
    everything,
    with_content,
)
from tests.unit.hidden import with_form
from tests.unit.test_document import clean, fault_of


class TestNumbers:
    @pytest.mark.parametrize(
        "instructions",
        [
            b"67 65 78 65 82 89 w",
            b"true w",
            b"1 0 0 1 0 0 7 cm",
            b"0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 sc",
            b"[" + b"1 " * 33 + b"] 0 d",
            b"[[1]] 0 d",
            b"[1 /x] 0 d",
            b"3 d",
            b"9999999999 w",
            b"0 q",
            b"/DeviceGray (x) cs",
            b"/P sc",
        ],
    )
    def test_that_no_instruction_takes_keep_it_here(self, instructions: bytes) -> None:
        assert fault_of(with_content(instructions)) is Fault.NOT_ANEW

    def test_have_no_more_digits_than_draw_anything(self) -> None:
        made = everything(clean(with_content(b"0.123456789012345 w 1234.56789012345 0 m")))
        assert b"0.123456789 w" in made
        assert b"1234.56789 0 m" in made

    def test_lists_have_their_length(self) -> None:
        def long(pdf: Pdf) -> None:
            pdf.pages[0].obj.Resources.XObject.X.Matrix = Array([1, 0, 0, 1, 0, 0, 67])

        assert fault_of(edit(long, with_form(b"/X Do", b""))) is Fault.NOT_ANEW
        box = with_form(b"/X Do", b"", 0, 0, 9, 9, 65)
        assert fault_of(box) is Fault.NOT_ANEW
