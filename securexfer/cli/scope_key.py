"""`scope-key`: the same tokens from all analysts of a team."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from securexfer.cli.console import plain
from securexfer.cli.options import FORCE, SecurexferGroup, output_option, passphrase_option
from securexfer.cli.session import Session

if TYPE_CHECKING:
    from securexfer.home.contacts import Contact
    from securexfer.recipe.model import Recipe
    from securexfer.sharing import SharedResult

_AUDIENCE = click.option(
    "--for",
    "audience",
    multiple=True,
    metavar="CONTACT",
    help="Who gets the tables; repeat. Without it, all whom the recipe names.",
)


@click.group("scope-key", cls=SecurexferGroup)
def scope_key() -> None:
    """Share the key of one agreement's tokens with a colleague, or take theirs."""


@scope_key.command(
    epilog="Example: securexfer scope-key export --recipe people.toml --for acme --to bea"
)
@click.option(
    "--recipe", "recipe_path", required=True, type=click.Path(path_type=Path), help="The recipe."
)
@click.option("--to", required=True, metavar="CONTACT", help="The colleague.")
@_AUDIENCE
@output_option(
    "A folder, or a file that ends in .scope-key; this folder without it.", required=False
)
@FORCE
@passphrase_option
def export(
    recipe_path: Path,
    to: str,
    audience: tuple[str, ...],
    output: Path | None,
    force: bool,
    passphrase_file: Path | None,
) -> None:
    """Seal the key of one scope to a colleague, who then makes the same tokens.

    A scope is one agreement, one epoch, and one set of recipients. From its key follows no other,
    and not the secret. Whoever has it can find out by trying whose a token is, and with the extract
    lead tokens back: give it to colleagues who may, and never to a recipient. It is recorded.
    """
    from securexfer.recipe.reading import read_recipe
    from securexfer.sharing import export_scope_key

    session = Session.current(passphrase_file)
    recipe = read_recipe(recipe_path).recipe
    result = export_scope_key(
        recipe,
        _audience(session, recipe, audience),
        session.find_contacts([to])[0],
        output or Path(),
        session.identity,
        session.ring,
        clock=session.clock,
        force=force,
    )

    def human() -> None:
        session.console.facts([("Scope key for", to), *_facts(session, result)])
        session.console.step(
            f"\nNext: send {plain(result.path.name)} to {to},\n"
            "who runs `securexfer scope-key import` on it. It is sealed: nobody else can open it."
        )

    session.console.result(_document(result, path=str(result.path), recipient=to), human)


@scope_key.command(
    "import", epilog="Example: securexfer scope-key import sx-1a2b3c4d5e6f.scope-key"
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--recipe",
    "recipe_path",
    type=click.Path(path_type=Path),
    help="Take it only if it is for this recipe.",
)
@_AUDIENCE
@passphrase_option
def import_file(
    file: Path,
    recipe_path: Path | None,
    audience: tuple[str, ...],
    passphrase_file: Path | None,
) -> None:
    """Check a scope key that a colleague exported for you, and put it on record.

    From then on, pack makes their tokens, by a recipe with the same agreement and epoch, for the
    same recipients. For another epoch or other recipients under that agreement it refuses, lest the
    tokens come apart unseen; see pack --own-tokens.
    """
    from securexfer.custody.statement import read_statement_file
    from securexfer.errors import UsageError
    from securexfer.recipe.reading import read_recipe
    from securexfer.scoping import scope_of
    from securexfer.sharing import import_scope_key

    session = Session.current(passphrase_file)
    expected = None
    if recipe_path is not None:
        recipe = read_recipe(recipe_path).recipe
        expected = scope_of(recipe, _audience(session, recipe, audience))
    elif audience:
        raise UsageError("--for says nothing without --recipe.")
    own = session.desk.own_card()
    result = import_scope_key(
        read_statement_file(file),
        session.contacts.list(),
        [card.fingerprint for card in (own, *session.own_former(own))],
        session.ring,
        clock=session.clock,
        expected=expected,
    )
    for note in result.notes:
        session.console.note(note)

    def human() -> None:
        session.console.facts([("Scope key from", result.signer_name), *_facts(session, result)])
        if result.is_new:
            session.console.step("Every check held. From now on, pack uses it.")
        else:
            when = f"{result.entry.at:%Y-%m-%d %H:%M}"
            session.console.step(f"It was imported before, on {when} (UTC). Nothing was recorded.")

    more = {
        "imported": result.is_new,
        "notes": list(result.notes),
        "signer_name": result.signer_name,
    }
    session.console.result(_document(result, **more), human)


def _audience(session: Session, recipe: Recipe, names: tuple[str, ...]) -> list[Contact]:
    """The contacts who get the tables."""
    from securexfer.errors import RecipeError, UsageError

    allowed = recipe.agreement.recipients
    chosen = list(dict.fromkeys(names)) or list(allowed or ())
    if not chosen:
        raise UsageError(
            "It must be clear who gets the tables: the tokens depend on it.",
            hint="Name every recipient with --for, as with --to in pack.",
        )
    for name in chosen:
        if allowed is not None and name not in allowed:
            raise RecipeError(
                f"The recipe does not allow the recipient {name!r}.",
                problems=[f"agreement.recipients: {', '.join(allowed)} only"],
            )
    return session.find_contacts(chosen)


def _facts(session: Session, result: SharedResult) -> list[tuple[str, str]]:
    names = {one.origin_fingerprint: one.name for one in session.contacts.list()}
    audience = [names.get(one, "not among the contacts here") for one in result.scope.audience]
    return [
        ("Agreement", result.scope.reference),
        ("Epoch", result.scope.epoch or "none"),
        ("Recipients", ", ".join(audience)),
    ]


def _document(result: SharedResult, **more: Any) -> dict[str, Any]:
    return {
        "agreement": result.scope.reference,
        "audience": list(result.scope.audience),
        "epoch": result.scope.epoch,
        "statement_id": result.statement_id,
        **more,
    }
