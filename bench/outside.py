"""`verify --outside` of a large bundle against `sha256sum` of the same file."""

from __future__ import annotations

import shlex

from bench.measure import Job, run_in_turns
from bench.noise import NOISE_RECIPE, write_noise
from bench.record import ratio_of, series_of
from bench.reference import AGREEMENT, Bench
from bench.scene import Options, Outcome, Scene, bundle_of

OWN, OTHERS = "verify --outside", "sha256sum"


def measure(bench: Bench, options: Options) -> Outcome:
    """Pack noise, which stays as large as it is; then both, in turns."""
    recipe, extract = bench.folder / "noise.toml", bench.folder / "noise.csv"
    bundle = bundle_of(bench)
    recipe.write_text(AGREEMENT + NOISE_RECIPE)
    write_noise(extract, options.n_outside_megabytes)
    bench.run(
        "ann",
        *("pack", f"noise={extract}", "--recipe", str(recipe), "--to", "acme"),
        *("-o", str(bundle), "--force", "--quiet", "--no-input"),
    )
    extract.unlink()
    size = bundle.stat().st_size
    verify = bench.command("verify", str(bundle), "--outside", "--quiet", "--no-input")
    jobs = [
        Job(OWN, verify, bench.environment("ann"), n_bytes_in=size),
        Job(OTHERS, f"sha256sum {shlex.quote(str(bundle))}", n_bytes_in=size),
    ]
    runs = run_in_turns(jobs, options.n_rounds)
    bundle.unlink()
    return Outcome(series_of(jobs, runs), [ratio_of(runs, OWN, OTHERS, at_most=1.0)])


SCENE = Scene(
    "outside",
    "Verifying without a key",
    "A bundle of noise, which can't be compressed. `verify --outside` reads all of it, as "
    "`sha256sum` does, and checks signatures, structure and every member beside.",
    ("outside", "rounds"),
    measure,
)
