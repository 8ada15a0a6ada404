"""Whatever a malicious sender signs: no crash, no hang, no write elsewhere, no more than agreed."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from securexfer.carrier import PartialFile
from securexfer.privacy.heap import give_back
from tests.assurance import Tally
from tests.attack.forge import overwrite
from tests.attack.mutations import DRAFTS, SIGNED, malicious
from tests.attack.victim import Opening, open_bundle

N_SHARES = 8
N_SAMPLE, N_SOAK = 600, 20_000
MAX_SECONDS = 5.0
MAX_MIB = 64.0
# The register, its head and the descriptor: all that is written besides tables.
MAX_OWN_BYTES = 200_000
REFUSALS = {
    "bundle_altered": 60,
    "bundle_expired": 60,
    "bundle_from_future": 60,
    "bundle_malformed": 50,
    "bundle_unsupported": 50,
    "content_mismatch": 60,
    "disk_full": 80,
    "manifest_mismatch": 60,
    "not_a_recipient": 40,
    "password_mismatch": 60,
    "verification_failed": 60,
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {
    f"os.{name}"
    for name in ("mkdir", "rename", "remove", "rmdir", "link", "symlink", "chmod", "truncate")
}
Notice = Callable[[str], None]
_watching: list[Notice] = []


class HangError(BaseException):
    """A case took too long. Derives from `BaseException`, so that nothing swallows it."""


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    if event == "open" and arguments[2] & _WRITING:
        paths = arguments[:1]
    elif event in _CHANGES:
        paths = arguments[:2]
    else:
        return
    for path in paths:
        if isinstance(path, str | bytes | os.PathLike):
            _watching[-1](os.path.abspath(os.fsdecode(path)))  # noqa: PTH100  # follows no link


sys.addaudithook(_audit)


@contextmanager
def watched(*folders: Path) -> Iterator[list[str]]:
    """Collects every path outside of these folders that is written, made, renamed or removed."""
    strays: list[str] = []

    def notice(path: str) -> None:
        if not any(Path(path).is_relative_to(folder) for folder in folders):
            strays.append(path)

    _watching.append(notice)
    try:
        yield strays
    finally:
        _watching.pop()


@contextmanager
def time_limit() -> Iterator[None]:
    def ring(*_: Any) -> None:
        raise HangError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, MAX_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Peak:
    """The largest resident memory since `reset`, by the kernel's count."""

    def reset(self) -> None:
        give_back()  # lest what was free before is taken again, and no growth is seen
        Path("/proc/self/clear_refs").write_text("5")
        self.before = self._mib("VmRSS")

    def grown(self) -> float:
        return self._mib("VmHWM") - self.before

    @staticmethod
    def _mib(name: str) -> float:
        found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
        assert found
        return int(found[1]) / 1024


def judge(opening: Opening, output: Path, n_written: int) -> str:
    """Fails unless it was refused without trace, or what came out is what was signed."""
    tables = opening.manifest.tables if opening.manifest else []
    assert n_written <= sum(table.n_bytes for table in tables) + MAX_OWN_BYTES
    if opening.code != "ok":
        assert REFUSALS[opening.code] == opening.exit_code
        assert not output.exists()
        return opening.code
    expected = {f"{table.name}.csv": (table.n_bytes, table.plaintext_sha256) for table in tables}
    found = {
        path.name: (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in output.iterdir()
    }
    assert found.pop("datapackage.json")
    (receipt,) = (name for name in found if name.endswith(".receipt"))
    assert found.pop(receipt)
    assert found == expected
    return "ok"


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("share", range(N_SHARES))
def test_random_edits_signed_by_a_valid_sender(
    share: int, soak: bool, tmp_path: Path, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, output, home = (tmp_path / name for name in ("bundle", "out", "home"))
    bundle.touch()
    n_written = 0
    honest = PartialFile.write

    def count(file: PartialFile, data: bytes | memoryview) -> int:
        nonlocal n_written
        n_written += len(data)
        return honest(file, data)

    monkeypatch.setattr(PartialFile, "write", count)
    outcomes: Counter[str] = Counter()
    seen: set[str] = set()
    peak, largest = Peak(), 0.0
    for seed in range(share, N_SOAK if soak else N_SAMPLE, N_SHARES):
        data, kinds = malicious(seed)
        overwrite(bundle, data)
        n_written = 0
        peak.reset()
        try:
            with watched(output, home) as strays, time_limit():
                opening = open_bundle(bundle, output, home)
            outcomes[judge(opening, output, n_written)] += 1
            largest = max(largest, peak.grown())
            assert peak.grown() < MAX_MIB
            assert not strays
            assert {path.name for path in tmp_path.iterdir()} <= {"bundle", "out", "home"}
        except BaseException as error:
            error.add_note(f"seed {seed}: {', '.join(kinds)}")
            raise
        seen.update(kinds)
        for folder in (output, home):
            shutil.rmtree(folder, ignore_errors=True)
    assert outcomes["ok"]
    assert len(outcomes) > 5
    assert seen == DRAFTS.keys() | SIGNED.keys()
    tally.count("tamper", "random edits signed by a valid sender, without harm", outcomes.total())
    tally.worst("tamper", "memory that a random edit took", largest, "MiB")


def test_the_watch_sees_what_is_written_elsewhere(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    with watched(inside) as strays:
        inside.mkdir()
        (inside / "fine").write_text("x")
        assert strays == []
        (tmp_path / "evil").write_text("x")
        (inside / "fine").rename(tmp_path / "evil")
        (tmp_path / "folder").mkdir()
    assert [Path(path).name for path in strays] == ["evil", "evil", "folder"]


def test_the_watch_sees_a_hang_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    peak = Peak()
    peak.reset()
    taken = bytearray(os.urandom(1024)) * (80 * 1024)
    assert peak.grown() > MAX_MIB
    del taken
    monkeypatch.setattr("tests.attack.test_malice.MAX_SECONDS", 0.01)
    with pytest.raises(HangError), time_limit():
        signal.pause()
