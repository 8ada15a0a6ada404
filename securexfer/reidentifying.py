"""Reidentifying: from tokens back to source identifiers, for the sender alone.

Nobody else can: it takes the sender's pseudonym secret, or a scope key that a colleague shared, and
the original extract. What was asked for, and why, is in the register before the first identifier is
shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from securexfer.crypto.identity import Identity
from securexfer.custody.register import Entry, Register
from securexfer.errors import ContactUnknownError, UsageError
from securexfer.home.contacts import Contact
from securexfer.instant import Clock
from securexfer.planning import Input, SharedScope, choose_scope, open_extracts
from securexfer.privacy.pipeline import minimise_extract
from securexfer.privacy.reversal import Reversal, Reversed, read_tokens
from securexfer.recipe.model import Recipe
from securexfer.recipe.reading import RecipeFile
from securexfer.reporting import Reporter

MAX_REASON = 500
# Given recipe, recipients, and what a bundle's entry names as its scope key: a colleague's key.
FindShared = Callable[[Recipe, Sequence[Contact], str | None], SharedScope | None]


@dataclass(frozen=True)
class ReidentifyOrder:
    """Everything that a re-identification is asked to do.

    Attributes:
        recipe_file: the recipe that made the tokens.
        source: the original extract of one of its tables.
        tokens: a file of tokens.
        column: the column of that file; None if it is clear which.
        reason: why; recorded.
        bundle_id: of the bundle that the tokens are from, or the first characters of it.
        recipients: for whom they were made, where no bundle is named.
    """

    recipe_file: RecipeFile
    source: Input
    tokens: Path
    column: str | None
    reason: str
    bundle_id: str | None = None
    recipients: Sequence[Contact] = ()


@dataclass(frozen=True)
class ReidentifyResult:
    """What was found.

    Attributes:
        found: by token; several where an identifier has several spellings.
        n_tokens, n_found: different tokens that were asked for, and that were found.
        entry: of the register.
    """

    found: list[Reversed] = field(repr=False)
    n_tokens: int
    n_found: int
    entry: Entry


def reidentify(
    order: ReidentifyOrder,
    contacts: Sequence[Contact],
    identity: Identity,
    register: Register,
    *,
    clock: Clock,
    reporter: Reporter,
    find_shared: FindShared = lambda *_: None,
) -> ReidentifyResult:
    """Find the identifiers behind tokens in the extract that they were made from.

    Args:
        order: what is wanted.
        contacts: all that are pinned; the recipients of a bundle are among them.
        identity: holds the pseudonym secret, and signs the register's entry.
        register: knows the bundles, and hears of it before anything is returned.
        clock: now.
        reporter: progress.
        find_shared: finds the scope key of a colleague, where the tokens were made with one.

    Raises:
        UsageError: if reason, table or bundle are missing or can't be.
        TokensError: if the file holds no tokens.
        ExtractError: if the extract can't be used.
        RegisterError: if it can't be recorded; then nothing is returned.
    """
    if not order.reason.strip() or len(order.reason) > MAX_REASON or not order.reason.isprintable():
        raise UsageError(
            f"The reason must be one line of text, at most {MAX_REASON} characters.",
            hint="Say in --reason why the identifiers are needed; it is recorded.",
        )
    recipe, table = _one_table(order.recipe_file.recipe, order.source)
    packed = None if order.bundle_id is None else _find_bundle(register, order.bundle_id)
    if packed and packed.details["recipe_sha256"] != order.recipe_file.recipe_sha256:
        reporter.note("The recipe is not the one, or not as it was, with which that was packed.")
    recipients = order.recipients
    if packed and recipe.pseudonyms.linkage == "agreement":
        recipients = _recipients_of(packed, contacts)
    if recipe.pseudonyms.linkage == "bundle" and packed is None:
        raise UsageError(
            "The tokens of this recipe are fresh in each bundle, so it must be clear which bundle "
            "they are from.",
            hint="Name it with --bundle; securexfer register list shows them.",
        )
    if recipe.pseudonyms.linkage == "agreement" and not recipients:
        raise UsageError(
            "It must be clear for whom the tokens were made.",
            hint="Name a bundle with --bundle, or its recipients with --to.",
        )
    bundle_id = packed.details["bundle_id"] if packed else ""
    shared = None
    if recipe.pseudonyms.linkage == "agreement":
        named = None if packed is None else packed.details.get("scope_key_sha256", "")
        shared = find_shared(recipe, recipients, named)
    scope = choose_scope(recipe, recipients, identity.pseudonym_secret, bundle_id, shared)
    tokens = read_tokens(order.tokens, order.column)
    source = Input(table, order.source.path)
    with open_extracts(recipe, [source], reporter=reporter) as opened:
        (plan,) = opened.plans
        extract = opened.extracts[table]
        reversal = Reversal(plan, tokens)
        if not recipe.tables[table].domains:
            raise UsageError(f"The table {table} has no pseudonyms.", hint="Name another table.")
        reporter.begin(f"Searching {table}", extract.n_bytes)
        for chunk in minimise_extract(extract, reversal.plan, scope, watch=reversal, is_trial=True):
            reporter.advance(chunk.n_bytes_in, chunk.n_rows_in)
    found = reversal.found()
    n_found = len({one.token for one in found})
    details: dict[str, Any] = {
        "agreement": recipe.agreement.reference,
        "n_found": n_found,
        "n_tokens": len(tokens),
        "reason": order.reason,
        "recipe_sha256": order.recipe_file.recipe_sha256,
        "table": table,
    }
    if bundle_id:
        details["bundle_id"] = bundle_id
    entry = register.append(identity, "reidentified", details, clock())
    return ReidentifyResult(found, len(tokens), n_found, entry)


def _one_table(recipe: Recipe, source: Input) -> tuple[Recipe, str]:
    """The recipe with the one table of which there is an extract, and its name."""
    name = source.table
    if name is None and len(recipe.tables) == 1:
        (name,) = recipe.tables
    elif name is None and source.path is not None:
        name = source.path.stem
    if name not in recipe.tables or source.path is None:
        raise UsageError(
            "It is not clear which table of the recipe the extract is.",
            hint=f"Give it as TABLE=PATH; the recipe has: {', '.join(recipe.tables)}.",
        )
    return recipe.model_copy(update={"tables": {name: recipe.tables[name]}}), name


def _find_bundle(register: Register, start: str) -> Entry:
    fitting = {
        entry.details["bundle_id"]: entry
        for entry in register.entries()
        if entry.event == "packed" and entry.details["bundle_id"].startswith(start)
    }
    if len(fitting) != 1 or not start:
        raise UsageError(
            f"{len(fitting) if start else 0} bundles that were packed here have an id that begins "
            "so.",
            hint="List them with: securexfer register list",
        )
    (entry,) = fitting.values()
    return entry


def _recipients_of(packed: Entry, contacts: Sequence[Contact]) -> list[Contact]:
    known = {
        card.fingerprint: contact
        for contact in contacts
        for card in (contact.card, *contact.former)
    }
    missing = [print_ for print_ in packed.details["recipients"] if print_ not in known]
    if missing:
        raise ContactUnknownError(
            f"{len(missing)} recipients of that bundle are not among the contacts any more.",
            hint="Pin their cards again: the tokens depend on who they were made for.",
        )
    return [known[print_] for print_ in packed.details["recipients"]]
