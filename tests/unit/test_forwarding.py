"""Forwarding: what is made."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from securexfer.bundle import layout
from securexfer.carrier import PartialFile
from securexfer.errors import (
    NotForThisIdentityError,
)
from securexfer.instant import format_instant
from tests.unit.forwards import EXTRACT, KEEP, away, events, pack
from tests.world import START, World, allow_forwarding, keep_all, recipe_text


class TestWhatIsMade:
    def test_the_colleague_gets_what_was_packed(self, world: World) -> None:
        recipe = allow_forwarding(recipe_text({"a": {"x": KEEP}, "b": {"y": KEEP}}))
        tables = {"a": b"x\n1\n", "b": b"y\n2\n"}
        path = world.ann.pack(tables, recipe, [world.bob], world.drive, found_contact="999").path
        world.clock.move(days=3)
        result = world.bob.forward(path, [world.cat], away(world))
        world.cat.unpack(result.path, world.folder / "out")
        assert (world.folder / "out" / "a.csv").read_bytes() == tables["a"]
        assert (world.folder / "out" / "b.csv").read_bytes() == tables["b"]
        with world.bob.verify(path) as before, world.cat.verify(result.path) as after:
            assert after.manifest == before.manifest
            assert after.inside.password == before.inside.password
            assert after.inside.outside.read_me == before.inside.outside.read_me
            assert "999" in after.inside.outside.read_me
            assert after.envelope == result.envelope
            assert after.envelope.bundle_id != before.envelope.bundle_id
            assert after.envelope.created == START + timedelta(days=3)
            assert after.envelope.expires == before.envelope.expires
            assert after.notes == (
                f"This bundle was opened here before, first on {format_instant(world.clock())}.",
            )

    def test_members_keep_their_bytes_and_only_the_last_ones_move(self, world: World) -> None:
        path = pack(world)
        result = world.bob.forward(path, [world.cat], away(world))
        old, new = path.read_bytes(), result.path.read_bytes()
        with world.bob.verify(path) as verified:
            before = {m.name: m for m in verified.envelope.members}
        for member in result.envelope.members:
            raw = new[member.offset : member.offset + member.length]
            assert hashlib.sha256(raw).hexdigest() == member.sha256
            if member.name != layout.PROVENANCE:
                was = before[member.name]
                assert raw == old[was.offset : was.offset + was.length]
                assert (member.offset == was.offset) == (member.name != layout.MANIFEST)
        assert [m.name for m in result.envelope.members] == [
            layout.READ_ME,
            "tables/0001.csv.gz",
            layout.PROVENANCE,
            layout.MANIFEST,
        ]
        assert result.n_bytes == len(new)
        assert result.bundle_sha256 == hashlib.sha256(new[: -layout.COMMENT_BYTES]).hexdigest()

    def test_it_can_be_forwarded_again_and_again(self, world: World) -> None:
        path = pack(world)
        for number in range(3):
            here, there = (world.bob, world.cat) if number % 2 == 0 else (world.cat, world.bob)
            path = here.forward(path, [there], away(world)).path
        with world.cat.verify(path) as verified:
            names = [hop.sender_name for hop in verified.inside.chain]
            assert names == ["ann", "bob", "cat (this identity)", "bob"]
        world.cat.unpack(path, world.folder / "out")
        assert (world.folder / "out" / "t.csv").read_bytes() == EXTRACT

    def test_a_large_one_is_copied_a_few_blocks_at_a_time(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cells = "\n".join(
            hashlib.shake_256(bytes([i % 256, i // 256])).hexdigest(500) for i in range(14_000)
        )
        recipe = allow_forwarding(
            keep_all("t", ["x"], before='[limits]\nresidual = "off"\ngate_reason = "noise"')
        )
        extract = f"x\n{cells}\n".encode()
        path = world.ann.pack({"t": extract}, recipe, [world.bob], world.drive).path
        assert path.stat().st_size > 6 * 2**20
        pieces: list[int] = []
        honest = PartialFile._store

        def listen(file: PartialFile, data: bytes) -> None:
            if file.target.suffix == ".zip":
                pieces.append(len(data))
            honest(file, data)

        monkeypatch.setattr(PartialFile, "_store", listen)
        result = world.bob.forward(path, [world.cat], away(world))
        assert max(pieces) == 4 * 2**20
        assert sum(pieces) == result.n_bytes
        world.cat.unpack(result.path, world.folder / "out")
        assert (world.folder / "out" / "t.csv").read_bytes() == extract

    def test_it_is_sealed_to_each_recipient_and_to_nobody_else(self, world: World) -> None:
        path = pack(world)
        result = world.bob.forward(path, [world.cat, world.ann], away(world))
        listed = [one.fingerprint for one in result.envelope.recipients]
        assert listed == sorted(p.identity.fingerprint for p in (world.ann, world.cat))
        for person in (world.cat, world.ann):
            with person.verify(result.path):
                pass
        with pytest.raises(NotForThisIdentityError), world.bob.verify(result.path):
            pass

    def test_a_neutral_name_in_a_folder_or_the_name_that_was_given(self, world: World) -> None:
        path = pack(world)
        result = world.bob.forward(path, [world.cat], away(world))
        assert result.path.name == f"sx-{result.envelope.bundle_id[:12]}.sxfer.zip"
        named = world.bob.forward(path, [world.cat], away(world) / "mine.zip")
        assert named.path == away(world) / "mine.zip"
        assert len(list(away(world).iterdir())) == 2

    def test_the_register_knows_what_is_on_it_and_where_it_came_from(self, world: World) -> None:
        path = pack(world)
        result = world.bob.forward(path, [world.cat], away(world))
        with world.bob.verify(path) as verified:
            manifest, envelope = verified.manifest, verified.envelope
            digest = verified.inside.outside.claimed.bundle_sha256
        record = manifest.model_dump(exclude_none=True)
        assert dict(result.entry.details) == {
            **{
                name: record[name]
                for name in (
                    "agreement",
                    "forwarding",
                    "gates",
                    "linkage",
                    "recipe_sha256",
                    "sequence",
                    "tables",
                    "tool",
                )
            },
            "bundle_id": result.envelope.bundle_id,
            "bundle_sha256": result.bundle_sha256,
            "carrier": result.carrier.identify(),
            "created_at": result.envelope.created_at,
            "expires_at": result.envelope.expires_at,
            "file_name": result.path.name,
            "file_sha256": hashlib.sha256(result.path.read_bytes()).hexdigest(),
            "forwarders": [],
            "n_bytes": result.n_bytes,
            "origin_bundle_id": envelope.bundle_id,
            "origin_bundle_sha256": digest,
            "origin_recipients": [world.bob.identity.fingerprint],
            "origin_sender": world.ann.identity.fingerprint,
            "origin_verified": "yes",
            "previous_bundle_id": envelope.bundle_id,
            "previous_bundle_sha256": digest,
            "previous_sender": world.ann.identity.fingerprint,
            "recipient_names": ["cat"],
            "recipients": [world.cat.identity.fingerprint],
        }
        assert result.entry.event == "forwarded"
        assert events(world.bob) == ["forwarded"]
        again = world.cat.forward(result.path, [world.bob], away(world)).entry.details
        assert again["forwarders"] == [world.bob.identity.fingerprint]
        assert again["origin_bundle_id"] == envelope.bundle_id
        assert again["previous_bundle_id"] == result.envelope.bundle_id
        assert again["previous_sender"] == world.bob.identity.fingerprint

    def test_the_envelope_carries_the_registers_head(self, world: World) -> None:
        path = pack(world)
        first = world.bob.forward(path, [world.cat], away(world))
        second = world.bob.forward(path, [world.cat], away(world))
        assert first.envelope.register_head == "0" * 64
        assert second.envelope.register_head == first.entry.sha256

    def test_days_make_it_shorter(self, world: World) -> None:
        path = pack(world)
        world.clock.move(days=10)
        for days in (1, 79, 80):
            result = world.bob.forward(path, [world.cat], away(world), days=days)
            assert result.envelope.expires == world.clock() + timedelta(days=days)
            with world.cat.verify(result.path):
                pass
