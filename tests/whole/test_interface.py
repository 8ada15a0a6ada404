"""The Python interface: the same checks and records as the command line, and nothing on disk."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import securexfer
from securexfer import errors
from securexfer.carrier import PartialFile
from securexfer.custody.register import Register
from tests.docs.pages import ROOT, blocks, page
from tests.whole.cli import EXTRACT, RECIPE, Desk, meet
from tests.world import SetClock, allow_forwarding

ROWS = [["1980", "York"], ["1975", "Hull"]]


class Pair:
    """Ann packs for Bob; both through Python."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ann, bob, cat = meet(folder, "ann", "bob", "cat")
        self.ann, self.bob, self.cat = (load(desk) for desk in (ann, bob, cat))
        (folder / "people.csv").write_bytes(EXTRACT)
        (folder / "people.toml").write_text(RECIPE)
        self.drive = folder / "drive"
        self.drive.mkdir()

    def pack(self) -> Path:
        packed = securexfer.pack(
            {"people": self.folder / "people.csv"},
            self.folder / "people.toml",
            ["bob"],
            self.drive,
            self.ann,
        )
        return packed.path

    def events(self, who: securexfer.LoadedIdentity) -> list[str]:
        return [entry.event for entry in who.register.entries()]


def load(desk: Desk) -> securexfer.LoadedIdentity:
    return securexfer.load_identity(desk.home, desk.secret.read_text().strip())


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def test_a_table_is_a_frame_of_text_and_its_opening_is_on_record(pair: Pair) -> None:
    with securexfer.open_bundle(pair.pack(), pair.bob) as bundle:
        assert bundle.tables == ("people",)
        assert bundle.verified.sender.name == "ann"
        table = bundle.table("people")
        frame = table.frame()
    assert frame.columns == list(table.columns) == ["person", "born", "town"]
    assert frame.height == table.n_rows == 2
    assert {str(kind) for kind in frame.dtypes} == {"String"}
    assert frame.drop("person").rows() == [tuple(row) for row in ROWS]
    (entry,) = pair.bob.register.entries()
    assert entry.event == "opened"
    assert entry.details["medium"]["kind"] == "memory"
    assert [told["name"] for told in entry.details["tables"]] == ["people"]
    # It counts as seen: the next one to open it is told.
    assert "opened here before" in securexfer.verify(pair.drive.glob("*.zip").__next__(),
                                                     pair.bob).notes[0]  # fmt: skip


def test_frame_and_batches_are_what_unpack_writes(pair: Pair) -> None:
    bundle = pair.pack()
    securexfer.unpack(bundle, pair.folder / "incoming", pair.bob)
    written = (pair.folder / "incoming" / "people.csv").read_bytes()
    with securexfer.open_bundle(bundle, pair.bob) as opened:
        table = opened.table("people")
        assert table.frame().write_csv().encode() == written
        assert table.frame().equals(table.frame())
        batches = list(table.batches())
        assert sum(batch.height for batch in batches) == 2
    assert pair.events(pair.bob).count("opened") == 1


def test_arrow_readers_can_take_a_batch(pair: Pair) -> None:
    with securexfer.open_bundle(pair.pack(), pair.bob) as opened:
        for batch in opened.table("people").batches():
            assert hasattr(batch, "__arrow_c_stream__")


def test_not_a_byte_is_written_but_the_register(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = pair.pack()
    before = set(pair.folder.rglob("*"))
    written = []
    monkeypatch.setattr(PartialFile, "__init__", lambda self, target, **_: written.append(target))
    opened_for_writing: list[str] = []

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if event != "open" or not is_hearing or not isinstance(arguments[0], str):
            return
        if isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
            opened_for_writing.append(arguments[0])

    is_hearing = True
    sys.addaudithook(hear)
    with securexfer.open_bundle(bundle, pair.bob) as opened:
        monkeypatch.undo()
        assert opened.table("people").frame().height == 2
    is_hearing = False
    assert written == []
    new = {path.name for path in set(pair.folder.rglob("*")) - before}
    assert new <= {"register.jsonl", "register.head", "register.lock"}
    assert all("register" in Path(path).name for path in opened_for_writing), opened_for_writing


def test_nothing_is_released_that_can_not_be_recorded(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise errors.RegisterError("It can't be written.")

    with securexfer.open_bundle(pair.pack(), pair.bob) as opened:
        monkeypatch.setattr(Register, "append", fail)
        with pytest.raises(errors.RegisterError):
            opened.table("people")


def test_a_newer_bundle_that_was_opened_meanwhile_shuts_the_older_one(pair: Pair) -> None:
    older, newer = pair.pack(), pair.pack()
    with securexfer.open_bundle(older, pair.bob) as opened:
        with securexfer.open_bundle(newer, pair.bob) as other:
            other.table("people")
        with pytest.raises(errors.BundleOlderError):
            opened.table("people")


def test_an_altered_bundle_is_refused_before_any_row_and_that_is_on_record(pair: Pair) -> None:
    bundle = pair.pack()
    data = bytearray(bundle.read_bytes())
    data[len(data) // 3] ^= 1
    bundle.write_bytes(data)
    with pytest.raises(errors.VerificationError):
        securexfer.open_bundle(bundle, pair.bob)
    assert pair.events(pair.bob) == ["unpack-refused"]


def test_a_file_that_changes_while_it_is_open_gives_no_other_rows(pair: Pair) -> None:
    rows = "".join(f"{n},name,1980-02-03,York\n" for n in range(200_000))
    (pair.folder / "people.csv").write_text("id,name,born,town\n" + rows)
    bundle = pair.pack()
    assert bundle.stat().st_size > 2 * 1024 * 1024  # blocks are of 1 MiB
    with securexfer.open_bundle(bundle, pair.bob) as opened:
        table = opened.table("people")
        with bundle.open("r+b") as file:
            file.seek(700_000)
            file.write(b"\0" * 64)
        with pytest.raises(errors.VerificationError):
            table.frame()


def test_a_table_that_is_not_what_was_signed_is_not_released(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_: object, **__: object) -> Iterator[bytes]:
        yield b"person,born,town\n"
        raise errors.ContentMismatchError("Table people is not the one that was packed.")

    with securexfer.open_bundle(pair.pack(), pair.bob) as opened:
        monkeypatch.setattr("securexfer.opening.counted_rows", wrong)
        with pytest.raises(errors.ContentMismatchError):
            opened.table("people")
    assert "opened" not in pair.events(pair.bob)


@pytest.mark.parametrize(
    "data", [b"other,born,town\n", b"person,born,town\na,b\n", b"person,born,town\na,\xff,c\n", b""]
)
def test_a_signed_table_that_is_no_table_is_an_error_without_its_cells(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    with securexfer.open_bundle(pair.pack(), pair.bob) as opened:
        table = opened.table("people")
        monkeypatch.setattr("securexfer.opening.counted_rows", lambda *_: iter([data]))
        with pytest.raises(errors.ContentMismatchError) as caught:
            table.frame()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_only_a_recipient_can_open_and_an_unknown_table_is_named(pair: Pair) -> None:
    bundle = pair.pack()
    for who in (pair.ann, pair.cat):
        with pytest.raises(errors.NotForThisIdentityError):
            securexfer.open_bundle(bundle, who)
    with (
        securexfer.open_bundle(bundle, pair.bob) as opened,
        pytest.raises(errors.UsageError, match="no table 'crimes'"),
    ):
        opened.table("crimes")


def test_an_expired_bundle_is_refused(pair: Pair) -> None:
    bundle = pair.pack()
    late = SetClock(pair.bob.clock())
    late.move(days=91)
    desk = Desk(pair.folder, "bob")
    bob = securexfer.load_identity(desk.home, desk.secret.read_text().strip(), clock=late)
    with pytest.raises(errors.BundleExpiredError):
        securexfer.open_bundle(bundle, bob)


def test_a_wrong_passphrase_and_no_home_are_errors(pair: Pair, tmp_path: Path) -> None:
    with pytest.raises(errors.PassphraseWrongError):
        securexfer.load_identity(pair.bob.home, "something else")
    with pytest.raises(errors.IdentityMissingError):
        securexfer.load_identity(tmp_path / "nowhere", "anything")


def tokens(pair: Pair, bundle: Path) -> list[str]:
    with securexfer.open_bundle(bundle, pair.bob) as opened:
        return opened.table("people").frame()["person"].to_list()


def test_a_colleagues_scope_key_counts_here_as_on_the_command_line(pair: Pair) -> None:
    stable = RECIPE.replace("[tables.", '[pseudonyms]\nlinkage = "agreement"\n[tables.', 1)
    (pair.folder / "people.toml").write_text(stable)
    ann, cat = Desk(pair.folder, "ann"), Desk(pair.folder, "cat")
    exported = ann.json(
        "scope-key", "export", "--recipe", "people.toml", "--for", "bob", "--to", "cat"
    )
    cat.run("scope-key", "import", exported["path"])
    anns = tokens(pair, pair.pack())
    pair.ann, pair.cat = pair.cat, pair.ann
    assert tokens(pair, pair.pack()) == anns
    own = securexfer.pack(
        {"people": pair.folder / "people.csv"},
        pair.folder / "people.toml",
        ["bob"],
        pair.drive,
        pair.ann,
        own_tokens=True,
    )
    assert tokens(pair, own.path) != anns


def test_what_was_packed_with_ones_former_keys_is_still_ones_own(pair: Pair) -> None:
    (pair.folder / "people.toml").write_text(allow_forwarding(RECIPE))
    desks = [Desk(pair.folder, name) for name in ("ann", "bob")]
    back = desks[1].json("forward", pair.pack(), "--to", "ann", "-o", "drive/back.zip")
    desks[0].run("identity", "rotate")
    verified = securexfer.verify(pair.folder / back["path"], load(desks[0]), older=True)
    assert not any("Origin not verified" in note for note in verified.notes)


def test_repr_shows_no_key_and_no_cell(pair: Pair) -> None:
    assert repr(pair.bob).startswith("<identity 'bob'")
    with securexfer.open_bundle(pair.pack(), pair.bob) as opened:
        assert "York" not in repr(opened.table("people"))
        assert "password" not in repr(opened)


def test_inspect_and_verify_need_no_more_than_they_say(pair: Pair) -> None:
    bundle = pair.pack()
    outside = securexfer.inspect(str(bundle))
    verified = securexfer.verify(str(bundle), pair.bob)
    assert outside.envelope.bundle_id == verified.manifest.bundle_id
    assert pair.events(pair.bob) == []


def test_an_empty_table_has_its_columns(pair: Pair) -> None:
    (pair.folder / "people.csv").write_bytes(b"id,name,born,town\n")
    with securexfer.open_bundle(pair.pack(), pair.bob) as opened:
        frame = opened.table("people").frame()
    assert (frame.height, frame.columns) == (0, ["person", "born", "town"])


def test_the_notebook_runs(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "notebook.py"],
        capture_output=True,
        text=True,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(tmp_path),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        },
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "3 rows" in done.stdout
    assert "not_a_recipient 40" in done.stdout
    assert list(tmp_path.rglob("*.csv")) == []


def test_the_page_shows_every_name_and_its_examples_run(pair: Pair) -> None:
    text = page("docs/api.md")
    for name in securexfer.__all__:
        assert f"`{name}" in text or f"securexfer.{name}" in text, name
    names: dict[str, object] = {
        "passphrase": Desk(pair.folder, "bob").secret.read_text().strip(),
        "home": pair.bob.home,
        "path": pair.pack(),
    }
    examples = [block for block in blocks(text) if block.kind == "python"]
    assert len(examples) >= 3
    with contextlib.chdir(pair.folder):
        for block in examples:
            exec(compile(block.text, "docs/api.md", "exec"), names)
