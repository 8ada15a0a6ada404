"""The two losses that this program exists for, at their full size, through its commands.

In 2008 a contractor copied 33,000 + 10,000 + 84,000 records to a stick in plaintext, and lost it.
In 2023 a printer of warrant cards lost what it held of 47,000 officers: more than cards need, for
longer than needed.
"""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import securexfer
from tests.assurance import Tally
from tests.faults.mounts import check_can_mount
from tests.faults.pocket import SERIAL, Pocket, plugged_in
from tests.whole.cli import Desk, meet
from tests.whole.past import DatedDesk

EXAMPLES = Path(securexfer.__file__).parents[1] / "examples"
SIZES = {"six_or_more": 33_000, "prolific": 10_000, "prisoners": 84_000}
N_OFFICERS = 47_000


def load_example(path: str) -> ModuleType:
    """The program of an example that makes its data."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, EXAMPLES / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def secrets_of(folder: Path, columns: list[str]) -> set[bytes]:
    """A sample of the cells that must never be seen outside, each long enough to be sure."""
    cells = set()
    for path in sorted(folder.glob("*.csv")):
        for number, row in enumerate(rows_of(path)):
            if number % 997 == 0:
                cells |= {row[column].encode() for column in columns if column in row}
    return {cell for cell in cells if len(cell) >= 8}


class Story2008:
    """Three desks, a stick, and the data."""

    def __init__(self, folder: Path, pocket: Pocket) -> None:
        self.folder, self.pocket = folder, pocket
        self.source = folder / "source"
        made = load_example("jtrack/make_extracts.py").make_extracts(self.source)
        assert made == SIZES
        self.ministry, self.contractor, self.colleague = meet(
            folder, "ministry", "contractor", "colleague"
        )

    def run(
        self, desk: Desk, *arguments: str | Path, code: int = 0
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command at a desk to which the stick hangs on USB."""
        run = subprocess.run(
            [*self.pocket.under(), sys.executable, "-m", "securexfer", *map(str, arguments)],
            env=desk.environment(),
            cwd=self.folder,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        assert run.returncode == code, run.stderr.decode()
        return run

    def json(self, desk: Desk, *arguments: str | Path, code: int = 0) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(
            self.run(desk, *arguments, "--json", code=code).stdout
        )
        return document

    def pack(self) -> Path:
        packed = self.json(
            self.ministry,
            "pack",
            *(self.source / f"{name}.csv" for name in SIZES),
            "--recipe",
            EXAMPLES / "jtrack" / "evaluator.toml",
            "--to",
            "contractor",
            "-o",
            self.pocket.mount,
            "--check-drive",
        )
        return self.folder / str(packed["path"])

    def check_stick(self, n_bundles: int) -> None:
        """Nothing is on the stick but bundles, and in them nothing that can be read."""
        files = [path for path in self.pocket.mount.rglob("*") if path.is_file()]
        assert len(files) == n_bundles
        cells = secrets_of(self.source, ["pnc_id", "address", "postcode", "date_of_birth"])
        assert len(cells) > 300
        for path in files:
            assert path.name.endswith(".sxfer.zip")
            data = path.read_bytes()
            assert not [cell for cell in cells if cell in data]


@pytest.mark.slow
def test_2008(tmp_path: Path, tool: Callable[[str], str], tally: Tally) -> None:
    check_can_mount(fuse=False)
    with plugged_in(tmp_path, tool, label="STICK-07") as pocket:
        story = Story2008(tmp_path, pocket)
        bundle = story.pack()
        story.check_stick(1)

        # The contractor can't do what was done then: plaintext does not go to a stick.
        refused = story.json(
            story.contractor, "unpack", bundle, "-o", pocket.mount / "copy", code=80
        )
        assert refused["error"]["code"] == "medium_refused"
        story.check_stick(1)

        # What a colleague needs can go on the stick as it is, sealed to them.
        forwarded = story.json(
            story.contractor, "forward", bundle, "--to", "colleague", "-o", pocket.mount
        )
        story.check_stick(2)
        opened = story.json(
            story.colleague, "unpack", forwarded["path"], "-o", tmp_path / "colleague"
        )
        assert {one["name"]: one["n_rows_out"] for one in opened["tables"]} == SIZES
        unpacked = story.json(story.contractor, "unpack", bundle, "-o", tmp_path / "contractor")
        for name, n_rows in SIZES.items():
            ours, theirs = (tmp_path / desk / f"{name}.csv" for desk in ("contractor", "colleague"))
            assert digest(ours) == digest(theirs)
            assert len(rows_of(ours)) == n_rows
        check_links(story, tmp_path / "contractor")
        story.run(story.ministry, "receipt", "import", unpacked["receipt"])
        # A receipt goes to whoever handed the bundle over, one hop after the other.
        not_theirs = story.json(story.ministry, "receipt", "import", opened["receipt"], code=40)
        assert not_theirs["error"]["code"] == "not_a_recipient"
        story.run(story.contractor, "receipt", "import", opened["receipt"])

    # The stick is lost. From here on nobody needs it to say what was on it.
    report = check_report(story, story.ministry, "STICK-07")
    assert report["bundles"][0]["drive_check"]["n_findings"] == 0
    text = story.ministry.run("breach-report", "--carrier", "STICK-07").stdout.decode()
    assert "none was found when the drive was searched before packing" in text
    check_report(story, story.ministry, SERIAL.lower())
    report = check_report(story, story.contractor, "STICK-07")
    (holder,) = report["bundles"][0]["holders"]
    assert holder["name"] == "colleague"
    assert len(holder["opened_at"]) == 1
    for desk in (story.ministry, story.contractor, story.colleague):
        desk.run("register", "verify")
    tally.count("stories", "records of the lost stick of 2008, answered for", sum(SIZES.values()))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_links(story: Story2008, folder: Path) -> None:
    """People who are in two tables have one token, and as many are shared as in the extracts."""

    def people(place: Path, column: str, name: str) -> set[str]:
        return {row[column] for row in rows_of(place / f"{name}.csv")}

    for one, other in (("six_or_more", "prolific"), ("six_or_more", "prisoners")):
        sources = [people(story.source, "pnc_id", name) for name in (one, other)]
        tokens = [people(folder, "person", name) for name in (one, other)]
        assert len(tokens[0] & tokens[1]) == len(sources[0] & sources[1]) > 0
        assert [len(table) for table in tokens] == [len(table) for table in sources]


def check_report(story: Story2008, desk: Desk, carrier: str) -> dict[str, Any]:
    """What the desk's register says of the lost stick."""
    aware_at = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=1)
    asked = ["breach-report", "--carrier", carrier, "--aware-at", f"{aware_at:%Y-%m-%dT%H:%MZ}"]
    report = desk.json(*asked)
    assert {t["name"]: t["n_rows"] for t in report["bundles"][0]["tables"]} == SIZES
    assert report["n_rows"] == 127_000
    assert report["notify_by"] == f"{aware_at + timedelta(hours=72):%Y-%m-%dT%H:%M:%SZ}"
    assert report["categories"] == ["criminal-offence"]
    assert report["regimes"] == ["dpa2018-part3"]
    (bundle,) = report["bundles"]
    assert bundle["carrier"]["label"] == "STICK-07"
    assert bundle["carrier"]["serial"] == SERIAL
    fields = {
        (table["name"], field["name"]): field["action"]
        for table in bundle["tables"]
        for field in table["fields"]
    }
    assert fields == {
        ("six_or_more", "person"): "pseudonymise",
        ("six_or_more", "birth_year"): "year",
        ("six_or_more", "district"): "postcode-district",
        ("six_or_more", "convictions"): "band",
        ("prolific", "person"): "pseudonymise",
        ("prolific", "priority"): "keep",
        ("prisoners", "person"): "pseudonymise",
        ("prisoners", "prison"): "keep",
        ("prisoners", "released_in"): "month",
    }
    for name in SIZES:
        for column in ("forename", "surname", "address"):
            assert f"{name}.{column}" in report["never_sent"]

    written = desk.folder / f"{desk.name}-{carrier}.html"
    desk.run(*asked, "-o", written)
    page = written.read_text(encoding="utf-8")
    text = desk.run(*asked).stdout.decode()
    for shown in (page, text):
        for said in ("127,000", "33,000", "10,000", "84,000", "STICK-07", "AES-256", "ML-KEM-768"):
            assert said in shown, said
    return report


PRINTER = EXAMPLES / "warrant-cards" / "printer.toml"
# 47,000 photographs would take minutes; tests/whole/test_examples.py sends some.
ATTACHED, KEPT = 'action = "attach", root = "photos"', 'action = "keep"'


@pytest.mark.slow
def test_2023(tmp_path: Path, tally: Tally) -> None:
    start = datetime(2027, 1, 10, 9, 0, tzinfo=UTC)
    police, printer = (DatedDesk(tmp_path, name, start) for name in ("police", "printer"))
    prints = {desk.name: desk.create() for desk in (police, printer)}
    for one, other in ((police, "printer"), (printer, "police")):
        card = tmp_path / f"{other}.card"
        one.run("contact", "add", card, "--as", other, "--fingerprint", prints[other])
    source = tmp_path / "officers.csv"
    assert load_example("warrant-cards/make_extract.py").make_extract(source) == N_OFFICERS

    recipe = PRINTER.read_text()
    assert ATTACHED in recipe
    rows_only, greedy = tmp_path / "rows.toml", tmp_path / "greedy.toml"
    rows_only.write_text(recipe.replace(ATTACHED, KEPT))

    def send(day: int, recipe: Path = rows_only, code: int = 0) -> dict[str, Any]:
        police.now = printer.now = start + timedelta(days=day)
        drive = tmp_path / f"drive-{day}"
        drive.mkdir()
        what = f"officers={source}"
        packed = police.json(
            "pack", what, "--recipe", recipe, "--to", "printer", "-o", drive, check=code
        )
        if code == 0:
            opened = printer.json("unpack", packed["path"], "-o", tmp_path / f"held-{day}")
            assert opened["tables"][0]["n_rows_out"] == N_OFFICERS
            police.run("receipt", "import", opened["receipt"])
        return packed

    # The recipe that asks for all that was lost then is refused.
    more = 'vetting_level = { action = "keep" }\ncard_number'
    greedy.write_text(rows_only.read_text().replace("card_number", more))
    assert send(0, greedy, 90)["error"]["code"] == "gate_refused"

    kept, destroyed, recent = (send(day)["bundle_id"] for day in (1, 2, 50))
    (certificate,) = printer.json("destroy", destroyed)["certificates"]
    police.run("certificate", "import", certificate)

    police.now = start + timedelta(days=60)
    report = police.json("breach-report", "--recipient", "printer", "--aware-at", "2027-03-11")
    told = {bundle["bundle_id"]: bundle for bundle in report["bundles"]}
    assert set(told) == {kept, destroyed, recent}
    held = {name for name, bundle in told.items() if bundle["is_held"]}
    assert held == {kept, recent}
    assert [name for name in held if told[name]["is_overdue"]] == [kept]
    assert told[destroyed]["holders"][0]["status"].startswith("destroyed, certified on")
    assert report["never_sent"] == [
        f"officers.{name}" for name in ("joined", "pay_number", "station", "vetting_level")
    ]
    fields = [field["name"] for field in told[kept]["tables"][0]["fields"]]
    assert fields == ["forename", "surname", "rank", "photo", "card_number"]
    text = police.run("breach-report", "--recipient", "printer").stdout.decode()
    for said in (
        "3, of which 2 may still be held by a recipient",
        "141,000, of which 94,000 may still be held",
        f"| Past the destroy-by date | {kept[:12]} |",
        "are in none of the bundles: officers.joined, officers.pay\\_number",
    ):
        assert said in text, said
    overdue = police.json("register", "list", "--overdue")
    assert [bundle["bundle_id"] for bundle in overdue["bundles"]] == [kept]
    tally.count("stories", "officers of 2023, what is held of them told", N_OFFICERS)
