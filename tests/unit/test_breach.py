"""What a breach report says, for the two losses that this tool was made for."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from securexfer.crypto.fingerprint import format_fingerprint
from securexfer.custody.breach import (
    PROTECTION,
    BreachReport,
    Selection,
    build_report,
)
from securexfer.custody.notice import write_notice
from securexfer.custody.register import head_sha256
from securexfer.custody.rendering import render_html, render_markdown
from securexfer.errors import UsageError
from tests.world import START, Person, World, csv_bytes, recipe_text

PERSON = '{ from = "pnc", action = "pseudonymise", domain = "person" }'
YEAR = '{ from = "dob", action = "year", format = "%Y-%m-%d" }'
TABLES = {"six_or_more": 33, "prolific": 10, "prisoners": 84}
CATEGORIES = '[agreement]\ncategories = ["criminal-offence"]'


def extract(n_rows: int) -> bytes:
    header = ["pnc", "name", "address", "dob"]
    rows = [[f"P{n}", "Canary Name", "Canary Street", "1980-01-02"] for n in range(n_rows)]
    return csv_bytes([header, *rows])


def recipe() -> str:
    fields = {"person": PERSON, "birth_year": YEAR}
    return recipe_text(dict.fromkeys(TABLES, fields)).replace("[agreement]", CATEGORIES)


def lose(world: World, to: list[Person], **details: Any) -> str:
    """Pack three tables, with what the carrier's own room would record; its id."""
    packed = world.ann.pack(
        {name: extract(n_rows) for name, n_rows in TABLES.items()}, recipe(), to, world.drive
    )
    # An entry says more on a real stick than in a test's folder.
    entries = world.ann.register.entries()
    entries[-1].details.update(details)  # type: ignore[attr-defined]
    world.entries = entries  # type: ignore[attr-defined]
    return packed.manifest.bundle_id


def report_on(world: World, selection: Selection, **more: Any) -> BreachReport:
    entries = getattr(world, "entries", None) or world.ann.register.entries()
    options = {"now": world.clock(), "register_head": head_sha256(entries), **more}
    return build_report(entries, selection, **options)


STICK = {"kind": "removable", "label": "STICK-07", "serial": "4C53", "file_system": "exfat"}


class TestThe2008Story:
    def test_a_lost_stick_is_answered_for_by_its_label(self, world: World) -> None:
        checked = {"checked_at": "2026-11-22T09:29:00Z", "keys_found": False, "n_findings": 0}
        bundle_id = lose(world, [world.bob], carrier=STICK, drive_check=checked)
        aware = START + timedelta(hours=5)
        for wanted in ("STICK-07", "stick-07", "4c53"):
            report = report_on(world, Selection(carrier=wanted), aware_at=aware)
            assert [bundle.bundle_id for bundle in report.bundles] == [bundle_id]
        assert (report.n_rows, report.n_subjects) == (127, 127)
        assert report.notify_by == "2026-11-25T14:30:00Z"
        assert report.categories == ("criminal-offence",)
        assert report.never_sent == tuple(
            sorted(f"{table}.{column}" for table in TABLES for column in ("address", "name"))
        )
        text = render_markdown("x", write_notice(report))
        for said in (
            "| Records | 127 |",
            "at most 127: the sum over 3 tables",
            "Table six\\_or\\_more: 33 records",
            "Table prolific: 10 records",
            "Table prisoners: 84 records",
            "Withheld, and not on the drive: name, address.",
            "| person | pnc | as a token",
            "made coarser (year)",
            "none was found when the drive was searched before packing (2026-11-22T09:29:00Z)",
            "2026-11-25T14:30:00Z, 72 hours after 2026-11-22T14:30:00Z",
            "Data Protection Act 2018, section 67 (Part 3)",
            "criminal-offence data",
            "label STICK-07, serial number 4C53, file system exfat",
            PROTECTION,
        ):
            assert said in text, said
        assert "Canary" not in text

    def test_what_is_not_known_is_said_to_be_so(self, world: World) -> None:
        lose(world, [world.bob], carrier={})
        text = render_markdown("x", write_notice(report_on(world, Selection())))
        assert "not known: the drive was not searched when it was packed" in text
        assert "state it with --aware-at" in text
        assert "| Written to | not recorded |" in text

    def test_a_key_on_the_drive_is_called_out(self, world: World) -> None:
        found = {"checked_at": "2026-11-22T09:29:00Z", "keys_found": True}
        lose(world, [world.bob], drive_check=found)
        text = render_markdown("x", write_notice(report_on(world, Selection())))
        assert text.count("YES: a private key or passphrase was on the drive") == 2


class TestThe2023Story:
    """Everything that a supplier holds."""

    def test_what_a_supplier_holds_and_what_of_it_is_past_retention(self, world: World) -> None:
        first = lose(world, [world.bob])
        world.clock.move(days=89)
        second = lose(world, [world.bob, world.cat])
        lose(world, [world.cat])
        world.clock.move(days=2)
        report = report_on(world, Selection(recipient="Bob"))
        assert [(b.bundle_id, b.is_overdue, b.is_held) for b in report.bundles] == [
            (first, True, True),
            (second, False, True),
        ]
        names = [[holder.name for holder in bundle.holders] for bundle in report.bundles]
        assert [sorted(each) for each in names] == [["bob"], ["bob", "cat"]]
        for bundle in report.bundles:
            for holder in bundle.holders:
                person: Person = getattr(world, holder.name)
                assert holder.fingerprint == person.identity.fingerprint
        text = render_markdown("x", write_notice(report))
        assert f"| Past the destroy-by date | {first[:12]} |" in text
        assert f"{report_on(world, Selection(recipient='cat')).n_rows}" == "254"

    def test_a_certificate_ends_it(self, world: World) -> None:
        bundle_id = lose(world, [world.bob])
        entries = world.entries  # type: ignore[attr-defined]
        sha256 = entries[-1].details["bundle_sha256"]
        bob = world.bob.identity.fingerprint
        known = {
            "bundle_id": bundle_id,
            "bundle_sha256": sha256,
            "statement_sha256": "0" * 64,
            "recipient": bob,
        }
        world.ann.register.append(
            world.ann.identity,
            "receipt-imported",
            {**known, "statement_id": "aa", "opened_at": "2026-11-23T00:00:00Z"},
            world.clock(),
        )
        (opened,) = report_of(world).bundles
        assert opened.holders[0].status == "opened, and not known to be destroyed"
        world.ann.register.append(
            world.ann.identity,
            "certificate-imported",
            {
                **known,
                "statement_id": "bb",
                "destroyed_at": "2026-11-24T00:00:00Z",
                "receipts": ["aa"],
            },
            world.clock(),
        )
        (ended,) = report_of(world).bundles
        assert not ended.is_held
        assert ended.holders[0].status == "destroyed, certified on 2026-11-24T00:00:00Z"


def report_of(world: World) -> BreachReport:
    entries = world.ann.register.entries()
    return build_report(entries, Selection(), now=world.clock())


class TestSelection:
    def test_by_id_and_by_time(self, world: World) -> None:
        ids = []
        for _ in range(3):
            ids.append(lose(world, [world.bob]))
            world.clock.move(days=1)
        del world.entries  # type: ignore[attr-defined]

        def chosen(**selection: Any) -> list[str]:
            return [one.bundle_id for one in report_on(world, Selection(**selection)).bundles]

        assert chosen() == ids
        assert chosen(bundle_ids=(ids[1][:6],)) == [ids[1]]
        assert chosen(since=START + timedelta(days=1)) == ids[1:]
        assert chosen(until=START + timedelta(days=1)) == ids[:1]
        for wrong in (
            Selection(bundle_ids=("zz",)),
            Selection(bundle_ids=("",)),
            Selection(carrier="no such"),
            Selection(recipient="eve"),
            Selection(bundle_ids=(ids[0], "zz")),
        ):
            with pytest.raises(UsageError):
                report_on(world, wrong)

    def test_a_recipient_is_known_by_every_name_and_key_they_had(self, world: World) -> None:
        def pinned(event: str, name: str, **more: str) -> None:
            details = {"name": name, **more}
            world.ann.register.append(world.ann.identity, event, details, world.clock())

        key = world.bob.identity.fingerprint
        pinned("contact-added", "acme", fingerprint=key)
        pinned("contact-replaced", "acme", fingerprint="e" * 64, previous_fingerprint=key)
        pinned("contact-added", "acme-ltd", fingerprint="e" * 64)
        pinned("contact-added", "other", fingerprint="f" * 64)
        lose(world, [world.bob])
        wanted = ("bob", "acme", "acme-ltd", key, format_fingerprint(key))
        for recipient in (*wanted, format_fingerprint(key).lower().replace("-", " ")):
            assert len(report_on(world, Selection(recipient=recipient)).bundles) == 1
        for recipient in ("other", "ac", key[:63], "f" * 64):
            with pytest.raises(UsageError):
                report_on(world, Selection(recipient=recipient))

    def test_a_pack_that_failed_was_never_on_a_drive(self, world: World) -> None:
        bundle_id = lose(world, [world.bob])
        world.ann.register.append(
            world.ann.identity,
            "pack-failed",
            {"bundle_id": bundle_id, "reason": "x"},
            world.clock(),
        )
        with pytest.raises(UsageError):
            report_of(world)


class TestTheDeadline:
    @pytest.mark.parametrize(("hours", "is_late"), [(71, False), (72, False), (73, True)])
    def test_it_is_called_past_when_it_is(self, world: World, hours: int, is_late: bool) -> None:
        lose(world, [world.bob])
        report = report_on(world, Selection(), aware_at=START - timedelta(hours=hours))
        said = dict(write_notice(report)[0].facts)["Notify by"]
        assert ("PAST: give the reasons for the delay" in said) is is_late

    def test_it_is_72_hours_also_where_a_clock_is_changed_meanwhile(self, world: World) -> None:
        lose(world, [world.bob])
        aware = datetime.fromisoformat("2026-10-24T12:00:00+01:00")
        report = report_on(world, Selection(), aware_at=aware)
        assert (report.aware_at, report.notify_by) == (
            "2026-10-24T11:00:00Z",
            "2026-10-27T11:00:00Z",
        )


def test_a_sum_of_estimates_is_called_one(world: World) -> None:
    lose(world, [world.bob])
    world.entries[-1].details["tables"][0]["n_subjects_is"] = "approximate"  # type: ignore[attr-defined]
    said = dict(write_notice(report_on(world, Selection()))[0].facts)["Data subjects"]
    assert said.startswith("at most about 127: the sum over 3 tables")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


HOSTILE = '<script>x</script> | ` [a](http://x) "\u202e\x1b[31m'


class TestRendering:
    def test_names_are_text_wherever_they_come_from(self, world: World) -> None:
        lose(world, [world.bob], carrier={**STICK, "label": HOSTILE}, file_name=HOSTILE)
        sections = write_notice(report_on(world, Selection()))
        page = _Page()
        shown = render_html("<b>", sections)
        page.feed(shown)
        assert "script" not in page.tags
        assert "http" not in re.sub(r"http-equiv", "", shown.split("<body>")[0])
        assert not {"src", "href", "onclick"} & set(page.attributes)
        assert "\u202e" not in shown
        assert "\x1b" not in shown
        text = render_markdown("x", sections)
        assert "<script>" not in text.replace("\\<script\\>", "")
        assert "\u202e" not in text

    def test_both_say_the_same(self, world: World) -> None:
        lose(world, [world.bob], carrier=STICK)
        sections = write_notice(report_on(world, Selection()))
        page, text = render_html("x", sections), render_markdown("x", sections)
        for section in sections:
            for label, said in section.facts:
                words = max(re.findall(r"[\w ]+", said), key=len)
                assert label in text
                assert label in page
                assert words in text.replace("\\", "")
                assert words in page

    def test_what_a_person_has_to_say_is_marked(self, world: World) -> None:
        lose(world, [world.bob])
        sections = write_notice(report_on(world, Selection()))
        page = render_html("x", sections)
        assert page.count("<mark>[for a person to fill in: ") >= 7

    def test_the_document_is_json(self, world: World) -> None:
        lose(world, [world.bob])
        document = json.loads(json.dumps(report_on(world, Selection()).document()))
        assert document["n_rows"] == 127
        assert document["bundles"][0]["tables"][0]["withheld"] == ["name", "address"]
        assert document["protection"] == PROTECTION
