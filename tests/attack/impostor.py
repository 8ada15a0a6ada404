"""Bundles that say something false about who sent them, to whom, or when: one function for each.

Each takes a scene: a bundle of `ann` for `bob` and `cat`, which it forges in place or moves aside.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

from securexfer.bundle import layout
from securexfer.bundle.comment import Comment, SignedDigests
from securexfer.bundle.envelope import seal_info
from securexfer.crypto.canonical import encode_canonical
from securexfer.crypto.card import Card, issue_card, read_card
from securexfer.crypto.document import SignedDocument
from securexfer.crypto.framing import length_prefixed
from securexfer.crypto.identity import CARD_VALIDITY, Identity, rotate_identity
from securexfer.crypto.keys import PrivateKeys, encode_base64
from securexfer.crypto.sealing import seal
from securexfer.crypto.signing import Signature, sign
from tests.attack.forge import Forgery, comment_of, resign
from tests.world import START, Person, World, keep_all

RECIPE = keep_all("t", ["x"])
# The neutral element of the curve, as a public key and as the half of a signature that goes with
# it: whatever is said, OpenSSL finds it signed.
SMALL_ORDER = bytes([1]) + bytes(31)
FREE_SIGNATURE = SMALL_ORDER + bytes(32)


class Scene:
    """A world with one bundle on the drive."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.path = pack(world.ann, [world.bob, world.cat], "first")
        self.forgery = Forgery.take_apart(self.path, world.ann.identity.keys)

    def write(self, data: bytes | None = None) -> None:
        """Put other bytes in the bundle's place; without any, what the forgery makes."""
        self.path.write_bytes(self.forgery.assemble() if data is None else data)

    def stanza(self, person: Person) -> dict[str, Any]:
        """The person's entry among the recipients."""
        listed: list[dict[str, Any]] = self.forgery.envelope["recipients"]
        return next(s for s in listed if s["fingerprint"] == person.identity.fingerprint)

    def seal(self, password: bytes, sender: Person, recipient: Person) -> None:
        """Seal another password to a recipient, properly."""
        keys = recipient.identity.keys
        bundle_id = self.forgery.envelope["bundle_id"]
        info = seal_info(bundle_id, sender.identity.fingerprint, keys.fingerprint)
        self.stanza(recipient)["sealed_password"] = encode_base64(seal(password, keys.public, info))

    def sign_as(self, claimed: str, *, ed25519: Signature, ml_dsa_65: Signature) -> None:
        """Replace the signature block: whom it names, and whose halves it holds."""
        data = self.path.read_bytes()
        halves = Signature(ed25519.ed25519, ml_dsa_65.ml_dsa_65)
        digests = replace(comment_of(data).claimed, sender=claimed)
        self.write(data[: -layout.COMMENT_BYTES] + Comment(digests, halves).encode())

    def signature_by(self, keys: PrivateKeys, claimed: str = "") -> Signature:
        """Somebody's signature over these bytes, naming somebody else as the sender if told."""
        digests: SignedDigests = comment_of(self.path.read_bytes()).claimed
        payload = replace(digests, sender=claimed or keys.fingerprint).payload()
        return sign(keys, "bundle", payload)

    def drop_line(self, line: int) -> None:
        """Leave a line of the signature block empty."""
        data = self.path.read_bytes()
        lines = data[-layout.COMMENT_BYTES :].split(b"\n")
        lines[line] = b""
        comment = b"\n".join(lines)[:-1].ljust(layout.COMMENT_BYTES - 1, b" ") + b"\n"
        self.write(data[: -layout.COMMENT_BYTES] + comment)


def pack(sender: Person, recipients: list[Person], folder: str) -> Path:
    """A bundle in a folder of its own."""
    place = sender.home.parent / "drive" / folder
    place.mkdir()
    return sender.pack({"t": b"x\n1\n"}, RECIPE, recipients, place).path


def rotate(person: Person) -> Identity:
    """New keys for a person, whom `bob` pins in place of the old; returns the old."""
    before = person.identity
    person.identity = rotate_identity(before, rotated_at=person.clock())
    return before


# -- who may open it ----------------------------------------------------------------------------


def for_somebody_else(scene: Scene) -> None:
    scene.path = pack(scene.world.ann, [scene.world.cat], "for-cat")


def reader_removed(scene: Scene) -> None:
    scene.forgery.envelope["recipients"].remove(scene.stanza(scene.world.bob))
    scene.write()


def reader_removed_by_meddler(scene: Scene) -> None:
    signatures = scene.path.read_bytes()[-layout.COMMENT_BYTES :]
    reader_removed(scene)
    scene.write(scene.path.read_bytes()[: -layout.COMMENT_BYTES] + signatures)


def other_reader_removed(scene: Scene) -> None:
    scene.forgery.envelope["recipients"].remove(scene.stanza(scene.world.cat))
    scene.write()


def reader_added(scene: Scene) -> None:
    stanza = {**scene.stanza(scene.world.cat), "fingerprint": scene.world.eve.identity.fingerprint}
    scene.forgery.envelope["recipients"].append(stanza)
    scene.write()


def reader_twice(scene: Scene) -> None:
    scene.forgery.envelope["recipients"].append(scene.stanza(scene.world.bob))
    scene.write()


def stanzas_swapped(scene: Scene) -> None:
    bob, cat = scene.stanza(scene.world.bob), scene.stanza(scene.world.cat)
    sealed = bob["sealed_password"], cat["sealed_password"]
    cat["sealed_password"], bob["sealed_password"] = sealed
    scene.write()


def stanzas_of_another_bundle(scene: Scene) -> None:
    world = scene.world
    other = pack(world.ann, [world.bob, world.cat], "other")
    donor = Forgery.take_apart(other, world.ann.identity.keys)
    scene.forgery.envelope["recipients"] = donor.envelope["recipients"]
    scene.write()


def another_bundle_id(scene: Scene) -> None:
    scene.forgery.envelope["bundle_id"] = "0" * 32
    scene.write()


def two_passwords(scene: Scene) -> None:
    scene.seal(b"x" * 43, scene.world.ann, scene.world.bob)
    scene.write()


def password_of_another_length(scene: Scene) -> None:
    scene.seal(b"x" * 44, scene.world.ann, scene.world.bob)
    scene.write()


# -- who sent it --------------------------------------------------------------------------------


def unknown_sender(scene: Scene) -> None:
    scene.world.eve.pin(scene.world.bob)
    scene.path = pack(scene.world.eve, [scene.world.bob], "from-eve")


def known_name_other_key(scene: Scene) -> None:
    false = Person(scene.world.folder / "elsewhere", "ann", scene.world.clock)
    false.pin(scene.world.bob)
    false.home.parent.mkdir(exist_ok=True)
    (false.home.parent / "drive").mkdir()
    scene.path = pack(false, [scene.world.bob], "from-false-ann")


def re_signed_by_stranger(scene: Scene) -> None:
    scene.write(resign(scene.path.read_bytes(), scene.world.eve.identity.keys))


def re_signed_by_contact(scene: Scene) -> None:
    scene.write(resign(scene.path.read_bytes(), scene.world.cat.identity.keys))


def passed_on_as_is(scene: Scene) -> None:
    cat = scene.world.cat.identity
    scene.forgery.keys = cat.keys
    scene.forgery.envelope["sender"] = cat.fingerprint
    scene.write()


def passed_on_sealed_anew(scene: Scene) -> None:
    world = scene.world
    with world.cat.verify(scene.path) as verified:
        password = verified.inside.password.encode()
    for reader in (world.bob, world.cat):
        scene.seal(password, world.cat, reader)
    passed_on_as_is(scene)


def expiry_put_off(scene: Scene) -> None:
    scene.forgery.envelope["expires_at"] = "2030-01-01T00:00:00Z"
    scene.write()


def own_bundle(scene: Scene) -> None:
    """As it is; opened by its sender."""


# -- signatures ---------------------------------------------------------------------------------


def no_ed25519(scene: Scene) -> None:
    scene.drop_line(4)


def no_ml_dsa_65(scene: Scene) -> None:
    scene.drop_line(5)


def mix(scene: Scene, *, claimed: Person, ed25519: Person, ml_dsa_65: Person) -> None:
    """Halves by two people, each over exactly what the block says."""
    whom = claimed.identity.fingerprint
    scene.sign_as(
        whom,
        ed25519=scene.signature_by(ed25519.identity.keys, whom),
        ml_dsa_65=scene.signature_by(ml_dsa_65.identity.keys, whom),
    )


def wrong_ed25519(scene: Scene) -> None:
    world = scene.world
    mix(scene, claimed=world.ann, ed25519=world.eve, ml_dsa_65=world.ann)


def wrong_ml_dsa_65(scene: Scene) -> None:
    world = scene.world
    mix(scene, claimed=world.ann, ed25519=world.ann, ml_dsa_65=world.eve)


def ed25519_of_a_contact(scene: Scene) -> None:
    world = scene.world
    mix(scene, claimed=world.ann, ed25519=world.cat, ml_dsa_65=world.ann)


def ml_dsa_65_of_a_contact(scene: Scene) -> None:
    world = scene.world
    mix(scene, claimed=world.ann, ed25519=world.ann, ml_dsa_65=world.cat)


def signatures_under_another_name(scene: Scene) -> None:
    whole = comment_of(scene.path.read_bytes()).signature
    scene.sign_as(scene.world.cat.identity.fingerprint, ed25519=whole, ml_dsa_65=whole)


def small_order_card(keys: PrivateKeys) -> Card:
    """A card whose Ed25519 half anybody can sign for; its owner has the other keys."""
    honest = issue_card(
        keys,
        name="Mallory",
        organisation="",
        email="",
        created_at=START,
        expires_at=START + CARD_VALIDITY,
    )
    public = replace(keys.public, ed25519=SMALL_ORDER)
    text = encode_canonical({**honest.document.claimed(), "keys": public.encode()})
    message = length_prefixed("securexfer/1/card", public.fingerprint, text)
    half = MLDSA65PrivateKey.from_seed_bytes(keys.ml_dsa_65).sign(message)
    signatures = {("card", public.fingerprint): Signature(FREE_SIGNATURE, half)}
    return read_card(SignedDocument(text, signatures).encode())


def signed_under_small_order_key(scene: Scene) -> None:
    card = small_order_card(PrivateKeys.generate())
    scene.world.bob.contacts.pin(card, "mallory", pinned_at=START)
    scene.forgery.envelope["sender"] = card.fingerprint
    scene.write()
    by_eve = scene.signature_by(scene.world.eve.identity.keys, card.fingerprint)
    free = Signature(FREE_SIGNATURE, by_eve.ml_dsa_65)
    scene.sign_as(card.fingerprint, ed25519=free, ml_dsa_65=by_eve)


# -- the envelope's words -----------------------------------------------------------------------


def format_0(scene: Scene) -> None:
    scene.forgery.envelope["format"] = 0
    scene.write()


def format_2(scene: Scene) -> None:
    scene.forgery.envelope["format"] = 2
    scene.write()


def extra_member(scene: Scene) -> None:
    scene.forgery.envelope["trusted"] = "yes"
    scene.write()


def extra_member_of_recipient(scene: Scene) -> None:
    scene.stanza(scene.world.bob)["trusted"] = "yes"
    scene.write()


def missing_member(scene: Scene) -> None:
    del scene.forgery.envelope["register_head"]
    scene.write()


def duplicate_key(scene: Scene) -> None:
    sender = scene.world.cat.identity.fingerprint.encode()
    scene.forgery.edit_envelope_bytes = lambda data: data.replace(
        b'"sender":', b'"sender":"' + sender + b'","sender":', 1
    )
    scene.write()


def needless_space(scene: Scene) -> None:
    scene.forgery.edit_envelope_bytes = lambda data: data.replace(b'"sender":', b'"sender": ', 1)
    scene.write()


# -- time and history ---------------------------------------------------------------------------


def expired(scene: Scene) -> None:
    scene.world.clock.move(days=90, seconds=1)


def from_the_future(scene: Scene) -> None:
    scene.world.clock.move(days=-1, seconds=-1)


def clock_set_back(scene: Scene) -> None:
    world = scene.world
    world.clock.move(days=100)
    world.bob.register.append(world.bob.identity, "drill", {}, world.clock())
    world.clock.move(days=-50)


def another_under_the_same_id(scene: Scene) -> None:
    scene.world.bob.unpack(scene.path, scene.world.folder / "opened-before")
    scene.forgery.envelope["register_head"] = "1" * 64
    scene.write()


def older_of_a_series(scene: Scene) -> None:
    world = scene.world
    newer = pack(world.ann, [world.bob, world.cat], "newer")
    world.bob.unpack(newer, world.folder / "opened-before")


def sender_retired(scene: Scene) -> None:
    world = scene.world
    world.clock.move(days=1)
    rotate(world.ann)
    world.bob.contacts.pin(
        world.ann.identity.card, "", pinned_at=world.clock(), replaces=world.ann.name
    )


def signed_after_retirement(scene: Scene) -> None:
    sender_retired(scene)
    scene.forgery.envelope["created_at"] = "2026-11-24T00:00:00Z"
    scene.write()
