"""Witnesses: heads of this register that lie elsewhere, where nobody here can rewrite them.

Whoever holds the identity can write a new register that holds in itself. It can't be made to agree
with what others were given while the old one grew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from securexfer.custody.entry import START, Entry
from securexfer.errors import RegisterContradictedError

# Events whose entry a bundle that was sent must have.
SENT = ("packed", "forwarded")


@dataclass(frozen=True)
class Witness:
    """What is known of the register from elsewhere.

    Attributes:
        source: where it lies, for people: the name of a file.
        kind: what it is: `bundle`, `head`, `copy` or `export`.
        heads: hashes of lines, each with the number of its entry, or 0 where that is not known.
        bundle_id, bundle_sha256: of a bundle, which must have an entry behind that head.
    """

    source: str
    kind: str
    heads: tuple[tuple[int, str], ...]
    bundle_id: str = ""
    bundle_sha256: str = ""


def compare_witness(entries: Sequence[Entry], witness: Witness) -> int:
    """Hold a register against a head from elsewhere.

    Args:
        entries: all entries, verified.
        witness: the head.

    Returns:
        Up to which entry (its number) the two are known to agree; 0 if only about an empty one.

    Raises:
        RegisterContradictedError: if the register is not the one that the head was taken from.
    """
    numbers = {entry.sha256: entry.number for entry in entries} | {START: 0}
    last = 0
    for number, sha256 in witness.heads:
        found = numbers.get(sha256)
        if found is None or (number and found != number):
            which = f"its entry {number} was" if number else "its newest entry was"
            raise RegisterContradictedError(
                f"{witness.source} contradicts the register: when it was made, {which} one that "
                "is not there."
            )
        last = max(last, found)
    if witness.bundle_id:
        last = _find_sent(entries, witness, after=last)
    return last


def _find_sent(entries: Sequence[Entry], witness: Witness, *, after: int) -> int:
    """The entry of a bundle that was sent, which came after the head that it carries."""
    sent = [
        entry
        for entry in entries
        if entry.event in SENT and entry.details.get("bundle_id") == witness.bundle_id
    ]
    if not sent:
        raise RegisterContradictedError(
            f"{witness.source} contradicts the register: it has no entry about that bundle.",
            hint="Keep everything as it is and tell your security officer. Only a bundle that was "
            "never given its final name, because a pack was cut off, has none.",
        )
    if sent[0].details.get("bundle_sha256") != witness.bundle_sha256:
        raise RegisterContradictedError(
            f"{witness.source} contradicts the register: its entry is about a bundle with the "
            "same id and other content."
        )
    if sent[0].number <= after:
        raise RegisterContradictedError(
            f"{witness.source} contradicts the register: its entry stands before others that were "
            "there first."
        )
    return sent[0].number
