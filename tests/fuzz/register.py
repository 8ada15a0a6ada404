"""The register's file, read and verified."""

from __future__ import annotations

import json
import os
import tempfile
from functools import cache
from pathlib import Path

from securexfer.custody.register import Actor, Register
from securexfer.errors import RegisterError
from tests.fuzz.signer import KEYS, signed
from tests.vectors import format1


def check_register(data: bytes) -> None:
    """A register file, or the payload of its second entry, which is then signed."""
    with tempfile.TemporaryDirectory(dir=_memory()) as name:
        folder = Path(name)
        lines, head = first_entry()
        if not data.startswith(b'{"payload"'):
            data = lines + signed(data, "register", "register") + b"\n"
        (folder / "register.jsonl").write_bytes(data)
        (folder / "register.head").write_bytes(head)
        register = Register(folder / "register.jsonl", Actor("fuzz", "desk"))
        entries = register.entries()
        for entry in entries:
            assert isinstance(entry.details, dict)
            texts = (entry.event, entry.identity, entry.actor.user, entry.actor.host)
            assert all(isinstance(text, str) for text in texts)
        whole = data.split(b"\n")[:-1]
        if len(entries) == 1 and len(whole) == 2 and b"\0" in whole[1]:
            whole.pop()  # torn by a power cut, and never reported as stored
        assert [entry.number for entry in entries] == list(range(1, len(whole) + 1))
        hashes = [format1.sha256(line) for line in whole]
        assert [entry.sha256 for entry in entries] == hashes
        payloads = [json.loads(json.loads(line)["payload"]) for line in whole]
        assert [one["previous_sha256"] for one in payloads] == ["0" * 64, *hashes][: len(whole)]
        try:
            verified = register.verify({KEYS.fingerprint: KEYS.public})
        except RegisterError:
            return
        assert verified == entries
        assert {entry.identity for entry in entries} <= {KEYS.fingerprint}


@cache
def _memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@cache
def first_entry() -> tuple[bytes, bytes]:
    """A register of one entry, and its head."""
    line = signed(entry_payload(1, "0" * 64), "register", "register")
    head = {"count": 1, "head_sha256": format1.sha256(line), "securexfer_register_head": 1}
    return line + b"\n", signed(format1.canonical(head), "register", "register") + b"\n"


def entry_payload(number: int, previous: str) -> bytes:
    payload = {
        "at": format1.CREATED,
        "details": {
            "bundle_id": "0" * 32,
            "files": ["people.csv"],
            "recipients": [KEYS.fingerprint],
            "sequence": 1,
        },
        "event": "packed",
        "host": "desk",
        "identity": KEYS.fingerprint,
        "number": number,
        "previous_sha256": previous,
        "user": "ann",
    }
    return format1.canonical(payload)


def registers() -> list[bytes]:
    lines, _ = first_entry()
    previous = format1.sha256(lines.removesuffix(b"\n"))
    second = entry_payload(2, previous)
    return [lines, lines + signed(second, "register", "register") + b"\n", second]
