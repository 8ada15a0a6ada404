"""Releasing: the password of a verified bundle, for whoever must use another program."""

from __future__ import annotations

from securexfer.crypto.identity import Identity
from securexfer.custody.refusal import try_to_record
from securexfer.custody.register import Register
from securexfer.errors import SecurexferError
from securexfer.history import name_bundle
from securexfer.instant import Clock
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
            name_bundle(verified.inside),
            clock(),
            check=lambda entries: recheck(verified, entries),
        )
    except SecurexferError as error:
        try_to_record(register, identity, error, name_bundle(verified.inside), clock())
        raise
    return verified.inside.password
