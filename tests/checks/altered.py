"""Running tests against an altered program, many times a minute.

A warm process has imported the libraries, and neither securexfer nor its tests. For each altered
program it forks; the child imports securexfer with one module's text replaced, and runs the tests
that were asked for. So any text of a module can be altered, constants and models included,
nothing is written to the checkout, and no altered program sees anything of another.

It does not reach programs that a test starts as processes of their own.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType, TracebackType

ROOT = Path(__file__).parents[2]
PASSED, FAILED, TIMED_OUT = 0, 1, -signal.SIGALRM
# Whoever reads without end should not take the machine along.
_MAX_MEMORY_BYTES = 6 * 2**30
_LIBRARIES = (
    "PIL.Image",
    "click",
    "cryptography.hazmat.primitives.hpke",
    "filelock",
    "hypothesis",
    "isal.igzip",
    "numpy",
    "pikepdf",
    "platformdirs",
    "polars",
    "polars_hash",
    "pydantic",
    "pytest",
    "pyzipper",
    "rich.console",
)


@dataclass(frozen=True)
class Alteration:
    """One module of securexfer with another text; `module` is empty for the program as it is."""

    module: str
    text: str


@dataclass(frozen=True)
class Run:
    """What came of the tests.

    Attributes:
        code: pytest's exit code, or minus the signal that ended it.
        seconds: it took.
        output: of pytest.
    """

    code: int
    seconds: float
    output: str


class WarmProcess:
    """The process that forks. Use as a context manager."""

    def __enter__(self) -> WarmProcess:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        environment.pop("PYTEST_ADDOPTS", None)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.checks.altered"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=environment,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def run(self, alteration: Alteration, tests: Sequence[str], *, limit: int = 60) -> Run:
        """Run tests (node ids) until one fails, each for at most `limit` seconds."""
        request = {"alteration": asdict(alteration), "tests": list(tests), "limit": limit}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Run(**json.loads(self._process.stdout.readline()))


def path_of(module: str) -> Path:
    """The file of a module, named as in `bundle.reader`."""
    return ROOT / "securexfer" / (module.replace(".", "/") + ".py")


def text_of(module: str) -> str:
    """Its text as it is."""
    return path_of(module).read_text(encoding="utf-8")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the altered text when the module is imported."""

    def __init__(self, alteration: Alteration) -> None:
        self._name = f"securexfer.{alteration.module}"
        self._path = str(path_of(alteration.module))
        self._text = alteration.text

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._name:
            return None
        return importlib.util.spec_from_file_location(name, self._path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._text, self._path, "exec", dont_inherit=True), module.__dict__)


class _Limit:
    """A plugin: each test has so many seconds.

    Nobody handles the signal, so it also ends a loop that never comes back.
    """

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds

    def pytest_runtest_logstart(self) -> None:
        signal.alarm(self._seconds)


def _serve() -> None:
    for library in _LIBRARIES:
        importlib.import_module(library)
    assert "securexfer" not in sys.modules
    folder = Path(tempfile.mkdtemp(prefix="altered-"))
    try:
        for line in sys.stdin:
            print(json.dumps(asdict(_fork(json.loads(line), folder))), flush=True)
    finally:
        shutil.rmtree(folder)


def _fork(request: dict[str, object], folder: Path) -> Run:
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        _become_altered(request, folder)
    _, status = os.waitpid(child, 0)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # whatever it has left running
    output = (folder / "output").read_text(encoding="utf-8", errors="replace")
    shutil.rmtree(folder / "tests", ignore_errors=True)
    return Run(os.waitstatus_to_exitcode(status), time.monotonic() - started, output)


def _become_altered(request: dict[str, object], folder: Path) -> None:
    try:
        os.setsid()
        output = os.open(folder / "output", os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        os.dup2(output, 1)
        os.dup2(output, 2)
        resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY_BYTES, _MAX_MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        limit = int(str(request["limit"]))
        signal.alarm(limit)
        alteration = Alteration(**request["alteration"])  # type: ignore[arg-type]
        if alteration.module:
            sys.meta_path.insert(0, _Finder(alteration))
        import pytest

        options = ["-x", "-q", "--no-header", "-p", "no:cacheprovider", "--tb=line"]
        tests: list[str] = request["tests"]  # type: ignore[assignment]
        options += [f"--basetemp={folder / 'tests'}", *tests]
        code = pytest.main(options, plugins=[_Limit(limit)])
        sys.stdout.flush()
        os._exit(int(code))
    except BaseException:
        os._exit(99)


if __name__ == "__main__":
    _serve()
