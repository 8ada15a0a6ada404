"""Sharing: one scope's key to a colleague, or from one, so that a team makes the same tokens.

The key that came stays in its file as it came, sealed to this identity; what says that it counts is
the entry of this register.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from securexfer.addressing import check_recipients, hint_at_new_card
from securexfer.bundle.sender import FindSender
from securexfer.carrier import write_small
from securexfer.crypto.identity import Identity
from securexfer.crypto.keys import encode_base64
from securexfer.custody.register import Entry, head_sha256
from securexfer.custody.scope import (
    EXPORT_FAILED,
    EXPORTED,
    IMPORTED,
    Scope,
    ScopeKeyStatement,
    find_imported,
    imported_scope,
    open_scope_key,
)
from securexfer.custody.seal import Opened, seal_statement
from securexfer.custody.statement import (
    VERSION,
    choose_path,
    new_statement_id,
    statement_name,
    tool_name,
)
from securexfer.errors import (
    CardExpiredError,
    ScopeKeyAudienceError,
    ScopeKeyError,
    SecurexferError,
    StatementMismatchError,
    StatementReplayError,
    VerificationError,
)
from securexfer.expiry import CLOCK_TOLERANCE, newest_time
from securexfer.home.contacts import Contact
from securexfer.instant import Clock, format_instant, parse_instant
from securexfer.matching import check_revoked, find_keys, find_signer
from securexfer.place import make_folder
from securexfer.planning import choose_scope
from securexfer.recipe.model import Recipe
from securexfer.ring import Ring
from securexfer.scoping import (
    check_apart,
    check_expected,
    note_own_tokens,
    scope_of,
)


@dataclass(frozen=True)
class SharedResult:
    """A scope key that went out or came in.

    Attributes:
        scope: which.
        statement_id: its number.
        entry: of the register.
        path: its file.
        is_new: False if it had been imported before; then nothing was recorded.
        signer_name: who exported it.
        notes: what a person should know all the same.
    """

    scope: Scope
    statement_id: str
    entry: Entry
    path: Path
    is_new: bool = True
    signer_name: str = ""
    notes: tuple[str, ...] = ()


def export_scope_key(
    recipe: Recipe,
    recipients: Sequence[Contact],
    colleague: Contact,
    output: Path,
    identity: Identity,
    ring: Ring,
    *,
    clock: Clock,
    force: bool = False,
) -> SharedResult:
    """Seal the key of one scope to a colleague: the one that `pack` would use here.

    Args:
        recipe: names agreement and epoch.
        recipients: who gets the tables.
        colleague: who is to make the same tokens.
        output: a folder, or the file's path.
        identity: has the secret, and signs.
        ring: keys that came from others, and the register, which hears of it first.
        clock: now.
        force: replace an existing file.

    Raises:
        RecipeError: if the recipe's tokens are fresh in each bundle.
        UsageError: if nobody gets the tables.
        ContactRevokedError, CardExpiredError: if a card is not in use.
        ScopeKeyAudienceError: if the colleague gets the tables.
        RegisterError: if it can't be recorded; then it is not written.
        OutputError: if it can't be written.
    """
    scope = scope_of(recipe, recipients)
    check_recipients([*recipients], clock)
    check_recipients([colleague], clock)
    check_apart(colleague, scope, "is to get")
    shared = ring.find(recipe, recipients)
    key = choose_scope(recipe, recipients, identity.pseudonym_secret, "", shared)
    statement = ScopeKeyStatement(
        securexfer_statement=VERSION,
        statement_id=new_statement_id(),
        made_at=format_instant(clock()),
        register_head=head_sha256(ring.register.entries()),
        tool=tool_name(),
        addressee=colleague.fingerprint,
        reference=scope.reference,
        epoch=scope.epoch,
        audience=list(scope.audience),
        key=encode_base64(key.key),
    )
    data = seal_statement(statement, "scope-key", identity.keys, colleague.card.keys)
    path = choose_path(output, "scope-key", statement.statement_id)
    details = {
        **scope.describe(),
        "recipient": colleague.fingerprint,
        "statement_id": statement.statement_id,
    }
    entry = ring.register.append(identity, EXPORTED, details, clock())
    try:
        write_small(path, data, force=force, is_own=False)
    except BaseException as error:
        reason = error.code if isinstance(error, SecurexferError) else "interrupted"
        with suppress(SecurexferError):
            ring.register.append(identity, EXPORT_FAILED, {**details, "reason": reason}, clock())
        raise
    return SharedResult(scope, statement.statement_id, entry, path)


def import_scope_key(
    data: bytes,
    contacts: Sequence[Contact],
    own_fingerprints: Sequence[str],
    ring: Ring,
    *,
    clock: Clock,
    expected: Scope | None = None,
) -> SharedResult:
    """Check a scope key that a colleague exported, keep it as it came, and record it.

    Args:
        data: the bytes of the file.
        contacts: all that are pinned.
        own_fingerprints: of this identity's cards.
        ring: where it goes.
        clock: now.
        expected: the scope that it must be of, if a recipe says so.

    Raises:
        SecurexferError: the first check that does not hold; then nothing is recorded.
    """
    identity = ring.unlock()
    opened = open_scope_key(data, keys_for=identity.keys_for, find=find_keys(ring.find_sender))
    said = opened.statement
    exporter = _check_exporter(opened, contacts, ring.find_sender, clock)
    check_apart(exporter, said.scope, "gets")
    if {*own_fingerprints} & {*said.audience}:
        raise ScopeKeyAudienceError("This identity itself gets the tables of that agreement.")
    entries = ring.register.entries()
    if parse_instant(said.made_at) > newest_time(entries, clock) + CLOCK_TOLERANCE:
        raise StatementMismatchError("The scope key was made in the future, by this clock.")
    if expected is not None:
        check_expected(said.scope, expected)
    # Named by what it says, so that no file takes the place of another.
    path = ring.folder / statement_name("scope-key", said.statement_id, opened.sha256)
    known = _find_known(opened, entries, ring)
    if known is not None:
        return SharedResult(said.scope, said.statement_id, known, path, False, exporter.name)

    def check(now_there: list[Entry]) -> None:
        if len(now_there) != len(entries) and _find_known(opened, now_there, ring) is not None:
            raise ScopeKeyError(
                "Another run has imported it meanwhile.", hint="There is nothing to do."
            )

    make_folder(ring.folder)
    write_small(path, data)
    details: dict[str, Any] = {
        **said.scope.describe(),
        "file": path.name,
        "signer": opened.signer,
        "statement_id": said.statement_id,
        "statement_sha256": opened.sha256,
    }
    try:
        entry = ring.register.append(identity, IMPORTED, details, clock(), check=check)
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise
    notes = note_own_tokens(said.scope, entries)
    return SharedResult(said.scope, said.statement_id, entry, path, True, exporter.name, notes)


def _check_exporter(
    opened: Opened[ScopeKeyStatement],
    contacts: Sequence[Contact],
    find_sender: FindSender,
    clock: Clock,
) -> Contact:
    signer = find_signer(opened, find_sender)
    check_revoked(signer, "scope-key")
    if signer.retired_at is not None:
        raise VerificationError(
            f"The scope key is signed with a key that {signer.name} has replaced since.",
            hint="Ask them to export it again, with their present key.",
        )
    for contact in contacts:
        if contact.fingerprint == opened.signer:
            if contact.card.expires_at < clock():
                raise CardExpiredError(
                    f"The card of {contact.name!r}, who exported it, expired on "
                    f"{contact.card.expires_at:%Y-%m-%d}.",
                    hint=hint_at_new_card(contact),
                )
            return contact
    raise StatementMismatchError("The scope key was exported by this identity itself.")


def _find_known(
    opened: Opened[ScopeKeyStatement], entries: Sequence[Entry], ring: Ring
) -> Entry | None:
    """The entry of the same key for the same scope, imported before.

    Raises:
        StatementReplayError: if its signer gave that number to another one.
        StatementMismatchError: if another key was imported for that scope.
    """
    said = opened.statement
    for entry in entries:
        if imported_scope(entry) is None:
            continue
        about = entry.details["signer"], entry.details["statement_id"]
        if about == (opened.signer, said.statement_id) and (
            entry.details["statement_sha256"] != opened.sha256
        ):
            raise StatementReplayError(
                f"Another scope key with the same number was imported on {entry.at:%Y-%m-%d}."
            )
    known = find_imported(entries, said.scope)
    if known is not None and ring.open(known).key.key != said.key_bytes:
        raise StatementMismatchError(
            f"Another scope key for the same agreement, epoch and recipients was imported on "
            f"{known.at:%Y-%m-%d}.",
            hint="Nothing was recorded. Agree in your team on one, change epoch in the recipe, and "
            "share its key anew.",
        )
    return known
