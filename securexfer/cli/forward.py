"""`forward`: a bundle sealed anew for a colleague."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from securexfer.cli.chain import chain_document, chain_rows
from securexfer.cli.options import (
    BUNDLE,
    FORCE,
    OLDER,
    SecurexferCommand,
    output_option,
    passphrase_option,
)
from securexfer.cli.session import Session
from securexfer.cli.value import Whole

if TYPE_CHECKING:
    from securexfer.forwarding import ForwardResult
    from securexfer.verifying import Verified


@click.command(
    cls=SecurexferCommand,
    epilog="Example: securexfer forward BUNDLE --to colleague -o /media/stick",
)
@BUNDLE
@click.option("--to", multiple=True, metavar="CONTACT", help="A recipient; repeat for several.")
@output_option("The drive's folder, or a path that ends in .zip.")
@click.option(
    "--days",
    type=Whole(1, 3650),
    metavar="N",
    help="Let it expire in N days, if you have it for longer.",
)
@FORCE
@OLDER
@passphrase_option
def forward(
    bundle: Path,
    to: tuple[str, ...],
    output: Path,
    days: int | None,
    force: bool,
    older: bool,
    passphrase_file: Path | None,
) -> None:
    """Seal a bundle anew for a colleague, without plaintext.

    The sender must have allowed that in the recipe. The colleague sees who packed the bundle and
    everybody who forwarded it, and can open it for as long as you can, or for less.
    """
    from securexfer.addressing import check_apart, check_recipients, choose_path
    from securexfer.forwarding import ForwardOrder
    from securexfer.forwarding import forward as forward_bundle
    from securexfer.naming import neutral_name

    session = Session.current(passphrase_file)
    recipients = session.find_contacts(to)
    check_recipients(recipients, session.clock)
    check_apart(choose_path(output, neutral_name("0" * 32), force=force), passphrase_file)
    with (
        session.reporter() as reporter,
        session.verified(bundle, reporter, older=older, record=True) as verified,
    ):
        reporter.rest()
        for note in verified.notes:
            session.console.note(note)
        result = forward_bundle(
            verified,
            ForwardOrder(recipients, output, force, days),
            session.identity,
            session.register,
            clock=session.clock,
            reporter=reporter,
        )

    read = result.carrier.describe_reading()

    def human() -> None:
        if session.console.settings.quiet:
            session.console.line(str(result.path))
            return
        session.console.panel(
            "Forwarded",
            [
                *chain_rows(verified.inside),
                ("Forwarded by", "you"),
                ("For", ", ".join(f"{one.name} ({one.card.name})" for one in recipients)),
                ("Until", f"{result.envelope.expires_at[:10]}, then it can't be opened"),
                ("Drive", result.carrier.describe()),
                ("Bundle", f"{result.path}"),
                ("", f"{result.n_bytes:,} bytes, read back {read} and recorded"),
            ],
        )

    session.console.result(forward_document(verified, result), human)
    session.warn_of_memory(result.carrier, result.path)
    session.warn_of_cards(recipients)


def forward_document(verified: Verified, result: ForwardResult) -> dict[str, Any]:
    """The JSON result of `forward`: of the new bundle, and of all that it came from."""
    chain = chain_document(verified.inside)
    envelope = result.envelope
    return {
        "bundle_id": envelope.bundle_id,
        "bundle_sha256": result.bundle_sha256,
        "carrier": result.carrier.identify(),
        "created_at": envelope.created_at,
        "expires_at": envelope.expires_at,
        "forwarders": chain["forwarders"],
        "n_bytes": result.n_bytes,
        "notes": list(verified.notes),
        "origin": chain["origin"],
        "origin_verified": chain["origin_verified"],
        "path": str(result.path),
        "previous_bundle_id": verified.envelope.bundle_id,
        "recipients": [one.fingerprint for one in envelope.recipients],
    }
