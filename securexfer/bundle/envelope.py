"""The envelope: the clear, signed outside of a bundle.

It says who sealed what to whom and until when, and where every byte lies; not what is inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from securexfer.bundle.layout import MAX_MEMBERS, Extent
from securexfer.crypto.canonical import MAX_INTEGER, decode_canonical, encode_canonical
from securexfer.crypto.framing import framed_sha256, length_prefixed
from securexfer.crypto.keys import PublicKeys, encode_base64
from securexfer.crypto.sealing import seal
from securexfer.errors import BundleFormatError, BundleUnsupportedError
from securexfer.instant import parse_instant
from securexfer.recipe.model import MAX_RETENTION_DAYS

FORMAT = 1
MAX_ENVELOPE_BYTES = 4 * 1024 * 1024
MAX_RECIPIENTS = 100
MAX_LIFETIME = timedelta(days=MAX_RETENTION_DAYS)
# The largest envelope has 4,000 members and 100 recipients: some 20,000 values. More are refused
# unparsed, because a value can take thirty times as much memory as text.
MAX_VALUES = 50_000

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
BundleId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Instant = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]
Count = Annotated[int, Field(ge=0, le=MAX_INTEGER)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, members: Any) -> Any:
        # Here, because pydantic's own way would keep an error for each of a million.
        if isinstance(members, dict) and not members.keys() <= cls.model_fields.keys():
            raise PydanticCustomError("extra_forbidden", "unknown member")
        return members


class SealedFor(_Part):
    """One recipient and the password sealed to it (HPKE, base64)."""

    fingerprint: Sha256
    sealed_password: Annotated[str, Field(max_length=4096)]


class Member(_Part):
    """One member: local header to end of descriptor, in bytes, and the SHA-256 of those bytes."""

    name: Annotated[str, Field(max_length=64)]
    offset: Count
    length: Count
    sha256: Sha256


class Envelope(_Part):
    """The envelope's members, as they are spelled in the file."""

    format: int
    bundle_id: BundleId
    created_at: Instant
    expires_at: Instant
    sender: Sha256
    recipients: list[SealedFor] = Field(min_length=1, max_length=MAX_RECIPIENTS)
    password_commitment: Sha256
    register_head: Sha256
    members: list[Member] = Field(min_length=3, max_length=MAX_MEMBERS)

    @property
    def created(self) -> datetime:
        """When it was packed, by the sender's clock."""
        return parse_instant(self.created_at)

    @property
    def expires(self) -> datetime:
        """After this it is not opened any more."""
        return parse_instant(self.expires_at)

    def extents(self) -> list[Extent]:
        """Members as extents, in order."""
        return [Extent(m.name, m.offset, m.length) for m in self.members]

    def encode(self) -> bytes:
        """Canonical JSON."""
        return encode_canonical(self.model_dump())


def decode_envelope(data: bytes) -> Envelope:
    """Read an envelope.

    Raises:
        BundleUnsupportedError: for another format version.
        BundleFormatError: if it is not exactly an envelope in canonical form.
    """
    if sum(map(data.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise BundleFormatError("The bundle's envelope holds more values than an envelope can.")
    try:
        members = decode_canonical(data, max_bytes=MAX_ENVELOPE_BYTES)
    except ValueError as error:
        raise BundleFormatError(f"The bundle's envelope is not well-formed: {error}.") from None
    version = members.get("format") if isinstance(members, dict) else None
    if isinstance(version, int) and version != FORMAT:
        raise BundleUnsupportedError(
            f"The bundle is of format version {version}; this program opens version {FORMAT}."
        )
    try:
        envelope = Envelope.model_validate(members)
    except ValidationError as error:
        fault = _describe(error.errors(include_input=False, include_url=False)[0])
        raise BundleFormatError(f"The bundle's envelope has {fault}.") from None
    try:
        lifetime = envelope.expires - envelope.created
    except ValueError:
        raise BundleFormatError("The bundle's envelope has a time that does not exist.") from None
    if not timedelta() <= lifetime <= MAX_LIFETIME:
        raise BundleFormatError(
            "The bundle's envelope says that it expires before it was made, or after ten years."
        )
    if len({r.fingerprint for r in envelope.recipients}) != len(envelope.recipients):
        raise BundleFormatError("The bundle's envelope names a recipient twice.")
    return envelope


def _describe(detail: ErrorDetails) -> str:
    """What is wrong, in our own names only: a sender can choose theirs to deceive."""
    path = ".".join(map(str, detail["loc"]))
    if detail["type"] == "extra_forbidden":
        return "a member that does not belong there"
    if detail["type"] == "missing":
        return f"no member {path}"
    return f"a wrong value in {path}" if path else "no members"


def seal_password(
    password: str, bundle_id: str, sender: str, recipients: Mapping[str, PublicKeys]
) -> list[SealedFor]:
    """The bundle's password, sealed to each recipient.

    Args:
        password: of the bundle's members.
        bundle_id: of the bundle.
        sender: fingerprint.
        recipients: fingerprint to keys, in the order in which they are to be listed.
    """
    return [
        SealedFor(
            fingerprint=fingerprint,
            sealed_password=encode_base64(
                seal(password.encode("ascii"), keys, seal_info(bundle_id, sender, fingerprint))
            ),
        )
        for fingerprint, keys in recipients.items()
    ]


def seal_info(bundle_id: str, sender: str, recipient: str) -> bytes:
    """HPKE's `info`: ties a sealed password to one bundle, sender and recipient."""
    return length_prefixed("securexfer/1/seal", bundle_id, sender, recipient)


def commit_password(bundle_id: str, password: str) -> str:
    """The commitment that all recipients compare, so that none is given another password."""
    return framed_sha256("securexfer/1/password", bundle_id, password)
