"""What must hold after a run that finished, failed or was killed, whatever was done to it.

A `Scene` has two desks, an extract with a canary in each cell, a drive, and a temporary folder. A
test breaks something, runs the real program, and then holds what is there to the invariants:
`check_pack`, `check_unpack` or `check_forward`, which end with a next run, undisturbed, that must
succeed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from securexfer import errors
from securexfer.content import counted_rows
from securexfer.crypto.identity import Identity
from securexfer.custody.receipt import open_receipt
from securexfer.custody.register import Actor, Entry, Register
from securexfer.custody.statement import statement_name
from securexfer.forwarding import ForwardOrder, forward
from securexfer.home import desk as home
from securexfer.home.contacts import ContactBook
from securexfer.instant import system_clock
from securexfer.order import PackOrder
from securexfer.packing import pack
from securexfer.partial import PARTIAL_SUFFIX
from securexfer.planning import Input, open_extracts
from securexfer.recipe.reading import read_recipe
from securexfer.reporting import SilentReporter
from securexfer.unpacking import unpack
from securexfer.verifying import Verified, inspect, pinned_senders, verify
from tests.whole.cli import Desk, two_desks
from tests.world import allow_forwarding, csv_bytes, recipe_text

CANARY = b"QZXCANARY"
# What our compressor writes first: no plaintext, but nothing that was encrypted either.
COMPRESSED = b"\x1f\x8b\x08\x00\x00\x00\x00\x00"
# Nothing here takes longer; what does, hangs.
TIMEOUT_SECONDS = 30.0
NO_ROOM = ("ENOSPC", "EDQUOT")
TABLES = ("people", "visits")
DESCRIPTOR = "datapackage.json"
REGISTER_FILES = {"register.jsonl", "register.head", "register.lock"}
_KEEP = '{ action = "keep" }'
# Cells of random letters and digits look like postcodes and plates now and then.
_NO_SCAN = """[limits]
residual = "off"
gate_reason = "made-up cells"
"""
_RECIPE = allow_forwarding(
    recipe_text({table: {"code": _KEEP, "note": _KEEP} for table in TABLES}, before=_NO_SCAN)
)


def documented_codes() -> set[int]:
    """Every exit status that the tree of errors knows, but that of a bug."""
    found, tree = {0}, [errors.SecurexferError]
    while tree:
        kind = tree.pop()
        found.add(kind.exit_code)
        tree += kind.__subclasses__()
    return found - {errors.InternalError.exit_code}


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        code: exit status, or minus the signal that killed it.
        output: all that it printed.
        error: the slug of its error, "" if it said none.
    """

    code: int
    output: bytes
    error: str

    @property
    def is_killed(self) -> bool:
        """Whether it was ended without a chance to tidy up."""
        return self.code < 0


class Scene:
    """`ann` packs for `bob`; each test works on a copy, so that all begin alike.

    What `bob` forwards goes to `ann` again: it makes no difference that she knows it.
    """

    def __init__(self, folder: Path, identities: dict[str, Identity]) -> None:
        self.folder = folder
        self.ann, self.bob = Desk(folder, "ann"), Desk(folder, "bob")
        self._identities = identities
        self.source, self.recipe = folder / "source", folder / "recipe.toml"
        self.drive, self.temp = folder / "drive", folder / "temp"
        self.bundle, self.out = self.drive / "bundle.zip", folder / "out"
        self.relay = folder / "relay"
        self.forwarded = self.relay / "forwarded.zip"

    @classmethod
    def build(cls, folder: Path, *, n_rows: int = 5) -> Scene:
        """Make everything; a second or two."""
        scene = cls(folder, {})
        for made in (scene.source, scene.drive, scene.temp, scene.relay):
            made.mkdir()
        for desk in two_desks(folder):
            passphrase = desk.secret.read_text().strip()
            scene._identities[desk.name] = home.Desk(desk.home).unlock(passphrase)
        scene.recipe.write_text(_RECIPE)
        for table in TABLES:
            rows = [
                [f"{CANARY.decode()} {table} {n} {column}" for column in ("code", "name", "note")]
                for n in range(n_rows)
            ]
            data = csv_bytes([["code", "name", "note"], *rows])
            (scene.source / f"{table}.csv").write_bytes(data)
        return scene

    def copy(self, folder: Path) -> Scene:
        """The same desks and files, elsewhere."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True, copy_function=shutil.copy2)
        return Scene(folder, self._identities)

    def expected(self, table: str) -> bytes:
        """What must come out of a table: its rows without the column `name`."""
        lines = (self.source / f"{table}.csv").read_bytes().splitlines(keepends=True)
        return b"".join(b",".join(line.split(b",")[::2]) for line in lines)

    # -- the program -----------------------------------------------------------------------------

    def pack_arguments(self, *more: str | Path) -> list[str]:
        """`pack` of both tables to the drive."""
        inputs = [str(self.source / f"{table}.csv") for table in TABLES]
        options = ["--recipe", str(self.recipe), "--to", "bob", "-o", str(self.bundle)]
        return ["pack", *inputs, *options, "--json", *map(str, more)]

    def unpack_arguments(self, *more: str | Path) -> list[str]:
        """`unpack` of the bundle on the drive."""
        return ["unpack", str(self.bundle), "-o", str(self.out), "--json", *map(str, more)]

    def forward_arguments(self, *more: str | Path) -> list[str]:
        """`forward` of the bundle on the drive to another drive."""
        options = ["--to", "ann", "-o", str(self.forwarded), "--json"]
        return ["forward", str(self.bundle), *options, *map(str, more)]

    def start(
        self, desk: Desk, arguments: Sequence[str], *, under: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        """Begin a run, `under` another program if one is given."""
        return subprocess.Popen(
            [*under, sys.executable, "-m", "securexfer", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**desk.environment(), "TMPDIR": str(self.temp)},
            cwd=self.folder,
        )

    def run(self, desk: Desk, arguments: Sequence[str], *, under: Sequence[str] = ()) -> Outcome:
        """A run, to its end."""
        return finish(self.start(desk, arguments, under=under))

    # -- the library, for everything that is not on trial ----------------------------------------

    def identity(self, desk: Desk) -> Identity:
        """The unlocked identity of a desk."""
        return self._identities[desk.name]

    def register(self, desk: Desk) -> Register:
        """The register of a desk."""
        return Register(desk.home / "register.jsonl", Actor(desk.name, "desk"))

    def pack(self, **order: Any) -> None:
        """Pack for bob, undisturbed."""
        recipe = read_recipe(self.recipe)
        inputs = [Input(table, self.source / f"{table}.csv") for table in TABLES]
        recipients = [ContactBook(self.ann.home / "contacts").get("bob")]
        with open_extracts(recipe.recipe, inputs) as opened:
            pack(
                PackOrder(recipe, recipients, self.bundle, **order),
                opened,
                self.identity(self.ann),
                self.register(self.ann),
                clock=system_clock,
                reporter=SilentReporter(),
            )

    def unpack(self, folder: Path, *, force: bool = False) -> None:
        """Unpack as bob, undisturbed."""
        with self._verified(self.bob, self.bundle) as verified:
            unpack(
                verified,
                folder,
                self.identity(self.bob),
                self.register(self.bob),
                clock=system_clock,
                reporter=SilentReporter(),
                force=force,
            )

    def forward(self, *, force: bool = False) -> None:
        """Forward as bob, undisturbed."""
        recipients = [ContactBook(self.bob.home / "contacts").get("ann")]
        with self._verified(self.bob, self.bundle) as verified:
            forward(
                verified,
                ForwardOrder(recipients, self.forwarded, force),
                self.identity(self.bob),
                self.register(self.bob),
                clock=system_clock,
                reporter=SilentReporter(),
            )

    def check_bundle(self) -> None:
        """Every check there is, and every row as it should be."""
        self._check(self.bob, self.bundle)

    def check_forwarded(self) -> None:
        """The same of what was forwarded, by whoever got it."""
        self._check(self.ann, self.forwarded)

    def _check(self, reader: Desk, bundle: Path) -> None:
        with self._verified(reader, bundle) as verified:
            assert [table.name for table in verified.manifest.tables] == list(TABLES)
            for table in verified.manifest.tables:
                rows = counted_rows(verified.inside, table, SilentReporter())
                assert b"".join(rows) == self.expected(table.name)

    def receipt(self) -> Path:
        """Where an unpack puts its receipt; the bundle must be there to say."""
        return self.out / statement_name("receipt", self.bundle_id())

    def check_receipt(self) -> None:
        """It opens for the sender, is bob's, about this bundle, and has no cell in it."""
        opened = open_receipt(
            self.receipt().read_bytes(),
            keys_for=self.identity(self.ann).keys_for,
            find={self.identity(self.bob).fingerprint: self.identity(self.bob).keys.public}.get,
        )
        assert opened.statement.bundle_id == self.bundle_id()
        assert [table.name for table in opened.statement.tables] == list(TABLES)
        assert CANARY.decode() not in repr(opened)

    def bundle_id(self) -> str:
        """Of the bundle on the drive."""
        with inspect(self.bundle, SilentReporter()) as outside:
            return outside.envelope.bundle_id

    def _verified(self, reader: Desk, bundle: Path) -> AbstractContextManager[Verified]:
        contacts = ContactBook(reader.home / "contacts")
        return verify(
            bundle,
            pinned_senders(contacts.list(), self.identity(reader).card),
            lambda: self.identity(reader),
            self.register(reader),
            clock=system_clock,
            reporter=SilentReporter(),
        )


def finish(process: subprocess.Popen[bytes]) -> Outcome:
    """Wait for a run; one that does not end has hung."""
    try:
        output, complaints = process.communicate(timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AssertionError("it hangs") from None
    slug = ""
    if output.strip():
        slug = json.loads(output).get("error", {}).get("code", "")
    return Outcome(process.returncode, output + complaints, slug)


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
