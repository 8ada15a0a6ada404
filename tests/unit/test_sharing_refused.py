"""Scope keys that are refused, and what a flipped bit makes of one."""

from __future__ import annotations

from typing import Any

import pytest

from securexfer.crypto.canonical import decode_canonical
from securexfer.crypto.identity import rotate_identity
from securexfer.custody.register import Entry, Register
from securexfer.errors import (
    CardExpiredError,
    NotForThisIdentityError,
    OutputError,
    ScopeKeyAudienceError,
    ScopeKeyError,
    SecurexferError,
    SenderRevokedError,
    SenderUnknownError,
    SignatureInvalidError,
    StatementAlteredError,
    StatementFormatError,
    StatementMismatchError,
    StatementReplayError,
    VerificationError,
)
from securexfer.pinning import revoke_contact
from securexfer.scoping import scope_of
from tests.assurance import Tally
from tests.attack.notary import seal_content
from tests.unit.team import RECIPE, Team, events
from tests.world import World, read


@pytest.fixture
def team(world: World) -> Team:
    return Team(world)


class TestWhatIsRefused:
    """By whoever imports: each in its own words, and nothing is recorded."""

    def refuse(
        self, team: Team, data: bytes, error: type[SecurexferError], says: str, **options: Any
    ) -> None:
        before = events(team.bea)
        with pytest.raises(error, match=says):
            team.take(data, **options)
        assert events(team.bea) == before
        folder = team.bea.home / "scope-keys"
        assert not folder.exists() or len(list(folder.iterdir())) == before.count(
            "scope-key-imported"
        )

    def test_one_for_somebody_else(self, team: Team) -> None:
        data = team.forge(to=team.world.bob)
        self.refuse(team, data, NotForThisIdentityError, "sealed to another identity")

    def test_one_of_a_stranger(self, team: Team) -> None:
        data = team.forge(by=team.world.eve)
        self.refuse(team, data, SenderUnknownError, "scope key is signed by a key that is not")

    def test_one_of_somebody_who_gets_the_tables(self, team: Team) -> None:
        """Else a contractor could have analysts make tokens by a key that the contractor knows."""
        data = team.forge(by=team.cat)
        self.refuse(team, data, ScopeKeyAudienceError, "'cat' gets the tables")
        rotated = rotate_identity(team.cat.identity, rotated_at=team.world.clock())
        team.bea.contacts.pin(rotated.card, "", pinned_at=team.world.clock(), replaces="cat")
        team.cat.identity = rotated
        data = team.forge(by=team.cat, audience=[rotated.former[0].fingerprint])
        self.refuse(team, data, ScopeKeyAudienceError, "'cat' gets the tables")

    def test_one_by_which_the_importer_gets_the_tables(self, team: Team) -> None:
        data = team.forge(audience=[team.bea.identity.fingerprint])
        self.refuse(team, data, ScopeKeyAudienceError, "This identity itself")

    def test_one_of_ones_own(self, team: Team) -> None:
        self.refuse(
            team, team.forge(by=team.bea), StatementMismatchError, "by this identity itself"
        )

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"reference": "DSA-2026-015"}, "another agreement"),
            ({"epoch": "2027"}, "another epoch"),
            ({"epoch": ""}, "another epoch"),
            ({"audience": ["ab" * 32]}, "another set of recipients"),
        ],
    )
    def test_one_for_another_scope_than_the_recipes(
        self, team: Team, changes: dict[str, Any], says: str
    ) -> None:
        expected = scope_of(read(RECIPE).recipe, [team.bea.contacts.get("cat")])
        self.refuse(team, team.forge(**changes), StatementMismatchError, says, expected=expected)
        assert team.take(team.forge(), expected=expected).is_new

    def test_one_of_an_exporter_whose_card_has_expired(self, team: Team) -> None:
        data = team.forge()
        team.world.clock.move(days=800)
        self.refuse(team, data, CardExpiredError, "The card of 'ann', who exported it, expired")

    def test_one_of_an_exporter_who_was_revoked(self, team: Team) -> None:
        revoke_contact(
            team.bea.contacts,
            "ann",
            "stolen",
            team.bea.identity,
            team.bea.register,
            clock=team.world.clock,
        )
        self.refuse(team, team.forge(), SenderRevokedError, "scope key is signed with a key of ann")

    def test_one_of_a_former_key(self, team: Team) -> None:
        data = team.forge()
        rotated = rotate_identity(team.ann.identity, rotated_at=team.world.clock())
        team.bea.contacts.pin(rotated.card, "", pinned_at=team.world.clock(), replaces="ann")
        self.refuse(team, data, VerificationError, "ann has replaced since")

    def test_one_from_the_future(self, team: Team) -> None:
        data = team.forge(made_at="2026-11-24T09:31:00Z")
        self.refuse(team, data, StatementMismatchError, "in the future")

    @pytest.mark.parametrize(
        "changes",
        [
            {"key": "A" * 42 + "=="},
            {"key": "A" * 44},
            {"key": ""},
            {"audience": []},
            {"audience": ["cd" * 32, "ab" * 32]},
            {"audience": ["ab" * 32] * 2},
            {"audience": ["x"]},
            {"reference": ""},
            {"epoch": "a\x1b[2J"},
            {"securexfer_statement": 2},
            {"bundle_id": "ab" * 16},
        ],
        ids=str,
    )
    def test_one_that_says_what_it_can_not(self, team: Team, changes: dict[str, Any]) -> None:
        data = team.forge()
        statement = decode_canonical(self.content(team, data), max_bytes=2**20)
        payload = {**decode_canonical(statement["payload"].encode(), max_bytes=2**20), **changes}
        from securexfer.crypto.document import sign_document

        line = sign_document(payload, ("scope-key", team.ann.identity.keys)).encode() + b"\n"
        line += b" " * (-len(line) % 8192)
        forged = seal_content(line, "scope-key", team.bea.identity.keys.public)
        self.refuse(team, forged, StatementFormatError, "does not say what")

    def content(self, team: Team, data: bytes) -> bytes:
        from tests.attack.notary import open_content

        return open_content(data, team.bea.identity.keys).partition(b"\n")[0]

    def test_one_signed_as_something_else_or_altered(self, team: Team) -> None:
        from securexfer.crypto.document import SignedDocument, sign_document

        document = SignedDocument.decode(self.content(team, team.forge()))
        line = sign_document(document.claimed(), ("receipt", team.ann.identity.keys)).encode()
        to = team.bea.identity.keys.public
        self.refuse(
            team,
            seal_content(line + b"\n", "scope-key", to),
            StatementFormatError,
            "not a scope key",
        )
        swapped = document.encode().replace(b"2026", b"2027", 1)
        self.refuse(
            team, seal_content(swapped + b"\n", "scope-key", to), SignatureInvalidError, "scope key"
        )
        honest = team.forge()
        other = honest.replace(b'"scope-key"', b'"receipt"')
        self.refuse(team, other, StatementFormatError, "is a receipt, not a scope key")
        relabelled = seal_content(
            self.content(team, honest) + b"\n", "receipt", to, kind="scope-key"
        )
        self.refuse(team, relabelled, StatementAlteredError, "does not open")

    def test_one_that_was_sealed_to_somebody_else_first(self, team: Team) -> None:
        from tests.attack.notary import open_content

        data = team.forge(to=team.world.bob)
        content = open_content(data, team.world.bob.identity.keys)
        again = seal_content(content, "scope-key", team.bea.identity.keys.public)
        self.refuse(team, again, StatementMismatchError, "made for somebody else")

    def test_another_key_for_the_same_scope(self, team: Team) -> None:
        team.take(team.forge())
        data = team.forge(statement_id="cd" * 16, key="B" * 42 + "A=")
        self.refuse(team, data, StatementMismatchError, "Another scope key for the same")

    def test_another_one_under_the_same_number(self, team: Team) -> None:
        team.take(team.forge())
        self.refuse(team, team.forge(epoch="2027"), StatementReplayError, "with the same number")

    def test_one_that_another_run_has_taken_meanwhile(
        self, team: Team, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = team.forge(), team.forge(statement_id="cd" * 16)
        honest = Register.append

        def append(register: Register, *arguments: Any, **options: Any) -> Entry:
            monkeypatch.setattr(Register, "append", honest)
            team.take(first)  # between the first look and the lock
            return honest(register, *arguments, **options)

        monkeypatch.setattr(Register, "append", append)
        with pytest.raises(ScopeKeyError, match="meanwhile"):
            team.take(second)
        assert events(team.bea) == ["scope-key-imported"]
        assert len(list((team.bea.home / "scope-keys").iterdir())) == 1

    def test_the_same_again_is_recorded_once(self, team: Team) -> None:
        data = team.forge()
        assert team.take(data).is_new
        assert not team.take(data).is_new
        assert not team.take(team.forge(statement_id="cd" * 16)).is_new
        assert events(team.bea).count("scope-key-imported") == 1


def test_no_file_is_made_of_a_folder_that_is_misspelt(team: Team) -> None:
    before = events(team.world.ann)
    with pytest.raises(OutputError, match=r"The folder .* does not exist") as caught:
        team.export(team.world.ann, output=team.world.folder / "nowhere")
    assert "end its name in .scope-key" in caught.value.hint
    assert events(team.world.ann) == before
    named = team.world.folder / "mine.scope-key"
    assert team.export(team.world.ann, output=named).path == named


def test_every_bit_counts(team: Team, tally: Tally, soak: bool) -> None:
    data = team.forge()
    places = range(0, len(data), 1 if soak else 61)
    for place in places:
        altered = bytearray(data)
        altered[place] ^= 1
        with pytest.raises(SecurexferError):
            team.take(bytes(altered))
    assert events(team.bea) == []
    tally.count("statements", "scope keys with one flipped bit, refused", len(places))
