"""Each call of `destroy`, `extend` and the imports may fail, or be the last.

A certificate never says more than what happened, nothing is recorded twice or half, and the next
run works.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import pytest

from securexfer.custody.register import Entry
from securexfer.custody.statement import statement_name
from securexfer.destroying import destroy
from securexfer.extending import extend
from securexfer.filing import Cabinet, import_certificate, import_extension, import_receipt
from securexfer.home.contacts import ContactBook
from securexfer.instant import system_clock
from securexfer.partial import PARTIAL_SUFFIX
from securexfer.reporting import SilentReporter
from securexfer.verifying import pinned_senders
from tests.assurance import Tally
from tests.faults.injection import KILL, VARIANTS, Fault, strace
from tests.faults.invariants import REGISTER_FILES, Before, check_register, check_words
from tests.faults.scene import CANARY, DESCRIPTOR, TABLES, Outcome, Scene
from tests.whole.cli import Desk

CALLS = ("write", "fsync", "rename", "open")
ERRORS = ("ENOSPC", "EIO", KILL, "EROFS")


class Case(ABC):
    """A command to be disturbed: what is there before it, what it touches, what must hold after."""

    name = ""
    sender_runs = True
    # Whether what went wrong lasts, so that nothing can be recorded any more.
    is_mute = False

    def __init__(self, template: Scene, folder: Path) -> None:
        self.scene = template.copy(folder)
        # Not in the template: the register holds paths, and copies would share them.
        self.scene.unpack(self.scene.out)
        self.prepare()
        self.before = Before(self.scene)

    def prepare(self) -> None:  # noqa: B027 - most need nothing more
        """What else has to be there."""

    @property
    def desk(self) -> Desk:
        return self.scene.ann if self.sender_runs else self.scene.bob

    @property
    @abstractmethod
    def file(self) -> Path:
        """What the command reads or writes."""

    @abstractmethod
    def arguments(self) -> list[str]:
        """The command."""

    @abstractmethod
    def check(self, outcome: Outcome) -> None:
        """Hold what is there after it to what must be."""

    def paths(self) -> list[Path]:
        """All that is changed, under the names that it has while it is written too."""
        home = self.desk.home
        named = [home / name for name in sorted(REGISTER_FILES)]
        return [*named, *(path.with_name(path.name + PARTIAL_SUFFIX) for path in named)]

    def new_events(self) -> list[str]:
        return [entry.event for entry in self.new_entries()]

    def new_entries(self) -> list[Entry]:
        entries = self.scene.register(self.desk).entries()
        return entries[len(self.before.entries[self.desk.name]) :]

    def cabinet(self, desk: Desk) -> Cabinet:
        senders = pinned_senders(ContactBook(desk.home / "contacts").list(), None)
        identity, register = self.scene.identity(desk), self.scene.register(desk)
        return Cabinet(identity, senders, register, desk.home / "receipts", system_clock)

    def run(self, under: list[str]) -> Outcome:
        return self.scene.run(self.desk, [*self.arguments(), "--json"], under=under)


class Destroying(Case):
    name, sender_runs = "destroy", False

    @property
    def file(self) -> Path:
        return self.scene.out / statement_name("destruction", self.scene.bundle_id())

    def data(self) -> list[Path]:
        return [self.scene.out / name for name in (*(f"{t}.csv" for t in TABLES), DESCRIPTOR)]

    def arguments(self) -> list[str]:
        return ["destroy", self.scene.bundle_id()]

    def paths(self) -> list[Path]:
        partial = self.file.with_name(self.file.name + PARTIAL_SUFFIX)
        return [*super().paths(), self.scene.out, self.file, partial]

    def check(self, outcome: Outcome) -> None:
        left = [path for path in self.data() if path.exists()]
        events = self.new_events()
        if self.file.exists():
            assert left == [], "it certifies what did not happen"
            assert events == ["destroyed"]
            self.check_certificate(self.file)
        if outcome.code == 0:
            assert self.file.exists()
            assert [path.name for path in self.scene.out.iterdir()] == [self.file.name]
        elif not outcome.is_killed:
            assert list(self.scene.out.glob(f"*{PARTIAL_SUFFIX}")) == []
        for table in TABLES:
            path = self.scene.out / f"{table}.csv"
            assert not path.exists() or path.read_bytes() == self.scene.expected(table)
        self.file.unlink(missing_ok=True)
        result = destroy(
            self.scene.bundle_id(),
            self.scene.identity(self.desk),
            self.scene.register(self.desk),
            find_sender=self.cabinet(self.desk).find_sender,
            clock=system_clock,
            reporter=SilentReporter(),
        )
        assert not any(path.exists() for path in self.data())
        self.check_certificate(*result.certificates)
        assert self.new_events().count("destroyed") == 1

    def check_certificate(self, path: Path) -> None:
        filed = import_certificate(path.read_bytes(), self.cabinet(self.scene.ann))
        said = filed.statement
        assert said.n_removed + said.n_missing == len(self.data())
        assert len(said.openings) == 1
        assert CANARY.decode() not in repr(said)


class ImportingReceipt(Case):
    name = "receipt import"

    @property
    def file(self) -> Path:
        return self.scene.receipt()

    def arguments(self) -> list[str]:
        return ["receipt", "import", str(self.file)]

    def kept(self) -> list[Path]:
        folder = self.desk.home / "receipts"
        return sorted(folder.iterdir()) if folder.exists() else []

    def paths(self) -> list[Path]:
        entry = self.scene.register(self.scene.bob).entries()[-1]
        number = entry.details["receipt"]["statement_id"]
        folder = self.desk.home / "receipts"
        path = folder / statement_name("receipt", self.scene.bundle_id(), number)
        return [*super().paths(), folder, path, path.with_name(path.name + PARTIAL_SUFFIX)]

    def take(self) -> bool:
        return import_receipt(self.file.read_bytes(), self.cabinet(self.desk)).is_new

    def check(self, outcome: Outcome) -> None:
        events = self.new_events()
        if outcome.code == 0:
            assert events == ["receipt-imported"]
        elif not outcome.is_killed:
            # A register that fails for good can't take an entry back: then the file stays too.
            assert (events, len(self.kept())) in (([], 0), (["receipt-imported"], 1))
        assert self.take() == (events == [])
        assert self.new_events() == ["receipt-imported"]
        (kept,) = self.kept()
        assert kept.read_bytes() == self.file.read_bytes()
        assert self.new_entries()[0].details["file"] == kept.name


class Extending(Case):
    name = "extend"

    @property
    def file(self) -> Path:
        return self.scene.folder / "later.extension"

    def arguments(self) -> list[str]:
        return ["extend", self.scene.bundle_id(), "--days", "9", "-o", str(self.file)]

    def paths(self) -> list[Path]:
        partial = self.file.with_name(self.file.name + PARTIAL_SUFFIX)
        return [*super().paths(), self.file, partial]

    def check(self, outcome: Outcome) -> None:
        events = self.new_events()
        if self.file.exists():
            assert events == ["extended"], "nobody recorded what the recipients may import"
            data = self.file.read_bytes()
            assert import_extension(data, self.cabinet(self.scene.bob)).is_new
        if outcome.code == 0:
            assert self.file.exists()
        elif not outcome.is_killed:
            assert not self.paths()[-1].exists()
            # A register that takes no entry any more does not take that one either.
            if not self.file.exists() and not self.is_mute:
                assert events in ([], ["extended", "extend-failed"]), "nobody took it back"
        register, identity = self.scene.register(self.desk), self.scene.identity(self.desk)
        result = extend(
            self.scene.bundle_id(), 9, identity, register, self.scene.folder, clock=system_clock
        )
        assert import_extension(result.path.read_bytes(), self.cabinet(self.scene.bob)).is_new


class ImportingExtension(ImportingReceipt):
    name, sender_runs = "extension import", False

    def prepare(self) -> None:
        register, identity = (
            self.scene.register(self.scene.ann),
            self.scene.identity(self.scene.ann),
        )
        extend(self.scene.bundle_id(), 9, identity, register, self.file, clock=system_clock)

    @property
    def file(self) -> Path:
        return self.scene.folder / "later.extension"

    def arguments(self) -> list[str]:
        return ["extension", "import", str(self.file)]

    def paths(self) -> list[Path]:
        number = json.loads(json.loads(self.file.read_bytes())["payload"])["statement_id"]
        folder = self.desk.home / "receipts"
        path = folder / statement_name("extension", self.scene.bundle_id(), number)
        return [*Case.paths(self), folder, path, path.with_name(path.name + PARTIAL_SUFFIX)]

    def take(self) -> bool:
        return import_extension(self.file.read_bytes(), self.cabinet(self.desk)).is_new

    def check(self, outcome: Outcome) -> None:
        events = self.new_events()
        if outcome.code == 0:
            assert events == ["extension-imported"]
        elif not outcome.is_killed:
            # A register that fails for good can't take an entry back: then the file stays too.
            assert (events, len(self.kept())) in (([], 0), (["extension-imported"], 1))
        assert self.take() == (events == [])
        assert self.new_events() == ["extension-imported"]
        assert [path.read_bytes() for path in self.kept()] == [self.file.read_bytes()]


CASES: list[type[Case]] = [Destroying, ImportingReceipt, Extending, ImportingExtension]


def every_fault(calls: Counter[str]) -> Iterator[Fault]:
    for call in CALLS:
        for turn in range(1, calls[call] + 1):
            for error in ERRORS:
                yield Fault(call, error, turn)
            yield Fault(call, "ENOSPC", turn, lasts=True)


def sample_of_faults(calls: Counter[str], shift: int) -> Iterator[Fault]:
    """One of each kind of call, with the errors in turn, and one that lasts."""
    errors = cycle([*ERRORS[shift:], *ERRORS[:shift]])
    for number, (call, error) in enumerate(zip(CALLS, errors, strict=False)):
        yield Fault(call, error, 1 + (number + shift) % calls[call])
    yield Fault("write", KILL, calls["write"])


@pytest.mark.parametrize("kind", CASES, ids=lambda kind: kind.name)
def test_any_call_may_fail(
    kind: type[Case],
    unpacking: Scene,
    tmp_path: Path,
    tool: Callable[[str], str],
    tally: Tally,
    soak: bool,
) -> None:
    program = tool("strace")
    calls = count_calls(program, kind(unpacking, tmp_path / "counted"))
    shift = CASES.index(kind)
    faults = list(every_fault(calls) if soak else sample_of_faults(calls, shift))
    outcomes = []
    for number, fault in enumerate(faults):
        case = kind(unpacking, tmp_path / str(number))
        trace = case.scene.folder / "trace"
        outcome = case.run(strace(program, trace, case.paths(), fault.options()))
        took = b"killed by SIGKILL" if fault.error == KILL else b"(INJECTED)"
        assert took in trace.read_bytes(), f"{fault} did not happen"
        case.is_mute = fault.lasts
        try:
            check_words(outcome, fault.error)
            case.before.check_kept()
            case.check(outcome)
            check_register(case.scene, case.desk)
        except Exception as error:
            raise AssertionError(f"{fault}, {kind.name}: {error!r}") from error
        outcomes.append(outcome)
    assert any(outcome.code > 0 for outcome in outcomes)
    tally.count("crash", f"faults injected into `{kind.name}`, call by call", len(faults))


def count_calls(program: str, case: Case) -> Counter[str]:
    """How often an undisturbed run makes each kind of call; it must hold what others must."""
    trace = case.scene.folder / "trace"
    names = {name: call for call in CALLS for name in VARIANTS[call].split(",")}
    options = ["--seccomp-bpf", "-e", f"trace={','.join(names)}"]
    outcome = case.run(strace(program, trace, case.paths(), options))
    assert outcome.code == 0
    lines = [line.split(maxsplit=1)[1] for line in trace.read_text(errors="replace").splitlines()]
    calls = Counter(names[line.split("(")[0]] for line in lines)
    case.check(outcome)
    return calls
