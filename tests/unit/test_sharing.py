"""Team tokens: two analysts of one team, the same tokens, and nobody else in between."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from securexfer.crypto.canonical import decode_canonical
from securexfer.crypto.identity import Identity, create_identity, rotate_identity
from securexfer.custody.scope import Scope
from securexfer.errors import (
    CardExpiredError,
    ContactRevokedError,
    OutputError,
    RecipeError,
    RegisterError,
    ScopeKeyAudienceError,
    ScopeKeyError,
    ScopeKeyOtherError,
    SenderRevokedError,
    UsageError,
)
from securexfer.pinning import revoke_contact
from securexfer.planning import choose_scope
from securexfer.privacy.pseudonyms import agreement_scope
from securexfer.scoping import scope_of
from tests.unit.team import RECIPE, ROWS, TOKEN, Team, events
from tests.whole.watch import Needles, files_below
from tests.world import Person, World, read, recipe_text


@pytest.fixture
def team(world: World) -> Team:
    return Team(world)


class TestTheSameTokens:
    def test_come_from_both_analysts(self, team: Team) -> None:
        before = team.tokens(team.bea)
        of_ann = team.tokens(team.ann)
        assert before != of_ann
        result = team.share()
        assert team.tokens(team.bea) == of_ann
        assert result.is_new
        assert "packed here before" in result.notes[0]
        assert team.bea.register.entries()[-1].details["scope_key_sha256"]

    def test_survive_everybodys_new_keys(self, team: Team) -> None:
        team.share()
        before = team.tokens(team.bea)
        for person in (team.ann, team.bea, team.cat):
            person.identity = rotate_identity(person.identity, rotated_at=team.world.clock())
            for other in (team.ann, team.bea, team.cat):
                if other is not person:
                    other.contacts.pin(
                        person.identity.card,
                        "",
                        pinned_at=team.world.clock(),
                        replaces=person.name,
                    )
        assert team.tokens(team.bea) == before == team.tokens(team.ann)

    def test_can_be_passed_on_in_the_team(self, team: Team) -> None:
        team.share()
        dan = Person(team.world.folder, "dan", team.world.clock)
        for other in (team.bea, team.cat):
            dan.pin(other)
        team.bea.pin(dan)
        team.cat.pin(dan)
        team.take(team.export(team.bea, "dan").path, dan)
        assert team.tokens(dan) == team.tokens(team.ann)

    def test_are_of_that_scope_only(self, team: Team) -> None:
        """Another epoch or recipient is refused, lest tokens come apart unseen."""
        team.share()
        for recipe, to, says in (
            (RECIPE.replace('2026"\n', '2027"\n'), team.cat, "another epoch"),
            (RECIPE, team.world.bob, "another set of recipients"),
        ):
            if to is team.world.bob:
                to.pin(team.bea)
            with pytest.raises(ScopeKeyOtherError, match=says):
                team.tokens(team.bea, recipe, to)
            own = team.tokens(team.bea, recipe, to, own_tokens=True)
            assert own != team.tokens(team.ann, recipe, team.cat)
        other = RECIPE.replace("DSA-2026-014", "DSA-2026-015")
        assert team.tokens(team.bea, other) != team.tokens(team.ann, other)

    def test_are_not_left_out_by_whoever_forgets_the_key(self, team: Team) -> None:
        """The Python interface is told too."""
        team.share()
        with pytest.raises(ScopeKeyError, match="is not used"):
            team.bea.pack({"t": ROWS}, RECIPE, [team.cat], team.world.drive)


class TestWhatIsShared:
    def test_is_one_scopes_key_and_never_the_secret(self, team: Team) -> None:
        result = team.export(team.ann)
        secret = team.ann.identity.pseudonym_secret
        contact = team.ann.contacts.get("cat")
        key = agreement_scope(secret, "DSA-2026-014", "2026", [contact.origin_fingerprint]).key
        opened = team.ring(team.bea)
        team.take(result.path)
        shared = opened.find(read(RECIPE).recipe, [team.bea.contacts.get("cat")])
        assert shared is not None
        assert shared.key.key == key
        needles = Needles.of_bytes([key, secret])
        for person in (team.ann, team.bea):
            for path, data in files_below(person.home):
                assert needles.find(data) == [], path
        assert needles.find(result.path.read_bytes()) == []
        assert needles.find(repr((shared, result, opened)).encode()) == []
        members = decode_canonical(result.path.read_bytes().removesuffix(b"\n"), max_bytes=2**20)
        assert set(members) == {"addressee", "kind", "sealed", "securexfer_sealed"}

    def test_is_recorded_on_both_sides(self, team: Team) -> None:
        team.share()
        (out,) = [e for e in team.ann.register.entries() if e.event == "scope-key-exported"]
        (came,) = [e for e in team.bea.register.entries() if e.event == "scope-key-imported"]
        assert out.details["recipient"] == team.bea.identity.fingerprint
        assert came.details["signer"] == team.ann.identity.fingerprint
        for name in ("reference", "epoch", "audience", "statement_id"):
            assert out.details[name] == came.details[name]

    def test_that_can_not_be_recorded_is_not_written(
        self, team: Team, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: Any, **__: Any) -> None:
            raise RegisterError("no")

        monkeypatch.setattr(type(team.ann.register), "append", refuse)
        with pytest.raises(RegisterError):
            team.export(team.ann)
        assert list(team.world.folder.glob("*.scope-key")) == []

    def test_that_can_not_be_written_is_taken_back(self, team: Team) -> None:
        with pytest.raises(OutputError):
            team.export(team.ann, output=team.world.folder / "none" / "x.scope-key")
        assert events(team.ann) == ["scope-key-exported", "scope-key-export-failed"]
        assert team.ann.register.entries()[-1].details["reason"] == "output_failed"

    def test_is_nothing_where_tokens_are_fresh_in_each_bundle(self, team: Team) -> None:
        with pytest.raises(RecipeError, match="fresh in each bundle"):
            team.export(team.ann, recipe=recipe_text({"t": {"x": TOKEN}}))

    def test_goes_to_nobody_who_gets_the_tables(self, team: Team) -> None:
        with pytest.raises(ScopeKeyAudienceError, match="'cat' is to get the tables"):
            team.export(team.ann, "cat")
        with pytest.raises(UsageError):
            team.export(team.ann, audience=())
        assert events(team.ann) == []

    def test_goes_to_nobody_whose_card_is_not_in_use(self, team: Team) -> None:
        revoke_contact(
            team.ann.contacts,
            "bea",
            "stolen",
            team.ann.identity,
            team.ann.register,
            clock=team.world.clock,
        )
        with pytest.raises(ContactRevokedError):
            team.export(team.ann)
        team.world.clock.move(days=800)
        with pytest.raises((CardExpiredError, ContactRevokedError)):
            team.export(team.ann)


class TestLater:
    """The file lies in the home; what counts is the entry."""

    def find(self, team: Team) -> Any:
        return team.ring(team.bea).find(read(RECIPE).recipe, [team.bea.contacts.get("cat")])

    def test_a_file_that_is_another_is_found_out(self, team: Team) -> None:
        team.share()
        (path,) = (team.bea.home / "scope-keys").iterdir()
        path.write_bytes(team.forge())
        with pytest.raises(ScopeKeyError, match="is not the scope key that was imported"):
            self.find(team)

    @pytest.mark.parametrize("data", [None, b"", b"{}"])
    def test_a_file_that_has_gone_is_no_reason_to_go_on(
        self, team: Team, data: bytes | None
    ) -> None:
        team.share()
        (path,) = (team.bea.home / "scope-keys").iterdir()
        path.unlink()
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(ScopeKeyError, match="can't be used"):
            team.tokens(team.bea)

    def test_a_trial_sees_that_it_is_gone_and_unlocks_nothing(self, team: Team) -> None:
        team.share()

        def unlock() -> Identity:
            raise AssertionError("nobody asked for a passphrase")

        ring = replace(team.ring(team.bea), unlock=unlock)
        recipe, recipients = read(RECIPE).recipe, [team.bea.contacts.get("cat")]
        ring.check(recipe, recipients)
        (path,) = (team.bea.home / "scope-keys").iterdir()
        path.unlink()
        with pytest.raises(ScopeKeyError, match="is missing"):
            ring.check(recipe, recipients)

    def test_an_exporter_who_was_revoked_knows_the_key(self, team: Team) -> None:
        team.share()
        revoke_contact(
            team.bea.contacts,
            "ann",
            "stolen",
            team.bea.identity,
            team.bea.register,
            clock=team.world.clock,
        )
        with pytest.raises(SenderRevokedError, match="try out whose a token is") as caught:
            self.find(team)
        assert "Change epoch" in caught.value.hint

    def test_an_exporter_who_was_removed_can_not_be_asked(self, team: Team) -> None:
        team.share()
        team.bea.contacts.remove("ann")
        with pytest.raises(ScopeKeyError, match="not pinned here any more"):
            self.find(team)

    def test_an_entry_names_a_bundles_key_for_good(self, team: Team) -> None:
        team.share()
        team.tokens(team.bea)
        packed = [e for e in team.bea.register.entries() if e.event == "packed"][-1]
        ring = team.ring(team.bea)
        again = ring.find_again(packed.details["scope_key_sha256"])
        assert again == self.find(team)
        with pytest.raises(ScopeKeyError):
            ring.find_again("0" * 64)


def test_a_scope_is_the_one_that_tokens_are_made_in(team: Team) -> None:
    """What is compared is what is derived from."""
    recipe = read(RECIPE).recipe
    contacts = [team.ann.contacts.get(name) for name in ("cat", "bob")]
    scope = scope_of(recipe, contacts)
    assert scope == Scope(
        "DSA-2026-014", "2026", tuple(sorted(c.origin_fingerprint for c in contacts))
    )
    secret = team.ann.identity.pseudonym_secret
    assert choose_scope(recipe, contacts, secret, "x") == agreement_scope(
        secret, scope.reference, scope.epoch, scope.audience
    )
    assert create_identity(name="x", organisation="", email="", created_at=team.world.clock())
