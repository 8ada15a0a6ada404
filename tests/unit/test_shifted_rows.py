"""One shifted row among 100,000 is always refused, at its line, without quoting a cell.

A parser that is told to read some columns lets such rows pass, and a surname leaves in the place
of a sex. A thousand seeded cases, each through the real extract and the whole pipeline.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache

import pytest

from securexfer.errors import ShapeError
from tests.world import minimise_table, recipe_text

N_ROWS = 100_000
N_BATCHES = 20
N_CASES = 50
BLOCK_BYTES = 512 * 1024
COLUMNS = ["id", "surname", "sex", "address", "year"]
ID, SURNAME, SEX, ADDRESS, YEAR = range(5)
# The address, the surname and nothing else stay inside.
RECIPE = recipe_text(
    {
        "t": {
            "person": '{ from = "id", action = "pseudonymise", domain = "person" }',
            "sex": '{ action = "keep" }',
            "decade": '{ from = "year", action = "band", width = 10 }',
        }
    }
)
CANARIES = ("Quarrendon", "Canary Wharf", "P-99-canary", "kept-canary")
FAULTY = ["P-99-canary", "Quarrendon", "kept-canary", "1 Canary Wharf", "1980"]

Fault = Callable[[random.Random, list[int]], tuple[dict[int, bytes], int]]


@cache
def lines() -> list[bytes]:
    """The extract's records, without line ends: some quoted, some over two lines, some blank."""
    rng = random.Random(20_261_122)
    made = []
    for i in range(N_ROWS):
        address = f"{rng.randrange(1, 200)} High Street"
        if i % 50 == 7:
            address = f'"{address}, Leeds"'
        elif i % 500 == 11:
            address = f'"{address}\nLeeds, ""the Mill"""'
        sex = rng.choice(["f", "m", ""])
        made.append(f"P{i},Smith{rng.randrange(999)},{sex},{address},{rng.randrange(1930, 2008)}")
    return [line.encode() for line in made]


@cache
def first_lines() -> list[int]:
    """Line of the file on which each record begins; the header is line 1."""
    first, at = [], 2
    for line in lines():
        first.append(at)
        at += 1 + line.count(b"\n")
    return first


def record(*cells: str) -> bytes:
    return ",".join(cells).encode()


def unquoted_delimiter(rng: random.Random, places: list[int]) -> tuple[dict[int, bytes], int]:
    """In a withheld column: everything behind it moves one place to the right."""
    cells = list(FAULTY)
    column = rng.choice([SURNAME, ADDRESS])
    at = rng.randrange(len(cells[column]) + 1)
    cells[column] = cells[column][:at] + "," + cells[column][at:]
    return {places[0]: record(*cells)}, places[0]


def short_and_long(rng: random.Random, places: list[int]) -> tuple[dict[int, bytes], int]:
    """The total of separators stays right."""
    gone = rng.randrange(len(FAULTY))
    short = record(*FAULTY[:gone], *FAULTY[gone + 1 :])
    long = record(*FAULTY[:gone], "Quarrendon", *FAULTY[gone:])
    pair = [short, long]
    rng.shuffle(pair)
    return dict(zip(places[:2], pair, strict=True)), min(places[:2])


def empty_surplus(rng: random.Random, places: list[int]) -> tuple[dict[int, bytes], int]:
    """The last column still looks as it should."""
    return {places[0]: record(*FAULTY, *[""] * rng.randint(1, 5))}, places[0]


def stray_quote(rng: random.Random, places: list[int]) -> tuple[dict[int, bytes], int]:
    """In a column that is not read; it swallows what follows, up to the next quote."""
    cells = list(FAULTY)
    column = rng.choice([SURNAME, ADDRESS])
    at = rng.randrange(len(cells[column]) + 1)
    cells[column] = cells[column][:at] + '"' + cells[column][at:]
    return {places[0]: record(*cells)}, places[0]


FAULTS: list[Fault] = [unquoted_delimiter, short_and_long, empty_surplus, stray_quote]


def splice(faulty: dict[int, bytes], end: bytes) -> bytes:
    whole = lines()
    parts, at = [",".join(COLUMNS).encode()], 0
    for place in sorted(faulty):
        parts += [*whole[at:place], faulty[place]]
        at = place + 1
    return end.join([*parts, *whole[at:]])


def case(number: int) -> tuple[Fault, dict[int, bytes], int]:
    rng = random.Random(number)
    fault = FAULTS[number % len(FAULTS)]
    # The first and the last row are where off-by-one lives.
    edge = {0: [0, N_ROWS - 1], 1: [N_ROWS - 1, 0]}.get(number // len(FAULTS))
    places = edge or rng.sample(range(N_ROWS), 2)
    faulty, place = fault(rng, places)
    return fault, faulty, place


def test_without_a_fault_every_row_leaves() -> None:
    found = minimise_table(splice({}, b"\n"), RECIPE, block_bytes=BLOCK_BYTES)
    assert len(found.chunks) > 5
    assert found.total("n_rows_out") == N_ROWS


@pytest.mark.parametrize("batch", range(N_BATCHES))
def test_a_shifted_row_is_refused_at_its_line(batch: int) -> None:
    for number in range(batch * N_CASES, (batch + 1) * N_CASES):
        fault, faulty, place = case(number)
        end = b"\r\n" if number % 7 == 0 else b"\n"
        with pytest.raises(ShapeError) as caught:
            minimise_table(splice(faulty, end), RECIPE, block_bytes=BLOCK_BYTES)
        error = caught.value
        assert error.exit_code == 20, (number, fault)
        assert f"line {first_lines()[place]}:" in error.message, (number, fault)
        said = f"{error.message} {error.hint} {error!r}"
        assert not any(canary in said for canary in CANARIES), (number, fault)
