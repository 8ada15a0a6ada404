"""The envelope, behind a valid signature."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.vectors.cases.cast import ANN, BOB
from tests.vectors.cases.vector import Vector, bundle
from tests.vectors.format1 import Edit, b64


def envelopes() -> Iterator[Vector]:
    """M3 to M6 and M33, all validly signed."""

    def bad(name: str, about: str, rule: str, **changes: Any) -> Vector:
        outcome = changes.pop("outcome", "bundle_malformed")
        return bundle(f"envelope-{name}", f"envelope: {about}", rule, outcome, **changes)

    def text(edit: Edit) -> dict[str, Any]:
        return {"change_envelope_text": edit}

    def sets(**changes: Any) -> dict[str, Any]:
        return {"change_envelope": lambda envelope: envelope.update(changes)}

    def drops(*names: str) -> dict[str, Any]:
        return {
            "change_envelope": lambda envelope: [envelope.pop(name) for name in names],
        }

    def at_first(place: str, **changes: Any) -> dict[str, Any]:
        return {"change_envelope": lambda envelope: envelope[place][0].update(changes)}

    def reordered(old: bytes) -> bytes:
        members = json.loads(old)
        return json.dumps(
            dict(reversed(members.items())), separators=(",", ":"), ensure_ascii=False
        ).encode()

    yield bad(
        "space",
        "white space after a colon",
        "M3",
        **text(lambda old: old.replace(b'":', b'": ', 1)),
    )
    yield bad("newline", "a newline at the end", "M3", **text(lambda old: old + b"\n"))
    yield bad("order", "members in another order", "M3", **text(reordered))
    yield bad(
        "escape",
        "a needless escape",
        "M3",
        **text(lambda old: old.replace(b"format", b"\\u0066ormat")),
    )
    yield bad("bom", "a byte order mark", "M3", **text(lambda old: b"\xef\xbb\xbf" + old))
    yield bad(
        "not-utf-8",
        "a byte that is not UTF-8",
        "M3",
        **text(lambda old: old.replace(b"format", b"form\xe1t")),
    )
    yield bad("not-json", "no JSON", "M3", **text(lambda _: b"PK"))
    yield bad("empty", "no bytes", "M3", **text(lambda _: b""))
    yield bad("list", "a list", "M3", **text(lambda old: b"[" + old + b"]"))
    yield bad(
        "deep", "brackets three thousand deep", "M3", **text(lambda _: b"[" * 3_000 + b"]" * 3_000)
    )
    yield bad(
        "duplicate",
        "a key twice",
        "M3",
        **text(lambda old: old.replace(b'"format":1', b'"format":1,"format":1')),
    )
    yield bad(
        "float",
        "1.0 as the format",
        "M3",
        **text(lambda old: old.replace(b'"format":1', b'"format":1.0')),
    )
    yield bad(
        "exponent",
        "1e0 as the format",
        "M3",
        **text(lambda old: old.replace(b'"format":1', b'"format":1e0')),
    )
    yield bad("true", "true as the format", "M3", **sets(format=True))
    yield bad("null", "null as the register head", "M3", **sets(register_head=None))
    yield bad("format-text", "the format as text", "M33", **sets(format="1"))
    yield bad("unknown", "an unknown member", "M33", **sets(note="x"))
    yield bad(
        "unknown-in-recipient",
        "an unknown member of a recipient",
        "M33",
        **at_first("recipients", note="x"),
    )
    yield bad(
        "unknown-in-member", "an unknown member of a member", "M33", **at_first("members", note="x")
    )
    for name in ("register_head", "expires_at", "password_commitment", "recipients", "members"):
        yield bad(f"without-{name.replace('_', '-')}", f"no {name}", "M33", **drops(name))
    unsupported = "bundle_unsupported"
    yield bad("format-0", "format 0", "M33", outcome=unsupported, **sets(format=0))
    yield bad("format-2", "format 2", "M33", outcome=unsupported, **sets(format=2))
    yield bad("negative", "a negative offset", "M3", **at_first("members", offset=-1))
    yield bad("huge", "2^53 as a length", "M3", **at_first("members", length=2**53))
    yield bad("id-short", "an id of 15 bytes", "M33", bundle_id="00" * 15)
    yield bad("id-upper-case", "an id in capitals", "M6", bundle_id="AB" * 16)
    yield bad(
        "sender-upper-case", "the sender in capitals", "M6", **sets(sender=ANN.fingerprint.upper())
    )
    yield bad(
        "sender-short", "the sender's first 160 bits", "M6", **sets(sender=ANN.fingerprint[:40])
    )
    yield bad("head-short", "a register head of 63 digits", "M34", **sets(register_head="0" * 63))
    yield bad(
        "commitment-short", "a commitment of 63 digits", "M24", **sets(password_commitment="0" * 63)
    )
    yield bad(
        "sha256-upper-case",
        "a member's hash in capitals",
        "M33",
        **at_first("members", sha256="AB" * 32),
    )
    yield bad(
        "recipient-short",
        "a recipient of 160 bits",
        "M6",
        **at_first("recipients", fingerprint=BOB.fingerprint[:40]),
    )
    yield bad(
        "sealed-short",
        "a sealed password of 1178 bytes",
        "M23",
        outcome="password_mismatch",
        **at_first("recipients", sealed_password=b64(bytes(1178))),
    )
    yield bad(
        "sealed-long",
        "a sealed password of 1180 bytes",
        "M23",
        outcome="password_mismatch",
        **at_first("recipients", sealed_password=b64(bytes(1180))),
    )
    yield bad(
        "sealed-not-base64",
        "a sealed password that is not base64",
        "M23",
        outcome="password_mismatch",
        **at_first("recipients", sealed_password="*" * 1572),
    )
    yield bad("no-recipients", "no recipients", "M33", **sets(recipients=[]))
    yield bad(
        "recipient-twice",
        "a recipient twice",
        "M33",
        change_envelope=lambda envelope: envelope["recipients"].extend(envelope["recipients"]),
    )
    for name, spelled in (
        ("offset", "2026-11-22T09:30:00+00:00"),
        ("fraction", "2026-11-22T09:30:00.0Z"),
        ("space", "2026-11-22 09:30:00Z"),
        ("lower-case", "2026-11-22t09:30:00z"),
        ("no-such-day", "2026-02-30T09:30:00Z"),
        ("no-such-hour", "2026-11-22T24:00:00Z"),
        ("leap-second", "2026-06-30T23:59:60Z"),
        ("other-digits", "\uff12026-11-22T09:30:00Z"),
    ):
        yield bad(f"time-{name}", f"a time spelled {spelled}", "M5", **sets(created_at=spelled))
    yield bad(
        "expiry-first", "expiry a second before creation", "M33", expires_at="2026-11-22T09:29:59Z"
    )

    yield bad(
        "long-life",
        "3650 days and a second from creation to expiry",
        "M33",
        expires_at="2036-11-19T09:30:01Z",
    )
