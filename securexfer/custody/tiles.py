"""Tiles: the few numbers of a transfer that are looked at first."""

from __future__ import annotations

from securexfer.custody.drawing import show
from securexfer.custody.notice import say_subjects
from securexfer.custody.transfer import Transfer
from securexfer.wording import plural


def draw_tiles(transfer: Transfer) -> str:
    """The numbers that matter most, as HTML.

    Args:
        transfer: whose.
    """
    tiles = [("Rows", f"{transfer.n_rows:,}", _rows_in(transfer), "")]
    if transfer.n_subjects_is:
        people = say_subjects(transfer.n_subjects, transfer.n_subjects_is)
        tiles.append(("People", people, "data subjects", ""))
    if n_files := sum(table.n_files for table in transfer.tables):
        tiles.append(("Files", f"{n_files:,}", "attached, without metadata", ""))
    n_withheld = sum(len(table.withheld) for table in transfer.tables)
    n_sources = sum(len(table.sources) for table in transfer.tables)
    if any(table.fields for table in transfer.tables):
        used = f"{n_sources:,} of {n_sources + n_withheld:,}"
        tiles.append(("Columns used", used, f"{n_withheld:,} stay inside", ""))
    groups = [table.groups for table in transfer.tables if table.groups is not None]
    if groups:
        worst = min(groups, key=lambda one: one.k - one.min_group_size)
        wanted = f"k = {worst.min_group_size:,} asked for" if worst.min_group_size else "no k asked"
        style = "bad" if worst.k < worst.min_group_size else ""
        tiles.append(("Smallest group", plural(worst.k, "row"), wanted, style))
    if gates := transfer.all_gates:
        n_refused = len(transfer.refused)
        held = f"{n_refused:,} refused" if n_refused else "none refused"
        remark = f"of {len(gates):,} findings"
        tiles.append(("Checks", held, remark, "bad" if n_refused else ""))
    listed = "".join(
        f'<li class="{style}"><span>{show(name)}</span><strong>{show(value)}</strong>'
        f"<span>{show(remark)}</span></li>"
        for name, value, remark, style in tiles
    )
    return f'<ul class="tiles">{listed}</ul>'


def _rows_in(transfer: Transfer) -> str:
    n_in = sum(table.n_rows_in for table in transfer.tables)
    if not n_in:
        return "in all tables"
    return "all that were read" if n_in == transfer.n_rows else f"of {n_in:,} that were read"
