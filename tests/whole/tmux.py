"""A real terminal, driven through tmux: keys in, screens and exit codes out."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60.0
LINES = 200  # so that nothing that a command prints scrolls away


@dataclass(frozen=True)
class Ended:
    """A command that has ended in a terminal.

    Attributes:
        code: its exit code, as a shell has it.
        screen: lines as they stand on the screen, without trailing blanks.
        lines: the same, but what the terminal itself had to break is in one piece.
        raw: the screen with its colours, as escape sequences.
    """

    code: int
    screen: list[str]
    lines: list[str]
    raw: str

    @property
    def broken(self) -> list[str]:
        """Lines that were longer than the terminal is wide."""
        screen = {line.rstrip() for line in self.screen}
        return [line for line in map(str.rstrip, self.lines) if line not in screen]


class Terminal:
    """One tmux server with one window; a context manager.

    Args:
        folder: for its socket; commands run there.
        environment: of commands.
        columns: how wide it is.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], columns: int = 80) -> None:
        self._folder = folder
        self._socket = folder / f"tmux-{columns}-{time.monotonic_ns()}"
        self._code = self._socket.with_suffix(".code")
        self._environment = dict(environment)
        self._columns = columns

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self._tmux("kill-server", check=False)
        self._socket.unlink(missing_ok=True)
        self._code.unlink(missing_ok=True)

    def start(self, arguments: list[str]) -> None:
        """Start a command; the terminal stays when it ends."""
        size = ["-x", str(self._columns), "-y", str(LINES)]
        variables = [f"{name}={value}" for name, value in self._environment.items()]
        # `env -i` keeps the variables of the test's own process out; TERM is tmux's. The shell
        # outlives the command, and Ctrl-C, so that the screen stays as it was left.
        words = shlex.join(["env", "-i", "TERM=screen-256color", *variables, *arguments])
        code = shlex.quote(str(self._code))
        script = f"trap : INT; {words}; echo $? > {code}.new; mv {code}.new {code}; sleep 1000"
        self._tmux("new-session", "-d", "-s", "shown", "-c", str(self._folder), *size, script)

    def wait_for(self, text: str) -> str:
        """Wait until something is on the screen; returns the screen."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            screen = self._capture()
            if text in " ".join(screen.split()):
                return screen
            if self._code.exists():
                break
            time.sleep(0.05)
        raise AssertionError(f"{text!r} is not on the screen:\n{self._capture()}")

    def type(self, text: str, *, enter: bool = True) -> None:
        """Type on the keyboard."""
        self._tmux("send-keys", "-t", "shown", "-l", text)
        if enter:
            self._tmux("send-keys", "-t", "shown", "Enter")

    def press(self, key: str) -> None:
        """Press one key, by tmux's name of it, such as C-c."""
        self._tmux("send-keys", "-t", "shown", key)

    def end(self) -> Ended:
        """Wait for the command to end."""
        deadline = time.monotonic() + SECONDS
        while not self._code.exists():
            if time.monotonic() > deadline:
                raise AssertionError(f"It did not end. On the screen:\n{self._capture()}")
            time.sleep(0.05)
        return Ended(
            code=int(self._code.read_text()),
            screen=self._capture().rstrip().splitlines(),
            lines=self._capture("-J").rstrip().splitlines(),
            raw=self._capture("-e"),
        )

    def has_ended(self) -> bool:
        """Whether the command has."""
        return self._code.exists()

    def capture(self) -> str:
        """The screen as it is now."""
        return self._capture()

    def _capture(self, *options: str) -> str:
        return self._tmux("capture-pane", "-p", "-S", "-", "-t", "shown", *options)

    def _tmux(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self._socket), "-f", "/dev/null", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout
