"""A thousand canaries of each kind, runs that end in every way, and where not one may be found."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from securexfer.crypto.identity import Identity, decrypt_identity
from securexfer.crypto.keys import SEED_BYTES
from securexfer.privacy.extract import BLOCK_BYTES as BLOCK
from securexfer.privacy.extract import N_WORKERS
from tests.assurance import Tally
from tests.whole.cli import Desk, two_desks
from tests.whole.watch import (
    N_CANARIES,
    Needles,
    files_below,
    make_canaries,
    overheard,
    shared_files,
)
from tests.world import allow_forwarding, csv_bytes, recipe_text

KINDS = ("withheld", "pseudonymised", "kept")
CANARIES = {kind: make_canaries(kind) for kind in KINDS}
HEADER = ["code", "withheld", "pseudonymised", "kept", "filler"]
RECIPE = allow_forwarding(
    recipe_text(
        {
            "t": {
                "code": '{ action = "keep" }',
                "person": '{ from = "pseudonymised", action = "pseudonymise", domain = "person" }',
                "kept": '{ action = "keep" }',
            }
        }
    )
)
# Several blocks, so that a run can be stopped with some done and some to come.
FILLER = "x" * 63_000
SECONDS = 30


def make_extract() -> bytes:
    cells = zip(*(CANARIES[kind] for kind in KINDS), strict=True)
    rows = [[f"c{n % 7}", *three, FILLER] for n, three in enumerate(cells)]
    return csv_bytes([HEADER, *rows])


# Each worker has a block, and one more is read and waits; then what the first became is written.
N_UNTIL_WRITTEN = N_WORKERS + 2
EXTRACT = make_extract()


@dataclass
class Scene:
    """Two desks, and every place where something could be left."""

    folder: Path
    ann: Desk
    bob: Desk
    needles: dict[str, Needles]
    secrets: Needles
    said: list[bytes] = field(default_factory=list)
    shared: set[Path] = field(default_factory=shared_files)

    @property
    def watched(self) -> Path:
        """Working folder, HOME and TMPDIR of the runs; whatever appears there is searched."""
        return self.folder / "watched"

    def environment(self, desk: Desk) -> dict[str, str]:
        places = dict.fromkeys(("TMPDIR", "TEMP", "TMP", "HOME", "XDG_CACHE_HOME"))
        return desk.environment() | {name: str(self.watched / name) for name in places}

    def start(
        self, desk: Desk, *arguments: str | Path, before: tuple[str, ...] = (), **more: Any
    ) -> subprocess.Popen[bytes]:
        """A command in the watched folder, by a caller who wants core dumps."""
        for name in ("TMPDIR", "TEMP", "TMP", "HOME", "XDG_CACHE_HOME"):
            (self.watched / name).mkdir(parents=True, exist_ok=True)
        options: dict[str, Any] = {
            "stdin": subprocess.PIPE,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            **more,
        }
        command = [*before, sys.executable, "-m", "securexfer", *map(str, arguments)]
        run: subprocess.Popen[bytes] = subprocess.Popen(
            command,
            env=self.environment(desk),
            cwd=self.watched,
            preexec_fn=want_core_dumps,
            **options,
        )
        return run

    def finish(self, run: subprocess.Popen[bytes], stdin: bytes | None = None) -> int:
        with overheard(run.pid) as heard:
            try:
                stdout, stderr = run.communicate(stdin, timeout=SECONDS)
            except BaseException:
                run.kill()
                raise
        self.said += [out for out in (stdout, stderr) if out]
        self.said += heard
        assert b"Traceback" not in (stderr or b"")
        return run.returncode

    def check(self, *, kept_may_be_in: Path | None = None) -> int:
        """Search every place; returns how many texts and files were searched."""
        places = [self.watched, self.ann.home, self.bob.home, self.folder / "stick"]
        found = [(Path("what it said"), text) for text in self.said]
        found += [pair for place in places for pair in files_below(place)]
        for path in shared_files() - self.shared:
            with suppress(OSError):
                found.append((path, path.read_bytes()))
        for path, data in found:
            assert not path.name.startswith("core"), "a core dump"
            assert self.secrets.find(data) == [], path
            for kind, needles in self.needles.items():
                allowed = kind == "kept" and kept_may_be_in in path.parents
                assert allowed or needles.find(data) == [], (kind, path)
        self.said.clear()
        return len(found)


def want_core_dumps() -> None:
    # A caller in the background hands on that it ignores some of them.
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))


def seeds(identity: Identity) -> Iterator[bytes]:
    yield identity.pseudonym_secret
    for name in SEED_BYTES:
        yield getattr(identity.keys, name)


@pytest.fixture(scope="module")
def needles() -> dict[str, Needles]:
    return {kind: Needles.of_texts(CANARIES[kind]) for kind in KINDS}


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desks")
    two_desks(folder)
    (folder / "t.toml").write_text(RECIPE)
    (folder / "t.csv").write_bytes(EXTRACT)
    ready = folder / "ready.sxfer.zip"
    Desk(folder, "ann").run("pack", "t.csv", "--recipe", "t.toml", "--to", "bob", "-o", ready)
    released = Desk(folder, "bob").run("release-password", ready)
    (folder / "password").write_bytes(released.stdout)
    return folder


@pytest.fixture
def scene(desks: Path, tmp_path: Path, needles: dict[str, Needles]) -> Scene:
    ann, bob = Desk(tmp_path, "ann"), Desk(tmp_path, "bob")
    hidden = []
    for desk in (ann, bob):
        shutil.copytree(desks / desk.home.name, desk.home)
        passphrase = desk.secret.read_text().strip()
        hidden += [passphrase.encode()]
        hidden += seeds(decrypt_identity((desk.home / "identity.json").read_bytes(), passphrase))
    for name in ("t.toml", "t.csv", "ready.sxfer.zip"):
        (tmp_path / name).hardlink_to(desks / name)
    (tmp_path / "stick").mkdir()
    password = (desks / "password").read_bytes().strip()
    secrets = Needles.of_bytes([*hidden, password])
    assert secrets.find(b"x" * 5 + password + b"y")
    return Scene(tmp_path, ann, bob, needles, secrets)


def test_the_search_finds_every_canary_in_every_spelling(needles: dict[str, Needles]) -> None:
    import base64
    import gzip

    for kind, canaries in CANARIES.items():
        for canary in canaries:
            raw = canary.encode()
            for shown in (raw, canary.upper().encode("utf-16-le"), raw.hex().encode()):
                assert needles[kind].find(b"a word, " + shown + b"!")
            assert needles[kind].find(base64.b64encode(b"some" + raw + b"thing"))
        assert needles[kind].find(b"\0" * 99 + gzip.compress(canaries[3].encode() * 2))
        assert needles[kind].find(canaries[0][:18].encode())
    assert needles["withheld"].find("".join(CANARIES["kept"]).encode()) == []


def pack_command(scene: Scene, source: str = "../t.csv") -> list[str]:
    command = ["pack", f"t={source}", "--recipe", "../t.toml", "--to", "bob"]
    return [*command, "-o", str(scene.folder / "stick" / "b.sxfer.zip")]


def report(tally: Tally, n_searched: int, what: str) -> None:
    tally.count("hygiene", f"Canaries sought after {what}", len(KINDS) * N_CANARIES)
    tally.worst("hygiene", "Texts and files searched after one run", n_searched, "files")


@pytest.mark.parametrize("extra", [[], ["-v"], ["--json"], ["-q"]], ids=str)
def test_a_pack_that_succeeds_leaves_none(extra: list[str], scene: Scene, tally: Tally) -> None:
    run = scene.start(scene.ann, *pack_command(scene), *extra)
    assert scene.finish(run) == 0
    report(tally, scene.check(), "a pack that succeeded")


# Each runs in the middle of a pack, when blocks have been read and more are to come.
SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGSEGV", "SIGABRT", "SIGBUS")


@pytest.mark.parametrize("name", SIGNALS)
def test_a_pack_that_is_struck_down_leaves_none_and_no_core(
    name: str, scene: Scene, tally: Tally
) -> None:
    run = scene.start(scene.ann, *pack_command(scene, "-"))
    assert run.stdin is not None
    partial = scene.folder / "stick" / "b.sxfer.zip.partial"
    with killed_in_the_end(run), overheard(run.pid) as heard:
        run.stdin.write(EXTRACT[: N_UNTIL_WRITTEN * BLOCK + 1000])
        run.stdin.flush()
        wait_for(lambda: partial.exists() and partial.stat().st_size > 3_000)
        run.send_signal(getattr(signal, name))
        with suppress(BrokenPipeError):
            stdout, stderr = run.communicate(timeout=SECONDS)
            scene.said += [stdout, stderr]
    scene.said += heard
    expected = 130 if name in ("SIGTERM", "SIGINT", "SIGHUP") else -getattr(signal, name)
    assert run.wait(SECONDS) == expected
    assert partial.exists() == (expected < 0)
    report(tally, scene.check(), "a pack that was struck by a signal")


@contextmanager
def killed_in_the_end(run: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        if run.poll() is None:
            run.kill()
            run.wait(SECONDS)
        for pipe in (run.stdin, run.stdout, run.stderr):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.01)


BAD_EXTRACTS = {
    "too many fields in the middle": EXTRACT[: BLOCK + 30_000].rsplit(b"\n", 1)[0]
    + f"\nc0,{CANARIES['withheld'][0]},a,b,c,d,{CANARIES['kept'][1]}\n".encode()
    + EXTRACT[BLOCK + 30_000 :].split(b"\n", 1)[1],
    "not UTF-8 at the end": EXTRACT
    + f"c0,{CANARIES['withheld'][1]}\xff,b,c,d\n".encode("latin-1", "replace"),
    "cut within quotes": EXTRACT + f'c0,"{CANARIES["withheld"][2]},b'.encode(),
    "no header": EXTRACT.split(b"\n", 1)[1],
    "a cell without end": EXTRACT + b'c0,"' + (CANARIES["kept"][5] * 700_000).encode(),
}


@pytest.mark.parametrize("fault", BAD_EXTRACTS)
@pytest.mark.parametrize("extra", [["-v"], ["--json"]], ids=str)
def test_a_pack_that_is_refused_leaves_none(
    fault: str, extra: list[str], scene: Scene, tally: Tally
) -> None:
    run = scene.start(scene.ann, *pack_command(scene, "-"), *extra)
    assert scene.finish(run, BAD_EXTRACTS[fault]) in (10, 20)
    assert list((scene.folder / "stick").iterdir()) == []
    report(tally, scene.check(), "a pack that was refused")


@pytest.mark.parametrize("extra", [["-v"], ["--json"]], ids=str)
def test_a_pack_that_runs_out_of_memory_leaves_none(
    extra: list[str], scene: Scene, tally: Tally
) -> None:
    """All memory is refused from the moment on when cells are in it, and not from the start.

    Not later: what the workers have taken for some blocks is enough for the others.
    """
    run = scene.start(scene.ann, *pack_command(scene, "-"), *extra)
    assert run.stdin is not None
    with killed_in_the_end(run):
        cut = BLOCK + 1000
        run.stdin.write(EXTRACT[:cut])
        run.stdin.flush()
        wait_for(lambda: any((scene.folder / "stick").glob("*.partial")))
        resource.prlimit(run.pid, resource.RLIMIT_AS, (1, 1))
        with suppress(subprocess.TimeoutExpired):
            # Libraries may wait for ever for a thread that they could not start: killed, then.
            scene.finish(run, EXTRACT[cut:])
    # An error of ours, an abort of a library, or the loader's: whatever noticed it first.
    assert run.wait(SECONDS) != 0
    report(tally, scene.check(), "a pack that ran out of memory")


def test_a_pack_whose_output_fails_leaves_none(scene: Scene, tally: Tally) -> None:
    with open("/dev/full", "wb") as full:
        for extra in ([], ["--json"], ["-v"]):
            run = scene.start(scene.ann, *pack_command(scene), "--force", *extra, stdout=full)
            assert scene.finish(run) == 80
            run = scene.start(
                scene.ann, *pack_command(scene), "--force", *extra, stdout=full, stderr=full
            )
            assert scene.finish(run) == 80
    closed = scene.start(
        scene.ann, *pack_command(scene), "--force", before=("sh", "-c", 'exec "$@" >&- 2>&-', "sh")
    )
    assert scene.finish(closed) == 80
    limited = scene.start(
        scene.ann, *pack_command(scene), "--force", before=("prlimit", "--fsize=20000")
    )
    assert scene.finish(limited) in (70, 80)
    report(tally, scene.check(), "a pack whose output failed")


UNPACK_STRIKES = ("SIGKILL", "SIGTERM", "SIGSEGV", "SIGABRT")


@pytest.mark.parametrize("name", [*UNPACK_STRIKES, "none"])
def test_an_unpack_leaves_them_only_where_it_was_told_to_write(
    name: str, scene: Scene, tally: Tally, tool: Callable[[str], str]
) -> None:
    output = scene.watched / "incoming"
    before: tuple[str, ...] = ()
    if name != "none":
        # The table has been written, and is about to be made safe and named.
        strike = f"inject=fsync:signal={name}:when=1"
        before = (tool("strace"), "-f", "-qq", "-o", "/dev/null", "-P", f"{output}/t.csv.partial")
        before += ("-e", "trace=fsync", "-e", strike)
    command = ["unpack", str(scene.folder / "ready.sxfer.zip"), "-o", str(output), "-v"]
    code = scene.finish(scene.start(scene.bob, *command, before=before))
    assert (code == 0) == (name == "none")
    n_searched = scene.check(kept_may_be_in=output)
    if name in ("SIGKILL", "SIGSEGV", "SIGABRT"):
        assert (output / "t.csv.partial").exists()
        # What it left is plaintext, where the register says; the next run takes it away.
        other = ["unpack", str(scene.folder / "ready.sxfer.zip"), "-o", str(scene.folder / "b")]
        assert scene.finish(scene.start(scene.bob, *other)) == 0
        assert list(output.iterdir()) == []
        n_searched = scene.check()
    elif name == "SIGTERM":
        assert not output.exists()
        n_searched = scene.check()
    report(tally, n_searched, "an unpack")


@pytest.mark.parametrize("name", [*UNPACK_STRIKES, "none"])
def test_a_forward_leaves_none(
    name: str, scene: Scene, tally: Tally, tool: Callable[[str], str]
) -> None:
    stick = scene.folder / "stick"
    before: tuple[str, ...] = ()
    if name != "none":
        # All has been copied, and is about to be made safe.
        strike = f"inject=fsync:signal={name}:when=1"
        before = (tool("strace"), "-f", "-qq", "-o", "/dev/null", "-P", f"{stick}/f.zip.partial")
        before += ("-e", "trace=fsync", "-e", strike)
    command = ["forward", str(scene.folder / "ready.sxfer.zip"), "--to", "ann"]
    command += ["-o", str(stick / "f.zip"), "-v"]
    code = scene.finish(scene.start(scene.bob, *command, before=before))
    assert (code == 0) == (name == "none")
    left = {path.name for path in stick.iterdir()}
    if name == "none":
        assert left == {"f.zip"}
    else:
        assert left == (set() if name == "SIGTERM" else {"f.zip.partial"})
    report(tally, scene.check(), "a forward")


def test_a_core_dump_would_be_noticed(scene: Scene) -> None:
    """Without this, the absence of one would show nothing."""
    scene.watched.mkdir(exist_ok=True)
    subprocess.run(
        [sys.executable, "-c", "import os; os.abort()"],
        cwd=scene.watched,
        preexec_fn=want_core_dumps,
        check=False,
    )
    if not list(scene.watched.iterdir()):
        (scene.watched / "core.1").touch()  # the dumps of this machine go elsewhere
    with pytest.raises(AssertionError, match="a core dump"):
        scene.check()
