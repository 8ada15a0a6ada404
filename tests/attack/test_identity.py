"""Who sent it, to whom, and when: every false answer is refused, each in its own words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from securexfer.crypto.keys import PrivateKeys
from securexfer.custody.register import Entry
from securexfer.errors import (
    BundleAlteredError,
    BundleExpiredError,
    BundleFormatError,
    BundleFutureError,
    BundleOlderError,
    BundleReplayError,
    BundleUnsupportedError,
    ManifestMismatchError,
    NotForThisIdentityError,
    PasswordMismatchError,
    SecurexferError,
    SenderRetiredError,
    SenderUnknownError,
    SignatureInvalidError,
    VerificationError,
)
from tests.assurance import Tally
from tests.attack import impostor
from tests.attack.face import COMMANDS, Face
from tests.attack.face import face as face
from tests.attack.impostor import Scene, pack, rotate
from tests.world import START, World

# What is needed to notice: nothing but the file, this desk's contacts and clock, or its keys.
NOTICED_WITH = {"the file": 0, "the desk": 1, "the keys": 2}


@dataclass(frozen=True)
class Case:
    """A bundle that must be refused.

    Attributes:
        forge: what was done to it.
        error: the class, which has the slug and the exit code.
        says: a phrase of its message that no other cause's message has.
        noticed_with: see above; decides which commands refuse it.
        reader: who opens it.
        at_a_glance: what else is wrong already, where a command that can't know this refuses it.
    """

    forge: Callable[[Scene], None]
    error: type[SecurexferError]
    says: str
    noticed_with: str
    reader: str = "bob"
    at_a_glance: str = ""


NOT_SEALED = "is not sealed to this identity"
NOT_OPENED = "was not sealed by this sender, for this recipient, in this bundle"
NOT_PINNED = "not among the contacts pinned here"
NO_ED25519, NO_ML_DSA = "Ed25519 signature is missing", "ML-DSA-65 signature is missing"
BAD_ED25519, BAD_ML_DSA = "Ed25519 signature is not valid", "ML-DSA-65 signature is not valid"
RECIPIENTS = "contradicts its envelope: recipients"
OTHER_NAME = "names another sender than"
FOREIGN_MEMBER = "envelope has a member that does not belong there"
i = impostor
Unsealed, Mismatch = PasswordMismatchError, ManifestMismatchError
CASES = [
    # Who may open it.
    Case(i.for_somebody_else, NotForThisIdentityError, NOT_SEALED, "the keys"),
    Case(i.reader_removed, NotForThisIdentityError, NOT_SEALED, "the keys"),
    Case(i.own_bundle, NotForThisIdentityError, "packed the bundle for others", "the keys", "ann"),
    Case(i.reader_removed_by_meddler, BundleAlteredError, "not those that were signed", "the file"),
    Case(i.other_reader_removed, Mismatch, RECIPIENTS, "the keys"),
    Case(i.reader_added, Mismatch, RECIPIENTS, "the keys"),
    Case(i.reader_twice, BundleFormatError, "names a recipient twice", "the file"),
    Case(i.stanzas_swapped, Unsealed, NOT_OPENED, "the keys"),
    Case(i.stanzas_of_another_bundle, Unsealed, NOT_OPENED, "the keys"),
    Case(i.another_bundle_id, Unsealed, NOT_OPENED, "the keys"),
    Case(i.two_passwords, Unsealed, "committed to for all recipients", "the keys"),
    Case(i.password_of_another_length, Unsealed, "password is not well-formed", "the keys"),
    # Who sent it.
    Case(i.unknown_sender, SenderUnknownError, NOT_PINNED, "the desk"),
    Case(i.known_name_other_key, SenderUnknownError, NOT_PINNED, "the desk"),
    Case(
        i.re_signed_by_stranger, SenderUnknownError, NOT_PINNED, "the desk", at_a_glance=OTHER_NAME
    ),
    Case(i.re_signed_by_contact, VerificationError, OTHER_NAME, "the file"),
    Case(i.passed_on_as_is, Unsealed, NOT_OPENED, "the keys"),
    Case(i.passed_on_sealed_anew, Mismatch, "contradicts its envelope: sender", "the keys"),
    Case(i.expiry_put_off, Mismatch, "contradicts its envelope: expiry", "the keys"),
    Case(i.sender_retired, SenderRetiredError, "a former key of ann", "the keys"),
    Case(i.signed_after_retirement, VerificationError, "had replaced by then", "the desk"),
    # Both signatures, always.
    Case(i.no_ed25519, BundleFormatError, NO_ED25519, "the file"),
    Case(i.no_ml_dsa_65, BundleFormatError, NO_ML_DSA, "the file"),
    Case(i.wrong_ed25519, SignatureInvalidError, BAD_ED25519, "the desk"),
    Case(i.wrong_ml_dsa_65, SignatureInvalidError, BAD_ML_DSA, "the desk"),
    Case(i.ed25519_of_a_contact, SignatureInvalidError, BAD_ED25519, "the desk"),
    Case(i.ml_dsa_65_of_a_contact, SignatureInvalidError, BAD_ML_DSA, "the desk"),
    Case(
        i.signatures_under_another_name,
        SignatureInvalidError,
        BAD_ED25519,
        "the desk",
        at_a_glance=OTHER_NAME,
    ),
    Case(i.signed_under_small_order_key, SignatureInvalidError, BAD_ML_DSA, "the desk"),
    # The envelope's words, signed by their sender.
    Case(i.format_0, BundleUnsupportedError, "of format version 0;", "the file"),
    Case(i.format_2, BundleUnsupportedError, "of format version 2;", "the file"),
    Case(i.extra_member, BundleFormatError, FOREIGN_MEMBER, "the file"),
    Case(i.extra_member_of_recipient, BundleFormatError, FOREIGN_MEMBER, "the file"),
    Case(i.missing_member, BundleFormatError, "has no member register_head", "the file"),
    Case(i.duplicate_key, BundleFormatError, "the same key twice", "the file"),
    Case(i.needless_space, BundleFormatError, "not in canonical form", "the file"),
    # When, and what was opened before.
    Case(i.expired, BundleExpiredError, "expired on 2027-02-20", "the desk"),
    Case(i.from_the_future, BundleFutureError, "2026-11-22, which is in the future", "the desk"),
    Case(i.clock_set_back, BundleExpiredError, "the clock was set back", "the desk"),
    Case(i.another_under_the_same_id, BundleReplayError, "here on 2026-11-22", "the keys"),
    Case(i.older_of_a_series, BundleOlderError, "the newer bundle 2 was opened", "the keys"),
]


def words(case: Case) -> str:
    return case.forge.__name__.replace("_", " ")


@pytest.mark.parametrize("case", CASES, ids=words)
def test_a_false_bundle_is_refused_by_every_command_that_can_know(
    world: World, face: Face, case: Case, tally: Tally
) -> None:
    scene = Scene(world)
    case.forge(scene)
    reader = {person.name: person for person in (world.ann, world.bob)}[case.reader]
    with pytest.raises(case.error) as caught, reader.verify(scene.path):
        pass
    assert type(caught.value) is case.error
    message = caught.value.message
    assert case.says in message
    assert [one.says for one in CASES if one.says != case.says and one.says in message] == []

    entries = reader.register.entries()
    can_know = list(COMMANDS)[NOTICED_WITH[case.noticed_with] :]
    for command, answer in face.open(reader, scene.path):
        if command not in can_know:
            assert (answer.exit_code == 0) == (not case.at_a_glance), command
            assert case.at_a_glance in answer.printed
            continue
        assert answer.exit_code == case.error.exit_code, command
        assert answer.error == {
            "code": case.error.code,
            "exit_code": case.error.exit_code,
            "hint": caught.value.hint,
            "message": message,
        }
        tally.count("identity", "refusals of false bundles, by six commands")
    refused = reader.register.entries()
    assert refused[: len(entries)] == entries
    check_refusals(refused[len(entries) :], scene.path, case.error.code)
    tally.count("identity", "kinds of false bundles, each refused in words of its own")


def check_refusals(entries: list[Entry], bundle: Path, code: str) -> None:
    """Three commands have recorded that they refused, and nothing but ids."""
    data = bundle.read_bytes()
    assert [entry.event for entry in entries] == ["unpack-refused"] * 3
    for entry in entries:
        ids = dict(entry.details)
        assert ids.pop("reason") == code
        assert set(ids) <= {"bundle_id", "bundle_sha256", "sender"}
        for name, value in ids.items():
            assert re.fullmatch(r"[0-9a-f]{32}" if name == "bundle_id" else r"[0-9a-f]{64}", value)
            assert value.encode() in data


def test_every_exit_code_of_a_false_bundle_is_the_documented_one() -> None:
    codes = {case.error: case.error.exit_code for case in CASES}
    assert {codes.pop(NotForThisIdentityError)} == {40}
    assert {codes.pop(kind) for kind in (BundleFormatError, BundleUnsupportedError)} == {50}
    assert set(codes.values()) == {60}


def test_a_sender_with_a_known_name_and_another_key_is_called_unknown_with_advice(
    world: World, face: Face
) -> None:
    scene = Scene(world)
    impostor.known_name_other_key(scene)
    error = face.run(world.bob, "verify", scene.path).error
    assert "call them first" in error["hint"]
    assert "contact add" in error["hint"]


class TestWhatIsTrue:
    """The neighbours of the cases above that must be accepted."""

    def opened(self, world: World, face: Face, scene: Scene, *options: str) -> list[str]:
        notes: list[str] = []
        for command in ("verify", "release-password", "unpack"):
            words = [*COMMANDS[command], *options]
            output = str(world.folder / "opened")
            places = {"BUNDLE": str(scene.path), "OUTPUT": output}
            answer = face.run(world.bob, *(places.get(word, word) for word in words))
            assert answer.exit_code == 0, answer.printed
            if command == "verify":
                notes = answer.document["notes"]
        assert (world.folder / "opened" / "t.csv").read_bytes() == b"x\n1\n"
        return notes

    def test_the_bundle_itself(self, world: World, face: Face, tally: Tally) -> None:
        assert self.opened(world, face, Scene(world)) == []
        tally.count("identity", "true bundles beside them, accepted")

    def test_the_same_bundle_again_with_the_date_of_the_first_time(
        self, world: World, face: Face, tally: Tally
    ) -> None:
        scene = Scene(world)
        world.bob.unpack(scene.path, world.folder / "first")
        for _ in range(2):
            world.clock.move(days=3)
            world.bob.unpack(scene.path, world.folder / f"{world.clock():%d}")
        notes = self.opened(world, face, scene)
        assert notes == ["This bundle was opened here before, first on 2026-11-22T09:30:00Z."]
        tally.count("identity", "true bundles beside them, accepted")

    @pytest.mark.parametrize("forge", [impostor.older_of_a_series, impostor.sender_retired])
    def test_an_old_one_that_is_expected(
        self, world: World, face: Face, forge: Callable[[Scene], None], tally: Tally
    ) -> None:
        scene = Scene(world)
        forge(scene)
        self.opened(world, face, scene, "--older")
        tally.count("identity", "true bundles beside them, accepted")

    def test_one_that_the_other_recipient_can_still_open(
        self, world: World, face: Face, tally: Tally
    ) -> None:
        scene = Scene(world)
        impostor.two_passwords(scene)
        assert face.run(world.cat, "verify", scene.path).exit_code == 0
        assert face.run(world.bob, "verify", scene.path).exit_code == 60
        tally.count("identity", "true bundles beside them, accepted")

    def test_what_a_recipient_packs_anew_is_from_that_recipient(
        self, world: World, face: Face, tally: Tally
    ) -> None:
        scene = Scene(world)
        scene.path = pack(world.cat, [world.bob], "anew")
        assert face.run(world.bob, "verify", scene.path).document["sender_name"] == "cat"
        self.opened(world, face, scene)
        tally.count("identity", "true bundles beside them, accepted")

    def test_one_to_oneself_is_from_oneself(self, world: World, face: Face, tally: Tally) -> None:
        world.bob.pin(world.bob)
        scene = Scene(world)
        scene.path = pack(world.bob, [world.bob], "to-bob")
        name = face.run(world.bob, "verify", scene.path).document["sender_name"]
        assert name == "bob (this identity)"
        self.opened(world, face, scene)
        tally.count("identity", "true bundles beside them, accepted")

    def test_one_sealed_to_the_readers_former_key(
        self, world: World, face: Face, tally: Tally
    ) -> None:
        scene = Scene(world)
        rotate(world.bob)
        self.opened(world, face, scene)
        tally.count("identity", "true bundles beside them, accepted")

    def test_a_small_order_key_does_not_keep_its_owner_from_signing_in_full(
        self, world: World
    ) -> None:
        # Only the half of ML-DSA-65 is left to them; see the case of a stranger above.
        assert impostor.small_order_card(PrivateKeys.generate()).created_at == START
