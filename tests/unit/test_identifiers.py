"""Kinds of identifiers: what is one, what is none, and which spellings are the same."""

from __future__ import annotations

import random
from typing import get_args

import polars as pl
import pytest

from securexfer.privacy.identifiers import Evidence, Sighting, judge, look, redact_identifiers
from securexfer.privacy.kinds import KINDS, canonical
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
    assert redacted.to_list() == ["Seen [redacted], then left.", "[redacted]"]
    assert look(redacted.to_frame("c"), ["c"]) == {}
