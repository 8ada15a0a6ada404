"""What a pinned but malicious sender, a co-recipient or a stranger can build is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securexfer.bundle import file as bundle_file
from securexfer.bundle import layout
from securexfer.bundle.comment import Comment
from securexfer.bundle.envelope import seal_info
from securexfer.crypto.keys import encode_base64
from securexfer.crypto.sealing import seal
from securexfer.crypto.signing import Signature
from securexfer.errors import (
    BundleAlteredError,
    BundleFormatError,
    BundleUnsupportedError,
    ManifestMismatchError,
    NotForThisIdentityError,
    PasswordMismatchError,
    ProvenanceError,
    SecurexferError,
    SenderUnknownError,
    SignatureInvalidError,
    VerificationError,
)
from tests.attack.forge import Forgery, clear_member, comment_of, nothing_decrypted, resign
from tests.world import World, csv_bytes, keep_all, recipe_text

KEEP = '{ action = "keep" }'


@pytest.fixture
def bundle(world: World) -> Path:
    """A small bundle of two tables for two recipients."""
    recipe = recipe_text({"a": {"x": KEEP}, "b": {"y": KEEP}})
    tables = {"a": csv_bytes([["x"], ["one"]]), "b": csv_bytes([["y"], ["two"]])}
    return world.ann.pack(tables, recipe, [world.bob, world.cat], world.drive).path


@pytest.fixture
def forgery(world: World, bundle: Path) -> Forgery:
    return Forgery.take_apart(bundle, world.ann.identity.keys)


def refuse(
    world: World,
    bundle: Path,
    data: bytes,
    expected: type[SecurexferError],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle.write_bytes(data)
    with nothing_decrypted(monkeypatch), pytest.raises(expected), world.bob.verify(bundle):
        pass


def test_the_workshop_reproduces_a_bundle_to_the_byte(bundle: Path, forgery: Forgery) -> None:
    data = bundle.read_bytes()
    assert forgery.assemble()[: -layout.COMMENT_BYTES] == data[: -layout.COMMENT_BYTES]


def test_a_re_signed_true_copy_is_accepted(world: World, bundle: Path, forgery: Forgery) -> None:
    bundle.write_bytes(forgery.assemble())
    with world.bob.verify(bundle) as verified:
        assert verified.sender.name == "ann"


class TestWithTheSendersKeys:
    """The layout is refused although every signature is valid."""

    def test_an_added_clear_member(
        self, world: World, bundle: Path, forgery: Forgery, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forgery.names.insert(1, "note.txt")
        forgery.raw.insert(1, clear_member("note.txt", b"plaintext" * 10))
        refuse(world, bundle, forgery.assemble(), BundleFormatError, monkeypatch)

    def test_a_clear_member_under_an_encrypted_members_name(
        self, world: World, bundle: Path, forgery: Forgery, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forgery.raw[1] = clear_member("tables/0001.csv.gz", b"plaintext" * 10)
        refuse(world, bundle, forgery.assemble(), BundleFormatError, monkeypatch)

    def test_two_swapped_members(
        self, world: World, bundle: Path, forgery: Forgery, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forgery.raw[1], forgery.raw[2] = forgery.raw[2], forgery.raw[1]
        refuse(world, bundle, forgery.assemble(), BundleFormatError, monkeypatch)

    def test_two_swapped_names(
        self, world: World, bundle: Path, forgery: Forgery, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forgery.names[1], forgery.names[2] = forgery.names[2], forgery.names[1]
        forgery.raw[1], forgery.raw[2] = forgery.raw[2], forgery.raw[1]
        refuse(world, bundle, forgery.assemble(), BundleFormatError, monkeypatch)

    @pytest.mark.parametrize("index", range(4))
    def test_a_dropped_member(
        self,
        world: World,
        bundle: Path,
        forgery: Forgery,
        index: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        del forgery.names[index], forgery.raw[index]
        bundle.write_bytes(forgery.assemble())
        # Without a table the outside is still well-formed; the manifest inside says otherwise.
        expected = ManifestMismatchError if index == 2 else BundleFormatError
        with pytest.raises(expected), world.bob.verify(bundle):
            pass

    def test_every_byte_of_the_directory_counts(
        self, world: World, bundle: Path, forgery: Forgery, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        length = len(forgery.assemble()) - layout.COMMENT_BYTES
        start = length - 500
        data = forgery.assemble()
        for offset in range(start, length):
            edited = bytearray(data)
            edited[offset] ^= 0x55
            bundle.write_bytes(resign(bytes(edited), world.ann.identity.keys))
            with (
                nothing_decrypted(monkeypatch),
                pytest.raises((BundleFormatError, VerificationError)),
                world.bob.verify(bundle),
            ):
                pass

    def test_every_byte_of_every_local_header_and_descriptor_counts(
        self, world: World, bundle: Path, forgery: Forgery, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for index in range(len(forgery.raw)):
            whole = forgery.raw[index]
            header = len(layout.local_header(forgery.names[index]))
            for offset in [*range(header), *range(len(whole) - 24, len(whole))]:
                edited = bytearray(whole)
                edited[offset] ^= 0x55
                forgery.raw[index] = bytes(edited)
                refuse(world, bundle, forgery.assemble(), BundleFormatError, monkeypatch)
            forgery.raw[index] = whole

    def test_a_gap_between_members(
        self, world: World, bundle: Path, forgery: Forgery, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        forgery.raw[1] += bytes(8)
        refuse(world, bundle, forgery.assemble(), BundleFormatError, monkeypatch)

    @pytest.mark.parametrize(
        ("edit", "expected"),
        [
            (lambda e: e.update(format=0), BundleUnsupportedError),
            (lambda e: e.update(format=2), BundleUnsupportedError),
            (lambda e: e.update(extra="x"), BundleFormatError),
            (lambda e: e.pop("register_head"), BundleFormatError),
            (lambda e: e.update(recipients=[]), BundleFormatError),
            (lambda e: e["recipients"].append(e["recipients"][0]), BundleFormatError),
            (lambda e: e.update(bundle_id="../../etc"), BundleFormatError),
            (lambda e: e.update(created_at="2026-11-22 09:30:00"), BundleFormatError),
            (lambda e: e.update(created_at="2026-13-22T09:30:00Z"), BundleFormatError),
            (lambda e: e.update(expires_at="2026-01-01T00:00:00Z"), BundleFormatError),
            (lambda e: e["members"][1].update(offset=0), BundleFormatError),
            (lambda e: e["members"][1].update(length=2**53 - 1), BundleFormatError),
            (lambda e: e["members"][1].update(length=1), BundleFormatError),
            (lambda e: e["members"][1].update(name="tables/0002.csv.gz"), BundleFormatError),
            (lambda e: e["members"][1].update(name="../0001.csv.gz"), BundleFormatError),
            (lambda e: e["members"][1].update(sha256="0" * 64), BundleAlteredError),
            (lambda e: e.update(sender="0" * 64), VerificationError),
        ],
    )
    def test_a_wrong_envelope(
        self,
        world: World,
        bundle: Path,
        forgery: Forgery,
        edit: Callable[[dict[str, Any]], None],
        expected: type[SecurexferError],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        forgery.edit_envelope = edit
        refuse(world, bundle, forgery.assemble(), expected, monkeypatch)

    @pytest.mark.parametrize(
        "edit",
        [
            lambda data: data + b" ",
            lambda data: b" " + data,
            lambda data: data.replace(b'{"bundle_id"', b'{"bundle_id":"","bundle_id"', 1),
            lambda data: data.replace(b'"format":1', b'"format":1.0', 1),
            lambda data: data.replace(b'"format":1', b'"format":true', 1),
            lambda data: data.replace(b'"format":1', b'"format":-1', 1),
            lambda data: data.replace(b'"format"', b'"f\\u006frmat"', 1),
            lambda data: b"[" * 100_000,
            lambda data: b"",
            lambda data: b"\xff",
        ],
    )
    def test_an_envelope_that_is_not_canonical(
        self,
        world: World,
        bundle: Path,
        forgery: Forgery,
        edit: Callable[[bytes], bytes],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        forgery.edit_envelope_bytes = edit
        refuse(world, bundle, forgery.assemble(), BundleFormatError, monkeypatch)

    def test_two_recipients_given_two_passwords(
        self, world: World, bundle: Path, forgery: Forgery
    ) -> None:
        bob, ann = world.bob.identity.keys, world.ann.identity.keys
        info = seal_info(forgery.envelope["bundle_id"], ann.fingerprint, bob.fingerprint)
        for stanza in forgery.envelope["recipients"]:
            if stanza["fingerprint"] == bob.fingerprint:
                stanza["sealed_password"] = encode_base64(seal(b"x" * 43, bob.public, info))
        bundle.write_bytes(forgery.assemble())
        with pytest.raises(PasswordMismatchError, match="committed"), world.bob.verify(bundle):
            pass
        with world.cat.verify(bundle):
            pass

    def test_a_sealed_password_from_another_bundle(
        self, world: World, bundle: Path, forgery: Forgery
    ) -> None:
        other = world.ann.pack(
            {"a": b"x\n1\n"}, keep_all("a", ["x"]), [world.bob, world.cat], world.drive
        ).path
        donor = Forgery.take_apart(other, world.ann.identity.keys)
        forgery.envelope["recipients"] = donor.envelope["recipients"]
        bundle.write_bytes(forgery.assemble())
        with pytest.raises(PasswordMismatchError, match="does not open"), world.bob.verify(bundle):
            pass

    def test_a_member_that_only_forwarded_bundles_have(
        self, world: World, bundle: Path, forgery: Forgery
    ) -> None:
        raw = forgery.raw[-1]
        header = layout.local_header(layout.MANIFEST)
        forgery.names.insert(3, layout.PROVENANCE)
        forgery.raw.insert(3, layout.local_header(layout.PROVENANCE) + raw[len(header) :])
        bundle.write_bytes(forgery.assemble())
        with pytest.raises(ProvenanceError, match="padded"), world.bob.verify(bundle):
            pass


def swap(forgery: Forgery) -> None:
    forgery.names[1], forgery.names[2] = forgery.names[2], forgery.names[1]
    forgery.raw[1], forgery.raw[2] = forgery.raw[2], forgery.raw[1]


def drop(forgery: Forgery) -> None:
    del forgery.names[2], forgery.raw[2]


def add(forgery: Forgery) -> None:
    forgery.names.insert(1, "note.txt")
    forgery.raw.insert(1, clear_member("note.txt", b"plaintext" * 10))


def change_method(forgery: Forgery) -> None:
    """Deflated instead of AES, for the first table's entry in the directory."""
    forgery.edit_directory = lambda data: data.replace(b"\x63\x00", b"\x08\x00", 1)


class TestWithoutTheSendersKeys:
    """Nobody else can speak for the sender."""

    @pytest.mark.parametrize("edit", [swap, drop, add, change_method])
    @pytest.mark.parametrize("signer", ["the old signature", "a stranger"])
    def test_members_are_moved_dropped_added_or_changed(
        self,
        world: World,
        bundle: Path,
        forgery: Forgery,
        edit: Callable[[Forgery], None],
        signer: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        original = bundle.read_bytes()
        edit(forgery)
        forgery.keys = world.eve.identity.keys
        data = forgery.assemble()
        expected: type[SecurexferError] = SenderUnknownError
        if signer == "the old signature":
            data = data[: -layout.COMMENT_BYTES] + original[-layout.COMMENT_BYTES :]
            expected = BundleAlteredError
        assert data != original
        refuse(world, bundle, data, expected, monkeypatch)

    def test_a_stranger_signs_the_same_content(
        self, world: World, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = resign(bundle.read_bytes(), world.eve.identity.keys)
        refuse(world, bundle, data, SenderUnknownError, monkeypatch)

    def test_another_pinned_contact_signs_the_same_content(
        self, world: World, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = resign(bundle.read_bytes(), world.cat.identity.keys)
        refuse(world, bundle, data, VerificationError, monkeypatch)

    def test_a_recipient_passes_the_bundle_on_as_their_own(
        self, world: World, bundle: Path, forgery: Forgery
    ) -> None:
        forgery.keys = world.cat.identity.keys
        forgery.envelope["sender"] = world.cat.identity.fingerprint
        bundle.write_bytes(forgery.assemble())
        # The sealed password names the true sender, so it does not open.
        with pytest.raises(PasswordMismatchError), world.bob.verify(bundle):
            pass

    def test_a_recipient_seals_it_anew_as_their_own(
        self, world: World, bundle: Path, forgery: Forgery
    ) -> None:
        with world.cat.verify(bundle) as verified:
            password = verified.inside.password.encode()
        cat, bob = world.cat.identity.keys, world.bob.identity.keys
        info = seal_info(forgery.envelope["bundle_id"], cat.fingerprint, bob.fingerprint)
        for stanza in forgery.envelope["recipients"]:
            if stanza["fingerprint"] == bob.fingerprint:
                stanza["sealed_password"] = encode_base64(seal(password, bob.public, info))
        forgery.keys = cat
        forgery.envelope["sender"] = cat.fingerprint
        bundle.write_bytes(forgery.assemble())
        with pytest.raises(ManifestMismatchError, match="sender"), world.bob.verify(bundle):
            pass

    @pytest.mark.parametrize("which", ["ed25519", "ml_dsa_65"])
    def test_one_of_the_two_signatures_is_another_persons(
        self, world: World, bundle: Path, which: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = bundle.read_bytes()
        comment = comment_of(data)
        false = comment_of(resign(data, world.eve.identity.keys)).signature
        mixed = Signature(
            ed25519=(false if which == "ed25519" else comment.signature).ed25519,
            ml_dsa_65=(false if which == "ml_dsa_65" else comment.signature).ml_dsa_65,
        )
        forged = data[: -layout.COMMENT_BYTES] + Comment(comment.claimed, mixed).encode()
        refuse(world, bundle, forged, SignatureInvalidError, monkeypatch)

    @pytest.mark.parametrize("line", [4, 5])
    def test_one_of_the_two_signatures_is_missing(
        self, world: World, bundle: Path, line: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = bundle.read_bytes()
        lines = data[-layout.COMMENT_BYTES :].split(b"\n")
        lines[line] = b""
        comment = b"\n".join(lines)[:-1].ljust(layout.COMMENT_BYTES - 1, b" ") + b"\n"
        forged = data[: -layout.COMMENT_BYTES] + comment
        refuse(world, bundle, forged, BundleFormatError, monkeypatch)

    def test_someone_who_is_no_recipient_can_not_open_it(self, world: World, bundle: Path) -> None:
        world.eve.pin(world.ann)
        with pytest.raises(NotForThisIdentityError), world.eve.verify(bundle):
            pass


class TestAFileThatChangesUnderTheReader:
    """A drive that gives other bytes the second time: not one of them is used."""

    @pytest.fixture
    def large(self, world: World) -> Path:
        """A bundle of several blocks."""
        cells = "\n".join(os.urandom(500).hex() for _ in range(5000))
        return world.ann.pack(
            {"a": b"x\n" + cells.encode()}, keep_all("a", ["x"]), [world.bob], world.drive
        ).path

    def test_every_block_is_checked_again_when_it_is_read(
        self, world: World, large: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        n_blocks = -(-large.stat().st_size // bundle_file.BLOCK_BYTES)
        assert n_blocks >= 3
        honest = os.pread
        for lying in range(n_blocks):
            seen: dict[int, int] = {}

            def lie(
                descriptor: int, n: int, offset: int, lying: int = lying, seen: Any = seen
            ) -> bytes:
                data = honest(descriptor, n, offset)
                place = lying * bundle_file.BLOCK_BYTES - offset
                if n < 64 or not 0 <= place < len(data):
                    return data
                seen[lying] = seen.get(lying, 0) + 1
                if seen[lying] == 1:
                    return data
                return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]

            out = world.folder / f"out-{lying}"
            with monkeypatch.context() as patch:
                patch.setattr(os, "pread", lie)
                with pytest.raises(BundleAlteredError, match="changed while"):
                    world.bob.unpack(large, out)
            assert not out.exists()

    def test_a_file_that_shrinks_is_refused(self, world: World, large: Path) -> None:
        with bundle_file.BundleFile.open(large) as file:
            file.hash_all(lambda _: None)
            os.truncate(large, 1000)
            with pytest.raises(BundleAlteredError):
                file.read(0, 100)


def test_links_folders_and_devices_are_no_bundles(world: World, bundle: Path) -> None:
    link = world.drive / "link"
    link.symlink_to(bundle)
    pipe = world.drive / "pipe"
    os.mkfifo(pipe)
    for path in (link, pipe, world.drive):
        with pytest.raises(SecurexferError), world.bob.verify(path):
            pass
