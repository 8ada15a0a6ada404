"""What kind of medium a path is on, in as many situations as people have."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from securexfer.crypto.canonical import encode_canonical
from securexfer.medium.medium import (
    FAT_MAX_FILE_BYTES,
    Kind,
    Medium,
    Roots,
    describe_medium,
    find_medium,
    list_drives,
)
from tests.assurance import Tally
from tests.unit.machine import Machine, desktop, plug_in
from tests.unit.situations import SITUATIONS


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return desktop(tmp_path)


def test_there_are_enough_situations_of_every_kind() -> None:
    kinds = [one.kind for one in SITUATIONS.values()]
    assert len(kinds) >= 25
    assert set(kinds) == set(Kind)


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_situation_is_told_for_what_it_is(name: str, machine: Machine, tally: Tally) -> None:
    wanted = SITUATIONS[name]
    found = machine.find(wanted.build(machine))
    assert (found.kind, found.file_system) == (wanted.kind, wanted.file_system)
    assert (found.label, found.serial) == (wanted.label, wanted.serial)
    tally.count("media", "situations that a path can be in, told apart")


@pytest.mark.parametrize(
    ("name", "is_read_anew"),
    [
        ("a pen drive that is mounted over another disk", True),
        ("an encrypted volume on a pen drive", True),
        ("an overlay over a pen drive", True),
        ("a logical volume on an encrypted one", True),
        ("a pen drive over FUSE, of which udev knows", False),
        ("a pen drive over FUSE, of which nobody knows more", False),
        ("an encrypted folder on a pen drive", False),
        ("an encrypted folder on the disk", False),
        ("an image of a drive, on the disk", False),
        ("a partition in an image", False),
        ("an encrypted container in a file on a pen drive", False),
        ("memory", False),
        ("memory, compressed", False),
        ("a disk over iSCSI", False),
        ("a pool of disks", False),
    ],
)
def test_what_is_read_back_from_memory_is_not_called_the_drive(
    name: str, is_read_anew: bool, machine: Machine
) -> None:
    found = machine.find(SITUATIONS[name].build(machine))
    assert found.is_read_anew is is_read_anew
    assert found.describe_reading() == ("from the drive" if is_read_anew else "perhaps from memory")


class TestADamagedMachine:
    """Whatever /proc, /sys and the others say, there is an answer."""

    def test_files_that_hold_anything_at_all(
        self, tmp_path: Path, soak: bool, tally: Tally
    ) -> None:
        chance = random.Random(14)
        n_cases = 0
        for name in SITUATIONS:
            machine = desktop(tmp_path / str(n_cases))
            path = SITUATIONS[name].build(machine)
            for _ in range(60 if soak else 4):
                if not damage(machine, chance):
                    break
                assert isinstance(machine.find(path), Medium)
                for drive in list_drives(machine.roots):
                    encode_canonical(drive.medium.identify())
                n_cases += 1
            shutil.rmtree(machine.folder)
        tally.count("media", "damaged /proc and /sys, survived", n_cases)

    def test_nothing_at_all(self, tmp_path: Path) -> None:
        nowhere = Roots(*(tmp_path / name for name in "abcd"))
        assert find_medium(tmp_path, nowhere) == Medium(Kind.UNKNOWN)
        assert list(list_drives(nowhere)) == []

    @pytest.mark.parametrize("flag", ["", "2", "0\0", "no", "\udcff"])
    def test_a_flag_that_is_none_is_not_a_no(self, machine: Machine, flag: str) -> None:
        disk = machine.disk("pci0000:00/host7/block/sdh", "8:112")
        (disk / "removable").write_bytes(os.fsencode(flag))
        folder = machine.mount("data", "8:112", "ext4", "/dev/sdh")
        assert machine.find(folder).kind is Kind.UNKNOWN

    @pytest.mark.parametrize("path", ["a\0b", "\udcff", "x" * 5000, ""])
    def test_a_path_that_can_not_be_one(self, machine: Machine, path: str) -> None:
        assert machine.find(Path(path)).kind in (Kind.UNKNOWN, Kind.INTERNAL)

    def test_a_link_to_itself(self, machine: Machine) -> None:
        link = machine.tree / "round"
        link.symlink_to(link)
        assert machine.find(link / "new").kind is Kind.INTERNAL

    def test_a_folder_called_as_a_bus_is_no_bus(self, tmp_path: Path) -> None:
        machine = desktop(tmp_path / "usb1" / "fw0" / "session1")
        assert machine.find(machine.tree).kind is Kind.INTERNAL


def damage(machine: Machine, chance: random.Random) -> bool:
    """Change one thing of what the system tells; whether there was still a file to change."""
    roots = machine.roots
    told = [
        path
        for root in (roots.proc, roots.sys, roots.dev, roots.run)
        for path in sorted(root.rglob("*"))
        if path.is_symlink() or path.is_file()
    ]
    if not told:
        return False
    path = chance.choice(told)
    data = b"" if path.is_symlink() else path.read_bytes()
    path.unlink()
    match chance.randrange(7):
        case 0:
            path.write_bytes(chance.randbytes(chance.randrange(300)))
        case 1:
            path.write_bytes(data[: chance.randrange(len(data) + 1)])
        case 2:
            place = chance.randrange(len(data) + 1)
            path.write_bytes(data[:place] + chance.randbytes(3) + data[place + 1 :])
        case 3:
            path.mkdir()
        case 4:
            path.symlink_to(path)
        case 5:
            path.symlink_to(chance.choice(told))
        case 6:
            path.write_bytes(data.replace(b" ", b"  ").replace(b"0", b"9"))
    return True


class TestDrives:
    def test_each_is_there_once_at_its_shortest_place(self, machine: Machine) -> None:
        plug_in(machine)
        machine.mount("m", "8:17", "vfat", "/dev/sdb1", root="/folder")
        machine.mount("media/stick-again", "8:17", "vfat", "/dev/sdb1")
        machine.mount("share", "0:40", "nfs4", "server:/share")
        machine.mount("run", "0:24", "tmpfs", "tmpfs")
        machine.mount("proc", "0:21", "proc", "proc")
        machine.mount("snap", "7:3", "squashfs", "/dev/loop3")
        machine.mount("box", "0:60", "overlay", "overlay")
        found = {drive.mount_point: drive.medium for drive in list_drives(machine.roots)}
        assert {path: medium.kind for path, medium in found.items()} == {
            Path("/"): Kind.INTERNAL,
            machine.tree / "media" / "stick": Kind.REMOVABLE,
            machine.tree / "share": Kind.NETWORK,
        }
        assert found[machine.tree / "media" / "stick"].label == "PEN DRIVE"

    def test_the_volumes_of_one_btrfs_are_one_drive(self, machine: Machine) -> None:
        for place, root in (("home", "/@home"), ("var", "/@var")):
            machine.mount(place, "0:31", "btrfs", "/dev/sda3", root=root)
        assert [drive.mount_point for drive in list_drives(machine.roots)] == [
            Path("/"),
            machine.tree / "var",
        ]

    def test_this_machine_can_say(self) -> None:
        for drive in list_drives():
            assert drive.mount_point.is_absolute()


class TestTheMedium:
    @pytest.mark.parametrize(
        ("label", "shown"),
        [
            ("PEN DRIVE  ", "PEN DRIVE"),
            ("\x1b[2Jgone", "�[2Jgone"),
            ("a\nb\tc\0d", "a�b�c�d"),
            ("right\u202eleft", "right�left"),
            ("\udcff\ud800", "��"),
            ("x" * 1000, "x" * 128),
            ("Zoë & Jürgen", "Zoë & Jürgen"),
        ],
    )
    def test_what_somebody_called_a_drive_is_one_line_of_text(self, label: str, shown: str) -> None:
        medium = Medium(Kind.REMOVABLE, label, label, label)
        assert (medium.label, medium.serial, medium.file_system) == (shown, shown, shown)
        encode_canonical(medium.identify())

    def test_what_is_recorded_of_it(self) -> None:
        medium = describe_medium(Kind.REMOVABLE, "STICK", "4C53", "VFAT")
        assert medium.classify() == {"kind": "removable", "file_system": "vfat"}
        assert medium.identify() == {**medium.classify(), "label": "STICK", "serial": "4C53"}
        assert medium.describe() == "removable, vfat, label STICK, serial 4C53"
        assert Medium(Kind.UNKNOWN).describe() == "unknown, unknown file system"

    @pytest.mark.parametrize(
        ("name", "largest", "modes", "case"),
        [
            ("vfat", FAT_MAX_FILE_BYTES, False, False),
            ("msdos", FAT_MAX_FILE_BYTES, False, False),
            ("FAT32", FAT_MAX_FILE_BYTES, False, False),
            ("exFAT", None, False, False),
            ("NTFS", None, False, False),
            ("cifs", None, False, False),
            ("apfs", None, True, False),
            ("ext4", None, True, True),
            ("nfs4", None, True, True),
            ("", None, True, True),
        ],
    )
    def test_the_limits_of_its_file_system(
        self, name: str, largest: int | None, modes: bool, case: bool
    ) -> None:
        limits = describe_medium(Kind.REMOVABLE, file_system=name).limits
        assert limits.max_file_bytes == largest
        assert (limits.keeps_modes, limits.is_case_sensitive) == (modes, case)
