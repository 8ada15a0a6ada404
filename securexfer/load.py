"""What is to be packed, when all was checked that can be without the data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from securexfer.attaching import Attachments
from securexfer.clearance import check_carrier
from securexfer.crypto.identity import Identity
from securexfer.custody.job import find_missed, find_runs
from securexfer.custody.register import Entry, Register, head_sha256
from securexfer.describing import ManifestDraft, check_manifest, record_table
from securexfer.expectation import count_last
from securexfer.instant import Clock
from securexfer.medium.medium import FindMedium, Medium
from securexfer.order import (
    PackOrder,
    check_drills,
    check_fit,
    check_order,
    check_sources,
    choose_target,
)
from securexfer.planning import OpenExtracts, choose_scope
from securexfer.privacy.disclosure import Finding, check_combinations, refuse
from securexfer.privacy.pseudonyms import ScopeKey
from securexfer.reporting import Reporter
from securexfer.scoping import check_shared


@dataclass(frozen=True)
class Load:
    """An order that can be carried out.

    Attributes:
        order, opened: what is asked for.
        draft: the manifest, but for its tables.
        scope: how far tokens reach.
        combinations: what was found of the fields' combinations.
        attached: the files that each table's rows name, none looked for yet.
        target, carrier: where the bundle will be, and on which medium.
        drive_check: what was found on that, for the register.
        register_head: SHA-256 of the register's last entry.
        n_last: rows of the last such bundle, by table.
        missed: earlier runs of the job of which nothing is on record.
    """

    order: PackOrder
    opened: OpenExtracts
    draft: ManifestDraft
    scope: ScopeKey
    combinations: list[Finding]
    attached: list[Attachments]
    target: Path
    carrier: Medium
    drive_check: dict[str, Any]
    register_head: str
    n_last: dict[str, int]
    missed: list[str]


def prepare_load(
    order: PackOrder,
    opened: OpenExtracts,
    identity: Identity,
    register: Register,
    clock: Clock,
    reporter: Reporter,
    find_medium: FindMedium,
) -> Load:
    """Check all that can be checked before the first byte is written.

    Args:
        order, opened: what is asked for.
        identity: signs what is recorded meanwhile.
        register: what was packed before; hears of a check of the drive.
        clock: now.
        reporter: progress.
        find_medium: finds the medium of a path.

    Raises:
        SecurexferError: for any reason not to pack.
    """
    created_at = clock()
    check_order(order, clock)
    entries = register.entries()
    recipients = sorted(contact.fingerprint for contact in order.recipients)
    draft = ManifestDraft(
        bundle_id=os.urandom(16).hex(),
        created_at=created_at,
        sender=identity.fingerprint,
        recipients=recipients,
        sequence=next_sequence(entries, recipients),
        recipe=opened.recipe,
        recipe_sha256=order.recipe_file.recipe_sha256,
        is_drill=order.is_drill,
    )
    target = choose_target(order, draft.bundle_id, draft.sequence, created_at)
    check_sources(order, opened, target, reporter)
    carrier = find_medium(target.parent)
    check_fit(opened, target, carrier, reporter)
    check_drills(order, entries, clock)
    shared = None if order.own_tokens else order.shared
    if not order.own_tokens:
        check_shared(opened.recipe, order.recipients, shared, entries)
    combinations = check_combinations(opened.plans, opened.recipe.limits)
    refuse(combinations)
    drive_check = check_carrier(order, target, carrier, identity, register, clock, reporter)
    sketch = [record_table(plan, number) for number, plan in enumerate(opened.plans, start=1)]
    check_manifest(draft.complete(sketch, combinations))
    return Load(
        order=order,
        opened=opened,
        draft=draft,
        scope=choose_scope(
            opened.recipe, order.recipients, identity.pseudonym_secret, draft.bundle_id, shared
        ),
        combinations=combinations,
        attached=[Attachments(plan, opened.extracts[plan.table]) for plan in opened.plans],
        target=target,
        carrier=carrier,
        drive_check=drive_check,
        register_head=head_sha256(entries),
        n_last=count_last(entries, draft.recipe_sha256, recipients),
        missed=find_missed(find_runs(entries, order.run.job), order.run) if order.run else [],
    )


def next_sequence(entries: Sequence[Entry], recipients: list[str]) -> int:
    """The number of the next bundle for exactly these recipients."""
    sent = [
        entry.details["sequence"]
        for entry in entries
        if entry.event == "packed" and entry.details["recipients"] == recipients
    ]
    return max(sent, default=0) + 1
