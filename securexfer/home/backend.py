"""Which keyring the operating system has: by name alone, no secret is asked for."""

from __future__ import annotations

import queue
import threading

SECONDS = 10.0
# By the beginnings of their names: they store in plaintext, or nowhere.
PLAINTEXT = ("keyrings.alt.",)
NOWHERE = ("keyring.backends.null", "keyring.backends.fail")


def find_backends(seconds: float = SECONDS) -> tuple[str, ...] | None:
    """Module and class of each backend that would be asked, in their order.

    Returns:
        None where the keyring doesn't say within so many seconds: it may wait for a window that
        nobody sees.
    """
    answers: queue.Queue[tuple[str, ...]] = queue.Queue()

    def ask() -> None:
        try:
            import keyring

            backend = keyring.get_keyring()
            parts = list(getattr(backend, "backends", [backend]))
            answers.put(tuple(f"{type(one).__module__}.{type(one).__name__}" for one in parts))
        except Exception:  # backends raise anything; all of it means that there is none
            answers.put(())

    threading.Thread(target=ask, daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except queue.Empty:
        return None
