"""What a scene of the benchmarks is, and what is asked of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.record import Ratio, Record, Series, describe_machine, list_versions
from bench.reference import REFERENCE_ROWS, Bench


@dataclass(frozen=True)
class Options:
    """How large, and how often.

    Attributes:
        n_rows: of the extract.
        n_rounds: of each quick command.
        sizes: megabytes of the extracts whose memory and time are compared.
        rates: megabytes a second that slow drives write.
        n_outside_megabytes: of the bundle that `verify --outside` reads.
    """

    n_rows: int = REFERENCE_ROWS
    n_rounds: int = 5
    sizes: tuple[int, ...] = (100, 1000)
    rates: tuple[float, ...] = (5, 20, 40)
    n_outside_megabytes: int = 1000

    def describe(self) -> dict[str, str]:
        """As text, for the record."""
        return {
            "rows": f"{self.n_rows:,}",
            "rounds": str(self.n_rounds),
            "sizes": " ".join(map(str, self.sizes)),
            "rates": " ".join(f"{rate:g}" for rate in self.rates),
            "outside": str(self.n_outside_megabytes),
        }


@dataclass(frozen=True)
class Outcome:
    """What a scene has measured; notes are about what could not be."""

    series: Sequence[Series]
    ratios: Sequence[Ratio]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Scene:
    """One comparison.

    Attributes:
        name: for `--only`.
        title: heads its tables.
        text: what is compared, and how.
        why: where the time goes that is over a goal.
        options: those of its figures that it depends on.
        measure: does it.
    """

    name: str
    title: str
    text: str
    options: tuple[str, ...]
    measure: Callable[[Bench, Options], Outcome]
    why: str = ""

    def take(self, bench: Bench, options: Options) -> Record:
        """Measure it."""
        print(self.title, file=sys.stderr, flush=True)
        machine = describe_machine()
        outcome = self.measure(bench, options)
        asked = options.describe()
        return Record(
            taken_on=datetime.now(UTC).date().isoformat(),
            machine=machine,
            versions=list_versions(),
            options={name: asked[name] for name in self.options},
            series=list(outcome.series),
            ratios=list(outcome.ratios),
            notes=list(outcome.notes),
        )


def bundle_of(bench: Bench) -> Path:
    """Where bundles are written."""
    return bench.folder / "bundle.zip"
