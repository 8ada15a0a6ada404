"""Signatures of other programs, and forgeries, through `signing`; see `test_known_answers.py`."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from Cryptodome.Signature import eddsa

from securexfer.crypto.keys import PublicKeys
from securexfer.crypto.signing import ML_DSA_65_BYTES, Signature, sign, verify
from securexfer.errors import (
    SignatureInvalidError,
)
from tests.assurance import Tally
from tests.vectors.format1 import flip
from tests.vectors.known import answers, keys_of, raw

ED25519 = answers("ed25519")["cases"]
SIGNATURES = answers("signatures")


KEYS = keys_of(**{name: raw(text) for name, text in SIGNATURES["seeds"].items()})


def signature_of(case: dict[str, Any], ml_dsa_65: str = "ml_dsa_65") -> Signature:
    return Signature(raw(case["ed25519"]), base64.b64decode(case[ml_dsa_65]))


def refused(case: dict[str, Any], ed25519: bytes, ml_dsa_65: bytes) -> str:
    with pytest.raises(SignatureInvalidError) as caught:
        verify(KEYS.public, case["kind"], raw(case["payload"]), Signature(ed25519, ml_dsa_65))
    return caught.value.message


def test_signatures_of_other_programs_verify(tally: Tally) -> None:
    assert KEYS.fingerprint == SIGNATURES["fingerprint"]
    for case in SIGNATURES["cases"]:
        payload = raw(case["payload"])
        signature = signature_of(case)
        assert verify(KEYS.public, case["kind"], payload, signature) == payload
        assert sign(KEYS, case["kind"], payload).ed25519 == signature.ed25519
    n = len(SIGNATURES["cases"])
    tally.count("answers", "Ed25519 signatures: pycryptodomex", n)
    tally.count("answers", "ML-DSA-65 signatures: dilithium-py", n)


def test_pycryptodomex_gives_the_answers_of_rfc_8032(tally: Tally) -> None:
    for case in ED25519:
        key = eddsa.import_private_key(raw(case["seed"]))
        message, signature = raw(case["message"]), raw(case["signature"])
        assert eddsa.new(key, "rfc8032").sign(message) == signature
        # Through ours, a published signature is over something else: the message is not framed.
        keys = keys_of(ed25519=raw(case["seed"]))
        bare = Signature(signature, sign(keys, "card", message).ml_dsa_65)
        with pytest.raises(SignatureInvalidError, match="Ed25519"):
            verify(keys.public, "card", message, bare)
    tally.count("answers", "Ed25519 signatures without our label, refused: RFC 8032", 20)


def test_forged_ed25519_signatures_are_refused(tally: Tally) -> None:
    """The classes of Wycheproof's ed25519_test."""
    case = SIGNATURES["cases"][0]
    good = signature_of(case)
    r, s = good.ed25519[:32], int.from_bytes(good.ed25519[32:], "little")
    order = 2**252 + 27742317777372353535851937790883648493
    multiples = [s + n * order for n in range(1, 15) if s + n * order < 2**256]
    forged = [r + n.to_bytes(32, "little") for n in [*multiples, 0, order, order - s]]
    forged += [bytes(64), b"\xff" * 64, bytes(32) + good.ed25519[32:]]
    forged += [b"\x01" + bytes(31) + good.ed25519[32:], r + b"\xff" * 32]
    forged += [flip(n)(good.ed25519) for n in range(64)]
    for ed25519 in forged:
        assert "Ed25519" in refused(case, ed25519, good.ml_dsa_65)
    tally.count("answers", "Ed25519 forgeries, refused: classes of Wycheproof", len(forged))


def test_a_small_order_ed25519_key_signs_nothing_on_its_own(tally: Tally) -> None:
    """Under such a key one signature fits many messages; that is why there are two."""
    public, case = KEYS.public, SIGNATURES["cases"][0]
    identity = b"\x01" + bytes(31)
    for point in (identity, bytes(32), b"\xec" + b"\xff" * 30 + b"\x7f"):
        weak = PublicKeys(public.x25519, public.ml_kem_768, point, public.ml_dsa_65)
        for r in (identity, point):
            for ml_dsa_65 in (bytes(ML_DSA_65_BYTES), signature_of(case).ml_dsa_65):
                with pytest.raises(SignatureInvalidError):
                    verify(weak, "card", b"forged", Signature(r + bytes(32), ml_dsa_65))
    tally.count("answers", "Ed25519 keys of small order, nothing verified", 12)


def test_forged_ml_dsa_65_signatures_are_refused(tally: Tally) -> None:
    """The classes of Wycheproof's mldsa_65_verify_test that the framing leaves reachable."""
    case = SIGNATURES["cases"][0]
    good = signature_of(case)
    whole = good.ml_dsa_65
    hints = 3309 - 61  # 55 places and 6 counts
    forged = {
        "a context": base64.b64decode(case["ml_dsa_65_with_context"]),
        "zeros": bytes(3309),
        "ones": b"\xff" * 3309,
        "z too large": whole[:48] + b"\xff" * 100 + whole[148:],
        "z at the bound": whole[:48] + bytes(100) + whole[148:],
        "too many hints": whole[:-1] + b"\x38",
        "hint counts that fall": whole[:-6] + bytes([whole[-1]]) + whole[-5:],
        "a hint after the last": whole[:-7] + b"\x01" + whole[-6:],
        "hints out of order": whole[:hints] + whole[hints : hints + 2][::-1] + whole[hints + 2 :],
        "a hint twice": whole[:hints] + whole[hints : hints + 1] * 2 + whole[hints + 2 :],
    }
    for n in range(0, 3309, 47):
        forged[f"bit of byte {n}"] = flip(n)(whole)
    for about, ml_dsa_65 in forged.items():
        assert ml_dsa_65 != whole, about
        assert "ML-DSA-65" in refused(case, good.ed25519, ml_dsa_65), about
    tally.count("answers", "ML-DSA-65 forgeries, refused: classes of Wycheproof", len(forged))
