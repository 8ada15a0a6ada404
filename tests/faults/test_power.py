"""Power cuts: the whole machine, homes and drive, on a disk that forgets what was not synced.

The power fails before the first, second, … change that a run makes, or just after its end. What
was not synced is then dropped, or stored in part and in any order.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from securexfer.home.contacts import ContactBook
from tests.assurance import Tally
from tests.faults.drive import Faults
from tests.faults.invariants import Before, check_forward, check_pack, check_unpack, check_words
from tests.faults.mounts import BadDrive
from tests.faults.scene import Outcome, Scene
from tests.faults.volatile import CUTS
from tests.whole.cli import Desk

WHAT = "simulated power cuts"
KILLED = -9


class Machine:
    """Desks, extracts and drive on one bad disk, which can be set back to how it was."""

    def __init__(self, disk: BadDrive, scene: Scene) -> None:
        self.disk, self.scene = disk, scene
        self.kept = disk.image.with_name("kept")
        self._changes: dict[str, list[str]] = {}

    def keep(self, prepare: Callable[[], object]) -> Before:
        """Prepare the disk and keep it like that; says what is on it."""
        with self.disk.plugged_in():
            prepare()
            before = Before(self.scene)
        shutil.rmtree(self.kept)
        shutil.copytree(self.disk.image, self.kept)
        return before

    def set_back(self) -> None:
        shutil.rmtree(self.disk.image)
        shutil.copytree(self.kept, self.disk.image)

    def run(self, desk: Desk, arguments: list[str], faults: Faults) -> Outcome:
        """A run on the disk as it was kept, ended by a power cut during it or just after it."""
        self.set_back()
        with self.disk.plugged_in(faults):
            outcome = self.scene.run(desk, arguments)
            self.disk.cut_now()
        check_words(outcome)
        # Whatever a run says after the power has gone, nobody reads.
        return outcome if outcome.code == 0 else Outcome(KILLED, outcome.output, "")

    def plan_cuts(self, desk: Desk, arguments: list[str], cut: str, n_cuts: int) -> list[Faults]:
        """A kind of cut, spread over a run; the last place of all is just after its end.

        The kinds share the places between them, and `drop` has the last.
        """
        last, n_places = len(self.changes(desk, arguments)) + 1, n_cuts * len(CUTS)
        turns = [n_places - 1 - CUTS.index(cut) - len(CUTS) * n for n in range(n_cuts)]
        places = [1 + (last - 1) * turn // (n_places - 1) for turn in turns]
        return [Faults(cut_before=place, cut=cut, seed=place) for place in places]

    def changes(self, desk: Desk, arguments: list[str]) -> list[str]:
        """What an undisturbed run changes on the disk as it was kept; always the same."""
        key = " ".join(arguments)
        if key not in self._changes:
            self.set_back()
            with self.disk.plugged_in():
                assert self.scene.run(desk, arguments).code == 0
            self._changes[key] = self.disk.changes()
        return self._changes[key]


@pytest.fixture(scope="module")
def made(packing: Scene, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    folder = tmp_path_factory.mktemp("machine")
    disk = BadDrive(folder)
    with disk.plugged_in():
        scene = packing.copy(disk.mount)
    shutil.copytree(disk.image, folder / "made")
    shutil.copytree(disk.image, folder / "kept")
    return Machine(disk, scene)


@pytest.fixture
def machine(made: Machine) -> Machine:
    """The machine as it was made."""
    shutil.rmtree(made.disk.image)
    shutil.copytree(made.disk.image.with_name("made"), made.disk.image)
    return made


@pytest.mark.parametrize("is_synced", [False, True])
def test_the_disk_forgets_what_was_not_synced(is_synced: bool, tmp_path: Path) -> None:
    disk = BadDrive(tmp_path)
    (disk.image / "kept").write_bytes(b"whole")
    data = b"data" * 5000
    with disk.plugged_in() as mount:
        for name in ("kept", "new"):
            partial = mount / f"{name}.partial"
            with partial.open("wb") as file:
                file.write(data)
                file.flush()
                if is_synced:
                    os.fsync(file.fileno())
            partial.rename(mount / name)
        if is_synced:
            descriptor = os.open(mount, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
        assert (mount / "new").read_bytes() == data
        disk.cut_now()
        with pytest.raises(OSError, match="not connected"):
            (mount / "new").read_bytes()
    left = {path.name: path.read_bytes() for path in disk.image.iterdir()}
    assert left == ({"kept": data, "new": data} if is_synced else {"kept": b"whole"})


def test_the_disk_may_store_a_rename_before_the_data(tmp_path: Path) -> None:
    disk = BadDrive(tmp_path)
    left = set()
    for seed in range(12):
        with disk.plugged_in(Faults(cut="some", seed=seed)) as mount:
            partial = mount / f"{seed}.partial"
            partial.write_bytes(b"data" * 5000)
            partial.rename(mount / f"{seed}")
            disk.cut_now()
        if (disk.image / f"{seed}").exists():
            left.add((disk.image / f"{seed}").read_bytes())
    assert left - {b"data" * 5000}, "a name was there, and its content was not"


@pytest.mark.parametrize("cut", CUTS)
def test_a_cut_while_packing(machine: Machine, cut: str, soak: bool, tally: Tally) -> None:
    scene = machine.scene
    before = machine.keep(lambda: None)
    cuts = machine.plan_cuts(scene.ann, scene.pack_arguments(), cut, 25 if soak else 2)
    n_changes = len(machine.changes(scene.ann, scene.pack_arguments()))
    for faults in cuts:
        outcome = machine.run(scene.ann, scene.pack_arguments(), faults)
        assert (outcome.code == 0) == (faults.cut_before > n_changes)
        with machine.disk.plugged_in():
            check_pack(before, outcome)
    tally.count("crash", WHAT, len(cuts))


@pytest.mark.parametrize("cut", CUTS)
def test_a_cut_while_unpacking(machine: Machine, cut: str, soak: bool, tally: Tally) -> None:
    scene = machine.scene
    before = machine.keep(scene.pack)
    cuts = machine.plan_cuts(scene.bob, scene.unpack_arguments(), cut, 25 if soak else 2)
    n_changes = len(machine.changes(scene.bob, scene.unpack_arguments()))
    for faults in cuts:
        outcome = machine.run(scene.bob, scene.unpack_arguments(), faults)
        assert (outcome.code == 0) == (faults.cut_before > n_changes)
        with machine.disk.plugged_in():
            check_unpack(before, outcome)
    tally.count("crash", WHAT, len(cuts))


@pytest.mark.parametrize("cut", CUTS)
def test_a_cut_while_forwarding(machine: Machine, cut: str, soak: bool, tally: Tally) -> None:
    scene = machine.scene
    before = machine.keep(scene.pack)
    arguments = scene.forward_arguments()
    # It goes the way of `pack`: each run tries one cut of each kind.
    cuts = machine.plan_cuts(scene.bob, arguments, cut, 25 if soak else 1)
    n_changes = len(machine.changes(scene.bob, arguments))
    for faults in cuts:
        outcome = machine.run(scene.bob, arguments, faults)
        assert (outcome.code == 0) == (faults.cut_before > n_changes)
        with machine.disk.plugged_in():
            check_forward(before, outcome)
    tally.count("crash", WHAT, len(cuts))


def test_a_cut_brings_no_plaintext_back_that_a_failed_unpack_has_removed(
    machine: Machine, soak: bool, tally: Tally
) -> None:
    scene = machine.scene
    before = machine.keep(scene.pack)
    changes = machine.changes(scene.bob, scene.unpack_arguments())
    second_table = changes.index("write /out/visits.csv.partial") + 1
    n_cuts = 20 if soak else 3
    for seed in range(n_cuts):
        faults = Faults(full_at=second_table, cut="some" if seed else "undelete", seed=seed)
        machine.set_back()
        with machine.disk.plugged_in(faults):
            outcome = scene.run(scene.bob, scene.unpack_arguments())
            assert outcome.error == "disk_full"
            machine.disk.cut_now()
        with machine.disk.plugged_in():
            check_unpack(before, outcome, "ENOSPC")
    tally.count("crash", WHAT, n_cuts)


@pytest.mark.parametrize("step", ["create", "add", "remove"])
def test_a_cut_while_a_desk_is_set_up(
    machine: Machine, step: str, soak: bool, tally: Tally
) -> None:
    scene = machine.scene
    contacts = ContactBook(scene.ann.home / "contacts")
    card, bob = str(scene.folder / "bob.card"), scene.identity(scene.bob).fingerprint
    with machine.disk.plugged_in():
        cy = Desk(scene.folder, "cy")
    desk, arguments, file, prepare = {
        "create": (cy, "identity create --name Cy", cy.home / "identity.json", lambda: None),
        "add": (
            scene.ann,
            f"contact add {card} --as bob --fingerprint {bob}",
            scene.ann.home / "contacts" / "bob.json",
            lambda: contacts.remove("bob"),
        ),
        "remove": (
            scene.ann,
            "contact remove bob",
            scene.ann.home / "contacts" / "bob.json",
            lambda: None,
        ),
    }[step]
    command = [*arguments.split(), "--json"]
    machine.keep(prepare)
    n_cuts = 0
    for cut in CUTS if soak else CUTS[:2]:
        for faults in machine.plan_cuts(desk, command, cut, 12 if soak else 2):
            outcome = machine.run(desk, command, faults)
            with machine.disk.plugged_in():
                if outcome.code == 0:
                    assert file.exists() == (step != "remove"), "it was reported, and is undone"
                # Done already, or done now.
                assert scene.run(desk, command).code in (0, 30)
                assert file.exists() == (step != "remove")
            n_cuts += 1
    tally.count("crash", WHAT, n_cuts)
