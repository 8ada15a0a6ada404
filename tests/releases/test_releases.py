"""What each release packed opens with this one, gives the same bytes, and is what it was."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest

import securexfer
from securexfer.custody.entry import public_keys
from securexfer.errors import BundleExpiredError
from securexfer.filing import Cabinet, import_receipt
from securexfer.home.desk import Desk
from securexfer.verifying import pinned_senders
from tests.releases.freeze import EXPECTED, NAMES, OPENED_AT, SUMS, load, sums_of

HERE = Path(__file__).parent
RELEASES = sorted(path.name for path in HERE.iterdir() if (path / SUMS).exists())
SMALL = 300_000


@pytest.fixture(params=RELEASES)
def frozen(request: pytest.FixtureRequest) -> Path:
    return HERE / str(request.param)


@pytest.fixture
def folder(frozen: Path, tmp_path: Path) -> Path:
    """A copy, to be written to."""
    copy = tmp_path / "copy"
    shutil.copytree(frozen, copy)
    return copy


def test_there_is_one_of_the_first() -> None:
    assert "v1" in RELEASES


def test_no_file_of_it_was_changed(frozen: Path) -> None:
    lines = [f"{sha256}  {name}\n" for name, sha256 in sums_of(frozen).items()]
    assert (frozen / SUMS).read_text("ascii") == "".join(lines)
    sizes = [path.stat().st_size for path in frozen.rglob("*") if path.is_file()]
    assert sum(sizes) < SMALL


@pytest.mark.parametrize(
    ("name", "bundle"), [("bob", "bundle.sxfer.zip"), ("cat", "forwarded.sxfer.zip")]
)
def test_it_opens_and_gives_the_same_bytes(
    name: str, bundle: str, frozen: Path, folder: Path
) -> None:
    person = load(folder, name, OPENED_AT)
    verified = securexfer.verify(folder / bundle, person)
    (table,) = verified.inside.manifest.tables
    assert (table.n_rows_out, table.n_subjects) == (4, 3)
    securexfer.unpack(folder / bundle, folder / "in", person)
    expected = {path.name: path.read_bytes() for path in (frozen / EXPECTED).iterdir()}
    assert set(expected) == {"people.csv", "people-attachments.tar"}
    for one, data in expected.items():
        assert (folder / "in" / one).read_bytes() == data
    with tarfile.open(folder / "in" / "people-attachments.tar") as tar:
        assert len(tar.getnames()) == 3
    assert [entry.event for entry in person.register.entries()][-1] == "unpacked"


def test_it_still_expires(folder: Path) -> None:
    late = load(folder, "bob", "2027-11-26T09:30:00Z")
    with pytest.raises(BundleExpiredError):
        securexfer.verify(folder / "bundle.sxfer.zip", late)


@pytest.mark.parametrize("name", NAMES)
def test_its_registers_are_read_and_written_to(name: str, folder: Path) -> None:
    person = load(folder, name, OPENED_AT)
    events = [entry.event for entry in person.register.verify(public_keys(person._identity))]
    assert events == {"ann": ["packed"], "bob": ["forwarded"], "cat": []}[name]


def test_its_receipts_are_taken(folder: Path) -> None:
    ann = load(folder, "ann", OPENED_AT)
    find = pinned_senders(ann.contacts.list(), ann.card)
    receipts = Desk(folder / "ann").receipts_path
    cabinet = Cabinet(ann._identity, find, ann.register, receipts, ann.clock)
    import_receipt((folder / "bundle.receipt").read_bytes(), cabinet)
    (packed, imported) = ann.register.entries()
    assert imported.event == "receipt-imported"
    assert imported.details["bundle_id"] == packed.details["bundle_id"]
