"""Clearance: whether a drive may leave with a bundle on it; asked before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from securexfer.crypto.identity import Identity
from securexfer.custody.register import Register
from securexfer.instant import Clock
from securexfer.medium.medium import Medium
from securexfer.order import PackOrder
from securexfer.reporting import Reporter


def check_carrier(
    order: PackOrder,
    target: Path,
    carrier: Medium,
    identity: Identity,
    register: Register,
    clock: Clock,
    reporter: Reporter,
) -> dict[str, Any]:
    """Check the drive if the order says so; what to record of it.

    Raises:
        GateError: if something lies there in clear, or can't be judged; that is recorded first.
    """
    if not order.checks_drive:
        return {}
    # Readers of many formats, which a run that does not ask for them should not have to load.
    from securexfer.scan.check import check_drive
    from securexfer.scan.walk import find_root

    root = find_root(target.parent, carrier)
    checked = check_drive(root, now=clock(), reporter=reporter)
    refusal = checked.refusal()
    if refusal is not None:
        details = {**checked.record(), "carrier": carrier.identify()}
        register.append(identity, "drive-checked", details, clock())
        raise refusal
    return {"drive_check": checked.record()}
