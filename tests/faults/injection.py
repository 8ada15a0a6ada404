"""Faults injected into single system calls, by strace: the kernel says no, or kills."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from securexfer.partial import PARTIAL_SUFFIX
from tests.faults.invariants import (
    REGISTER_FILES,
    Before,
    check_forward,
    check_pack,
    check_unpack,
    check_words,
)
from tests.faults.scene import DESCRIPTOR, TABLES, Outcome, Scene
from tests.whole.cli import Desk

KILL = "SIGKILL"
# The byte is reported as written, and never was.
LOST = "lost byte"
# Under which names the kernel may see a call.
VARIANTS = {
    "write": "write,pwrite64,writev",
    "fsync": "fsync,fdatasync",
    "rename": "rename,renameat,renameat2",
    "open": "open,openat,openat2",
    "close": "close",
    "read": "read,pread64,readv",
}


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and when.

    Attributes:
        call: which kind of call.
        error: name of the error that it gives, or SIGKILL, or a lost byte.
        turn: how many such calls have gone before it, and it.
        lasts: whether each later one fails too: a disk that is full stays full.
    """

    call: str
    error: str
    turn: int
    lasts: bool = False

    def __str__(self) -> str:
        return f"{self.error} at {self.call} {self.turn}{'+' * self.lasts}"

    def options(self) -> list[str]:
        """For strace, whose way of being quick can't send signals."""
        effect = f"error={self.error}"
        if self.error == KILL:
            effect = f"signal={self.error}"
        elif self.error == LOST:
            effect = "retval=1"
        calls = VARIANTS[self.call]
        inject = f"inject={calls}:{effect}:when={self.turn}{'+' * self.lasts}"
        quick = [] if self.error == KILL else ["--seccomp-bpf"]
        return [*quick, "-e", f"trace={calls}", "-e", inject]


@dataclass(frozen=True)
class Stage:
    """A command of a scene, and those of its paths that faults are about."""

    command: str
    place: str

    def desk(self, scene: Scene) -> Desk:
        """Who runs it."""
        return scene.ann if self.command == "pack" else scene.bob

    def arguments(self, scene: Scene) -> list[str]:
        """The command line."""
        if self.command == "verify":
            return ["verify", str(scene.bundle), "--json"]
        arguments = {
            "pack": scene.pack_arguments,
            "unpack": scene.unpack_arguments,
            "forward": scene.forward_arguments,
        }
        return arguments[self.command]()

    def paths(self, scene: Scene) -> list[Path]:
        """Folder and files, under the names that they have while they are written too."""
        if self.place == "home":
            folder, names = self.desk(scene).home, sorted(REGISTER_FILES)
        elif self.command == "pack":
            folder, names = scene.drive, [scene.bundle.name]
        elif self.command == "forward":
            folder, names = scene.relay, [scene.forwarded.name]
        else:
            tables = (f"{table}.csv" for table in TABLES)
            folder, names = scene.out, [*tables, DESCRIPTOR, scene.receipt().name]
        return [folder, *(folder / (name + end) for name in names for end in ("", PARTIAL_SUFFIX))]

    def check(self, before: Before, outcome: Outcome, fault: Fault | None = None) -> None:
        """The invariants of the command."""
        error = fault.error if fault is not None else ""
        if self.command in ("pack", "forward"):
            check = check_pack if self.command == "pack" else check_forward
            mute = fault is not None and fault.lasts and self.place == "home"
            check(before, outcome, error, mute=mute)
        elif self.command == "unpack":
            check_unpack(before, outcome, error)
        else:
            check_words(outcome, error)
            before.check_kept()


@dataclass(frozen=True)
class Reading(Stage):
    """A command, and one file that it reads: its path in the scene."""

    def paths(self, scene: Scene) -> list[Path]:
        """That file."""
        return [scene.folder / self.place]


def strace(program: str, trace: Path, paths: Sequence[Path], options: Sequence[str]) -> list[str]:
    """A command line that runs another one, and traces what it does to some paths."""
    of_paths = [word for path in paths for word in ("-P", str(path))]
    return [program, "-f", "-qq", "-o", str(trace), *of_paths, *options]


def count_calls(program: str, stage: Stage, template: Scene, folder: Path) -> Counter[str]:
    """How often an undisturbed run makes each kind of call."""
    scene, trace = template.copy(folder), folder / "trace"
    options = ["--seccomp-bpf", "-e", f"trace={','.join(VARIANTS.values())}"]
    under = strace(program, trace, stage.paths(scene), options)
    assert scene.run(stage.desk(scene), stage.arguments(scene), under=under).code == 0
    kinds = {name: kind for kind, names in VARIANTS.items() for name in names.split(",")}
    lines = [line.split(maxsplit=1) for line in trace.read_text(errors="replace").splitlines()]
    # strace counts the calls of each thread apart; all these are made by one.
    assert len({thread for thread, _ in lines}) == 1
    return Counter(kinds[call.split("(")[0]] for _, call in lines)


def inject(program: str, stage: Stage, template: Scene, folder: Path, fault: Fault) -> Outcome:
    """Run with a fault, then hold what is there to the invariants."""
    scene = template.copy(folder)
    before, trace = Before(scene), folder / "trace"
    under = strace(program, trace, stage.paths(scene), fault.options())
    outcome = scene.run(stage.desk(scene), stage.arguments(scene), under=under)
    took = b"killed by SIGKILL" if fault.error == KILL else b"(INJECTED)"
    assert took in trace.read_bytes(), f"{fault} did not happen"
    try:
        stage.check(before, outcome, fault)
    except Exception as error:
        raise AssertionError(f"{fault}, {stage.command}, {stage.place}: {error!r}") from error
    return outcome
