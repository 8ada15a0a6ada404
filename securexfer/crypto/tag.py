"""Tags of blocks that a drive must give back as they were.

A tag is GMAC (NIST SP 800-38D: AES-GCM over associated data alone) under a key that lives as long
as this object. A drive sees neither key nor tags, so it can't find other bytes with the same tag;
and a tag costs a tenth of a hash. Nothing of this is ever stored or sent.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BITS = 128
_NONCE_BYTES = 12


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
