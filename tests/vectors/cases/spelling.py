"""What a card says, and how it is spelled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.vectors.cases.card import FIRST, card, document, payload, sets, text
from tests.vectors.cases.vector import Vector


def spellings() -> Iterator[Vector]:
    """M3 to M5, M12 and M13."""
    for name, about, sign in (
        ("newline", "a newline (Cc)", "\n"),
        ("escape", "an escape sequence (Cc)", "\x1b[2J"),
        ("c1", "a control sequence of one character (Cc)", "\x9b"),
        ("right-to-left", "an override of direction (Cf)", "\u202e"),
        ("zero-width", "a space without width (Cf)", "\u200b"),
        ("private-use", "a private-use character (Co)", "\ue000"),
        ("line-separator", "a line separator (Zl)", "\u2028"),
        ("paragraph-separator", "a paragraph separator (Zp)", "\u2029"),
    ):
        yield card(
            f"name-{name}", f"a name with {about}", "M13", replace(FIRST, name=f"fr{sign}ed")
        )
    yield card(
        "name-surrogate",
        "a name with half a surrogate pair (Cs)",
        "M13",
        payload(lambda old: old.replace(b'"fred"', b'"fr\\ud800ed"')),
    )
    yield card(
        "organisation-newline", "an organisation with a newline", "M13", sets(organisation="a\nb")
    )
    yield card("email-newline", "an address with a newline", "M13", sets(email="a@b\n"))
    yield card("name-empty", "no name", "M12", replace(FIRST, name=""))
    yield card("name-long", "a name of 201 characters", "M12", replace(FIRST, name="x" * 201))
    yield card(
        "organisation-long",
        "an organisation of 201 characters",
        "M12",
        sets(organisation="x" * 201),
    )

    yield card("unknown", "an unknown member", "M12", sets(note="x"))
    yield card("missing", "no address", "M12", replace(FIRST, change=lambda c: c.pop("email")))
    yield card("version-2", "version 2", "M12", sets(securexfer_card=2))
    yield card(
        "time",
        "a time with an offset",
        "M5",
        replace(FIRST, created_at="2026-11-12T09:30:00+00:00"),
    )
    yield card("number-as-text", "the generation as text", "M12", sets(generation="1"))
    yield card(
        "expiry-first",
        "an expiry a second before the creation",
        "M12",
        replace(FIRST, expires_at="2026-11-12T09:29:59Z"),
    )
    yield card(
        "payload-space",
        "a payload that is not canonical",
        "M3",
        payload(lambda old: old.replace(b":", b": ", 1)),
    )
    yield card(
        "payload-duplicate",
        "a key twice in the payload",
        "M3",
        payload(lambda old: old.replace(b'"email"', b'"email":"","email"')),
    )
    yield card(
        "payload-float",
        "generation 1.0",
        "M3",
        payload(lambda old: old.replace(b'"generation":1', b'"generation":1.0')),
    )
    yield card(
        "payload-list", "a payload that is a list", "M12", payload(lambda old: b"[" + old + b"]")
    )
    yield card(
        "space",
        "a document that is not canonical",
        "M3",
        text(lambda old: old.replace(b":", b": ", 1)),
    )
    yield card(
        "unknown-in-document",
        "an unknown member of the document",
        "M3",
        document(lambda d: d.update(note="x")),
    )
    yield card(
        "unknown-in-signature",
        "an unknown member of a signature",
        "M3",
        document(lambda d: d["signatures"][0].update(note="x")),
    )
    yield card("two-lines", "another line after the card", "M3", text(lambda old: old + b"{}\n"))
    yield card("two-newlines", "an empty line at the end", "M3", text(lambda old: old + b"\n"))
    yield card("crlf", "CR LF at the end", "M3", text(lambda old: old[:-1] + b"\r\n"))
    yield card("bom", "a byte order mark", "M3", text(lambda old: b"\xef\xbb\xbf" + old))
    yield card("empty", "no bytes", "M3", text(lambda _: b""))
    yield card(
        "large", "more than 64 KiB", "M4", text(lambda old: old[:-1] + b" " * 65_536 + b"\n")
    )
