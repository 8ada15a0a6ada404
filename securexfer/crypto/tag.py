"""Tags of what a drive must give back as it was.

A tag is GMAC (NIST SP 800-38D: AES-GCM over associated data alone) under a key that lives as long
as the object that makes it. A drive sees neither key nor tags, so it can't find other bytes with
the same tag; and a tag costs a tenth of a hash. Nothing of this is ever stored or sent.
"""

from __future__ import annotations

import os

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import GCM

_KEY_BITS = 128
_NONCE_BYTES = 12
_NO_NONCE = bytes(_NONCE_BYTES)


class BlockTags:
    """Tags of numbered blocks, under one key."""

    def __init__(self) -> None:
        self._key = AESGCM(AESGCM.generate_key(_KEY_BITS))

    def tag(self, number: int, block: bytes | memoryview) -> bytes:
        """Tag of a block, 16 bytes.

        Whatever comes as that block is tagged under the same nonce, also if it has changed. That
        would give the key away to whoever sees both tags, and nobody does.
        """
        return self._key.encrypt(number.to_bytes(_NONCE_BYTES, "big"), b"", block)


class TagMaker:
    """Makes tags of whole streams, under one key."""

    def __init__(self) -> None:
        self._key = AES128(os.urandom(_KEY_BITS // 8))

    def begin(self) -> StreamTag:
        """The tag of another stream; equal for equal bytes, however they are cut into pieces.

        All are made under one nonce, for the reason that `BlockTags.tag` gives.
        """
        return StreamTag(self._key)


class StreamTag:
    """Tag of the bytes given so far, fewer than 2⁶¹; made by a `TagMaker`."""

    def __init__(self, key: AES128) -> None:
        self._gcm = Cipher(key, GCM(_NO_NONCE)).encryptor()

    def update(self, data: bytes | memoryview) -> None:
        """Go on with these bytes, fewer than 2³¹ at a time."""
        self._gcm.authenticate_additional_data(data)

    def finish(self) -> bytes:
        """The tag, 16 bytes; to be asked for once, and nothing can be added after it."""
        self._gcm.finalize()
        return self._gcm.tag
