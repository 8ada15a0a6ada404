"""`register` and `contact` as their users see them, and what an unpack that is refused leaves."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from securexfer.cli.app import run
from securexfer.cli.console import Console, Settings
from securexfer.cli.record import entry_row, print_entry
from securexfer.crypto.identity import rotate_identity
from securexfer.custody.register import START as NOTHING
from securexfer.custody.register import Actor, Entry
from securexfer.custody.summary import COLUMNS
from tests.attack.face import Face
from tests.attack.face import face as face
from tests.unit.test_selection import PACKED
from tests.whole.cli import Desk, two_desks
from tests.whole.test_terminal import in_terminal
from tests.world import START, Person, World, keep_all, recipe_text

FORMULA = "=cmd|' /C calc'!A0"


class Told:
    """The command line in this process, as a person sees it."""

    def __init__(self, face: Face) -> None:
        self._face = face

    def __call__(self, person: Person, *arguments: str | Path, check: int = 0) -> str:
        self._face.run(person, "identity", "show")  # so that the home has its identity
        out, err = io.StringIO(), io.StringIO()
        command = ["--home", str(person.home), "--no-input", *map(str, arguments)]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(command)
        assert code == check, err.getvalue()
        return out.getvalue() + err.getvalue()


@pytest.fixture
def told(face: Face) -> Told:
    return Told(face)


@pytest.fixture
def packed(world: World) -> Path:
    """Two bundles for bob, the first unpacked, and a refused one; on another day each."""
    recipe = keep_all("t", ["x"])
    paths = []
    for n in range(2):
        folder = world.drive / str(n)
        folder.mkdir()
        table = f"x,secret,{FORMULA}\n{n},s,f\n".encode()
        paths.append(world.ann.pack({"t": table}, recipe, [world.bob], folder).path)
        world.clock.move(days=1)
    world.bob.unpack(paths[0], world.folder / "out")
    return paths[1]


class TestList:
    def test_it_says_when_what_with_whom_and_how_much(
        self, world: World, packed: Path, told: Told
    ) -> None:
        text = told(world.ann, "register", "list")
        row = next(line for line in text.splitlines() if "2026-11-22 09:30" in line)
        assert "packed" in row
        assert "bob" in row
        assert "2027-02-20" in row
        entry = world.ann.register.entries()[0]
        assert entry.details["bundle_id"][:8] in row
        assert "ann" in told(world.bob, "register", "list")

    def test_it_is_filtered_by_kind_and_by_day(
        self, world: World, packed: Path, face: Face
    ) -> None:
        def numbers(*options: str) -> list[int]:
            answer = face.run(world.ann, "register", "list", *options)
            return [entry["number"] for entry in answer.document["entries"]]

        assert numbers() == [1, 2]
        assert numbers("--since", "2026-11-23") == [2]
        assert numbers("--until", "2026-11-22") == [1]
        assert numbers("--since", "2026-11-22", "--until", "2026-11-23") == [1, 2]
        assert numbers("--event", "packed", "--event", "destroyed") == [1, 2]
        assert numbers("--event", "destroyed") == []

    @pytest.mark.parametrize(
        "options", [["--event", "pakced"], ["--since", "22.11.2026"], ["--until", "soon"]]
    )
    def test_what_can_not_be_meant_is_a_mistake(
        self, world: World, packed: Path, face: Face, options: list[str]
    ) -> None:
        answer = face.run(world.ann, "register", "list", *options)
        assert (answer.exit_code, answer.error["code"]) == (2, "usage")

    def test_nothing_is_said_to_be_nothing(self, world: World, told: Told) -> None:
        assert "No entries." in told(world.eve, "register", "list")


class TestShow:
    def test_a_pack_is_shown_field_by_field(self, world: World, packed: Path, told: Told) -> None:
        bundle_id = world.ann.register.entries()[0].details["bundle_id"]
        text = " ".join(told(world.ann, "register", "show", bundle_id[:8]).split())
        for part in (
            "Entry 1: packed",
            "With: bob",
            "DSA-2026-014",
            "Table t: 1 row in, 1 row out",
            "x x kept as it is",
            f"withheld: secret, {FORMULA}",
            "Gates of table t",
            "residual passed 1 field searched",
            bundle_id,
        ):
            assert part in text, part
        assert "Entry 2" not in text
        assert "gate: " not in text
        # Nothing is said of gates of the bundle where the recipe has none.
        assert "Gates of the bundle" not in text
        assert "gates:" not in text

    def test_gates_of_a_pack_are_shown_in_words(self, world: World, told: Told) -> None:
        limits = (
            '[limits]\nmax_rows = 9\nresidual = "off"\ngate_reason = "tested by hand"\n'
            '[[limits.never_together]]\nfields = ["x", "y"]\nreason = "tells who is meant"\n'
        )
        recipe = recipe_text({"t": {"x": '{ action = "keep" }'}}, before=limits)
        world.ann.pack({"t": b"x,y\n1,2\n"}, recipe, [world.bob], world.drive)
        text = " ".join(told(world.ann, "register", "show", "1").split())
        for part in (
            "residual off the reason given: tested by hand",
            "Gates of the bundle",
            "never_together passed they do not: x, y together (tells who is meant)",
            "max_rows passed 1 row, at most 9",
        ):
            assert part in text, part

    def test_an_entry_is_shown_by_its_number(self, world: World, packed: Path, told: Told) -> None:
        assert "Entry 2: unpacked" in told(world.bob, "register", "show", "2")
        assert "has 2" in told(world.bob, "register", "show", "9", check=2)

    def test_in_json_it_is_all_there(self, world: World, packed: Path, face: Face) -> None:
        (shown,) = face.run(world.ann, "register", "show", "1").document["entries"]
        entry = world.ann.register.entries()[0]
        assert shown["details"] == entry.details
        assert (shown["sha256"], shown["previous_sha256"]) == (entry.sha256, NOTHING)

    def test_what_somebody_made_up_is_shown_and_moves_no_terminal(self) -> None:
        strange: list[Any] = [7, "\x1b[2J[red]x[/red]", [7], {}, {"\x1b[2J": "\x1b"}, [[]], [{}]]
        strange += [[{"fields": [7, {"name": {}, "action": []}], "withheld": 7, "n_rows_in": "x"}]]
        console = Console(Settings())
        for name in (*PACKED, "sender", "gates", "reason", "n_unparsed", "\x1b[31m"):
            for value in strange:
                entry = Entry(
                    1, START, "unpack-refused", Actor("a", "b"), "c", {**PACKED, name: value},
                    NOTHING, NOTHING,
                )  # fmt: skip
                out = io.StringIO()
                with contextlib.redirect_stdout(out):
                    print_entry(console, entry, {})
                    console.table(("",) * 7, [entry_row(entry, {})])
                assert "\x1b" not in out.getvalue()


class TestExport:
    def test_json_goes_to_a_file_or_to_the_screen(
        self, world: World, packed: Path, face: Face, told: Told
    ) -> None:
        path = world.folder / "register.json"
        face.run(world.ann, "register", "export", "-o", path)
        exported = json.loads(path.read_text())
        assert exported == json.loads(told(world.ann, "register", "export"))
        assert exported == face.run(world.ann, "register", "export").document
        entries = world.ann.register.entries()
        assert [entry["sha256"] for entry in exported["entries"]] == [e.sha256 for e in entries]
        assert exported["head_sha256"] == entries[-1].sha256
        assert path.stat().st_mode & 0o777 == 0o600

    def test_csv_has_one_row_for_each_entry_in_columns_that_stay(
        self, world: World, packed: Path, face: Face
    ) -> None:
        path = world.folder / "register.csv"
        face.run(world.ann, "register", "export", "-o", path, "--since", "2026-11-23")
        rows = list(csv.DictReader(io.StringIO(path.read_text(), newline="")))
        assert len(rows) == 1
        assert tuple(rows[0]) == COLUMNS
        row = rows[0]
        assert (row["number"], row["event"], row["contact"]) == ("2", "packed", "bob")
        assert row["n_rows"] == "1"
        assert row["fields"] == "t.x (keep)"
        assert row["withheld"] == f"t.secret; t.{FORMULA}"

    def test_a_spreadsheet_runs_no_cell_of_it(self, world: World, face: Face) -> None:
        recipe = keep_all("t", ["x"]).replace('purpose = "Evaluate', f'purpose = "{FORMULA}')
        world.ann.register.actor = Actor("@user", "-host")
        path = world.folder / "register.csv"
        world.ann.pack({"t": b"x\n1\n"}, recipe, [world.bob], world.drive)
        face.run(world.ann, "register", "export", "-o", path)
        (row,) = csv.DictReader(io.StringIO(path.read_text(), newline=""))
        assert row["purpose"] == f"'{FORMULA} supervision"
        assert (row["user"], row["host"]) == ("'@user", "'-host")
        cells = [cell for cell in row.values() if cell]
        assert not [cell for cell in cells if re.match(r"[=+@\t\r]|-[^0-9]", cell)]

    def test_it_moves_no_terminal(self, world: World, face: Face, told: Told) -> None:
        recipe = keep_all("t", ["x"]).replace('purpose = "', 'purpose = "\\u009b31m\\u202e')
        path = world.folder / "register.csv"
        world.ann.pack({"t": b"x\n1\n"}, recipe, [world.bob], world.drive)
        shown = told(world.ann, "register", "export")
        face.run(world.ann, "register", "export", "-o", path)
        for text in (shown, path.read_text()):
            assert all(c.isprintable() or c == "\n" for c in text)
        (entry,) = json.loads(shown)["entries"]
        assert entry["details"]["agreement"]["purpose"].startswith("\x9b31m\u202eEvaluate")

    def test_it_replaces_nothing_unasked(self, world: World, packed: Path, face: Face) -> None:
        path = world.folder / "register.csv"
        path.write_text("precious")
        answer = face.run(world.ann, "register", "export", "-o", path)
        assert answer.error["code"] == "output_exists"
        assert path.read_text() == "precious"
        assert face.run(world.ann, "register", "export", "-o", path, "--force").exit_code == 0
        own = world.ann.home / "contacts" / "bob.json"
        before = own.read_bytes()
        answer = face.run(world.ann, "register", "export", "-o", own, "--force")
        assert (answer.exit_code, own.read_bytes()) == (80, before)

    @pytest.mark.parametrize("name", ["register", "register.xlsx", "register.jsonl"])
    def test_another_ending_is_a_mistake(self, world: World, face: Face, name: str) -> None:
        answer = face.run(world.ann, "register", "export", "-o", world.folder / name)
        assert answer.exit_code == 2
        assert not (world.folder / name).exists()


class TestVerify:
    def test_it_says_whose_it_is_and_how_far_it_goes(
        self, world: World, packed: Path, face: Face
    ) -> None:
        document = face.run(world.ann, "register", "verify").document
        assert document["verified"] is True
        assert document["n_entries"] == 2
        assert document["fingerprint"] == world.ann.identity.fingerprint
        assert document["head_sha256"] == world.ann.register.entries()[-1].sha256

    def test_it_is_held_against_what_lies_elsewhere(
        self, world: World, packed: Path, face: Face, told: Told
    ) -> None:
        export = world.folder / "export.json"
        face.run(world.ann, "register", "export", "-o", export)
        answer = face.run(world.ann, "register", "verify", "--against", packed, export)
        assert answer.document["against"] == [
            {"agrees_up_to": 2, "file": packed.name, "kind": "bundle"},
            {"agrees_up_to": 2, "file": "export.json", "kind": "export"},
        ]
        for name in ("register.jsonl", "register.head"):
            (world.ann.home / name).unlink()
        world.ann.register.append(world.ann.identity, "drill", {}, world.clock())
        assert face.run(world.ann, "register", "verify").exit_code == 0
        text = told(world.ann, "register", "verify")
        assert "does not begin with the making of this identity" in text
        answer = face.run(world.ann, "register", "verify", "--against", packed, export)
        assert (answer.exit_code, answer.error["code"]) == (70, "register_contradicted")
        assert len(answer.error["problems"]) == 2
        assert packed.name in answer.error["problems"][0]

    def test_it_needs_no_passphrase_where_the_fingerprint_is_known(
        self, world: World, packed: Path, face: Face, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        face.run(world.ann, "identity", "show")
        monkeypatch.delenv("SECUREXFER_PASSPHRASE_FILE")
        answer = face.run(world.ann, "register", "verify")
        assert answer.error["code"] == "passphrase_missing"
        own = world.ann.identity.fingerprint
        assert face.run(world.ann, "register", "verify", "--fingerprint", own).exit_code == 0
        for other in (world.bob.identity.fingerprint, own[:40], ""):
            answer = face.run(world.ann, "register", "verify", "--fingerprint", other)
            assert answer.error["code"] == "fingerprint_mismatch"

    def test_a_pipe_is_no_witness(self, world: World, packed: Path, face: Face) -> None:
        pipe = world.folder / "pipe"
        os.mkfifo(pipe)
        for path in (pipe, world.folder):
            error = face.run(world.ann, "register", "verify", "--against", path).error
            assert error["message"] == f"{path} is not a file."

    def test_what_keeps_it_from_being_read_is_said(
        self, world: World, packed: Path, face: Face
    ) -> None:
        register = world.ann.home / "register.jsonl"
        register.rename(register.with_name("old"))
        register.mkdir()
        error = face.run(world.ann, "register", "verify").error
        assert error["code"] == "register_failed"
        assert error["message"].endswith("register.jsonl can't be read or locked: Is a directory.")
        assert "register verify" not in error["hint"]

    def test_files_without_the_word_are_a_mistake(
        self, world: World, packed: Path, face: Face
    ) -> None:
        assert face.run(world.ann, "register", "verify", packed).exit_code == 2

    def test_what_a_crash_left_is_told(self, world: World, packed: Path, told: Told) -> None:
        path = world.ann.home / "register.jsonl"
        head = world.ann.home / "register.head"
        old = head.read_bytes()
        for _ in range(2):
            world.ann.register.append(world.ann.identity, "drill", {}, world.clock())
        head.write_bytes(old)
        with path.open("ab") as file:
            file.write(b"half a li")
        text = " ".join(told(world.ann, "register", "verify").split())
        assert "9 bytes of one that was never finished" in text
        assert "counts 2 entries fewer" in text


class TestRefusedUnpacks:
    def refuse(self, world: World, packed: Path) -> Path:
        data = bytearray(packed.read_bytes())
        data[200] ^= 1
        altered = world.folder / "altered.zip"
        altered.write_bytes(data)
        return altered

    @pytest.mark.parametrize("command", [["unpack", "-o", "OUT"], ["release-password"]])
    def test_is_on_record_with_its_reason(
        self, world: World, packed: Path, face: Face, command: list[str]
    ) -> None:
        altered = self.refuse(world, packed)
        words = [str(world.folder / "new") if word == "OUT" else word for word in command]
        answer = face.run(world.bob, words[0], altered, *words[1:])
        assert answer.error["code"] == "bundle_altered"
        entry = world.bob.register.entries()[-1]
        assert entry.event == "unpack-refused"
        assert entry.details["reason"] == "bundle_altered"
        assert entry.details["sender"] == world.ann.identity.fingerprint
        assert "bundle_id" not in entry.details

    def test_a_file_that_is_no_bundle_has_its_reason_only(self, world: World, face: Face) -> None:
        path = world.folder / "=evil \x1b[2J.csv"
        path.write_bytes(b"id,name\n" * 5000)
        assert face.run(world.bob, "unpack", path, "-o", world.folder / "new").exit_code == 50
        entry = world.bob.register.entries()[-1]
        assert dict(entry.details) == {"reason": "bundle_malformed"}

    def test_what_was_not_refused_is_not_on_record(
        self, world: World, packed: Path, face: Face
    ) -> None:
        before = world.bob.register.entries()
        altered = self.refuse(world, packed)
        commands: list[tuple[list[str | Path], int]] = [
            (["unpack", world.folder / "none", "-o", world.folder / "new"], 50),
            (["verify", altered], 60),
            (["inspect", altered], 60),
            (["unpack", packed, "-o", packed], 80),
        ]
        for command, code in commands:
            assert face.run(world.bob, *command).exit_code == code
        assert world.bob.register.entries() == before

    @pytest.mark.parametrize("trouble", ["no passphrase", "wrong passphrase", "damaged register"])
    def test_the_refusal_stands_where_it_can_not_be_recorded(
        self,
        world: World,
        packed: Path,
        face: Face,
        trouble: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        altered = self.refuse(world, packed)
        out = world.folder / "new"
        answer = face.run(world.bob, "unpack", altered, "-o", out)
        refusal, before = answer.error, (world.bob.home / "register.jsonl").read_bytes()
        if trouble == "no passphrase":
            monkeypatch.delenv("SECUREXFER_PASSPHRASE_FILE")
        elif trouble == "wrong passphrase":
            (world.folder / "secret").write_text("another passphrase\n")
        else:
            before = before.replace(b"unpacked", b"unpackee", 1)
            (world.bob.home / "register.jsonl").write_bytes(before)
        answer = face.run(world.bob, "unpack", altered, "-o", out)
        assert (answer.exit_code, answer.error) == (60, refusal)
        assert "This refusal is not in the register." in answer.printed
        assert (world.bob.home / "register.jsonl").read_bytes() == before

    def test_a_home_without_an_identity_refuses_all_the_same(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path, "new")
        (tmp_path / "file").write_bytes(b"x" * 10_000)
        run = desk.run("unpack", "file", "-o", "out", "--json", check=50)
        assert json.loads(run.stdout)["error"]["code"] == "bundle_malformed"
        assert b"not in the register" in run.stderr
        assert not (desk.home / "register.jsonl").exists()

    def test_a_person_learns_the_reason_before_the_passphrase_is_asked_for(
        self, tmp_path: Path
    ) -> None:
        _, bob = two_desks(tmp_path)
        (tmp_path / "file").write_bytes(b"x" * 10_000)
        command = ["unpack", "file", "-o", "out"]
        prompt, secret = "Passphrase of the identity", bob.secret.read_text().strip()
        code, screen = in_terminal(bob, command, {prompt: secret})
        assert code == 50
        assert "not a bundle" in " ".join(screen.split(prompt)[0].split())
        assert "not a bundle" in " ".join(screen.split(prompt)[1].split())
        assert bob.json("register", "list")["entries"][-1]["event"] == "unpack-refused"
        code, screen = in_terminal(bob, command, {prompt: "\x04"})
        assert code == 50
        assert "This refusal is not in the register." in " ".join(screen.split())
        assert screen.rindex("Error: ") > screen.rindex("not in the register")


class TestContacts:
    def add(self, world: World, face: Face) -> Path:
        card = world.folder / "eve.card"
        card.write_bytes(world.eve.identity.card.encode())
        fingerprint = world.eve.identity.fingerprint
        options = ["--as", "eve", "--fingerprint", fingerprint]
        assert face.run(world.bob, "contact", "add", card, *options).exit_code == 0
        return card

    def verdict(self, document: dict[str, Any]) -> str:
        """Of what doctor says about the contacts."""
        (found,) = [one["verdict"] for one in document["findings"] if one["name"] == "contacts"]
        return str(found)

    def test_each_change_is_on_record(self, world: World, face: Face, told: Told) -> None:
        self.add(world, face)
        newer = rotate_identity(world.eve.identity, rotated_at=world.clock())
        card = world.folder / "newer.card"
        card.write_bytes(newer.card.encode())
        options = ["--replaces", "eve", "--fingerprint", newer.fingerprint]
        assert face.run(world.bob, "contact", "add", card, *options).exit_code == 0
        assert face.run(world.bob, "contact", "remove", "eve").exit_code == 0
        events = [entry.event for entry in world.bob.register.entries()]
        assert events == ["contact-added", "contact-replaced", "contact-removed"]
        assert face.run(world.bob, "register", "verify").exit_code == 0
        # Long after a contact has gone, its name is known.
        assert "eve" in told(world.bob, "register", "list", "--event", "contact-removed")

    def test_without_the_passphrase_nothing_changes(
        self, world: World, face: Face, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.add(world, face)
        monkeypatch.delenv("SECUREXFER_PASSPHRASE_FILE")
        answer = face.run(world.bob, "contact", "remove", "eve")
        assert answer.error["code"] == "passphrase_missing"
        assert world.bob.contacts.get("eve")

    def test_before_there_is_an_identity_they_are_pinned_and_recorded_with_it(
        self, tmp_path: Path
    ) -> None:
        ann, new = Desk(tmp_path, "ann"), Desk(tmp_path, "new")
        fingerprint = ann.create()
        command = ["contact", "add", "ann.card", "--as", "ann", "--fingerprint", fingerprint]
        run = new.run(*command)
        assert b"no identity here yet" in run.stderr
        assert not (new.home / "register.jsonl").exists()
        assert self.verdict(new.json("doctor", check=30)) == "ok"
        new.create()
        events = [entry["event"] for entry in new.json("register", "list")["entries"]]
        assert events == ["identity-created", "contact-added"]
        assert self.verdict(new.json("doctor")) == "ok"

    def test_one_that_somebody_put_there_is_a_warning(self, world: World, face: Face) -> None:
        self.add(world, face)
        findings = face.run(world.bob, "doctor").document["findings"]
        (finding,) = [one for one in findings if one["name"] == "contacts"]
        assert finding["verdict"] == "warning"
        # Pinned by the library, as somebody does who can write to the home.
        assert "ann, cat" in finding["remark"]
        assert "eve" not in finding["remark"]

    def test_a_new_identity_does_not_write_on_in_anothers_register(
        self, world: World, face: Face
    ) -> None:
        self.add(world, face)
        (world.bob.home / "identity.json").unlink()
        command = ["--home", str(world.bob.home), "--json", "identity", "create", "--name", "x"]
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            assert run(command) == 70
        assert "home of its own" in json.loads(out.getvalue())["error"]["hint"]
        assert not (world.bob.home / "identity.json").exists()
