"""Kinds of identifiers: what is one, what is none, and which spellings are the same."""

from __future__ import annotations

import ipaddress
import random
import time
from collections.abc import Callable
from typing import get_args

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stdnum import iban
from stdnum.gb import nhs

from securexfer.privacy import validity
from securexfer.privacy.identifiers import Evidence, Sighting, judge, redact_identifiers
from securexfer.privacy.kinds import KINDS, canonical
from securexfer.privacy.search import look
from securexfer.recipe.kinds import IdentifierKind
from tests.unit import leaks

VALID = {
    "nhs": ["9434765919", "943 476 5919", "943-476-5919"],
    "ni": ["AB123456C", "AB 12 34 56 C", "ab123456c", "JK 123456 A"],
    "pnc": ["99/123456X", "1999/0123456X", "1999/1234567B", "20/9N"],
    "cro": ["265416/21G"],
    "prison": ["A1234BC"],
    "crn": ["X123456"],
    "postcode": [
        "M1 1AE",
        "B33 8TH",
        "W1A 0AX",
        "CR2 6XH",
        "DN55 1PT",
        "EC1A 1BB",
        "GIR 0AA",
        "sw1a1aa",
    ],
    "email": ["ann@example.org", "o'neil+x@mail.example.gov.uk"],
    "phone": [
        "07700 900123",
        "+44 20 7946 0018",
        "(020) 7946 0018",
        "+33 6 12 34 56 78",
        "0044 7700 900123",
    ],
    "iban": ["GB82 WEST 1234 5698 7654 32", "GB82WEST12345698765432", "DE89370400440532013000"],
    "card": ["4111 1111 1111 1111", "5500005555555559", "378282246310005"],
    "driving-licence": ["MORGA657054SM9IJ", "FOX99657054A99AB"],
    "vehicle": ["AB12 CDE", "LK68XYZ"],
    "ip": ["192.168.1.10", "8.8.8.200", "2001:db8::8a2e:370:7334"],
}
NONE = {
    "nhs": ["9434765918", "943 476 591", "19434765919", "9434765919.5"],
    "ni": ["DA123456C", "BG123456A", "AB123456E", "AB12345C", "AO123456C"],
    "pnc": ["99/123456Y", "1899/0123456X", "99/12345678X", "99-123456X"],
    "cro": ["85227/65G", "265416/21H"],
    "prison": ["B1234BC", "A123BC", "A1234BCD"],
    "crn": ["X12345", "X1234567", "1123456"],
    "postcode": ["M1 1AC", "ABC1 1AA", "M1", "1AA", "#B33AAB"],
    "email": ["ann@example", "@example.org", "ann at example.org"],
    "phone": ["01-02-2020 10", "2020-01-02 10", "0000000000", "12345", "£9,938.01 2002 1991"],
    "iban": ["GB82 WEST 1234 5698 7654 33", "GB82"],
    "card": ["4111 1111 1111 1112", "0000000000000000", "411111111111"],
    "driving-licence": ["MORGA693054SM9IJ", "MORGA657994SM9IJ", "MORGA657054SM9I"],
    "vehicle": ["AB99 CDE", "AB00 CDE", "AB1 CDE"],
    "ip": ["1.2.3.4", "1.2.3", "256.1.1.1", "12:30:45"],
}


def seen(kind: str, cells: list[str | None]) -> Evidence:
    frame = pl.DataFrame({"c": cells}, schema={"c": pl.String})
    return look(frame, ["c"]).get("c", {}).get(kind, Evidence(0, 0, 0))


def test_the_recipe_knows_the_same_kinds() -> None:
    assert tuple(KINDS) == get_args(IdentifierKind)
    assert all(kind.slug == slug and kind.title for slug, kind in KINDS.items())


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, texts in VALID.items() for t in texts])
@pytest.mark.parametrize("around", ["{}", " {} ", "seen {} today", "({})", "{}, then", "no.: {}."])
def test_what_is_one_is_found(kind: str, text: str, around: str) -> None:
    evidence = seen(kind, [around.format(text), None, "", "nothing"])
    is_whole = around.strip() == "{}"
    assert (evidence.n_valid, evidence.n_embedded) == ((1, 0) if is_whole else (0, 1))


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, texts in NONE.items() for t in texts])
@pytest.mark.parametrize("around", ["{}", "seen {} today"])
def test_what_is_none_is_not(kind: str, text: str, around: str) -> None:
    evidence = seen(kind, [around.format(text)])
    assert (evidence.n_valid, evidence.n_embedded) == (0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "\uff19\uff14\uff13\uff14\uff17\uff16\uff15\uff19\uff11\uff19",
        "943\u200b476\u200b5919",
        "943\u00a0476\u00a05919",
        "943\u00ad4765919",
        "94\ufeff34765919",
        "\u0669\u0664\u0663\u0664\u0667\u0666\u0665\u0669\u0661\u0669",
        "943476591\u0669",
        "943\u2013476\u20115919",
        "943\t476\n5919",
        "9\ufe0f\u20e3434765919",
    ],
)
def test_other_forms_of_its_characters_hide_nothing(text: str) -> None:
    assert seen("nhs", [text]).n_valid == 1
    assert seen("nhs", [f"caf\u00e9 {text} seen"]).n_embedded == 1


def test_check_digits_are_those_of_the_slow_formula() -> None:
    chance = random.Random(7)
    numbers = [f"{chance.randint(0, 10**10 - 1):010}" for _ in range(20_000)]

    def is_valid(number: str) -> bool:
        check = 11 - sum(int(d) * w for d, w in zip(number, range(10, 1, -1), strict=False)) % 11
        return {10: None, 11: 0}.get(check, check) == int(number[9])

    expected = sum(map(is_valid, numbers))
    evidence = seen("nhs", list(numbers))
    assert (evidence.n_shaped, evidence.n_valid) == (20_000, expected)
    assert 0.08 < expected / 20_000 < 0.1


@pytest.mark.parametrize("kind", leaks.KINDS)
def test_made_ones_are_found_and_a_changed_digit_is_not_where_there_is_a_check(kind: str) -> None:
    chance = random.Random(kind)
    made = [leaks.KINDS[kind](chance) for _ in range(200)]
    assert seen(kind, list(made)).n_valid == 200
    if kind in ("nhs", "iban", "card"):
        broken = [text[:-1] + str((int(text[-1]) + 1) % 10) for text in made]
        assert seen(kind, list(broken)).n_valid == 0


def test_evidence_of_blocks_adds_up_to_that_of_the_whole() -> None:
    chance = random.Random(3)
    cells = [leaks.around(chance, leaks.nhs(chance)) for _ in range(50)]
    cells += [leaks.nhs(chance) for _ in range(50)] + [str(10**9 + n) for n in range(50)]
    chance.shuffle(cells)
    whole, parts = seen("nhs", list(cells)), Evidence(0, 0, 0)
    for start in range(0, 150, 7):
        parts.add(seen("nhs", list(cells[start : start + 7])))
    assert parts == whole
    assert whole.n_embedded == 50


class TestJudging:
    @pytest.mark.parametrize(
        ("kind", "evidence", "n_filled", "name", "expected"),
        [
            ("nhs", (1000, 90, 0), 1000, "order_number", 0),
            ("nhs", (1, 1, 0), 1000, "reference", 1),
            ("nhs", (1000, 90, 0), 1000, "nhs_no", 90),
            ("nhs", (1000, 90, 2), 1000, "order_number", 2),
            ("nhs", (1000, 990, 2), 1002, "x", 992),
            ("crn", (1, 1, 0), 1000, "product", 0),
            ("crn", (300, 300, 0), 1000, "product", 300),
            ("crn", (1, 1, 0), 1000, "probationCRN", 1),
            ("crn", (0, 0, 1), 1000, "notes", 1),
            ("passport", (1000, 1000, 0), 1000, "account", 0),
            ("passport", (1000, 1000, 0), 1000, "Passport No", 1000),
        ],
    )
    def test_whole_cells_are_judged_by_their_column(
        self, kind: str, evidence: tuple[int, int, int], n_filled: int, name: str, expected: int
    ) -> None:
        found = judge(["field", name], {kind: Evidence(*evidence)}, n_filled)
        assert found == ([Sighting(kind, expected, evidence[2])] if expected else [])


class TestCanonicalForms:
    @pytest.mark.parametrize(
        ("kind", "spellings"),
        [
            ("nhs", ["9434765919", " 943 476 5919 ", "943-476-5919"]),
            ("ni", ["AB123456C", "ab 12 34 56 c"]),
            ("pnc", ["99/123456X", "1999/0123456X", "1999/123456x", "99/0123456 X"]),
            ("pnc", ["20/9N", "2020/0000009N"]),
            ("cro", ["5416/21G", "005416/21g"]),
            ("postcode", ["SW1A 1AA", "sw1a1aa"]),
            ("email", ["A-B@example.org", "a-b@EXAMPLE.org"]),
        ],
    )
    def test_usual_spellings_are_one(self, kind: str, spellings: list[str]) -> None:
        frame = pl.DataFrame({"c": spellings}).select(canonical(pl.col("c"), kind).alias("c"))
        assert frame["c"].n_unique() == 1

    @pytest.mark.parametrize(
        ("kind", "others"),
        [
            (None, ["AB 1", "AB1", "A-B1"]),
            ("pnc", ["62/1A", "1962/1A", "2062/1A"]),
            ("email", ["a-b@example.org", "ab@example.org"]),
            ("nhs", ["1-11", "11-2"]),
        ],
    )
    def test_what_could_be_two_people_stays_two(self, kind: str | None, others: list[str]) -> None:
        frame = pl.DataFrame({"c": others}).select(canonical(pl.col("c"), kind).alias("c"))
        assert frame["c"].n_unique() == len(others)

    @pytest.mark.parametrize("kind", [None, *KINDS])
    def test_blank_stays_blank_and_rubbish_stays_something(self, kind: str | None) -> None:
        frame = pl.DataFrame({"c": ["", "  ", "rubbish", "1999/"]})
        found = frame.select(canonical(pl.col("c"), kind).alias("c"))["c"].to_list()
        assert found == ["", "", "RUBBISH", "1999/"]


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, texts in VALID.items() for t in texts])
def test_in_free_text_they_can_be_replaced(kind: str, text: str) -> None:
    cells = pl.Series([f"Seen {text}, then left.", "Seen, then left.", None])
    expected = ["Seen [redacted], then left.", "Seen, then left.", None]
    assert redact_identifiers(cells).to_list() == expected
    assert redact_identifiers(cells, frozenset(KINDS)).to_list() == cells.to_list()


def test_replaced_is_what_the_search_finds_however_it_is_written() -> None:
    fullwidth = "".join(chr(ord(digit) + 0xFEE0) for digit in "9434765919")
    cells = pl.Series([f"Seen {fullwidth}, then left.", "Seen 94347\u200b65919, then left."])
    redacted = redact_identifiers(cells)
    assert redacted.to_list() == ["Seen [redacted], then left."] * 2
    assert look(redacted.to_frame("c"), ["c"]) == {}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("phone", "(07700) 900123"),
        ("phone", "Tel: (01632) 960001 (home)"),
        ("nhs", "9434765919,9434765870"),
        ("nhs", "[9434765919,9434765870]"),
        ("nhs", "ward 12,9434765919"),
        ("nhs", "NHS #9434765919"),
        ("nhs", "nhs 9434765919.0 seen"),
        ("phone", "+447700900123,2"),
        ("phone", "07700 900123-12"),
        ("phone", "07700.900.123"),
        ("phone", "tel07700900123"),
        ("postcode", "12 High St,M1 1AE,07700900123"),
        ("postcode", "#SW1A 1AA"),
        ("postcode", "SW1A  1AA"),
        ("email", "1,ann@example.org"),
        ("email", "#ann@example.org"),
        ("email", "zo\u00eb@m\u00fcnchen.de"),
        ("ni", "AB123456C,1"),
        ("ni", "NIAB123456C"),
        ("ni", "AB/123456/C"),
        ("pnc", "1,99/123456X"),
        ("pnc", "PNC99/123456X"),
        ("pnc", "99/123456 X"),
        ("crn", "seen X123456,2 visits"),
        ("crn", "CRNX123456"),
        ("card", "4111111111111111,4111111111111111"),
        ("card", "4111 1111 1111 1111 123"),
        ("card", "4111.1111.1111.1111"),
        ("iban", "GB82WEST12345698765432,5"),
        ("iban", "IBANGB82WEST12345698765432"),
        ("iban", "GB82-WEST-1234-5698-7654-32"),
        ("ip", "192.168.1.10,192.168.1.11"),
        ("ip", "fe80::1"),
        ("ip", "ping 2001:db8::8a2e:1: timed out"),
        ("ip", ":2001:db8::8a2e:1"),
        ("ip", "IP:2001:db8::8a2e:1:"),
        ("nhs", "NHS9434765919"),
        ("nhs", "943  476  5919"),
    ],
)
def test_nothing_that_stands_around_or_within_hides_one(kind: str, text: str) -> None:
    evidence = seen(kind, [text])
    assert evidence.n_embedded + evidence.n_valid == 1
    # What is found can be taken out.
    assert kind not in look(pl.DataFrame({"c": redact_identifiers(pl.Series([text]))}), ["c"])


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("postcode", "colour #B33AAB here"),
        ("nhs", "length 0.9434765919 m"),
        ("nhs", "sum 12,943 476 5919"),
        ("postcode", "Room B4 3rd floor"),
        ("postcode", "ROOM B4 3RD FLOOR"),
        ("postcode", "an M8 1GB RAM board"),
        ("postcode", "HP i7 8GB"),
        ("crn", "see ticket no. T123456"),
        ("phone", "SU 01234 56789"),
        ("phone", "01-12-2021 0920"),
        ("phone", "24-03-2022 - 13-04-2024"),
        ("phone", "52-28-57 03402494"),
        ("phone", "52-28-00 43402494"),
        ("phone", "0345 300 3900"),
        ("phone", "978-1-0207-946001-8"),
        ("card", "350000000000006"),
        ("ip", "12.40.99.9"),
        ("ip", "255.255.255.0"),
        ("ip", "0.200.1.1"),
        ("ip", "00:1B:44:11:3A:B7:"),
        ("ip", "from 2026: 10:30:45:"),
    ],
)
def test_what_stands_around_shows_what_is_none(kind: str, text: str) -> None:
    evidence = seen(kind, [text])
    assert (evidence.n_valid, evidence.n_embedded) == (0, 0)


def test_what_is_found_comes_in_one_order_whichever_block_had_it_first() -> None:
    evidence = {slug: Evidence(1, 1, 0) for slug in ("postcode", "ip", "nhs")}
    assert [one.kind for one in judge(["ref"], evidence, 3)] == ["nhs", "postcode", "ip"]


def found_in(name: str, cells: list[str]) -> dict[str, Sighting]:
    evidence = look(pl.DataFrame({"c": cells}), ["c"]).get("c", {})
    return {one.kind: one for one in judge([name], evidence, len(cells))}


def test_all_different_cells_are_checked_in_whatever_order() -> None:
    others = [f"{n % 90 + 10}/{n}A" for n in range(1, 3000)]
    others = [text for text in others if not KINDS["pnc"].is_valid(text)]
    for place in (0, 700, len(others)):
        cells = [*others[:place], "99/123456X", *others[place:]]
        assert found_in("pnc_id", cells) == {"pnc": Sighting("pnc", 1, 0)}


def test_cards_are_checked_like_single_ones() -> None:
    chance = random.Random(5)
    cells = [f"{chance.randint(10**12, 10**19 - 1)}" for _ in range(3000)]
    cells += [leaks.card(chance) for _ in range(50)]
    expected = sum(KINDS["card"].is_valid(cell) for cell in cells)
    assert seen("card", list(cells)).n_valid == expected > 50


class TestColumns:
    @pytest.mark.parametrize(
        ("kind", "name"),
        [
            ("prison", "NOMSNumber"),
            ("prison", "nomsno"),
            ("prison", "prisonno"),
            ("crn", "CRNNumber"),
            ("crn", "CRNs"),
        ],
    )
    def test_names_that_were_run_together_are_names(self, kind: str, name: str) -> None:
        made = leaks.KINDS[kind](random.Random(1))
        assert found_in(name, [made, *["pending"] * 90])[kind].n_cells == 1

    @pytest.mark.parametrize("name", ["passportno", "PASSPORTNO", "PassportNumber"])
    @pytest.mark.parametrize(
        "number", ["123456789", "C01X00T47", "C1D2F3G4H", "123456", "AB1234567", "123 456 789"]
    )
    def test_passports(self, name: str, number: str) -> None:
        assert found_in(name, [number])["passport"].n_cells == 1
        assert "passport" not in found_in("account", [number])

    @pytest.mark.parametrize(
        ("kind", "name", "cell"),
        [
            ("nhs", "x", "9434765919.0"),
            ("card", "x", "4111111111111111.0"),
            ("phone", "x", "07700900123.0"),
            ("phone", "mobile", "7700900123"),
            ("phone", "telno", "447700900123"),
            ("phone", "mobile", "7700900123.0"),
        ],
    )
    def test_what_spreadsheets_make_of_numbers(self, kind: str, name: str, cell: str) -> None:
        assert found_in(name, [cell])[kind].n_cells == 1

    def test_a_phone_without_its_zero_needs_the_name(self) -> None:
        assert "phone" not in found_in("amount", ["7700900123"])

    def test_a_code_that_looks_like_a_postcode_among_others_is_none(self) -> None:
        codes = ["A1B2C3", "9353aca", "Q727S7", "X9Y8Z7"]
        assert found_in("ref", [*codes, "M11AE"]) == {}
        assert found_in("ref", [*codes, "M1 1AE"])["postcode"].n_cells == 1
        assert found_in("ref", ["123456", "pending", "M11AE"])["postcode"].n_cells == 1

    def test_a_quarter_of_many_numbers_is_no_chance(self) -> None:
        chance = random.Random(5)
        cells = [leaks.nhs(chance) for _ in range(36)]
        cells += [str(n) for n in range(10**9, 10**9 + 64)]
        assert "nhs" in found_in("customer", cells)

    def test_versions_are_no_addresses(self) -> None:
        assert found_in("version", ["10.31.20.4"] * 9) == {}
        assert "ip" in found_in("host", ["10.31.20.4"] * 9)

    def test_look_alikes_in_text_of_which_few_pass_are_none(self) -> None:
        orders = [f"PO {4_500_000_000 + n}" for n in range(110)]
        n_valid = seen("nhs", list(orders)).n_embedded
        assert 5 < n_valid < 15
        assert found_in("notes", orders) == {}
        # But the kind's name before one speaks for it, and so do many that pass.
        named = found_in("notes", [*orders, "NHS no: 943 476 5919"])
        assert named["nhs"].n_embedded == 1
        assert found_in("notes", [*orders, *["seen 9434765919"] * 20])["nhs"].n_embedded > 20
        assert found_in("notes", ["reference 9434765919"])["nhs"].n_embedded == 1


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (
            "\u2026 NHS 9434765919, \U0001f468\u200d\U0001f469\u200d\U0001f467 seen",
            "\u2026 NHS [redacted], \U0001f468\u200d\U0001f469\u200d\U0001f467 seen",
        ),
        (
            "The o\ufb03ce rang 07700 900123 to con\u00ad\u00adfirm \ufdfa",
            "The o\ufb03ce rang [redacted] to con\u00ad\u00adfirm \ufdfa",
        ),
        (
            "\u00bd \ufb03 hour\u00ad. 94\u00ad3 476 591\u0669 \u00ad\u00ad M1 1AE end",
            "\u00bd \ufb03 hour\u00ad. [redacted] \u00ad\u00ad [redacted] end",
        ),
    ],
)
def test_exactly_the_identifier_is_replaced(cell: str, expected: str) -> None:
    assert redact_identifiers(pl.Series([cell])).to_list() == [expected]


def test_what_has_the_look_of_a_licence_and_no_date_is_none() -> None:
    cells = pl.Series(["A99000100A90AA00", "A000000A90AA", "MORGA753116SM9IJ"])
    assert [KINDS["driving-licence"].is_valid(cell) for cell in cells] == [False, False, True]
    assert look(cells.to_frame("c"), ["c"])["c"]["driving-licence"].n_valid == 1


@pytest.mark.parametrize("slug", KINDS)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_many_cells_are_checked_as_each_would_be(
    slug: str, data: st.DataObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validity, "_AT_ONCE", 3)
    kind = KINDS[slug]
    alike = st.from_regex(kind.pattern, fullmatch=True, alphabet=st.characters(codec="ascii"))
    made = data.draw(st.lists(alike, min_size=4, max_size=20))
    cells = pl.Series([*VALID.get(slug, []), *made], dtype=pl.String).str.to_uppercase()
    found = validity.are_valid(cells, kind.is_valid)
    assert found.to_list() == [kind.is_valid(cell) for cell in cells.to_list()]


def test_an_address_without_large_numbers_is_one_if_it_is_private() -> None:
    chance = random.Random(11)
    first = [(n, *(chance.randint(0, 99) for _ in range(3))) for n in range(100) for _ in range(20)]
    for parts in first:
        text = ".".join(map(str, parts))
        expected = ipaddress.IPv4Address(text).is_private or min(parts) > 10
        assert KINDS["ip"].is_valid(text) == (expected and parts[0] != 0)


def test_numbers_one_by_one_are_those_of_the_library() -> None:
    chance = random.Random(12)
    numbers = [f"{chance.randrange(10**10):010}" for _ in range(3000)]
    numbers += [leaks.nhs(chance).replace(" ", "").replace("-", "") for _ in range(100)]
    assert [validity.is_nhs(n) for n in numbers] == [nhs.is_valid(n) for n in numbers]
    accounts = [f"{letters}{n[:2]}{n}{n}" for n in numbers for letters in ("GB", "DE", "QQ")]
    accounts += [leaks.iban(chance).replace(" ", "") for _ in range(100)]
    assert [validity.is_iban(a) for a in accounts] == [iban.is_valid(a) for a in accounts]


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "ann@example.org " + "-" * n,
        lambda n: "ann@example.org " + "." * n,
        lambda n: "-" * n + "@" + "1." * n,
        lambda n: "0770-" * (n // 5),
        lambda n: "GB82 " * (n // 5),
        lambda n: "9\u200b" * n,
    ],
)
def test_work_grows_with_the_length_of_a_cell_and_not_with_its_square(
    make: Callable[[int], str],
) -> None:
    def work(n: int) -> float:
        cells = pl.Series("c", [make(n)])
        spent = []
        for _ in range(3):
            began = time.process_time()
            look(cells.to_frame(), ["c"])
            redact_identifiers(cells)
            spent.append(time.process_time() - began)
        return min(spent)

    work(100)
    assert work(16 * 1024) < 8 * work(4 * 1024)
