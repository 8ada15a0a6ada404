"""From tokens back to identifiers: for the sender alone, with a reason, and on record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from securexfer.crypto.identity import rotate_identity
from securexfer.errors import (
    ContactUnknownError,
    ExtractError,
    RegisterError,
    TokensError,
    UsageError,
)
from securexfer.planning import Input
from securexfer.privacy.reversal import is_token, read_tokens
from securexfer.reidentifying import MAX_REASON, ReidentifyOrder, ReidentifyResult, reidentify
from securexfer.reporting import SilentReporter
from tests.world import Person, World, csv_bytes, csv_rows, read, recipe_text

PERSON = '{ from = "id", action = "pseudonymise", domain = "person", identifier = "pnc" }'
OFFICER = '{ from = "officer", action = "pseudonymise", domain = "officer" }'
FIELDS = {"t": {"p": PERSON, "o": OFFICER, "score": '{ action = "keep" }'}}
STABLE = '[pseudonyms]\nlinkage = "agreement"\n'
ROWS = [
    ["99/123456X", "Canary-Ann", "1"],
    ["20/9N", "Canary-Bob", "2"],
    ["1999/0123456x", "canary-ann ", "3"],
    ["", "", "4"],
]
EXTRACT = csv_bytes([["id", "officer", "score"], *ROWS])


class Case:
    """A bundle from ann to bob, and what bob read in it."""

    def __init__(self, world: World, before: str = "") -> None:
        self.world = world
        self.recipe = recipe_text(FIELDS, before=before)
        self.packed = world.ann.pack({"t": EXTRACT}, self.recipe, [world.bob], world.drive)
        self.bundle_id = self.packed.manifest.bundle_id
        world.bob.unpack(self.packed.path, world.folder / "out")
        self.rows = csv_rows((world.folder / "out" / "t.csv").read_bytes())[1:]
        self.extract = world.drive / "extracts-of-ann" / "t.csv"

    def tokens(self, text: str) -> Path:
        path = self.world.folder / "tokens.csv"
        path.write_text(text, encoding="utf-8")
        return path

    def ask(self, text: str, *, by: Person | None = None, **order: Any) -> ReidentifyResult:
        person = by or self.world.ann
        whole: dict[str, Any] = {
            "recipe_file": read(self.recipe),
            "source": Input("t", self.extract),
            "tokens": self.tokens(text),
            "column": None,
            "reason": "safeguarding",
            "bundle_id": self.bundle_id[:8],
            **order,
        }
        return reidentify(
            ReidentifyOrder(**whole),
            person.contacts.list(),
            person.identity,
            person.register,
            clock=self.world.clock,
            reporter=SilentReporter(),
        )


@pytest.fixture(params=["", STABLE], ids=["bundle", "agreement"])
def case(request: pytest.FixtureRequest, world: World) -> Case:
    return Case(world, request.param)


def test_every_spelling_behind_a_token_is_found(case: Case) -> None:
    ann_token, bob_officer = case.rows[0][0], case.rows[1][1]
    result = case.ask(f"{ann_token}\n{bob_officer}\n{ann_token}\n")
    assert {(one.token, one.column, one.identifier) for one in result.found} == {
        (ann_token, "id", "99/123456X"),
        (ann_token, "id", "1999/0123456x"),
        (bob_officer, "officer", "Canary-Bob"),
    }
    assert (result.n_tokens, result.n_found) == (2, 2)
    assert "Canary" not in repr(result)


def test_tokens_of_another_bundle_or_nobody_are_not_found(case: Case) -> None:
    result = case.ask("person_" + "0" * 24 + "\n")
    assert (result.found, result.n_tokens, result.n_found) == ([], 1, 0)


def test_it_is_recorded_with_the_reason_and_without_tokens(case: Case) -> None:
    token = case.rows[0][0]
    result = case.ask(f"{token}\n", reason="court order 17")
    assert result.entry == case.world.ann.register.entries()[-1]
    assert result.entry.event == "reidentified"
    assert result.entry.details == {
        "agreement": "DSA-2026-014",
        "bundle_id": case.bundle_id,
        "n_found": 1,
        "n_tokens": 1,
        "reason": "court order 17",
        "recipe_sha256": case.packed.manifest.recipe_sha256,
        "table": "t",
    }


def test_nothing_is_returned_that_could_not_be_recorded(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RegisterError("no")

    monkeypatch.setattr(case.world.ann.register, "append", fail)
    with pytest.raises(RegisterError):
        case.ask(case.rows[0][0])


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines", "\x1b[31m", "x" * (MAX_REASON + 1)])
def test_without_a_reason_nothing_is_read(reason: str, case: Case) -> None:
    case.extract.unlink()
    with pytest.raises(UsageError, match="reason"):
        case.ask(case.rows[0][0], reason=reason)


def test_nobody_else_finds_anything(case: Case) -> None:
    others = case.world.cat
    others.register.append(others.identity, "packed", case.packed.entry.details, case.world.clock())
    assert case.ask(case.rows[0][0], by=others).found == []


class TestScope:
    def test_fresh_tokens_need_their_bundle(self, world: World) -> None:
        case = Case(world)
        with pytest.raises(UsageError, match="which bundle") as caught:
            case.ask(case.rows[0][0], bundle_id=None)
        assert "--bundle" in caught.value.hint
        for unknown in ("", "zz"):
            with pytest.raises(UsageError, match="0 bundles"):
                case.ask(case.rows[0][0], bundle_id=unknown)

    def test_stable_tokens_need_their_recipients(self, world: World) -> None:
        case = Case(world, STABLE)
        with pytest.raises(UsageError, match="for whom"):
            case.ask(case.rows[0][0], bundle_id=None)
        for name, n_found in (("bob", 1), ("cat", 0)):
            to = [world.ann.contacts.get(name)]
            result = case.ask(case.rows[0][0], bundle_id=None, recipients=to)
            assert result.n_found == n_found
            assert "bundle_id" not in result.entry.details

    def test_a_recipient_who_was_forgotten_is_missed(self, world: World) -> None:
        case = Case(world, STABLE)
        world.ann.contacts.remove("bob")
        with pytest.raises(ContactUnknownError):
            case.ask(case.rows[0][0])

    def test_a_key_change_of_the_recipient_keeps_the_tokens(self, world: World) -> None:
        case = Case(world, STABLE)
        world.bob.identity = rotate_identity(world.bob.identity, rotated_at=world.clock())
        world.ann.contacts.pin(
            world.bob.identity.card, "bob", pinned_at=world.clock(), replaces="bob"
        )
        assert case.ask(case.rows[0][0]).n_found == 1
        packed = world.ann.pack({"t": EXTRACT}, case.recipe, [world.bob], world.drive)
        world.bob.unpack(packed.path, world.folder / "later")
        later = csv_rows((world.folder / "later" / "t.csv").read_bytes())[1:]
        assert [row[:2] for row in later] == [row[:2] for row in case.rows]

    def test_one_table_of_several_is_enough_and_has_to_be_named(self, world: World) -> None:
        case = Case(world)
        case.recipe = recipe_text({**FIELDS, "u": {"x": '{ action = "keep" }'}})
        assert case.ask(case.rows[0][0]).n_found == 1
        for table in ("v", "u"):
            with pytest.raises((UsageError, ExtractError)):
                case.ask(case.rows[0][0], source=Input(table, case.world.folder / "v.csv"))
        case.extract.rename(case.extract.with_name("u.csv"))
        (case.extract.with_name("u.csv")).write_bytes(b"x\n1\n")
        with pytest.raises(UsageError, match="no pseudonyms"):
            case.ask(case.rows[0][0], source=Input(None, case.extract.with_name("u.csv")))


TOKEN, OTHER = "person_" + "0a" * 12, "a-b_c_" + "f1" * 12


class TestTokens:
    def read(self, text: str, tmp_path: Path, column: str | None = None) -> list[str]:
        path = tmp_path / "tokens.csv"
        path.write_text(text, encoding="utf-8")
        return read_tokens(path, column)

    @pytest.mark.parametrize(
        "text",
        [
            f"{TOKEN}\n{OTHER}\n",
            f"{TOKEN}\n\n{OTHER}\n{TOKEN}",
            f"token\n{TOKEN}\n{OTHER}\n",
            f"score,who\n5,{TOKEN}\n6,\n7, {OTHER} \n",
        ],
    )
    def test_they_are_found_wherever_they_stand(self, text: str, tmp_path: Path) -> None:
        assert self.read(text, tmp_path) == [TOKEN, OTHER]

    def test_of_two_columns_one_has_to_be_named(self, tmp_path: Path) -> None:
        text = f"a,b\n{TOKEN},{OTHER}\n"
        with pytest.raises(TokensError, match="2 columns"):
            self.read(text, tmp_path)
        assert self.read(text, tmp_path, "b") == [OTHER]
        with pytest.raises(TokensError, match="no such column"):
            self.read(text, tmp_path, "c")

    @pytest.mark.parametrize(
        ("text", "column"),
        [
            ("id\nCanary-Ann\n", None),
            (f"id\nCanary-Ann\n{TOKEN}\n", None),
            (f"id\nCanary-Ann\n{TOKEN}\n", "id"),
            ("id\n", "id"),
            ("id\n\n", None),
            (TOKEN.upper() + "\n", None),
        ],
    )
    def test_anything_else_is_refused_and_not_quoted(
        self, text: str, column: str | None, tmp_path: Path
    ) -> None:
        with pytest.raises(TokensError) as caught:
            self.read(text, tmp_path, column)
        assert "Canary" not in str(caught.value)

    def test_there_is_a_bound(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("securexfer.privacy.reversal.MAX_TOKENS", 1)
        with pytest.raises(TokensError, match="more than 1"):
            self.read(f"{TOKEN}\n{OTHER}\n", tmp_path)

    def test_a_misshapen_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ExtractError, match="Table of tokens, line 2"):
            self.read(f"a,b\n{TOKEN}\n", tmp_path)

    def test_what_a_token_looks_like(self) -> None:
        assert is_token(TOKEN)
        assert is_token(OTHER)
        assert not any(map(is_token, ("", "_" + "0" * 24, TOKEN + "0", TOKEN[:-1], TOKEN + "\n")))
