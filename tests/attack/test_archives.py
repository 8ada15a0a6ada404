"""Malicious archives, signed by a valid sender: refused soon, in little memory, without trace."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pyzipper

from tests.assurance import Tally
from tests.attack.archives import Archive, all_archives
from tests.attack.victim import ANN, BOB, open_bundle
from tests.vectors.format1 import Bundle, Table

MAX_SECONDS = 1.0
MAX_MIB = 200
ARCHIVES = all_archives()
Opener = Callable[[Path, Path], dict[str, Any]]


@pytest.fixture(scope="module")
def opener() -> Iterator[Opener]:
    """Opens a bundle in a small process of its own and tells what that cost."""
    command = [sys.executable, "-m", "tests.attack.opener"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        reading, writing = process.stdout, process.stdin

        def ask(bundle: Path, folder: Path) -> dict[str, Any]:
            writing.write(json.dumps([str(bundle), str(folder)]).encode() + b"\n")
            writing.flush()
            answer: dict[str, Any] = json.loads(reading.readline())
            return answer

        yield ask


def test_an_honest_bundle_is_opened(opener: Opener, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundle.write_bytes(Bundle("honest", ANN, [BOB]).write())
    assert opener(bundle, tmp_path)["code"] == "ok"
    assert (tmp_path / "out" / "people.csv").read_bytes() == Table().plaintext


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda archive: archive.name.replace(" ", "-"))
def test_a_malicious_archive_is_refused(
    archive: Archive, opener: Opener, tmp_path: Path, tally: Tally
) -> None:
    bundle = tmp_path / "bundle"
    bundle.write_bytes(archive.make())
    found = opener(bundle, tmp_path)
    assert found["code"] == archive.code, found
    assert found["exit_code"] in (50, 60, 80)
    assert {path.name for path in tmp_path.iterdir()} <= {"bundle", "home"}
    # Processor time, because other work on the machine is not the archive's doing.
    assert found["cpu_seconds"] < MAX_SECONDS
    assert found["mib"] < MAX_MIB
    tally.count("archives", "malicious archives refused, no file left")
    tally.worst("archives", "slowest refusal", found["cpu_seconds"], "s of processor time")
    tally.worst("archives", "largest memory of a refusal, all told", found["mib"], "MiB")


def test_the_directory_is_not_read_anew_for_each_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand tables in a directory of a thousand entries took nine seconds."""
    opened = []
    honest = pyzipper.AESZipFile

    def count(*arguments: Any) -> Any:
        opened.append(arguments)
        return honest(*arguments)

    monkeypatch.setattr(pyzipper, "AESZipFile", count)
    bundle = tmp_path / "bundle"
    tables = [Table(f"t-{i}") for i in range(20)]
    bundle.write_bytes(Bundle("many", ANN, [BOB], tables).write())
    assert open_bundle(bundle, tmp_path / "out", tmp_path / "home").code == "ok"
    # Once for the manifest, once for checking and unpacking all tables.
    assert len(opened) == 2


def test_the_archives_are_many_and_each_is_another() -> None:
    assert len({archive.name for archive in ARCHIVES}) == len(ARCHIVES) >= 45
