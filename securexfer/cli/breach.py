"""`breach-report`: what was on it?"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

from securexfer.cli.options import FORCE, SecurexferCommand, output_option, passphrase_option
from securexfer.cli.session import Session
from securexfer.cli.value import Moment
from securexfer.wording import plural


@click.command(
    "breach-report",
    cls=SecurexferCommand,
    epilog="Example: securexfer breach-report --carrier STICK-07 "
    "--aware-at 2026-11-22T09:30 -o report.html",
)
@click.argument("bundle_ids", metavar="[BUNDLE_ID]...", nargs=-1)
@click.option("--carrier", metavar="TEXT", help="Label or serial number of the drive.")
@click.option("--recipient", metavar="CONTACT", help="All that was sent to them, by any name.")
@click.option("--since", type=Moment(), metavar="TIME", help="Packed then or later.")
@click.option("--until", type=Moment(), metavar="TIME", help="Packed before then.")
@click.option(
    "--aware-at",
    type=Moment(),
    metavar="TIME",
    help="When the controller became aware of the breach.",
)
@output_option(
    "A file that ends in .md, .html or .json; Markdown on stdout without it.", required=False
)
@FORCE
@passphrase_option
def breach_report(
    bundle_ids: tuple[str, ...],
    carrier: str | None,
    recipient: str | None,
    since: datetime | None,
    until: datetime | None,
    aware_at: datetime | None,
    output: Path | None,
    force: bool,
    passphrase_file: Path | None,
) -> None:
    """Say what was on a drive, about whom, who can open it, and what is due by when.

    Everything comes from the register, so the drive itself is not needed. Choose by bundle, by
    carrier, by recipient or by time; what is chosen has to fit all that is given. With nothing
    given, it is about every bundle that was packed or passed on here. The report is recorded. A
    TIME is in UTC: 2026-11-22, or 2026-11-22T09:30; or says how far from UTC it is:
    2026-11-22T10:30+01:00.
    """
    from securexfer.carrier import write_small
    from securexfer.custody.breach import Selection, build_report
    from securexfer.custody.notice import write_notice
    from securexfer.custody.register import head_sha256
    from securexfer.custody.rendering import render_html, render_markdown
    from securexfer.errors import UsageError
    from securexfer.expiry import newest_time
    from securexfer.place import check_target

    session = Session.current(passphrase_file)
    suffix = output.suffix.lower() if output else ".md"
    if suffix not in (".md", ".html", ".json"):
        raise UsageError(
            "The report is written as Markdown, HTML or JSON.",
            hint="Give -o a name that ends in .md, .html or .json.",
        )
    if output is not None:
        check_target(output, force=force)
    for option, text in (("--carrier", carrier), ("--recipient", recipient)):
        if text is not None and not text.strip():
            raise UsageError(
                f"{option} is empty, and would choose every bundle.",
                hint="Name it, or leave it out.",
            )
    entries = session.register.entries()
    now = newest_time(entries, session.clock)
    if aware_at is not None and aware_at > now:
        raise UsageError(
            f"--aware-at lies in the future: in UTC it is {now:%Y-%m-%d %H:%M} now.",
            hint="Give it in UTC, or say how far from UTC it is: 2026-11-22T10:30+01:00.",
        )
    report = build_report(
        entries,
        Selection(
            bundle_ids,
            (carrier or "").strip(),
            (recipient or "").strip(),
            since,
            until,
        ),
        now=now,
        aware_at=aware_at,
        register_head=head_sha256(entries),
    )
    title = f"What was on it: {plural(len(report.bundles), 'bundle')}"
    if len(report.bundles) == 1:
        title = f"What was on it: bundle {report.bundles[0].bundle_id[:12]}"
    if suffix == ".json":
        text = json.dumps(report.document(), indent=2) + "\n"
    elif suffix == ".html":
        text = render_html(title, write_notice(report))
    else:
        text = render_markdown(title, write_notice(report))
    details = {
        "aware_at": report.aware_at,
        "bundle_ids": [bundle.bundle_id for bundle in report.bundles],
        "selection": report.selection,
    }
    session.register.append(session.identity, "breach-reported", details, session.clock())
    if output is not None:
        write_small(output, text.encode("utf-8"), force=force, is_own=False)
    session.console.page(report.document(), text, output)
