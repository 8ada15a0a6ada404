"""Disclosure gates: whether what was seen in the output may leave.

The recipe's limits decide. A gate that refuses names the table, the field, the kind, counts and the
key that governs it, and never a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from securexfer.errors import GateError
from securexfer.privacy.groups import GroupFindings
from securexfer.privacy.identifiers import Sighting
from securexfer.privacy.kinds import KINDS
from securexfer.privacy.minimise import redacts_echoes
from securexfer.privacy.plan import PlannedField, TablePlan
from securexfer.privacy.subjects import together
from securexfer.privacy.watch import Watch
from securexfer.recipe.limits import Limits
from securexfer.wording import plural


@dataclass(frozen=True)
class Finding:
    """What one gate found.

    Attributes:
        gate: its key in the recipe.
        result: `passed`, `refused`, or what the recipe wanted instead: `reported`, `allowed`,
            `redacted`, `suppressed`, `off`; or `measured` where it wanted nothing.
        details: counts and names, for the manifest.
        problem: where it was found and what to do about it, if it refused.
    """

    gate: str
    result: str
    details: dict[str, Any] = field(default_factory=dict)
    problem: str = ""

    def record(self) -> dict[str, Any]:
        """The finding as it stands in the manifest."""
        return {"gate": self.gate, "result": self.result, **self.details}


def refuse(findings: Iterable[Finding]) -> None:
    """Stop if any gate refused.

    Raises:
        GateError: with every refusal.
    """
    problems = [one.problem for one in findings if one.result == "refused"]
    if len(problems) == 1:
        raise GateError("A disclosure gate refuses; nothing has left.", problems=problems)
    if problems:
        raise GateError(
            f"{len(problems)} disclosure gates refuse; nothing has left.", problems=problems
        )


def judge_table(watch: Watch) -> list[Finding]:
    """What every gate of a table says, after its last block."""
    return [*_judge_residual(watch), *_judge_echoes(watch), *_judge_groups(watch)]


def check_combinations(plans: Sequence[TablePlan], limits: Limits) -> list[Finding]:
    """Whether fields that must not leave together would, in whatever table, before any data.

    A field goes by its own name and by its source column's, in any case.
    """
    leaving = {
        name.lower()
        for plan in plans
        for one in plan.fields
        for name in (one.name, one.source)
        if name is not None
    }
    found = []
    for combination in limits.never_together:
        details = {"fields": combination.fields, "reason": combination.reason}
        if {name.lower() for name in combination.fields} <= leaving:
            problem = (
                f"limits.never_together: {', '.join(combination.fields)} would leave together, "
                f"which the recipe rules out: {combination.reason}."
            )
            found.append(Finding("never_together", "refused", details, problem))
        else:
            found.append(Finding("never_together", "passed", details))
    return found


def check_totals(limits: Limits, n_rows: int, watches: Iterable[Watch]) -> list[Finding]:
    """Whether the bundle has more rows or data subjects than it may have."""
    found = []
    if limits.max_rows is not None:
        found.append(_at_most("max_rows", limits.max_rows, n_rows, "rows", "exact"))
    if limits.max_subjects is not None:
        n_subjects, sense = _count_all_subjects(watches)
        found.append(
            _at_most("max_subjects", limits.max_subjects, n_subjects, "data subjects", sense)
        )
    return found


def _judge_residual(watch: Watch) -> list[Finding]:
    limits = watch.plan.limits
    found = [
        Finding("residual", "redacted", {"field": name, "n_cells": n_cells})
        for name, n_cells in sorted(watch.n_redacted.items())
        if n_cells
    ]
    if limits.residual == "off":
        return [*found, Finding("residual", "off", {"reason": limits.gate_reason})]
    found += [_judge_sighting(watch.plan, *sighted) for sighted in watch.sightings()]
    return found or [Finding("residual", "passed", {"n_fields": watch.n_searched})]


def _judge_sighting(plan: TablePlan, planned: PlannedField, sighting: Sighting) -> Finding:
    details: dict[str, Any] = {
        "field": planned.name,
        "kind": sighting.kind,
        "n_cells": sighting.n_cells,
        "n_embedded": sighting.n_embedded,
    }
    if sighting.kind in planned.allow:
        return Finding("residual", "allowed", {**details, "reason": planned.reason})
    if plan.limits.residual == "report":
        return Finding("residual", "reported", {**details, "reason": plan.limits.gate_reason})
    kind = KINDS[sighting.kind].title
    cells = "1 cell has" if sighting.n_cells == 1 else f"{sighting.n_cells:,} cells have"
    inside = f" ({sighting.n_embedded:,} inside longer text)" if sighting.n_embedded else ""
    problem = (
        f"tables.{plan.table}.fields.{planned.name}: {cells} what looks like this: {kind}{inside}. "
        f'Withhold or generalise the field, or let it through with allow = ["{sighting.kind}"] '
        "and a reason; governed by limits.residual."
    )
    return Finding("residual", "refused", details, problem)


def _judge_echoes(watch: Watch) -> list[Finding]:
    limits = watch.plan.limits
    if not watch.plan.identifying:
        return []
    found = []
    if limits.echo == "off":
        found.append(Finding("echo", "off", {"reason": limits.gate_reason}))
    fields = {planned.name: planned for planned in watch.plan.fields}
    for (source, name), n_cells in sorted(watch.n_echoes.items()):
        details: dict[str, Any] = {"field": name, "source": source, "n_cells": n_cells}
        if redacts_echoes(fields[name], watch.plan):
            found.append(Finding("echo", "redacted", details))
        elif limits.echo == "report":
            found.append(Finding("echo", "reported", {**details, "reason": limits.gate_reason}))
        else:
            cells = "1 cell repeats" if n_cells == 1 else f"{n_cells:,} cells repeat"
            problem = (
                f"tables.{watch.plan.table}.fields.{name}: {cells} what the column {source} has "
                'in the same row. Withhold the field, set limits.echo = "redact", or let it '
                'through with allow = ["echo"] and a reason; governed by limits.echo.'
            )
            found.append(Finding("echo", "refused", details, problem))
    return found or [Finding("echo", "passed")]


def _judge_groups(watch: Watch) -> list[Finding]:
    limits, spec = watch.plan.limits, watch.plan.spec
    if not spec.quasi_identifiers:
        return []
    is_enforced = limits.min_group_size is not None or spec.min_distinct is not None
    path = f"tables.{watch.plan.table}.quasi_identifiers"
    found = watch.group_findings()
    if found is None:
        problem = (
            f"{path}: together they make more groups than can be counted, so nothing can be said "
            "about the smallest. Use fewer or coarser quasi-identifiers."
        )
        return [Finding("min_group_size", "refused" if is_enforced else "not counted", {}, problem)]
    details: dict[str, Any] = {
        "group_sizes": [vars(band) for band in found.sizes],
        "k": found.k,
        "n_groups": found.n_groups,
        "n_unique_rows": found.n_unique,
        "quasi_identifiers": list(spec.quasi_identifiers),
    }
    if limits.min_group_size is not None:
        details["min_group_size"] = limits.min_group_size
    if spec.min_distinct is not None:
        details |= {"min_distinct": spec.min_distinct, "n_distinct": found.n_distinct}
    if found.n_small_rows:
        details["n_small_rows"] = found.n_small_rows
        problem = f"{path}: {_describe_small(watch, found)}"
        return [Finding("min_group_size", "refused", details, problem)]
    if watch.n_suppressed:
        details["n_suppressed"] = watch.n_suppressed
        return [Finding("min_group_size", "suppressed", details)]
    return [Finding("min_group_size", "passed" if is_enforced else "measured", details)]


def _describe_small(watch: Watch, found: GroupFindings) -> str:
    limits, spec = watch.plan.limits, watch.plan.spec
    wanted, keys = [], []
    if limits.min_group_size is not None:
        wanted.append(f"fewer than {plural(limits.min_group_size, 'row')}")
        keys.append("limits.min_group_size")
    if spec.min_distinct is not None:
        wanted.append(f"fewer than {spec.min_distinct:,} values of {', '.join(spec.sensitive)}")
        keys.append("min_distinct")
    without = ", ".join(f"{k:,} without {name}" for name, k in found.k_without.items())
    return (
        f"{found.n_small_rows:,} of {plural(watch.n_rows, 'row')} "
        f"{'is' if found.n_small_rows == 1 else 'are'} in groups with {' or '.join(wanted)} "
        f"(rows in the smallest group: {found.k:,}; it would be {without}). Make them coarser, or "
        f'set limits.on_small_group = "suppress"; governed by {" and ".join(keys)}.'
    )


def _count_all_subjects(watches: Iterable[Watch]) -> tuple[int, str]:
    """Data subjects of several tables; people with one domain's token are counted once."""
    total, senses = 0, {"exact"}
    domains: dict[str, list[Watch]] = {}
    for watch in watches:
        n_subjects, sense = watch.count_subjects()
        if sense == "upper bound":
            senses.add(sense)
            total += watch.n_unnamed if watch.counts_people else n_subjects
        if watch.counts_people:
            domains.setdefault(watch.plan.spec.subject_domain or "", []).append(watch)
    for same in domains.values():
        union = together(watch.subjects for watch in same)
        total += union.count()
        if not union.is_exact:
            senses.add("approximate")
    return total, max(senses, key=["exact", "approximate", "upper bound"].index)


def _at_most(gate: str, limit: int, n: int, what: str, sense: str) -> Finding:
    details = {"limit": limit, "n": n, "n_is": sense}
    if n <= limit:
        return Finding(gate, "passed", details)
    about = {"exact": "", "approximate": "about ", "upper bound": "up to "}[sense]
    problem = f"limits.{gate}: {about}{n:,} {what} would leave, at most {limit:,} may."
    if sense == "upper bound":
        problem += " Pseudonymise a person's identifier, so that people can be counted."
    return Finding(gate, "refused", details, problem)
