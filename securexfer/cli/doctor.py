"""`doctor`: is this home in order?"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from securexfer.cli.options import SecurexferCommand, passphrase_option
from securexfer.cli.session import Session
from securexfer.errors import OutputError, SecurexferError

OTHERS = 0o077


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `ok`, `warning` or `problem`, and what to know about it."""

    name: str
    verdict: str
    remark: str


@click.command(cls=SecurexferCommand, epilog="Example: securexfer doctor")
@passphrase_option
def doctor(passphrase_file: Path | None) -> None:
    """Look whether this home is in order, and remove unfinished plaintext.

    Each line says ok, warning or problem. Plaintext that an interrupted unpack left behind is
    removed, and that is recorded if the passphrase is at hand. Exits with the code of the first
    problem.
    """
    session = Session.current(passphrase_file)
    looks: list[tuple[str, Callable[[Session], Finding]]] = [
        ("home", _home),
        ("identity", _identity),
        ("passphrase", _passphrase),
        ("contacts", _contacts),
        ("register", _register),
        ("leftovers", _leftovers),
    ]
    findings = []
    exit_code = 0
    for name, look in looks:
        try:
            findings.append(look(session))
        except SecurexferError as error:
            findings.append(Finding(name, "problem", f"{error.message} {error.hint}"))
            exit_code = exit_code or error.exit_code
    session.console.result(
        {"findings": [vars(finding) for finding in findings]},
        lambda: session.console.table(
            ("", "verdict", "finding"), [(f.name, f.verdict, f.remark) for f in findings]
        ),
    )
    if exit_code:
        raise click.exceptions.Exit(exit_code)


def _home(session: Session) -> Finding:
    root = session.desk.root
    if not root.exists():
        return Finding("home", "warning", f"{root} is not there yet.")
    if os.name == "posix" and root.stat().st_mode & OTHERS:
        return Finding("home", "warning", f"{root} can be entered by others: run chmod 700 on it.")
    return Finding("home", "ok", f"{root}")


def _identity(session: Session) -> Finding:
    card = session.desk.own_card()
    if card.expires_at < session.clock():
        return Finding("identity", "warning", f"The card expired on {card.expires_at:%Y-%m-%d}.")
    return Finding("identity", "ok", f"{card.name}, valid until {card.expires_at:%Y-%m-%d}")


def _passphrase(session: Session) -> Finding:
    source = session.passphrase.source
    session.desk.unlock(session.passphrase.text)
    return Finding("passphrase", "ok", f"It opens the identity, and comes from {source}.")


def _contacts(session: Session) -> Finding:
    return Finding("contacts", "ok", f"{len(session.contacts.list())} pinned")


def _register(session: Session) -> Finding:
    entries = session.register.entries()
    text = f"{len(entries)} entries, in one chain. Signatures: securexfer register verify"
    return Finding("register", "ok", text)


def _leftovers(session: Session) -> Finding:
    from securexfer.leftovers import find_leftovers, sweep_leftovers
    from securexfer.place import is_absent

    leftovers = find_leftovers(session.register.entries())
    n_there = sum(len(leftover.remaining()) for leftover in leftovers)
    if not leftovers:
        return Finding("leftovers", "ok", "no unpack was cut off")
    away = [leftover.folder for leftover in leftovers if is_absent(leftover.folder)]
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
            f"An unpack to {away[0]} was cut off, and that folder is not there. If it is on a "
            "drive, plug it in and run this again.",
        )
    return Finding(
        "leftovers", "ok", f"{n_there} unfinished files of a run that was cut off removed"
    )
