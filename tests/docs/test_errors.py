"""The page of errors and the classes of errors say the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from securexfer import errors
from tests.docs.pages import code, page, rows, sections


def walk(kind: type[errors.SecurexferError]) -> Iterator[type[errors.SecurexferError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from walk(below)


CLASSES = list(dict.fromkeys(walk(errors.SecurexferError)))
SECTIONS = sections(page("docs/errors.md"))
TABLE = {code(row[2]): row for row in rows(SECTIONS["All errors"])}


@pytest.mark.parametrize("kind", CLASSES, ids=[kind.__name__ for kind in CLASSES])
def test_every_error_has_its_row(kind: type[errors.SecurexferError]) -> None:
    exit_code, slug, _, cause, hint = TABLE[kind.__name__]
    assert int(exit_code) == kind.exit_code
    assert code(slug) == kind.code
    assert len(cause) > 20
    assert hint == kind.hint


def test_no_row_is_about_an_error_that_does_not_exist() -> None:
    assert set(TABLE) == {kind.__name__ for kind in CLASSES}


def test_every_exit_code_has_its_family() -> None:
    listed = {int(row[0]) for row in rows(SECTIONS["Exit codes"])}
    assert listed == {0} | {kind.exit_code for kind in CLASSES}


def test_a_code_belongs_to_one_error() -> None:
    codes = [kind.code for kind in CLASSES if kind is not errors.InternalError]
    assert len(set(codes)) == len(codes)


def test_the_example_is_a_true_message() -> None:
    example = f"Next:  {errors.ContactUnknownError.hint}"
    assert example in page("docs/errors.md")
