"""Writing a bundle in one pass to a stream that can't be sought."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import pyzipper

from securexfer.bundle import layout
from securexfer.bundle.comment import SignedDigests, sign_comment
from securexfer.bundle.envelope import Envelope, Member
from securexfer.bundle.padding import gzip_padding
from securexfer.crypto.keys import PrivateKeys

if TYPE_CHECKING:
    from hashlib import _Hash

PASSWORD_BYTES = 32
# Names nothing that is inside, and nobody but, if configured, whom to call.
READ_ME_TEXT = """\
This file was packed with securexfer. It is encrypted, and without the key of
the person it was made for it can't be opened.

If you found it: please do not try to open, copy or change it. Hand it to the
person or organisation it belongs to, or to the police.

If it was sent to you: run

    securexfer unpack FILE -o FOLDER
"""


class Sink(Protocol):
    """Where a bundle's bytes go. Raises securexfer's own errors only."""

    def write(self, data: bytes | memoryview, /) -> Any:
        """Write all of it."""


class HashingSink(Sink, Protocol):
    """One that hashes what it is given."""

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) of all that was written."""

    def write_first(self, pieces: Iterable[bytes], digest: _Hash) -> None:
        """Write what comes first, whose SHA-256 is known."""


class BundleWriter:
    """Writes one bundle: the read-me, tables, then `finish`. Call `abandon` after any failure.

    Attributes:
        n_tables, n_archives: opened so far.
        password: of all encrypted members; 43 characters.
    """

    def __init__(self, sink: Sink, password: str = "") -> None:
        fresh = base64.urlsafe_b64encode(os.urandom(PASSWORD_BYTES)).rstrip(b"=").decode()
        self.password = password or fresh
        self._tape = _Tape(sink)
        self._zip = pyzipper.AESZipFile(self._tape, "w", compression=pyzipper.ZIP_STORED)
        self._members: list[Member] = []
        self.n_tables = 0
        self.n_archives = 0
        self._stream: Any = None

    @property
    def members(self) -> list[Member]:
        """The members written so far."""
        return list(self._members)

    def write_read_me(self, found_contact: str) -> None:
        """Write the note for finders; `found_contact` is whom to call, or empty."""
        contact = f"\nWhom to call: {found_contact}\n" if found_contact else ""
        self.add(layout.READ_ME, (READ_ME_TEXT + contact).encode("utf-8"))

    @contextmanager
    def table(self) -> Iterator[Callable[[bytes], None]]:
        """Open the next table; what it yields takes gzip members. Padded when left."""
        self.n_tables += 1
        n_bytes = 0
        with self._member(layout.table_member(self.n_tables)) as stream:

            def write(compressed: bytes) -> None:
                nonlocal n_bytes
                stream.write(compressed)
                n_bytes += len(compressed)

            yield write
            for padding in gzip_padding(n_bytes):
                stream.write(padding)

    @contextmanager
    def attachments(self) -> Iterator[Callable[[bytes], None]]:
        """Open the next archive of attached files, behind all tables; what it yields takes it."""
        self.n_archives += 1
        with self._member(layout.attachment_member(self.n_archives)) as stream:
            yield stream.write

    def finish(
        self,
        manifest: bytes,
        seal: Callable[[list[Member], str], Envelope],
        keys: PrivateKeys,
    ) -> SignedDigests:
        """Write manifest, envelope, directory and signatures.

        Args:
            manifest: the manifest member's content.
            seal: makes the envelope from all other members and the password.
            keys: the sender's.

        Returns:
            The signed digests; `bundle_sha256` is of every byte before the comment.
        """
        self.add(layout.MANIFEST, manifest)
        envelope = seal(self.members, self.password).encode()
        self.add(layout.ENVELOPE, envelope)
        # The directory comes out together with a comment; hold it back until it is signed.
        self._zip.comment = bytes(layout.COMMENT_BYTES)
        tail = self._tape.hold_back(self._zip.close)
        bundle_sha256 = self._tape.write_last(tail[: -layout.COMMENT_BYTES])
        digests = SignedDigests(
            sender=keys.fingerprint,
            envelope_sha256=hashlib.sha256(envelope).hexdigest(),
            bundle_sha256=bundle_sha256,
        )
        self._tape.write_last(sign_comment(digests, keys).encode())
        return digests

    def abandon(self) -> None:
        """Drop everything; nothing more is written, not even by a destructor."""
        self._tape.mute()
        if self._stream is not None:
            self._stream.close()
        self._zip.fp = None  # as after `close`; that itself refuses while a member is half open

    def add(self, name: str, content: bytes) -> None:
        """Write a small member."""
        with self._member(name) as stream:
            stream.write(content)

    @contextmanager
    def _member(self, name: str) -> Iterator[Any]:
        encrypted = name not in layout.CLEAR_MEMBERS
        self._zip.encryption = pyzipper.WZ_AES if encrypted else None
        self._zip.pwd = self.password.encode("ascii") if encrypted else None
        info = pyzipper.zipfile_aes.AESZipInfo(name, date_time=layout.DATE_TIME)
        info.compress_type = pyzipper.ZIP_STORED
        info.create_system = layout.CREATE_SYSTEM
        info.external_attr = layout.EXTERNAL_ATTRIBUTES
        self._tape.begin_member()
        self._stream = self._zip.open(info, "w", force_zip64=True)
        yield self._stream
        self._stream.close()
        self._stream = None
        offset, length, sha256 = self._tape.end_member()
        self._members.append(Member(name=name, offset=offset, length=length, sha256=sha256))


class ForwardWriter:
    """Writes a bundle that holds what another one holds, and how it came here.

    In order: `copy_first`, `write_provenance`, `copy`, `finish`. What comes out is what
    `BundleWriter` would have written.
    """

    def __init__(self, sink: HashingSink) -> None:
        self._sink = sink
        self._offset = 0
        self._members: list[Member] = []
        self._extents: list[layout.Extent] = []

    @property
    def members(self) -> list[Member]:
        """The members written so far."""
        return list(self._members)

    def copy_first(
        self, members: Sequence[Member], read_me: bytes, pieces: Iterable[bytes], digest: _Hash
    ) -> None:
        """Copy the note for finders and the tables, which lie where they lay.

        Args:
            members: those.
            read_me: the note.
            pieces: all their bytes, from the start of the file.
            digest: SHA-256 of those bytes.
        """
        self._sink.write_first(pieces, digest)
        for member in members:
            crc = zlib.crc32(read_me) if member.name == layout.READ_ME else 0
            self._add(member, crc)

    def copy(self, member: Member, pieces: Iterable[bytes]) -> None:
        """Copy an encrypted member: its bytes, from local header to descriptor."""
        for piece in pieces:
            self._sink.write(piece)
        self._add(member)

    def write_provenance(self, content: bytes, password: str) -> None:
        """Write through which hands it came."""
        memory = io.BytesIO()
        # An encrypted member has the same bytes wherever it lies.
        aside = BundleWriter(memory, password)
        aside.add(layout.PROVENANCE, content)
        aside.abandon()
        self._sink.write(memory.getvalue())
        (member,) = aside.members
        self._add(member)

    def finish(self, envelope: Envelope, keys: PrivateKeys) -> SignedDigests:
        """Write envelope, directory and signatures.

        Args:
            envelope: made from all other members.
            keys: the forwarder's.

        Returns:
            The signed digests; `bundle_sha256` is of every byte before the comment.
        """
        content = envelope.encode()
        header = layout.local_header(layout.ENVELOPE)
        length = len(header) + len(content) + layout.DESCRIPTOR_BYTES
        own = layout.Extent(layout.ENVELOPE, self._offset, length, zlib.crc32(content))
        self._sink.write(header + content + layout.descriptor(own))
        self._sink.write(layout.directory([*self._extents, own]))
        digests = SignedDigests(
            sender=keys.fingerprint,
            envelope_sha256=hashlib.sha256(content).hexdigest(),
            bundle_sha256=self._sink.sha256,
        )
        self._sink.write(sign_comment(digests, keys).encode())
        return digests

    def _add(self, member: Member, crc: int = 0) -> None:
        extent = layout.Extent(member.name, self._offset, member.length, crc)
        self._extents.append(extent)
        self._members.append(member.model_copy(update={"offset": self._offset}))
        self._offset += member.length


class _Tape:
    """Passes bytes on and hashes them, whole and by member. Has no `tell`: one way only."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._whole = hashlib.sha256()
        self._member = hashlib.sha256()
        self._offset = 0
        self._start = 0
        self._held: bytearray | None = None
        self._muted = False

    def write(self, data: bytes) -> int:
        if self._muted:
            return len(data)
        if self._held is not None:
            self._held += data
            return len(data)
        self._whole.update(data)
        self._member.update(data)
        self._sink.write(data)
        self._offset += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is kept here."""

    def mute(self) -> None:
        self._muted = True

    def begin_member(self) -> None:
        self._member = hashlib.sha256()
        self._start = self._offset

    def end_member(self) -> tuple[int, int, str]:
        return self._start, self._offset - self._start, self._member.hexdigest()

    def hold_back(self, write: Callable[[], Any]) -> bytes:
        """What is written meanwhile; it goes nowhere else."""
        self._held = held = bytearray()
        write()
        self._held = None
        return bytes(held)

    def write_last(self, data: bytes) -> str:
        self.write(data)
        return self._whole.hexdigest()
