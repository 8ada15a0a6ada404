"""Bundles that a malicious forwarder passes on: one function for each.

`ann` packed for `bob`, who forwarded to `cat`, who forwards to `dan`. All have pinned each other,
and nobody has pinned `eve`. `cat` has the password and her own keys, and those of others where a
case says so.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from securexfer.bundle import layout
from securexfer.bundle.comment import SignedDigests, decode_comment, sign_comment
from securexfer.bundle.envelope import commit_password, seal_password
from securexfer.bundle.padding import padme
from securexfer.bundle.provenance import LEAST_BYTES
from securexfer.bundle.writer import BundleWriter
from securexfer.crypto.canonical import encode_canonical
from securexfer.crypto.keys import PrivateKeys, encode_base64
from securexfer.crypto.signing import sign
from tests.attack.forge import Forgery
from tests.attack.impostor import rotate
from tests.world import Person, World, allow_forwarding, recipe_text

KEEP = '{ action = "keep" }'
TABLES = {"a": b"x\n1\n", "b": b"y\n2\n"}
RECIPE = allow_forwarding(recipe_text({"a": {"x": KEEP}, "b": {"y": KEEP}}))
Hops = list[dict[str, str]]


class Forwarded:
    """A world with one bundle that went through two pairs of hands, and its pieces."""

    def __init__(self, world: World, *, recipe: str = RECIPE) -> None:
        self.world = world
        self.dan = Person(world.folder, "dan", world.clock)
        for one in (world.ann, world.bob, world.cat):
            one.pin(self.dan)
            self.dan.pin(one)
        self.cat = world.cat.identity
        self.path = self.pass_on(recipe)
        self.forgery = Forgery.take_apart(self.path, self.cat.keys)
        with self.dan.verify(self.path) as verified:
            inside = verified.inside
            self.password = inside.password
            self.manifest: dict[str, Any] = inside.manifest.descriptor()
            self.hops: Hops = [hop.encode() for hop in inside.chain[:-1]]

    def pass_on(self, recipe: str = RECIPE, name: str = "first") -> Path:
        """From `ann` through `bob` and `cat` to `dan`."""
        world, folder = self.world, self.world.drive / name
        folder.mkdir()
        path = world.ann.pack(TABLES, recipe, [world.bob], folder / "0.zip").path
        path = world.bob.forward(path, [world.cat], folder / "1.zip").path
        return world.cat.forward(path, [self.dan], folder / "2.zip").path

    # -- its pieces ------------------------------------------------------------------------------

    def encrypted(self, name: str, content: bytes) -> bytes:
        """A member's bytes, under the bundle's password."""
        memory = io.BytesIO()
        writer = BundleWriter(memory, self.password)
        writer.add(name, content)
        writer.abandon()
        return memory.getvalue()

    def put(self, name: str, content: bytes, *, at: int | None = None) -> None:
        """Replace a member, or insert one."""
        raw = self.encrypted(name, content)
        if at is None:
            self.forgery.raw[self.forgery.names.index(name)] = raw
        else:
            self.forgery.names.insert(at, name)
            self.forgery.raw.insert(at, raw)

    def drop(self, name: str) -> None:
        """Leave a member out."""
        at = self.forgery.names.index(name)
        del self.forgery.names[at], self.forgery.raw[at]

    def write(self, *, hops: Any = None) -> None:
        """Put the forged bundle in the place of the true one."""
        if layout.PROVENANCE in self.forgery.names:
            value = {"hops": self.hops if hops is None else hops, "securexfer_provenance": 1}
            text = encode_canonical(value)
            self.put(layout.PROVENANCE, text.ljust(padme(max(len(text), LEAST_BYTES))))
        self.path.write_bytes(self.forgery.assemble())

    def edit_hop(
        self, number: int, edit: Callable[[dict[str, Any]], Any], keys: PrivateKeys | None = None
    ) -> None:
        """Change a hop's envelope, and sign it with these keys if there are any."""
        hop = self.hops[number]
        envelope = json.loads(hop["envelope"])
        edit(envelope)
        hop["envelope"] = encode_canonical(envelope).decode()
        if keys is not None:
            self.sign_hop(number, keys)

    def sign_hop(self, number: int, keys: PrivateKeys, claimed: str = "") -> None:
        """Sign a hop as somebody, in somebody's name."""
        hop = self.hops[number]
        was = decode_comment(hop["comment"].encode()).claimed
        digest = hashlib.sha256(hop["envelope"].encode()).hexdigest()
        digests = SignedDigests(claimed or keys.fingerprint, digest, was.bundle_sha256)
        comment = sign_comment(digests, keys)
        if claimed:
            signature = sign(keys, "bundle", digests.payload())
            comment = type(comment)(digests, signature)
        hop["comment"] = comment.encode().decode()

    def reseal(self, envelope: dict[str, Any], sender: Person, *recipients: Person) -> None:
        """Seal a hop's password to other people."""
        listed = {one.identity.fingerprint: one.identity.keys.public for one in recipients}
        fingerprint = sender.identity.fingerprint
        sealed = seal_password(self.password, envelope["bundle_id"], fingerprint, listed)
        envelope["recipients"] = [one.model_dump() for one in sealed]


# -- what is handed on --------------------------------------------------------------------------


def invented_table(scene: Forwarded) -> None:
    scene.put("tables/0003.csv.gz", b"\x1f\x8b\x08", at=3)
    scene.write()


def another_table(scene: Forwarded) -> None:
    scene.put("tables/0001.csv.gz", b"\x1f\x8b\x08")
    scene.write()


def table_encrypted_anew(scene: Forwarded) -> None:
    """The same content: not one bit of what comes out would differ."""
    with scene.dan.verify(scene.path) as verified:
        table = verified.manifest.tables[0]
        with verified.inside.compressed(table) as stream:
            content = stream.read()
    scene.put("tables/0001.csv.gz", content)
    scene.write()


def table_left_out(scene: Forwarded) -> None:
    scene.drop("tables/0002.csv.gz")
    scene.write()


def tables_swapped(scene: Forwarded) -> None:
    raw = scene.forgery.raw
    raw[1], raw[2] = (
        raw[i].replace(b"tables/000%d" % i, b"tables/000%d" % (3 - i)) for i in (2, 1)
    )
    scene.write()


def another_manifest(scene: Forwarded) -> None:
    scene.manifest["securexfer"]["agreement"]["purpose"] = "whatever"
    scene.put(layout.MANIFEST, encode_canonical(scene.manifest))
    scene.write()


# -- who and until when -------------------------------------------------------------------------


def hop_left_out(scene: Forwarded) -> None:
    """`cat` hides that she had it from `bob`: but `ann` never sealed it to her."""
    del scene.hops[1]
    scene.write()


def hop_of_a_stranger(scene: Forwarded) -> None:
    """`cat` says that she had it from `eve`, who was never given it."""
    world, eve = scene.world, scene.world.eve

    def edit(envelope: dict[str, Any]) -> None:
        envelope["sender"] = eve.identity.fingerprint
        scene.reseal(envelope, eve, world.cat)

    scene.edit_hop(1, edit, eve.identity.keys)
    scene.write()


def longer(scene: Forwarded) -> None:
    scene.forgery.envelope["expires_at"] = "2027-02-20T09:30:01Z"
    scene.write()


def longer_by_two(scene: Forwarded) -> None:
    """`bob` and `cat` do it together."""
    bob = scene.world.bob.identity
    scene.edit_hop(1, lambda e: e.update(expires_at="2030-01-01T00:00:00Z"), bob.keys)
    scene.forgery.envelope["expires_at"] = "2030-01-01T00:00:00Z"
    scene.write()


def nine_hops(scene: Forwarded) -> None:
    """`bob` and `cat` pass it to and fro."""
    world = scene.world
    for number in range(7):
        sender, other = (world.cat, world.bob) if number % 2 == 0 else (world.bob, world.cat)
        hop = dict(scene.hops[1])
        envelope = json.loads(hop["envelope"])
        bundle_id = f"{number:032x}"
        envelope |= {
            "bundle_id": bundle_id,
            "sender": sender.identity.fingerprint,
            "password_commitment": commit_password(bundle_id, scene.password),
        }
        scene.reseal(envelope, sender, world.cat, other)
        hop["envelope"] = encode_canonical(envelope).decode()
        scene.hops.append(hop)
        scene.sign_hop(len(scene.hops) - 1, sender.identity.keys)
    assert len(scene.hops) == 9
    scene.write()


def forbidden(scene: Forwarded) -> None:
    """`ann` did not allow it, and `bob` and `cat` have other programs."""
    world, bob = scene.world, scene.world.bob
    folder = world.drive / "forbidden"
    folder.mkdir()
    recipe = RECIPE.replace('forwarding = "yes"', 'forwarding = "no"')
    path = world.ann.pack(TABLES, recipe, [bob], folder / "0.zip").path
    with bob.verify(path) as verified:
        scene.password = verified.inside.password
        hop = verified.inside.chain[0].encode()
    direct = Forgery.take_apart(path, bob.identity.keys)
    scene.forgery = direct
    scene.hops = [hop]
    scene.put(layout.PROVENANCE, b"", at=3)
    bundle_id = "f" * 32
    direct.envelope |= {
        "bundle_id": bundle_id,
        "sender": bob.identity.fingerprint,
        "password_commitment": commit_password(bundle_id, scene.password),
    }
    scene.reseal(direct.envelope, bob, scene.dan)
    scene.write()


# -- the provenance -----------------------------------------------------------------------------


def provenance_of_another_bundle(scene: Forwarded) -> None:
    other = scene.pass_on(name="other")
    with scene.dan.verify(other) as verified:
        scene.hops = [hop.encode() for hop in verified.inside.chain[:-1]]
    scene.write()


def origin_of_another_bundle(scene: Forwarded) -> None:
    other = scene.pass_on(name="other")
    with scene.dan.verify(other) as verified:
        scene.hops[0] = verified.inside.chain[0].encode()
    scene.write()


def no_provenance(scene: Forwarded) -> None:
    scene.drop(layout.PROVENANCE)
    scene.write()


def provenance_where_none_belongs(scene: Forwarded) -> None:
    """`cat` packs something of her own and says that it came from `ann`."""
    world = scene.world
    folder = world.drive / "own"
    folder.mkdir()
    path = world.cat.pack(TABLES, RECIPE, [scene.dan], folder / "own.zip").path
    scene.forgery = Forgery.take_apart(path, scene.cat.keys)
    with scene.dan.verify(path) as verified:
        scene.password = verified.inside.password
    scene.put(layout.PROVENANCE, b"", at=3)
    scene.write()


def signature_missing(scene: Forwarded) -> None:
    lines = scene.hops[0]["comment"].split("\n")
    lines[5] = ""
    scene.hops[0]["comment"] = "\n".join(lines)[:-1].ljust(layout.COMMENT_BYTES - 1) + "\n"
    scene.write()


def signed_in_anothers_name(scene: Forwarded) -> None:
    scene.sign_hop(0, scene.cat.keys, scene.world.ann.identity.fingerprint)
    scene.write()


def envelope_altered(scene: Forwarded) -> None:
    scene.edit_hop(0, lambda e: e.update(created_at="2026-11-22T09:30:01Z"))
    scene.write()


def hop_altered_and_signed_by_the_forwarder(scene: Forwarded) -> None:
    scene.edit_hop(0, lambda e: e.update(created_at="2026-11-22T09:30:01Z"), scene.cat.keys)
    scene.write()


def origin_claimed(scene: Forwarded) -> None:
    """`cat` says that she packed it, and forwards to `dan` what she had from herself."""
    world = scene.world

    def edit(envelope: dict[str, Any]) -> None:
        envelope["sender"] = scene.cat.fingerprint
        scene.reseal(envelope, world.cat, world.cat)

    scene.edit_hop(0, edit, scene.cat.keys)
    del scene.hops[1]
    scene.write()


def commitment_under_another_id(scene: Forwarded) -> None:
    """`bob` helps."""
    other = commit_password("0" * 32, scene.password)
    scene.edit_hop(1, lambda e: e.update(password_commitment=other), scene.world.bob.identity.keys)
    scene.write()


def hop_twice(scene: Forwarded) -> None:
    """To look like a longer way; `bob` was a recipient of his own."""
    bob = scene.world.bob

    def edit(envelope: dict[str, Any]) -> None:
        scene.reseal(envelope, bob, bob, scene.world.cat)

    scene.edit_hop(1, edit, bob.identity.keys)
    scene.hops.append(scene.hops[1])
    scene.write()


def hops_reversed(scene: Forwarded) -> None:
    scene.hops.reverse()
    scene.write()


def member_unknown(scene: Forwarded) -> None:
    scene.hops[1]["name"] = "bob"
    scene.write()


def former_key_of_the_origin(scene: Forwarded) -> None:
    """`ann` has rotated since; whoever stole the old key can write any date."""
    world = scene.world
    world.clock.move(days=1)
    rotate(world.ann)
    scene.dan.contacts.pin(world.ann.identity.card, "ann", pinned_at=world.clock(), replaces="ann")


def sealed_by_nobody(scene: Forwarded) -> None:
    """Zeros in the place of what `bob` sealed: what was for others says nothing."""
    bob = scene.world.bob.identity

    def edit(envelope: dict[str, Any]) -> None:
        envelope["recipients"][0]["sealed_password"] = encode_base64(bytes(1179))

    scene.edit_hop(1, edit, bob.keys)
    scene.write()
