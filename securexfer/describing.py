"""What is written down of a pack: in the manifest, in the envelope, and in the register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any

from securexfer.bundle.envelope import (
    FORMAT,
    Envelope,
    Member,
    commit_password,
    seal_password,
)
from securexfer.bundle.layout import MANIFEST, READ_ME, table_member
from securexfer.bundle.manifest import (
    MAX_MANIFEST_BYTES,
    AgreementRecord,
    FieldRecord,
    Manifest,
    TableRecord,
)
from securexfer.carrier import PartialFile
from securexfer.custody.drill import DRILL
from securexfer.errors import HeaderError
from securexfer.home.contacts import Contact
from securexfer.instant import format_instant
from securexfer.medium.medium import Medium
from securexfer.order import PackOrder
from securexfer.privacy.disclosure import Finding
from securexfer.privacy.plan import TablePlan
from securexfer.recipe.model import Recipe


@dataclass(frozen=True)
class ManifestDraft:
    """All that a manifest says, but of its tables.

    Attributes:
        bundle_id: 32 hex digits.
        created_at: now.
        sender, recipients: fingerprints; those of the recipients are sorted.
        sequence: number of the bundle among those for the same recipients.
        recipe, recipe_sha256: what may leave.
        is_drill: its records are synthetic.
    """

    bundle_id: str
    created_at: datetime
    sender: str
    recipients: list[str]
    sequence: int
    recipe: Recipe
    recipe_sha256: str
    is_drill: bool

    def complete(self, tables: Sequence[TableRecord], findings: Sequence[Finding] = ()) -> Manifest:
        """The manifest of these tables; `findings` are those about all of them together."""
        agreement = self.recipe.agreement
        return Manifest(
            format=1,
            bundle_id=self.bundle_id,
            created_at=format_instant(self.created_at),
            expires_at=format_instant(self.created_at + timedelta(days=agreement.retention_days)),
            sender=self.sender,
            recipients=self.recipients,
            members=[
                READ_ME,
                *(table.member for table in tables),
                *(table.attachments.member for table in tables if table.attachments),
                MANIFEST,
            ],
            sequence=self.sequence,
            agreement=AgreementRecord(
                **agreement.model_dump(exclude={"recipients", "drill_within_days", "forwarding"})
            ),
            forwarding=agreement.forwarding,
            drill=DRILL if self.is_drill else "no",
            linkage=self.recipe.pseudonyms.linkage,
            recipe_sha256=self.recipe_sha256,
            tool=f"securexfer {version('securexfer')}",
            tables=list(tables),
            gates=[finding.record() for finding in findings],
        )


def record_table(plan: TablePlan, number: int) -> TableRecord:
    """What is known about a table before its data are read."""
    return TableRecord(
        name=plan.table,
        member=table_member(number),
        fields=[
            FieldRecord(name=f.name, action=f.spec.action, source=f.source) for f in plan.fields
        ],
        withheld=list(plan.withheld),
        n_rows_in=0,
        n_rows_out=0,
        n_blank_lines=0,
        n_unparsed={f.name: 0 for f in plan.fields},
        n_formulas={f.name: 0 for f in plan.fields},
        n_subjects=0,
        n_subjects_is="upper bound",
        plaintext_sha256="0" * 64,
        n_bytes=0,
        gates=[],
    )


def check_manifest(sketch: Manifest) -> None:
    """Check that what will be recorded is not more than readers take.

    Raises:
        HeaderError: if it is.
    """
    # Column names are the sender's to choose; readers bound what they accept.
    if len(sketch.encode()) > MAX_MANIFEST_BYTES:
        raise HeaderError("The tables have too many or too long columns to be recorded.")


def seal_envelope(
    manifest: Manifest,
    recipients: Sequence[Contact],
    members: list[Member],
    password: str,
    register_head: str,
) -> Envelope:
    """The envelope of a pack: its password, sealed to each recipient."""
    keys = {contact.fingerprint: contact.card.keys for contact in recipients}
    listed = {fingerprint: keys[fingerprint] for fingerprint in manifest.recipients}
    return Envelope(
        format=FORMAT,
        bundle_id=manifest.bundle_id,
        created_at=manifest.created_at,
        expires_at=manifest.expires_at,
        sender=manifest.sender,
        recipients=seal_password(password, manifest.bundle_id, manifest.sender, listed),
        password_commitment=commit_password(manifest.bundle_id, password),
        register_head=register_head,
        members=members,
    )


def describe_pack(
    manifest: Manifest, order: PackOrder, file: PartialFile, bundle_sha256: str, carrier: Medium
) -> dict[str, Any]:
    """The register's details: all that the manifest says, and where it went."""
    names = {contact.fingerprint: contact.name for contact in order.recipients}
    record = manifest.model_dump(exclude_none=True, exclude={"format", "sender", "members"})
    shared = {}
    if order.shared is not None and manifest.linkage == "agreement" and not order.own_tokens:
        shared["scope_key_sha256"] = order.shared.statement_sha256
    return {
        **record,
        **shared,
        "bundle_sha256": bundle_sha256,
        "carrier": carrier.identify(),
        "file_name": order.output.name if not order.output.is_dir() else file.target.name,
        "file_sha256": file.sha256,
        "n_bytes": file.n_bytes,
        "recipient_names": [names[fingerprint] for fingerprint in manifest.recipients],
    }
