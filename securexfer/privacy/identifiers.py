"""Finding identifiers in what leaves: column by column, over whole blocks.

Cheap searches leave the few cells that could hold one; these are looked at one by one. An
identifier inside longer text always counts. Whole cells are judged by their column: a tenth of all
ten-digit numbers pass the check of an NHS number, so it matters how many that look alike pass.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from securexfer.privacy.kinds import KINDS, Kind

REDACTED = "[redacted]"
# Of cells that look alike, so many must pass, or they are another kind of number.
_SHARE = 0.5
# Of the cells of a column, where the look alone shows little.
_WEAK_SHARE = 0.3
# Different whole cells of one look that are checked in one block; a column of them is one thing.
_MAX_CHECKED = 500
# A number sign begins the code of a colour; a point or comma can stand inside an amount.
_BEFORE, _AFTER = r"(?<![A-Z0-9#])(?<!\d[.,])", r"(?![A-Z0-9])(?![.,]\d)"
_EXACT = {k.slug: re.compile(_BEFORE + f"(?:{k.pattern})" + _AFTER) for k in KINDS.values()}
_ROUGH = {k.slug: rf"(?:^|[^A-Z0-9#])(?:{k.pattern})(?:$|[^A-Z0-9])" for k in KINDS.values()}
# What every one of them has somewhere; most cells have none of it and are not looked at again.
_TRACE = (
    r"(?i)@|[0-9](?:[ ().-]?[0-9]){6}|[A-Z][ -]?[0-9]{2}|[0-9]/[0-9]+[A-Z]|[0-9][A-Z]{2}"
    r"|(?:[0-9]{1,3}\.){3}|(?::[0-9A-F]*){3}|[^\x00-\x7f]"
)
_ANY = "|".join(f"(?:{k.pattern})" for k in KINDS.values())
# Nobody finds these by their look.
_BY_NAME = ("passport",)
# Of no fixed length, so that what follows may be taken for a part of it.
_OPEN_ENDED = ("iban", "card", "phone")
_SHORTEST = 4


@dataclass
class Evidence:
    """Of one kind in one column, over any number of blocks.

    Attributes:
        n_shaped: whole cells that look like it.
        n_valid: of these, those that are valid.
        n_embedded: cells in which longer text has a valid one.
    """

    n_shaped: int
    n_valid: int
    n_embedded: int

    def add(self, other: Evidence) -> None:
        """Add another block's."""
        self.n_shaped += other.n_shaped
        self.n_valid += other.n_valid
        self.n_embedded += other.n_embedded


@dataclass(frozen=True)
class Sighting:
    """Identifiers of one kind in a column.

    Attributes:
        kind: its slug.
        n_cells: cells that have one.
        n_embedded: of these, those in which it is part of longer text.
    """

    kind: str
    n_cells: int
    n_embedded: int


def look(frame: pl.DataFrame, columns: Sequence[str]) -> dict[str, dict[str, Evidence]]:
    """What speaks for each kind in each of these text columns, where anything does."""
    found = {column: _look_at(frame[column]) for column in columns}
    return {column: kinds for column, kinds in found.items() if kinds}


def judge(names: Sequence[str], evidence: Mapping[str, Evidence], n_filled: int) -> list[Sighting]:
    """Which kinds a column holds, by all its evidence.

    Args:
        names: what the column is called, here and at its source.
        evidence: over all blocks.
        n_filled: cells that are not blank.
    """
    words = {word for name in names for word in _words_of(name)}
    found = []
    for slug, one in evidence.items():
        kind = KINDS[slug]
        is_named = bool(words & kind.words)
        n_whole = one.n_valid
        if slug in _BY_NAME:
            counts = is_named
        elif kind.is_weak:
            counts = n_whole >= _WEAK_SHARE * n_filled or is_named
        else:
            counts = n_whole >= _SHARE * one.n_shaped or is_named
        n_cells = one.n_embedded + (n_whole if counts else 0)
        if n_cells:
            found.append(Sighting(slug, n_cells, one.n_embedded))
    return found


def redact_identifiers(cells: pl.Series, allow: frozenset[str] = frozenset()) -> pl.Series:
    """Texts with every valid identifier replaced by `[redacted]`, but for the kinds in `allow`."""
    rows = cells.fill_null("").str.contains(_TRACE).arg_true()
    if not rows.len():
        return cells
    kinds = [kind for kind in _searched() if kind.slug not in allow]
    redacted = [_redact(cell, kinds) for cell in cells.gather(rows).to_list()]
    return cells.scatter(rows, pl.Series(redacted, dtype=pl.String))


def _redact(cell: str, kinds: Sequence[Kind]) -> str:
    spans = []
    upper = _comparable(cell)
    if len(upper) != len(cell):
        # Rare characters grow or go when made comparable; then places can't be told.
        return REDACTED if any(_valid_in(upper, kind) for kind in kinds) else cell
    for kind in kinds:
        spans += _valid_in(upper, kind)
    parts, done = [], 0
    for start, end in sorted(spans):
        if start >= done:
            parts += [cell[done:start], REDACTED]
        done = max(done, end)
    return "".join([*parts, cell[done:]])


def _look_at(cells: pl.Series) -> dict[str, Evidence]:
    traced = cells.filter(cells.str.contains(_TRACE))
    if not traced.len():
        return {}
    counted = traced.value_counts(name="n")
    counted.columns = ["cell", "n"]
    counted = counted.with_columns(_comparable_cells(counted["cell"]).alias("cell"))
    counted = counted.filter(pl.col("cell").str.contains(_ANY))
    suspects = counted.select(
        pl.col("cell").str.contains(_ROUGH[slug]).alias(slug) for slug in KINDS
    )
    found = {}
    for slug, kind in KINDS.items():
        if suspects[slug].any():
            evidence = _weigh(counted.filter(suspects[slug]), kind)
            if evidence.n_shaped or evidence.n_embedded:
                found[slug] = evidence
    return found


def _weigh(counted: pl.DataFrame, kind: Kind) -> Evidence:
    """Evidence for a kind in distinct cells, with their counts, that could hold it."""
    is_whole = counted["cell"].str.contains(f"^(?:{kind.pattern})$")
    whole, longer = counted.filter(is_whole), counted.filter(~is_whole)
    n_shaped = int(whole["n"].sum())
    if kind.slug == "nhs" and whole.height:
        n_valid = int((whole["n"].to_numpy() * _are_nhs(whole["cell"])).sum())
    else:
        checked = whole.head(_MAX_CHECKED)
        passed = [n for cell, n in checked.iter_rows() if kind.is_valid(cell)]
        n_checked = int(checked["n"].sum())
        n_valid = round(sum(passed) * n_shaped / n_checked) if n_checked else 0
    if kind.slug in _BY_NAME:
        return Evidence(n_shaped, n_valid, 0)
    n_embedded = sum(n for cell, n in longer.iter_rows() if any(_valid_in(cell, kind)))
    return Evidence(n_shaped, n_valid, n_embedded)


def _are_nhs(cells: pl.Series) -> npt.NDArray[np.bool_]:
    """Which ten-digit numbers pass the check, all at once: order numbers come in millions."""
    numbers = cells.str.replace_all(r"[ \-]", "").cast(pl.Int64).to_numpy()
    digits = [(numbers // 10**place) % 10 for place in range(10)]
    check = 11 - sum(digits[place] * (place + 1) for place in range(1, 10)) % 11
    check = np.where(check == 11, 0, check)
    valid: npt.NDArray[np.bool_] = (check == digits[0]) & (numbers > 0)
    return valid


def _valid_in(text: str, kind: Kind) -> list[tuple[int, int]]:
    """Where valid ones stand in a text.

    What looks like one may begin or end with words that belong to others: a number before the
    number of a card. So every word may be the first, and where the length is open also the last.
    """
    spans = []
    place = 0
    while match := _EXACT[kind.slug].search(text, place):
        place = match.start() + 1
        whole = match[0]
        while len(whole) > _SHORTEST:
            if _EXACT[kind.slug].fullmatch(whole) and kind.is_valid(whole):
                place = match.start() + len(whole)
                spans.append((match.start(), place))
                break
            if kind.slug not in _OPEN_ENDED:
                break
            whole = whole.rpartition(" ")[0].rstrip(" ().-")
    return spans


def _searched() -> list[Kind]:
    return [kind for slug, kind in KINDS.items() if slug not in _BY_NAME]


def _comparable_cells(cells: pl.Series) -> pl.Series:
    """Upper case, and where there is more than ASCII, without forms and characters that hide."""
    cells = cells.str.strip_chars()
    rare = (cells.str.len_bytes() != cells.str.len_chars()).arg_true()
    if rare.len():
        plain = cells.gather(rare).str.normalize("NFKC").str.replace_all(r"\p{Cf}", "")
        cells = cells.scatter(rare, plain)
    return cells.str.to_uppercase()


def _comparable(cell: str) -> str:
    if cell.isascii():
        return cell.upper()
    plain = unicodedata.normalize("NFKC", cell)
    return "".join(c for c in plain if unicodedata.category(c) != "Cf").upper()


def _words_of(name: str) -> set[str]:
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return set(re.findall(r"[a-z]+", parted.lower()))
