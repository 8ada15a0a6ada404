"""Extracts as they come in a bad week: through the whole command line, and opened again.

Either the recipient's rows are what other programs than ours read in the extract, or the pack is
refused, no file is left, and no cell is quoted.
"""

from __future__ import annotations

import csv
import io
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from securexfer.errors import (
    ExtractChangedError,
    ExtractError,
    ExtractMissingError,
)
from tests.assurance import Tally
from tests.attack.extracts import BAD, CANARY, GOOD, HEAD, MANY, ROWS, Bad, C, Good
from tests.attack.face import Answer, Face
from tests.attack.face import face as face
from tests.world import World, csv_bytes, keep_all

csv.field_size_limit(2**31 - 1)


def count_rows(text: str) -> int:
    """Records of a CSV text without its header and blank lines, by a machine of its own."""
    n_records, quoted, empty = 0, False, True
    for character in text:
        if character == "\n" and not quoted:
            n_records, empty = n_records + (not empty), True
        elif character != "\r" or quoted:
            quoted, empty = quoted != (character == '"'), False
    return n_records + (not empty) - 1


class Packing:
    """`ann` packs what is at a path for `bob`, with a recipe that keeps both columns."""

    def __init__(self, world: World, face: Face) -> None:
        self.world, self.face = world, face
        self.path = world.folder / "t.csv"
        self.stick = world.drive

    def pack(self, encoding: str = "utf-8", columns: tuple[str, ...] = ("a", "b")) -> Answer:
        before = f'[tables.t]\ncsv = {{ encoding = "{encoding}" }}'
        recipe = self.world.folder / "t.toml"
        recipe.write_text(keep_all("t", columns, before=before))
        options = ("--recipe", recipe, "--to", "bob", "-o", self.stick)
        return self.face.run(self.world.ann, "pack", f"t={self.path}", *options)

    def unpack(self, answer: Answer) -> str:
        """What `bob` gets, and whether both sides say how many rows it has."""
        assert answer.exit_code == 0, answer.printed
        output = self.world.folder / "incoming"
        opened = self.face.run(
            self.world.bob, "unpack", str(answer.document["path"]), "-o", str(output)
        )
        assert opened.exit_code == 0, opened.printed
        (told,), (again,) = answer.document["tables"], opened.document["tables"]
        text = (output / "t.csv").read_bytes().decode()
        assert told["n_rows_out"] == again["n_rows_out"] == count_rows(text)
        return text

    def refused(self, answer: Answer, error: type[ExtractError]) -> None:
        assert answer.exit_code == 20, answer.printed
        assert answer.error["code"] == error.code
        assert answer.error["hint"]
        assert list(self.stick.iterdir()) == []
        assert CANARY not in answer.printed
        events = [entry.event for entry in self.world.ann.register.entries()]
        assert "packed" not in events


@pytest.fixture
def packing(world: World, face: Face) -> Packing:
    return Packing(world, face)


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.what)
def test_what_can_be_read_comes_out_right(packing: Packing, case: Good, tally: Tally) -> None:
    packing.path.write_bytes(case.data)
    answer = packing.pack(case.encoding)
    came_out = packing.unpack(answer)
    rows = [row for row in csv.reader(io.StringIO(case.text, newline="")) if row]
    assert list(csv.reader(io.StringIO(came_out, newline=""))) == rows
    (told,) = answer.document["tables"]
    assert told["n_rows_in"] == told["n_rows_out"] == count_rows(case.text) == len(rows) - 1
    tally.count("input", "odd extracts that came out right, their rows counted by two others")


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.what)
def test_what_can_not_be_read_is_refused_and_nothing_is_left(
    packing: Packing, case: Bad, tally: Tally
) -> None:
    packing.path.write_bytes(case.data if isinstance(case.data, bytes) else case.data())
    began = time.perf_counter()
    answer = packing.pack(case.encoding)
    took = time.perf_counter() - began
    packing.refused(answer, case.error)
    assert case.says in answer.error["message"]
    assert took < 10
    tally.count("input", "hostile extracts refused: no file left, no cell quoted")


def test_twenty_thousand_columns(packing: Packing, tally: Tally) -> None:
    names = [f"column {n}" for n in range(20_000)]
    rows = [[str(n * row) for n in range(20_000)] for row in range(1, 20)]
    packing.path.write_bytes(csv_bytes([names, *rows]))
    came_out = packing.unpack(packing.pack(columns=(names[-1], names[7])))
    expected = [[names[-1], names[7]], *([row[-1], row[7]] for row in rows)]
    assert list(csv.reader(io.StringIO(came_out))) == expected
    tally.count("input", "odd extracts that came out right, their rows counted by two others")


class TestThingsThatAreNoPlainFiles:
    def test_a_link_is_followed(self, packing: Packing, tally: Tally) -> None:
        target = packing.world.folder / "elsewhere.csv"
        target.write_bytes(HEAD + ROWS)
        packing.path.symlink_to(target)
        assert packing.unpack(packing.pack()) == (HEAD + ROWS).decode()
        tally.count("input", "odd extracts that came out right, their rows counted by two others")

    def test_a_pipe_that_delivers_slowly_is_read_to_its_end(
        self, packing: Packing, tally: Tally
    ) -> None:
        os.mkfifo(packing.path)
        data = HEAD + b'"x\ny",1\n' * 40

        def deliver() -> None:
            with packing.path.open("wb", buffering=0) as pipe:
                for start in range(0, len(data), 7):
                    pipe.write(data[start : start + 7])
                    time.sleep(0.01)

        with running(deliver):
            answer = packing.pack()
        assert packing.unpack(answer) == data.decode()
        tally.count("input", "odd extracts that came out right, their rows counted by two others")

    @pytest.mark.parametrize("kind", ["folder", "socket", "device", "nothing", "loop of links"])
    def test_anything_else_is_refused_unread(
        self, packing: Packing, kind: str, tally: Tally
    ) -> None:
        path = packing.path
        with socket.socket(socket.AF_UNIX) as listener:
            if kind == "folder":
                path.mkdir()
            elif kind == "socket":
                listener.bind(str(path))
            elif kind == "device":
                path.symlink_to("/dev/zero")
            elif kind == "loop of links":
                path.symlink_to(path)
            packing.refused(packing.pack(), ExtractMissingError)
        tally.count("input", "hostile extracts refused: no file left, no cell quoted")


class TestAFileThatChangesWhileItIsRead:
    """Another thread changes it as soon as the bundle is begun, until the pack has ended."""

    def grow(self, path: Path) -> None:
        with path.open("ab", buffering=0) as file:
            file.write(b"7," + C + b"\n")

    def shrink(self, path: Path) -> None:
        os.truncate(path, path.stat().st_size // 2)

    def touch(self, path: Path) -> None:
        os.utime(path)

    def replace_bytes(self, path: Path) -> None:
        with path.open("r+b", buffering=0) as file:
            file.seek(-20, os.SEEK_END)
            file.write(b"X")

    @pytest.mark.parametrize("how", ["grow", "shrink", "touch", "replace_bytes"])
    def test_is_refused(self, packing: Packing, how: str, tally: Tally) -> None:
        packing.path.write_bytes(MANY)
        ended = threading.Event()

        def change() -> None:
            while not ended.is_set() and not any(packing.stick.iterdir()):
                time.sleep(0.0005)
            getattr(self, how)(packing.path)

        with running(change):
            answer = packing.pack()
            ended.set()
        packing.refused(answer, ExtractChangedError)
        tally.count("input", "hostile extracts refused: no file left, no cell quoted")

    def test_one_that_grows_as_fast_as_it_is_read_is_not_read_for_ever(
        self, packing: Packing, tally: Tally
    ) -> None:
        packing.path.write_bytes(MANY)
        ended = threading.Event()

        def grow() -> None:
            with packing.path.open("ab", buffering=0) as file:
                while not ended.is_set() and file.tell() < 2**30:
                    file.write(MANY[len(HEAD) :])

        with running(grow):
            began = time.perf_counter()
            answer = packing.pack()
            ended.set()
        packing.refused(answer, ExtractChangedError)
        assert time.perf_counter() - began < 10
        tally.count("input", "hostile extracts refused: no file left, no cell quoted")


@contextmanager
def running(work: Callable[[], None]) -> Iterator[None]:
    """Something that goes on beside."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join(timeout=30)
        assert not thread.is_alive()
