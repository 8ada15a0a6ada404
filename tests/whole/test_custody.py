"""The loop closed between two desks: receipt, extension, destruction, and what is still missing."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from securexfer.cli.app import run
from securexfer.crypto import passphrase
from securexfer.crypto.document import SignedDocument
from securexfer.crypto.identity import Identity, decrypt_identity
from securexfer.crypto.keys import PrivateKeys
from securexfer.custody.register import Actor, Register
from securexfer.instant import format_instant, system_clock
from tests.assurance import Tally
from tests.attack.notary import open_content
from tests.whole.cli import EXTRACT, RECIPE, Desk, two_desks
from tests.whole.watch import N_CANARIES, Needles, make_canaries
from tests.world import csv_bytes

PACK = ["pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick"]


class QuickDesk(Desk):
    """A desk whose commands run in this process: as its users see them, in a tenth of the time."""

    def run(
        self, *arguments: str | Path, stdin: bytes = b"", check: int | None = 0
    ) -> subprocess.CompletedProcess[bytes]:
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, self.environment(), clear=True),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = run([str(argument) for argument in arguments])
        printed = out.getvalue().encode(), err.getvalue().encode()
        assert check is None or code == check, printed[1].decode()
        return subprocess.CompletedProcess(list(map(str, arguments)), code, *printed)


class Pair:
    """Two desks, a bundle, and that unpacked at bob's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ann, self.bob = QuickDesk(folder, "ann"), QuickDesk(folder, "bob")
        prints = {desk.name: desk.create() for desk in (self.ann, self.bob)}
        for one, other in ((self.ann, "bob"), (self.bob, "ann")):
            card = folder / f"{other}.card"
            one.run("contact", "add", card, "--as", other, "--fingerprint", prints[other])
        (folder / "people.csv").write_bytes(EXTRACT)
        (folder / "people.toml").write_text(RECIPE)
        (folder / "stick").mkdir()
        packed = self.ann.json(*PACK)
        self.bundle, self.bundle_id = folder / packed["path"], packed["bundle_id"]
        self.short = self.bundle.name.split(".")[0]
        self.receipt = folder / self.bob.json("unpack", self.bundle, "-o", "incoming")["receipt"]

    def destroy(self) -> Path:
        (path,) = self.bob.json("destroy", self.bundle_id)["certificates"]
        return Path(path)


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    # Argon2id would take most of the time, and is not what is shown here.
    monkeypatch.setattr(passphrase, "_key", lambda text, _: hashlib.sha256(text.encode()).digest())
    return Pair(tmp_path)


def keys_of(desk: Desk) -> PrivateKeys:
    return identity_of(desk).keys


def identity_of(desk: Desk) -> Identity:
    data = (desk.home / "identity.json").read_bytes()
    return decrypt_identity(data, desk.secret.read_text().strip())


def test_the_whole_loop(tmp_path: Path) -> None:
    ann, bob = two_desks(tmp_path)
    packed = ann.json(*PACK)
    bundle_id = packed["bundle_id"]
    (missing,) = ann.json("register", "list", "--open")["bundles"]
    assert missing["missing"] == ["receipt", "certificate"]

    unpacked = bob.json("unpack", packed["path"], "-o", "incoming")
    receipt = tmp_path / unpacked["receipt"]
    assert receipt.name == f"sx-{bundle_id[:12]}.receipt"
    assert stat.S_IMODE(receipt.stat().st_mode) == 0o600
    assert str(receipt.relative_to(tmp_path)) not in unpacked["files"]
    imported = ann.json("receipt", "import", receipt)
    assert imported["imported"] is True
    assert imported["signer_name"] == "bob"
    assert imported["tables"] == [{"name": "people", "n_rows": 2}]
    assert imported["medium"].keys() == {"kind", "file_system"}

    extended = ann.json("extend", bundle_id[:8], "--days", "30", "-o", "later.extension")
    assert extended["path"] == "later.extension"
    bob.run("extension", "import", "later.extension")
    assert b"extended by the sender" in bob.run("verify", packed["path"]).stdout
    outside = ann.json("verify", packed["path"], "--outside")
    assert outside["extended_until"] == extended["expires_at"]
    for desk in (ann, bob):
        (held,) = desk.json("register", "list", "--open")["bundles"]
        assert held["destroy_by"] == extended["expires_at"]

    destroyed = bob.json("destroy", bundle_id[:8])
    (certificate,) = destroyed["certificates"]
    assert sorted(p.name for p in (tmp_path / "incoming").iterdir()) == [Path(certificate).name]
    assert bob.json("register", "list", "--open")["bundles"] == []
    closed = ann.json("certificate", "import", certificate)
    assert (closed["n_removed"], closed["n_missing"]) == (2, 0)
    assert [one["statement_id"] for one in closed["openings"]] == [imported["statement_id"]]
    assert "Flash drives can keep old blocks" in closed["remark"]
    listed = ann.json("register", "list", "--open")
    assert (listed["bundles"], listed["n_overdue"]) == ([], 0)
    events = [e["event"] for e in ann.json("register", "list")["entries"]]
    kinds = [event for event in events if not event.startswith("contact-")]
    assert kinds[1:] == ["packed", "receipt-imported", "extended", "certificate-imported"]
    for desk in (ann, bob):
        assert b"every check held" in desk.run("register", "verify").stdout
    kept = sorted(path.suffix for path in (ann.home / "receipts").iterdir())
    assert kept == [".certificate", ".receipt"]


def test_people_are_told_what_was_found_and_what_to_do(pair: Pair) -> None:
    run = pair.ann.run("receipt", "import", pair.receipt)
    out, err = run.stdout.decode(), run.stderr.decode()
    for text in ("Receipt from:  bob", "people: 2 rows", "Medium:"):
        assert text in out
    assert "put on record" in err
    assert "imported before" in pair.ann.run("receipt", "import", pair.receipt).stderr.decode()
    assert pair.ann.json("receipt", "import", pair.receipt)["imported"] is False
    listed = pair.ann.run("register", "list", "--open").stdout.decode()
    assert "sent to bob" in listed
    assert "certificate" in listed
    assert "here, from ann" in pair.bob.run("register", "list", "--open").stdout.decode()
    certificate = pair.destroy()
    out = pair.ann.run("certificate", "import", certificate).stdout.decode()
    assert "2 deleted, 0 not there any more" in out
    assert "copies made elsewhere" in out
    assert "Nothing is open." in pair.ann.run("register", "list", "--open").stderr.decode()


@pytest.mark.parametrize(
    ("who", "arguments", "code", "slug"),
    [
        ("ann", ["receipt", "import", "nowhere"], 50, "statement_missing"),
        ("ann", ["receipt", "import", "."], 50, "statement_missing"),
        ("ann", ["receipt", "import", "people.csv"], 50, "statement_malformed"),
        ("ann", ["certificate", "import", "RECEIPT"], 50, "statement_malformed"),
        ("ann", ["extension", "import", "RECEIPT"], 50, "statement_malformed"),
        ("bob", ["receipt", "import", "RECEIPT"], 40, "not_a_recipient"),
        ("bob", ["extend", "ID", "--days", "1"], 2, "usage"),
        ("ann", ["extend", "ID", "--days", "0"], 2, "usage"),
        ("ann", ["extend", "ID", "--days", "4000"], 2, "usage"),
        ("ann", ["extend", "ID"], 2, "usage"),
        ("bob", ["extend", "ID"], 2, "usage"),
        ("ann", ["extend", "ID", "--days", "1", "-o", "no/where"], 80, "output_failed"),
        ("ann", ["extend", "ID", "--days", "1", "-o", "people.csv"], 80, "output_exists"),
        ("bob", ["destroy", "ID", "-o", "no/where"], 80, "output_failed"),
        ("bob", ["destroy", "ID", "-o", "nowhere"], 80, "output_failed"),
        ("ann", ["extend", "ID", "--days", "1", "-o", "nowhere"], 80, "output_failed"),
        ("bob", ["destroy", "ID", "-o", "people.csv"], 80, "output_exists"),
    ],
)
def test_every_failure_has_its_code_and_changes_nothing(
    pair: Pair, who: str, arguments: list[str], code: int, slug: str
) -> None:
    places = {"RECEIPT": str(pair.receipt), "ID": pair.bundle_id}
    desk = pair.ann if who == "ann" else pair.bob
    before = (desk.home / "register.jsonl").read_bytes()
    command = [places.get(word, word) for word in arguments]
    error = desk.json(*command, "--no-input", check=code)["error"]
    assert (error["code"], error["hint"] != "") == (slug, True)
    assert (desk.home / "register.jsonl").read_bytes() == before
    assert (pair.folder / "incoming" / "people.csv").exists()


class TestReceipts:
    def test_each_unpack_has_its_own_and_replaces_none(self, pair: Pair) -> None:
        first = pair.receipt.read_bytes()
        again = pair.bob.json("unpack", pair.bundle, "-o", "incoming", "--force")
        assert again["receipt"] == f"incoming/{pair.short}-2.receipt"
        assert pair.receipt.read_bytes() == first
        for path in (pair.receipt, pair.folder / again["receipt"]):
            assert pair.ann.json("receipt", "import", path)["imported"] is True

    def test_only_the_tables_that_were_opened_are_in_it(self, pair: Pair) -> None:
        ann, bob = pair.ann, pair.bob
        extra = '[tables.other.fields]\ncode = { action = "keep" }\n'
        (pair.folder / "people.toml").write_text(RECIPE + extra)
        (pair.folder / "other.csv").write_text("code\na\nb\nc\n")
        packed = ann.json(*PACK[:2], "other.csv", *PACK[2:])
        made = bob.json("unpack", packed["path"], "-o", "in", "--table", "other")
        imported = ann.json("receipt", "import", made["receipt"])
        assert imported["tables"] == [{"name": "other", "n_rows": 3}]

    def test_a_receipt_of_what_was_kept_compressed_or_escaped(self, pair: Pair) -> None:
        for option in ("--keep-compressed", "--escape-formulas"):
            made = pair.bob.json("unpack", pair.bundle, "-o", option.strip("-"), option)
            imported = pair.ann.json("receipt", "import", made["receipt"])
            assert imported["tables"] == [{"name": "people", "n_rows": 2}]

    def test_a_link_in_its_place_is_not_followed(self, pair: Pair) -> None:
        precious = pair.folder / "precious"
        precious.write_text("precious")
        out = pair.folder / "linked"
        out.mkdir()
        (out / f"{pair.short}.receipt").symlink_to(precious)
        made = pair.bob.json("unpack", pair.bundle, "-o", "linked")
        assert made["receipt"] == f"linked/{pair.short}-2.receipt"
        assert precious.read_text() == "precious"


class TestCertificates:
    def test_it_counts_what_was_not_there_any_more(self, pair: Pair) -> None:
        pair.bob.run("unpack", pair.bundle, "-o", "two")
        (pair.folder / "incoming" / "people.csv").unlink()
        (pair.folder / "two" / "people.csv").write_text("my notes on them")
        made = pair.bob.json("destroy", pair.bundle_id, "--force")
        assert Path(made["certificates"][0]).parent == pair.folder / "two"
        closed = pair.ann.json("certificate", "import", made["certificates"][0])
        counts = closed["n_removed"], closed["n_changed"], closed["n_missing"]
        assert counts == (3, 1, 1)
        assert len(closed["openings"]) == 2
        assert any("not there any more" in note for note in closed["notes"])
        assert any("had been changed since unpack" in note for note in closed["notes"])

    def test_a_drill_that_nobody_started_is_called_that(self, pair: Pair) -> None:
        assert b"No drill was started here yet." in pair.ann.run("drill", "list").stderr

    def test_what_is_extended_again_is_said_to_be(self, pair: Pair) -> None:
        ann = pair.ann
        ann.run("extend", pair.bundle_id, "--days", "10")
        again = ann.run("extend", pair.bundle_id)
        assert b"Nothing was recorded now." in again.stderr
        assert b", instead of " in again.stdout
        more = ann.run("extend", pair.bundle_id, "--days", "5").stderr.decode()
        assert "the new days come on top of that" in " ".join(more.split())

    def test_whoever_moved_a_file_is_told_to_delete_it(self, pair: Pair) -> None:
        (pair.folder / "incoming" / "people.csv").rename(pair.folder / "mine.csv")
        said = pair.bob.run("destroy", pair.bundle_id).stderr.decode()
        assert "was moved or renamed, or its drive is only away: delete it there, too." in " ".join(
            said.split()
        )

    def test_it_is_said_what_is_deleted_and_what_is_not(self, pair: Pair) -> None:
        made = pair.bob.json("unpack", pair.bundle, "-o", "two")
        changed = pair.folder / made["receipt"]
        changed.write_text("my notes")
        run = pair.bob.run("destroy", pair.bundle_id)
        lines = run.stdout.decode().splitlines()
        assert f"Deleted: {pair.receipt}" in lines
        assert f"Kept: {changed}, a receipt once, and not as it was written: look at it" in lines
        said = " ".join(run.stderr.decode().split())
        assert "1 receipt was deleted too. If you had not sent it yet: the certificate" in said
        assert "The bundle itself was not deleted" in said
        assert not pair.receipt.exists()
        assert changed.read_text() == "my notes"
        assert pair.bundle.exists()
        again = pair.bob.json("destroy", pair.bundle_id)
        assert (again["receipts_removed"], again["receipts_kept"]) == ([], [str(changed)])

    def test_none_is_written_while_something_is_still_there(
        self, pair: Pair, tool: Callable[[str], str]
    ) -> None:
        # An immutable file can't be deleted, not even by root.
        made = pair.bob.json("unpack", pair.bundle, "-o", "stuck")
        table = pair.folder / "stuck" / "people.csv"
        bind = [tool("mount"), "--bind", str(table), str(table)]
        if subprocess.run(bind, capture_output=True, check=False).returncode:
            pytest.skip("needs root for a bind mount")
        try:
            error = pair.bob.json("destroy", pair.bundle_id, "--force", check=80)["error"]
            assert "could not be deleted" in error["message"]
            assert list((pair.folder / "stuck").glob("*.certificate")) == []
            assert (pair.folder / made["receipt"]).exists()
            (held,) = pair.bob.json("register", "list", "--open")["bundles"]
            assert held["missing"] == ["destruction"]
        finally:
            subprocess.run([tool("umount"), str(table)], check=True)
        assert pair.bob.json("destroy", pair.bundle_id, "--force")["certificates"]

    def test_a_lost_one_is_written_again_and_is_the_same(self, pair: Pair) -> None:
        first = pair.destroy()
        (second,) = pair.bob.json("destroy", pair.bundle_id, "-o", "y.certificate")["certificates"]
        said = pair.bob.run("destroy", pair.bundle_id, "-o", "z.certificate").stderr.decode()
        assert "Nothing was left to delete." in said
        assert "recorded. Copies" not in said
        assert pair.ann.json("certificate", "import", pair.folder / second)["imported"] is True
        assert pair.ann.json("certificate", "import", first)["imported"] is False

    def test_without_the_senders_card_the_data_go_all_the_same(self, pair: Pair) -> None:
        pair.bob.run("contact", "remove", "ann")
        run = pair.bob.run("destroy", pair.bundle_id, "--force", "-o", ".")
        assert b"Pin their card" in run.stderr
        assert f"Kept: {pair.receipt}, a receipt; it holds no row" in run.stdout.decode()
        assert pair.bob.json("register", "list", "--open")["bundles"] == []
        card = pair.folder / "ann.card"
        fingerprint = pair.ann.json("identity", "show")["fingerprint"]
        pair.bob.run("contact", "add", card, "--as", "ann", "--fingerprint", fingerprint)
        (path,) = pair.bob.json("destroy", pair.bundle_id, "-o", ".")["certificates"]
        assert pair.ann.json("certificate", "import", path)["imported"] is True

    def test_a_folder_that_is_gone_needs_another_for_the_certificate(self, pair: Pair) -> None:
        shutil.rmtree(pair.folder / "incoming")
        error = pair.bob.json("destroy", pair.bundle_id, "--force", check=80)["error"]
        assert "-o" in error["hint"]
        made = pair.bob.json("destroy", pair.bundle_id, "--force", "-o", ".")
        closed = pair.ann.json("certificate", "import", made["certificates"][0])
        assert (closed["n_removed"], closed["n_missing"]) == (0, 2)


def overdue(desk: Desk) -> None:
    """Have the register's newest entry lie beyond the destroy-by date of the bundle."""
    register = Register(desk.home / "register.jsonl", Actor("nightly", "desk"))
    register.append(identity_of(desk), "extended", NOTHING, system_clock() + timedelta(days=365))


NOTHING = {
    "bundle_id": "0" * 32,
    "bundle_sha256": "0" * 64,
    "expires_at": format_instant(system_clock()),
}


# What the glance looks for, and nothing that it expects around it.
MARK = b'\\"event\\":\\"packed\\"'


class TestTheReminder:
    LINE = b"Overdue: "

    def test_every_command_ends_with_it_when_something_is_overdue(self, pair: Pair) -> None:
        for desk in (pair.ann, pair.bob):
            assert self.LINE not in desk.run("contact", "list").stderr
            overdue(desk)
        for command in (
            ["contact", "list"],
            ["identity", "show"],
            ["register", "list"],
            ["recipe", "check", "people.toml"],
            ["inspect", str(pair.bundle)],
        ):
            run = pair.ann.run(*command)
            (line,) = (one for one in run.stderr.splitlines() if self.LINE in one)
            assert b"a bundle that was sent has no destruction certificate" in line
            assert b"securexfer register list --overdue" in line
            assert self.LINE not in run.stdout
        run = pair.bob.run("contact", "list")
        assert b"a bundle that was unpacked here is to be destroyed" in run.stderr
        # Also where the command itself fails, before the error that people look at.
        run = pair.bob.run("verify", pair.bundle, check=60)
        lines = run.stderr.splitlines()
        assert self.LINE in lines[0]
        assert lines[1].startswith(b"Error: ")

    def test_it_stays_away_where_programs_read_and_from_help(self, pair: Pair) -> None:
        overdue(pair.ann)
        for command in (
            ["contact", "list", "--quiet"],
            ["contact", "list", "--json"],
            ["contact", "--help"],
            ["contact", "list", "--help"],
            ["--version"],
            ["demo", "--rows", "10"],
            ["register", "list", "--overdue"],
            ["register", "list", "--open"],
        ):
            run = pair.ann.run(*command)
            assert self.LINE not in run.stderr + run.stdout, command

    def test_it_goes_when_the_data_are_gone_and_the_certificate_is_there(self, pair: Pair) -> None:
        certificate = pair.destroy()
        for desk in (pair.ann, pair.bob):
            overdue(desk)
        assert self.LINE not in pair.bob.run("contact", "list").stderr
        assert self.LINE in pair.ann.run("contact", "list").stderr
        assert self.LINE not in pair.ann.run("certificate", "import", certificate).stderr

    @pytest.mark.parametrize(
        "content",
        [b"", b"\0" * 99, b'{"payload":"\\"event\\":\\"packed\\""}\n', MARK + b"\n", None],
        ids=["empty", "zeros", "a payload that is none", "no JSON", "a folder"],
    )
    def test_it_never_fails_whatever_the_register_is(
        self, pair: Pair, content: bytes | None
    ) -> None:
        path = pair.ann.home / "register.jsonl"
        path.unlink()
        if content is None:
            path.mkdir()
        else:
            path.write_bytes(content)
        run = pair.ann.run("contact", "list")
        assert run.stderr == b""

    def test_it_does_not_wait_for_another_run(self, pair: Pair) -> None:
        overdue(pair.ann)
        program = (
            "import sys, time\n"
            "from filelock import FileLock\n"
            f"with FileLock({str(pair.ann.home / 'register.lock')!r}):\n"
            "    print('held', flush=True)\n"
            "    time.sleep(60)\n"
        )
        command = [sys.executable, "-c", program]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as held:
            assert held.stdout is not None
            assert held.stdout.readline() == b"held\n"
            assert self.LINE in pair.ann.run("contact", "list").stderr
            held.kill()


def test_a_scheduler_learns_what_is_overdue_by_stable_keys(pair: Pair) -> None:
    for desk in (pair.ann, pair.bob):
        overdue(desk)
    documents = {
        desk.name: desk.json("register", "list", "--overdue") for desk in (pair.ann, pair.bob)
    }
    keys = {
        *("bundle_id", "bundle_sha256", "destroy_by", "missing", "overdue", "recipients", "role"),
        *("sender", "sender_name", "since"),
    }
    for document in documents.values():
        assert document.keys() == {"at", "bundles", "n_overdue"}
        assert document["n_overdue"] == 1
        (held,) = document["bundles"]
        assert held.keys() == keys
        assert held["bundle_id"] == pair.bundle_id
        assert held["overdue"] is True
    (recipient,) = documents["ann"]["bundles"][0]["recipients"]
    assert recipient.keys() == {"destroyed_at", "fingerprint", "missing", "name", "opened_at"}
    assert (recipient["name"], recipient["missing"]) == ("bob", ["receipt", "certificate"])
    assert documents["bob"]["bundles"][0]["sender_name"] == "ann"


def test_no_cell_is_in_a_statement(pair: Pair, tally: Tally) -> None:
    """A thousand canaries in the table; what is sealed is opened, and searched too."""
    ann, bob, folder = pair.ann, pair.bob, pair.folder
    canaries = make_canaries("statements")
    rows = [[f"id {n}", canary, "1980-01-01", canary] for n, canary in enumerate(canaries)]
    (folder / "people.csv").write_bytes(csv_bytes([["id", "name", "born", "town"], *rows]))
    packed = ann.json(*PACK)
    made = bob.json("unpack", packed["path"], "-o", "canaries")
    extended = ann.json("extend", packed["bundle_id"], "--days", "1")
    bob.run("extension", "import", extended["path"])
    ann.run("receipt", "import", made["receipt"])
    destroyed = bob.json("destroy", packed["bundle_id"])
    ann.run("certificate", "import", destroyed["certificates"][0])
    needles = Needles.of_texts(canaries)
    paths = [extended["path"], destroyed["certificates"][0]]
    files = [(folder / path).read_bytes() for path in paths]
    files += [path.read_bytes() for path in (ann.home / "receipts").iterdir()]
    files += [open_content(data, keys_of(ann)) for data in files if b'"sealed"' in data]
    files += [(desk.home / "register.jsonl").read_bytes() for desk in (ann, bob)]
    assert len(files) == 9
    for data in files:
        assert needles.find(data) == []
    texts = [facts(data) for data in files if data.startswith(b'{"payload"')]
    assert all("canaries" not in text and str(folder) not in text for text in texts)
    tally.count("hygiene", "Canaries sought in receipts, certificates and extensions", N_CANARIES)


def facts(data: bytes) -> str:
    """The payload of a signed line, as text: no path may be in it."""
    claimed: Any = SignedDocument.decode(data.partition(b"\n")[0]).claimed()
    return "" if "previous_sha256" in claimed else repr(claimed)
