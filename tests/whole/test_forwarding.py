"""From desk to desk to desk: what is forwarded is seen by everybody for what it is."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from securexfer.bundle.layout import PROVENANCE
from securexfer.home import desk as home
from tests.whole.cli import EXTRACT, RECIPE, Desk, meet
from tests.whole.test_hygiene import files_written
from tests.world import allow_forwarding


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four desks that know each other, an extract, a recipe, and a bundle of `ann` for `bob`."""
    folder = tmp_path_factory.mktemp("desks")
    ann = meet(folder, "ann", "bob", "cat", "dan")[0]
    (folder / "people.csv").write_bytes(EXTRACT)
    (folder / "people.toml").write_text(allow_forwarding(RECIPE))
    (folder / "strict.toml").write_text(RECIPE)
    for name in ("stick", "second", "third"):
        (folder / name).mkdir()
    ann.run("pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick/b.zip")
    return folder


@pytest.fixture(scope="module")
def desks(folder: Path) -> dict[str, Desk]:
    return {name: Desk(folder, name) for name in ("ann", "bob", "cat", "dan")}


@pytest.fixture(scope="module")
def second(folder: Path, desks: dict[str, Desk]) -> Path:
    """What `bob` forwarded to `cat`."""
    result = desks["bob"].json("forward", "stick/b.zip", "--to", "cat", "-o", "second")
    return folder / str(result["path"])


@pytest.fixture(scope="module")
def third(folder: Path, second: Path, desks: dict[str, Desk]) -> Path:
    """What `cat` forwarded to `dan`."""
    result = desks["cat"].json("forward", second, "--to", "dan", "-o", "third", "--days", "5")
    assert [one["sender_name"] for one in result["forwarders"]] == ["bob"]
    assert result["origin"]["sender_name"] == "ann"
    assert result["recipients"] == [fingerprint(desks["dan"])]
    return folder / str(result["path"])


def fingerprint(desk: Desk) -> str:
    return home.Desk(desk.home).own_card().fingerprint


def test_the_colleague_unpacks_and_sees_both(
    folder: Path, desks: dict[str, Desk], second: Path
) -> None:
    unpacked = desks["cat"].json("unpack", second, "-o", "at-cat")
    assert unpacked["origin"]["sender"] == fingerprint(desks["ann"])
    assert unpacked["origin"]["sender_name"] == "ann"
    assert [one["sender"] for one in unpacked["forwarders"]] == [fingerprint(desks["bob"])]
    assert unpacked["origin_verified"] is True
    assert unpacked["sender_name"] == "bob"
    assert unpacked["forwarding"] == "yes"
    direct = desks["bob"].json("unpack", "stick/b.zip", "-o", "at-bob")
    assert direct["forwarders"] == []
    assert direct["forwarded"] is False
    assert direct["origin"]["bundle_id"] == direct["bundle_id"]
    for name in ("people.csv", "datapackage.json"):
        assert (folder / "at-cat" / name).read_bytes() == (folder / "at-bob" / name).read_bytes()


def test_the_next_colleague_sees_all_three(
    folder: Path, desks: dict[str, Desk], third: Path
) -> None:
    dan = desks["dan"]
    text = dan.run("verify", third).stdout.decode()
    assert "From:          cat\n" in text
    hands = [line.split(":", 1) for line in text.splitlines() if " by:" in line]
    assert [(label, value.split(",")[0].strip()) for label, value in hands] == [
        ("Packed by", "ann"),
        ("Forwarded by", "bob"),
        ("Forwarded by", "cat"),
    ]
    assert "Forwarding:    allowed" in text
    document = dan.json("verify", third)
    lives = [document["origin"], *document["forwarders"]]
    assert [one["expires_at"] for one in lives] == sorted(
        (one["expires_at"] for one in lives), reverse=True
    )
    assert document["expires_at"] == lives[-1]["expires_at"] < lives[0]["expires_at"]
    unpacked = dan.run("unpack", third, "-o", "at-dan")
    said = " ".join(unpacked.stderr.decode().split())
    assert f"Destroy the tables by {document['expires_at'][:10]}" in said
    # What it tells to type is the bundle that was unpacked, and who it came from.
    assert f"securexfer destroy {document['bundle_id'][:12]}" in said
    assert "Send the receipt to cat;" in said
    assert (folder / "at-dan" / "people.csv").read_bytes().startswith(b"person,born,town\n")
    events = [e["event"] for e in dan.json("register", "list")["entries"]]
    assert events[-2:] == ["unpack-started", "unpacked"]
    destroyed = dan.json("destroy", document["bundle_id"])
    assert destroyed["bundle_id"] == document["bundle_id"]
    assert not (folder / "at-dan" / "people.csv").exists()


def test_whoever_finds_it_sees_that_it_was_forwarded_and_not_by_whom(
    desks: dict[str, Desk], third: Path
) -> None:
    finder = Desk(desks["dan"].folder, "finder")
    document = finder.json("inspect", third)
    assert document["forwarded"] is True
    assert PROVENANCE in [member["name"] for member in document["members"]]
    text = finder.run("inspect", third).stdout.decode()
    assert "Forwarded:  yes; who packed it, and through whose hands it came, is inside" in text
    data = third.read_bytes()
    for name in ("ann", "bob"):
        shown = fingerprint(desks[name])
        assert shown not in json.dumps(document)
        assert shown.encode() not in data


def test_an_origin_without_a_card_is_shown_as_not_verified(
    desks: dict[str, Desk], second: Path
) -> None:
    cat = desks["cat"]
    cat.run("contact", "remove", "ann")
    try:
        run = cat.run("verify", second)
        assert "(not verified: not among the contacts here)" in run.stdout.decode()
        assert "Note: Origin not verified:" in run.stderr.decode()
        document = cat.json("verify", second)
        assert document["origin"]["verified"] is False
        assert document["origin"]["sender_name"] is None
        assert document["origin_verified"] is False
        released = cat.run("release-password", second)
        assert b"Origin not verified" in released.stderr
        assert b"Forwarded by:  bob" in released.stderr
    finally:
        known = fingerprint(desks["ann"])
        cat.run("contact", "add", "ann.card", "--as", "ann", "--fingerprint", known)
    assert cat.json("verify", second)["origin_verified"] is True


def test_what_the_recipe_does_not_allow_is_refused(folder: Path, desks: dict[str, Desk]) -> None:
    ann, bob = desks["ann"], desks["bob"]
    packed = ann.json("pack", "people.csv", "--recipe", "strict.toml", "--to", "bob", "-o", "stick")
    assert packed["forwarding"] == "no"
    error = bob.json("forward", packed["path"], "--to", "cat", "-o", "second", check=60)["error"]
    assert error["code"] == "forwarding_forbidden"
    run = bob.run("forward", packed["path"], "--to", "cat", "-o", "second", check=60)
    assert run.stderr.startswith(b"Error: ann packed the bundle under an agreement")


@pytest.mark.parametrize(
    ("arguments", "code", "slug"),
    [
        (["--to", "eve", "-o", "third"], 30, "contact_unknown"),
        (["-o", "third"], 2, "usage"),
        (["--to", "cat", "-o", "nowhere"], 80, "output_failed"),
        (["--to", "cat", "-o", "third", "--days", "0"], 2, "usage"),
        (["--to", "cat", "-o", "third", "--days", "91"], 2, "usage"),
        (["--to", "cat", "-o", "stick/b.zip", "--force"], 80, "output_exists"),
        (["--to", "cat"], 2, "usage"),
    ],
)
def test_what_can_not_be_done_is_said_before_anything_is_written(
    arguments: list[str], code: int, slug: str, folder: Path, desks: dict[str, Desk]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.zip*")}
    error = desks["bob"].json("forward", "stick/b.zip", *arguments, check=code)["error"]
    assert error["code"] == slug
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.zip*")} == before


def test_quietly_it_prints_the_path_and_nothing_else(folder: Path, desks: dict[str, Desk]) -> None:
    run = desks["bob"].run("forward", "stick/b.zip", "--to", "cat", "-o", "third/q.zip", "-q")
    assert run.stdout == b"third/q.zip\n"
    assert run.stderr == b""
    assert oct((folder / "third" / "q.zip").stat().st_mode & 0o777) == "0o600"


def test_for_people_it_shows_the_hands_and_the_last_day(
    folder: Path, desks: dict[str, Desk], second: Path
) -> None:
    run = desks["cat"].run("forward", second, "--to", "dan", "-o", "third/p.zip", "--days", "3")
    text = run.stdout.decode()
    for words in ("Packed by", "ann, 20", "Forwarded by", "bob, 20", "you", "dan (dan)", "Until"):
        assert words in text


def test_forward_opens_nothing_for_writing_but_bundle_and_register(
    folder: Path, desks: dict[str, Desk], tool: Callable[[str], str]
) -> None:
    strace, bob = tool("strace"), desks["bob"]
    command = ["forward", "stick/b.zip", "--to", "cat", "-o", "third/traced.zip"]
    written = files_written(bob, strace, folder / "trace", *command)
    register = {
        str(bob.home / name)
        for name in ("register.jsonl", "register.lock", "register.head.partial")
    }
    assert written - {"/dev/null"} == {str(folder / "third" / "traced.zip.partial")} | register


@pytest.mark.parametrize("program", ["7zz", "bsdtar"])
def test_stock_tools_open_it_with_the_released_password(
    program: str, folder: Path, desks: dict[str, Desk], third: Path, tool: Callable[[str], str]
) -> None:
    path = tool(program)
    password = desks["dan"].run("release-password", third).stdout.decode().strip()
    assert password == desks["bob"].run("release-password", "stick/b.zip").stdout.decode().strip()
    stock = folder / f"stock-{program}"
    stock.mkdir()
    command = {
        "7zz": [path, "x", f"-p{password}", f"-o{stock}", str(third)],
        "bsdtar": [path, "-x", "--passphrase", password, "-f", str(third), "-C", str(stock)],
    }[program]
    subprocess.run(command, capture_output=True, check=True, cwd=folder)
    plain = gzip.decompress((stock / "tables" / "0001.csv.gz").read_bytes())
    assert plain.startswith(b"person,born,town\n")
    assert plain.count(b"\n") == 3
    hops = json.loads((stock / PROVENANCE).read_bytes())["hops"]
    senders = [json.loads(hop["envelope"])["sender"] for hop in hops]
    assert senders == [fingerprint(desks["ann"]), fingerprint(desks["bob"])]
    if program == "7zz":
        test = [path, "t", f"-p{password}", str(third)]
        subprocess.run(test, capture_output=True, check=True, cwd=folder)
