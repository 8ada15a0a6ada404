"""`unpack` against `age -d | zstd -d` of the same rows, hashed and stored."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

from bench import peer
from bench.measure import Job, remove, run_in_turns
from bench.record import ratio_of, series_of
from bench.reference import Bench
from bench.scene import Options, Outcome, Scene, bundle_of

OWN, OTHERS = "unpack", "age -d | zstd -d; sha256sum; sync"


def measure(bench: Bench, options: Options) -> Outcome:
    """Both, in turns."""
    extract, bundle, out = bench.extract(options.n_rows), bundle_of(bench), bench.folder / "out"
    bench.run("ann", *bench.pack("off", extract, bundle)[3:])
    unpack = bench.command("unpack", str(bundle), "-o", str(out), "--quiet", "--no-input")
    own = Job(OWN, unpack, bench.environment("acme"), out, bundle.stat().st_size)
    if missing := [name for name in ("age", "zstd") if shutil.which(name) is None]:
        runs = run_in_turns([own], options.n_rounds)
        notes = [f"Not compared: {' and '.join(missing)} are not installed here."]
        return Outcome(series_of([own], runs), [], notes)
    remove(out)
    bench.run("acme", *unpack[3:])
    sealed, opened = bench.folder / "rows.zst.age", bench.folder / "rows.csv"
    rows, key = out / "offenders.csv", peer.age_identity(bench.folder)
    recipient = next(
        line.split()[-1] for line in key.read_text().splitlines() if "public key" in line
    )
    _shell(f"zstd -1 -T2 -qc {_q(rows)} | age -r {recipient} -o {_q(sealed)}")
    command = (
        f"age -d -i {_q(key)} {_q(sealed)} | zstd -dqc > {_q(opened)}; sha256sum {_q(opened)}; "
        f"sync {_q(opened)}"
    )
    jobs = [own, Job(OTHERS, command, None, opened, sealed.stat().st_size)]
    runs = run_in_turns(jobs, options.n_rounds)
    return Outcome(series_of(jobs, runs), [ratio_of(runs, OWN, OTHERS, at_most=2.0)])


def _shell(command: str) -> None:
    subprocess.run(["/bin/bash", "-c", f"set -euo pipefail; {command}"], check=True)


def _q(path: Path) -> str:
    return shlex.quote(str(path))


SCENE = Scene(
    "unpack",
    "Unpacking",
    "`unpack` verifies both signatures and every hash, opens, checks, writes and syncs. Beside it "
    "the very rows that come out are decrypted and decompressed by age and zstd, hashed and "
    "synced.",
    ("rows", "rounds"),
    measure,
)
