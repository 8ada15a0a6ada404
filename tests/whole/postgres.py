"""A PostgreSQL server for a test: its own data, reached by a socket only, gone at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_PATIENCE_SECONDS = 60
# Nothing that is lost in a crash would be missed.
_SETTINGS = "-c listen_addresses='' -c fsync=off -c max_connections=10 -c shared_buffers=16MB"


class Postgres:
    """A running server. Its superuser may connect without a password, by the socket."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder = folder
        self._programs = programs
        self._data = folder / "data"

    @property
    def environment(self) -> dict[str, str]:
        """What psql has to know."""
        return {"PGHOST": str(self._folder), "PGUSER": "postgres", "PGDATABASE": "postgres"}

    def do(self, sql: str) -> str:
        """Run statements; what they print."""
        run = subprocess.run(
            [self._programs / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"],
            env={**os.environ, **self.environment},
            input=sql,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    def start(self) -> None:
        self._call("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8")
        options = f"-k {self._folder} {_SETTINGS}"
        log = self._folder / "log"
        self._call("pg_ctl", "-D", self._data, "-w", "-l", log, "-o", options, "start")

    def stop(self) -> None:
        self._call("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def _call(self, program: str, *arguments: str | Path) -> None:
        # It refuses to run as root.
        before = _become_nobody() if os.geteuid() == 0 else []
        run = subprocess.run(
            [*before, self._programs / program, *arguments],
            cwd=self._folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            # Not captured: the server keeps what it inherits open for as long as it lives.
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
        assert run.returncode == 0, f"{program} ended with {run.returncode}"


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server; skips the test where none is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found or (os.geteuid() == 0 and not shutil.which("setpriv")):
        pytest.skip("postgresql is not installed")
    # Short, because a socket's path must be; and where nobody can get to.
    folder = Path(tempfile.mkdtemp(prefix="sx-pg-"))
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    server = Postgres(folder, found[-1].parent)
    try:
        server.start()
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder)


def _become_nobody() -> list[str]:
    account = pwd.getpwnam("nobody")
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
