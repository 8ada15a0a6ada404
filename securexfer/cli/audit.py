"""What an audit of the register found: against whose keys, what lay elsewhere, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from securexfer.cli.session import Session
from securexfer.wording import plural

if TYPE_CHECKING:
    from securexfer.crypto.keys import PublicKeys
    from securexfer.custody.register import Audit
    from securexfer.custody.witness import Witness


def audit_document(
    audit: Audit, keys: dict[str, PublicKeys], compared: Sequence[tuple[Witness, int]]
) -> dict[str, Any]:
    """The JSON result of `register verify`."""
    from securexfer.custody.register import head_sha256

    return {
        "against": [
            {"agrees_up_to": number, "file": witness.source, "kind": witness.kind}
            for witness, number in compared
        ],
        "fingerprint": next(iter(keys)),
        "head_sha256": head_sha256(audit.entries),
        "n_entries": len(audit.entries),
        "n_torn_bytes": audit.n_torn_bytes,
        "n_uncounted": audit.n_uncounted,
        "verified": True,
    }


def choose_keys(session: Session, fingerprint: str | None) -> dict[str, PublicKeys]:
    """Whose signatures count: the unlocked identity's, or those of a confirmed card."""
    from securexfer.crypto.fingerprint import fingerprint_matches, is_whole
    from securexfer.custody.entry import public_keys
    from securexfer.custody.succession import former_cards
    from securexfer.errors import FingerprintMismatchError

    if fingerprint is None:
        return public_keys(session.identity)
    card = session.desk.own_card()
    chain = [card, *former_cards(card, session.register.entries())]
    if not is_whole(fingerprint) or not any(
        fingerprint_matches(one.fingerprint, fingerprint) for one in chain
    ):
        raise FingerprintMismatchError(
            "The identity of this home has another fingerprint than the one given.",
            hint="Enter all of it, as its owner or your own notes have it. If it is right, the "
            "identity of this home was replaced.",
        )
    return {one.fingerprint: one.keys for one in chain}


def compare_witnesses(
    session: Session, audit: Audit, keys: dict[str, PublicKeys], paths: Sequence[Path]
) -> list[tuple[Witness, int]]:
    """Hold the register against each file; all contradictions are told at once."""
    from securexfer.auditing import read_witness
    from securexfer.custody.witness import compare_witness
    from securexfer.errors import RegisterContradictedError

    compared, problems = [], []
    with session.reporter() as reporter:
        for path in paths:
            witness = read_witness(path, keys, reporter)
            try:
                compared.append((witness, compare_witness(audit.entries, witness)))
            except RegisterContradictedError as error:
                problems.append(error)
    if problems:
        raise RegisterContradictedError(
            f"{len(problems)} of {plural(len(paths), 'file')} contradict the register.",
            problems=[problem.message for problem in problems],
            hint=problems[0].hint,
        )
    return compared


def audit_facts(audit: Audit, keys: dict[str, PublicKeys]) -> list[tuple[str, str]]:
    """Whose register it is, from when to when, and its head."""
    from securexfer.crypto.fingerprint import format_fingerprint
    from securexfer.custody.register import head_sha256

    facts = [("Identity", format_fingerprint(next(iter(keys))))]
    if audit.entries:
        first, last = audit.entries[0].at, audit.entries[-1].at
        facts.append(("From", f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"))
        facts.append(("Head", head_sha256(audit.entries)))
    return facts


def describe_agreement(number: int) -> str:
    """How far a witness agrees, up to the entry of that number; 0 for none."""
    return f"agrees, up to entry {number}" if number else "agrees: there was no entry yet"


def audit_remarks(audit: Audit) -> list[str]:
    """What is no fault, and should be known all the same."""
    remarks = []
    if audit.entries and audit.entries[0].event != "identity-created":
        remarks.append(
            "The register does not begin with the making of this identity. If it was not begun "
            "anew on purpose, an earlier one was removed."
        )
    if audit.n_torn_bytes:
        remarks.append(
            f"Behind the last entry are {audit.n_torn_bytes:,} bytes of one that was never "
            "finished. A crash leaves that; the next entry replaces it."
        )
    if audit.n_uncounted > 1:
        remarks.append(
            f"The head counts {audit.n_uncounted} entries fewer than there are: an older head was "
            "put back. The next entry makes it right."
        )
    return remarks
