"""Freeze what a release makes: `python -m tests.releases.freeze tests/releases/v2`.

Run once for a version whose format or register changed, and never into a folder that is there. The
identities are those of `tests/vectors`, whose keys come from seeds; whoever reads this has them.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import securexfer
from securexfer import packing
from securexfer.crypto.identity import decrypt_identity
from securexfer.custody.register import Actor, Register
from securexfer.forwarding import ForwardOrder, forward
from securexfer.home.desk import Desk
from securexfer.instant import parse_instant
from securexfer.interface import LoadedIdentity, load_identity
from securexfer.medium.medium import Kind, Medium
from securexfer.order import PackOrder
from securexfer.planning import Input, open_extracts
from securexfer.recipe.reading import read_recipe
from securexfer.reporting import SilentReporter
from securexfer.verifying import pinned_senders, verify
from tests.unit.documents import page
from tests.unit.pictures import jpeg, png

PASSPHRASE = "four unrelated words, café"
IDENTITIES = Path(__file__).parents[1] / "vectors" / "bundles"
NAMES = ("ann", "bob", "cat")
PACKED_AT, OPENED_AT = "2026-11-26T09:30:00Z", "2026-11-27T09:30:00Z"
SUMS = "SHA256SUMS"
EXPECTED = "expected"
ROWS = (
    ("99/123456X", "Ann Archer", "03/02/1980", "SW1A 1AA", "7", "ann.jpg"),
    ("20/9N", "Bob Baker", "29/02/1996", "M1 1AE", "0", "bob.png"),
    ("1999/1234567B", "Cat Cooper", "", "", "12", "cat.pdf"),
    ("1999/0123456X", "Ann Archer", "03/02/1980", "SW1A 1AA", "8", ""),
)
PHOTOS: dict[str, Callable[[], bytes]] = {"ann.jpg": jpeg, "bob.png": png, "cat.pdf": page}
RECIPE = """version = 1

[agreement]
reference = "DSA-2026-014"
purpose = "Open for ever"
controller = "Ministry of Example"
regime = "dpa2018-part3"
lawful_basis = "Part 3, s.35(2)(b)"
retention_days = 90
forwarding = "yes"

[tables.people]
quasi_identifiers = ["birth_year", "district"]

[tables.people.fields]
person      = { from = "pnc_id", action = "pseudonymise", domain = "person", identifier = "pnc" }
birth_year  = { from = "dob", action = "year", format = "%d/%m/%Y" }
district    = { from = "postcode", action = "postcode-district" }
convictions = { action = "band", width = 5 }
file        = { from = "photo", action = "attach", root = ".", kinds = ["jpeg", "png", "pdf"] }
"""


def load(folder: Path, name: str, now: str) -> LoadedIdentity:
    """One of the people, at a time that stands still, and on no machine in particular."""
    home = folder / name
    person = load_identity(home, PASSPHRASE, clock=lambda: parse_instant(now))
    register = Register(Desk(home).register_path, Actor(name, "desk"))
    return replace(person, register=register)


def meet(folder: Path) -> None:
    """Homes in which they have pinned each other, as far as they need to."""
    for name in NAMES:
        identity = decrypt_identity((IDENTITIES / f"{name}.identity.json").read_bytes(), PASSPHRASE)
        Desk(folder / name).save_new_identity(identity, PASSPHRASE)
    at = datetime.fromisoformat(PACKED_AT)
    people = {name: load(folder, name, PACKED_AT) for name in NAMES}
    for name, person in people.items():
        for other in NAMES:
            if other != name and (name, other) != ("ann", "cat"):
                person.contacts.pin(people[other].card, other, pinned_at=at)


def find_any(path: Path) -> Medium:
    """A drive, and not one that whoever froze this has."""
    return Medium(Kind.REMOVABLE, file_system="exfat", label="PENDRIVE")


def pack(folder: Path) -> Path:
    """What `ann` packs for `bob`."""
    source = folder / "source"
    source.mkdir()
    lines = ["pnc_id,name,dob,postcode,convictions,photo", *(",".join(row) for row in ROWS)]
    (source / "people.csv").write_text("\n".join(lines) + "\n", "utf-8")
    (source / "recipe.toml").write_text(RECIPE, "utf-8")
    for name, make in PHOTOS.items():
        (source / name).write_bytes(make())
    ann = load(folder, "ann", PACKED_AT)
    recipe = read_recipe(source / "recipe.toml")
    target = folder / "bundle.sxfer.zip"
    order = PackOrder(recipe, [ann.contacts.get("bob")], target)
    with open_extracts(recipe.recipe, [Input("people", source / "people.csv")]) as opened:
        return packing.pack(
            order,
            opened,
            ann._identity,
            ann.register,
            clock=ann.clock,
            reporter=SilentReporter(),
            find_medium=find_any,
        ).path


def pass_on(folder: Path, bundle: Path) -> None:
    """What `bob` forwards to `cat`."""
    bob = load(folder, "bob", PACKED_AT)
    with verify(
        bundle,
        pinned_senders(bob.contacts.list(), bob.card),
        lambda: bob._identity,
        bob.register,
        clock=bob.clock,
        reporter=SilentReporter(),
    ) as verified:
        order = ForwardOrder([bob.contacts.get("cat")], folder / "forwarded.sxfer.zip")
        forward(
            verified,
            order,
            bob._identity,
            bob.register,
            clock=bob.clock,
            reporter=SilentReporter(),
            find_medium=find_any,
        )


def unpack(folder: Path, bundle: Path) -> None:
    """What `bob` finds in it, and his receipt; at a desk that is thrown away."""
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copytree(folder, scratch, dirs_exist_ok=True)
        result = securexfer.unpack(
            bundle, Path(scratch) / "in", load(Path(scratch), "bob", OPENED_AT)
        )
        (folder / EXPECTED).mkdir()
        for path in (*result.files, result.receipt):
            if path.suffix == ".receipt":
                shutil.copy(path, folder / "bundle.receipt")
            elif path.name != "datapackage.json":
                shutil.copy(path, folder / EXPECTED)


def sums_of(folder: Path) -> dict[str, str]:
    """SHA-256 of every file but the list itself, by its path below the folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != SUMS
    }


def main(folder: Path) -> None:
    """All of it, and the list of its files."""
    folder.mkdir(parents=True)
    meet(folder)
    bundle = pack(folder)
    pass_on(folder, bundle)
    unpack(folder, bundle)
    # What is in the bundle need not be kept twice.
    for path in (*folder.rglob("*.lock"), *(folder / "source" / name for name in PHOTOS)):
        path.unlink()
    lines = [f"{sha256}  {name}\n" for name, sha256 in sums_of(folder).items()]
    (folder / SUMS).write_text("".join(lines), "ascii")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
