"""Refusals: bundles that were not opened, on record with the reason.

What a refused bundle says of itself may be anybody's words. Of those only ids get into the
register, and only if they look like ids: nothing in them can be read as text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from securexfer.crypto.identity import Identity
from securexfer.custody.entry import Entry
from securexfer.custody.register import Register
from securexfer.errors import (
    BundleFormatError,
    BundleMissingError,
    MediumRefusedError,
    NotForThisIdentityError,
    SecurexferError,
    VerificationError,
)

_REFUSALS = (BundleFormatError, MediumRefusedError, NotForThisIdentityError, VerificationError)
_IDS = {
    "bundle_id": re.compile(r"[0-9a-f]{32}"),
    "bundle_sha256": re.compile(r"[0-9a-f]{64}"),
    "sender": re.compile(r"[0-9a-f]{64}"),
}


def is_refusal(error: SecurexferError) -> bool:
    """Whether an error says of a bundle that it must not be opened, or not where it was to be.

    A path that leads to no file says nothing about a bundle.
    """
    return isinstance(error, _REFUSALS) and not isinstance(error, BundleMissingError)


def record_refusal(
    register: Register,
    identity: Identity,
    error: SecurexferError,
    claims: Mapping[str, str],
    at: datetime,
    *,
    medium: Mapping[str, str] | None = None,
) -> Entry:
    """Record that a bundle was refused, and why.

    Args:
        register: of this home.
        identity: signs the entry.
        error: the refusal; its code is the reason.
        claims: `bundle_id`, `bundle_sha256` and `sender`, as far as they could be read.
        at: now.
        medium: kind and file system of where the tables should go, if that was the reason.

    Raises:
        RegisterError: if it can't be recorded. Whoever calls this must still raise the refusal.
    """
    ids = {
        name: claims[name]
        for name, form in _IDS.items()
        if isinstance(claims.get(name), str) and form.fullmatch(claims[name])
    }
    details: dict[str, Any] = {**ids, "reason": error.code}
    if medium is not None:
        details["medium"] = dict(medium)
    return register.append(identity, "unpack-refused", details, at)


def try_to_record(
    register: Register,
    identity: Identity,
    error: BaseException,
    claims: Mapping[str, str],
    at: datetime,
    *,
    medium: Mapping[str, str] | None = None,
) -> None:
    """Record an error on its way up, if it is a refusal; whatever comes of that, it goes on."""
    if isinstance(error, SecurexferError) and is_refusal(error):
        with suppress(Exception):
            record_refusal(register, identity, error, claims, at, medium=medium)
