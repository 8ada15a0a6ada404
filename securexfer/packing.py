"""The way out, step by step. The only place that knows the order.

What can be refused without the data (recipe, keys, headers, target, space) is refused before the
first byte is written. What only the data can show removes the `.partial` file, whose password was
never sealed to anyone. The register entry is on disk before the bundle has its name.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

from securexfer.bundle.envelope import (
    FORMAT,
    Envelope,
    Member,
    SealedFor,
    commit_password,
    seal_info,
)
from securexfer.bundle.layout import MANIFEST
from securexfer.bundle.manifest import AgreementRecord, FieldRecord, Manifest, TableRecord
from securexfer.bundle.writer import BundleWriter
from securexfer.carrier import (
    PARTIAL_SUFFIX,
    PartialFile,
    check_space,
    check_target,
    free_bytes,
)
from securexfer.crypto.identity import Identity
from securexfer.crypto.keys import encode_base64
from securexfer.crypto.sealing import seal
from securexfer.custody.register import Entry, Register, head_sha256
from securexfer.errors import (
    CardExpiredError,
    OutputError,
    OutputExistsError,
    RecipeError,
    RegisterError,
    UsageError,
)
from securexfer.home.contacts import Contact
from securexfer.instant import Clock, format_instant
from securexfer.privacy.extract import Extract
from securexfer.privacy.pipeline import Chunk, minimise_extract
from securexfer.privacy.plan import TablePlan, plan_tables
from securexfer.privacy.pseudonyms import ScopeKey, agreement_scope, bundle_scope
from securexfer.recipe.model import Recipe
from securexfer.recipe.reading import RecipeFile
from securexfer.reporting import Reporter

BUNDLE_SUFFIX = ".sxfer.zip"
_SHORT_ID = 12
# Signatures, envelope, directory and the smallest members: below this no bundle fits.
_LEAST_BYTES = 32 * 1024


@dataclass(frozen=True)
class Input:
    """One extract as named on the command line: a table (or None: to be found) and a path.

    A path of None is standard input.
    """

    table: str | None
    path: Path | None


@dataclass(frozen=True)
class PackOrder:
    """Everything that a pack is asked to do.

    Attributes:
        recipe_file: what may leave.
        recipients: pinned contacts.
        output: an existing folder, or the bundle's path.
        force: replace an existing file.
        found_contact: whom a finder should call; appears in clear.
    """

    recipe_file: RecipeFile
    recipients: Sequence[Contact]
    output: Path
    force: bool = False
    found_contact: str = ""


@dataclass(frozen=True)
class OpenExtracts:
    """Extracts, open and planned; the recipe fits their headers."""

    recipe: Recipe
    extracts: dict[str, Extract]
    plans: tuple[TablePlan, ...]


@dataclass(frozen=True)
class PackResult:
    """A bundle that is on the drive, read back and recorded."""

    path: Path
    n_bytes: int
    bundle_sha256: str
    manifest: Manifest
    entry: Entry


@contextmanager
def open_extracts(
    recipe: Recipe, inputs: Sequence[Input], stdin: BinaryIO | None = None
) -> Iterator[OpenExtracts]:
    """Open every extract, read its header, and hold the recipe against all of them.

    Raises:
        UsageError: if inputs and tables can't be matched.
        RecipeError: if the recipe does not fit the headers.
        ExtractError: if an extract can't be used.
    """
    matched = _match_inputs(recipe, inputs)
    with ExitStack() as stack:
        extracts: dict[str, Extract] = {}
        for name, path in matched.items():
            dialect = recipe.tables[name].csv
            if path is not None:
                extracts[name] = stack.enter_context(Extract.open(name, path, dialect))
            elif stdin is not None:
                extracts[name] = Extract(name, stdin, dialect)
            else:
                raise UsageError("Standard input is not available here.")
        plans = plan_tables(recipe, {name: e.header for name, e in extracts.items()})
        yield OpenExtracts(recipe, extracts, plans)


def pack(
    order: PackOrder,
    opened: OpenExtracts,
    identity: Identity,
    register: Register,
    *,
    clock: Clock,
    reporter: Reporter,
) -> PackResult:
    """Minimise, seal, sign, read back, record, and only then name the bundle.

    Raises:
        SecurexferError: for any reason not to; then no bundle is left behind.
    """
    created_at = clock()
    check_recipients(order, clock)
    bundle_id = os.urandom(16).hex()
    target = _choose_target(order, bundle_id)
    _check_sources(opened, target, reporter)
    entries = register.entries()
    recipients = sorted(contact.fingerprint for contact in order.recipients)
    agreement = opened.recipe.agreement
    scope = _choose_scope(opened.recipe, order.recipients, identity, bundle_id)

    file = PartialFile(target, force=order.force)
    try:
        writer = BundleWriter(file, found_contact=order.found_contact)
        try:
            tables = [
                _write_table(writer, opened.extracts[plan.table], plan, scope, reporter)
                for plan in opened.plans
            ]
            manifest = Manifest(
                format=1,
                bundle_id=bundle_id,
                created_at=format_instant(created_at),
                expires_at=format_instant(created_at + timedelta(days=agreement.retention_days)),
                sender=identity.fingerprint,
                recipients=recipients,
                members=[*(m.name for m in writer.members), MANIFEST],
                sequence=_next_sequence(entries, recipients),
                agreement=AgreementRecord(**agreement.model_dump(exclude={"recipients"})),
                forwarding="no",
                linkage=opened.recipe.pseudonyms.linkage,
                recipe_sha256=order.recipe_file.recipe_sha256,
                tool=f"securexfer {version('securexfer')}",
                tables=tables,
            )

            def make_envelope(members: list[Member], password: str) -> Envelope:
                return _seal_envelope(
                    manifest, order.recipients, members, password, head_sha256(entries)
                )

            digests = writer.finish(manifest.encode(), make_envelope, identity.keys)
        except BaseException:
            writer.abandon()
            raise
        file.sync()
        file.read_back(reporter)
        details = _describe(manifest, order, file, digests.bundle_sha256)

        def check_sequence(now_there: list[Entry]) -> None:
            if _next_sequence(now_there, recipients) != manifest.sequence:
                raise RegisterError(
                    "Another bundle for the same recipients was packed at the same time.",
                    hint="Run the command again.",
                )

        entry = register.append(identity, "packed", details, clock(), check=check_sequence)
        try:
            file.publish()
        except OutputError as error:
            register.append(
                identity, "pack-failed", {"bundle_id": bundle_id, "reason": error.code}, clock()
            )
            raise
    except BaseException:
        file.discard()
        raise
    return PackResult(target, file.n_bytes, digests.bundle_sha256, manifest, entry)


def check_recipients(order: PackOrder, clock: Clock) -> None:
    """Check that the recipe allows these recipients and that their cards are in use.

    Raises:
        UsageError: if there is none.
        RecipeError: if the recipe names others only.
        CardExpiredError: if a card is past its last day.
    """
    if not order.recipients:
        raise UsageError("A bundle needs a recipient.", hint="Name one with --to CONTACT.")
    allowed = order.recipe_file.recipe.agreement.recipients
    for contact in order.recipients:
        if allowed is not None and contact.name not in allowed:
            raise RecipeError(
                f"The recipe does not allow the recipient {contact.name!r}.",
                problems=[f"agreement.recipients: {', '.join(allowed)} only"],
            )
        if contact.card.expires_at < clock():
            raise CardExpiredError(
                f"The card of {contact.name!r} expired on {contact.card.expires_at:%Y-%m-%d}."
            )


def _match_inputs(recipe: Recipe, inputs: Sequence[Input]) -> dict[str, Path | None]:
    matched: dict[str, Path | None] = {}
    for given in inputs:
        name = given.table
        if name is None and len(recipe.tables) == 1:
            (name,) = recipe.tables
        elif name is None and given.path is not None and given.path.stem in recipe.tables:
            name = given.path.stem
        if name is None:
            raise UsageError(
                f"It is not clear which table {given.path or 'standard input'} is.",
                hint="Name it, as TABLE=PATH.",
            )
        if name in matched:
            raise UsageError(f"Two inputs were given for the table {name!r}.")
        matched[name] = given.path
    if list(matched.values()).count(None) > 1:
        raise UsageError("Only one table can come from standard input.")
    return matched


def _choose_target(order: PackOrder, bundle_id: str) -> Path:
    target = order.output
    if target.is_dir():
        target = target / f"sx-{bundle_id[:_SHORT_ID]}{BUNDLE_SUFFIX}"
    check_target(target, force=order.force)
    check_space(target.parent, _LEAST_BYTES)
    return target


def _check_sources(opened: OpenExtracts, target: Path, reporter: Reporter) -> None:
    n_bytes = 0
    for extract in opened.extracts.values():
        n_bytes += extract.n_bytes or 0
        if extract.path is not None and target.exists() and extract.path.samefile(target):
            raise OutputExistsError("The bundle would replace its own extract.")
        if extract.path == target.with_name(target.name + PARTIAL_SUFFIX):
            raise OutputExistsError("The bundle would replace its own extract.")
    free = free_bytes(target.parent)
    # What leaves is usually far smaller than the extract, but nobody can know before.
    if free is not None and free < n_bytes // 4:
        reporter.note(f"{target.parent} may be too small: {free:,} bytes are free.")


def _choose_scope(
    recipe: Recipe, recipients: Sequence[Contact], identity: Identity, bundle_id: str
) -> ScopeKey:
    if recipe.pseudonyms.linkage == "bundle":
        return bundle_scope(identity.pseudonym_secret, bundle_id)
    return agreement_scope(
        identity.pseudonym_secret,
        recipe.agreement.reference,
        recipe.pseudonyms.epoch,
        [contact.origin_fingerprint for contact in recipients],
    )


def _write_table(
    writer: BundleWriter, extract: Extract, plan: TablePlan, scope: ScopeKey, reporter: Reporter
) -> TableRecord:
    reporter.begin(f"Packing {plan.table}", extract.n_bytes)
    digest, n_bytes = hashlib.sha256(), 0
    totals: Counter[str] = Counter()
    n_unparsed: Counter[str] = Counter()
    with writer.table() as write:
        for chunk in minimise_extract(extract, plan, scope):
            write(chunk.compressed)
            digest.update(chunk.plaintext)
            n_bytes += len(chunk.plaintext)
            totals.update(_count(chunk))
            n_unparsed.update(chunk.n_unparsed)
            reporter.advance(chunk.n_bytes_in, chunk.n_rows_in)
        member = writer.current_member
    return TableRecord(
        name=plan.table,
        member=member,
        fields=[
            FieldRecord(name=f.name, action=f.spec.action, source=f.source) for f in plan.fields
        ],
        withheld=list(plan.withheld),
        n_rows_in=totals["n_rows_in"],
        n_rows_out=totals["n_rows_out"],
        n_blank_lines=totals["n_blank_lines"],
        n_unparsed=dict(n_unparsed),
        n_subjects=totals["n_rows_out"],
        n_subjects_is="upper bound",
        plaintext_sha256=digest.hexdigest(),
        n_bytes=n_bytes,
        gates=[],
    )


def _count(chunk: Chunk) -> dict[str, int]:
    names = ("n_rows_in", "n_rows_out", "n_blank_lines")
    return {name: getattr(chunk, name) for name in names}


def _next_sequence(entries: Sequence[Entry], recipients: list[str]) -> int:
    sent = [
        entry.details["sequence"]
        for entry in entries
        if entry.event == "packed" and entry.details["recipients"] == recipients
    ]
    return max(sent, default=0) + 1


def _seal_envelope(
    manifest: Manifest,
    recipients: Sequence[Contact],
    members: list[Member],
    password: str,
    register_head: str,
) -> Envelope:
    keys = {contact.fingerprint: contact.card.keys for contact in recipients}
    sealed = []
    for fingerprint in manifest.recipients:
        info = seal_info(manifest.bundle_id, manifest.sender, fingerprint)
        sealed_password = seal(password.encode("ascii"), keys[fingerprint], info)
        sealed.append(
            SealedFor(fingerprint=fingerprint, sealed_password=encode_base64(sealed_password))
        )
    return Envelope(
        format=FORMAT,
        bundle_id=manifest.bundle_id,
        created_at=manifest.created_at,
        expires_at=manifest.expires_at,
        sender=manifest.sender,
        recipients=sealed,
        password_commitment=commit_password(manifest.bundle_id, password),
        register_head=register_head,
        members=members,
    )


def _describe(
    manifest: Manifest, order: PackOrder, file: PartialFile, bundle_sha256: str
) -> dict[str, Any]:
    """The register's details: all that the manifest says, and where it went."""
    record = manifest.model_dump(exclude_none=True, exclude={"format", "sender", "members"})
    return {
        **record,
        "bundle_sha256": bundle_sha256,
        "file_name": order.output.name if not order.output.is_dir() else file.target.name,
        "file_sha256": file.sha256,
        "n_bytes": file.n_bytes,
        "recipient_names": sorted(contact.name for contact in order.recipients),
    }
