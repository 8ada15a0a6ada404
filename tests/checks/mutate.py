"""The mutation run: for each mutant the tests that reach its line, until one of them fails.

    python -m tests.checks.mutate [--jobs 2] [--only TEXT] [--share 1/10] [--tally FOLDER]

It fails if fewer mutants are killed than `NEEDED`, or if one of those that are listed as changing
nothing is killed. The list of survivors is in `build/mutation/survivors.txt`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import Lock

import pytest

from tests.assurance import Tally
from tests.checks.altered import FAILED, PASSED, ROOT, TIMED_OUT, Alteration, WarmProcess, path_of
from tests.checks.equivalent import EQUIVALENT
from tests.checks.mutation import Mutant, mutants_of
from tests.checks.rooms import modules, options

NEEDED = 0.95
FOLDER = ROOT / "build" / "mutation"
# Of the tests that reach a line, the fastest; hundreds of vectors go the same way. Whatever takes
# longer than the limit has lost its end.
_MAX_SECONDS = 15
_TEST_LIMIT = 15
_N_FIRST = 12


@dataclass(frozen=True)
class Reach:
    """Which tests run which lines, and how long each takes."""

    seconds: dict[str, float]
    by_line: dict[str, dict[int, list[str]]]

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Tests that reach the mutant's line, fastest first.

        A line that runs while the module is imported is there for any test: a bound or a frozen
        class may be looked at without a line of the module being run. So there come the tests of
        the module, and then the others.
        """
        lines = self.by_line[mutant.module]
        if reached := lines.get(mutant.line):
            return self._fastest(reached)
        own = self._fastest({test for tests in lines.values() for test in tests})
        return own + self._fastest(set(self.seconds) - set(own))

    def _fastest(self, tests: Iterable[str]) -> list[str]:
        chosen: list[str] = []
        seconds = 0.0
        for test in sorted(tests, key=lambda test: (self.seconds[test], test)):
            seconds += self.seconds[test]
            if chosen and seconds > _MAX_SECONDS:
                break
            chosen.append(test)
        return chosen


class Stopwatch:
    """A plugin that keeps how long each test took."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] += report.duration  # type: ignore[assignment]


def measure() -> Reach:
    """Run the tests once, with coverage by test."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    program = [sys.executable, "-m", "tests.checks.mutate", "--measure"]
    environment = {**os.environ, "COVERAGE_FILE": str(FOLDER / "coverage"), "PYTHONPATH": str(ROOT)}
    subprocess.run(program, cwd=ROOT, env=environment, check=True)
    from coverage import CoverageData

    data = CoverageData(str(FOLDER / "coverage"))
    data.read()
    by_line: dict[str, dict[int, list[str]]] = {}
    for module in modules():
        contexts = data.contexts_by_lineno(str(path_of(module)))
        by_line[module] = {
            line: sorted({name.split("|")[0] for name in names if name})
            for line, names in contexts.items()
        }
    seconds = json.loads((FOLDER / "seconds.json").read_text("utf-8"))
    return Reach(seconds, by_line)


def _measure() -> None:
    stopwatch = Stopwatch()
    chosen = options("--cov", "--cov-context=test", "--cov-report=")
    code = pytest.main(chosen, plugins=[stopwatch])
    (FOLDER / "seconds.json").write_text(json.dumps(stopwatch.seconds), encoding="utf-8")
    sys.exit(code)


@dataclass
class Campaign:
    """All mutants against their tests, with a few warm processes."""

    reach: Reach
    # What killed the mutants before, by function: the next one will likely fall to the same.
    killers: dict[str, Counter[str]] = field(default_factory=dict)
    done: list[tuple[Mutant, str]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def run(self, mutants: Iterator[Mutant], jobs: int) -> None:
        """Work through the mutants."""
        queue: SimpleQueue[Mutant | None] = SimpleQueue()
        for mutant in mutants:
            queue.put(mutant)
        for _ in range(jobs):
            queue.put(None)
        with ThreadPoolExecutor(jobs) as pool:
            for worker in [pool.submit(self._work, queue) for _ in range(jobs)]:
                worker.result()

    def _work(self, queue: SimpleQueue[Mutant | None]) -> None:
        with WarmProcess() as process:
            while mutant := queue.get():
                fate = self._try(process, mutant)
                with self.lock:
                    self.done.append((mutant, fate))
                    if fate == "survived" or len(self.done) % 100 == 0:
                        print(f"{len(self.done)} {fate}: {mutant.name}", flush=True)

    def _try(self, process: WarmProcess, mutant: Mutant) -> str:
        place = mutant.name.split(":")[0]
        tests = self.reach.tests_of(mutant)
        likely = [test for test, _ in self.killers.get(place, Counter()).most_common(4)]
        first = [test for test in likely if test in tests]
        first += [test for test in tests if test not in first][: _N_FIRST - len(first)]
        rest = [test for test in tests if test not in first]
        alteration = Alteration(mutant.module, mutant.text)
        for some in (first, rest):
            if not some:
                continue
            run = process.run(alteration, some, limit=_TEST_LIMIT)
            if run.code == PASSED:
                continue
            with self.lock:
                killers = self.killers.setdefault(place, Counter())
                killers.update(test for test in some if f"FAILED {test} " in f"{run.output} ")
            return {FAILED: "failed", TIMED_OUT: "timed out"}.get(run.code, "broken")
        return "survived"


def report(done: list[tuple[Mutant, str]], tally: Tally, *, is_whole: bool) -> str:
    """Count, keep the list of survivors; returns what is wrong."""
    survivors = [mutant for mutant, fate in done if fate == "survived"]
    killed = [mutant for mutant, fate in done if fate != "survived"]
    equal = [mutant for mutant in survivors if mutant.name in EQUIVALENT]
    lines = [f"{m.line}\t{m.name}" for m in survivors if m.name not in EQUIVALENT]
    (FOLDER / "survivors.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    score = len(killed) / max(len(done) - len(equal), 1)
    print(dict(Counter(fate for _, fate in done)))
    print(
        f"{len(done)} mutants, {len(killed)} killed, {len(equal)} that change nothing, "
        f"{len(lines)} left: {score:.1%}, counting those that change nothing "
        f"{len(killed) / max(len(done), 1):.1%}"
    )
    tally.count("checks", "mutants of bundle/ and crypto/", len(done))
    tally.count("checks", "of these killed", len(killed))
    tally.count("checks", "of these listed as changing nothing, with the reason", len(equal))
    wrong = [f"{m.name}: listed as changing nothing" for m in killed if m.name in EQUIVALENT]
    if is_whole:
        names = {mutant.name for mutant, _ in done}
        wrong += [f"{name}: there is no such mutant" for name in EQUIVALENT if name not in names]
    if score < NEEDED:
        wrong.append(f"{score:.1%} killed, {NEEDED:.0%} needed")
    return "\n".join(wrong)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", action="store_true", help="only measure, for this program")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", default="", help="mutants whose name contains this")
    parser.add_argument("--list", type=Path, help="mutants whose names this file lists")
    parser.add_argument("--share", default="1/1", help="the first of so many equal shares")
    parser.add_argument("--tally", type=Path)
    asked = parser.parse_args()
    if asked.measure:
        _measure()
    number, of = map(int, asked.share.split("/"))
    every = [mutant for module in modules() for mutant in mutants_of(module)]
    chosen = [mutant for mutant in every if asked.only in mutant.name][number - 1 :: of]
    if asked.list:
        listed = {line.split("\t")[-1] for line in asked.list.read_text("utf-8").splitlines()}
        chosen = [mutant for mutant in chosen if mutant.name in listed]
    campaign = Campaign(measure())
    campaign.run(iter(chosen), asked.jobs)
    is_whole = len(chosen) == len(every)
    sys.exit(report(campaign.done, Tally(asked.tally), is_whole=is_whole) or None)


if __name__ == "__main__":
    main()
