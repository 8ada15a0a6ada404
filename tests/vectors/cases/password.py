"""The password: how it is sealed, and what the envelope commits to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.vectors.cases.cast import CAT
from tests.vectors.cases.vector import Vector, bundle
from tests.vectors.format1 import b64


def passwords() -> Iterator[Vector]:
    """M23 to M25, all validly signed."""

    def sealing(name: str, about: str, rule: str, **changes: Any) -> Vector:
        return bundle(f"sealed-{name}", about, rule, "password_mismatch", **changes)

    yield sealing(
        "for-other-bundle",
        "sealed under the id of another bundle",
        "M23",
        change_seal=lambda parts: parts.update(bundle_id="0" * 32),
    )
    yield sealing(
        "by-other-sender",
        "sealed in the name of another sender",
        "M23",
        change_seal=lambda parts: parts.update(sender=CAT.fingerprint),
    )
    yield sealing(
        "for-other-recipient",
        "sealed to the right key in the name of another recipient",
        "M23",
        change_seal=lambda parts: parts.update(recipient=CAT.fingerprint),
    )
    yield sealing(
        "to-other-key",
        "sealed to somebody else's key",
        "M23",
        change_seal=lambda parts: parts.update(public=CAT.keys.public),
    )
    yield sealing(
        "with-other-label",
        "sealed under another label",
        "M2",
        change_seal=lambda parts: parts.update(label="securexfer/2/seal"),
    )
    yield sealing(
        "zeros",
        "1179 zero bytes",
        "M23",
        change_envelope=lambda envelope: envelope["recipients"][0].update(
            sealed_password=b64(bytes(1179))
        ),
    )
    yield sealing(
        "other-password",
        "the commitment is to another password than the sealed one",
        "M24",
        committed_password="A" * 43,
    )
    yield sealing(
        "commitment-other-id",
        "the commitment is under another bundle's id",
        "M24",
        commitment_id="0" * 32,
    )
    for name, about, password in (
        ("42-characters", "a password of 42 characters, committed to", "A" * 42),
        ("44-characters", "a password of 44 characters, committed to", "A" * 44),
        ("not-base64url", "a password with + and /, committed to", "+/" * 21 + "A"),
        ("space", "a password with a space, committed to", "A" * 21 + " " + "A" * 21),
        ("beyond-ascii", "a password of 43 bytes in UTF-8, committed to", "A" * 41 + "\u00e9"),
    ):
        yield sealing(name, about, "M25", password=password)
