"""History: what was opened or forwarded at this desk before, by its register.

A bundle is known by who sent it and its id; what it holds, by who packed it and the id that it was
packed under. Whoever forwards a bundle can claim any origin, so one that was not verified counts
only among bundles that the same person sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from securexfer.bundle.manifest import Manifest, TableRecord
from securexfer.bundle.outside import Outside
from securexfer.bundle.reader import Inside
from securexfer.custody.register import Entry
from securexfer.errors import BundleOlderError, BundleReplayError
from securexfer.expiry import expiry_of
from securexfer.instant import format_instant

# Events that say that a bundle was opened here, and the one that says that it was passed on.
OPENED = ("unpack-started", "opened", "password-released")
FORWARDED = "forwarded"
# Of the manifest, what its types hold to a form. What gates found is the sender's to shape, and a
# register must be able to write whatever it is given.
_TOLD = {"agreement", "forwarding", "linkage", "recipe_sha256", "tool"}
_TOLD_OF_TABLE: dict[str, Any] = {
    **dict.fromkeys(("name", "fields", "withheld", "n_rows_in", "n_rows_out"), True),
    **dict.fromkeys(("n_subjects", "n_subjects_is"), True),
    "attachments": {"n_files"},
}


@dataclass(frozen=True)
class Opening:
    """One bundle that was opened or forwarded.

    Attributes:
        bundle: who sent it, and its id.
        bundle_sha256: of its signed bytes.
        origin: who vouches for it ("" where it was verified), who packed it, and its id then.
        origin_sha256: of the bytes that were signed then.
        series: who vouches, who packed it, and for whom: what its number counts.
        sequence: its number.
    """

    bundle: tuple[str, str]
    bundle_sha256: str
    origin: tuple[str, str, str]
    origin_sha256: str
    series: tuple[str, str, tuple[str, ...]]
    sequence: int


def name_bundle(inside: Inside) -> dict[str, Any]:
    """What says in the register which bundle it was, and through which hands it came."""
    envelope = inside.outside.envelope
    details = {
        "bundle_id": envelope.bundle_id,
        "bundle_sha256": inside.outside.claimed.bundle_sha256,
        "created_at": envelope.created_at,
        "expires_at": format_instant(expiry_of(inside.outside)),
        "recipients": [one.fingerprint for one in envelope.recipients],
        "sender": envelope.sender,
        "sequence": inside.manifest.sequence,
    }
    return {**details, **name_origin(inside)} if inside.is_forwarded else details


def tell_content(manifest: Manifest, tables: Sequence[TableRecord]) -> dict[str, Any]:
    """What says in the register what was unpacked: the bundle may be gone one day."""
    return {
        **manifest.model_dump(exclude_none=True, include=_TOLD),
        "tables": [
            {
                **table.model_dump(exclude_none=True, include=_TOLD_OF_TABLE),
                "n_rows": table.n_rows_out,
                "sha256": table.plaintext_sha256,
            }
            for table in tables
        ],
    }


def name_origin(inside: Inside) -> dict[str, Any]:
    """What says in the register who packed what is in a bundle, and who has forwarded it."""
    origin = inside.origin
    return {
        "forwarders": [hop.envelope.sender for hop in inside.chain[1:]],
        "origin_bundle_id": origin.envelope.bundle_id,
        "origin_bundle_sha256": origin.comment.claimed.bundle_sha256,
        "origin_recipients": [one.fingerprint for one in origin.envelope.recipients],
        "origin_sender": origin.envelope.sender,
        "origin_verified": "yes" if inside.is_origin_verified else "no",
    }


def check_replay(outside: Outside, entries: Sequence[Entry]) -> list[str]:
    """Notes on when this very bundle was opened or forwarded here before.

    Raises:
        BundleReplayError: if another one with its sender and id was.
    """
    bundle = outside.envelope.sender, outside.envelope.bundle_id
    seen = [(entry, opening) for entry, opening in _openings(entries) if opening.bundle == bundle]
    if any(opening.bundle_sha256 != outside.claimed.bundle_sha256 for _, opening in seen):
        raise BundleReplayError(
            "Another bundle with the same id and sender was opened here on "
            f"{format_instant(seen[0][0].at)}."
        )
    notes = []
    for events, done in ((OPENED, "opened here"), ((FORWARDED,), "forwarded from here")):
        times = [entry.at for entry, _ in seen if entry.event in events]
        if times:
            notes.append(f"This bundle was {done} before, first on {format_instant(times[0])}.")
    return notes


def was_opened(outside: Outside, entries: Sequence[Entry]) -> bool:
    """Whether these very bytes were opened or forwarded here before, by this sender and id."""
    bundle = outside.envelope.sender, outside.envelope.bundle_id
    return any(
        opening.bundle == bundle and opening.bundle_sha256 == outside.claimed.bundle_sha256
        for _, opening in _openings(entries)
    )


def check_origin(inside: Inside, entries: Sequence[Entry], *, older: bool) -> list[str]:
    """Notes on what else of the same origin was opened or forwarded here before.

    Args:
        inside: the bundle.
        entries: of the register.
        older: whether a newer bundle of its series may have been opened before.

    Raises:
        BundleReplayError: if something else was packed under the id of what it holds.
        BundleOlderError: if a newer one of its series was opened before.
    """
    this = _read_opening(name_bundle(inside))
    openings = [opening for _, opening in _openings(entries)]
    same = [one for one in openings if one.origin == this.origin and one.bundle != this.bundle]
    if any(one.origin_sha256 != this.origin_sha256 for one in same):
        raise BundleReplayError(
            f"Another bundle that {inside.origin.sender_name} packed under the same id came here "
            "before, by another way."
        )
    notes = []
    if same:
        notes.append(f"What it holds came here before, as bundle {same[0].bundle[1]}.")
    series = [one for one in openings if one.series == this.series]
    last = max((one.sequence for one in series), default=0)
    packer = inside.origin.sender_name if inside.is_forwarded else "this sender"
    if this.sequence < last and not older:
        raise BundleOlderError(
            f"This is bundle {this.sequence} from {packer}; the newer bundle {last} was opened "
            "here already."
        )
    # Whoever forwards bundles need not forward all.
    if this.sequence > last + 1 and last and not inside.is_forwarded:
        notes.append(
            f"Bundles from this sender are missing between number {last}, opened here before, and "
            f"this one, number {this.sequence}. If you expected them, call the sender."
        )
    if any(one.sequence == this.sequence and one.origin != this.origin for one in series):
        notes.append(f"Another bundle with the number {this.sequence} was opened here before.")
    return notes


def _openings(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Opening]]:
    for entry in entries:
        if entry.event in OPENED:
            yield entry, _read_opening(entry.details)
        elif entry.event == FORWARDED:
            yield entry, _read_opening(entry.details, "previous_")


def _read_opening(details: Mapping[str, Any], prefix: str = "") -> Opening:
    bundle = details[f"{prefix}sender"], details[f"{prefix}bundle_id"]
    sha256 = details[f"{prefix}bundle_sha256"]
    if "origin_sender" not in details:
        recipients = tuple(details["recipients"])
        series = ("", bundle[0], recipients)
        return Opening(bundle, sha256, ("", *bundle), sha256, series, details["sequence"])
    vouching = "" if details["origin_verified"] == "yes" else bundle[0]
    packer = details["origin_sender"]
    return Opening(
        bundle,
        sha256,
        origin=(vouching, packer, details["origin_bundle_id"]),
        origin_sha256=details["origin_bundle_sha256"],
        series=(vouching, packer, tuple(details["origin_recipients"])),
        sequence=details["sequence"],
    )
