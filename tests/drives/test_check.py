"""Checking a drive: what is walked, what is not, what can't be judged, and how it ends."""

from __future__ import annotations

import multiprocessing
import os
import socket
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from securexfer.errors import DriveMissingError, DriveNotCleanError, DriveNotJudgedError
from securexfer.medium.medium import Kind, Medium
from securexfer.scan import check as checking
from securexfer.scan.check import DriveCheck, check_drive
from securexfer.scan.walk import find_root, walk
from tests.drives.making import csv_bytes, gzip_bytes, workbook_bytes, zip_bytes
from tests.drives.person import make_people, make_person
from tests.drives.planted_tables import people_rows
from tests.drives.quiet import Quiet

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PEOPLE = csv_bytes(people_rows(make_people(Random(5), 12)))
P = make_person(Random(6))


def look(folder: Path, **more: int) -> DriveCheck:
    return check_drive(folder, now=NOW, reporter=Quiet(), **more)


class TestTheWalk:
    def test_hidden_and_deleted_files_are_looked_at(self, tmp_path: Path) -> None:
        for name in (".x/.people.csv", ".Trash-0/files/a", "._b", "System Volume Information/c"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(PEOPLE)
        assert len(look(tmp_path).findings) == 4

    def test_links_are_not_followed_and_nothing_else_is_opened(self, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "people.csv").write_bytes(PEOPLE)
        drive = tmp_path / "drive"
        drive.mkdir()
        (drive / "file").symlink_to(outside / "people.csv")
        (drive / "folder").symlink_to(outside)
        (drive / "loop").symlink_to(drive)
        os.mkfifo(drive / "pipe")
        with socket.socket(socket.AF_UNIX) as one:
            here = Path.cwd()
            os.chdir(drive)
            try:
                one.bind("socket")
            finally:
                os.chdir(here)
            result = look(drive)
        assert (result.n_files, result.n_passed_over, list(result.files)) == (0, 5, [])

    def test_a_file_that_becomes_a_link_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "people.csv").write_bytes(PEOPLE)
        (tmp_path / "drive").mkdir()
        (tmp_path / "drive" / "a").symlink_to(tmp_path / "people.csv")
        from securexfer.scan.worker import Job, inspect_file

        report = inspect_file(Job(str(tmp_path / "drive" / "a"), "a", len(PEOPLE)))
        assert (report.found, report.unjudged) == ({}, {"changed": 1})

    def test_one_file_can_be_checked(self, tmp_path: Path) -> None:
        (tmp_path / "people.csv").write_bytes(PEOPLE)
        result = look(tmp_path / "people.csv")
        assert [file.path for file in result.findings] == ["people.csv"]

    def test_what_is_not_there_is_called_that(self, tmp_path: Path) -> None:
        with pytest.raises(DriveMissingError):
            look(tmp_path / "nothing")

    def test_folders_as_deep_as_can_be_are_walked(self, tmp_path: Path) -> None:
        here = tmp_path
        for _ in range(200):
            here /= "folder"
            here.mkdir()
        (here / "people.csv").write_bytes(PEOPLE)
        assert len(look(tmp_path).findings) == 1

    def test_a_whole_stick_is_checked_and_of_a_disk_the_folder(self, tmp_path: Path) -> None:
        for kind in Kind:
            root = find_root(tmp_path, Medium(kind))
            is_carried = kind in (Kind.REMOVABLE, Kind.OPTICAL, Kind.UNKNOWN)
            assert root == tmp_path.resolve() or (is_carried and root in tmp_path.parents)

    def test_an_empty_folder_is_clean(self, tmp_path: Path) -> None:
        result = look(tmp_path)
        assert (result.n_files, result.refusal()) == (0, None)
        assert [one.what for one in walk(tmp_path)] == []


class TestWhatCanNotBeJudged:
    def test_a_locked_archive_of_others_is_said_to_be_one(self, tmp_path: Path) -> None:
        data = bytearray(zip_bytes({"a.csv": PEOPLE}, zipfile.ZIP_STORED))
        for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            data[data.index(mark) + at] |= 1
        (tmp_path / "locked.zip").write_bytes(bytes(data))
        result = look(tmp_path)
        assert [dict(file.unjudged) for file in result.unjudged] == [{"encrypted": 1}]
        assert isinstance(result.refusal(), DriveNotJudgedError)

    @pytest.mark.parametrize(
        ("name", "content", "reason"),
        [
            ("cut.gz", gzip_bytes(PEOPLE * 50)[:-9], "damaged"),
            ("cut.zip", zip_bytes({"a": PEOPLE})[:-30], "damaged"),
            ("torn.pdf", b"%PDF-1.4\nnothing else", "damaged"),
            ("a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(range(200)), "format"),
            ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000), "format"),
            ("a.zst", b"\x28\xb5\x2f\xfd" + bytes(range(200)), "format"),
            ("a.age", b"age-encryption.org/v1\n" + bytes(range(200)), "encrypted"),
            ("torn.sqlite", b"SQLite format 3\0" + bytes(range(250)) * 20, "damaged"),
        ],
    )
    def test_each_has_its_reason(
        self, tmp_path: Path, name: str, content: bytes, reason: str
    ) -> None:
        (tmp_path / name).write_bytes(content)
        result = look(tmp_path, n_workers=1)
        assert [dict(file.unjudged) for file in result.files] == [{reason: 1}]

    def test_what_was_found_before_the_damage_stays_found(self, tmp_path: Path) -> None:
        whole = gzip_bytes(f"NI number {P.ni}\n".encode() + b"nothing\n" * 300_000)
        (tmp_path / "cut.gz").write_bytes(whole[:-9])
        members = {"a.csv": PEOPLE, "b.csv": b"x" * 5000}
        broken = bytearray(zip_bytes(members, zipfile.ZIP_STORED))
        broken[broken.index(b"xxxx") + 100] ^= 1
        (tmp_path / "broken.zip").write_bytes(bytes(broken))
        result = look(tmp_path)
        found = {file.path: (set(file.found), set(file.unjudged)) for file in result.files}
        assert found["broken.zip"][0] >= {"name", "postcode"}
        assert found["broken.zip"][1] == {"damaged"}

    def test_a_file_that_kills_its_reader_is_reported_and_the_next_one_is_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from securexfer.scan import crew
        from tests.drives import murder

        monkeypatch.setattr(crew, "work", murder.work)
        (tmp_path / "a-bad").write_bytes(b"kill" * 10)
        (tmp_path / "b-good.csv").write_bytes(PEOPLE)
        result = look(tmp_path, n_workers=1)
        assert {f.path: (bool(f.found), dict(f.unjudged)) for f in result.files} == {
            "a-bad": (False, {"failed": 1}),
            "b-good.csv": (True, {}),
        }

    def test_a_folder_that_may_not_be_read_is_listed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "closed").mkdir()
        listed = os.scandir

        def scandir(path: str) -> object:
            if str(path).endswith("closed"):
                raise PermissionError
            return listed(path)

        monkeypatch.setattr("securexfer.scan.walk.os.scandir", scandir)
        result = look(tmp_path)
        assert [(f.path, dict(f.unjudged)) for f in result.files] == [("closed", {"permission": 1})]


class TestWhatIsReported:
    def test_hidden_parts_of_a_workbook_are_pointed_out(self, tmp_path: Path) -> None:
        import openpyxl

        book = openpyxl.Workbook()
        sheet = book.create_sheet("x")
        for row in people_rows(make_people(Random(1), 5)):
            sheet.append(row)
        sheet.sheet_state = "hidden"
        book.save(tmp_path / "hidden.xlsx")
        (tmp_path / "open.xlsx").write_bytes(workbook_bytes({"a": [["email"], [P.email]]}))
        hidden = {file.path: file.is_hidden for file in look(tmp_path).findings}
        assert hidden == {"hidden.xlsx": True, "open.xlsx": False}

    def test_names_of_files_that_say_who_are_left_out(self, tmp_path: Path) -> None:
        (tmp_path / f"{P.email}.txt").write_text("nothing\n")
        (tmp_path / "Margaret Hartley.txt").write_text("nothing\n")
        paths = [file.path for file in look(tmp_path).findings]
        assert paths == ["[…].txt", "[…].txt"]

    def test_a_large_text_is_read_in_pieces_and_every_line_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(checking, "_LARGE", 10_000)
        monkeypatch.setattr(checking, "_PIECE", 7_001)
        people = make_people(Random(2), 1500)
        rows = [["id", "mail"], *([str(n), p.email] for n, p in enumerate(people))]
        (tmp_path / "mails.csv").write_bytes(csv_bytes(rows))
        reporter = Quiet()
        result = check_drive(tmp_path, now=NOW, reporter=reporter)
        assert result.findings[0].found["email"] == 1500
        assert reporter.n_bytes == result.n_bytes

    @pytest.mark.parametrize(
        ("title", "attribute", "kind"),
        [
            ("dob", "dob", "birth"),
            ('"Date of birth"', "dob", "birth"),
            ("passport no", "passport", "passport"),
            ("prison_number", "prison", "prison"),
            ("crn", "crn", "crn"),
            ("Surname", "surname", "name"),
        ],
    )
    def test_a_table_of_one_column_is_counted_like_any_other(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        title: str,
        attribute: str,
        kind: str,
    ) -> None:
        cells = [getattr(person, attribute) for person in make_people(Random(3), 300)]
        if title.startswith('"'):
            cells = [f'"{cell}"' for cell in cells]
        (tmp_path / "one.csv").write_text("\n".join([title, *cells, ""]))
        assert look(tmp_path).findings[0].found == {kind: 300}
        monkeypatch.setattr(checking, "_LARGE", 1000)
        monkeypatch.setattr(checking, "_PIECE", 701)
        assert look(tmp_path).findings[0].found == {kind: 300}

    def test_a_list_under_the_name_of_a_thing_is_of_nobody(self, tmp_path: Path) -> None:
        dates = "".join(f"{2000 + n % 25}-03-{n % 28 + 1:02}\n" for n in range(300))
        for title in ("invoice date", "date", "product code", "family car"):
            (tmp_path / f"{title}.csv").write_text(f"{title}\n{dates}")
        assert list(look(tmp_path).findings) == []

    def test_the_order_of_workers_changes_nothing(self, tmp_path: Path) -> None:
        for number in range(6):
            (tmp_path / f"{number}.csv").write_bytes(PEOPLE)
        assert look(tmp_path, n_workers=1) == look(tmp_path, n_workers=2)

    def test_findings_refuse_before_what_is_not_judged(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_bytes(PEOPLE)
        (tmp_path / "b.gz").write_bytes(b"\x1f\x8b\x08")
        refusal = look(tmp_path).refusal()
        assert isinstance(refusal, DriveNotCleanError)
        assert refusal.problems[0].startswith("a.csv: ")


class TestTheEnd:
    def test_a_stop_leaves_no_process(self, tmp_path: Path) -> None:
        for number in range(40):
            (tmp_path / f"{number}.csv").write_bytes(PEOPLE * 50)
        with pytest.raises(KeyboardInterrupt):
            check_drive(tmp_path, now=NOW, reporter=Quiet(stop_after=3), n_workers=2)
        assert multiprocessing.active_children() == []

    def test_nothing_on_the_drive_changes(self, tmp_path: Path) -> None:
        from tests.drives.making import sqlite_bytes

        (tmp_path / "a.db").write_bytes(sqlite_bytes({"t": people_rows([P])}))
        (tmp_path / "b.csv").write_bytes(PEOPLE)
        before = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.iterdir()}
        look(tmp_path)
        assert {
            p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.iterdir()
        } == before


class TestWorkers:
    def test_what_libraries_complain_of_goes_nowhere(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        from tests.drives.making import pdf_bytes

        content = pdf_bytes([f"NI number {P.ni}"])
        (tmp_path / "torn.pdf").write_bytes(content.replace(b"endobj", b"endobx", 2))
        (tmp_path / "cut.pdf").write_bytes(content[:-200])
        look(tmp_path)
        captured = capfd.readouterr()
        assert (captured.out, captured.err) == ("", "")
