"""Mail: the heads of messages, their texts and what is attached, however it is coded."""

from __future__ import annotations

import email
import email.policy
import io
import re
from collections.abc import Callable

from securexfer.scan.ledger import Ledger
from securexfer.scan.source import Source
from securexfer.scan.text import look_through

_FIELD = re.compile(
    r"^(?:From|To|Cc|Subject|Date|Received|Return-Path|Message-ID|MIME-Version|Delivered-To): ",
    re.IGNORECASE | re.MULTILINE,
)
_MAX_PARTS = 1000


def is_mail(head: str) -> bool:
    """Whether a text begins as a message does."""
    start = head[:4000].partition("\n\n")[0]
    first = start.split("\n", 1)[0]
    return len(_FIELD.findall(start)) >= 3 and (":" in first or first.startswith("From "))


def look_at_mail(source: Source, ledger: Ledger, inspect: Callable[[Source, Ledger], None]) -> None:
    """Find what there is in a message, or a box of them.

    Raises:
        BoundError: if it is too much.
    """
    for raw in re.split(rb"(?m)^From [^\r\n]{5,200}\r?\n", source.whole()):
        if not raw.strip():
            continue
        message = email.message_from_bytes(raw, policy=email.policy.compat32)
        heads = [f"{name}: {value}" for name, value in message.items() if name.lower() in _PEOPLE]
        look_through(iter(["\n".join(heads)]), ledger)
        for number, part in enumerate(message.walk()):
            if part.is_multipart():
                continue
            if number > _MAX_PARTS:
                ledger.doubt("too-large")
                break
            content = part.get_payload(decode=True)
            if isinstance(content, bytes) and content:
                inspect(source.inner(io.BytesIO(content), part.get_filename() or ""), ledger)


_PEOPLE = frozenset(["from", "to", "cc", "bcc", "reply-to", "subject"])
