"""To whom, and where to: what can be refused of a bundle before anything of it is made.

Shared by all that make one. Nothing of it needs the data, so that whoever only copies them need not
load what reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from securexfer.bundle.envelope import MAX_RECIPIENTS
from securexfer.errors import (
    CardExpiredError,
    ContactRevokedError,
    OutputError,
    OutputExistsError,
    UsageError,
)
from securexfer.home.contacts import Contact
from securexfer.instant import Clock
from securexfer.partial import partial_path
from securexfer.place import check_space, check_target

BUNDLE_SUFFIX = ".sxfer.zip"
# Signatures, envelope, directory and the smallest members: below this no bundle fits.
_LEAST_BYTES = 32 * 1024


def check_recipients(recipients: Sequence[Contact], clock: Clock) -> None:
    """Check that there are recipients, not too many, and that their cards are in use.

    Raises:
        UsageError: if there is none, or there are too many.
        ContactRevokedError: if one was revoked.
        CardExpiredError: if a card is past its last day.
    """
    if not recipients:
        raise UsageError(
            "A bundle needs a recipient.",
            hint="Name one with --to CONTACT; securexfer contact list shows them.",
        )
    if len(recipients) > MAX_RECIPIENTS:
        raise UsageError(
            f"A bundle has at most {MAX_RECIPIENTS} recipients.", hint="Make several bundles."
        )
    for contact in recipients:
        check_in_use(contact)
        if contact.card.expires_at < clock():
            raise CardExpiredError(
                f"The card of {contact.name!r} expired on {contact.card.expires_at:%Y-%m-%d}.",
                hint=hint_at_new_card(contact),
            )


def hint_at_new_card(contact: Contact) -> str:
    """How to come by a card that is in use, and under which name it has to be pinned."""
    return (
        f"Ask {contact.name} for a current card, and pin it with: securexfer contact add CARD "
        f"--replaces {contact.name}"
    )


def check_in_use(contact: Contact) -> None:
    """Check that a contact was not revoked.

    Raises:
        ContactRevokedError: if it was.
    """
    if contact.revoked_at is not None:
        raise ContactRevokedError(
            f"The keys of {contact.name!r} were revoked here on {contact.revoked_at:%Y-%m-%d}: "
            f"{contact.revoked_because}"
        )


def choose_path(target: Path, name: str, *, force: bool) -> Path:
    """Where a bundle will be: the path that was given, or a file of this name in that folder.

    Raises:
        OutputError: if it can't be written there.
    """
    if target.is_dir():
        target = target / name
    elif target.suffix != ".zip":
        # A drive that is not there, or misspelt, must not become a file on the local disk.
        raise OutputError(
            f"The folder {target} does not exist.",
            hint="Is the drive plugged in? To name the bundle yourself, end its name in "
            f"{BUNDLE_SUFFIX}.",
        )
    check_target(target, force=force)
    check_space(target.parent, _LEAST_BYTES)
    return target


def check_apart(target: Path, source: Path | None) -> None:
    """Check that writing a file replaces nothing that it is made from.

    Raises:
        OutputExistsError: if it would.
    """
    for written in (target, partial_path(target)):
        with suppress(OSError):
            if source is not None and written.samefile(source):
                raise OutputExistsError(
                    f"{source} is needed to write {target} and can't be replaced by it.",
                    hint="Choose another place.",
                )
