"""Team tokens: two analysts of one team, the same tokens, and nobody else in between."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from securexfer.crypto.canonical import decode_canonical
from securexfer.crypto.identity import Identity, create_identity, rotate_identity
from securexfer.custody.register import Entry, Register
from securexfer.custody.scope import Scope, ScopeKeyStatement
from securexfer.custody.seal import seal_statement
from securexfer.errors import (
    CardExpiredError,
    ContactRevokedError,
    NotForThisIdentityError,
    OutputError,
    RecipeError,
    RegisterError,
    ScopeKeyAudienceError,
    ScopeKeyError,
    ScopeKeyOtherError,
    SecurexferError,
    SenderRevokedError,
    SenderUnknownError,
    SignatureInvalidError,
    StatementAlteredError,
    StatementFormatError,
    StatementMismatchError,
    StatementReplayError,
    UsageError,
    VerificationError,
)
from securexfer.pinning import revoke_contact
from securexfer.planning import choose_scope
from securexfer.privacy.pseudonyms import agreement_scope
from securexfer.ring import Ring
from securexfer.scoping import scope_of
from securexfer.sharing import SharedResult, export_scope_key, import_scope_key
from securexfer.verifying import pinned_senders
from tests.assurance import Tally
from tests.attack.notary import seal_content
from tests.whole.watch import Needles, files_below
from tests.world import Person, World, csv_bytes, csv_rows, read, recipe_text

TOKEN = '{ action = "pseudonymise", domain = "person" }'
SHARED = '[pseudonyms]\nlinkage = "agreement"\nepoch = "2026"\n'
RECIPE = recipe_text({"t": {"x": TOKEN}}, before=SHARED)
ROWS = csv_bytes([["x"], ["one"], ["two"]])


class Team:
    """`ann` and `bea` send to `cat`; `bob` is a recipient too, of something else."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ann, self.cat = world.ann, world.cat
        self.bea = Person(world.folder, "bea", world.clock)
        for one, other in ((self.ann, self.bea), (self.bea, self.ann), (self.bea, self.cat)):
            one.pin(other)
        self.bea.pin(world.bob)
        self.cat.pin(self.bea)

    def ring(self, person: Person) -> Ring:
        return Ring(
            person.register,
            person.home / "scope-keys",
            pinned_senders(person.contacts.list(), person.identity.card),
            lambda: person.identity,
        )

    def export(
        self, by: Person, to: str = "bea", audience: tuple[str, ...] = ("cat",), **options: Any
    ) -> SharedResult:
        return export_scope_key(
            read(options.pop("recipe", RECIPE)).recipe,
            [by.contacts.get(name) for name in audience],
            by.contacts.get(to),
            options.pop("output", self.world.folder),
            by.identity,
            self.ring(by),
            clock=self.world.clock,
            **options,
        )

    def take(
        self, data: bytes | Path, person: Person | None = None, **options: Any
    ) -> SharedResult:
        person = person or self.bea
        return import_scope_key(
            data if isinstance(data, bytes) else data.read_bytes(),
            person.contacts.list(),
            [person.identity.fingerprint],
            self.ring(person),
            clock=self.world.clock,
            **options,
        )

    def share(self) -> SharedResult:
        return self.take(self.export(self.ann).path)

    def tokens(
        self, by: Person, recipe: str = RECIPE, to: Person | None = None, **order: Any
    ) -> list[list[str]]:
        """Pack as the command line does, open, and read the tokens."""
        to = to or self.cat
        contacts = [by.contacts.get(to.name)]
        if not order.get("own_tokens"):
            order["shared"] = self.ring(by).find(read(recipe).recipe, contacts)
        drive = self.world.folder / f"drive-{len(list(self.world.folder.iterdir()))}"
        drive.mkdir()
        path = by.pack({"t": ROWS}, recipe, [to], drive, **order).path
        out = to.unpack(path, drive / "out", older=True)
        return csv_rows(out.files[0].read_bytes())[1:]

    def forge(self, by: Person | None = None, to: Person | None = None, **changes: Any) -> bytes:
        """A scope key that anybody might make, honestly signed and sealed."""
        to = to or self.bea
        said = {
            "securexfer_statement": 1,
            "statement_id": "ab" * 16,
            "made_at": "2026-11-22T09:30:00Z",
            "register_head": "0" * 64,
            "tool": "forge",
            "addressee": to.identity.fingerprint,
            "reference": "DSA-2026-014",
            "epoch": "2026",
            "audience": [self.cat.identity.fingerprint],
            "key": "A" * 43 + "=",
            **changes,
        }
        statement = ScopeKeyStatement.model_construct(**said)
        keys = (by or self.ann).identity.keys
        return seal_statement(statement, "scope-key", keys, to.identity.keys.public)


@pytest.fixture
def team(world: World) -> Team:
    return Team(world)


def events(person: Person) -> list[str]:
    return [entry.event for entry in person.register.entries()]


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
