"""The corpus: all that is planted is found, and next to nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from securexfer.scan.check import DriveCheck, check_drive
from securexfer.scan.ledger import REASONS, TITLES
from tests.assurance import Tally
from tests.drives.corpus import plant, spread
from tests.drives.person import make_people
from tests.drives.planted_tables import IDENTIFIERS
from tests.drives.quiet import Quiet

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SEED = 7


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], Path, DriveCheck]:
    folder = tmp_path_factory.mktemp("planted")
    wanted = plant(folder, SEED)
    return wanted, folder, check_drive(folder, now=NOW, reporter=Quiet())


@pytest.fixture(scope="module")
def innocent(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], DriveCheck]:
    folder = tmp_path_factory.mktemp("innocent")
    names = spread(folder, SEED)
    return names, check_drive(folder, now=NOW, reporter=Quiet())


def test_all_that_is_planted_is_found(
    planted: tuple[dict[str, str], Path, DriveCheck], tally: Tally
) -> None:
    wanted, _, result = planted
    # Names that are personal data themselves are not shown, so that they can't be looked up.
    found = {file.path: file.found for file in result.files}
    shown = {name: kind for name, kind in wanted.items() if kind != "file-name"}
    missed = [name for name, kind in shown.items() if not found.get(name, {}).get(kind)]
    assert not missed
    n_names = sum(1 for file in result.files if file.found.get("file-name"))
    assert n_names == sum(1 for kind in wanted.values() if kind == "file-name")
    assert len(wanted) >= 100
    assert len(result.findings) == len(wanted)
    tally.count("drives", "planted files, all found", len(wanted))


def test_every_kind_and_format_is_among_them(
    planted: tuple[dict[str, str], Path, DriveCheck],
) -> None:
    wanted, _, _ = planted
    kinds = set(wanted.values())
    assert kinds >= {*IDENTIFIERS, "name", "birth", "key", "passphrase", "key-beside-bundle"}
    endings = {Path(name).suffix for name in wanted}
    assert endings >= {
        *(".csv", ".tsv", ".txt", ".json", ".xml", ".html", ".log", ".sqlite", ".xlsx", ".docx"),
        *(".pdf", ".zip", ".gz", ".tar", ".tgz", ".bz2", ".xz", ".ods", ".odt", ".pptx", ".eml"),
    }


def test_all_of_it_could_be_judged(planted: tuple[dict[str, str], Path, DriveCheck]) -> None:
    _, _, result = planted
    assert [file.path for file in result.unjudged] == []


def test_next_to_nothing_else_is(innocent: tuple[set[str], DriveCheck], tally: Tally) -> None:
    names, result = innocent
    assert len(names) >= 200
    assert len(result.findings) < 0.03 * len(names), [file.path for file in result.findings]
    assert result.unjudged == []
    tally.count("drives", "innocent files", len(names))
    share = 100 * len(result.findings) / len(names)
    tally.worst("drives", "false alarms among innocent files", share, "%")


def test_what_is_reported_holds_no_value(
    planted: tuple[dict[str, str], Path, DriveCheck],
) -> None:
    """Of no person of the corpus: the same seed makes the same people."""
    _, folder, result = planted
    told = json.dumps(
        [[f.path, dict(f.found), dict(f.unjudged)] for f in result.files] + [result.record()]
    )
    refusal = result.refusal()
    assert refusal is not None
    told += refusal.message + " ".join(refusal.problems)
    for kind in (file.found for file in result.files):
        assert set(kind) <= set(TITLES)
    for value in _values(folder):
        assert value not in told


def test_reasons_and_titles_are_said_in_words() -> None:
    assert all(text[0].islower() or text.isupper() or " " in text for text in REASONS.values())


def _values(folder: Path) -> Iterator[str]:
    """Names, numbers and addresses that are on the drive."""
    from random import Random

    text = (folder / "csv" / "plain.csv").read_text()
    for line in text.splitlines()[1:]:
        forename, surname, born, *_ = line.split(",")
        yield from (forename, surname, born)
    for p in make_people(Random(SEED), 40):
        yield from (p.nhs, p.ni, p.ni.replace(" ", ""), p.email, p.postcode, p.iban, p.card)
