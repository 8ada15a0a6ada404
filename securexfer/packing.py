"""The way out, step by step. The only place that knows the order.

What can be refused without the data (recipe, keys, headers, target, space) is refused before the
first byte is written. What only the data can show removes the `.partial` file, whose password was
not sealed to anyone until all tables were written. The register entry is on disk before the
bundle has its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from securexfer.attaching import Attachments
from securexfer.bundle.comment import SignedDigests
from securexfer.bundle.envelope import Envelope, Member
from securexfer.bundle.manifest import Manifest, TableRecord
from securexfer.bundle.writer import BundleWriter
from securexfer.carrier import PartialFile
from securexfer.crypto.identity import Identity
from securexfer.custody.contradiction import contradict
from securexfer.custody.job import describe_run
from securexfer.custody.register import Entry, Register
from securexfer.describing import (
    check_manifest,
    describe_pack,
    record_table,
    seal_envelope,
)
from securexfer.errors import RegisterError, SecurexferError
from securexfer.instant import Clock
from securexfer.load import Load, next_sequence, prepare_load
from securexfer.medium.medium import FindMedium, Medium, find_medium
from securexfer.order import (
    PackOrder,
    check_attached,
)
from securexfer.planning import OpenExtracts, survey_extract
from securexfer.privacy.compression import Compression
from securexfer.privacy.disclosure import (
    Finding,
    check_totals,
    judge_table,
    refuse,
)
from securexfer.privacy.pipeline import Findings, minimise_extract
from securexfer.privacy.plan import TablePlan
from securexfer.privacy.pseudonyms import ScopeKey
from securexfer.privacy.watch import Watch
from securexfer.reporting import Reporter


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
    load = prepare_load(order, opened, identity, register, clock, reporter, find_medium)
    file = PartialFile(load.target, force=order.force, medium=load.carrier)
    try:
        manifest, digests = _write(load, file, identity, reporter)
        file.sync()
        file.read_back(reporter)
        details = describe_pack(manifest, order, file, digests.bundle_sha256, load.carrier)
        details |= describe_run(order.run, load.missed) | load.drive_check
        entry = register.append(
            identity,
            "packed",
            details,
            clock(),
            check=lambda entries: _check_sequence(manifest, entries),
        )
        file.publish()
        reporter.shield()
    except BaseException as error:
        reporter.shield()
        file.discard()
        reason = error.code if isinstance(error, SecurexferError) else "interrupted"
        with suppress(SecurexferError):
            contradict(register, identity, load.draft.bundle_id, "pack-failed", reason, clock)
        raise
    file.finish()
    return PackResult(
        load.target,
        file.n_bytes,
        digests.bundle_sha256,
        manifest,
        entry,
        load.carrier,
        tuple(load.missed),
    )


def _write(
    load: Load, file: PartialFile, identity: Identity, reporter: Reporter
) -> tuple[Manifest, SignedDigests]:
    """Write the whole bundle; the gates judge it before its password is sealed to anyone."""
    writer = BundleWriter(file)
    try:
        writer.write_read_me(load.order.found_contact)
        tables, totals = _write_tables(load, writer, file, reporter)
        found = [files.find(reporter) for files in load.attached]
        check_attached(found, file.n_bytes, load.target, load.carrier, reporter)
        tables = [
            table.model_copy(update={"attachments": files.write(writer, reporter)})
            for table, files in zip(tables, load.attached, strict=True)
        ]
        manifest = load.draft.complete(tables, [*load.combinations, *totals])
        check_manifest(manifest)

        def seal(members: list[Member], password: str) -> Envelope:
            recipients = load.order.recipients
            return seal_envelope(manifest, recipients, members, password, load.register_head)

        return manifest, writer.finish(manifest.encode(), seal, identity.keys)
    except BaseException:
        writer.abandon()
        raise


def _write_tables(
    load: Load, writer: BundleWriter, file: PartialFile, reporter: Reporter
) -> tuple[list[TableRecord], list[Finding]]:
    """Write all tables; what is recorded of them, and what was found of them together."""
    opened = load.opened
    watches = [Watch(plan) for plan in opened.plans]
    compression = Compression(load.order.effort, lambda: file.backlog)
    tables = [
        _write_table(writer, opened, plan, load.scope, watch, files, compression, reporter)
        for plan, watch, files in zip(opened.plans, watches, load.attached, strict=True)
    ]
    n_rows_in = {table.name: table.n_rows_in for table in tables}
    load.order.expectation.check_rows(n_rows_in, load.n_last)
    n_rows_out = sum(table.n_rows_out for table in tables)
    totals = check_totals(opened.recipe.limits, n_rows_out, watches)
    # All at once: whoever mends a recipe wants to know all that is wrong with it.
    refuse([*totals, *(one for watch in watches for one in judge_table(watch))])
    return tables, totals


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


def _check_sequence(manifest: Manifest, entries: Sequence[Entry]) -> None:
    if next_sequence(entries, manifest.recipients) != manifest.sequence:
        raise RegisterError(
            "Another bundle for the same recipients was packed at the same time.",
            hint="Run the command again.",
        )
