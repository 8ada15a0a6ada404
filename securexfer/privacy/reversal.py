"""Reversal: from tokens back to the identifiers that they stand for, with the sender's extract.

A token can't be computed backwards. Every identifier of the extract is made into a token again, by
the same code and the same keys, and those that were asked for are kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from securexfer.errors import TokensError
from securexfer.privacy.extract import Extract
from securexfer.privacy.minimise import MinimisedFrame, field_names
from securexfer.privacy.parsing import BlockError, parse_block, source_name
from securexfer.privacy.plan import TablePlan
from securexfer.privacy.pseudonyms import TOKEN_HEX_DIGITS
from securexfer.recipe.field import DOMAIN, KeepField, PseudonymiseField
from securexfer.recipe.limits import Limits
from securexfer.recipe.model import Dialect

MAX_TOKENS = 5_000_000
_TOKEN = re.compile(rf"{DOMAIN}_[0-9a-f]{{{TOKEN_HEX_DIGITS}}}")
_SOURCE = " (source)"
_TABLE = "of tokens"


@dataclass(frozen=True)
class Reversed:
    """One token and one spelling of the identifier that it stands for.

    Attributes:
        token: as asked for.
        column: the source column.
        identifier: the cell.
    """

    token: str
    column: str
    identifier: str = field(repr=False)


class Reversal:
    """Looks for tokens in a table's output, block by block.

    Attributes:
        plan: a plan that leaves nothing of the table but its pseudonyms and their sources.
    """

    def __init__(self, plan: TablePlan, tokens: Sequence[str]) -> None:
        keep = KeepField.model_validate({"action": "keep"})
        self._fields = [one for one in plan.fields if isinstance(one.spec, PseudonymiseField)]
        sources = [replace(one, name=one.name + _SOURCE, spec=keep) for one in self._fields]
        fields = (*self._fields, *sources)
        self.plan = replace(plan, fields=fields, identifying=(), limits=Limits())
        self._wanted = pl.Series(tokens, dtype=pl.String).unique()
        self._found: pl.DataFrame | None = None

    def observe(self, minimised: MinimisedFrame) -> pl.DataFrame:
        """The tokens of one block that were asked for, with their identifiers."""
        names = list(field_names(self.plan).values())
        n_fields = len(self._fields)
        found = [
            minimised.frame.select(
                pl.col(token).alias("token"),
                pl.lit(one.source).alias("column"),
                pl.col(source).alias("identifier"),
            ).filter(pl.col("token").is_in(self._wanted.implode()))
            for one, token, source in zip(
                self._fields, names[:n_fields], names[n_fields:], strict=True
            )
        ]
        return pl.concat(found).unique()

    def add(self, observed: pl.DataFrame) -> None:
        """Remember what was found in one more block."""
        both = [observed] if self._found is None else [self._found, observed]
        self._found = pl.concat(both).unique()

    def found(self) -> list[Reversed]:
        """What was found, by token; several where an identifier has several spellings."""
        if self._found is None:
            return []
        rows = self._found.sort("token", "column", "identifier").iter_rows()
        return [Reversed(*row) for row in rows]


def read_tokens(path: Path, column: str | None) -> list[str]:
    """Tokens from a file: one a line, or a column of a CSV file; each once, in order.

    Args:
        path: the file.
        column: which column; None for the only one that holds tokens and nothing else.

    Raises:
        TokensError: if there are none, or it is not clear which column is meant.
        ExtractError: if the file can't be read as CSV.
    """
    with Extract.open(_TABLE, path, Dialect()) as extract:
        header = extract.header
        if column is not None and column not in header:
            raise TokensError(
                "The file of tokens has no such column.",
                hint="Name one of its columns with --column.",
            )
        wanted = [name for name in header if column in (None, name)]
        # Without a header, the first line is a token too.
        columns = {name: dict.fromkeys([name] if is_token(name) else []) for name in wanted}
        n_other = Counter[str]()
        for block in extract.blocks():
            try:
                parsed = parse_block(block, Dialect(), len(header), range(len(header)))
            except BlockError as fault:
                raise fault.at(_TABLE, extract.n_header_lines) from None
            for name in wanted:
                cells = parsed.frame[source_name(header.index(name))].str.strip_chars()
                tokens, others = _part(cells.unique(maintain_order=True))
                columns[name].update(dict.fromkeys(tokens))
                n_other[name] += others
                if len(columns[name]) > MAX_TOKENS:
                    raise TokensError(f"The file holds more than {MAX_TOKENS:,} tokens.")
    if column is None:
        column = _choose_column([name for name in wanted if columns[name] and not n_other[name]])
    if n_other[column]:
        raise TokensError(f"{n_other[column]:,} cells of that column are no tokens.")
    if not columns[column]:
        raise TokensError("The file holds no tokens.")
    return list(columns[column])


def is_token(text: str) -> bool:
    """Whether a text has the form of a token."""
    return _TOKEN.fullmatch(text) is not None


def _part(cells: pl.Series) -> tuple[list[str], int]:
    """The tokens among different cells, and how many cells are something else."""
    filled = cells.filter(cells != "")
    are_tokens = filled.str.contains(f"^(?:{_TOKEN.pattern})$")
    return filled.filter(are_tokens).to_list(), int((~are_tokens).sum())


def _choose_column(holding: Sequence[str]) -> str:
    if len(holding) == 1:
        return holding[0]
    raise TokensError(
        f"{len(holding)} columns of the file hold tokens."
        if holding
        else "No column of the file holds tokens, and nothing else.",
        hint="Name the column with --column, or give a file with one token a line.",
    )
