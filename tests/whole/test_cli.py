"""The commands, as processes: results on stdout, the rest on stderr, documented exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from securexfer.custody.register import Actor, Register
from tests.whole.cli import Desk, two_desks


@pytest.fixture
def desks(tmp_path: Path) -> tuple[Desk, Desk]:
    return two_desks(tmp_path)


def pack(ann: Desk) -> Path:
    packed = ann.json("pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick")
    return Path(packed["path"])


def test_the_main_job_from_card_to_table(desks: tuple[Desk, Desk]) -> None:
    ann, bob = desks
    run = ann.run("pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick")
    out = run.stdout.decode()
    assert "2 rows packed" in out
    assert "withheld" in out
    assert "name" in out
    assert b"Ann" not in run.stdout + run.stderr
    (bundle,) = (ann.folder / "stick").iterdir()
    assert bundle.name.startswith("sx-")
    assert bundle.name.endswith(".sxfer.zip")

    seen = bob.run("inspect", bundle)
    assert b"people" not in seen.stdout
    assert b"Nobody's signature was checked" in seen.stderr
    drive, _, here = seen.stdout.decode().partition("This is what a finder sees.")
    assert "the file has no names" in here
    for name in ("ann", "bob"):
        fingerprint = ann.json("--home", f"home-{name}", "identity", "show")["fingerprint_spoken"]
        assert fingerprint.replace(" ", "-") in drive
        assert f", {name}" not in drive
        assert f"  {name}" in here
    assert b"Every check held." in bob.run("verify", bundle).stdout
    ann.run("verify", bundle, "--outside")

    unpacked = bob.run("unpack", bundle, "-o", "incoming")
    assert b"DSA-2026-014" in unpacked.stdout
    table = ann.folder / "incoming" / "people.csv"
    rows = list(csv.reader(io.StringIO(table.read_text())))
    assert rows[0] == ["person", "born", "town"]
    assert [row[1:] for row in rows[1:]] == [["1980", "York"], ["1975", "Hull"]]
    assert stat.S_IMODE(table.stat().st_mode) == 0o600
    assert stat.S_IMODE(table.parent.stat().st_mode) == 0o700
    package = json.loads((table.parent / "datapackage.json").read_text())
    assert package["resources"][0]["path"] == "people.csv"

    assert b"every check held" in ann.run("register", "verify").stdout
    events = [e["event"] for e in bob.json("register", "list")["entries"]]
    assert events == ["identity-created", "contact-added", "unpack-started", "unpacked"]


def test_the_unpacked_package_is_a_valid_data_package(desks: tuple[Desk, Desk]) -> None:
    ann, bob = desks
    bob.run("unpack", pack(ann), "-o", "incoming")
    from frictionless import Package

    report = Package(str(ann.folder / "incoming" / "datapackage.json")).validate()
    assert report.valid, report.flatten(["code"])


def test_every_result_is_one_json_document(desks: tuple[Desk, Desk]) -> None:
    ann, bob = desks
    bundle = pack(ann)
    packed = ann.json("register", "list")["entries"][-1]["details"]
    for document in (
        bob.json("inspect", bundle),
        bob.json("verify", bundle),
        bob.json("verify", bundle, "--outside"),
        bob.json("release-password", bundle),
        bob.json("unpack", bundle, "-o", "incoming"),
    ):
        assert document["bundle_id"] == packed["bundle_id"]
    assert ann.json("recipe", "check", "people.toml")["valid"] is True
    checked = ann.json("recipe", "check", "people.toml", "people.csv")
    assert checked["tables"][0]["withheld"] == ["name"]
    dry = ann.json("pack", "people.csv", "--recipe", "people.toml", "--dry-run")
    assert dry["dry_run"] is True
    assert [c["contact"] for c in ann.json("contact", "list")["contacts"]] == ["bob"]
    assert (
        ann.json("contact", "show", "bob")["fingerprint"]
        == bob.json("identity", "show")["fingerprint"]
    )
    assert ann.json("identity", "card")["card"].startswith("{")
    assert ann.json("register", "show", packed["bundle_id"][:8])["entries"][0]["event"] == "packed"
    assert ann.json("register", "verify")["verified"] is True
    assert bob.json("contact", "remove", "ann")["contact"] == "ann"


def test_a_dry_run_writes_nothing_and_needs_no_secret(desks: tuple[Desk, Desk]) -> None:
    ann, _ = desks
    ann.secret.unlink()
    before = (ann.home / "register.jsonl").read_bytes()
    ann.run("pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "--dry-run")
    assert list((ann.folder / "stick").iterdir()) == []
    assert (ann.home / "register.jsonl").read_bytes() == before


def test_an_extract_can_come_from_standard_input(desks: tuple[Desk, Desk]) -> None:
    ann, bob = desks
    extract = (ann.folder / "people.csv").read_bytes()
    packed = ann.json(
        "pack", "people=-", "--recipe", "people.toml", "--to", "bob", "-o", "stick", stdin=extract
    )
    assert packed["tables"][0]["n_rows_out"] == 2
    bob.run("verify", packed["path"])


def test_the_released_password_stands_alone_on_stdout(desks: tuple[Desk, Desk]) -> None:
    ann, bob = desks
    run = bob.run("release-password", pack(ann))
    assert len(run.stdout) == 44
    assert run.stdout.endswith(b"\n")
    assert b"neither who sent the bundle nor whether it was altered" in run.stderr
    assert run.stdout.strip() not in run.stderr
    assert bob.json("register", "list")["entries"][-1]["event"] == "password-released"


def test_a_replay_is_reported_and_files_are_not_overwritten(desks: tuple[Desk, Desk]) -> None:
    ann, bob = desks
    bundle = pack(ann)
    bob.run("unpack", bundle, "-o", "incoming")
    table = ann.folder / "incoming" / "people.csv"
    table.write_text("precious")
    run = bob.run("unpack", bundle, "-o", "incoming", check=80)
    assert b"opened here before" in run.stderr
    assert table.read_text() == "precious"
    bob.run("unpack", bundle, "-o", "incoming", "--force")
    assert table.read_text() != "precious"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["register", "list", "--since", "x"], "'x' is no day. Write it as in 2026-11-22."),
        (["breach-report", "--aware-at", "22.11.2026"], "Write it as in 2026-11-22 or"),
        (["extend", "97c5", "--days", "0"], "'0' does not fit; give a whole number, 1 or more."),
        (["extend", "97c5", "--days", "x"], "'x' does not fit; give a whole number, 1 or more."),
        (["forward", "x", "--days", "4000"], "give a whole number, from 1 to 3,650."),
        (["pack", "x", "-o", ".", "--wait", "x"], "give a number of seconds, 0 or more."),
        (["pack", "x", "-o", ".", "--source-timeout", "0"], "a number of seconds, more than 0."),
    ],
)
def test_what_an_option_takes_is_said_in_words(
    desks: tuple[Desk, Desk], arguments: list[str], told: str
) -> None:
    error = desks[0].json(*arguments, check=2)["error"]
    assert error["message"].startswith("Invalid value for '--")
    assert told in error["message"]
    assert "%" not in error["message"]


@pytest.mark.parametrize(
    ("arguments", "code", "slug"),
    [
        (["pack"], 2, "usage"),
        (["nonsense"], 2, "usage"),
        (["--nonsense"], 2, "usage"),
        (["pack", "people.csv", "--recipe", "people.toml", "--to", "bob"], 2, "usage"),
        (["pack", "people.csv", "--recipe", "people.toml", "-o", "stick"], 2, "usage"),
        (
            ["pack", "people.csv", "--recipe", "missing.toml", "--to", "bob", "-o", "stick"],
            10,
            "recipe_invalid",
        ),
        (["recipe", "check", "people.csv"], 10, "recipe_invalid"),
        (
            ["pack", "missing.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick"],
            20,
            "extract_missing",
        ),
        (
            ["pack", "people=-", "--recipe", "people.toml", "--to", "bob", "-o", "stick"],
            20,
            "header_invalid",
        ),
        (
            ["pack", "people.csv", "--recipe", "people.toml", "--to", "eve", "-o", "stick"],
            30,
            "contact_unknown",
        ),
        (["contact", "add", "bob.card"], 30, "fingerprint_unconfirmed"),
        (["contact", "add", "bob.card", "--fingerprint", "AAAA"], 30, "fingerprint_mismatch"),
        (["contact", "add", "people.csv", "--fingerprint", "AAAA"], 30, "card_invalid"),
        (["contact", "show", "eve"], 30, "contact_unknown"),
        (["identity", "create", "--name", "again"], 30, "identity_exists"),
        (["--home", "elsewhere", "identity", "show"], 30, "identity_missing"),
        (
            [
                "--home",
                "x",
                "pack",
                "people.csv",
                "--recipe",
                "people.toml",
                "--to",
                "bob",
                "-o",
                ".",
            ],
            30,
            "identity_missing",
        ),
        (["--home", "elsewhere", "contact", "show", "bob"], 30, "contact_unknown"),
        (["inspect", "people.csv"], 50, "bundle_malformed"),
        (["verify", "people.csv"], 50, "bundle_malformed"),
        (["inspect", "missing"], 50, "bundle_missing"),
        (
            ["pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "no/where"],
            80,
            "output_failed",
        ),
        (["register", "show", "ffff"], 2, "usage"),
        (["recipe", "check", "people.toml", "poeple=people.csv"], 2, "usage"),
        (
            ["pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stikc"],
            80,
            "output_failed",
        ),
        (
            ["pack", "people.csv", "--recipe", "people.toml", "--dry-run", "-o", "stikc"],
            80,
            "output_failed",
        ),
        (["verify", "stick"], 50, "bundle_malformed"),
        (["unpack", "x.zip", "-o", "out", "--allow-medium"], 2, "usage"),
        (["unpack", "x.zip", "-o", "out", "--reason", "agreed"], 2, "usage"),
        (["unpack", "x.zip", "-o", "out", "--allow-medium", "--reason", " "], 2, "usage"),
        (["unpack", "x.zip", "-o", "out", "--allow-medium", "--reason", "a\nb"], 2, "usage"),
    ],
)
def test_every_failure_has_its_code_a_message_and_a_next_step(
    desks: tuple[Desk, Desk], arguments: list[str], code: int, slug: str
) -> None:
    ann, _ = desks
    error = ann.json(*arguments, "--no-input", check=code)["error"]
    assert (error["code"], error["exit_code"]) == (slug, code)
    assert error["message"]
    assert error["hint"]
    run = ann.run(*arguments, "--no-input", check=code)
    text = run.stderr.decode()
    assert "Error: " in text
    assert "Next:  " in text
    assert "Traceback" not in text
    assert run.stdout == b""
    assert list((ann.folder / "stick").iterdir()) == []


def test_keys_and_recipients_are_told_apart(desks: tuple[Desk, Desk], tmp_path: Path) -> None:
    ann, bob = desks
    bundle = pack(ann)
    eve = Desk(tmp_path, "eve")
    eve.create()
    eve.json("verify", bundle, check=60)
    card = ann.folder / "ann.card"
    fingerprint = ann.json("identity", "show")["fingerprint_spoken"]
    eve.run("contact", "add", card, "--fingerprint", fingerprint)
    assert eve.json("verify", bundle, check=40)["error"]["code"] == "not_a_recipient"
    eve.run("verify", bundle, "--outside")
    ann.json("verify", bundle, check=40)
    wrong = ann.folder / "wrong"
    wrong.write_text("not the passphrase")
    wrong.chmod(0o600)
    error = bob.json("verify", bundle, "--passphrase-file", wrong, check=30)["error"]
    assert error["code"] == "passphrase_wrong"


def test_global_options_stand_before_or_after_the_command(desks: tuple[Desk, Desk]) -> None:
    ann, _ = desks
    for arguments in (
        ["--json", "identity", "show"],
        ["identity", "--json", "show"],
        ["identity", "show", "--json"],
    ):
        assert json.loads(ann.run(*arguments).stdout)["name"] == "ann"
    other = ann.folder / "other"
    ann.run("--home", other, "identity", "show", check=30)
    ann.run("identity", "show", "--home", other, check=30)


def test_a_broken_recipe_shows_all_its_problems(desks: tuple[Desk, Desk]) -> None:
    ann, _ = desks
    text = (ann.folder / "people.toml").read_text()
    (ann.folder / "bad.toml").write_text(
        text.replace("retention_days = 90", "retention_days = 0\ncolour = 1")
        + "\n[limits]\nmax_rows = 0\n"
    )
    error = ann.json("recipe", "check", "bad.toml", check=10)["error"]
    assert len(error["problems"]) == 3
    shown = ann.run("recipe", "check", "bad.toml", check=10).stderr.decode()
    assert "agreement.colour: unknown key" in shown
    assert "limits.max_rows: must be at least 1" in shown


def test_foreign_text_can_not_repaint_the_terminal(desks: tuple[Desk, Desk]) -> None:
    ann, _ = desks
    name = "\x1b[2J[red]x[/red].csv"
    run = ann.run("pack", name, "--recipe", "people.toml", "--to", "bob", "-o", "stick", check=20)
    assert b"\x1b" not in run.stderr
    assert b"[red]x[/red]" in run.stderr


@pytest.mark.parametrize("arguments", [["identity", "show"], ["--help"], ["nonsense", "--json"]])
def test_a_reader_that_has_gone_is_no_error(desks: tuple[Desk, Desk], arguments: list[str]) -> None:
    ann, _ = desks
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as stdout:
        run = subprocess.run(
            [sys.executable, "-m", "securexfer", *arguments],
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=ann.environment(),
            timeout=60,
            check=False,
        )
    expected = 2 if "nonsense" in arguments else 0
    assert (run.returncode, run.stderr) == (expected, b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_no_bundle_and_exits_130(
    desks: tuple[Desk, Desk], number: signal.Signals
) -> None:
    ann, _ = desks
    command = [sys.executable, "-m", "securexfer", "pack", "people=-", "--recipe", "people.toml"]
    with subprocess.Popen(
        [*command, "--to", "bob", "-o", "stick"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ann.environment(),
        cwd=ann.folder,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        row = b"7,Ann,1980-02-03,York\n"
        process.stdin.write(b"id,name,born,town\n" + row * 600_000)
        process.stdin.flush()
        for _ in range(200):
            if any((ann.folder / "stick").iterdir()):
                break
            time.sleep(0.05)
        assert [p.suffix for p in (ann.folder / "stick").iterdir()] == [".partial"]
        os.kill(process.pid, number)
        # The source stays open: the stop must not wait for it.
        assert process.wait(timeout=20) == 130
        text = process.stderr.read().decode()
    assert "Stopped" in text
    assert "Traceback" not in text
    assert list((ann.folder / "stick").iterdir()) == []


def test_the_demo_tells_the_whole_story(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "nobody")
    run = desk.run("demo", "--rows", "2000")
    text = run.stdout.decode()
    parts = ("2,000 rows packed", "What a finder sees", "Every check held", "withheld", "Signed by")
    for part in parts:
        assert part in text
    document = desk.json("demo", "--rows", "500", "--keep", "kept")
    assert document["n_rows"] == 500
    assert (tmp_path / "kept" / "incoming" / "offenders.csv").exists()
    for home in ("analyst", "contractor"):
        entries = Register(tmp_path / "kept" / home / "register.jsonl", Actor("x", "x")).entries()
        assert entries[0].event == "contact-added"
    desk.run("demo", "--rows", "500", "--keep", "kept", check=80)
    assert not (tmp_path / "home-nobody").exists()


def test_a_drive_that_is_not_there_does_not_become_a_file(desks: tuple[Desk, Desk]) -> None:
    ann, _ = desks
    for name in ("stikc", "stikc/"):
        run = ann.run(
            "pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", name, check=80
        )
        assert b"does not exist" in run.stderr
    assert not (ann.folder / "stikc").exists()


@pytest.mark.parametrize(
    ("extract", "advice"),
    [
        (b"id;name;born;town\n", 'delimiter = ";"'),
        (b"id\tname\tborn\ttown\n", 'delimiter = "\\t"'),
        (b" id,name,born,town\n", "trim = true"),
        (b"ID,name,born,town\n", "upper and lower case"),
        (b"PK\x03\x04" + bytes(40), "save the sheet as CSV"),
    ],
)
def test_common_mistakes_get_their_own_advice(
    desks: tuple[Desk, Desk], extract: bytes, advice: str
) -> None:
    ann, _ = desks
    (ann.folder / "people.csv").write_bytes(extract)
    run = ann.run("recipe", "check", "people.toml", "people.csv", check=None)
    assert run.returncode in (10, 20)
    assert advice in run.stderr.decode()


def test_what_could_not_be_read_is_told_to_both_sides(desks: tuple[Desk, Desk]) -> None:
    ann, bob = desks
    rows = b"1,Ann,03/02/1980,York\n2,Bob,31/12/1975,Hull\n"
    (ann.folder / "people.csv").write_bytes(b"id,name,born,town\n" + rows)
    run = ann.run("pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick")
    assert b"2 of 2 cells could not be read" in run.stdout
    assert b"Not one cell of the field born" in run.stderr
    (bundle,) = (ann.folder / "stick").iterdir()
    assert b"2 of 2" in " ".join(bob.run("verify", bundle).stdout.decode().split()).encode()
    (ann.folder / "people.csv").write_bytes(b"id,name,born,town\n")
    run = ann.run("pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick")
    assert b"Table people has no rows" in run.stderr


def test_a_hang_up_that_was_to_be_ignored_is_ignored(desks: tuple[Desk, Desk]) -> None:
    ann, _ = desks
    command = [sys.executable, "-m", "securexfer", "pack", "people=-", "--recipe", "people.toml"]
    with subprocess.Popen(
        [*command, "--to", "bob", "-o", "stick", "-q"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=ann.environment(),
        cwd=ann.folder,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),  # as nohup does
    ) as process:
        assert process.stdin is not None
        process.stdin.write(b"id,name,born,town\n")
        process.stdin.flush()
        time.sleep(2)
        os.kill(process.pid, signal.SIGHUP)
        process.stdin.write(b"1,Ann,1980-02-03,York\n")
        process.stdin.close()
        assert process.wait(timeout=60) == 0
