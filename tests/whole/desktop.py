"""A desktop without a screen: a session bus of its own, and on it a real Secret Service or none."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.whole.cli import Desk

SECRET_SERVICE = "keyring.backends.SecretService.Keyring"
# Nothing on it starts by itself: no service that is not meant to be there, and no window.
_BUS = """<busconfig>
<type>session</type><listen>unix:tmpdir={folder}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy>
</busconfig>
"""
_SECONDS = 20.0


class Seat(Desk):
    """A person at a desktop: no passphrase file, and the keyring that the desktop has."""

    def __init__(self, folder: Path, name: str, backend: str = SECRET_SERVICE) -> None:
        super().__init__(folder, name)
        self.backend = backend
        self.bus = "unix:path=/nonexistent"
        self.more: dict[str, str] = {}

    def environment(self) -> dict[str, str]:
        environment = super().environment()
        del environment["SECUREXFER_PASSPHRASE_FILE"]
        return {
            **environment,
            "PYTHON_KEYRING_BACKEND": self.backend,
            "DBUS_SESSION_BUS_ADDRESS": self.bus,
            **self.more,
        }

    @contextmanager
    def session(self) -> Iterator[None]:
        """Be logged in: there is a session bus."""
        folder = self.folder / f"session-{self.name}"
        for name in ("home", "run"):
            (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        config = folder / "bus.conf"
        # The name of a socket has to be short.
        config.write_text(_BUS.format(folder="/tmp"))
        command = ["dbus-run-session", f"--config-file={config}", "--", "sh", "-c"]
        # It lives for as long as its standard input is open.
        with subprocess.Popen(
            [*command, 'echo "$DBUS_SESSION_BUS_ADDRESS"; cat >/dev/null'],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as bus:
            assert bus.stdin is not None
            assert bus.stdout is not None
            try:
                self.bus = bus.stdout.readline().decode().strip()
                assert self.bus
                self.more = {"HOME": str(folder / "home"), "XDG_RUNTIME_DIR": str(folder / "run")}
                yield
            finally:
                self.bus = "unix:path=/nonexistent"
                bus.stdin.close()
                bus.wait(_SECONDS)

    @contextmanager
    def secret_service(self, password: str | None) -> Iterator[None]:
        """A real GNOME Keyring on the bus; unlocked with a password, or locked as it starts."""
        command = ["gnome-keyring-daemon", "--foreground", "--components=secrets"]
        command.append("--start" if password is None else "--unlock")
        with subprocess.Popen(
            command,
            env={**os.environ, **self.environment()},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as daemon:
            try:
                assert daemon.stdin is not None
                daemon.stdin.write((password or "").encode())
                daemon.stdin.close()
                self._wait_for_service(daemon)
                yield
            finally:
                daemon.terminate()
                try:
                    daemon.wait(_SECONDS)
                except subprocess.TimeoutExpired:
                    daemon.kill()
                    daemon.wait(_SECONDS)

    def _wait_for_service(self, daemon: subprocess.Popen[bytes]) -> None:
        import secretstorage
        from jeepney.io.blocking import open_dbus_connection

        until = time.monotonic() + _SECONDS
        while True:
            assert daemon.poll() is None, "the Secret Service ended"
            assert time.monotonic() < until, "the Secret Service does not come up"
            with open_dbus_connection(self.bus) as connection:
                if secretstorage.check_service_availability(connection):
                    return
            time.sleep(0.05)

    def kept(self) -> dict[str, str]:
        """What the Secret Service keeps for securexfer, by user name; it must be unlocked."""
        import secretstorage
        from jeepney.io.blocking import open_dbus_connection

        with open_dbus_connection(self.bus) as connection:
            items = secretstorage.get_default_collection(connection).search_items(
                {"service": "securexfer"}
            )
            return {one.get_attributes()["username"]: one.get_secret().decode() for one in items}
