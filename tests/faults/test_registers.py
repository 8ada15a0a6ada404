"""The register: many at once, killed at any call, on a disk that can't be written any more."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from securexfer.crypto.identity import Identity, create_identity
from securexfer.custody.entry import public_keys
from securexfer.custody.register import Actor, Register
from tests.assurance import Tally
from tests.attack.face import Face
from tests.faults.injection import KILL, VARIANTS, Fault, strace
from tests.faults.mounts import BadDrive, tmpfs
from tests.faults.writer import hand_over
from tests.world import START, World, keep_all

PROJECT = Path(__file__).parents[2]
CALLS = ("open", "write", "fsync", "rename", "close")
NAMES = ("register.jsonl", "register.head", "register.head.partial")


@pytest.fixture(scope="module")
def identity() -> Identity:
    return create_identity(name="Ann", organisation="", email="", created_at=START)


def start_writers(
    identity: Identity,
    path: Path,
    *numbers: int,
    under: list[str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run `tests.faults.writer`."""
    program = [sys.executable, "-m", "tests.faults.writer", str(path), *map(str, numbers)]
    return subprocess.run(
        [*(under or []), *program],
        input=hand_over(identity),
        capture_output=True,
        cwd=PROJECT,
        timeout=300,
        check=False,
    )


def done(run: subprocess.CompletedProcess[bytes]) -> dict[int, str]:
    """Entries that a writer was told are stored: number to hash."""
    lines = run.stdout.decode().splitlines()
    return {int(number): sha256 for number, sha256 in map(str.split, lines)}


def check_complete(identity: Identity, path: Path, told: dict[int, str]) -> int:
    """Every entry that somebody was told of is there, and all is in order; how many there are."""
    entries = Register(path, Actor("ann", "desk")).verify(public_keys(identity))
    hashes = {entry.number: entry.sha256 for entry in entries}
    assert told.items() <= hashes.items()
    return len(entries)


@pytest.mark.parametrize("place", ["local disk", "drive of another kind"])
def test_many_writers_at_once_lose_no_entry(
    place: str, identity: Identity, tmp_path: Path, tally: Tally, soak: bool
) -> None:
    """Twenty jobs and people at one register, while others check it."""

    def write_at_once(folder: Path, n_writers: int, n_entries: int) -> None:
        path = folder / "home" / "register.jsonl"
        run = start_writers(identity, path, n_writers, n_entries, 2)
        assert run.returncode == 0, run.stderr.decode()
        told = done(run)
        assert len(told) == n_writers * n_entries
        assert check_complete(identity, path, told) == n_writers * n_entries
        users = Counter(e.actor.user for e in Register(path, Actor("ann", "desk")).entries())
        assert set(users.values()) == {n_entries}
        assert len(users) == n_writers
        tally.count("register", "entries by writers at once, none lost", n_writers * n_entries)

    if place == "local disk":
        write_at_once(tmp_path, 20, 25 if soak else 4)
    else:
        with BadDrive(tmp_path).plugged_in() as mount:
            write_at_once(mount, 20 if soak else 5, 3)


def count_calls(program: str, identity: Identity, folder: Path, n_before: int) -> Counter[str]:
    """How often an undisturbed writer makes each kind of call on the register's files."""
    path, trace = prepared(identity, folder, n_before), folder / "trace"
    names = ",".join(VARIANTS[call] for call in CALLS)
    under = strace(program, trace, paths_of(path), ["--seccomp-bpf", "-e", f"trace={names}"])
    run = start_writers(identity, path, 1, N_ENTRIES, 0, under=under)
    assert run.returncode == 0, run.stderr.decode()
    kinds = {name: call for call in CALLS for name in VARIANTS[call].split(",")}
    calls = [line.split(maxsplit=1)[1].split("(")[0] for line in trace.read_text().splitlines()]
    return Counter(kinds[call] for call in calls if call in kinds)


N_ENTRIES = 3


def prepared(identity: Identity, folder: Path, n_before: int) -> Path:
    """A register with some entries; with none, it is not there at all."""
    folder.mkdir()
    path = folder / "home" / "register.jsonl"
    path.parent.mkdir()
    for _ in range(n_before):
        Register(path, Actor("ann", "desk")).append(identity, "drill", {}, START)
    return path


def paths_of(path: Path) -> list[Path]:
    return [path.parent, *(path.with_name(name) for name in NAMES)]


@pytest.mark.parametrize("n_before", [0, 2])
def test_a_kill_at_any_call_loses_no_entry_that_was_stored(
    n_before: int,
    identity: Identity,
    tmp_path: Path,
    tool: Callable[[str], str],
    tally: Tally,
    soak: bool,
) -> None:
    program = tool("strace")
    counted = count_calls(program, identity, tmp_path / "counted", n_before)
    assert all(counted[call] for call in CALLS), "the program makes no such call any more"
    places = [(call, turn) for call in CALLS for turn in range(1, counted[call] + 1)]
    # Spread evenly over all of them, and not the same ones for both kinds of register.
    chosen = places if soak else places[n_before :: max(len(places) // 6, 1)]
    for number, (call, turn) in enumerate(chosen):
        folder = tmp_path / str(number)
        path, trace = prepared(identity, folder, n_before), folder / "trace"
        under = strace(program, trace, paths_of(path), Fault(call, KILL, turn).options())
        run = start_writers(identity, path, 1, N_ENTRIES, 0, under=under)
        assert b"killed by SIGKILL" in trace.read_bytes(), f"{call} {turn} did not happen"
        told = done(run)
        assert n_before + len(told) <= check_complete(identity, path, told) <= n_before + 3
        again = start_writers(identity, path, 1, 1, 0)
        assert again.returncode == 0, again.stderr.decode()
        check_complete(identity, path, {**told, **done(again)})
        tally.count("register", "writers killed at a call, no stored entry lost")


# -- a register that can't be written -------------------------------------------------------------


class Scene:
    """`bob` has one bundle unpacked and another to open; his home is on a small disk."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        paths = [self.pack(n) for n in range(2)]
        self.world.bob.unpack(paths[0], folder / "opened")
        card = folder / "eve.card"
        card.write_bytes(self.world.eve.identity.card.encode())
        opened = self.world.bob.register.entries()[-1].details["bundle_id"]
        eve = self.world.eve.identity.fingerprint
        contacts = self.world.bob.home / "contacts"
        # What must not happen without an entry: a command, and the folder that it would change.
        self.commands: dict[str, tuple[list[str | Path], Path]] = {
            "unpack": (["unpack", paths[1], "-o", folder / "in"], folder / "in"),
            "release-password": (["release-password", paths[1]], self.world.bob.home),
            "destroy": (["destroy", opened], folder / "opened"),
            "contact add": (["contact", "add", card, "--fingerprint", eve], contacts),
            "contact remove": (["contact", "remove", "cat"], contacts),
        }

    def pack(self, n: int) -> Path:
        folder = self.world.drive / str(n)
        folder.mkdir()
        recipe = keep_all("t", ["x"])
        return self.world.ann.pack({"t": b"x\n1\n"}, recipe, [self.world.bob], folder).path


@contextmanager
def read_only(home: Path) -> Iterator[None]:
    for mode in ("ro", "rw"):
        command = ["mount", "-o", f"remount,{mode}", str(home)]
        subprocess.run(command, check=True, capture_output=True)
        if mode == "ro":
            yield


@contextmanager
def full(home: Path) -> Iterator[None]:
    filler = home / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    yield
    filler.unlink()


@contextmanager
def damaged(home: Path) -> Iterator[None]:
    path = home / "register.jsonl"
    honest = path.read_bytes()
    path.write_bytes(honest.replace(b"unpacked", b"unpackee", 1))
    yield
    path.write_bytes(honest)


@contextmanager
def cut_off(home: Path) -> Iterator[None]:
    path = home / "register.jsonl"
    honest = path.read_bytes()
    path.write_bytes(b"".join(honest.splitlines(keepends=True)[:-1]))
    yield
    path.write_bytes(honest)


WAYS = {"read-only": read_only, "full": full, "damaged": damaged, "cut off": cut_off}


def test_nothing_is_released_where_the_register_can_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    with tmpfs(tmp_path / "bob", 512 * 1024) as home:
        scene = Scene(tmp_path)
        face, bob = Face(scene.world, monkeypatch), scene.world.bob
        face.run(bob, "register", "list")
        for way, made in WAYS.items():
            for name, (command, place) in scene.commands.items():
                before = contents(place)
                with made(home):
                    answer = face.run(bob, *command)
                assert answer.exit_code == (80 if way == "full" else 70), (way, name, answer)
                assert contents(place) == before, (way, name)
                tally.count("register", "ways to release something unrecorded, refused")
        with read_only(home):
            # Who only looks need not write.
            for look in ("list", "verify", "export"):
                assert face.run(bob, "register", look).exit_code == 0
        for command, _ in scene.commands.values():
            assert face.run(bob, *command).exit_code == 0
        assert face.run(bob, "register", "verify").exit_code == 0


def contents(folder: Path) -> dict[Path, bytes]:
    """What is in a folder; a lock says nothing."""
    return {
        path: path.read_bytes()
        for path in (folder.rglob("*") if folder.exists() else ())
        if path.is_file() and path.name not in ("register.lock", "register.jsonl")
    }
