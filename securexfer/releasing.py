"""Releasing: the password of a verified bundle, for whoever must use another program."""

from __future__ import annotations

from typing import Any

from securexfer.crypto.identity import Identity
from securexfer.custody.refusal import try_to_record
from securexfer.custody.register import Register
from securexfer.errors import SecurexferError
from securexfer.expiry import expiry_of
from securexfer.instant import Clock, format_instant
from securexfer.verifying import Verified, recheck


def release_password(
    verified: Verified, identity: Identity, register: Register, *, clock: Clock
) -> str:
    """The ZIP password for stock tools, after it was recorded that it was released.

    Raises:
        BundleReplayError, BundleOlderError: if another bundle was opened since it was verified.
        RegisterError: if that can't be recorded.
    """
    try:
        register.append(
            identity,
            "password-released",
            name_bundle(verified),
            clock(),
            check=lambda entries: recheck(verified, entries),
        )
    except SecurexferError as error:
        try_to_record(register, identity, error, name_bundle(verified), clock())
        raise
    return verified.inside.password


def name_bundle(verified: Verified) -> dict[str, Any]:
    """What says in the register which bundle it was."""
    manifest, outside = verified.manifest, verified.inside.outside
    return {
        "bundle_id": outside.envelope.bundle_id,
        "bundle_sha256": outside.claimed.bundle_sha256,
        "created_at": manifest.created_at,
        "expires_at": format_instant(expiry_of(outside)),
        "recipients": manifest.recipients,
        "sender": outside.envelope.sender,
        "sequence": manifest.sequence,
    }
