"""The page about a transfer: that it is complete, true, whole by itself, and to be read by all."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

import html5lib
import pytest

from securexfer.custody.account import title_account, write_account
from securexfer.custody.drawing import fit
from securexfer.custody.flow import MAX_LINES, WAY_TITLES
from securexfer.custody.gate import SizeBand, read_groups
from securexfer.custody.histogram import describe_sizes, draw_histogram
from securexfer.custody.notice import LEFT_AS
from securexfer.custody.rendering import render_html, render_markdown
from securexfer.custody.table import WAYS
from securexfer.custody.transfer import (
    Names,
    Transfer,
    describe_transfer,
    find_transfer,
)
from securexfer.errors import UsageError
from securexfer.recipe.field import FIELD_TYPES
from tests.world import START, Person, World, allow_forwarding, csv_bytes, recipe_text

NAMESPACE = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"
COLUMNS = ["pnc", "name", "dob", "sex", "area", "note", "street", "phone"]
FIELDS = {
    "person": '{ from = "pnc", action = "pseudonymise", domain = "person" }',
    "born": '{ from = "dob", action = "year", format = "%Y-%m-%d" }',
    "sex": '{ action = "keep" }',
    "district": '{ from = "area", action = "truncate", length = 1 }',
    "note": '{ action = "redact-text" }',
    "origin": '{ action = "constant", value = "a trial" }',
}
WITHHELD = ["name", "street", "phone"]
HOSTILE = '<script>alert(1)</script> "&\u202e\x1b[31m]]>'


def extract(n_rows: int = 60) -> bytes:
    rows = [
        [
            *(f"P{n}", "Canary Name", f"19{70 + n % 3}-01-02", "FM"[n % 2], "NSE"[n % 7 % 3]),
            *("Canary note", "Canary Street", "Canary Phone"),
        ]
        for n in range(n_rows)
    ]
    return csv_bytes([COLUMNS, *rows])


def recipe(**limits: str) -> str:
    quasi = '[tables.people]\nquasi_identifiers = ["born", "sex", "district"]\n'
    text = recipe_text({"people": FIELDS})
    listed = "".join(f"{name} = {value}\n" for name, value in limits.items())
    return text.replace(
        "[tables.people.fields]", f"[limits]\n{listed}{quasi}[tables.people.fields]"
    )


def names_of(person: Person) -> Names:
    known = {contact.fingerprint: contact.name for contact in person.contacts.list()}
    own = person.identity.fingerprint
    return Names({**known, own: person.name}, own)


def sent(world: World, **limits: str) -> Transfer:
    """A bundle from Ann to Bob, as Ann's register knows it."""
    packed = world.ann.pack({"people": extract()}, recipe(**limits), [world.bob], world.drive)
    world.packed = packed  # type: ignore[attr-defined]
    return about(world, world.ann, packed.manifest.bundle_id)


def about(world: World, person: Person, wanted: str) -> Transfer:
    return find_transfer(person.register.entries(), wanted, names_of(person), now=world.clock())


def page(transfer: Transfer) -> str:
    return render_html(title_account(transfer), write_account(transfer))


def parse(text: str) -> ElementTree.Element:
    """The page as a browser reads it; fails at whatever a browser would have to mend."""
    parsed = html5lib.HTMLParser(strict=True).parse(text)
    assert isinstance(parsed, ElementTree.Element)
    return parsed


def words(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())


def made_up(fields: Sequence[Mapping[str, str]], withheld: list[str], **more: Any) -> Transfer:
    """A transfer from a record that nobody checked."""
    table = {"name": "t", "fields": fields, "withheld": withheld, "n_rows_out": 1, **more}
    return describe_transfer(
        {"bundle_id": "ab" * 16, "bundle_sha256": "cd" * 32, "tables": [table]},
        stage="received",
        basis="a test",
        names=Names({}),
        now=START,
    )


class TestTheContent:
    def test_every_field_and_every_withheld_column_is_drawn_and_listed(self, world: World) -> None:
        tree = parse(page(sent(world)))
        pictures = [svg for svg in tree.iter(f"{SVG}svg") if "0 0 860" in svg.get("viewBox", "")]
        drawn = Counter(words(text) for text in pictures[0].iter(f"{SVG}text"))
        listed = [
            [words(cell) for cell in row.iter(f"{NAMESPACE}td")]
            for row in tree.iter(f"{NAMESPACE}tr")
        ]
        sources = {"person": "pnc", "born": "dob", "district": "area", "origin": "(none)"}
        for field in FIELDS:
            assert drawn[field] >= 1
            assert [sources.get(field, field), field] in [row[:2] for row in listed]
        for column in WITHHELD:
            assert drawn[column] == 1
            assert [column, "(none)", "withheld: it stays inside"] in listed
        assert drawn["3 columns withheld"] == 1

    def test_no_value_of_a_cell_is_in_it(self, world: World) -> None:
        transfer = sent(world)
        world.bob.unpack(world.packed.path, world.folder / "in")  # type: ignore[attr-defined]
        received = about(world, world.bob, transfer.bundle_id)
        for each in (transfer, received):
            for text in (
                page(each),
                render_markdown("x", write_account(each)),
                json.dumps(each.document()),
            ):
                assert "Canary" not in text
                assert "1970" not in text

    def test_the_numbers_are_those_of_the_data(self, world: World) -> None:
        transfer = sent(world, min_group_size="3", on_small_group='"suppress"')
        alike = Counter((1970 + n % 3, n % 2, n % 7 % 3) for n in range(60))
        left = {size: n for size, n in Counter(alike.values()).items() if size >= 3}
        tiles = [words(tile) for tile in parse(page(transfer)).iter(f"{NAMESPACE}li")]
        assert f"Rows{sum(size * n for size, n in left.items())}of 60 that were read" in tiles
        assert f"Smallest group{min(left)} rowsk = 3 asked for" in tiles
        assert "Columns used5 of 83 stay inside" in tiles
        groups = transfer.tables[0].groups
        assert groups is not None
        assert sum(band.n_groups for band in groups.sizes) == sum(left.values())

    def test_people_in_several_tables_are_counted_once_where_a_gate_did(self) -> None:
        def people(n_tables: int, *gates: Mapping[str, Any]) -> tuple[int, str]:
            table = {"n_subjects": 5, "n_subjects_is": "exact"}
            record = {"tables": [table] * n_tables, "gates": list(gates)}
            shown = describe_transfer(
                record, stage="planned", basis="a test", names=Names({}), now=START
            )
            return shown.n_subjects, shown.n_subjects_is

        assert people(1) == (5, "exact")
        assert people(2) == (10, "upper bound")
        assert people(2, {"gate": "max_subjects", "n": 7, "n_is": "exact"}) == (7, "exact")
        assert people(0) == (0, "")

    def test_files_are_counted_and_have_a_colour_of_their_own(self) -> None:
        fields = [{"name": "photo", "action": "attach", "source": "file"}]
        text = page(made_up(fields, [], attachments={"n_files": 12}))
        assert 'class="ribbon attached"' in text
        assert "Files12attached, without metadata" in words(parse(text))

    def test_whose_hands_it_came_through_is_said(self, world: World) -> None:
        text = allow_forwarding(recipe())
        packed = world.ann.pack({"people": extract()}, text, [world.bob], world.drive)
        (world.folder / "on").mkdir()
        forwarded = world.bob.forward(packed.path, [world.cat], world.folder / "on")
        world.cat.unpack(forwarded.path, world.folder / "cats")
        bundle_id = forwarded.envelope.bundle_id
        for person, stage in ((world.bob, "sent"), (world.cat, "received")):
            shown = about(world, person, bundle_id)
            assert (shown.stage, shown.may_forward) == (stage, True)
            said = words(parse(page(shown)))
            assert "Came throughann, then bob" in said
            assert "the sender can't" not in said
            assert "Whoever could open it before it was forwarded still can" in said
            assert "Forwarded22 November 2026, 09:30 UTC" in said

    def test_whoever_passed_on_what_they_unpacked_sees_that_too(self, world: World) -> None:
        text = allow_forwarding(recipe())
        packed = world.ann.pack({"people": extract()}, text, [world.bob], world.drive)
        (world.folder / "on").mkdir()
        world.bob.unpack(packed.path, world.folder / "in")
        forwarded = world.bob.forward(packed.path, [world.cat], world.folder / "on")
        shown = about(world, world.bob, packed.manifest.bundle_id)
        assert [event.what for event in shown.events] == [
            "verified and unpacked here",
            f"passed on to cat, sealed anew as bundle {forwarded.envelope.bundle_id}",
        ]

    def test_what_came_back_is_on_it(self, world: World) -> None:
        transfer = sent(world)
        bob = world.bob.identity.fingerprint
        known = {
            "bundle_id": transfer.bundle_id,
            "bundle_sha256": transfer.bundle_sha256,
            "statement_sha256": "0" * 64,
            "recipient": bob,
        }
        receipt = {**known, "statement_id": "aa", "opened_at": "2026-11-23T00:00:00Z"}
        end = {**known, "statement_id": "bb", "destroyed_at": "2026-11-24T00:00:00Z"}
        ann = world.ann
        ann.register.append(ann.identity, "receipt-imported", receipt, world.clock())
        opened = words(parse(page(about(world, ann, transfer.bundle_id))))
        assert "23 November 2026, 00:00 UTCopened by bob, who signed a receipt" in opened
        assert "opened, and not known to be destroyed" in opened
        ann.register.append(
            ann.identity, "certificate-imported", {**end, "receipts": ["aa"]}, world.clock()
        )
        closed = about(world, ann, transfer.bundle_id)
        assert closed.holders[0].status == "destroyed, certified on 2026-11-24T00:00:00Z"
        assert [event.what for event in closed.events] == [
            "packed for bob",
            "opened by bob, who signed a receipt",
            "destroyed by bob, who signed a certificate",
        ]

    def test_past_its_date_it_says_so(self, world: World) -> None:
        transfer = sent(world)
        assert " - PAST" not in page(transfer)
        world.clock.move(days=91)
        assert " - PAST" in page(about(world, world.ann, transfer.bundle_id))

    def test_a_recipients_own_register_knows_columns_and_what_became_of_it(
        self, world: World
    ) -> None:
        transfer = sent(world)
        world.bob.unpack(world.packed.path, world.folder / "in")  # type: ignore[attr-defined]
        received = about(world, world.bob, transfer.bundle_id)
        assert received.stage == "received"
        assert [field.name for field in received.tables[0].fields] == list(FIELDS)
        assert list(received.tables[0].withheld) == WITHHELD
        assert received.agreement == transfer.agreement
        assert received.n_rows == transfer.n_rows == 60
        assert received.sender_name == "ann"
        assert received.status == "unpacked, and not yet destroyed"

    def test_a_bundle_that_never_left_has_no_page(self, world: World) -> None:
        transfer = sent(world)
        details = {"bundle_id": transfer.bundle_id, "reason": "x"}
        world.ann.register.append(world.ann.identity, "pack-failed", details, world.clock())
        with pytest.raises(UsageError):
            about(world, world.ann, transfer.bundle_id)

    def test_the_document_is_json_and_says_the_same(self, world: World) -> None:
        transfer = sent(world, min_group_size="2", on_small_group='"suppress"')
        document = json.loads(json.dumps(transfer.document()))
        (table,) = document["tables"]
        assert [field["name"] for field in table["fields"]] == list(FIELDS)
        assert table["withheld"] == WITHHELD
        assert table["groups"]["min_group_size"] == 2
        assert sum(band["n_rows"] for band in table["groups"]["sizes"]) == transfer.n_rows
        assert document["holders"][0]["name"] == "bob"

    def test_every_action_leaves_in_a_way_that_has_a_title(self) -> None:
        coarser = set(FIELD_TYPES) - set(WAYS)
        # Whoever adds an action decides here whether "made coarser, or shifted" is true of it.
        assert coarser == {
            *("year", "month", "age-band", "date-shift", "postcode-district", "band", "round"),
            *("truncate", "map", "category"),
        }
        assert set(WAYS.values()) <= set(WAY_TITLES)
        assert set(WAYS) <= set(LEFT_AS)


class TestThePage:
    def test_it_needs_nothing_from_anywhere(self, world: World) -> None:
        text = page(sent(world, min_group_size="2", on_small_group='"suppress"'))
        for outside in ("//", "@import", "url(", "src=", "href", "<script", "<link", "<img"):
            assert outside not in text, outside
        assert "http" not in text.replace("http-equiv", "")
        assert "default-src 'none'" in text

    def test_it_is_html_without_a_mistake(self, world: World) -> None:
        parse(page(sent(world)))
        with pytest.raises(html5lib.html5parser.ParseError):
            parse("<!doctype html><title>x</title><table><p>x</table>")

    def test_everybody_can_read_it(self, world: World) -> None:
        tree = parse(page(sent(world, min_group_size="2", on_small_group='"suppress"')))
        assert tree.get("lang") == "en"
        assert words(tree.find(f".//{NAMESPACE}title"))  # type: ignore[arg-type]
        levels = [
            int(one.tag[-1]) for one in tree.iter() if re.fullmatch(r".*}h[1-6]", str(one.tag))
        ]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
        pictures = list(tree.iter(f"{SVG}svg"))
        assert len(pictures) == 4
        for svg in pictures:
            assert svg.get("role") == "img"
            named = svg.get("aria-labelledby", "").split()
            parts = {one.get("id"): words(one) for one in svg if one.get("id")}
            assert len(named) == 2
            assert all(parts[name] for name in named)
        ids = [one.get("id") for one in tree.iter() if one.get("id")]
        assert len(ids) == len(set(ids))
        for table in tree.iter(f"{NAMESPACE}table"):
            assert all(cell.get("scope") for cell in table.iter(f"{NAMESPACE}th"))

    def test_names_are_text_wherever_they_come_from(self) -> None:
        fields = [{"name": HOSTILE, "action": HOSTILE, "source": HOSTILE}]
        gates = [{"gate": HOSTILE, "result": HOSTILE, "reason": HOSTILE}]
        transfer = made_up(fields, [HOSTILE], gates=gates)
        text = page(transfer)
        tree = parse(text)
        assert not list(tree.iter(f"{NAMESPACE}script"))
        assert "\u202e" not in text
        assert "\x1b" not in text
        assert words(tree).count("<script>alert(1)</script>") >= 4

    def test_what_has_another_form_than_expected_is_left_out(self) -> None:
        for odd in (None, 1, [1], {"x": 1}, "x", [{"name": 1, "fields": 2, "gates": [3]}]):
            transfer = describe_transfer(
                {"tables": odd, "recipients": odd, "gates": odd, "agreement": odd, "carrier": odd}
                if not isinstance(odd, list)
                else {"tables": odd, "gates": odd},
                stage="received",
                basis="a test",
                names=Names({}),
                now=START,
            )
            parse(page(transfer))

    def test_a_table_of_a_thousand_columns_is_listed_whole_and_drawn_in_part(self) -> None:
        fields = [{"name": f"f{n}", "action": "keep", "source": f"s{n}"} for n in range(500)]
        transfer = made_up(fields, [f"w{n}" for n in range(500)])
        tree = parse(page(transfer))
        cells = {words(cell) for cell in tree.iter(f"{NAMESPACE}td")}
        assert {f"f{n}" for n in range(500)} | {f"w{n}" for n in range(500)} <= cells
        (svg, _) = tree.iter(f"{SVG}svg")
        assert len(list(svg.iter(f"{SVG}path"))) == MAX_LINES
        assert f"and {1000 - MAX_LINES} more, in the table below" in words(svg)


class TestTheHistogram:
    GROUPS: Mapping[str, Any] = {
        "gate": "min_group_size",
        "result": "refused",
        "k": 1,
        "min_group_size": 7,
        "n_unique_rows": 3,
        "quasi_identifiers": ["born", "sex"],
        "group_sizes": [
            {"at_least": 1, "n_groups": 3, "n_rows": 3},
            {"at_least": 5, "n_groups": 2, "n_rows": 12},
            {"at_least": 7, "n_groups": 4, "n_rows": 30},
            {"at_least": 100, "n_groups": 1, "n_rows": 150},
        ],
    }

    def picture(self) -> ElementTree.Element:
        groups = read_groups([self.GROUPS])
        assert groups is not None
        tree = html5lib.parse(draw_histogram(groups, "t", "key"))
        svg: ElementTree.Element = next(tree.iter(f"{SVG}svg"))
        return svg

    def test_bars_are_as_high_as_their_rows_and_those_below_k_stand_out(self) -> None:
        bars = [one for one in self.picture().iter(f"{SVG}rect") if "bar" in one.get("class", "")]
        assert [one.get("class") for one in bars] == ["bar small", "bar small", "bar", "bar"]
        heights = [float(one.get("height", "")) for one in bars]
        for height, n_rows in zip(heights, (3, 12, 30, 150), strict=True):
            assert height == pytest.approx(max(132 * n_rows / 150, 2), abs=0.06)

    def test_k_is_marked_between_what_is_below_and_what_is_not(self) -> None:
        svg = self.picture()
        (line,) = (one for one in svg.iter(f"{SVG}line") if one.get("class") == "k")
        x = float(line.get("x1", ""))
        bars = [one for one in svg.iter(f"{SVG}rect") if "bar" in one.get("class", "")]
        for bar in bars:
            is_below = float(bar.get("x", "")) < x
            assert is_below == ("small" in bar.get("class", ""))
        assert "k = 7" in words(svg)

    def test_it_says_in_words_what_it_shows(self) -> None:
        groups = read_groups([self.GROUPS])
        assert groups is not None
        assert groups.sizes[0] == SizeBand(1, 3, 3)
        assert describe_sizes(groups) == (
            "10 groups of rows that look alike; the smallest has 1 row. The recipe asks for at "
            "least k = 7; 15 rows are below that."
        )

    def test_without_a_k_nothing_is_marked(self) -> None:
        groups = read_groups([{**self.GROUPS, "min_group_size": 0}])
        assert groups is not None
        drawn = draw_histogram(groups, "t", "key")
        assert 'class="k"' not in drawn
        assert "bar small" not in drawn
        assert "asks for no least size" in drawn


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("short", "short"),
        ("address_line_number_1", "addres…mber_1"),
        ("\u202eevil", "\N{REPLACEMENT CHARACTER}evil"),
        ("住所住所住所住所住所住所", "住所住所…所住所"),
    ],
)
def test_a_name_that_is_too_long_keeps_both_its_ends(text: str, shown: str) -> None:
    assert fit(text, 114) == shown
