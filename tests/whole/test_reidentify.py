"""`reidentify` from the command line: what it shows, where, and what it leaves on record."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from tests.whole.cli import two_desks
from tests.world import csv_rows


def test_from_the_recipients_result_back_to_the_identifier(tmp_path: Path) -> None:
    ann, bob = two_desks(tmp_path)
    packed = ann.json("pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick")
    bob.run("unpack", packed["path"], "-o", "incoming")
    rows = csv_rows((tmp_path / "incoming" / "people.csv").read_bytes())
    (tmp_path / "hits.csv").write_text(f"who,why\n{rows[2][0]},rare\n")
    command = ["reidentify", "hits.csv", "--recipe", "people.toml", "--input", "people.csv"]
    command += ["--bundle", packed["bundle_id"][:8], "--reason", "safeguarding referral 17"]
    shown = ann.run(*command)
    assert csv_rows(shown.stdout) == [["token", "column", "identifier"], [rows[2][0], "id", "2"]]
    assert b"1 of 1 token found, and that is recorded" in shown.stderr
    assert ann.json(*command)["found"] == [{"token": rows[2][0], "column": "id", "identifier": "2"}]
    document = ann.json(*command, "-o", "found.csv")
    assert "found" not in document
    written = tmp_path / "found.csv"
    assert written.read_bytes() == shown.stdout
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert ann.json(*command, "-o", "found.csv", check=80)["error"]["code"] == "output_exists"
    error = ann.json(*command, "-o", "people.csv", "--force", check=80)["error"]
    assert "is needed" in error["message"]
    entries = ann.json("register", "list")["entries"]
    assert [e["event"] for e in entries].count("reidentified") == 3
    record = json.dumps(entries[-1])
    assert "safeguarding referral 17" in record
    assert rows[2][0] not in record


def test_without_a_reason_or_the_identity_there_is_no_way_back(tmp_path: Path) -> None:
    ann, bob = two_desks(tmp_path)
    packed = ann.json("pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick")
    (tmp_path / "tokens").write_text("person_" + "0" * 24)
    command = ["reidentify", "tokens", "--recipe", "people.toml", "--input", "people.csv"]
    assert ann.json(*command, check=2)["error"]["code"] == "usage"
    assert ann.json(*command, "--reason", " ", check=2)["error"]["code"] == "usage"
    asked = [*command, "--reason", "x", "--bundle", packed["bundle_id"]]
    assert bob.json(*asked, check=2)["error"]["code"] == "usage"
    (tmp_path / "tokens").write_text("x")
    assert ann.json(*asked, check=20)["error"]["code"] == "tokens_invalid"
