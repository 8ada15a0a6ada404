"""Nothing that must not leave is anywhere: not in the bundle, not on disk, not on the terminal."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import pyzipper

from securexfer.errors import InternalError
from tests.whole.cli import Desk, two_desks
from tests.world import World, csv_bytes, recipe_text

CANARY = "QZXCANARY"
KEEP = '{ action = "keep" }'


def canary_table(n_rows: int, seed: int) -> list[list[str]]:
    """Four columns: a plain one to keep, an identifier, a date, and one that is withheld."""
    chance = random.Random(seed)
    rows = [["code", "id", "born", "secret"]]
    for n in range(n_rows):
        odd = chance.choice(["", '"', ",", "\n", "é", " "])
        rows.append(
            [
                f"c{n % 7}",
                f"{CANARY}{chance.getrandbits(60):x}{odd}",
                f"{chance.randint(1, 28):02}/03/19{chance.randint(50, 99)}",
                f"{odd}{CANARY}{chance.getrandbits(60):x}",
            ]
        )
    return rows


RECIPE = recipe_text(
    {
        "t": {
            "code": KEEP,
            "person": '{ from = "id", action = "pseudonymise", domain = "person" }',
            "year": '{ from = "born", action = "year", format = "%d/%m/%Y" }',
            "district": '{ from = "id", action = "postcode-district" }',
            "band": '{ from = "secret", action = "band", width = 5 }',
        }
    }
)


def test_no_canary_is_in_any_byte_of_the_bundle_not_even_decrypted(world: World) -> None:
    for seed in range(10):
        drive = world.folder / f"drive-{seed}"
        drive.mkdir()
        rows = canary_table(200, seed)
        path = world.ann.pack({"t": csv_bytes(rows)}, RECIPE, [world.bob], drive).path
        with world.bob.verify(path) as verified:
            password = verified.inside.password.encode()
        data = path.read_bytes()
        with pyzipper.AESZipFile(io.BytesIO(data)) as archive:
            archive.setpassword(password)
            contents = [archive.read(name) for name in archive.namelist()]
        contents += [gzip.decompress(c) for c in contents if c[:2] == b"\x1f\x8b"]
        dates = {row[2].encode() for row in rows[1:]}
        for content in [data, *contents]:
            assert CANARY.encode() not in content
            assert not any(date in content for date in dates)
        register = (world.ann.home / "register.jsonl").read_bytes()
        assert CANARY.encode() not in register


# Each breaks one thing about a good extract; all fail, and none may show a cell.
FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "long row": lambda d: d + f"{CANARY},{CANARY},{CANARY},{CANARY},{CANARY}\n".encode(),
    "short row": lambda d: d + f"{CANARY}\n".encode(),
    "stray quote": lambda d: d + f'a,{CANARY}"{CANARY},b,{CANARY}\n'.encode(),
    "open quote": lambda d: d + f'a,"{CANARY},b,{CANARY}\n'.encode(),
    "lone return": lambda d: d + f"a,{CANARY}\r{CANARY},b,c\n".encode(),
    "not utf-8": lambda d: d + f"{CANARY}".encode() + b"\xff,a,b,c\n",
    "no header": lambda d: d.split(b"\n", 1)[1],
    "duplicate header": lambda d: f"{CANARY},{CANARY},id,code\n".encode() + d,
    "header with a quote": lambda d: f'{CANARY}"{CANARY},b\n'.encode() + d,
    "missing column": lambda d: d.replace(b"code,", f"{CANARY},".encode(), 1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_failing_case_shows_a_cell_or_leaves_a_bundle(fault: str, tmp_path: Path) -> None:
    ann, _ = two_desks(tmp_path)
    (tmp_path / "t.toml").write_text(RECIPE)
    (tmp_path / "t.csv").write_bytes(FAULTS[fault](csv_bytes(canary_table(50, 1))))
    for extra in ([], ["--json"], ["-v"]):
        run = ann.run(
            "pack", "t.csv", "--recipe", "t.toml", "--to", "bob", "-o", "stick", *extra, check=None
        )
        assert run.returncode in (10, 20)
        assert CANARY.encode() not in run.stdout + run.stderr
        assert b"Traceback" not in run.stderr
    assert list((tmp_path / "stick").iterdir()) == []
    for path in ann.home.rglob("*"):
        assert path.is_dir() or CANARY.encode() not in path.read_bytes()


# A panic of a library in Rust, whose own words quote what it was given.
PANIC = """
import os
from numpy.lib import NumpyVersion
from securexfer.cli import app
def fail(self, version):
    raise ValueError(os.environ["CANARY"])
NumpyVersion.__init__ = fail
app.main()
"""


def panic(folder: Path, redirection: str = "") -> bytes:
    """Pack with a library that panics, with streams as a shell says; all that is printed."""
    ann, _ = two_desks(folder)
    (folder / "t.toml").write_text(RECIPE)
    (folder / "t.csv").write_bytes(csv_bytes(canary_table(50, 1)))
    command = "pack t.csv --recipe t.toml --to bob -o stick --log-file log"
    run = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -c "$1" {command} {redirection}', sys.executable, PANIC],
        env={**ann.environment(), "CANARY": CANARY},
        cwd=folder,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == InternalError.exit_code
    return run.stdout + run.stderr


def test_what_a_library_prints_by_itself_is_not_shown(tmp_path: Path) -> None:
    shown = panic(tmp_path)
    assert b"Unexpected PanicException at " in shown
    assert CANARY.encode() not in shown


@pytest.mark.parametrize("closed", ["2>&-", "<&- 2>&-", "<&- >&- 2>&-"])
def test_nor_does_it_get_into_a_file_where_streams_are_closed(closed: str, tmp_path: Path) -> None:
    panic(tmp_path, closed)
    lines = (tmp_path / "log").read_text().splitlines()
    assert json.loads(lines[-1])["event"] == "ended"
    assert CANARY not in "".join(lines)


WRITING = re.compile(
    rb'\b(?:openat|open|creat|openat2)\((?:(?:AT_FDCWD|\d+), )?"([^"]+)", '
    rb"([A-Z_|]*(?:O_WRONLY|O_RDWR|O_CREAT)[A-Z_|]*)"
)


def files_written(desk: Desk, strace: str, trace: Path, *arguments: str | Path) -> set[str]:
    """Every path that a command opens for writing, by the kernel's word."""
    run = subprocess.run(
        [
            strace,
            "-f",
            "-qq",
            "-s",
            "400",
            "-e",
            "trace=open,openat,openat2,creat,memfd_create",
            "-o",
            str(trace),
            sys.executable,
            "-m",
            "securexfer",
            *map(str, arguments),
        ],
        env=desk.environment(),
        cwd=desk.folder,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()
    text = trace.read_bytes()
    assert b"openat(" in text
    assert b"memfd_create" not in text
    written = {match.group(1).decode() for match in WRITING.finditer(text)}
    return {os.path.join(desk.folder, path) for path in written}  # noqa: PTH118


def test_pack_and_verify_open_nothing_for_writing_but_bundle_and_register(
    tmp_path: Path, tool: Callable[[str], str]
) -> None:
    strace = tool("strace")
    ann, bob = two_desks(tmp_path)
    with (tmp_path / "people.csv").open("a") as file:
        file.writelines(f"{n},Name{n},1980-02-03,York\n" for n in range(400_000))
    trace = tmp_path / "trace"
    # From a file, and from a program that is run.
    for i, source in enumerate((["people.csv"], ["--source-command", "people=cat people.csv"])):
        name = f"b{i}.zip"
        written = files_written(
            ann, strace, trace, "pack", *source, "--recipe", "people.toml", "--to", "bob",
            "-o", f"stick/{name}",
        )  # fmt: skip
        register = {
            str(ann.home / name)
            for name in ("register.jsonl", "register.lock", "register.head.partial")
        }
        (lock,) = {path for path in written if "/locks/" in path}
        assert Path(lock).parent == ann.home / "locks"
        assert Path(lock).read_bytes() == b""
        partial = str(tmp_path / "stick" / f"{name}.partial")
        assert written - {"/dev/null"} == {partial, lock} | register

    written = files_written(bob, strace, trace, "verify", "stick/b1.zip")
    assert written - {"/dev/null"} == {str(bob.home / "register.lock")}


def test_unpack_opens_nothing_for_writing_but_its_output_and_register(
    tmp_path: Path, tool: Callable[[str], str]
) -> None:
    ann, bob = two_desks(tmp_path)
    pack = ["pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick/b.zip"]
    receipt = f"sx-{ann.json(*pack)['bundle_id'][:12]}.receipt"
    written = files_written(
        bob, tool("strace"), tmp_path / "trace", "unpack", "stick/b.zip", "-o", "incoming"
    )
    outputs = {
        str(tmp_path / "incoming" / f"{n}.partial")
        for n in ("people.csv", "datapackage.json", receipt)
    }
    register = {
        str(bob.home / name)
        for name in ("register.jsonl", "register.lock", "register.head.partial")
    }
    assert written - {"/dev/null"} == outputs | register


@pytest.mark.parametrize("program", ["7zz", "bsdtar"])
def test_stock_tools_open_a_bundle_with_the_released_password(
    program: str, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    path = tool(program)
    ann, bob = two_desks(tmp_path)
    packed = ann.json("pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick")
    password = bob.run("release-password", packed["path"]).stdout.decode().strip()
    bob.run("unpack", packed["path"], "-o", "incoming")
    stock = tmp_path / "stock"
    stock.mkdir()
    command = {
        "7zz": [path, "x", f"-p{password}", f"-o{stock}", packed["path"]],
        "bsdtar": [path, "-x", "--passphrase", password, "-f", packed["path"], "-C", str(stock)],
    }[program]
    subprocess.run(command, capture_output=True, check=True, cwd=tmp_path)
    plain = gzip.decompress((stock / "tables" / "0001.csv.gz").read_bytes())
    assert plain == (tmp_path / "incoming" / "people.csv").read_bytes()
    assert len(list(csv.reader(io.StringIO(plain.decode())))) == 3


def test_secrets_are_in_no_argument_environment_or_file(tmp_path: Path) -> None:
    ann, bob = two_desks(tmp_path)
    packed = ann.json("pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick")
    password = bob.run("release-password", packed["path"]).stdout.strip()
    for folder in (ann.home, bob.home, tmp_path / "stick"):
        for path in folder.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                assert password not in content
                assert b"passphrase of" not in content


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")
def test_the_process_is_not_dumpable() -> None:
    program = (
        "import ctypes, resource\n"
        "from securexfer.cli.app import _harden\n"
        "_harden()\n"
        "assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)\n"
        "assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
