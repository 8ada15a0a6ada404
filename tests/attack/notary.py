"""A notary who signs anything: statements made by hand, by whoever, sealed to whoever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from securexfer.crypto.canonical import decode_canonical, encode_canonical
from securexfer.crypto.document import SignedDocument, sign_document
from securexfer.crypto.framing import length_prefixed
from securexfer.crypto.keys import PrivateKeys, PublicKeys, decode_base64, encode_base64
from securexfer.crypto.sealing import seal, unseal
from securexfer.crypto.signing import Kind
from securexfer.custody.register import Entry
from securexfer.destroying import DestroyResult, destroy
from securexfer.extending import ExtendResult, extend
from securexfer.filing import Cabinet
from securexfer.packing import PackResult
from securexfer.reporting import SilentReporter
from securexfer.verifying import pinned_senders
from tests.world import Person, World, keep_all

TABLE = {"people": b"x\n1\n2\n"}
RECIPE = keep_all("people", ["x"])


def info_of(kind: str, addressee: str) -> bytes:
    return length_prefixed("securexfer/1/statement", kind, addressee)


def seal_content(content: bytes, kind: str, to: PublicKeys, /, **outside: Any) -> bytes:
    """Any content, sealed as the page says; `outside` replaces what stands outside."""
    sealed = seal(content, to, info_of(kind, to.fingerprint))
    members = {
        "addressee": to.fingerprint,
        "kind": kind,
        "sealed": encode_base64(sealed),
        "securexfer_sealed": 1,
        **outside,
    }
    return encode_canonical(members) + b"\n"


def open_content(data: bytes, keys: PrivateKeys) -> bytes:
    """What is inside a sealed file, for whoever has the keys."""
    members = decode_canonical(data.removesuffix(b"\n"), max_bytes=2**20)
    info = info_of(members["kind"], members["addressee"])
    return unseal(decode_base64(members["sealed"]), keys, info)


def document_of(data: bytes, keys: PrivateKeys) -> SignedDocument:
    return SignedDocument.decode(open_content(data, keys).partition(b"\n")[0])


class Exchange:
    """`ann` has packed a bundle for `bob` and one for `cat`, and `bob` has unpacked and destroyed.

    Attributes:
        receipt, certificate: bytes of bob's files, honest.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.ann, self.bob, self.cat, self.eve = world.ann, world.bob, world.cat, world.eve
        self.packed = self.pack(self.bob)
        self.for_cat = self.pack(self.cat)
        self.receipt = self.unpack(self.bob, self.packed).read_bytes()
        (path,) = self.destroy(self.bob, self.packed).certificates
        self.certificate = path.read_bytes()

    def pack(self, *people: Person) -> PackResult:
        return self.ann.pack(TABLE, RECIPE, people, self.world.drive)

    def unpack(self, person: Person, packed: PackResult, folder: str = "out") -> Path:
        """Unpack; the path of the receipt."""
        output = self.world.folder / f"{folder}-of-{person.name}"
        return person.unpack(packed.path, output).receipt

    def destroy(self, person: Person, packed: PackResult, **options: Any) -> DestroyResult:
        return destroy(
            packed.manifest.bundle_id,
            person.identity,
            person.register,
            find_sender=pinned_senders(person.contacts.list(), person.identity.card),
            clock=self.world.clock,
            **{"reporter": SilentReporter(), **options},
        )

    def extend(self, packed: PackResult, days: int = 30) -> ExtendResult:
        return extend(
            packed.manifest.bundle_id,
            days,
            self.ann.identity,
            self.ann.register,
            self.world.folder,
            clock=self.world.clock,
        )

    def cabinet(self, person: Person) -> Cabinet:
        return Cabinet(
            person.identity,
            pinned_senders(person.contacts.list(), person.identity.card),
            person.register,
            person.home / "receipts",
            self.world.clock,
        )

    def payload(self, data: bytes | None = None) -> dict[str, Any]:
        """What a sealed file says; of bob's receipt if none is given."""
        keys = self.ann.identity.keys
        said: dict[str, Any] = document_of(data or self.receipt, keys).claimed()
        return said

    def sign(
        self,
        payload: Any,
        kind: Kind = "receipt",
        by: Person | None = None,
        to: Person | None = None,
        **outside: Any,
    ) -> bytes:
        """A sealed file of any payload; by bob, to ann, if nothing else is said."""
        keys = (by or self.bob).identity.keys
        line = sign_document(payload, (kind, keys)).encode() + b"\n"
        line += b" " * (-len(line) % 8192)
        return seal_content(line, kind, (to or self.ann).identity.keys.public, **outside)


def events(person: Person) -> list[str]:
    return [entry.event for entry in person.register.entries()]


def last(person: Person) -> Entry:
    return person.register.entries()[-1]


def filed(person: Person) -> list[Path]:
    """Files that were kept."""
    folder = person.home / "receipts"
    return sorted(folder.iterdir()) if folder.exists() else []
