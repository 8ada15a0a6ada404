"""Drafting: from a header and a sample to a recipe that is safe as it stands.

At most three kinds of columns leave: the identifier of a person as a pseudonym, a date of birth as
its year, a postcode as its district. Everything else is withheld, with the line that would let it
leave as a comment, for a person to decide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from securexfer.privacy.guessing import Guess
from securexfer.recipe.model import Dialect, is_table_name
from securexfer.recipe.reading import MAX_RECIPE_BYTES
from securexfer.wording import plural

# Kinds that stand for one person, in the order in which they make the better pseudonym.
_PERSONAL = ("pnc", "nhs", "cro", "crn", "prison", "ni", "driving-licence", "passport")
_WIDTH = 98


@dataclass(frozen=True)
class Sampled:
    """One extract as a draft sees it: the table's name, its dialect, and a guess per column."""

    table: str
    dialect: Dialect
    n_rows: int
    guesses: Sequence[Guess]


HEAD = """\
# A draft, made from header and sample alone. It is safe as it stands: what is
# not named below stays. Read every line, fill in the agreement, and decide
# what the recipient needs.
version = 1

[agreement]
reference = "DRAFT"                     # of the sharing agreement
purpose = "to be stated"                # what the data are for
controller = "to be stated"             # who is responsible for the data
regime = "uk-gdpr"                      # or "dpa2018-part3"
lawful_basis = "to be stated"
retention_days = 30                     # after that the bundle can't be opened

[pseudonyms]
linkage = "bundle"                      # or "agreement": the same in a series
"""


def table_name(stem: str) -> str:
    """A table's name from a file's."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_-")[:64]
    return name if is_table_name(name) else f"table_{name}"[:64].rstrip("_-")


def draft_recipe(samples: Sequence[Sampled]) -> str:
    """The text of a recipe for these extracts; valid, and complete for their headers."""
    text = _draft(samples, with_withheld=True)
    # So many columns that what could leave makes it too long to be a recipe.
    too_long = len(text.encode("utf-8")) > MAX_RECIPE_BYTES
    return _draft(samples, with_withheld=False) if too_long else text


def _draft(samples: Sequence[Sampled], *, with_withheld: bool) -> str:
    tables = [_draft_table(sampled, with_withheld=with_withheld) for sampled in samples]
    limits = _draft_limits(has_groups=any("quasi_identifiers = [" in text for text in tables))
    return "\n".join([HEAD, limits, *tables])


def _draft_limits(*, has_groups: bool) -> str:
    lines = [
        "[limits]",
        'residual = "refuse"                     # identifiers found in what leaves',
        'echo = "refuse"                         # withheld values found in what leaves',
        "# max_rows = 200_000",
        "# max_subjects = 150_000",
        "# min_group_size = 10                   # else groups are only measured",
        '# on_small_group = "suppress"           # leave such rows out',
    ]
    if not has_groups:
        lines = lines[:5]
    return "\n".join(lines) + "\n"


def _draft_table(sampled: Sampled, *, with_withheld: bool) -> str:
    subject = _choose_subject(sampled.guesses)
    names = _Names()
    leaving: list[str] = []
    staying: list[str] = []
    quasi: list[str] = []
    withheld: list[Guess] = []
    for guess in sampled.guesses:
        remark = f"# {_plain(guess.column)}: {guess.evidence}"
        if guess is subject:
            name = names.take("person" if guess.role == "identifier" else "record")
            leaving += [remark, _pseudonymise(name, guess)]
        elif guess.role == "birth":
            name = names.take("birth_year")
            leaving += [remark, f"{name} = {_inline(guess, 'year', format=guess.formats)}"]
            quasi.append(name)
        elif guess.role == "postcode":
            name = names.take("district")
            leaving += [remark, f"{name} = {_inline(guess, 'postcode-district')}"]
            quasi.append(name)
        else:
            withheld.append(guess)
    for guess in withheld:
        remark = f"# {_plain(guess.column)}: {guess.evidence}"
        suggested = _suggest(guess, names.take(guess.column))
        staying += [f"{remark}; {_why_not(guess)}", f"# {suggested}"]
    header = [f"[tables.{sampled.table}]"]
    header += _settings(sampled)
    identifying = [g.column for g in sampled.guesses if g.role in ("name", "identifier", "contact")]
    identifying = [column for column in identifying if subject is None or column != subject.column]
    if identifying:
        header.append(f"identifying = {_listed(identifying)}")
    if quasi:
        header.append(f"quasi_identifiers = {_listed(quasi)}")
    fields = [f"[tables.{sampled.table}.fields]", *leaving]
    if staying and not with_withheld:
        fields += ["", f"# Withheld: {plural(len(withheld), 'column')}."]
    elif staying:
        fields += [
            "",
            "# Withheld. Take the # away from the second line of a pair to let it leave. A column",
            '# that is listed as identifying needs allow = ["echo"] and a reason besides; what',
            "# people can be found by together belongs into quasi_identifiers.",
        ]
        fields += staying
    return "\n".join([*header, "", *fields]) + "\n"


def _choose_subject(guesses: Sequence[Guess]) -> Guess | None:
    """The column whose pseudonym stands for the person; some column has to leave at all."""
    for kind in _PERSONAL:
        for guess in guesses:
            if guess.kind == kind:
                return guess
    # A column that is called an identifier and differs in nearly every row, or often enough.
    named = [g for g in guesses if g.role == "identifier" and not g.kind]
    if named:
        return max(named, key=lambda guess: guess.n_distinct)
    if any(guess.role in ("birth", "postcode") for guess in guesses):
        return None
    return max(guesses, key=lambda guess: guess.n_distinct)


def _pseudonymise(name: str, guess: Guess) -> str:
    kind = {"identifier": guess.kind} if guess.kind in _PERSONAL else {}
    return f"{name} = {_inline(guess, 'pseudonymise', domain=name, **kind)}"


def _suggest(guess: Guess, field: str) -> str:
    name = _key(field)
    if guess.role == "date":
        if guess.formats:
            return f"{name} = {_inline(guess, 'month', format=guess.formats)}"
        return f"{name} = {_inline(guess, 'year', format='%Y-%m-%d')}"
    if guess.role in ("identifier", "contact"):
        domain = "person" if guess.role == "identifier" else "contact"
        return f"{name} = {_inline(guess, 'pseudonymise', domain=domain + '_2')}"
    return f"{name} = {_inline(guess, 'keep')}"


def _why_not(guess: Guess) -> str:
    why = {
        "name": "a direct identifier",
        "address": "tells where somebody is",
        "contact": "a direct identifier",
        "identifier": "a direct identifier, or as good as one",
        "date": "an exact date is known to others",
        "text": "free text can hold anything",
        "other": "nobody has said yet that it is needed",
    }[guess.role]
    if guess.found:
        why += f"; identifiers are scattered in it: {', '.join(guess.found)}"
    return why


def _settings(sampled: Sampled) -> list[str]:
    """The dialect, where it is not the usual one."""
    changed = {
        name: value
        for name, value in sampled.dialect.model_dump().items()
        if value != getattr(Dialect(), name)
    }
    pairs = ", ".join(f"{name} = {json.dumps(value)}" for name, value in changed.items())
    return [f"csv = {{ {pairs} }}"] if pairs else []


class _Names:
    """Field names, each given once."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def take(self, name: str) -> str:
        self._taken[name] = self._taken.get(name, 0) + 1
        return name if self._taken[name] == 1 else f"{name}_{self._taken[name]}"


def _inline(guess: Guess, action: str, **more: str | Sequence[str]) -> str:
    pairs = [f"from = {_text(guess.column)}", f"action = {_text(action)}"]
    for name, value in more.items():
        shown = _text(value) if isinstance(value, str) else _shortest(value)
        pairs.append(f"{name} = {shown}")
    return f"{{ {', '.join(pairs)} }}"


def _shortest(values: Sequence[str]) -> str:
    return _text(values[0]) if len(values) == 1 else _listed(values)


def _listed(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _key(name: str) -> str:
    plain = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if plain else _text(name)


def _text(text: str) -> str:
    """A TOML basic string: JSON's, and whatever would not be seen is spelled out."""
    shown = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in shown)


def _plain(text: str) -> str:
    """A column's name in a comment: on one line, whatever it holds."""
    return "".join(c if c.isprintable() else "?" for c in text)
