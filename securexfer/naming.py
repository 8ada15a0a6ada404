"""Names of bundles: what a file on a drive is called, which may tell nothing of what is inside.

A name is made from a template. Its placeholders are a closed list, and its other words may not be
those of the recipe or of an extract's header.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from securexfer.errors import SecurexferError, UsageError
from securexfer.partial import PARTIAL_SUFFIX, remove_leftover
from securexfer.recipe.model import Recipe

DEFAULT_TEMPLATE = "sx-{bundle_id}.sxfer.zip"
_SHORT_ID = 12
_MAX_NAME = 100
# What each placeholder stands for, and what that looks like: to find what a run left behind.
_PATTERNS = {
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "time": r"[0-9]{6}Z",
    "sequence": r"[0-9]{4,}",
    "bundle_id": rf"[0-9a-f]{{{_SHORT_ID}}}",
}
PLACEHOLDERS = tuple(_PATTERNS)
# Without any of them the second bundle would be called like the first.
_LITERAL = re.compile(r"[A-Za-z0-9._-]*")
# A word this short is looked for as a word only: "sex" is in "essex".
_SHORT_WORD = 3


def check_template(template: str, told: Iterable[str] = ()) -> None:
    """Check a template, which whoever finds the drive will read.

    Args:
        template: such as `{date}-{sequence}.sxfer.zip`.
        told: texts whose words it may not hold: names of tables, fields and columns.

    Raises:
        UsageError: if it can't be a name on every drive, has no placeholder, or another than the
            known ones, or says what is inside.
    """
    parts = re.split(r"\{([^{}]*)\}", template)
    literals, names = parts[::2], parts[1::2]
    known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    if not names or not set(names) <= set(PLACEHOLDERS):
        raise UsageError(
            "The template for the bundle's name needs a placeholder, and knows these only: "
            f"{known}.",
            hint="For example: --name-template {date}-{sequence}.sxfer.zip",
        )
    if not all(map(_LITERAL.fullmatch, literals)) or template.startswith((".", "-")):
        raise UsageError(
            "The template for the bundle's name may have letters (a to z), digits, dots, hyphens "
            "and underscores around its placeholders, and may not begin with a dot or a hyphen."
        )
    if not template.endswith(".zip") or len(template) > _MAX_NAME:
        raise UsageError(
            f"The template for the bundle's name must end in .zip and have at most {_MAX_NAME} "
            "characters."
        )
    literal = " ".join(literals).removesuffix(".sxfer.zip").removesuffix(".zip")
    if word := _find_word(literal, told):
        raise UsageError(
            f"The template for the bundle's name holds the word {word!r}, which says what is "
            "inside. Whoever finds the drive reads it.",
            hint="Choose neutral words, or none.",
        )


def make_name(template: str, *, bundle_id: str, sequence: int, created_at: datetime) -> str:
    """The name of one bundle. Date and time are UTC."""
    moment = created_at.astimezone(UTC)
    values = {
        "date": f"{moment:%Y-%m-%d}",
        "time": f"{moment:%H%M%S}Z",
        "sequence": f"{sequence:04}",
        "bundle_id": bundle_id[:_SHORT_ID],
    }
    return re.sub(r"\{([^{}]*)\}", lambda found: values[found[1]], template)


def neutral_name(bundle_id: str) -> str:
    """The name of a bundle for which nobody chose another."""
    return DEFAULT_TEMPLATE.format(bundle_id=bundle_id[:_SHORT_ID])


def list_words(recipe: Recipe, columns: Iterable[str] = ()) -> list[str]:
    """What a name may not say: what the recipe is about, and the columns of the extracts."""
    agreement = recipe.agreement
    told = [agreement.reference, agreement.purpose, agreement.controller, *columns]
    for name, table in recipe.tables.items():
        told += [name, *table.fields]
        told += [spec.source or "" for spec in table.fields.values() if spec.action != "constant"]
    return [*told, *(agreement.recipients or ())]


def remove_unfinished(folder: Path, template: str) -> int:
    """Remove unfinished bundles that this template names and that no run is writing any more.

    Nobody can open them: until a bundle is finished, its password is sealed to no one.

    Returns:
        How many that were.
    """
    parts = re.split(r"\{([^{}]*)\}", template)
    pattern = "".join(
        _PATTERNS[part] if i % 2 else re.escape(part) for i, part in enumerate(parts)
    ) + re.escape(PARTIAL_SUFFIX)
    n_removed = 0
    try:
        found: Sequence[Path] = sorted(folder.iterdir())
    except OSError:
        return 0  # whoever writes there next says what is wrong with it
    for path in found:
        if re.fullmatch(pattern, path.name):
            try:
                n_removed += remove_leftover(path, if_locked_only=True)
            except SecurexferError:
                continue  # a run is writing it
    return n_removed


def _find_word(literal: str, told: Iterable[str]) -> str:
    """The first word that both have; short ones whole, long ones anywhere."""
    squeezed = re.sub(r"[^a-z0-9]", "", literal.casefold())
    whole = set(_words(literal))
    for text in told:
        for word in (*_words(text), re.sub(r"[^a-z0-9]", "", text.casefold())):
            is_there = word in whole if len(word) <= _SHORT_WORD else word in squeezed
            if word and not word.isdigit() and is_there:
                return word
    return ""


def _words(text: str) -> list[str]:
    # Words of prose, such as "of" and "the", tell nothing.
    return [word for word in re.findall(r"[a-z0-9]+", text.casefold()) if len(word) > 2]
