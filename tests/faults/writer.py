"""Processes that write to one register at once, or one by itself:

    python -m tests.faults.writer REGISTER N_WRITERS N_ENTRIES N_READERS

The identity is read from standard input. All begin at the same moment. A writer prints the number
and hash of each entry when it is done, a line each; readers check the whole register again and
again meanwhile. Exits with how many processes failed.
"""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from securexfer.crypto.card import read_card
from securexfer.crypto.identity import Identity
from securexfer.crypto.keys import PrivateKeys
from securexfer.custody import register as custody
from securexfer.custody.entry import public_keys
from securexfer.custody.register import Actor, Register

# Not from `tests.world`, which would load everything.
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def hand_over(identity: Identity) -> bytes:
    """An identity for standard input."""
    return json.dumps(
        {"card": identity.card.encode().decode(), "keys": identity.keys.encode()}
    ).encode()


def write(identity: Identity, path: Path, name: str, n_entries: int) -> None:
    """Add entries, and say so of each."""
    register = Register(path, Actor(name, "desk"))
    for n in range(n_entries):
        details = {"n": n, "note": "x" * (n * 1500)}
        entry = register.append(identity, "drill", details, NOW)
        os.write(1, f"{entry.number} {entry.sha256}\n".encode())


def read(identity: Identity, path: Path, over: int) -> None:
    """Check everything until all writers have ended."""
    register = Register(path, Actor("reader", "desk"))
    while not select.select([over], [], [], 0.05)[0]:
        register.verify(public_keys(identity))


def fork(work: Callable[[], None], closing: Sequence[int], start: int) -> int:
    """A process that works once everybody else has closed the other end of a pipe."""
    pid = os.fork()
    if pid:
        return pid
    try:
        for descriptor in closing:
            os.close(descriptor)
        os.read(start, 1)
        work()
    except BaseException as error:
        os.write(2, f"{error!r}\n".encode())
        os._exit(1)
    os._exit(0)


def main() -> None:
    """As the module says."""
    # On a machine that is busy with other things an entry can take a second.
    vars(custody)["_LOCK_SECONDS"] = 600.0
    path = Path(sys.argv[1])
    n_writers, n_entries, n_readers = map(int, sys.argv[2:5])
    told = json.load(sys.stdin)
    identity = Identity(read_card(told["card"].encode()), PrivateKeys.decode(told["keys"]), b"")
    if n_writers == 1:
        write(identity, path, "alone", n_entries)
        return
    start, begin = os.pipe()
    over, end = os.pipe()
    writing = [partial(write, identity, path, f"w{k}", n_entries) for k in range(n_writers)]
    writers = [fork(work, (begin, end), start) for work in writing]
    reading = partial(read, identity, path, over)
    readers = [fork(reading, (begin, end), start) for _ in range(n_readers)]
    os.close(begin)
    failed = [pid for pid in writers if os.waitpid(pid, 0)[1]]
    os.close(end)
    failed += [pid for pid in readers if os.waitpid(pid, 0)[1]]
    sys.exit(len(failed))


if __name__ == "__main__":
    main()
