"""Each write, sync, rename, open and close of the way out and in may fail, or be the last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

import pytest

from tests.assurance import Tally
from tests.faults.injection import KILL, Fault, Stage, inject
from tests.faults.scene import Scene

DRIVE_ERRORS = ("ENOSPC", "EIO", "EDQUOT", "EROFS", KILL)
ERRORS = {
    "write": DRIVE_ERRORS,
    "fsync": DRIVE_ERRORS,
    "rename": DRIVE_ERRORS,
    "close": DRIVE_ERRORS,
    "open": ("EIO", "EROFS", "EACCES", "EMFILE", "ENOSPC", KILL),
}
# A disk that is full stays full, and a drive that was unplugged stays away.
LASTING = ("ENOSPC", "EIO")
STAGES = [
    Stage(command, place)
    for command in ("pack", "unpack", "forward")
    for place in ("output", "home")
]
# It goes the way of `pack`, of which more is sampled.
N_FORWARD = {"output": 2, "home": 1}


def every_fault(call: str, n_calls: int) -> Iterator[Fault]:
    """Each error at each call in turn, and those that last from each call on."""
    for turn in range(1, n_calls + 1):
        for error in ERRORS[call]:
            yield Fault(call, error, turn)
        for error in LASTING:
            yield Fault(call, error, turn, lasts=True)


def sample_of_faults(call: str, n_calls: int, *, shift: int) -> Iterator[Fault]:
    """The first, second, middle and last call, each error at least once, one that lasts."""
    turns = dict.fromkeys(turn for turn in (1, 2, n_calls // 2 + 1, n_calls) if turn <= n_calls)
    errors = ERRORS[call]
    for number, turn in zip(range(max(len(turns), len(errors))), cycle(turns), strict=False):
        yield Fault(call, errors[(number + shift) % len(errors)], turn)
    yield Fault(call, LASTING[shift % 2], list(turns)[shift % len(turns)], lasts=True)


@pytest.mark.parametrize("call", ERRORS)
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: f"{stage.command}-{stage.place}")
def test_any_call_may_fail(
    stage: Stage,
    call: str,
    packing: Scene,
    unpacking: Scene,
    counted: Callable[[str, Stage], Counter[str]],
    tmp_path: Path,
    tool: Callable[[str], str],
    tally: Tally,
    soak: bool,
) -> None:
    strace = tool("strace")
    template = packing if stage.command == "pack" else unpacking
    n_calls = counted(strace, stage)[call]
    assert n_calls, "the program makes no such call any more"
    shift = STAGES.index(stage) % len(DRIVE_ERRORS)
    faults = every_fault(call, n_calls)
    if not soak:
        faults = sample_of_faults(call, n_calls, shift=shift)
        if stage.command == "forward":
            # The first files that are opened say only what kind of drive it is.
            faults = islice(faults, N_FORWARD[stage.place] + 2 * (call == "open"))
    done = [
        inject(strace, stage, template, tmp_path / str(number), fault)
        for number, fault in enumerate(faults)
    ]
    # Else nothing was broken: all but reading ends with an error where one is met.
    assert any(outcome.code > 0 for outcome in done)
    tally.count("crash", f"faults injected into `{stage.command}`, call by call", len(done))
