"""Contradictions: what the register said before it happened, and then did not happen."""

from __future__ import annotations

from securexfer.crypto.identity import Identity
from securexfer.custody.register import Register
from securexfer.instant import Clock


def contradict(
    register: Register, identity: Identity, bundle_id: str, event: str, reason: str, clock: Clock
) -> None:
    """Where the register says already that a bundle was made, say that it was not.

    Args:
        register: which may not have heard of it.
        identity: signs the entry.
        bundle_id: of the bundle.
        event: what to call it, such as `pack-failed`.
        reason: code of the error.
        clock: now.

    Raises:
        RegisterError: if that can't be recorded.
    """
    if any(entry.details.get("bundle_id") == bundle_id for entry in register.entries()):
        details = {"bundle_id": bundle_id, "reason": reason}
        register.append(identity, event, details, clock())
