"""Pseudonyms: equal to the published vectors, and linked exactly as far as the recipe says."""

from __future__ import annotations

import hmac
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from securexfer.privacy.pseudonyms import (
    ScopeKey,
    agreement_scope,
    bundle_scope,
    canonical_value,
    token,
)
from tests.world import SCOPE, Minimised, World, csv_bytes, csv_rows, minimise_table, recipe_text

VECTORS_FOLDER = Path(__file__).parent.parent / "vectors"
VECTORS: list[dict[str, Any]] = json.loads((VECTORS_FOLDER / "tokens.json").read_text("utf-8"))[
    "vectors"
]
SECRET = bytes(range(32))
ACME, BETA, CORP = "a" * 64, "0b" * 32, "c" * 64
PERSON = '{ from = "id", action = "pseudonymise", domain = "person" }'
CASE = '{ from = "id", action = "pseudonymise", domain = "case" }'
IDS = [f"X{i:05}" for i in range(200)]


def tokenise(values: list[str], domain: str, key: str) -> list[str | None]:
    frame = pl.DataFrame({"c": values}, schema={"c": pl.String})
    canonical = canonical_value(pl.col("c"))
    return frame.select(token(canonical, domain, key)).to_series().to_list()


def tokens_under(scope: ScopeKey, values: list[str]) -> list[str | None]:
    return tokenise(values, "person", scope.field_key("person"))


CODES = st.text(alphabet="AZ09/-~!", max_size=6)
OTHERS = st.text(max_size=4) | st.sampled_from(
    ["", " ", "a", "Aa", "z9", "A B", "A\t", "\x7f", "É", "ﬀ", "\u00a0A"]
)


@given(
    st.tuples(st.lists(st.none() | CODES), OTHERS | CODES, st.lists(st.none() | CODES)).map(
        lambda parts: [*parts[0], parts[1], *parts[2]]
    )
)
@example([" "])
@example(["A", " B", None])
@example([None])
@example([])
def test_no_short_cut_makes_another_canonical_value(values: list[str | None]) -> None:
    cells = pl.Series("c", values, dtype=pl.String)
    plain = cells.str.normalize("NFKC").str.strip_chars().str.to_uppercase()
    made = cells.to_frame().select(canonical_value(pl.col("c"))).to_series()
    assert made.to_list() == plain.to_list()


class TestVectors:
    def test_the_independent_generator_reproduces_the_published_file(self) -> None:
        script = VECTORS_FOLDER / "generate_tokens.py"
        made = subprocess.run(
            [sys.executable, "-I", script], capture_output=True, check=True
        ).stdout
        assert made == (VECTORS_FOLDER / "tokens.json").read_bytes()

    def test_the_generator_uses_nothing_of_securexfer(self) -> None:
        source = (VECTORS_FOLDER / "generate_tokens.py").read_text("utf-8")
        imports = {line.split()[1] for line in source.splitlines() if _is_import(line)}
        assert imports == {
            "__future__",
            "hashlib",
            "hmac",
            "json",
            "sys",
            "typing",
            "unicodedata",
        }

    @pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['name']} / {v['domain']}")
    def test_keys_and_tokens_are_the_published_ones(self, vector: dict[str, Any]) -> None:
        secret = bytes.fromhex(vector["secret"])
        if vector["linkage"] == "bundle":
            scope = bundle_scope(secret, vector["bundle_id"])
        else:
            scope = agreement_scope(secret, vector["reference"], vector["epoch"], vector["origins"])
        assert scope.key.hex() == vector["scope_key"]
        assert scope.field_key(vector["domain"]) == vector["field_key"]
        found = tokenise(
            [case["value"] for case in vector["tokens"]], vector["domain"], vector["field_key"]
        )
        assert [value or "" for value in found] == [case["token"] for case in vector["tokens"]]

    @pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['name']} / {v['domain']}")
    def test_the_pipeline_gives_the_published_tokens(self, vector: dict[str, Any]) -> None:
        spec = f'{{ from = "id", action = "pseudonymise", domain = "{vector["domain"]}" }}'
        data = csv_bytes([["id", "w"], *([case["value"], "w"] for case in vector["tokens"])])
        scope = ScopeKey(bytes.fromhex(vector["scope_key"]))
        found = minimise_table(
            data, recipe_text({"t": {"p": spec, "w": '{ action = "keep" }'}}), scope=scope
        )
        assert [row[0] for row in found.rows[1:]] == [case["token"] for case in vector["tokens"]]

    def test_a_scope_key_is_not_shown(self) -> None:
        scope = bundle_scope(SECRET, "00")
        assert scope.key.hex() not in repr(scope)
        assert repr(scope.key) not in repr(scope)


class TestCanonicalValues:
    def pair(self, one: str, other: str) -> list[str | None]:
        return tokens_under(bundle_scope(SECRET, "00"), [one, other])

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            pytest.param("ab123456c", "AB123456C", id="case"),
            pytest.param("\uff11\uff12\uff13", "123", id="full-width digits"),
            pytest.param("\uff21\uff22", "ab", id="full-width letters"),
            pytest.param(" \tX1\n ", "x1", id="white space around"),
            pytest.param("\u00a0X1\u3000", "x1", id="other spaces around"),
            pytest.param("Zoe\u0308", "zo\u00eb", id="composition"),
            pytest.param("\ufb01eld", "FIELD", id="ligature"),
            pytest.param("stra\u00dfe", "STRASSE", id="sharp s"),
        ],
    )
    def test_spelling_alone_does_not_make_two_people_of_one(self, one: str, other: str) -> None:
        first, second = self.pair(one, other)
        assert first == second is not None

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            pytest.param("1-11", "11-1", id="hyphens"),
            pytest.param("1-11", "111", id="hyphen or none"),
            pytest.param("1 11", "111", id="space or none"),
            pytest.param("1 11", "1  11", id="one space or two"),
            pytest.param("1 11", "1-11", id="space or hyphen"),
            pytest.param("01", "1", id="leading zero"),
            pytest.param("Zo\u00eb", "Zoe", id="accent"),
            pytest.param("O", "0", id="letter or digit"),
            pytest.param("\u0410", "A", id="Cyrillic or Latin"),
        ],
    )
    def test_what_may_be_two_people_stays_two(self, one: str, other: str) -> None:
        first, second = self.pair(one, other)
        assert first != second

    def test_upper_case_is_the_last_step(self) -> None:
        """Composed once more afterwards it would be another text, and another token."""
        recipe = recipe_text({"t": {"p": PERSON}})
        ((made,),) = minimise_table(csv_bytes([["id"], ["\u0390"]]), recipe).rows[1:]
        key = SCOPE.field_key("person").encode()
        digest = hmac.digest(key, "\u0399\u0308\u0301".encode(), "sha256").hex()
        assert made == f"person_{digest[:24]}"

    @pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u00a0", "\u3000", "\u2003 "])
    def test_blank_stays_blank_lest_all_unknown_people_be_one(self, blank: str) -> None:
        first, second = self.pair(blank, "0")
        assert first is None
        assert second is not None

    @settings(max_examples=200)
    @given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), max_size=10))
    def test_the_token_of_a_value_does_not_depend_on_its_neighbours(
        self, values: list[str]
    ) -> None:
        scope = bundle_scope(SECRET, "00")
        alone = [tokens_under(scope, [value])[0] for value in values]
        assert tokens_under(scope, values) == alone


class TestScopes:
    BASE = agreement_scope(SECRET, "DSA-1", "2026", [ACME, BETA])

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(bundle_scope(SECRET, "00"), id="a bundle"),
            pytest.param(agreement_scope(SECRET, "DSA-2", "2026", [ACME, BETA]), id="reference"),
            pytest.param(agreement_scope(SECRET, "DSA-1", "2027", [ACME, BETA]), id="epoch"),
            pytest.param(agreement_scope(SECRET, "DSA-1", None, [ACME, BETA]), id="no epoch"),
            pytest.param(agreement_scope(SECRET, "DSA-1", "2026", [ACME]), id="fewer"),
            pytest.param(agreement_scope(SECRET, "DSA-1", "2026", [ACME, CORP]), id="others"),
            pytest.param(agreement_scope(SECRET, "DSA-1", "2026", [ACME, BETA, CORP]), id="more"),
            pytest.param(agreement_scope(SECRET, "DSA-12", "026", [ACME, BETA]), id="run in"),
            pytest.param(
                agreement_scope(bytes(32), "DSA-1", "2026", [ACME, BETA]), id="another sender"
            ),
        ],
    )
    def test_another_scope_shares_no_token(self, other: ScopeKey) -> None:
        assert not set(tokens_under(self.BASE, IDS)) & set(tokens_under(other, IDS))

    @pytest.mark.parametrize("origins", [[ACME, BETA], [BETA, ACME], [BETA, ACME, BETA]])
    def test_neither_order_nor_repetition_of_recipients_matters(self, origins: list[str]) -> None:
        assert agreement_scope(SECRET, "DSA-1", "2026", origins) == self.BASE

    def test_two_bundle_ids_share_no_token(self) -> None:
        one, other = (set(tokens_under(bundle_scope(SECRET, i), IDS)) for i in ("00", "01"))
        assert len(one) == len(other) == len(IDS)
        assert not one & other

    def test_two_domains_differ_in_more_than_their_prefix(self) -> None:
        recipe = recipe_text({"t": {"p": PERSON, "c": CASE}})
        found = minimise_table(csv_bytes([["id"], *([i] for i in IDS)]), recipe)
        for person, case in found.rows[1:]:
            assert person.removeprefix("person_") != case.removeprefix("case_")

    def test_fields_of_one_domain_share_tokens(self) -> None:
        recipe = recipe_text({"t": {"p": PERSON, "q": PERSON}})
        found = minimise_table(csv_bytes([["id"], *([i] for i in IDS)]), recipe)
        assert all(row[0] == row[1] for row in found.rows[1:])

    def test_tokens_of_many_values_are_all_different(self) -> None:
        values = [str(i) for i in range(50_000)]
        assert len(set(tokens_under(self.BASE, values))) == len(values)


class TestBundles:
    """The same rules through whole bundles, as recipients see them."""

    ROWS = csv_bytes([["id"], *([i] for i in IDS)])

    def tokens(
        self, world: World, name: str, to: tuple[str, ...], pseudonyms: str = "", *, ref: str = ""
    ) -> list[str]:
        recipe = recipe_text({"t": {"p": PERSON}}, before=pseudonyms)
        if ref:
            recipe = recipe.replace("DSA-2026-014", ref)
        people = [getattr(world, person) for person in to]
        result = world.ann.pack({"t": self.ROWS}, recipe, people, world.drive / f"{name}.zip")
        people[0].unpack(result.path, world.folder / f"out-{name}")
        rows = csv_rows((world.folder / f"out-{name}" / "t.csv").read_bytes())[1:]
        return [row[0] for row in rows]

    def test_two_bundles_share_no_token_by_default(self, world: World) -> None:
        one, other = self.tokens(world, "1", ("bob",)), self.tokens(world, "2", ("bob",))
        assert len(set(one)) == len(set(other)) == len(IDS)
        assert not set(one) & set(other)

    def test_bundles_of_one_agreement_and_audience_share_all_tokens(self, world: World) -> None:
        stable = '[pseudonyms]\nlinkage = "agreement"\nepoch = "2026"'
        one = self.tokens(world, "1", ("bob", "cat"), stable)
        assert self.tokens(world, "2", ("cat", "bob"), stable) == one

    def test_another_recipient_reference_or_epoch_shares_none(self, world: World) -> None:
        stable = '[pseudonyms]\nlinkage = "agreement"\n'
        bundles = [
            self.tokens(world, "1", ("bob",), stable),
            self.tokens(world, "2", ("cat",), stable),
            self.tokens(world, "3", ("bob", "cat"), stable),
            self.tokens(world, "4", ("bob",), stable + 'epoch = "2026"'),
            self.tokens(world, "5", ("bob",), stable + 'epoch = "2027"'),
            self.tokens(world, "6", ("bob",), stable, ref="DSA-2026-015"),
            self.tokens(world, "7", ("bob",)),
        ]
        assert len({token for bundle in bundles for token in bundle}) == len(IDS) * len(bundles)

    def test_tables_of_one_bundle_can_be_joined(self, world: World) -> None:
        recipe = recipe_text({"t": {"p": PERSON}, "u": {"q": PERSON}})
        tables = {"t": self.ROWS, "u": csv_bytes([["id"], *([f" {i.lower()}"] for i in IDS)])}
        result = world.ann.pack(tables, recipe, [world.bob], world.drive)
        world.bob.unpack(result.path, world.folder / "out")
        one, other = (
            csv_rows((world.folder / "out" / f"{name}.csv").read_bytes())[1:] for name in "tu"
        )
        assert one == other


def test_a_row_keeps_its_token_whatever_block_it_falls_into() -> None:
    recipe = recipe_text({"t": {"p": PERSON}})
    data = csv_bytes([["id"], *([i] for i in IDS * 100)])[:-1]
    whole: Minimised = minimise_table(data, recipe)
    assert minimise_table(data, recipe, block_bytes=1000).rows == whole.rows


def _is_import(line: str) -> bool:
    return line.startswith(("import ", "from "))
