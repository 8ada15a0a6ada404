"""Orders: what a pack is asked to do, and all that can be refused before it is begun."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from securexfer.attachment.archive import Gathered
from securexfer.bundle.envelope import MAX_RECIPIENTS
from securexfer.custody.drill import find_drills, last_complete
from securexfer.custody.job import Run
from securexfer.custody.register import Entry
from securexfer.errors import (
    CardExpiredError,
    ContactRevokedError,
    DrillDueError,
    OutputError,
    OutputExistsError,
    RecipeError,
    UsageError,
)
from securexfer.expectation import Expectation
from securexfer.home.contacts import Contact
from securexfer.instant import Clock
from securexfer.medium.medium import Medium
from securexfer.medium.rule import check_file_size, name_limit
from securexfer.naming import DEFAULT_TEMPLATE, check_template, list_words, make_name
from securexfer.partial import partial_path
from securexfer.place import check_space, check_target, free_bytes
from securexfer.planning import OpenExtracts, SharedScope, forecast_bytes
from securexfer.privacy.compression import Effort
from securexfer.recipe.reading import RecipeFile
from securexfer.reporting import Reporter

BUNDLE_SUFFIX = ".sxfer.zip"
MAX_FOUND_CONTACT = 200
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
        name_template: how the bundle is called in a folder, see `naming`.
        expectation: how many rows the extracts should have.
        run: which run of which job it is, None if it is none.
        shared: a colleague's scope key for these recipients, which was imported here.
        own_tokens: make tokens of one's own, although a colleague's scope key was imported.
        checks_drive: whether nothing may lie in clear on the drive that it goes to.
        effort: how hard tables are compressed.
    """

    recipe_file: RecipeFile
    recipients: Sequence[Contact]
    output: Path
    force: bool = False
    found_contact: str = ""
    is_drill: bool = False
    name_template: str = DEFAULT_TEMPLATE
    expectation: Expectation = field(default_factory=Expectation)
    run: Run | None = None
    shared: SharedScope | None = None
    own_tokens: bool = False
    checks_drive: bool = False
    effort: Effort = "auto"


def check_order(order: PackOrder, clock: Clock) -> None:
    """Check that the recipe allows these recipients and that their cards are in use.

    Raises:
        UsageError: if there is none, or too many, or the note for finders can't be one, or the
            bundle may not be called so, or rows are expected of a table that there is not.
        RecipeError: if the recipe names others only.
        CardExpiredError: if a card is past its last day.
    """
    check_recipients(order.recipients, clock)
    if len(order.found_contact) > MAX_FOUND_CONTACT or not order.found_contact.isprintable():
        raise UsageError(
            f"The note for finders must be one line of at most {MAX_FOUND_CONTACT} characters.",
            hint="Shorten --if-found.",
        )
    recipe = order.recipe_file.recipe
    is_named = order.output.suffix == ".zip" and not order.output.is_dir()
    if is_named and order.name_template != DEFAULT_TEMPLATE:
        raise UsageError(
            "The bundle has a path of its own, and a template for its name as well.",
            hint="Name a folder with -o, or leave out --name-template.",
        )
    check_template(order.name_template, list_words(recipe))
    order.expectation.check_tables(recipe.tables)
    allowed = recipe.agreement.recipients
    for contact in order.recipients:
        if allowed is not None and contact.name not in allowed:
            raise RecipeError(
                f"The recipe does not allow the recipient {contact.name!r}.",
                problems=[f"agreement.recipients: {', '.join(allowed)} only"],
            )


def hint_at_new_card(contact: Contact) -> str:
    """How to come by a card that is in use, and under which name it has to be pinned."""
    return (
        f"Ask {contact.name} for a current card, and pin it with: securexfer contact add CARD "
        f"--replaces {contact.name}"
    )


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


def choose_target(order: PackOrder, bundle_id: str, sequence: int, created_at: datetime) -> Path:
    """Where the bundle of an order will be.

    Raises:
        OutputError: if it can't be written there.
    """
    name = make_name(
        order.name_template, bundle_id=bundle_id, sequence=sequence, created_at=created_at
    )
    return choose_path(order.output, name, force=order.force)


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


def check_sources(order: PackOrder, opened: OpenExtracts, target: Path, reporter: Reporter) -> None:
    """Check that the bundle replaces none of its extracts; note where it may not fit.

    Raises:
        OutputExistsError: if it would.
        UsageError: if the bundle would be called by the name of one of their columns.
    """
    columns = [name for extract in opened.extracts.values() for name in extract.header]
    check_template(order.name_template, columns)
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


def check_attached(
    gathered: Iterable[Gathered], n_bytes: int, target: Path, carrier: Medium, reporter: Reporter
) -> None:
    """Check that one file on the carrier can hold the files that are attached, before one is read.

    Notes where they may not fit, or the carrier may be too small.

    Args:
        gathered: the files of each table, as they were found.
        n_bytes: what the bundle has without them; 0 if nobody knows.
        target: of the bundle.
        carrier: that it is on.
        reporter: hears of notes.

    Raises:
        FileTooLargeError: if it surely can't: they would be too large at half their size.
    """
    found = [one for one in gathered if one.n_files]
    n_attached = sum(one.n_archive_bytes for one in found)
    if not any(one.is_resized for one in found):
        check_file_size(carrier, target, n_bytes + n_attached // _SURE)
    limit, free = carrier.limits.max_file_bytes, free_bytes(target.parent)
    if limit is not None and n_bytes + n_attached > limit:
        reporter.note(f"The bundle may not fit into one file. {name_limit(carrier)}")
    if free is not None and n_attached > free:
        reporter.note(f"{target.parent} may be too small: {free:,} bytes are free.")


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
