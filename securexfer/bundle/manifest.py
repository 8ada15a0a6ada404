"""The manifest: the complete record inside a bundle, a Data Package descriptor with one more block.

Unknown keys are ignored by the reader, so that later versions can say more. What is read is held
to strict types and safe names all the same: a sender can be malicious.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, FailFast, Field

from securexfer.bundle.envelope import BundleId, Count, Envelope, Instant, Sha256
from securexfer.bundle.padding import space_padding
from securexfer.crypto.canonical import MAX_INTEGER, encode_canonical, unique_members
from securexfer.errors import ManifestMismatchError
from securexfer.recipe.model import MAX_TABLES, is_table_name

MAX_MANIFEST_BYTES = 4 * 1024 * 1024
# Objects and lists. Small ones take thirty times as much memory as text, and a manifest has two for
# each field; 4 MiB have no room for 60,000 fields.
MAX_CONTAINERS = 200_000


T = TypeVar("T")
# A list that is refused at its first wrong item: four million errors would be gigabytes.
Items = Annotated[list[T], FailFast()]


def _check_counts(value: Any) -> Any:
    if isinstance(value, dict):
        counts = value.values()
        if not all(type(n) is int and 0 <= n <= MAX_INTEGER for n in counts):
            raise ValueError("not counts")
    return value


Counts = Annotated[dict[str, int], BeforeValidator(_check_counts)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class FieldRecord(_Part):
    """One field: its name, the action that made it, and the source column (none for constants)."""

    name: str
    action: str
    source: str | None = None


class ArchiveRecord(_Part):
    """The files attached to a table's rows.

    Attributes:
        member: the bundle's member that holds them.
        n_files: in it.
        plaintext_sha256, n_bytes: of the archive as it comes out, its padding included.
    """

    member: str
    n_files: Count
    plaintext_sha256: Sha256
    n_bytes: Count


class TableRecord(_Part):
    """All that is to be known about one table but its rows.

    Attributes:
        member: the bundle's member that holds it.
        withheld: source columns that did not leave.
        n_rows_in, n_rows_out, n_blank_lines: records read and written, blank lines skipped.
        n_unparsed: cells that an action could not read and made blank, by field.
        n_formulas: cells that a spreadsheet would run, by field; None if nobody counted.
        n_subjects: data subjects, exact or an upper bound as `n_subjects_is` says.
        plaintext_sha256, n_bytes: of the CSV as it comes out.
        gates: disclosure gates and their results.
        attachments: files that its rows name; None where no field attaches any.
    """

    name: str
    member: str
    fields: Items[FieldRecord]
    withheld: Items[str]
    n_rows_in: Count
    n_rows_out: Count
    n_blank_lines: Count
    n_unparsed: Counts
    n_formulas: Counts | None = None
    n_subjects: Count
    n_subjects_is: Literal["upper bound", "exact", "approximate"]
    plaintext_sha256: Sha256
    n_bytes: Count
    gates: Items[dict[str, Any]]
    attachments: ArchiveRecord | None = None


class AgreementRecord(_Part):
    """The agreement that the transfer rests on, as the recipe states it."""

    reference: str
    purpose: str
    controller: str
    regime: str
    lawful_basis: str
    retention_days: Count
    categories: Items[str] = Field(default=[])


class Manifest(_Part):
    """The `securexfer` block; its `gates` are those that look at all tables together."""

    format: int = Field(ge=1, le=1)
    bundle_id: BundleId
    created_at: Instant
    expires_at: Instant
    sender: Sha256
    recipients: Items[Sha256]
    members: Items[str]
    sequence: Annotated[int, Field(ge=1, le=2**53 - 1)]
    agreement: AgreementRecord
    forwarding: Literal["no", "yes"]
    drill: Literal["no", "yes"] = "no"
    linkage: Literal["bundle", "agreement"]
    recipe_sha256: Sha256
    tool: str
    tables: Items[TableRecord] = Field(min_length=1, max_length=MAX_TABLES)
    gates: Items[dict[str, Any]] = Field(default=[])

    def encode(self) -> bytes:
        """The member's content: a Data Package in canonical JSON, padded with spaces."""
        content = encode_canonical(self.descriptor())
        return content + space_padding(len(content))

    def descriptor(self) -> dict[str, Any]:
        """The Data Package descriptor (Data Package Standard 2.0), paths as in the bundle."""
        paths = {table.name: table.member for table in self.tables}
        return {
            **describe_package(self, paths, compression="gz"),
            "securexfer": self.model_dump(exclude_none=True),
        }


def describe_package(
    manifest: Manifest, paths: dict[str, str], *, compression: str = ""
) -> dict[str, Any]:
    """A Data Package descriptor of the tables in `paths` (table name to path)."""
    resources = []
    for table in manifest.tables:
        if table.name not in paths:
            continue
        resource: dict[str, Any] = {
            "encoding": "utf-8",
            "format": "csv",
            "mediatype": "text/csv",
            "name": table.name.lower(),
            "path": paths[table.name],
            "schema": {"fields": [{"name": f.name, "type": "string"} for f in table.fields]},
            "type": "table",
        }
        if compression:
            resource["compression"] = compression
        else:
            resource["bytes"] = table.n_bytes
            resource["hash"] = f"sha256:{table.plaintext_sha256}"
        resources.append(resource)
    return {
        "created": manifest.created_at,
        "name": f"sx-{manifest.bundle_id}",
        "resources": resources,
    }


def describe_archives(tables: Iterable[TableRecord], paths: dict[str, str]) -> list[dict[str, Any]]:
    """Data Package resources for the attached files of these tables (table name to path)."""
    return [
        {
            "bytes": table.attachments.n_bytes,
            "format": "tar",
            "hash": f"sha256:{table.attachments.plaintext_sha256}",
            "mediatype": "application/x-tar",
            "name": f"{table.name.lower()}.attachments",
            "path": paths[table.name],
        }
        for table in tables
        if table.attachments
    ]


def decode_manifest(content: bytes, envelope: Envelope) -> Manifest:
    """Read a manifest and hold it against the envelope.

    Raises:
        ManifestMismatchError: if it is not a manifest, or contradicts the envelope.
    """
    try:
        if content.count(b"{") + content.count(b"[") > MAX_CONTAINERS:
            raise ValueError("too many objects and lists")
        members = json.loads(
            content.decode("utf-8"), object_pairs_hook=unique_members, parse_constant=_refuse
        )
        # Escaped halves of surrogate pairs are no text: they could not be written anywhere later.
        json.dumps(members, ensure_ascii=False).encode("utf-8")
        manifest = Manifest.model_validate(members["securexfer"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ManifestMismatchError("The bundle's manifest is not well-formed.") from None
    repeated = {
        "bundle id": manifest.bundle_id == envelope.bundle_id,
        "sender": manifest.sender == envelope.sender,
        "recipients": manifest.recipients == [r.fingerprint for r in envelope.recipients],
        "creation time": manifest.created_at == envelope.created_at,
        "expiry": manifest.expires_at == envelope.expires_at,
        "members": manifest.members == [m.name for m in envelope.members],
    }
    wrong = [name for name, agrees in repeated.items() if not agrees]
    if wrong:
        raise ManifestMismatchError(
            f"The bundle's manifest contradicts its envelope: {', '.join(wrong)}."
        )
    tables = [m.name for m in envelope.members if m.name.startswith("tables/")]
    if [table.member for table in manifest.tables] != tables:
        raise ManifestMismatchError("The bundle's manifest does not describe the tables it holds.")
    archives = [m.name for m in envelope.members if m.name.startswith("attachments/")]
    if [t.attachments.member for t in manifest.tables if t.attachments] != archives:
        raise ManifestMismatchError(
            "The bundle's manifest does not describe the attached files it holds."
        )
    _check_names(table.name for table in manifest.tables)
    return manifest


def _check_names(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        # They become file names here: nothing but what a recipe may say, no case twins.
        if not is_table_name(name) or name.lower() in seen:
            raise ManifestMismatchError("The bundle's manifest names a table that can't be one.")
        seen.add(name.lower())


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
