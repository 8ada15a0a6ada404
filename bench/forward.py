"""`forward` of a large bundle, against copying it twice, and against checking and copying it."""

from __future__ import annotations

import importlib.util
import os
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.measure import Job, run_in_turns
from bench.noise import NOISE_RECIPE, write_noise
from bench.pen import READS_FASTER
from bench.record import Ratio, Series, make_series, ratio_of
from bench.reference import AGREEMENT, Bench
from bench.scene import Options, Outcome, Scene
from bench.slow import slow_drive

_FORWARD, _TWICE, _CHECKED = "forward", "cp, cp, sync", "sha256sum, cp, sync, cmp"


def measure(bench: Bench, options: Options) -> Outcome:
    """On the disk of this machine, and on the fastest of the slow drives."""
    series: list[Series] = []
    ratios: list[Ratio] = []
    notes = []
    rates: list[float] = [0]
    if os.geteuid() or importlib.util.find_spec("mfusepy") is None:
        notes.append(
            "On the disk of this machine alone: a slow drive wants root, FUSE and mfusepy."
        )
    else:
        rates.append(max(options.rates))
    for rate in rates:
        at = f"{rate:g} MB/s" if rate else "own disk"
        with _drive(bench, rate) as folder:
            jobs = _jobs(bench, _make_bundle(bench, options, folder), folder)
            # A slow drive takes long, and always the same time.
            runs = run_in_turns(jobs, 1 if rate else options.n_rounds, warms_up=not rate)
        series += [make_series(f"{job.name}: {at}", runs[job.name], job.n_bytes_in) for job in jobs]
        ratios += [
            ratio_of(runs, _FORWARD, to, at_most=at_most, name=f"{_FORWARD} / {to}: {at}")
            for to, at_most in ((_TWICE, 1.0), (_CHECKED, None))
        ]
    return Outcome(series, ratios, notes)


@contextmanager
def _drive(bench: Bench, rate: float) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=bench.folder) as name:
        if not rate:
            yield Path(name)
            return
        with slow_drive(Path(name), rate, rate * READS_FASTER) as drive:
            yield drive


def _make_bundle(bench: Bench, options: Options, folder: Path) -> Path:
    """Noise, which stays as large as it is, for the second desk to forward."""
    recipe, extract = bench.folder / "forwarded.toml", bench.folder / "noise.csv"
    bundle = folder / "bundle.zip"
    recipe.write_text(f'{AGREEMENT}forwarding = "yes"\n{NOISE_RECIPE}')
    write_noise(extract, options.n_outside_megabytes)
    bench.run(
        "ann",
        *("pack", f"noise={extract}", "--recipe", str(recipe), "--to", "acme"),
        *("-o", str(bundle), "--force", "--quiet", "--no-input"),
    )
    extract.unlink()
    return bundle


def _jobs(bench: Bench, bundle: Path, folder: Path) -> list[Job]:
    def forget() -> None:
        """As if the drive had just been plugged in."""
        os.sync()
        with bundle.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    copies, made = folder / "copies", folder / "forwarded.zip"
    copies.mkdir()
    here, one, two = (shlex.quote(str(path)) for path in (bundle, copies / "1", copies / "2"))
    clear = f"rm -f {one} {two}; "
    # Past the page cache, as `forward` reads back what it wrote.
    compared = f"dd if={one} iflag=nocache count=0 status=none; cmp {here} {one}"
    forward = bench.command("forward", str(bundle), "--to", "ann", "-o", str(made), "--force")
    size = bundle.stat().st_size

    def job(name: str, command: str) -> Job:
        return Job(name, f"{command}; {clear}", None, n_bytes_in=size, before=forget)

    return [
        Job(
            _FORWARD,
            [*forward, "--quiet", "--no-input"],
            bench.environment("acme"),
            made,
            size,
            before=forget,
        ),
        job(_TWICE, f"cp {here} {one}; cp {here} {two}; sync {one} {two}"),
        job(_CHECKED, f"sha256sum {here}; cp {here} {one}; sync {one}; {compared}"),
    ]


SCENE = Scene(
    "forward",
    "Forwarding",
    "`forward` seals a bundle of noise anew for a colleague, on the drive where it lies. It hashes "
    "and checks all of it before it writes a byte, copies what is encrypted, signs, reads back and "
    "records. Beside it, copying the bundle twice, and what anyone would do who checks a bundle, "
    "copies it once and compares the copy. Nothing is in the page cache before.",
    ("outside", "rates", "rounds"),
    measure,
    "Where copying goes at several gigabytes a second, hashing alone takes half as long as two "
    "copies do, and nothing is written before that is done. On a drive that people carry, to write "
    "once and read thrice takes less than to write twice.",
)
