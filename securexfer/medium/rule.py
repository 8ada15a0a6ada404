"""Rules: what may be written to which medium."""

from __future__ import annotations

from pathlib import Path

from securexfer.errors import FileTooLargeError, MediumRefusedError, UsageError
from securexfer.medium.medium import Kind, Medium

MAX_REASON = 500
# What leaves the desk with whoever carries it, and what lies on somebody else's machine.
REFUSED = frozenset({Kind.REMOVABLE, Kind.NETWORK, Kind.OPTICAL})


def check_plaintext(medium: Medium, folder: Path, reason: str | None = None) -> None:
    """Check that plaintext may be written to a medium.

    Args:
        medium: that the folder is on.
        folder: for the message.
        reason: why it may, even on a medium that would be refused.

    Raises:
        UsageError: if the reason is none.
        MediumRefusedError: if it may not.
    """
    if reason is not None:
        check_reason(reason)
    elif medium.kind in REFUSED:
        raise MediumRefusedError(
            f"{folder} is on a medium that plaintext does not go to: {medium.describe()}."
        )


def needs_reason(medium: Medium) -> bool:
    """Whether plaintext on a medium is worth a reason: it is refused, or nobody knows it."""
    return medium.kind in REFUSED or medium.kind is Kind.UNKNOWN


def check_reason(reason: str) -> None:
    """Check that a reason says something, in a line that can be recorded.

    Raises:
        UsageError: if it does not.
    """
    if not reason.strip() or len(reason) > MAX_REASON or not reason.isprintable():
        raise UsageError(
            f"A reason must be one line of 1 to {MAX_REASON} characters.",
            hint="Say with --reason why the plaintext has to be on that medium.",
        )


def warn_of_plaintext(medium: Medium, folder: Path) -> list[str]:
    """What a person should know of a medium that plaintext is about to be written to."""
    notes = []
    if medium.kind is Kind.UNKNOWN:
        notes.append(
            f"Nobody can tell what kind of medium {folder} is on ({medium.describe()}). Make sure "
            "that it is an encrypted disk of this machine."
        )
    if medium.kind in REFUSED and not medium.limits.keeps_modes:
        notes.append(
            f"{medium.file_system} keeps no access rights: whoever has the medium can read what "
            f"is in {folder}."
        )
    return notes


def check_file_size(medium: Medium, target: Path, n_bytes: int) -> None:
    """Check that a file can be as large as it has to be.

    Args:
        medium: that it will be on.
        target: for the message.
        n_bytes: of the file, or what it has at least.

    Raises:
        FileTooLargeError: if the file system allows no such file.
    """
    limit = medium.limits.max_file_bytes
    if limit is not None and n_bytes > limit:
        raise FileTooLargeError(
            f"{target} would need at least {n_bytes:,} bytes. {name_limit(medium)}"
        )


def name_limit(medium: Medium) -> str:
    """The largest file of a medium in a sentence, "" if there is none to speak of."""
    limit = medium.limits.max_file_bytes
    if limit is None:
        return ""
    name = "FAT32" if medium.is_fat else medium.file_system
    size = " (4 GiB - 1)" if limit == 2**32 - 1 else ""
    return f"{name} allows no file of more than {limit:,} bytes{size}."
