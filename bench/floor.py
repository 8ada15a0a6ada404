"""What the libraries alone take, each by itself: no `pack` that is built on them takes less."""

from __future__ import annotations

import hashlib
import io
import os
import resource
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bench import peer
from bench.measure import Run, Runs, run_in_turns
from bench.record import Ratio, make_series
from bench.reference import Bench
from bench.scene import Options, Outcome, Scene
from securexfer.privacy.extract import Extract
from securexfer.privacy.mask import mark
from securexfer.recipe.model import Dialect

_PARSE, _TOKENS = "polars: read_csv, 8 of 20 columns", "polars_hash: HMAC of one column"
_WRITE, _SHRINK, _HASH = "polars: write_csv", "isal: gzip, level 1", "hashlib: SHA-256 of the rows"
_SHAPE = "numpy: where quotes, separators and line ends stand"
_STEPS = (_SHAPE, _PARSE, _TOKENS, _WRITE, _SHRINK, _HASH)
# Of the reference recipe: the column that becomes tokens comes first.
_COLUMNS = (0, 3, 4, 9, 13, 14, 17, 19)
_SAMPLE_BLOCKS = 16
_PIECE_BYTES = 256 * 1024
_KEY_HEX = "5a" * 32
_N_CORES = 2


def measure(bench: Bench, options: Options) -> Outcome:
    """Each step in turn on blocks of the extract, and zstd and age in the same rounds."""
    extract = bench.extract(options.n_rows)
    here = [one for one in peer.PEERS if one.name == peer.AGE and not one.missing()]
    if not here:
        return Outcome([], [], ["Not measured: zstd and age are not installed here."])
    job = here[0].job(bench.folder, extract, bench.folder / "peer-out.zip")
    blocks = _sample(extract)
    scale = extract.stat().st_size / sum(map(len, blocks))
    runs: Runs = {job.name: [], **{name: [] for name in _STEPS}}
    for _ in range(min(options.n_rounds, 3)):
        runs[job.name] += run_in_turns([job], 1)[job.name]
        for name, seconds in _take_steps(blocks).items():
            # They share one process, and its memory.
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            runs[name].append(Run(seconds * scale, seconds * scale, peak))
    series = [make_series(name, found) for name, found in runs.items()]
    peer_series = series[0]
    total = sum(one.cpu for one in series[1:])
    ratios = [
        Ratio(name=f"these steps / {job.name}, cpu", value=round(total / peer_series.cpu, 3)),
        Ratio(
            name=f"these steps, shared evenly by {_N_CORES} cores / {job.name}, wall",
            value=round(total / _N_CORES / peer_series.wall, 3),
        ),
    ]
    return Outcome(series, ratios)


def _sample(extract: Path) -> list[bytes]:
    """Its first blocks of whole records."""
    with Extract.open("offenders", extract, Dialect()) as opened:
        return [block.data for block in islice(opened.blocks(), _SAMPLE_BLOCKS)]


def _take_steps(blocks: Sequence[bytes]) -> dict[str, float]:
    """Processor seconds of each step over all blocks, on one thread."""
    os.environ["POLARS_MAX_THREADS"] = "1"  # heard when it is imported first
    import polars as pl
    import polars_hash  # noqa: F401  (registers the `chash` namespace on expressions)
    from isal import igzip

    def index(block: bytes) -> None:
        raw = np.frombuffer(block, np.uint8)
        for start in range(0, raw.size, _PIECE_BYTES):
            for byte in b'"\n,':
                mark(raw[start : start + _PIECE_BYTES], byte)

    def parse(block: bytes) -> pl.DataFrame:
        return pl.read_csv(block, has_header=False, columns=list(_COLUMNS), infer_schema=False)

    def name(frame: pl.DataFrame) -> pl.DataFrame:
        first = pl.col(frame.columns[0])
        return frame.with_columns(first.chash.hmac_sha256(key=_KEY_HEX).str.slice(0, 24))  # type: ignore[attr-defined]

    def write(frame: pl.DataFrame) -> bytes:
        memory = io.BytesIO()
        frame.write_csv(memory, include_header=False)
        return memory.getvalue()

    spent = dict.fromkeys(_STEPS, 0.0)
    digest = hashlib.sha256()
    for block in blocks:
        taken = _Timer(spent)
        taken(_SHAPE, index, block)
        rows = taken(_WRITE, write, taken(_TOKENS, name, taken(_PARSE, parse, block)))
        taken(_SHRINK, partial(igzip.compress, compresslevel=1), rows)
        taken(_HASH, digest.update, rows)
    return spent


class _Timer:
    """Adds up what calls take."""

    def __init__(self, spent: dict[str, float]) -> None:
        self._spent = spent

    def __call__(self, step: str, work: Callable[[Any], Any], what: object) -> Any:
        """What `work` makes of it."""
        began = time.process_time()
        done = work(what)
        self._spent[step] += time.process_time() - began
        return done


SCENE = Scene(
    "floor",
    "What the libraries take",
    "Processor seconds of single steps on blocks of the extract, scaled to all of it: each as the "
    "library does it when nothing else is asked, on one thread, in the same rounds as zstd and "
    "age. Reading, checking, starting, encrypting, signing, reading back and all else that `pack` "
    "does are not among them.",
    ("rows",),
    measure,
    "These steps alone take longer on two cores that are never idle than zstd and age take, and "
    "nothing that is missing here comes for nothing. polars makes a string of every field and "
    "prints it again; a program that copied the bytes of eight fields from one buffer to the next "
    "would save most of both, and no library that is kept offers that.",
)
