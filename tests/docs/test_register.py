"""What the pages say of the register is what the program does."""

from __future__ import annotations

from securexfer.custody.entry import EVENTS
from securexfer.custody.summary import COLUMNS
from tests.docs.pages import page, rows, sections


def codes(cell: str) -> list[str]:
    """All that a cell shows as code, before anything in brackets."""
    return cell.split("`")[1::2]


def test_the_events_of_the_format_are_those_of_the_program() -> None:
    section = sections(page("docs/format.md"))["Register"]
    named = [name for row in rows(section)[7:] for name in codes(row[0])]
    assert len(named) == len(set(named)) >= 15
    assert set(named) <= set(EVENTS)
    assert {"packed", "unpack-refused", "contact-removed", "reidentified"} <= set(named)


def test_the_auditors_page_knows_every_event_of_the_format_and_every_column() -> None:
    audit = sections(page("docs/operations.md"))["Register audit"]
    first = [name for row in rows(audit) for name in codes(row[0])]
    columns = [name for name in first if name in COLUMNS]
    assert sorted(columns) == sorted(COLUMNS)
    known = sections(page("docs/format.md"))["Register"]
    for row in rows(known)[7:]:
        assert all(f"`{name}`" in audit for name in codes(row[0])), row[0]
