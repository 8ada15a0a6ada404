"""The way out, step by step. The only place that knows the order.

What can be refused without the data (recipe, keys, headers, target, space) is refused before the
first byte is written. What only the data can show removes the `.partial` file, whose password was
not sealed to anyone until all tables were written. The register entry is on disk before the
bundle has its name.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from securexfer.attaching import Attachments
from securexfer.bundle.envelope import Envelope, Member
from securexfer.bundle.layout import MANIFEST, READ_ME
from securexfer.bundle.manifest import AgreementRecord, Manifest, TableRecord
from securexfer.bundle.writer import BundleWriter
from securexfer.carrier import PartialFile
from securexfer.clearance import check_carrier
from securexfer.crypto.identity import Identity
from securexfer.custody.contradiction import contradict
from securexfer.custody.drill import DRILL
from securexfer.custody.job import describe_run, find_missed, find_runs
from securexfer.custody.register import Entry, Register, head_sha256
from securexfer.describing import check_manifest, describe_pack, record_table, seal_envelope
from securexfer.errors import RegisterError, SecurexferError
from securexfer.expectation import count_last
from securexfer.instant import Clock, format_instant
from securexfer.medium.medium import FindMedium, Medium, find_medium
from securexfer.order import (
    PackOrder,
    check_attached,
    check_drills,
    check_fit,
    check_order,
    check_sources,
    choose_target,
)
from securexfer.planning import OpenExtracts, choose_scope, survey_extract
from securexfer.privacy.compression import Compression
from securexfer.privacy.disclosure import (
    Finding,
    check_combinations,
    check_totals,
    judge_table,
    refuse,
)
from securexfer.privacy.pipeline import Findings, minimise_extract
from securexfer.privacy.plan import TablePlan
from securexfer.privacy.pseudonyms import ScopeKey
from securexfer.privacy.watch import Watch
from securexfer.reporting import Reporter
from securexfer.scoping import check_shared


@dataclass(frozen=True)
class PackResult:
    """A bundle that is on the drive, read back and recorded.

    Attributes:
        missed: runs of the job before this one of which nothing is on record.
    """

    path: Path
    n_bytes: int
    bundle_sha256: str
    manifest: Manifest
    entry: Entry
    carrier: Medium
    missed: tuple[str, ...] = ()


def pack(
    order: PackOrder,
    opened: OpenExtracts,
    identity: Identity,
    register: Register,
    *,
    clock: Clock,
    reporter: Reporter,
    find_medium: FindMedium = find_medium,
) -> PackResult:
    """Minimise, seal, sign, read back, record, and only then name the bundle.

    Args:
        order: what is asked for.
        opened: the extracts.
        identity: signs bundle and entry.
        register: hears of it before the bundle has its name.
        clock: now.
        reporter: progress.
        find_medium: finds the medium of a path.

    Raises:
        SecurexferError: for any reason not to; then no bundle is left behind.
    """
    created_at = clock()
    check_order(order, clock)
    bundle_id = os.urandom(16).hex()
    entries = register.entries()
    recipients = sorted(contact.fingerprint for contact in order.recipients)
    sequence = next_sequence(entries, recipients)
    target = choose_target(order, bundle_id, sequence, created_at)
    check_sources(order, opened, target, reporter)
    carrier = find_medium(target.parent)
    check_fit(opened, target, carrier, reporter)
    check_drills(order, entries, clock)
    last = count_last(entries, order.recipe_file.recipe_sha256, recipients)
    missed = find_missed(find_runs(entries, order.run.job), order.run) if order.run else []
    shared = None if order.own_tokens else order.shared
    if not order.own_tokens:
        check_shared(opened.recipe, order.recipients, shared, entries)
    agreement = opened.recipe.agreement
    scope = choose_scope(
        opened.recipe, order.recipients, identity.pseudonym_secret, bundle_id, shared
    )

    combinations = check_combinations(opened.plans, opened.recipe.limits)
    refuse(combinations)

    def make_manifest(tables: list[TableRecord], gates: Sequence[Finding] = ()) -> Manifest:
        return Manifest(
            format=1,
            bundle_id=bundle_id,
            created_at=format_instant(created_at),
            expires_at=format_instant(created_at + timedelta(days=agreement.retention_days)),
            sender=identity.fingerprint,
            recipients=recipients,
            members=[
                READ_ME,
                *(table.member for table in tables),
                *(table.attachments.member for table in tables if table.attachments),
                MANIFEST,
            ],
            sequence=sequence,
            agreement=AgreementRecord(
                **agreement.model_dump(exclude={"recipients", "drill_within_days", "forwarding"})
            ),
            forwarding=agreement.forwarding,
            drill=DRILL if order.is_drill else "no",
            linkage=opened.recipe.pseudonyms.linkage,
            recipe_sha256=order.recipe_file.recipe_sha256,
            tool=f"securexfer {version('securexfer')}",
            tables=tables,
            gates=[finding.record() for finding in gates],
        )

    drive_check = check_carrier(order, target, carrier, identity, register, clock, reporter)
    sketch = [record_table(plan, number) for number, plan in enumerate(opened.plans, start=1)]
    check_manifest(make_manifest(sketch, combinations))
    attached = [Attachments(plan, opened.extracts[plan.table]) for plan in opened.plans]
    file = PartialFile(target, force=order.force, medium=carrier)
    try:
        writer = BundleWriter(file)
        try:
            writer.write_read_me(order.found_contact)
            watches = [Watch(plan) for plan in opened.plans]
            compression = Compression(order.effort, lambda: file.backlog)
            tables = [
                _write_table(writer, opened, plan, scope, watch, files, compression, reporter)
                for plan, watch, files in zip(opened.plans, watches, attached, strict=True)
            ]
            order.expectation.check_rows({table.name: table.n_rows_in for table in tables}, last)
            n_rows = sum(table.n_rows_out for table in tables)
            totals = check_totals(opened.recipe.limits, n_rows, watches)
            # All at once: whoever mends a recipe wants to know all that is wrong with it.
            refuse([*totals, *(one for watch in watches for one in judge_table(watch))])
            found = [files.find(reporter) for files in attached]
            check_attached(found, file.n_bytes, target, carrier, reporter)
            tables = [
                table.model_copy(update={"attachments": files.write(writer, reporter)})
                for table, files in zip(tables, attached, strict=True)
            ]
            manifest = make_manifest(tables, [*combinations, *totals])
            check_manifest(manifest)

            def make_envelope(members: list[Member], password: str) -> Envelope:
                return seal_envelope(
                    manifest, order.recipients, members, password, head_sha256(entries)
                )

            digests = writer.finish(manifest.encode(), make_envelope, identity.keys)
        except BaseException:
            writer.abandon()
            raise
        file.sync()
        file.read_back(reporter)
        details = describe_pack(manifest, order, file, digests.bundle_sha256, carrier)
        details |= describe_run(order.run, missed) | drive_check

        def check_sequence(now_there: list[Entry]) -> None:
            if next_sequence(now_there, recipients) != manifest.sequence:
                raise RegisterError(
                    "Another bundle for the same recipients was packed at the same time.",
                    hint="Run the command again.",
                )

        entry = register.append(identity, "packed", details, clock(), check=check_sequence)
        file.publish()
        reporter.shield()
    except BaseException as error:
        reporter.shield()
        file.discard()
        reason = error.code if isinstance(error, SecurexferError) else "interrupted"
        with suppress(SecurexferError):
            contradict(register, identity, bundle_id, "pack-failed", reason, clock)
        raise
    file.finish()
    return PackResult(
        target, file.n_bytes, digests.bundle_sha256, manifest, entry, carrier, tuple(missed)
    )


def _write_table(
    writer: BundleWriter,
    opened: OpenExtracts,
    plan: TablePlan,
    scope: ScopeKey,
    watch: Watch,
    attached: Attachments,
    compression: Compression,
    reporter: Reporter,
) -> TableRecord:
    extract = opened.extracts[plan.table]
    rulings = survey_extract(opened, plan, scope, reporter)
    reporter.begin(f"Packing {plan.table}", extract.n_bytes)
    digest, n_bytes = hashlib.sha256(), 0
    findings = Findings()
    with writer.table() as write:
        for chunk in minimise_extract(
            extract, plan, scope, watch=watch, rulings=rulings, compression=compression
        ):
            write(chunk.compressed)
            digest.update(chunk.plaintext)
            n_bytes += len(chunk.plaintext)
            findings.add(chunk)
            attached.add(chunk)
            reporter.advance(chunk.n_bytes_in, chunk.n_rows_in)
        number = writer.n_tables
    n_subjects, n_subjects_is = watch.count_subjects()
    return record_table(plan, number).model_copy(
        update={
            **vars(findings),
            "n_subjects": n_subjects,
            "n_subjects_is": n_subjects_is,
            "gates": [finding.record() for finding in judge_table(watch)],
            "plaintext_sha256": digest.hexdigest(),
            "n_bytes": n_bytes,
        }
    )


def next_sequence(entries: Sequence[Entry], recipients: list[str]) -> int:
    """The number of the next bundle for exactly these recipients."""
    sent = [
        entry.details["sequence"]
        for entry in entries
        if entry.event == "packed" and entry.details["recipients"] == recipients
    ]
    return max(sent, default=0) + 1
