"""`forward` of a large bundle, against copying it twice, and against checking and copying it."""

from __future__ import annotations

import importlib.util
import os
import shlex
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from bench.image import can_make_image, exfat_image
from bench.measure import Job, run_in_turns
from bench.noise import NOISE_RECIPE, write_noise
from bench.pen import READS_FASTER
from bench.record import Ratio, Series, make_series, ratio_of
from bench.reference import AGREEMENT, Bench
from bench.scene import Options, Outcome, Scene
from bench.slow import slow_drive

_FORWARD, _TWICE, _CHECKED = "forward", "cp, cp, sync", "sha256sum, cp, sync, cmp"


def measure(bench: Bench, options: Options) -> Outcome:
    """On the disk of this machine, on an image of a pen drive, and on one that is slow."""
    series: list[Series] = []
    ratios: list[Ratio] = []
    drives: dict[str, Callable[[Path], AbstractContextManager[Path]]] = {"own disk": nullcontext}
    notes = []
    if _can_mount():
        rate = max(options.rates)
        drives["exFAT image"] = exfat_image
        drives[f"{rate:g} MB/s"] = lambda folder: slow_drive(folder, rate, rate * READS_FASTER)
    else:
        notes.append(
            "On the disk of this machine alone: drives want root, FUSE, mfusepy, exfat-fuse and "
            "exfatprogs."
        )
    for at, drive in drives.items():
        with (
            tempfile.TemporaryDirectory(dir=bench.folder) as name,
            drive(Path(name)) as folder,
        ):
            jobs = _jobs(bench, _make_bundle(bench, options, folder), folder)
            # What is held to a rate takes long, and always the same time.
            is_paced = at.endswith("MB/s")
            runs = run_in_turns(jobs, 1 if is_paced else options.n_rounds, warms_up=not is_paced)
        series += [make_series(f"{job.name}: {at}", runs[job.name], job.n_bytes_in) for job in jobs]
        ratios += [
            ratio_of(runs, _FORWARD, to, at_most=at_most, name=f"{_FORWARD} / {to}: {at}")
            for to, at_most in ((_TWICE, 1.0), (_CHECKED, None))
        ]
    return Outcome(series, ratios, notes)


def _can_mount() -> bool:
    return (
        os.geteuid() == 0 and importlib.util.find_spec("mfusepy") is not None and can_make_image()
    )


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
    copies, made = folder / "copies", folder / "forwarded.zip"
    copies.mkdir()
    here, one, two = (shlex.quote(str(path)) for path in (bundle, copies / "1", copies / "2"))
    # Past the page cache, as `forward` reads back what it wrote.
    compared = f"dd if={one} iflag=nocache count=0 status=none; cmp {here} {one}"
    forward = bench.command("forward", str(bundle), "--to", "ann", "-o", str(made))
    size = bundle.stat().st_size

    def clear() -> None:
        """As if the drive had just been plugged in, with nothing on it but the bundle."""
        for path in (made, *copies.iterdir()):
            path.unlink(missing_ok=True)
        os.sync()
        with bundle.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def job(name: str, command: str) -> Job:
        return Job(name, command, None, n_bytes_in=size, before=clear)

    return [
        Job(
            _FORWARD,
            [*forward, "--quiet", "--no-input"],
            bench.environment("acme"),
            made,
            size,
            before=clear,
        ),
        job(_TWICE, f"cp {here} {one}; cp {here} {two}; sync {one} {two}"),
        job(_CHECKED, f"sha256sum {here}; cp {here} {one}; sync {one}; {compared}"),
    ]


SCENE = Scene(
    "forward",
    "Forwarding",
    "`forward` seals a bundle of noise anew for a colleague, on the drive where it lies: this "
    "machine's own disk, an image of a pen drive on it (exFAT on a loop device), and a drive as "
    "slow as most. It hashes and checks all of it before it writes a byte, copies what is "
    "encrypted, signs, reads back and records. Beside it, copying the bundle twice, and what "
    "anyone would do who checks a bundle, copies it once and compares the copy. Nothing is in the "
    "page cache before, except of the image: a process serves it, and what that has read or "
    "written stays in the system's memory, for all of them.",
    ("outside", "rates", "rounds"),
    measure,
    "Where copying goes at gigabytes a second, hashing alone takes half as long as two copies do, "
    "and nothing is written before that is done. On a drive that people carry, to write once and "
    "read thrice takes less than to write twice.",
)
