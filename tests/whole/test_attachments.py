"""Photographs from desk to desk: without metadata, under other names, all of them or none."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import tarfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pikepdf import Dictionary, Name

import securexfer
from securexfer import errors
from securexfer.attachment.archive import ArchiveWriter, header, read_files
from tests.unit import documents
from tests.unit.pictures import ALL, CANARY, jpeg, png
from tests.whole.cli import meet
from tests.world import allow_forwarding, recipe_text

PHOTO = '{ from = "photo", action = "attach", root = "photos" }'
PERSON = '{ from = "id", action = "pseudonymise", domain = "person" }'
RECIPE = allow_forwarding(recipe_text({"staff": {"person": PERSON, "picture": PHOTO}}))
NAMES = ["north/CANARY-ann.jpg", "CANARY-bob.jpeg", "CANARY-cat.png"]


class Office:
    """Three desks, an extract, and photographs beside it."""

    def __init__(self, folder: Path, recipe: str = RECIPE) -> None:
        self.folder = folder
        self.ann, self.bob, self.cat = meet(folder, "ann", "bob", "cat")
        (folder / "photos" / "north").mkdir(parents=True)
        for name in NAMES:
            (folder / "photos" / name).write_bytes(png() if name.endswith("png") else jpeg())
        self.write(NAMES)
        (folder / "staff.toml").write_text(recipe)
        (folder / "stick").mkdir()

    def write(self, names: list[str]) -> None:
        rows = [f"{n},CANARY name,{name}\n" for n, name in enumerate(names, start=1)]
        (self.folder / "staff.csv").write_text("id,name,photo\n" + "".join(rows))

    def pack(self, *more: str, check: int = 0) -> dict[str, object]:
        return self.ann.json(
            "pack", "staff.csv", "--recipe", "staff.toml", "--to", "bob", "-o", "stick",
            *more, check=check,
        )  # fmt: skip


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_they_arrive_under_names_that_only_the_table_explains(office: Office) -> None:
    packed = office.pack()
    for file in (Path(office.folder / str(packed["path"])), office.ann.home / "register.jsonl"):
        assert CANARY not in file.read_bytes()
        assert b"CANARY" not in file.read_bytes()
    (table,) = office.ann.json("register", "list")["entries"][-1]["details"]["tables"]
    assert table["attachments"]["n_files"] == 3
    assert (
        b"3 files"
        in office.ann.run(
            "pack", "staff.csv", "--recipe", "staff.toml", "--to", "bob", "-o", "stick"
        ).stdout
    )

    verified = office.bob.run("verify", str(packed["path"]))
    assert b"Every check held" in verified.stdout
    assert b"Table staff: 3 rows, 3 attached files" in verified.stdout
    unpacked = office.bob.json("unpack", str(packed["path"]), "-o", "in")
    assert "in/staff-attachments.tar" in unpacked["files"]
    rows = rows_of(office.folder / "in" / "staff.csv")
    with tarfile.open(office.folder / "in" / "staff-attachments.tar") as tar:
        names = tar.getnames()
    assert names == sorted(row["picture"] for row in rows)
    for row, source in zip(rows, NAMES, strict=True):
        assert row["picture"].startswith(row["person"] + "-")
        assert row["picture"].endswith(".png" if source.endswith("png") else ".jpg")
    data = (office.folder / "in" / "staff-attachments.tar").read_bytes()
    assert b"CANARY" not in data
    resources = json.loads((office.folder / "in" / "datapackage.json").read_text())["resources"]
    assert resources[-1]["path"] == "staff-attachments.tar"
    assert resources[-1]["bytes"] == len(data)
    said = office.bob.run("destroy", str(packed["bundle_id"])).stderr.decode()
    assert (
        "taken out of an archive of attached files, and lie elsewhere, are not known here"
        in " ".join(said.split())
    )
    assert not (office.folder / "in" / "staff-attachments.tar").exists()


def test_whoever_unpacks_an_archive_hears_that_nobody_knows_what_is_taken_out(
    office: Office,
) -> None:
    packed = office.pack()
    said = office.bob.run("unpack", str(packed["path"]), "-o", "in").stderr.decode()
    assert "What is taken out of an archive of attached files is not recorded" in " ".join(
        said.split()
    )


def test_every_kind_of_picture_arrives_without_what_is_not_pixels(tmp_path: Path) -> None:
    kinds = '["jpeg", "png", "tiff", "heic"]'
    office = Office(
        tmp_path, RECIPE.replace('root = "photos"', f'root = "photos", kinds = {kinds}')
    )
    names = []
    for number, (kind, make) in enumerate(ALL.values()):
        names.append(f"CANARY-{number}.{kind}")
        (tmp_path / "photos" / names[-1]).write_bytes(make())
    office.write(names)
    packed = office.pack()
    office.bob.run("unpack", str(packed["path"]), "-o", "in")
    data = (tmp_path / "in" / "staff-attachments.tar").read_bytes()
    assert b"CANARY" not in data
    assert len(rows_of(tmp_path / "in" / "staff.csv")) == len(ALL)


def test_documents_arrive_with_what_their_pages_show(tmp_path: Path) -> None:
    photos = PHOTO.replace('root = "photos"', 'root = "photos", kinds = ["jpeg", "pdf"]')
    office = Office(tmp_path, recipe_text({"staff": {"person": PERSON, "picture": photos}}))
    (tmp_path / "photos" / "CANARY.PDF").write_bytes(documents.all_at_once())
    office.write([NAMES[0], "CANARY.PDF", ""])
    packed = office.pack()
    office.bob.run("verify", str(packed["path"]))
    office.bob.run("unpack", str(packed["path"]), "-o", "in")
    with tarfile.open(tmp_path / "in" / "staff-attachments.tar") as tar:
        (name,) = (name for name in tar.getnames() if name.endswith(".pdf"))
        file = tar.extractfile(name)
        assert file is not None
        made = file.read()
    assert documents.n_canaries(made) == 0
    assert documents.SHOWN.encode() in documents.everything(made)
    assert name in [row["picture"] for row in rows_of(tmp_path / "in" / "staff.csv")]


def test_a_page_that_hides_text_beyond_its_edge_keeps_everything_here(tmp_path: Path) -> None:
    photos = PHOTO.replace('root = "photos"', 'root = "photos", kinds = ["jpeg", "pdf"]')
    office = Office(tmp_path, recipe_text({"staff": {"person": PERSON, "picture": photos}}))
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    hidden = b"BT /F 12 Tf 500 50 Td (CANARY) Tj ET"
    (tmp_path / "photos" / "CANARY.pdf").write_bytes(
        documents.with_content(hidden, Font=Dictionary({"/F": font}))
    )
    office.write([NAMES[0], "CANARY.pdf"])
    error = office.pack(check=20)["error"]
    assert isinstance(error, dict)
    assert "of 2 files 1 is of pages with text beyond their edge" in error["message"]
    assert "CANARY" not in json.dumps(error)
    assert list((tmp_path / "stick").iterdir()) == []


def test_documents_leave_only_where_the_recipe_lists_them(office: Office) -> None:
    (office.folder / "photos" / "CANARY.pdf").write_bytes(documents.page())
    office.write([NAMES[0], "CANARY.pdf"])
    error = office.pack(check=20)["error"]
    assert isinstance(error, dict)
    assert "1 is of a kind that the recipe does not list" in error["message"]


@pytest.mark.parametrize("kind", ["heic", "pdf"])
def test_a_kind_for_which_nothing_is_installed_is_refused_before_anything_is_read(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = PHOTO.replace('root = "photos"', f'root = "photos", kinds = ["jpeg", "{kind}"]')
    office = Office(tmp_path, recipe_text({"staff": {"person": PERSON, "picture": photos}}))
    # As where neither was installed.
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "sitecustomize.py").write_text(
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name in ('pillow_heif', 'pikepdf')"
        " else find(name, *more)\n"
    )
    usual = office.ann.environment()
    bare = {**usual, "PYTHONPATH": f"{tmp_path / 'bare'}{os.pathsep}{usual['PYTHONPATH']}"}
    monkeypatch.setattr(type(office.ann), "environment", lambda _: bare)
    for command in ("pack", "recipe check"):
        more = ["--to", "bob", "-o", "stick"] if command == "pack" else []
        arguments = ["--recipe", "staff.toml", "staff.csv", *more]
        if command == "recipe check":
            arguments = ["staff.toml", "staff.csv"]
        run = office.ann.run(*command.split(), *arguments, check=10)
        message = " ".join(run.stderr.decode().split())
        assert f"To attach {kind.upper()} files, a part that is not installed is needed" in message
        assert f"pip install 'securexfer[{kind}]'" in message
    assert list((tmp_path / "stick").iterdir()) == []


def test_they_are_forwarded_as_they_are(office: Office) -> None:
    packed = office.pack()
    bundle = str(packed["path"])
    forwarded = office.bob.json("forward", bundle, "--to", "cat", "-o", "stick/second.zip")
    office.bob.run("unpack", bundle, "-o", "at-bob")
    office.cat.run("unpack", forwarded["path"], "-o", "at-cat")
    for name in ("staff.csv", "staff-attachments.tar"):
        ours, theirs = (office.folder / at / name for at in ("at-bob", "at-cat"))
        assert ours.read_bytes() == theirs.read_bytes()


def test_stock_tools_open_them(office: Office, tool: Callable[[str], str], tmp_path: Path) -> None:
    import subprocess

    packed = office.pack()
    password = office.bob.run("release-password", str(packed["path"])).stdout.decode().strip()
    subprocess.run(
        [tool("7zz"), "x", f"-p{password}", f"-o{tmp_path / 'x'}", str(packed["path"])],
        check=True,
        cwd=office.folder,
        capture_output=True,
    )
    with tarfile.open(tmp_path / "x" / "attachments" / "0001.tar") as tar:
        assert len(tar.getnames()) == 3


def test_one_file_for_two_rows_of_a_person_is_attached_once(office: Office) -> None:
    (office.folder / "staff.csv").write_text(
        f"id,name,photo\n1,x,{NAMES[0]}\n1,x,{NAMES[0]}\n1,x,{NAMES[1]}\n2,x,{NAMES[0]}\n3,x,\n"
    )
    packed = office.pack()
    office.bob.run("unpack", str(packed["path"]), "-o", "in")
    rows = rows_of(office.folder / "in" / "staff.csv")
    assert rows[0] == rows[1]
    assert len({row["picture"] for row in rows}) == 4
    assert rows[4]["picture"] == ""
    with tarfile.open(office.folder / "in" / "staff-attachments.tar") as tar:
        assert len(tar.getnames()) == 3


def test_names_differ_from_bundle_to_bundle(office: Office) -> None:
    seen = set()
    for n in range(2):
        packed = office.pack()
        office.bob.run("unpack", str(packed["path"]), "-o", f"in-{n}")
        seen |= {row["picture"] for row in rows_of(office.folder / f"in-{n}" / "staff.csv")}
    assert len(seen) == 6


def test_rows_that_are_suppressed_attach_nothing(tmp_path: Path) -> None:
    recipe = RECIPE + '\n[limits]\nmin_group_size = 2\non_small_group = "suppress"\n'
    town = 'town = { action = "keep" }\n'
    recipe = recipe.replace("[tables.staff.fields]\n", f"[tables.staff.fields]\n{town}")
    recipe = recipe.replace(
        "[tables.staff.fields]",
        '[tables.staff]\nquasi_identifiers = ["town"]\n[tables.staff.fields]',
    )
    office = Office(tmp_path, recipe)
    rows = zip("123", ("York", "York", "Hull"), NAMES, strict=True)
    text = "".join(f"{n},x,{town},{name}\n" for n, town, name in rows)
    (tmp_path / "staff.csv").write_text("id,name,town,photo\n" + text)
    packed = office.pack()
    (table,) = office.ann.json("register", "list")["entries"][-1]["details"]["tables"]
    assert table["attachments"]["n_files"] == table["n_rows_out"] == 2
    assert packed["bundle_id"]


def spoil(office: Office, how: str) -> list[str]:
    """Photographs of which one can't be attached; the names in the extract."""
    photos = office.folder / "photos"
    if how == "missing":
        (photos / NAMES[1]).unlink()
    elif how == "link":
        (photos / NAMES[1]).unlink()
        (photos / NAMES[1]).symlink_to(photos / NAMES[0])
    elif how == "misnamed":
        shutil.copy(photos / NAMES[2], photos / NAMES[1])
    elif how == "damaged":
        (photos / NAMES[1]).write_bytes(jpeg()[:-600])
    elif how == "no picture":
        (photos / NAMES[1]).write_bytes(b"CANARY text")
    names = {"outside": "../CANARY.jpg", "other kind": "CANARY.docx", "absolute": "/CANARY/x.jpg"}
    return [NAMES[0], names.get(how, NAMES[1]), NAMES[2]]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("missing", "1 is not there"),
        ("link", "1 is a link, or behind one"),
        ("outside", "1 is named by a path that leads out of the root"),
        ("absolute", "1 is named by a path that leads out of the root"),
        ("other kind", "1 is of a kind that the recipe does not list"),
        ("misnamed", "1 is not what the name says"),
        ("no picture", "1 is not what the name says"),
        ("damaged", "1 is damaged or cut off"),
    ],
)
def test_if_one_is_not_right_nothing_leaves(how: str, says: str, office: Office) -> None:
    office.write(spoil(office, how))
    run = office.ann.run(
        "pack", "staff.csv", "--recipe", "staff.toml", "--to", "bob", "-o", "stick", check=20
    )
    message = run.stderr.decode()
    assert says in " ".join(message.split())
    assert "The first is named in row 2 of those that leave" in " ".join(message.split())
    assert "CANARY" not in message
    assert list((office.folder / "stick").iterdir()) == []
    assert "packed" not in [e["event"] for e in office.ann.json("register", "list")["entries"]]
    if how in ("missing", "link", "outside", "absolute", "other kind"):
        for command in (["recipe", "check", "staff.toml", "staff.csv"],):
            checked = office.ann.run(*command, check=20)
            assert says in " ".join(checked.stderr.decode().split())


def test_a_trial_says_how_many_files_there_are_and_how_large(office: Office) -> None:
    n_bytes = sum((office.folder / "photos" / name).stat().st_size for name in NAMES)
    tried = office.pack("--dry-run")
    tables = tried["tables"]
    assert isinstance(tables, list)
    assert tables[0]["attached"] == {"n_files": 3, "n_bytes": n_bytes}
    shown = office.ann.run("recipe", "check", "staff.toml", "staff.csv").stdout.decode()
    assert f"Attached: 3 files, {n_bytes:,} bytes before they are made anew" in shown


def test_all_that_are_missing_are_told_at_once(office: Office) -> None:
    office.write([f"CANARY-{n}.jpg" for n in range(40)] + ["CANARY.gif", "../x.jpg"])
    document = office.pack(check=20)
    error = document["error"]
    assert isinstance(error, dict)
    assert "of 42 files 40 are not there" in error["message"]
    assert "1 is of a kind" in error["message"]


def test_a_pipe_takes_files_from_where_the_program_runs(office: Office) -> None:
    data = (office.folder / "staff.csv").read_bytes()
    packed = office.ann.json(
        "pack", "staff=-", "--recipe", "staff.toml", "--to", "bob", "-o", "stick", stdin=data
    )
    assert packed["bundle_id"]


def load(office: Office) -> securexfer.LoadedIdentity:
    return securexfer.load_identity(office.bob.home, office.bob.secret.read_text().strip())


def bundle_of(office: Office, packed: dict[str, object]) -> Path:
    return office.folder / str(packed["path"])


def test_they_can_be_read_in_memory_and_that_is_on_record(office: Office) -> None:
    packed = office.pack()
    bob = load(office)
    with securexfer.open_bundle(bundle_of(office, packed), bob) as bundle:
        n_before = len(bob.register.entries())
        files = bundle.attachments("staff")
        (entry,) = bob.register.entries()[n_before:]
        found = dict(files)
        cells = bundle.table("staff").frame()["picture"].to_list()
        assert list(found) == sorted(cells)
        # Again, and not recorded again.
        assert dict(bundle.attachments("staff")) == found
    assert entry.event == "opened"
    (told,) = entry.details["attachments"]
    assert (told["name"], told["n_files"]) == ("staff", 3)
    assert [e.event for e in bob.register.entries()] == ["opened", "opened"]
    office.bob.run("unpack", str(packed["path"]), "-o", "in")
    with tarfile.open(office.folder / "in" / "staff-attachments.tar") as tar:
        for member in tar:
            file = tar.extractfile(member)
            assert file is not None
            assert found[member.name] == file.read()


def test_a_table_without_files_has_none_in_memory(tmp_path: Path) -> None:
    office = Office(tmp_path, recipe_text({"staff": {"person": PERSON}}))
    packed = office.pack()
    bob = load(office)
    with securexfer.open_bundle(bundle_of(office, packed), bob) as bundle:
        assert list(bundle.attachments("staff")) == []
    assert bob.register.entries() == []


def test_in_memory_a_file_must_not_be_larger_than_was_said(office: Office) -> None:
    packed = office.pack()
    bob = load(office)
    with securexfer.open_bundle(bundle_of(office, packed), bob) as bundle:
        largest = max(len(data) for _, data in bundle.attachments("staff"))
        with pytest.raises(errors.UsageError, match="may be taken into memory"):
            bundle.attachments("staff", max_file_bytes=largest - 1)
        assert len(list(bundle.attachments("staff", max_file_bytes=largest))) == 3
    with (
        securexfer.open_bundle(bundle_of(office, packed), bob) as bundle,
        pytest.raises(errors.UsageError, match="may be taken into memory"),
    ):
        bundle.attachments("staff", max_file_bytes=largest - 1)
    assert [e.event for e in bob.register.entries()] == ["opened"]


def test_in_memory_an_archive_is_checked_whole_before_a_file_is_handed_out(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = office.pack()
    bob = load(office)

    def wrong(*_: object, **__: object) -> Iterator[bytes]:
        yield header("a.jpg", 0)
        raise errors.ContentMismatchError("These are not the files that were packed.")

    with securexfer.open_bundle(bundle_of(office, packed), bob) as bundle:
        monkeypatch.setattr("securexfer.opening.counted_files", wrong)
        with pytest.raises(errors.ContentMismatchError):
            bundle.attachments("staff")
    assert "opened" not in [e.event for e in bob.register.entries()]


@pytest.mark.parametrize("n_bytes", [1, 511, 512, 513, 100_000])
def test_an_archive_is_read_whatever_it_is_cut_into(n_bytes: int) -> None:
    files = [("a.jpg", b""), ("b.png", bytes(512)), ("c.tif", b"x" * 700)]
    archive = io.BytesIO()
    writer = ArchiveWriter(archive.write, lambda n: n + 5000)
    for name, data in files:
        writer.add(name, data)
    writer.finish()
    data = archive.getvalue()
    pieces = [data[at : at + n_bytes] for at in range(0, len(data), n_bytes)]
    taken = iter(pieces)
    assert list(read_files(taken)) == files
    assert next(taken, None) is None
    with pytest.raises(errors.ContentMismatchError):
        list(read_files([data[:2000]]))


def test_one_file_of_an_archive_is_in_memory_at_a_time() -> None:
    n_bytes, n_files = 4 * 1024 * 1024, 12

    def pieces() -> Iterator[bytes]:
        for number in range(n_files):
            yield header(f"{number:02}.jpg", n_bytes)
            yield from (bytes(64 * 1024) for _ in range(n_bytes // (64 * 1024)))
        yield bytes(1024)

    tracemalloc.start()
    try:
        assert sum(len(data) for _, data in read_files(pieces())) == n_files * n_bytes
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3.5 * n_bytes


def test_some_tables_can_be_had_without_the_pictures_of_others(tmp_path: Path) -> None:
    both = {"staff": {"person": PERSON, "picture": PHOTO}, "towns": {"town": '{ action = "keep" }'}}
    office = Office(tmp_path, recipe_text(both))
    (tmp_path / "towns.csv").write_text("town\nYork\n")
    packed = office.ann.json(
        "pack", "staff.csv", "towns.csv", "--recipe", "staff.toml", "--to", "bob", "-o", "stick"
    )
    office.bob.run("unpack", packed["path"], "-o", "in", "--table", "towns")
    names = sorted(path.name for path in (tmp_path / "in").iterdir() if path.suffix != ".receipt")
    assert names == ["datapackage.json", "towns.csv"]


def test_each_table_has_an_archive_of_its_own(tmp_path: Path) -> None:
    kept = {"town": '{ action = "keep" }'}
    tables = {"staff": {"person": PERSON, "picture": PHOTO}, "towns": kept}
    tables["visitors"] = {"face": PHOTO}
    office = Office(tmp_path, recipe_text(tables))
    (tmp_path / "towns.csv").write_text("town\nYork\n")
    (tmp_path / "visitors.csv").write_text(f"photo\n{NAMES[2]}\n")
    packed = office.ann.json(
        "pack", "staff.csv", "towns.csv", "visitors.csv", "--recipe", "staff.toml",
        "--to", "bob", "-o", "stick",
    )  # fmt: skip
    office.bob.run("verify", packed["path"])
    office.bob.run("unpack", packed["path"], "-o", "in")
    n_files = {}
    for path in sorted((tmp_path / "in").glob("*.tar")):
        with tarfile.open(path) as tar:
            n_files[path.name] = len(tar.getnames())
    assert n_files == {"staff-attachments.tar": 3, "visitors-attachments.tar": 1}
    (row,) = rows_of(tmp_path / "in" / "visitors.csv")
    assert row["face"].startswith("file-")
