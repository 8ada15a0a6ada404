"""What `forward` costs, beside copying the bundle twice.

    PYTHONPATH=. .venv/bin/python -m bench.forward [--megabytes 1000] [--rounds 5] [--folder DIR]
        [--slow WRITE_MB:READ_MB] [--compared | --checked]

A bundle of about that size is packed once. Then, in turns, it is copied twice with `cp` and synced,
and forwarded by the real program. Before each turn everything is synced and the bundle dropped from
the page cache, as if the drive had just been plugged in. FOLDER is on the drive to measure, and
holds the bundle and what is made of it; keys and register are on the disk of the machine. With
--slow it is all on a drive that writes and reads so many million bytes a second, as pen drives do.
With --compared the copies are read back past the page cache and compared, as `forward` does. With
--checked there is one copy, compared, of a bundle that is hashed before: what `forward` has to do
at the least, by the programs of the system.
"""

from __future__ import annotations

import argparse
import base64
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench.slow import slow_drive
from tests.whole.cli import Desk, meet
from tests.world import allow_forwarding, keep_all

# Base64 of random bytes is 6 bits of a byte, and that is what gzip makes of it.
_ROW_BYTES = 3000
_NO_SCAN = '[limits]\nresidual = "off"\ngate_reason = "made-up cells"'


def make_bundle(folder: Path, drive: Path, n_megabytes: int) -> tuple[Desk, Path]:
    """Two desks and a colleague, and a bundle for the second; returns its desk and the bundle."""
    ann, bob, _ = meet(folder, "ann", "bob", "cat")
    recipe = folder / "noise.toml"
    recipe.write_text(allow_forwarding(keep_all("noise", ["cell"], before=_NO_SCAN)))
    extract = folder / "noise.csv"
    with extract.open("wb") as file:
        file.write(b"cell\n")
        for _ in range(n_megabytes * 1_000_000 // _ROW_BYTES):
            file.write(base64.b64encode(os.urandom(_ROW_BYTES)) + b"\n")
    bundle = drive / "bundle.sxfer.zip"
    ann.run("pack", extract, "--recipe", recipe, "--to", "bob", "-o", bundle)
    extract.unlink()
    return bob, bundle


def copy_twice(bundle: Path, folder: Path, *, compares: bool = False) -> list[Path]:
    """Two copies that the drive has stored, and gives back as they were if that is asked for."""
    copies = [folder / f"copy-{number}" for number in range(2)]
    for copy in copies:
        subprocess.run(["/bin/cp", bundle, copy], check=True)
    subprocess.run(["/bin/sync", *copies], check=True)
    for copy in copies if compares else ():
        _compare(bundle, copy)
    return copies


def copy_checked(bundle: Path, folder: Path) -> list[Path]:
    """One copy, of what was hashed first and is compared at last."""
    copy = folder / "copy"
    subprocess.run(["/usr/bin/sha256sum", bundle], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["/bin/cp", bundle, copy], check=True)
    subprocess.run(["/bin/sync", copy], check=True)
    _compare(bundle, copy)
    return [copy]


def _compare(bundle: Path, copy: Path) -> None:
    with copy.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    subprocess.run(["/usr/bin/cmp", bundle, copy], check=True)


def forward(bob: Desk, bundle: Path, folder: Path) -> list[Path]:
    """The bundle, forwarded to cat."""
    target = folder / "forwarded.zip"
    command = ["forward", str(bundle), "--to", "cat", "-o", str(target)]
    program = [sys.executable, "-m", "securexfer", *command]
    subprocess.run(program, env=bob.environment(), check=True, stdout=subprocess.DEVNULL)
    return [target]


def measure(work: Callable[[], Sequence[Path]], bundle: Path) -> tuple[float, float]:
    """Seconds that it takes with a cold bundle, and the largest memory of its programs in MiB."""
    os.sync()
    with bundle.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        begun_at = time.perf_counter()
        made = work()
        os.write(writing, str(time.perf_counter() - begun_at).encode())
        for path in made:
            path.unlink()
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        seconds = float(pipe.read())
    _, _, usage = os.wait4(child, 0)
    return seconds, usage.ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--compared", action="store_true", help="copies are read back as well")
    how.add_argument("--checked", action="store_true", help="one copy, hashed and read back")
    parser.add_argument("--slow", help="WRITE_MB:READ_MB, as 40:120")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder by default")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as desks,
        tempfile.TemporaryDirectory(dir=asked.folder) as name,
        ExitStack() as stack,
    ):
        folder = Path(name)
        if asked.slow:
            rates = map(float, asked.slow.split(":"))
            folder = stack.enter_context(slow_drive(folder, *rates))
        bob, bundle = make_bundle(Path(desks), folder, asked.megabytes)
        print(f"bundle: {bundle.stat().st_size:,} bytes")
        copy = partial(copy_twice, bundle, folder, compares=asked.compared)
        if asked.checked:
            copy = partial(copy_checked, bundle, folder)
        rows = []
        for number in range(1, asked.rounds + 1):
            copied, _ = measure(copy, bundle)
            forwarded, mib = measure(lambda: forward(bob, bundle, folder), bundle)
            rows.append((copied, forwarded))
            print(
                f"round {number}: copied {copied:.2f} s, forwarded {forwarded:.2f} s "
                f"(ratio {forwarded / copied:.2f}), at most {mib:.0f} MiB"
            )
        copied, forwarded = (statistics.median(column) for column in zip(*rows, strict=True))
        print(f"median: {copied:.2f} s and {forwarded:.2f} s, ratio {forwarded / copied:.2f}")


if __name__ == "__main__":
    main()
