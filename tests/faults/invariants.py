"""What must hold after a run that finished, failed or was killed, whatever was done to it.

`check_pack`, `check_unpack` and `check_forward` hold what is there to it, and end with a next run,
undisturbed, that must succeed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from securexfer import errors
from securexfer.custody.register import Entry
from securexfer.partial import PARTIAL_SUFFIX
from tests.faults.scene import CANARY, DESCRIPTOR, TABLES, Outcome, Scene
from tests.whole.cli import Desk

# What our compressor writes first: no plaintext, but nothing that was encrypted either.
COMPRESSED = b"\x1f\x8b\x08\x00\x00\x00\x00\x00"
NO_ROOM = ("ENOSPC", "EDQUOT")
REGISTER_FILES = {"register.jsonl", "register.head", "register.lock"}


def documented_codes() -> set[int]:
    """Every exit status that the tree of errors knows, but that of a bug."""
    found, tree = {0}, [errors.SecurexferError]
    while tree:
        kind = tree.pop()
        found.add(kind.exit_code)
        tree += kind.__subclasses__()
    return found - {errors.InternalError.exit_code}


class Before:
    """What was there before a run: extracts, registers and names of files."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.kept = {path: _stamp(path) for path in _files(scene.source)}
        self.entries = {desk.name: self._entries(desk) for desk in (scene.ann, scene.bob)}
        self.counts = {desk.name: head_count(desk) for desk in (scene.ann, scene.bob)}
        self.names = {
            folder: set(_files(folder))
            for folder in (
                scene.ann.home,
                scene.bob.home,
                scene.drive,
                scene.temp,
                scene.out,
                scene.relay,
            )
        }
        if scene.bundle.exists():
            self.kept[scene.bundle] = _stamp(scene.bundle)

    def _entries(self, desk: Desk) -> list[Entry]:
        return self.scene.register(desk).entries()

    def new(self, folder: Path) -> set[Path]:
        """Files that came to be since."""
        return set(_files(folder)) - self.names[folder]

    def check_kept(self) -> None:
        """What the run only reads is as it was, and no entry of a register is lost."""
        for path, stamp in self.kept.items():
            assert _stamp(path) == stamp, f"{path.name} was changed"
        for desk in (self.scene.ann, self.scene.bob):
            # Raises if the register would keep everybody from working.
            now = self._entries(desk)
            then = self.entries[desk.name]
            assert now[: len(then)] == then, f"the register of {desk.name} lost entries"
            # Else nobody would see it if entries were cut off.
            assert head_count(desk) >= self.counts[desk.name], f"{desk.name} has lost the head"


def head_count(desk: Desk) -> int:
    """How many entries the head of a register vouches for."""
    head = json.loads((desk.home / "register.head").read_bytes())
    count: int = json.loads(head["payload"])["count"]
    return count


def check_words(outcome: Outcome, fault: str = "") -> None:
    """What a run may say: a documented code, a full disk by its name, no trace and no cell."""
    assert outcome.is_killed or outcome.code in documented_codes(), outcome
    assert b"Traceback" not in outcome.output, outcome
    assert CANARY not in outcome.output
    if outcome.code > 0:
        assert outcome.error, "it gives no reason"
    if fault in NO_ROOM and outcome.code > 0:
        assert outcome.error == errors.DiskFullError.code, outcome


def check_pack(
    before: Before,
    outcome: Outcome,
    fault: str = "",
    *,
    stuck: bool = False,
    mute: bool = False,
) -> None:
    """All invariants of `pack`, for a drive that had no bundle.

    Args:
        before: taken before the run.
        outcome: of the run.
        fault: which error was injected, if one was.
        stuck: the drive let nothing be removed any more, or is another one now.
        mute: the register could not be written any more, not even to say that the pack failed.
    """
    scene = before.scene
    _check_sent(before, outcome, fault, scene.ann, scene.bundle, stuck=stuck)
    if outcome.code == 0 or scene.bundle.exists():
        scene.check_bundle()
    events = [entry.event for entry in _new_entries(before, scene.ann)]
    if scene.bundle.exists():
        assert events == ["packed"], f"{outcome}: {events} in the register"
    elif not outcome.is_killed and not mute:
        assert events in ([], ["packed", "pack-failed"]), f"{outcome}: {events} in the register"
    if not stuck:
        _check_next_pack(before)


def check_forward(
    before: Before, outcome: Outcome, fault: str = "", *, stuck: bool = False, mute: bool = False
) -> None:
    """All invariants of `forward`, to a drive that had no bundle; the arguments are as above."""
    scene = before.scene
    _check_sent(before, outcome, fault, scene.bob, scene.forwarded, stuck=stuck)
    assert before.new(scene.drive) == set(), f"{outcome}: left something beside the bundle"
    assert before.new(scene.out) == set(), f"{outcome}: unpacked something"
    if outcome.code == 0 or scene.forwarded.exists():
        scene.check_forwarded()
    events = [entry.event for entry in _new_entries(before, scene.bob)]
    if outcome.code > 0 and events[-1:] == ["unpack-refused"]:
        # What was read of the bundle made it look like one that must be refused.
        events.pop()
    if scene.forwarded.exists():
        assert events == ["forwarded"], f"{outcome}: {events} in the register"
    elif not outcome.is_killed and not mute:
        known: list[list[str]] = [[], ["forwarded", "forward-failed"]]
        assert events in known, f"{outcome}: {events} in the register"
    if not stuck:
        _check_next_forward(before)


def check_unpack(before: Before, outcome: Outcome, fault: str = "") -> None:
    """All invariants of `unpack`, into a folder that was not there or empty."""
    scene = before.scene
    check_words(outcome, fault)
    before.check_kept()
    _check_home(before, scene.bob, outcome)
    for folder in (scene.drive, scene.bob.home, scene.temp):
        _check_no_plaintext(folder)
    left = before.new(scene.out)
    finals = {scene.out / f"{table}.csv": scene.expected(table) for table in TABLES}
    descriptor, receipt = scene.out / DESCRIPTOR, scene.receipt()
    if outcome.code == 0:
        assert left == {*finals, descriptor, receipt}
    elif not outcome.is_killed:
        assert left == set(), f"{outcome}: left {left}"
    for path in left - {descriptor}:
        if path == receipt:
            scene.check_receipt()
        elif path in finals:
            assert path.read_bytes() == finals[path], f"{path.name} is not whole"
        else:
            assert path.suffix == PARTIAL_SUFFIX, f"{path.name} was left"
    if left:
        _check_recorded(before, left)
    _check_next_unpack(before)


def check_register(scene: Scene, desk: Desk) -> None:
    """The register verifies, by the program's own command in the library's words."""
    identity = scene.identity(desk)
    scene.register(desk).verify({identity.fingerprint: identity.keys.public})


def _check_sent(
    before: Before, outcome: Outcome, fault: str, desk: Desk, target: Path, *, stuck: bool
) -> None:
    """What holds wherever a bundle is made."""
    check_words(outcome, fault)
    before.check_kept()
    partial = target.with_name(target.name + PARTIAL_SUFFIX)
    allowed = {partial} if outcome.is_killed or stuck else set()
    if outcome.code == 0 or outcome.is_killed:
        allowed.add(target)
    new = before.new(target.parent)
    assert new <= allowed, f"{outcome}: left {new}"
    _check_home(before, desk, outcome)
    for folder in (target.parent, desk.home, before.scene.temp):
        _check_no_plaintext(folder)


def _check_home(before: Before, desk: Desk, outcome: Outcome) -> None:
    new = before.new(desk.home)
    # Locks stay, and hold nothing.
    locks = {path for path in new if path.parent == desk.home / "locks" and path.suffix == ".lock"}
    assert not any(path.stat().st_size for path in locks)
    names = {str(path.relative_to(desk.home)) for path in new - locks}
    allowed = set(REGISTER_FILES)
    if outcome.is_killed:
        allowed.add(f"register.head{PARTIAL_SUFFIX}")
    assert names <= allowed, f"{outcome}: left {names} in the home"
    assert before.new(before.scene.temp) == set(), "something was left in the temporary folder"


def _check_no_plaintext(folder: Path) -> None:
    for path in _files(folder):
        data = path.read_bytes()
        assert CANARY not in data, f"plaintext in {path}"
        assert COMPRESSED not in data, f"compressed plaintext in {path}"


def _check_recorded(before: Before, left: set[Path]) -> None:
    """Whatever was left in the output folder was in the register before it was begun."""
    scene = before.scene
    entries = _new_entries(before, scene.bob)
    started = [entry for entry in entries if entry.event == "unpack-started"]
    assert started, "not recorded before it was begun"
    details = started[-1].details
    recorded = {Path(details["folder"]) / name for name in details["files"]}
    assert {path.with_name(path.name.removesuffix(PARTIAL_SUFFIX)) for path in left} <= recorded


def _new_entries(before: Before, desk: Desk) -> list[Entry]:
    return before.scene.register(desk).entries()[len(before.entries[desk.name]) :]


def _check_next_pack(before: Before) -> None:
    """The next run works, replaces what was left, and leaves nothing but its bundle."""
    scene = before.scene
    scene.pack(force=True)
    scene.check_bundle()
    assert before.new(scene.drive) <= {scene.bundle}
    check_register(scene, scene.ann)


def _check_next_forward(before: Before) -> None:
    """The next run works, replaces what was left, and leaves nothing but its bundle."""
    scene = before.scene
    scene.forward(force=True)
    scene.check_forwarded()
    assert before.new(scene.relay) <= {scene.forwarded}
    check_register(scene, scene.bob)


def _check_next_unpack(before: Before) -> None:
    """The next run, even if it is refused, removes what was left; and one elsewhere works."""
    scene = before.scene
    with suppress(errors.SecurexferError):
        scene.unpack(scene.out)
    partials = {path for path in before.new(scene.out) if path.suffix == PARTIAL_SUFFIX}
    assert partials == set(), "unfinished plaintext stays"
    elsewhere = scene.folder / "elsewhere"
    scene.unpack(elsewhere)
    for table in TABLES:
        assert (elsewhere / f"{table}.csv").read_bytes() == scene.expected(table)
    check_register(scene, scene.bob)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if not path.is_dir())


def _stamp(path: Path) -> tuple[bytes, int]:
    return path.read_bytes(), path.stat().st_mtime_ns
