"""`pack` against the programs that others encrypt with, on the same extract."""

from __future__ import annotations

from bench import peer
from bench.measure import Job, run_in_turns
from bench.record import Ratio, ratio_of, series_of
from bench.reference import Bench
from bench.scene import Options, Outcome, Scene, bundle_of

OFF, ON = "pack, gates off", "pack, gates on"
# By how much others must be slower; where there is no goal, None.
_SLOWER_THAN = {peer.GPG: 8.0, peer.ZIP: 20.0, peer.PLAIN: None, peer.SETT: None}


def measure(bench: Bench, options: Options) -> Outcome:
    """All that are installed, in turns."""
    extract, bundle = bench.extract(options.n_rows), bundle_of(bench)
    size = extract.stat().st_size
    own = [
        Job(name, bench.pack(recipe, extract, bundle), bench.environment("ann"), bundle, size)
        for name, recipe in ((OFF, "off"), (ON, "on"))
    ]
    here = [one for one in peer.PEERS if not one.missing()]
    notes = [
        f"{one.name}: not measured, not installed here." for one in peer.PEERS if one.missing()
    ]
    # gates off, peer, gates on: what is compared stands side by side.
    others = [one.job(bench.folder, extract, bench.folder / "peer-out.zip") for one in here]
    jobs = [own[0], *others[:1], own[1], *others[1:]]
    runs = run_in_turns(jobs, options.n_rounds)
    ratios: list[Ratio] = []
    names = {one.name for one in here}
    if peer.AGE in names:
        ratios.append(ratio_of(runs, OFF, peer.AGE, at_most=1.0))
        ratios.append(ratio_of(runs, ON, peer.AGE, at_most=1.6))
    ratios.append(ratio_of(runs, ON, OFF))
    ratios += [
        ratio_of(runs, name, OFF, at_least=times)
        for name, times in _SLOWER_THAN.items()
        if name in names
    ]
    return Outcome(series_of(jobs, runs), ratios, notes)


SCENE = Scene(
    "peers",
    "Against others",
    "`pack` minimises, pseudonymises, checks, compresses, encrypts, signs, reads back and "
    "records; the peers encrypt the whole extract, most of them compressed before. "
    f"`{peer.PLAIN}` is the reference job as anybody would write it in Python, with one check of "
    "the number of cells and none of the rest, piped to zstd and age. Peers that take long run "
    "in the first round or two only.",
    ("rows", "rounds"),
    measure,
)
