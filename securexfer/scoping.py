"""Scoping: how far tokens reach, and whose they are: one's own, or a team's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from securexfer.bundle.sender import FindSender
from securexfer.custody.register import Entry
from securexfer.custody.scope import Scope, find_imported, imported_scope
from securexfer.errors import (
    RecipeError,
    ScopeKeyAudienceError,
    ScopeKeyError,
    ScopeKeyOtherError,
    SenderRevokedError,
    StatementMismatchError,
)
from securexfer.home.contacts import Contact
from securexfer.planning import SharedScope
from securexfer.recipe.model import Recipe


def scope_of(recipe: Recipe, recipients: Sequence[Contact]) -> Scope:
    """The scope of tokens that stay the same for these recipients.

    Raises:
        RecipeError: if the recipe's tokens are fresh in each bundle.
    """
    if recipe.pseudonyms.linkage != "agreement":
        raise RecipeError(
            "The tokens of this recipe are fresh in each bundle, so there is nothing to share.",
            problems=['pseudonyms.linkage: is "bundle"'],
            hint='Set linkage = "agreement" in [pseudonyms], if the agreement allows it.',
        )
    audience = tuple(sorted({contact.origin_fingerprint for contact in recipients}))
    return Scope(recipe.agreement.reference, recipe.pseudonyms.epoch or "", audience)


def check_shared(
    recipe: Recipe,
    recipients: Sequence[Contact],
    shared: SharedScope | None,
    entries: Sequence[Entry],
) -> None:
    """Check that tokens are a team's where the team has agreed on them.

    Args:
        recipe: that is packed by.
        recipients: of the bundle.
        shared: the scope key that is to be used, if a colleague's is.
        entries: of the register.

    Raises:
        ScopeKeyError: if a colleague's scope key was imported for this scope and is not used.
        ScopeKeyOtherError: if one was for the same agreement, but another epoch or audience.
    """
    if recipe.pseudonyms.linkage != "agreement":
        return
    scope = scope_of(recipe, recipients)
    known = find_imported(entries, scope)
    if known is not None:
        used = shared.statement_sha256 if shared else ""
        if used != known.details["statement_sha256"]:
            raise ScopeKeyError("The scope key that was imported for this bundle is not used.")
        return
    for entry in entries:
        other = imported_scope(entry)
        if other is not None and other.reference == scope.reference:
            differs = "epoch" if other.audience == scope.audience else "set of recipients"
            raise ScopeKeyOtherError(
                f"A colleague's scope key for {scope.reference} is here, but for another "
                f"{differs}. Without the right one, the tokens of this bundle would be other than "
                "theirs."
            )


def find_file(known: Entry, folder: Path, find_sender: FindSender) -> Path:
    """The file of a scope key that was imported, if who signed it is still to be trusted.

    Raises:
        ScopeKeyError: if they are not pinned any more.
        SenderRevokedError: if their keys were revoked.
    """
    signer = find_sender(known.details["signer"])
    if signer is None:
        raise ScopeKeyError(
            "The scope key for these recipients came from somebody who is not pinned here any more."
        )
    if signer.revoked_at is not None:
        raise SenderRevokedError(
            f"The scope key for these recipients came from {signer.name}, whose keys were "
            f"revoked here on {signer.revoked_at:%Y-%m-%d}: whoever has them can try out whose "
            "a token is.",
            hint="Change epoch in the recipe, and share a new scope key in your team.",
        )
    # Its name is our own, made of a number that was checked when it was imported.
    return folder / Path(known.details["file"]).name


def check_imported(
    recipe: Recipe,
    recipients: Sequence[Contact],
    entries: Sequence[Entry],
    folder: Path,
    find_sender: FindSender,
) -> None:
    """Check that a scope key which a bundle needs is here, without opening it.

    Args:
        recipe: that is to be packed by.
        recipients: of the bundle.
        entries: of the register.
        folder: of the files of scope keys.
        find_sender: looks up contacts by fingerprint.

    Raises:
        ScopeKeyError, SenderRevokedError: if it can't be used any more.
        ScopeKeyOtherError: as `check_shared`.
    """
    if recipe.pseudonyms.linkage != "agreement":
        return
    known = find_imported(entries, scope_of(recipe, recipients))
    if known is None:
        check_shared(recipe, recipients, None, entries)
        return
    path = find_file(known, folder, find_sender)
    if not path.is_file():
        raise ScopeKeyError(f"The file of the scope key for these recipients, {path}, is missing.")


def check_apart(colleague: Contact, scope: Scope, verb: str) -> None:
    """Check that a colleague does not get the tables: they could try out whose a token is.

    Raises:
        ScopeKeyAudienceError: if they do.
    """
    if {colleague.origin_fingerprint, *colleague.fingerprints} & {*scope.audience}:
        raise ScopeKeyAudienceError(
            f"{colleague.name!r} {verb} the tables of {scope.reference}, and must not have the "
            "key of their tokens."
        )


def check_expected(scope: Scope, expected: Scope) -> None:
    """Check that a scope key is that of a recipe.

    Raises:
        StatementMismatchError: saying in what it differs.
    """
    differs = next(
        (
            words
            for words, one, other in (
                ("agreement", scope.reference, expected.reference),
                ("epoch", scope.epoch, expected.epoch),
                ("set of recipients", scope.audience, expected.audience),
            )
            if one != other
        ),
        None,
    )
    if differs is not None:
        raise StatementMismatchError(
            f"The scope key is for another {differs} than the recipe's.",
            hint="Nothing was recorded. Ask its signer to export the one for this recipe.",
        )


def note_own_tokens(scope: Scope, entries: Sequence[Entry]) -> tuple[str, ...]:
    """A note where bundles under the same agreement were packed with other tokens."""
    for entry in entries:
        agreement = entry.details.get("agreement")
        if (
            entry.event == "packed"
            and entry.details.get("linkage") == "agreement"
            and isinstance(agreement, dict)
            and agreement.get("reference") == scope.reference
        ):
            return (
                f"Bundles under {scope.reference} were packed here before. If they were for the "
                "same recipients, their tokens are other than those from now on.",
            )
    return ()
