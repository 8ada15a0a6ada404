"""Orders: what a pack is asked to do, and all that can be refused before it is begun."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from securexfer.bundle.envelope import MAX_RECIPIENTS
from securexfer.carrier import partial_path
from securexfer.custody.drill import find_drills, last_complete
from securexfer.custody.register import Entry
from securexfer.errors import (
    CardExpiredError,
    DrillDueError,
    OutputError,
    OutputExistsError,
    RecipeError,
    UsageError,
)
from securexfer.home.contacts import Contact
from securexfer.instant import Clock
from securexfer.medium.medium import Medium
from securexfer.medium.rule import check_file_size, name_limit
from securexfer.place import check_space, check_target, free_bytes
from securexfer.planning import OpenExtracts, forecast_bytes
from securexfer.recipe.reading import RecipeFile
from securexfer.reporting import Reporter

BUNDLE_SUFFIX = ".sxfer.zip"
MAX_FOUND_CONTACT = 200
_SHORT_ID = 12
# Signatures, envelope, directory and the smallest members: below this no bundle fits.
_LEAST_BYTES = 32 * 1024
# What leaves is usually far smaller than the extract, but nobody can know before.
_USUAL_SHRINKAGE = 4
# A forecast from the first blocks may be wrong, though hardly by this factor.
_SURE = 2


@dataclass(frozen=True)
class PackOrder:
    """Everything that a pack is asked to do.

    Attributes:
        recipe_file: what may leave.
        recipients: pinned contacts.
        output: an existing folder, or the bundle's path.
        force: replace an existing file.
        found_contact: whom a finder should call; appears in clear.
        is_drill: whether its records are synthetic, to rehearse with.
        checks_drive: whether nothing may lie in clear on the drive that it goes to.
    """

    recipe_file: RecipeFile
    recipients: Sequence[Contact]
    output: Path
    force: bool = False
    found_contact: str = ""
    is_drill: bool = False
    checks_drive: bool = False


def check_order(order: PackOrder, clock: Clock) -> None:
    """Check that the recipe allows these recipients and that their cards are in use.

    Raises:
        UsageError: if there is none, or too many, or the note for finders can't be one.
        RecipeError: if the recipe names others only.
        CardExpiredError: if a card is past its last day.
    """
    check_recipients(order.recipients, clock)
    if len(order.found_contact) > MAX_FOUND_CONTACT or not order.found_contact.isprintable():
        raise UsageError(
            f"The note for finders must be one line of at most {MAX_FOUND_CONTACT} characters.",
            hint="Shorten --if-found.",
        )
    allowed = order.recipe_file.recipe.agreement.recipients
    for contact in order.recipients:
        if allowed is not None and contact.name not in allowed:
            raise RecipeError(
                f"The recipe does not allow the recipient {contact.name!r}.",
                problems=[f"agreement.recipients: {', '.join(allowed)} only"],
            )


def check_recipients(recipients: Sequence[Contact], clock: Clock) -> None:
    """Check that there are recipients, not too many, and that their cards are in use.

    Raises:
        UsageError: if there is none, or there are too many.
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
        if contact.card.expires_at < clock():
            raise CardExpiredError(
                f"The card of {contact.name!r} expired on {contact.card.expires_at:%Y-%m-%d}."
            )


def check_drills(order: PackOrder, entries: Sequence[Entry], clock: Clock) -> None:
    """Check that every recipient has completed a drill as lately as the recipe demands.

    Raises:
        DrillDueError: if one has not.
    """
    days = order.recipe_file.recipe.agreement.drill_within_days
    if days is None:
        return
    for contact in order.recipients:
        keys = {contact.fingerprint, *(card.fingerprint for card in contact.former)}
        last = last_complete(find_drills(entries, keys))
        if last is None or clock() - last.started_at > timedelta(days=days):
            when = (
                "never completed one" if last is None else f"did so on {last.started_at:%Y-%m-%d}"
            )
            raise DrillDueError(
                f"The recipe demands a completed drill within {days} days, and {contact.name!r} "
                f"{when}.",
                hint=f"Start one with: securexfer drill start --to {contact.name} -o FOLDER",
            )


def choose_target(order: PackOrder, bundle_id: str) -> Path:
    """Where the bundle of an order will be.

    Raises:
        OutputError: if it can't be written there.
    """
    return choose_path(order.output, bundle_id, force=order.force)


def choose_path(target: Path, bundle_id: str, *, force: bool) -> Path:
    """Where a bundle will be: the path that was named, or a neutral name in that folder.

    Raises:
        OutputError: if it can't be written there.
    """
    if target.is_dir():
        target = target / f"sx-{bundle_id[:_SHORT_ID]}{BUNDLE_SUFFIX}"
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


def check_sources(opened: OpenExtracts, target: Path, reporter: Reporter) -> None:
    """Check that the bundle replaces none of its extracts; note where it may not fit.

    Raises:
        OutputExistsError: if it would.
    """
    n_bytes = 0
    for extract in opened.extracts.values():
        n_bytes += extract.n_bytes or 0
        for written in (target, partial_path(target)):
            if extract.is_file(written):
                raise OutputExistsError(
                    "The bundle would replace its own extract.", hint="Choose another place."
                )
    free = free_bytes(target.parent)
    if free is not None and free < n_bytes // _USUAL_SHRINKAGE:
        reporter.note(f"{target.parent} may be too small: {free:,} bytes are free.")


def check_fit(opened: OpenExtracts, target: Path, carrier: Medium, reporter: Reporter) -> None:
    """Check that one file on the carrier can hold the bundle, as far as that can be known before.

    Where the extracts are large enough for it to matter, their first blocks are packed to see how
    large all of them will be. Notes where it may not fit.

    Raises:
        FileTooLargeError: if it surely can't: by its first blocks it would be twice too large.
        ExtractError: if those blocks can't be used.
    """
    limit = carrier.limits.max_file_bytes
    n_bytes = sum(extract.n_bytes or 0 for extract in opened.extracts.values())
    # Tokens can be longer than what they stand for, but rarely as much as this.
    if limit is None or n_bytes < limit // _USUAL_SHRINKAGE:
        return
    forecast = forecast_bytes(opened)
    if forecast is not None:
        check_file_size(carrier, target, forecast // _SURE)
    if (n_bytes // _USUAL_SHRINKAGE if forecast is None else forecast) > limit:
        reporter.note(f"The bundle may not fit into one file. {name_limit(carrier)}")


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
