"""Seals: who signed a statement, and who can read it.

Receipts and destruction certificates are sealed, because they name tables, and scope keys, because
they are secrets. The signature lies inside the seal, so that nobody learns who signed or can put
another signature in its place; and what is signed names whom it was sealed to, so that the
addressee can't seal it to somebody else as if it had been meant for them. Extensions are signed
only: they say nothing that a bundle's outside does not say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from securexfer.crypto.canonical import decode_canonical, encode_canonical
from securexfer.crypto.document import SignedDocument, sign_document
from securexfer.crypto.fingerprint import format_fingerprint, is_fingerprint
from securexfer.crypto.framing import length_prefixed
from securexfer.crypto.keys import PrivateKeys, PublicKeys, decode_base64, encode_base64
from securexfer.crypto.sealing import seal, unseal
from securexfer.custody.statement import (
    MAX_STATEMENT_BYTES,
    NAMES,
    VERSION,
    Signed,
    StatementKind,
)
from securexfer.errors import (
    NotForThisIdentityError,
    PasswordMismatchError,
    SenderUnknownError,
    SignatureInvalidError,
    StatementAlteredError,
    StatementFormatError,
    StatementMismatchError,
)

# Of a thousand tables and four thousand openings there are 15,000 values. More are refused
# unparsed, because a value can take thirty times as much memory as text.
MAX_VALUES = 20_000
# Sizes tell: most receipts are of one size.
PADDING_BYTES = 8 * 1024
_COMMANDS: dict[StatementKind, str] = {
    "receipt": "receipt import",
    "destruction": "certificate import",
    "extension": "extension import",
    "scope-key": "scope-key import",
}
_READERS: dict[StatementKind, str] = {
    **dict.fromkeys(("receipt", "destruction", "extension"), "the identity that sent the bundle"),
    "scope-key": "the identity whose card it was exported for",
}
_OUTSIDE = {"addressee", "kind", "sealed", "securexfer_sealed"}

S = TypeVar("S", bound=Signed)


@dataclass(frozen=True)
class Opened(Generic[S]):
    """A statement whose signatures held.

    Attributes:
        statement: what it says.
        signer: fingerprint of whoever signed it.
        sha256: of what it says, whoever it is sealed to; the same however it is signed or sealed.
    """

    statement: S
    signer: str
    sha256: str


KeysFor = Callable[[str], PrivateKeys | None]
FindSigner = Callable[[str], PublicKeys | None]


def sign_statement(statement: Signed, kind: StatementKind, keys: PrivateKeys) -> bytes:
    """A signed statement as one line with its newline."""
    document = sign_document(statement.model_dump(exclude_none=True), (kind, keys))
    return document.encode() + b"\n"


def seal_statement(
    statement: Signed, kind: StatementKind, keys: PrivateKeys, addressee: PublicKeys
) -> bytes:
    """A statement signed, padded, and sealed to its addressee: the bytes of its file.

    Raises:
        ValueError: if it names another addressee.
    """
    if getattr(statement, "addressee", None) != addressee.fingerprint:
        raise ValueError("the statement names another addressee")
    content = sign_statement(statement, kind, keys)
    content += b" " * (-len(content) % PADDING_BYTES)
    sealed = seal(content, addressee, _info(kind, addressee.fingerprint))
    outside = {
        "addressee": addressee.fingerprint,
        "kind": kind,
        "sealed": encode_base64(sealed),
        "securexfer_sealed": VERSION,
    }
    return encode_canonical(outside) + b"\n"


def read_signed(data: bytes, kind: StatementKind, model: type[S], find: FindSigner) -> Opened[S]:
    """Check who signed a statement, then what it says.

    Args:
        data: the line, with or without its newline.
        kind: what it must be.
        model: what it must say.
        find: the keys of a fingerprint that is known here.

    Raises:
        StatementFormatError: if it is not such a statement.
        SenderUnknownError: if its signer is nobody known here.
        SignatureInvalidError: if a signature does not verify.
    """
    if _is_too_large(data):
        raise _malformed(kind)
    try:
        document = SignedDocument.decode(data.removesuffix(b"\n"))
        signers = document.signers(kind)
        if len(signers) != 1 or document.n_signatures != 1:
            raise ValueError("not one signature of that kind")
        keys = find(signers[0])
        if keys is None:
            raise SenderUnknownError(
                f"The {NAMES[kind]} is signed by a key that is not pinned here (fingerprint "
                f"{_spoken(signers[0])}).",
                hint="If you expect it, get its signer's card, confirm the fingerprint by phone, "
                "and pin it with: securexfer contact add CARD",
            )
        payload = document.verified(kind, keys)
        statement = model.model_validate(payload)
    except SignatureInvalidError:
        raise SignatureInvalidError(f"A signature of the {NAMES[kind]} is not valid.") from None
    except ValidationError:
        raise StatementFormatError(
            f"The {NAMES[kind]} is signed, but does not say what one of version {VERSION} says.",
            hint="Ask its signer which version of securexfer made it.",
        ) from None
    except ValueError:
        raise _malformed(kind, data) from None
    content = {name: value for name, value in payload.items() if name != "addressee"}
    return Opened(statement, signers[0], hashlib.sha256(encode_canonical(content)).hexdigest())


def open_sealed(
    data: bytes, kind: StatementKind, model: type[S], *, keys_for: KeysFor, find: FindSigner
) -> Opened[S]:
    """Open a sealed statement and check it as `read_signed` does.

    Args:
        data: the bytes of the file.
        kind: what it must be.
        model: what it must say.
        keys_for: one's own private keys by fingerprint, former ones too.
        find: the keys of a fingerprint that is known here.

    Raises:
        NotForThisIdentityError: if it is sealed to somebody else.
        StatementAlteredError: if it does not open.
        StatementMismatchError: if it was made for another addressee than it was sealed to.
        SecurexferError: as `read_signed`.
    """
    addressee, sealed = _decode_outside(data, kind)
    keys = keys_for(addressee)
    if keys is None:
        raise NotForThisIdentityError(
            f"The {NAMES[kind]} is sealed to another identity (fingerprint {_spoken(addressee)}).",
            hint=f"Import it in the home of {_READERS[kind]}.",
        )
    try:
        content = unseal(sealed, keys, _info(kind, addressee))
    except PasswordMismatchError:
        raise StatementAlteredError(
            f"The {NAMES[kind]} does not open: it was altered, or is another kind of statement."
        ) from None
    line, newline, padding = content.partition(b"\n")
    if not newline or padding.strip(b" "):
        raise _malformed(kind)
    opened = read_signed(line, kind, model, find)
    if getattr(opened.statement, "addressee", None) != addressee:
        raise StatementMismatchError(
            f"The {NAMES[kind]} was made for somebody else and sealed to this identity later."
        )
    return opened


def _decode_outside(data: bytes, kind: StatementKind) -> tuple[str, bytes]:
    """Addressee and sealed bytes of a file, claimed by whoever wrote it."""
    if _is_too_large(data):
        raise _malformed(kind)
    try:
        members: Any = decode_canonical(data.removesuffix(b"\n"), max_bytes=MAX_STATEMENT_BYTES)
        if set(members) != _OUTSIDE or members["securexfer_sealed"] != VERSION:
            raise ValueError("members")
        addressee, sealed = members["addressee"], decode_base64(members["sealed"])
        if members["kind"] != kind or not is_fingerprint(addressee):
            raise ValueError("kind or addressee")
        return addressee, sealed
    except (ValueError, TypeError):
        raise _malformed(kind, data) from None


def _info(kind: StatementKind, addressee: str) -> bytes:
    """HPKE's `info`: what stands outside can't be changed without the seal breaking."""
    return length_prefixed("securexfer/1/statement", kind, addressee)


def _malformed(kind: StatementKind, data: bytes = b"") -> StatementFormatError:
    found = _claimed_kind(data)
    if found is not None and found != kind:
        return StatementFormatError(
            f"The file is {_a(found)}, not {_a(kind)}.",
            hint=f"Import it with: securexfer {_COMMANDS[found]} FILE",
        )
    return StatementFormatError(f"The file is not {_a(kind)}, or a damaged one.")


def _a(kind: StatementKind) -> str:
    return f"{'an' if kind == 'extension' else 'a'} {NAMES[kind]}"


def _claimed_kind(data: bytes) -> StatementKind | None:
    """What a file calls itself: only for telling people which command they want."""
    try:
        members = decode_canonical(data.removesuffix(b"\n"), max_bytes=MAX_STATEMENT_BYTES)
        claimed = members["kind"] if "kind" in members else members["signatures"][0]["kind"]
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    return next((kind for kind in NAMES if kind == claimed), None)


def _is_too_large(data: bytes) -> bool:
    n_values = sum(map(data.count, (b",", b"[", b"{")))
    return len(data) > MAX_STATEMENT_BYTES or n_values > MAX_VALUES


def _spoken(claimed: str) -> str:
    """A claimed fingerprint for people; of anything else nothing is repeated."""
    return format_fingerprint(claimed) if is_fingerprint(claimed) else "unreadable"
