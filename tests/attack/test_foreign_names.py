"""Nothing that a sender names reaches the recipient's terminal as more than text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from securexfer.instant import format_instant
from tests.assurance import Tally
from tests.attack.archives import NAMES, sets
from tests.vectors.cases.change import renamed
from tests.vectors.format1 import Bundle, CardDraft, IdentityDraft, Keys, Person, Table
from tests.whole.cli import Desk

NASTY = "".join(
    NAMES[name]
    for name in ("a terminal escape", "a right-to-left override", "a second line", "markup")
)
SEARCHED = "outputs of commands searched for what moves a terminal"


def now(**later: int) -> str:
    return format_instant(datetime.now(UTC).replace(microsecond=0) + timedelta(**later))


def someone(name: str) -> Person:
    """Keys of the vectors, with a card of yesterday by the real clock."""
    keys = Keys.seeded(name)
    first, last = now(days=-1), now(days=300)
    return Person(name, keys, CardDraft(keys, name, created_at=first, expires_at=last).write())


def write(desk: Desk, label: str, **changes: Any) -> Path:
    dates: dict[str, Any] = {"created_at": now(), "expires_at": now(days=30)}
    path = desk.folder / f"{label}.sxfer.zip"
    bundle = Bundle(label, someone("ann"), [someone("bob")], **dates, **changes)
    path.write_bytes(bundle.write())
    return path


def shown(desk: Desk, *command: str | Path, check: int) -> str:
    """What a command prints, on both outputs; fails where it is more than text."""
    run = desk.run(*command, check=check)
    text = (run.stdout + run.stderr).decode("utf-8")
    assert {c for c in text if not c.isprintable()} <= {"\n"}
    assert not any(line.startswith("Error: all is well") for line in text.splitlines())
    return text


@pytest.fixture(scope="module")
def bob(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk of the recipient who has pinned the sender."""
    desk = Desk(tmp_path_factory.mktemp("terminal"), "bob")
    desk.home.mkdir(mode=0o700)
    identity = IdentityDraft(someone("bob"), desk.secret.read_text().strip())
    (desk.home / "identity.json").write_bytes(identity.write())
    ann = someone("ann")
    (desk.folder / "ann.card").write_bytes(ann.card)
    desk.run("contact", "add", "ann.card", "--as", "ann", "--fingerprint", ann.keys.spoken)
    return desk


@pytest.mark.parametrize(
    ("place", "changes"),
    [
        ("member", {"change_members": renamed(t1=NASTY)}),
        ("table", {"tables": [Table(NASTY)]}),
        ("envelope", {"change_envelope": sets(created_at=NASTY)}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_in_a_refused_bundle(bob: Desk, place: str, changes: dict[str, Any], tally: Tally) -> None:
    path = write(bob, f"refused-{place}", **changes)
    for options in ([], ["--json"]):
        check = 60 if place == "table" else 50
        shown(bob, "unpack", path, "-o", "never", *options, check=check)
        tally.count("archives", SEARCHED)
    assert not (bob.folder / "never").exists()


def test_in_a_bundle_that_opens(bob: Desk, tally: Tally) -> None:
    def change(manifest: dict[str, Any]) -> None:
        inside = manifest["securexfer"]
        inside["agreement"].update(purpose=NASTY, controller=NASTY)
        inside["tables"][0]["fields"][0].update(name=NASTY, action=NASTY, source=NASTY)

    path = write(bob, "opens", change_manifest=change, read_me=NASTY.encode())
    commands: list[list[str | Path]] = [
        ["inspect", path],
        ["verify", path],
        ["verify", path, "--outside"],
        ["unpack", path, "-o", "in"],
        ["unpack", path, "-o", "in-json", "--json"],
        ["register", "list"],
    ]
    for command in commands:
        text = shown(bob, *command, check=0)
        tally.count("archives", SEARCHED)
        # Shown in full all the same: markup is not eaten.
        if command[0] in ("inspect", "unpack"):
            assert "[bold red]people[/bold red]" in text
