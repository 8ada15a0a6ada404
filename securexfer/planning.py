"""Planning: extracts opened, and a recipe held against all their headers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from securexfer.attachment.archive import Gathered
from securexfer.errors import UsageError
from securexfer.home.contacts import Contact
from securexfer.privacy.command import SourceCommand
from securexfer.privacy.disclosure import (
    Finding,
    check_combinations,
    check_totals,
    judge_table,
    refuse,
)
from securexfer.privacy.extract import Extract
from securexfer.privacy.form import Forms
from securexfer.privacy.minimise import Rulings
from securexfer.privacy.pipeline import Chunk, Findings, Together, minimise_extract
from securexfer.privacy.plan import TablePlan, plan_tables
from securexfer.privacy.pseudonyms import ScopeKey, agreement_scope, bundle_scope
from securexfer.privacy.survey import reasons_of, survey
from securexfer.privacy.watch import Watch
from securexfer.recipe.model import Recipe
from securexfer.reporting import Reporter

_SAMPLE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Input:
    """One extract as named on the command line: a table (or None: to be found) and a path.

    A path of None is standard input, unless there is a command that writes the extract.
    """

    table: str | None
    path: Path | None
    command: SourceCommand | None = None


@dataclass(frozen=True)
class OpenExtracts:
    """Extracts, open and planned; the recipe fits their headers."""

    recipe: Recipe
    extracts: dict[str, Extract]
    plans: tuple[TablePlan, ...]


@contextmanager
def open_extracts(
    recipe: Recipe,
    inputs: Sequence[Input],
    stdin: BinaryIO | None = None,
    reporter: Reporter | None = None,
) -> Iterator[OpenExtracts]:
    """Open every extract, read its header, and hold the recipe against all of them.

    Args:
        recipe: says which tables there are.
        inputs: where they come from.
        stdin: standard input, if it may be used.
        reporter: hears of a source that stalls.

    Raises:
        UsageError: if inputs and tables can't be matched.
        RecipeError: if the recipe does not fit the headers.
        ExtractError: if an extract can't be used.
    """
    matched = _match_inputs(recipe, inputs)
    with ExitStack() as stack:
        extracts: dict[str, Extract] = {}
        for name, given in matched.items():
            dialect = recipe.tables[name].csv
            if given.command is not None:
                running = Extract.run(name, given.command, dialect, reporter)
                extracts[name] = stack.enter_context(running)
            elif given.path is not None:
                opened = Extract.open(name, given.path, dialect, reporter)
                extracts[name] = stack.enter_context(opened)
            elif stdin is not None:
                extracts[name] = Extract(name, stdin, dialect, reporter=reporter)
            else:
                raise UsageError("Standard input is not available here.")
        plans = plan_tables(recipe, {name: e.header for name, e in extracts.items()})
        for plan in plans:
            if (reasons := reasons_of(plan)) and not extracts[plan.table].can_rewind:
                raise UsageError(
                    f"Table {plan.table} has to be read more than once, "
                    f"{' and '.join(reasons)}, and what comes through a pipe can't be.",
                    hint="Save it to a file, or change the recipe.",
                )
        yield OpenExtracts(recipe, extracts, plans)


@dataclass(frozen=True)
class Trial:
    """What `pack` would find in the extracts: counts, and what each gate says of them.

    Attributes:
        found: counts by table.
        forms: what each field of a table looks like, without a value of it.
        gates: findings of each table's gates.
        bundle_gates: findings of the gates that look at all tables together.
        subjects: `n_subjects` and `n_subjects_is` of each table.
        attached: the files that the rows of a table name, if they were looked for.
    """

    found: dict[str, Findings]
    forms: dict[str, dict[str, str]]
    gates: dict[str, list[Finding]]
    bundle_gates: list[Finding]
    subjects: dict[str, dict[str, Any]]
    attached: dict[str, Gathered]

    def refuse(self) -> None:
        """Stop if any gate refused.

        Raises:
            GateError: with every refusal.
        """
        refuse([*self.bundle_gates, *(one for found in self.gates.values() for one in found)])


def survey_extract(
    opened: OpenExtracts, plan: TablePlan, scope: ScopeKey, reporter: Reporter
) -> Rulings:
    """What has to be known of a table before it leaves.

    Raises:
        ExtractError: if the extract can't be used.
        GateError: if it has more values or groups than can be counted.
    """
    extract = opened.extracts[plan.table]
    if n_passes := len(reasons_of(plan)):
        n_bytes = extract.n_bytes
        reporter.begin(f"Surveying {plan.table}", n_bytes and n_bytes * n_passes)
    return survey(extract, plan, scope, reporter.advance)


class Gatherer(Protocol):
    """Gathers the files that the rows of one table name."""

    def add(self, chunk: Chunk) -> None:
        """Those of one more chunk."""

    def find(self, reporter: Reporter) -> Gathered:
        """Find them all, and read none."""


def try_extracts(
    opened: OpenExtracts,
    reporter: Reporter,
    gather: Callable[[TablePlan, Extract], Gatherer] | None = None,
) -> Trial:
    """Read every extract to its end, as `pack` would, and keep nothing but counts.

    Args:
        opened: the extracts.
        reporter: progress.
        gather: makes what looks for the files to attach; they are not looked for without it.

    Raises:
        AttachmentError: if a file that is to be attached is not there, or may not be.
        ExtractError: if an extract can't be used.
        GateError: if it has more groups than can be counted.
    """
    scope = bundle_scope(os.urandom(32), "")
    found: dict[str, Findings] = {}
    watches: dict[str, Watch] = {}
    forms: dict[str, Forms] = {}
    attached: dict[str, Gathered] = {}
    for plan in opened.plans:
        extract = opened.extracts[plan.table]
        rulings = survey_extract(opened, plan, scope, reporter)
        reporter.begin(f"Reading {plan.table}", extract.n_bytes)
        counts, watch = Findings(), Watch(plan)
        found[plan.table], watches[plan.table] = counts, watch
        forms[plan.table] = Forms(plan)
        both = Together(watch, forms[plan.table])
        files = gather(plan, extract) if gather else None
        for chunk in minimise_extract(
            extract, plan, scope, watch=both, rulings=rulings, is_trial=True
        ):
            counts.add(chunk)
            if files:
                files.add(chunk)
            reporter.advance(chunk.n_bytes_in, chunk.n_rows_in)
        if files:
            attached[plan.table] = files.find(reporter)
    n_rows = sum(counts.n_rows_out for counts in found.values())
    limits = opened.recipe.limits
    return Trial(
        found,
        {name: seen.by_field() for name, seen in forms.items()},
        {name: judge_table(watch) for name, watch in watches.items()},
        [
            *check_combinations(opened.plans, limits),
            *check_totals(limits, n_rows, watches.values()),
        ],
        {
            name: dict(zip(("n_subjects", "n_subjects_is"), watch.count_subjects(), strict=True))
            for name, watch in watches.items()
        },
        attached,
    )


def forecast_bytes(opened: OpenExtracts) -> int | None:
    """How large the tables will be on the drive, if the rest of them is like their beginning.

    The first blocks of each extract go through the whole pipeline, and nothing of them is kept.

    Returns:
        Bytes; None where that would not tell: of a pipe, or where a first pass decides what leaves.

    Raises:
        ExtractError: if those blocks can't be used.
    """
    scope = bundle_scope(os.urandom(32), "")
    total = 0
    for plan in opened.plans:
        extract = opened.extracts[plan.table]
        if extract.n_bytes is None or not extract.can_rewind or reasons_of(plan):
            return None
        n_in = n_out = 0
        with closing(minimise_extract(extract, plan, scope)) as chunks:
            for chunk in chunks:
                n_in, n_out = n_in + chunk.n_bytes_in, n_out + len(chunk.compressed)
                if n_in >= _SAMPLE_BYTES:
                    break
        extract.rewind()
        # Blocks are counted as UTF-8, which is never more than twice as long, or as short.
        n_all = extract.n_bytes // 2 if "16" in plan.spec.csv.encoding else extract.n_bytes
        total += n_out * max(n_all, n_in) // max(n_in, 1)
    return total


@dataclass(frozen=True)
class SharedScope:
    """A scope key that a colleague shared; and SHA-256 (hex) of what it came in, as recorded."""

    key: ScopeKey = field(repr=False)
    statement_sha256: str


def choose_scope(
    recipe: Recipe,
    recipients: Sequence[Contact],
    secret: bytes,
    bundle_id: str,
    shared: SharedScope | None = None,
) -> ScopeKey:
    """The key for the tokens of one bundle, as far as the recipe lets them reach.

    Args:
        recipe: says how far.
        recipients: of the bundle.
        secret: the sender's own.
        bundle_id: of the bundle.
        shared: takes the place of the sender's own key for an agreement.
    """
    if recipe.pseudonyms.linkage == "bundle":
        return bundle_scope(secret, bundle_id)
    if shared is not None:
        return shared.key
    origins = [contact.origin_fingerprint for contact in recipients]
    return agreement_scope(secret, recipe.agreement.reference, recipe.pseudonyms.epoch, origins)


def _match_inputs(recipe: Recipe, inputs: Sequence[Input]) -> dict[str, Input]:
    matched: dict[str, Input] = {}
    for given in inputs:
        name = given.table
        if name is None and len(recipe.tables) == 1:
            (name,) = recipe.tables
        elif name is None and given.path is not None and given.path.stem in recipe.tables:
            name = given.path.stem
        if name is None:
            raise UsageError(
                f"It is not clear which table {given.path or 'standard input'} is.",
                hint="Name it, as TABLE=PATH.",
            )
        if name not in recipe.tables:
            raise UsageError(
                f"The recipe has no table {name!r}.", hint=f"It has: {', '.join(recipe.tables)}."
            )
        if name in matched:
            raise UsageError(f"Two inputs were given for the table {name!r}.")
        matched[name] = given
    if sum(one.path is None and one.command is None for one in matched.values()) > 1:
        raise UsageError("Only one table can come from standard input.")
    return matched
