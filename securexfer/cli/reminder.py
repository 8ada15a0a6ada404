"""The reminder: one line after every command, where data are kept for longer than agreed."""

from __future__ import annotations

import click

from securexfer.cli.console import Console, Settings

# Set by commands after which a reminder would be out of place.
SILENT = "securexfer.no-reminder"


def remind(context: click.Context, settings: Settings) -> None:
    """Say that something is overdue, if it is. Never fails, never waits, checks nothing."""
    if settings.quiet or settings.json or SILENT in context.meta:
        return
    try:
        text = _look(settings)
    except Exception:  # whatever is wrong with a register, its own commands say
        return
    if text:
        Console(settings).note(text)


def _look(settings: Settings) -> str:
    from securexfer.cli.session import Session
    from securexfer.custody.retention import find_overdue, glance

    session = Session(Console(settings))
    path = session.desk.register_path
    if not path.is_file():
        return ""
    seen = list(glance(path))
    now = max([session.clock(), *(entry.at for entry in seen)])
    overdue = find_overdue(seen, now)
    n_sent = sum(held.is_sent for held in overdue)
    n_here = len(overdue) - n_sent
    parts = []
    if n_here:
        parts.append(
            "a bundle that was unpacked here is to be destroyed"
            if n_here == 1
            else f"{n_here} bundles that were unpacked here are to be destroyed"
        )
    if n_sent:
        parts.append(
            "a bundle that was sent has no destruction certificate"
            if n_sent == 1
            else f"{n_sent} bundles that were sent have no destruction certificate"
        )
    if not parts:
        return ""
    return f"Overdue: {'; '.join(parts)}. See: securexfer register list --overdue"
