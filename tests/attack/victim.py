"""A recipient to attack: bob, who has pinned ann, at a desk where nothing was opened yet.

The keys are those of the vectors, so `tests.vectors.format1` can write whatever ann would sign.
Nothing heavy is imported here, so that a process that opens bundles is as small as the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from securexfer.bundle.manifest import Manifest
from securexfer.bundle.sender import PinnedSender
from securexfer.crypto.card import read_card
from securexfer.crypto.identity import Identity
from securexfer.crypto.keys import PrivateKeys
from securexfer.custody.register import Actor, Register
from securexfer.errors import SecurexferError
from securexfer.reporting import SilentReporter
from securexfer.unpacking import unpack
from securexfer.verifying import check_tables, verify
from tests.vectors.format1 import Person, person

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
ANN, BOB, CAT = (person(name) for name in ("ann", "bob", "cat"))


def identity_of(who: Person) -> Identity:
    return Identity(read_card(who.card), PrivateKeys(**who.keys.seeds), who.pseudonym_secret)


ANN_KEYS = identity_of(ANN).keys
_BOB = identity_of(BOB)
_SENDERS = {ANN.fingerprint: PinnedSender("ann", ANN_KEYS.public)}


@dataclass(frozen=True)
class Opening:
    """What came of opening a bundle.

    Attributes:
        code: of the refusal, or "ok".
        exit_code: of the refusal, or 0.
        message: of the refusal.
        manifest: what was signed, if it got that far.
    """

    code: str
    exit_code: int = 0
    message: str = ""
    manifest: Manifest | None = None


def open_bundle(path: Path, output: Path, home: Path) -> Opening:
    """Verify a bundle and all its tables, then unpack it; whatever is no refusal is raised."""
    register = Register(home / "register.jsonl", Actor("bob", "desk"))
    reporter = SilentReporter()
    checked, manifest = "ok", None
    try:
        with verify(
            path, _SENDERS.get, lambda: _BOB, register, clock=lambda: NOW, reporter=reporter
        ) as verified:
            manifest = verified.manifest
            try:
                check_tables(verified, reporter)
            except SecurexferError as error:
                checked = error.code
            unpack(verified, output, _BOB, register, clock=lambda: NOW, reporter=reporter)
    except SecurexferError as error:
        # Checking without writing must find what unpacking finds, but for what only writing meets.
        agreed = error.exit_code == 80 or manifest is None or checked == error.code
        assert agreed
        return Opening(error.code, error.exit_code, error.message, manifest)
    assert checked == "ok"
    return Opening("ok", manifest=manifest)
