"""Writing a bundle in one pass to a stream that can't be sought."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import pyzipper

from securexfer.bundle import layout
from securexfer.bundle.comment import SignedDigests, sign_comment
from securexfer.bundle.envelope import Envelope, Member
from securexfer.bundle.padding import gzip_padding
from securexfer.crypto.keys import PrivateKeys

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


class BundleWriter:
    """Writes one bundle: the read-me, tables, then `finish`. Call `abandon` after any failure.

    Attributes:
        n_tables: opened so far.
        password: of all encrypted members; 43 characters.
    """

    def __init__(self, sink: Sink) -> None:
        self.password = base64.urlsafe_b64encode(os.urandom(PASSWORD_BYTES)).rstrip(b"=").decode()
        self._tape = _Tape(sink)
        self._zip = pyzipper.AESZipFile(self._tape, "w", compression=pyzipper.ZIP_STORED)
        self._members: list[Member] = []
        self.n_tables = 0
        self._stream: Any = None

    @property
    def members(self) -> list[Member]:
        """The members written so far."""
        return list(self._members)

    def write_read_me(self, found_contact: str) -> None:
        """Write the note for finders; `found_contact` is whom to call, or empty."""
        contact = f"\nWhom to call: {found_contact}\n" if found_contact else ""
        self._add(layout.READ_ME, (READ_ME_TEXT + contact).encode("utf-8"))

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
            stream.write(gzip_padding(n_bytes))

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
        self._add(layout.MANIFEST, manifest)
        envelope = seal(self.members, self.password).encode()
        self._add(layout.ENVELOPE, envelope)
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

    def _add(self, name: str, content: bytes) -> None:
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
        offset = self._tape.begin_member()
        self._stream = self._zip.open(info, "w", force_zip64=True)
        yield self._stream
        self._stream.close()
        self._stream = None
        length, sha256 = self._tape.end_member()
        self._members.append(Member(name=name, offset=offset, length=length, sha256=sha256))


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

    def begin_member(self) -> int:
        self._member = hashlib.sha256()
        self._start = self._offset
        return self._start

    def end_member(self) -> tuple[int, str]:
        return self._offset - self._start, self._member.hexdigest()

    def hold_back(self, write: Callable[[], Any]) -> bytes:
        """What is written meanwhile; it goes nowhere else."""
        self._held = held = bytearray()
        write()
        self._held = None
        return bytes(held)

    def write_last(self, data: bytes) -> str:
        self.write(data)
        return self._whole.hexdigest()
