"""`doctor`: is this home in order?"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

import click

from securexfer.cli.machine import (
    Finding,
    describe_drive,
    look_at_clock,
    look_at_drives,
    look_at_keyring,
    look_at_libraries,
)
from securexfer.cli.options import SecurexferCommand, passphrase_option
from securexfer.cli.session import Session
from securexfer.errors import IdentityMissingError, OutputError, SecurexferError
from securexfer.wording import plural

OTHERS = 0o077
MAX_FILES = 10_000


@click.command(cls=SecurexferCommand, epilog="Example: securexfer doctor")
@passphrase_option
def doctor(passphrase_file: Path | None) -> None:
    """Look whether this home is in order, and remove unfinished plaintext.

    Each line says ok, warning or problem. The drives that are plugged in have a line each.
    Plaintext that an interrupted unpack left behind is removed, and that is recorded if the
    passphrase is at hand. Exits with the code of the first problem.
    """
    session = Session.current(passphrase_file)
    drives = look_at_drives()
    looks: list[tuple[str, Callable[[Session], Finding | list[Finding]]]] = [
        ("home", _home),
        ("home medium", _home_medium),
        ("identity", _identity),
        ("passphrase", _passphrase),
        ("keyring", lambda session: look_at_keyring(session.keystore)),
        ("contacts", _contacts),
        ("register", _register),
        ("clock", _clock),
        ("libraries", lambda _: look_at_libraries()),
        ("settings", _settings),
        ("drives", lambda _: [describe_drive(drive) for drive in drives]),
        ("leftovers", _leftovers),
    ]
    findings: list[Finding] = []
    exit_code = 0
    for name, look in looks:
        try:
            found = look(session)
            findings += found if isinstance(found, list) else [found]
        except SecurexferError as error:
            findings.append(Finding(name, "problem", error.message, error.hint))
            exit_code = exit_code or error.exit_code
    session.console.result(
        {"drives": drives, "findings": [vars(finding) for finding in findings]},
        lambda: session.console.table(
            ("what", "verdict", "finding"),
            [(f.name, f.verdict, f"{f.remark} {f.next}".rstrip()) for f in findings],
        ),
    )
    if exit_code:
        raise click.exceptions.Exit(exit_code)


def _settings(session: Session) -> list[Finding]:
    """Every setting, as it holds for this run: options outrank what is told here."""
    from securexfer.home.setting import SETTINGS

    findings = []
    for name, setting in SETTINGS.items():
        held = session.config.get(name)
        value = setting.default if held.value is None else str(held.value)
        if isinstance(held.value, bool):
            value = value.lower()
        where = f"from {held.place}" if held.place else "by default"
        finding = Finding(f"setting {name}", "ok", f"{value}, {where}")
        if name == "insecure_keyring" and held.value is True:
            step = "Take it out of the file as soon as there is another keyring."
            finding = replace(finding, verdict="warning", next=step)
        findings.append(finding)
    return findings


def _home(session: Session) -> Finding:
    root = session.desk.root
    if not root.exists():
        return Finding("home", "warning", f"{root} is not there yet.", IdentityMissingError.hint)
    if os.name == "posix":
        if root.stat().st_mode & OTHERS:
            return Finding("home", "warning", f"{root} can be entered by others.", "chmod 700 it.")
        exposed = [path for path in _files(root) if path.lstat().st_mode & OTHERS]
        if exposed:
            return Finding(
                "home",
                "warning",
                f"{len(exposed)} of its files can be read by others, the first is {exposed[0]}.",
                "Run chmod 600 on them.",
            )
    return Finding("home", "ok", f"{root}, for you alone")


def _files(root: Path) -> list[Path]:
    """The plain files of a home."""
    found = (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(islice(found, MAX_FILES))


def _home_medium(session: Session) -> Finding:
    from securexfer.medium.medium import Kind, find_medium
    from securexfer.medium.rule import REFUSED

    medium = find_medium(session.desk.root)
    if medium.kind in REFUSED:
        return Finding(
            "home medium",
            "warning",
            f"The home is on a medium that is carried about, or somebody else's: "
            f"{medium.describe()}.",
            "Move it: keys and register belong on a disk of this machine.",
        )
    if medium.kind is Kind.UNKNOWN:
        told = f"Nobody can tell what kind of medium it is ({medium.describe()})."
        return Finding("home medium", "ok", told)
    return Finding("home medium", "ok", medium.describe())


def _identity(session: Session) -> Finding:
    card = session.desk.own_card()
    if card.expires_at < session.clock():
        expired = f"The card expired on {card.expires_at:%Y-%m-%d}."
        return Finding("identity", "warning", expired, "Nobody can pack for it any more.")
    return Finding("identity", "ok", f"{card.name}, valid until {card.expires_at:%Y-%m-%d}")


def _passphrase(session: Session) -> Finding:
    source = session.passphrase.source
    session.desk.unlock(session.passphrase.text)
    return Finding("passphrase", "ok", f"It opens the identity, and comes from {source}.")


def _contacts(session: Session) -> Finding:
    from securexfer.pinning import find_unrecorded

    contacts = session.contacts.list()
    # Without an identity there is no register that could tell of them.
    if session.own_card() is not None:
        unrecorded = find_unrecorded(contacts, session.register.entries())
        if unrecorded:
            return Finding(
                "contacts",
                "warning",
                f"The register has no entry about {', '.join(c.name for c in unrecorded)}. If you "
                "did not pin them yourself, somebody put them there.",
                "Remove them, and pin them again after reading the fingerprint over the phone.",
            )
    return Finding("contacts", "ok", f"{len(contacts)} pinned")


def _register(session: Session) -> Finding:
    entries = session.register.entries()
    text = f"{plural(len(entries), 'entry', 'entries')}, in one chain."
    return Finding("register", "ok", text, "Its signatures: securexfer register verify")


def _clock(session: Session) -> Finding:
    newest = None
    with suppress(SecurexferError):  # of which the line on the register tells
        newest = max((entry.at for entry in session.register.entries()), default=None)
    return look_at_clock(session.clock(), newest)


def _leftovers(session: Session) -> Finding:
    from securexfer.leftovers import find_leftovers, sweep_leftovers

    leftovers = find_leftovers(session.register.entries())
    n_there = sum(len(leftover.remaining()) for leftover in leftovers)
    if not leftovers:
        return Finding("leftovers", "ok", "no unpack was cut off")
    away = [leftover.folder for leftover in leftovers if leftover.is_away()]
    try:
        with session.reporter() as reporter:
            sweep_leftovers(
                session.identity, session.register, clock=session.clock, reporter=reporter
            )
    except SecurexferError:
        # Whatever else is wrong here: plaintext goes first, the record can follow.
        for leftover in leftovers:
            leftover.remove()
    left = [path for leftover in leftovers for path in leftover.remaining()]
    if left:
        raise OutputError(
            f"{len(left)} unfinished files hold plaintext and could not be removed, the first is "
            f"{left[0]}.",
            hint="If no unpack is at work, delete them.",
        )
    if away:
        return Finding(
            "leftovers",
            "warning",
            f"An unpack to {away[0]} was cut off, and that folder or its drive is not there.",
            "If it is on a drive, plug it in and run this again.",
        )
    return Finding(
        "leftovers", "ok", f"{plural(n_there, 'unfinished file')} of a run that was cut off removed"
    )
