"""A keyring that waits for a window that nobody sees: named in PYTHON_KEYRING_BACKEND."""

from __future__ import annotations

import threading

from keyring.backend import KeyringBackend


class Keyring(KeyringBackend):
    """It never answers."""

    priority = 9.0

    def get_password(self, service: str, username: str) -> str | None:
        threading.Event().wait()
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        threading.Event().wait()

    def delete_password(self, service: str, username: str) -> None:
        threading.Event().wait()
