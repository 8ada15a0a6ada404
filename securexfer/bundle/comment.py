"""The archive comment: exactly 6,144 bytes that hold the signatures, outside of what they sign.

Every byte is determined by the five values in it. The reader encodes again what it decoded and
compares all of it: free bytes that nobody compares can hide a second ZIP directory.
"""

from __future__ import annotations

from dataclasses import dataclass

from securexfer.bundle.layout import COMMENT_BYTES
from securexfer.crypto.fingerprint import is_fingerprint
from securexfer.crypto.framing import length_prefixed
from securexfer.crypto.keys import PrivateKeys, PublicKeys, decode_base64, encode_base64
from securexfer.crypto.signing import Signature, sign, verify
from securexfer.errors import BundleFormatError

_TITLE = "securexfer-signature-1"


@dataclass(frozen=True)
class SignedDigests:
    """What a bundle's signatures say: this sender, this envelope, these bytes (SHA-256, hex)."""

    sender: str
    envelope_sha256: str
    bundle_sha256: str

    def payload(self) -> bytes:
        """The signed payload."""
        return length_prefixed(self.sender, self.envelope_sha256, self.bundle_sha256)


@dataclass(frozen=True)
class Comment:
    """The decoded comment; nothing in it is verified yet."""

    claimed: SignedDigests
    signature: Signature

    def encode(self) -> bytes:
        """The comment's 6,144 bytes."""
        lines = (
            _TITLE,
            self.claimed.sender,
            self.claimed.envelope_sha256,
            self.claimed.bundle_sha256,
            encode_base64(self.signature.ed25519),
            encode_base64(self.signature.ml_dsa_65),
        )
        text = "".join(line + "\n" for line in lines).encode("ascii")
        return text.ljust(COMMENT_BYTES - 1, b" ") + b"\n"

    def verified(self, sender: PublicKeys) -> SignedDigests:
        """The digests, after both signatures were checked.

        Raises:
            SignatureInvalidError: if either does not verify.
        """
        verify(sender, "bundle", self.claimed.payload(), self.signature)
        return self.claimed


def sign_comment(digests: SignedDigests, keys: PrivateKeys) -> Comment:
    """Sign a bundle's digests."""
    return Comment(digests, sign(keys, "bundle", digests.payload()))


def decode_comment(data: bytes) -> Comment:
    """Read a comment.

    Raises:
        BundleFormatError: if a single byte is not as the encoder would have written it.
    """
    try:
        lines = data.decode("ascii").split("\n")
        title, sender, envelope_sha256, bundle_sha256, ed25519, ml_dsa_65 = lines[:6]
        halves = decode_base64(ed25519), decode_base64(ml_dsa_65)
        hashes = (sender, envelope_sha256, bundle_sha256)
        if title != _TITLE or not all(is_fingerprint(text) for text in hashes):
            raise ValueError("lines")
    except ValueError:
        raise BundleFormatError("The bundle's signature block is not well-formed.") from None
    try:
        signature = Signature(*halves)
    except ValueError as error:
        raise BundleFormatError(f"The bundle is not signed as it must be: {error}.") from None
    comment = Comment(SignedDigests(sender, envelope_sha256, bundle_sha256), signature)
    if comment.encode() != data:
        raise BundleFormatError("The bundle's signature block has bytes that do not belong there.")
    return comment
