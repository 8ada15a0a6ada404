"""What is changed after signing, and signatures that aren't the sender's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.vectors.cases.cast import ANN, BOB, CAT, EVE
from tests.vectors.cases.comment import line
from tests.vectors.cases.vector import Vector, bundle
from tests.vectors.format1 import COMMENT_BYTES, END_BYTES, Bundle, b64, flip, lp


def outside_signature() -> Iterator[Vector]:
    """M9, M10, M35 to M37: the comment, the signatures, and bytes changed after signing."""

    def bad(name: str, about: str, rule: str, outcome: str, **changes: Any) -> Vector:
        return bundle(name, about, rule, outcome, **changes)

    altered = "bundle_altered"
    for name, about, at in (
        ("first-byte", "the first byte of the file", 0),
        ("read-me", "a letter of READ-ME.txt", 65),
        ("table", "a byte of a table", 300),
        ("end-record", "the number of disks", -COMMENT_BYTES - END_BYTES + 4),
        ("directory", "a byte of the directory", -COMMENT_BYTES - END_BYTES - 30),
    ):
        yield bad(
            f"altered-{name}",
            f"{about} changed after signing",
            "M36",
            altered,
            change_file=flip(at),
        )

    def in_envelope(old: bytes) -> bytes:
        return old.replace(b'"register_head":"0', b'"register_head":"1')

    yield bad(
        "altered-envelope",
        "a digit of the envelope changed after signing",
        "M36",
        altered,
        change_file=in_envelope,
    )
    yield bad(
        "signed-other-envelope",
        "line 3 is signed, but is not the hash of the envelope",
        "M36",
        altered,
        change_signed_lines=line(1, lambda _: "0" * 64),
    )
    yield bad(
        "signed-other-digest",
        "line 4 is signed, but is not the bundle digest",
        "M36",
        altered,
        change_signed_lines=line(2, lambda _: "0" * 64),
    )
    invalid = "signature_invalid"
    for name, i in (("ed25519", 4), ("ml-dsa-65", 5)):
        yield bad(
            f"signature-{name}",
            f"the {name} signature of other bytes, the other one valid",
            "M9",
            invalid,
            change_lines=(
                lambda lines, i=i: lines.__setitem__(
                    i, b64(ANN.keys.sign("bundle", lp("0" * 64))[i - 4])
                )
            ),
        )
    yield bad(
        "signature-ml-dsa-context",
        "an ML-DSA-65 signature with a context",
        "M9",
        invalid,
        sign=lambda keys, payload: keys.sign("bundle", payload, context=b"securexfer"),
    )
    small = bytes.fromhex("01" + "00" * 31 + "00" * 32)
    yield bad(
        "signature-small-order",
        "an Ed25519 signature of a small-order point",
        "M9",
        invalid,
        change_lines=line(4, lambda _: b64(small)),
    )
    yield bad(
        "signature-of-stranger",
        "in the name of ann, by somebody else",
        "M9",
        invalid,
        sign=lambda _, payload: EVE.keys.sign("bundle", payload),
    )
    yield bad(
        "signature-kind",
        "a signature of the kind card",
        "M2",
        invalid,
        sign=lambda keys, payload: keys.sign("card", payload),
    )
    yield bad(
        "signature-names-other",
        "the signed message names another signer",
        "M10",
        invalid,
        sign=lambda keys, payload: keys.sign("bundle", payload, signer=CAT.fingerprint),
    )
    yield bad(
        "signature-not-joined",
        "the payload is joined without lengths",
        "M1",
        invalid,
        sign=lambda keys, payload: keys.sign(
            "bundle", b"".join(payload[4 + 68 * i : 68 + 68 * i] for i in range(3))
        ),
    )
    yield bad(
        "stranger",
        "valid throughout, by somebody who is not pinned",
        "M37",
        "sender_unknown",
        made=Bundle("stranger", EVE, [BOB]),
    )
    yield bad(
        "stranger-in-line-2",
        "line 2 of the comment names somebody who is not pinned",
        "M37",
        "sender_unknown",
        change_lines=line(1, lambda _: EVE.fingerprint),
    )
    yield bad(
        "other-contact-in-line-2",
        "line 2 of the comment names another pinned contact",
        "M37",
        invalid,
        change_lines=line(1, lambda _: CAT.fingerprint),
    )

    def by_cat(lines: list[str]) -> None:
        lines[0] = CAT.fingerprint

    yield bad(
        "other-contact-signs",
        "signed by another pinned contact, while the envelope names ann",
        "M38",
        "verification_failed",
        change_signed_lines=by_cat,
        sign=lambda _, payload: CAT.keys.sign("bundle", payload),
    )
