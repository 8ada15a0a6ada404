"""Keys and passwords: shown by nothing that a program prints, records or leaves to be looked at."""

from __future__ import annotations

import ast
import io
import json
import os
import pprint
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.pretty import pretty_repr

import securexfer
from securexfer.bundle.writer import BundleWriter
from securexfer.crypto.identity import rotate_identity
from securexfer.crypto.keys import SEED_BYTES, PrivateKeys
from securexfer.home.secrets import Passphrase, SecretSource
from securexfer.order import PackOrder
from securexfer.privacy.pipeline import Chunk
from securexfer.privacy.pseudonyms import ScopeKey
from tests.assurance import Tally
from tests.whole.cli import Desk, two_desks
from tests.whole.watch import Needles, files_below, overheard
from tests.world import START, World, keep_all, read

PASSPHRASE = "Wet-Otter-Plays-Nine-Quiet-Drums"


def seeds(keys: PrivateKeys) -> list[bytes]:
    return [getattr(keys, name) for name in SEED_BYTES]


def shown(thing: object) -> Iterator[str]:
    """What a log, a debugger or a report of a crash would make of it."""
    yield repr(thing)
    yield str(thing)
    yield format(thing)
    yield f"{[thing]!r} { ({'it': thing})!r}"
    yield "%s %r" % (thing, thing)  # noqa: UP031
    yield pprint.pformat(thing)
    yield pretty_repr(thing)
    try:
        raise ValueError(thing)
    except ValueError as error:
        caught = traceback.TracebackException.from_exception(error, capture_locals=True)
        yield "".join(caught.format())
    yield repr(vars(type(thing)))


def test_no_object_that_holds_a_secret_shows_it(world: World, tally: Tally) -> None:
    table = {"t": b"x\nsecretcell-secretcell\n"}
    path = world.ann.pack(table, keep_all("t", ["x"]), [world.bob], world.drive).path
    ann = rotate_identity(world.ann.identity, rotated_at=START)
    source = SecretSource(None, {"SECUREXFER_PASSPHRASE": PASSPHRASE}, lambda: PASSPHRASE)
    scope = ScopeKey(b"\x91\x02a secret key of some 32 bytes")
    writer = BundleWriter(io.BytesIO())
    with world.bob.verify(path) as verified:
        secrets = [
            *seeds(ann.keys),
            *seeds(ann.former[0]),
            *seeds(world.bob.identity.keys),
            ann.pseudonym_secret,
            world.bob.identity.pseudonym_secret,
            verified.inside.password.encode(),
            writer.password.encode(),
            scope.key,
            PASSPHRASE.encode(),
            b"secretcell-secretcell",
        ]
        needles = Needles.of_bytes(secrets)
        holders: list[object] = [
            ann,
            ann.keys,
            ann.former,
            world.bob.identity,
            scope,
            verified,
            verified.inside,
            Passphrase(PASSPHRASE, "a file"),
            source,
            source.passphrase("account"),
            Chunk(b"secretcell-secretcell", b"secretcell-secretcell"),
            writer,
            PackOrder(read(keep_all("t", ["x"])), [world.ann.contacts.get("bob")], world.drive),
        ]
        for holder in holders:
            for text in shown(holder):
                assert needles.find(text.encode()) == [], type(holder).__name__
        tally.count("hygiene", "Objects that hold a secret, shown in many ways", len(holders))
    writer.abandon()
    assert needles.find(repr(ann.pseudonym_secret).encode())
    assert needles.find(json.dumps(PASSPHRASE).encode())


# Members that hold a secret or cells, by the names that they have in this program.
SECRET_NAMES = {"x25519", "ml_kem_768", "ed25519", "ml_dsa_65", "pseudonym_secret", "former"}
SECRET_NAMES |= {"password", "text", "key", "plaintext", "compressed", "environment"}
PUBLIC = {"PublicKeys", "Signature", "Contact"}


def test_every_dataclass_hides_members_with_the_names_of_secrets() -> None:
    found = 0
    for name in sorted(sys.modules):
        if not name.startswith("securexfer."):
            continue
        for kind in vars(sys.modules[name]).values():
            if isinstance(kind, type) and is_dataclass(kind) and kind.__name__ not in PUBLIC:
                for member in fields(kind):
                    if member.name in SECRET_NAMES and kind.__module__ == name:
                        assert not member.repr, f"{kind.__name__}.{member.name}"
                        found += 1
    assert found >= 10


def test_nothing_is_logged_pickled_or_reported_with_its_locals() -> None:
    """Each of these would write what objects hold, and not what they show."""
    banned = {"logging", "pickle", "shelve", "marshal", "copyreg", "warnings", "faulthandler"}
    root = Path(securexfer.__file__).parent
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = set()
            if isinstance(node, ast.Import):
                names = {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {(node.module or "").split(".")[0]}
            elif isinstance(node, ast.Attribute | ast.Name):
                called = node.attr if isinstance(node, ast.Attribute) else node.id
                assert called not in {"print_exc", "format_exc", "print_exception", "asdict"}, path
            if path.name == "image.py":
                names -= {"warnings"}  # has those of the decoders kept quiet
            assert not names & banned, path


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desks")
    for name in ("ann", "bob"):
        secret = folder / f"secret-{name}"
        secret.write_text("")
    two_desks(folder)
    ann = Desk(folder, "ann")
    ann.run("pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "b.zip")
    return folder


def spoil(folder: Path, name: str, text: str | bytes, mode: int = 0o600) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


def exits(folder: Path) -> dict[str, list[str | Path]]:
    """Commands that end in each of the ways that have to do with secrets, or with extracts."""
    pack: list[str | Path] = ["pack", "people.csv", "--recipe", "people.toml", "--to", "bob"]
    pack += ["--force", "-o", "stick/b.zip"]
    unpack: list[str | Path] = ["unpack", "b.zip", "--force", "-o", "in"]

    def file(name: str, text: str | bytes, mode: int = 0o600) -> list[str | Path]:
        return ["--passphrase-file", spoil(folder, name, text, mode)]

    def new(name: str, text: str) -> list[str | Path]:
        return ["--new-passphrase-file", spoil(folder, name, text)]

    weak = spoil(folder, "weak", PASSPHRASE[:7])
    export: list[str | Path] = ["--export-passphrase-file", spoil(folder, "export", PASSPHRASE)]
    return {
        "pack": pack,
        "verify": ["verify", "b.zip"],
        "unpack": unpack,
        "inspect": ["inspect", "b.zip"],
        "show": ["identity", "show"],
        "card": ["identity", "card"],
        "contacts": ["contact", "list"],
        "register": ["register", "list"],
        "register checked": ["register", "verify"],
        "wrong passphrase": [*pack, *file("wrong", PASSPHRASE)],
        "wrong passphrase of the reader": [*unpack, *file("wrong", PASSPHRASE)],
        "passphrase for all to read": [*pack, *file("open", PASSPHRASE, 0o644)],
        "two lines": [*pack, *file("two", f"{PASSPHRASE}\n{PASSPHRASE}\n")],
        "no text": [*pack, *file("latin", PASSPHRASE.encode() + b"\xff")],
        "too long": [*pack, *file("long", PASSPHRASE * 500)],
        "missing file": [*pack, "--passphrase-file", folder / "none"],
        "as an option": [*pack, f"--passphrase={PASSPHRASE}"],
        "a second identity": ["identity", "create", "--name", "x", *file("wrong", PASSPHRASE)],
        "weak passphrase": [
            *("--home", folder / "new", "identity", "create", "--name", "x"),
            *file("weak", PASSPHRASE[:7]),
        ],
        "another passphrase": ["identity", "passphrase", *new("next", PASSPHRASE)],
        "back again": [
            *("identity", "passphrase", *file("next", PASSPHRASE)),
            *("--new-passphrase-file", folder / "secret-ann"),
        ],
        "a weak new one": ["identity", "passphrase", *new("weak", PASSPHRASE[:7])],
        "no new one": ["identity", "passphrase"],
        "no keyring": ["identity", "passphrase", "--to-keyring"],
        "backup": ["identity", "export", "--to-file", "a.identity", "--force", *export],
        "backup with the wrong one": ["identity", "import", "a.identity", *export[:1], weak],
        "another home": ["--home", folder / "moved", "identity", "import", "a.identity", *export],
        "somebody else is there": [
            *("--home", folder / "home-bob", "identity", "import", "a.identity", *export),
        ],
        "new keys": ["--home", folder / "moved", "identity", "rotate"],
        "not for us": ["--home", folder / "home-ann", "unpack", "b.zip", "-o", "in2"],
        "no bundle": ["unpack", "people.csv", "-o", "in3"],
        "no contact": ["contact", "show", "nobody"],
        "no such command": ["seal"],
    }


def test_no_way_to_end_shows_a_secret(desks: Path, tally: Tally, soak: bool) -> None:
    ann, bob = Desk(desks, "ann"), Desk(desks, "bob")
    password = bob.run("release-password", "b.zip").stdout.strip()
    needles = Needles.of_bytes(
        [password, PASSPHRASE.encode(), *(d.secret.read_bytes().strip() for d in (ann, bob))]
    )
    codes = set()
    n = 0
    for name, command in exits(desks).items():
        desk = bob if command[0] in ("verify", "unpack") else ann
        for extra in (["--json"], ["-v"], *([[]] if soak else [])):
            run = desk.run(*command, *extra, check=None)
            codes.add(run.returncode)
            assert b"Traceback" not in run.stderr, name
            assert needles.find(run.stdout + b"\0" + run.stderr) == [], name
            n += 1
    assert {0, 2, 30, 50} <= codes
    for place in (ann.home, bob.home, desks / "stick", desks / "in"):
        for path, data in files_below(place):
            assert needles.find(data) == [], path
    tally.count("hygiene", "Ways to end, without a secret in what is said or written", n)


def without_rights(tool: Callable[[str], str]) -> list[str]:
    """As root: give up what lets root look into every process, as another user's program would."""
    if os.geteuid() != 0:
        return []
    return [tool("setpriv"), "--bounding-set=-all", "--inh-caps=-all"]


@contextmanager
def waiting(command: list[str], **more: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits for its standard input."""
    run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, **more)
    try:
        yield run
    finally:
        run.kill()
        run.wait(30)
        if run.stdin is not None:
            run.stdin.close()


def can_look(prefix: list[str], pid: int, name: str) -> bool:
    program = (
        "import os, sys\n"
        f"path = '/proc/{pid}/{name}'\n"
        "try: os.listdir(path) if os.path.isdir(path) else open(path, 'rb').close()\n"
        "except PermissionError: sys.exit(1)\n"
    )
    return subprocess.run([*prefix, sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")
def test_another_process_of_the_same_user_can_not_look_into_a_run(
    desks: Path, tool: Callable[[str], str], tally: Tally
) -> None:
    prefix = without_rights(tool)
    doors = ("environ", "mem", "maps", "auxv", "cwd")
    ann = Desk(desks, "ann")
    pack = ["pack", "people=-", "--recipe", "people.toml", "--to", "bob", "-o", "stick/x.zip"]
    command = [*prefix, sys.executable, "-m", "securexfer", *pack]
    with waiting([*prefix, sys.executable, "-c", "input()"]) as other:
        time.sleep(0.5)
        # What can be seen of any other program of this user.
        assert all(can_look(prefix, other.pid, name) for name in doors)
    with waiting(command, env=ann.environment(), cwd=desks) as run, overheard(run.pid) as heard:
        assert run.stdin is not None
        run.stdin.write(b"id,name,born,town\n1,Ann,1980-02-03,York\n")
        run.stdin.flush()
        until = time.monotonic() + 30
        while can_look(prefix, run.pid, "environ"):
            assert time.monotonic() < until, "it can be looked into"
        assert run.poll() is None
        assert [name for name in doors if can_look(prefix, run.pid, name)] == []
        time.sleep(0.5)
    needles = Needles.of_bytes([ann.secret.read_bytes().strip()])
    assert heard
    assert all(needles.find(data) == [] for data in heard)
    tally.count("hygiene", "Ways into the running process, closed", len(doors))
