"""Every parser holds what it must, on all inputs the fuzzers kept and on mutations of them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from securexfer.errors import RecipeError, RegisterError
from tests.assurance import Tally
from tests.fuzz.mutation import mutate_bytes
from tests.fuzz.targets import TARGETS, Target, TooSlowError

CORPUS = Path(__file__).parent / "corpus"
N_MUTATIONS = 2000
MAX_CORPUS_BYTES = 1_000_000
each_target = pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))


def corpus_of(target: Target) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CORPUS / target.name).iterdir())]


@each_target
def test_the_kept_corpus_holds(target: Target, tally: Tally) -> None:
    inputs = [*target.seeds(), *corpus_of(target)]
    accepted = [target.run(data) for data in inputs]
    assert {True, False} == set(accepted)
    tally.count("fuzzing", f"{target.name}: inputs of the kept corpus", len(inputs))


@each_target
def test_seeded_mutations_hold(target: Target, tally: Tally) -> None:
    chance = random.Random(target.name)
    pool = [*target.seeds(), *corpus_of(target)]
    words = [word.encode() for word in target.words]

    def edit(data: bytes) -> bytes:
        return mutate_bytes(data, chance, words)

    accepted = []
    for _ in range(N_MUTATIONS):
        data = chance.choice(pool)
        changed = target.shape(data, chance, edit) if chance.random() < 0.6 else edit(data)
        accepted.append(target.run(changed))
        if accepted[-1]:
            pool.append(changed)
    assert {True, False} == set(accepted)
    tally.count("fuzzing", f"{target.name}: seeded mutations", N_MUTATIONS)


@each_target
def test_the_corpus_is_small(target: Target) -> None:
    files = corpus_of(target)
    assert 0 < len(files) < 500
    assert sum(map(len, files)) < MAX_CORPUS_BYTES


def raising(error: Exception) -> Callable[[bytes], None]:
    def check(_: bytes) -> None:
        raise error

    return check


@pytest.mark.parametrize(
    ("error", "finding"),
    [
        (RegisterError("Another family."), RegisterError),
        (KeyError("x"), KeyError),
        (RecursionError(), RecursionError),
        (RecipeError("repaints \x1b[2J"), AssertionError),
        (RecipeError("reverses \u202e"), AssertionError),
        (RecipeError("Long.", problems=["x" * 10_000]), AssertionError),
    ],
)
def test_anything_but_a_proper_refusal_is_a_finding(
    error: Exception, finding: type[Exception]
) -> None:
    with pytest.raises(finding):
        replace(TARGETS["recipe"], check=raising(error)).run(b"")
    assert not replace(TARGETS["recipe"], check=raising(RecipeError("Refused."))).run(b"")


def test_taking_too_long_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = itertools.count(0.0, 2.1)
    monkeypatch.setattr("time.process_time", lambda: next(seconds))
    with pytest.raises(TooSlowError):
        TARGETS["recipe"].run(b"")
