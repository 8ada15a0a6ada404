"""Published answers of every primitive, through the functions of securexfer that use it.

The numbers are in `answers/`, each file with its source. Where a function of ours binds its input
so that no published input can reach it, a second implementation takes the step between: it is
itself held against the published answers, and ours against it.

| primitive | our function | answers |
|---|---|---|
| HPKE | `sealing.seal`, `unseal` | RFC 9180, draft-ietf-hpke-pq, by way of `hpke.py` (1) |
| ML-KEM-768 | `PrivateKeys.public`, `unseal` | FIPS 203, implicit rejection included |
| X25519 | `PrivateKeys.public`, `unseal` | RFC 7748, RFC 9180, Wycheproof |
| ML-DSA-65 | `PrivateKeys.public`, `signing.verify` | FIPS 204; signatures by dilithium-py |
| Ed25519 | `PrivateKeys.public`, `sign`, `verify` | RFC 8032; signatures by pycryptodomex |
| HKDF-SHA-256 | `derive_key` | RFC 5869, Wycheproof |
| HMAC-SHA-256 | `pseudonyms.token` | RFC 4231, by way of the standard library |
| Argon2id | `passphrase.encrypt`, `decrypt` | the reference implementation |
| AES-256-GCM | `passphrase.encrypt`, `decrypt` | NIST CAVP, by way of pycryptodomex |
| AES-256, PBKDF2 (AE-2) | `Inside.rows` | 7-Zip; FIPS 197, RFC 6070, by way of `format1` |

(1) None has exactly our suite: the draft's has our KEM and KDF, and another AEAD.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Any

import pytest
from Cryptodome.Cipher import AES

from securexfer.crypto.keys import PrivateKeys, PublicKeys
from securexfer.crypto.sealing import seal, unseal
from securexfer.errors import (
    PasswordMismatchError,
)
from tests.assurance import Tally
from tests.vectors import hpke
from tests.vectors.format1 import flip
from tests.vectors.known import FOLDER, answers, keys_of, raw

ML_KEM = answers("ml_kem_768")["cases"]
ML_DSA = answers("ml_dsa_65")["cases"]
ED25519 = answers("ed25519")["cases"]
X25519 = answers("x25519")
HPKE = answers("hpke")
INFO = b"info of a known answer"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class TestKeys:
    """FIPS 203, FIPS 204, RFC 7748, RFC 8032: the public key of each seed."""

    def test_ml_kem_768_public_keys(self, tally: Tally) -> None:
        for case in ML_KEM:
            seed = raw(case["d"]) + raw(case["z"])
            assert sha256(keys_of(ml_kem_768=seed).public.ml_kem_768) == case["public_sha256"]
        swapped = keys_of(ml_kem_768=raw(ML_KEM[0]["z"]) + raw(ML_KEM[0]["d"]))
        assert sha256(swapped.public.ml_kem_768) != ML_KEM[0]["public_sha256"]
        tally.count("answers", "ML-KEM-768 public keys: FIPS 203", len(ML_KEM))

    def test_ml_dsa_65_public_keys(self, tally: Tally) -> None:
        for case in ML_DSA:
            public = keys_of(ml_dsa_65=raw(case["xi"])).public.ml_dsa_65
            assert sha256(public) == case["public_sha256"]
        tally.count("answers", "ML-DSA-65 public keys: FIPS 204", len(ML_DSA))

    def test_ed25519_public_keys(self, tally: Tally) -> None:
        for case in ED25519:
            assert keys_of(ed25519=raw(case["seed"])).public.ed25519 == raw(case["public"])
        tally.count("answers", "Ed25519 public keys: RFC 8032", len(ED25519))

    def test_x25519_public_keys(self, tally: Tally) -> None:
        cases = X25519["public"]
        for case in cases:
            assert keys_of(x25519=raw(case["private"])).public.x25519 == raw(case["public"])
        tally.count("answers", "X25519 public keys: RFC 7748 and RFC 9180", len(cases))

    def test_an_ml_kem_key_with_a_coefficient_above_the_modulus_is_no_key(
        self, tally: Tally
    ) -> None:
        """FIPS 203 section 7.2; Wycheproof calls it ModulusOverflow."""
        good = PrivateKeys.generate().public
        assert PublicKeys.decode(good.encode()) == good
        # Two coefficients of 12 bits are three bytes; the first of two pairs, then the second.
        overflows = [0xD01, 0xFFF]
        for n in overflows:
            for at, pair in ((0, n), (0, n << 12), (1149, n << 12)):
                bad = good.ml_kem_768[:at] + pair.to_bytes(3, "little") + good.ml_kem_768[at + 3 :]
                members = {**good.encode(), "ml_kem_768": base64.b64encode(bad).decode()}
                with pytest.raises(ValueError):  # noqa: PT011
                    PublicKeys.decode(members)
        tally.count("answers", "ML-KEM-768 keys above the modulus, refused", 3 * len(overflows))


class TestHpke:
    @pytest.mark.parametrize("vector", [*HPKE["rfc9180"], HPKE["pq"]], ids=lambda v: v["kem_id"])
    def test_the_second_implementation_gives_the_published_answers(
        self, vector: dict[str, Any], tally: Tally
    ) -> None:
        suite = hpke.Suite(vector["kem_id"], vector["kdf_id"], vector["aead_id"])
        secret, info = raw(vector["shared_secret"]), raw(vector["info"])
        assert suite.schedule(secret, info) == (raw(vector["key"]), raw(vector["base_nonce"]))
        text, aad, ciphertext = (raw(vector[name]) for name in ("pt", "aad", "ct"))
        assert suite.encrypt(secret, info, text, aad) == ciphertext
        assert suite.decrypt(secret, info, ciphertext, aad) == text
        with pytest.raises(ValueError, match="MAC"):
            suite.decrypt(secret, info, flip(0)(ciphertext), aad)
        source = "draft-ietf-hpke-pq" if vector is HPKE["pq"] else "RFC 9180"
        tally.count("answers", f"HPKE key schedules: {source}")

    def test_the_published_encapsulation_gives_the_published_secret(self, tally: Tally) -> None:
        """draft-ietf-hpke-pq has our KEM and KDF with another AEAD; the last step is AES-GCM."""
        vector = HPKE["pq"]
        seeds = hashlib.shake_256(raw(vector["skRm"])).digest(96)
        keys = keys_of(ml_kem_768=seeds[:64], x25519=seeds[64:])
        assert keys.public.ml_kem_768 + keys.public.x25519 == raw(vector["pkRm"])
        data = hpke.OURS.encrypt(raw(vector["shared_secret"]), INFO, b"secret")
        enc = raw(vector["enc"])
        assert unseal(enc + data, keys, INFO) == b"secret"
        # The same secret under another suite's number is another key.
        other = hpke.Suite(0x647A, 1, hpke.AES_256_GCM + 1)
        key, nonce = other.schedule(raw(vector["shared_secret"]), INFO)
        wrong, tag = AES.new(key, AES.MODE_GCM, nonce=nonce).encrypt_and_digest(b"secret")
        for sealed, info in ((enc + wrong + tag, INFO), (enc + data, b"")):
            with pytest.raises(PasswordMismatchError):
                unseal(sealed, keys, info)
        tally.count("answers", "HPKE encapsulation, ML-KEM-768 + X25519: draft-ietf-hpke-pq", 3)

    def test_what_we_seal_it_opens_and_what_it_seals_we_open(self, tally: Tally) -> None:
        for case in ML_KEM:
            keys = keys_of(ml_kem_768=raw(case["d"]) + raw(case["z"]), x25519=raw(case["z"])[::-1])
            for text in (b"", b"x", b"a password of some length" * 9):
                sealed = seal(text, keys.public, INFO)
                assert hpke.open_sealed(sealed, keys.ml_kem_768, keys.x25519, INFO) == text
                made = hpke.make_sealed(text, keys.public.ml_kem_768, keys.public.x25519, INFO)
                assert unseal(made, keys, INFO) == text
        tally.count("answers", "HPKE both ways with a second implementation", 6 * len(ML_KEM))

    def test_ml_kem_768_secrets_and_implicit_rejection(self, tally: Tally) -> None:
        private, public, of_x25519 = (
            raw(X25519["shared"][2][name]) for name in ("private", "public", "shared")
        )
        recipient = hpke.x25519_public(private)
        for case in ML_KEM:
            keys = keys_of(ml_kem_768=raw(case["d"]) + raw(case["z"]), x25519=private)
            for ciphertext, secret, other in (("ct", "ss", "ss_n"), ("ct_n", "ss_n", "ss")):
                enc = raw(case[ciphertext]) + public
                for of_ml_kem, opens in ((secret, True), (other, False)):
                    shared = hpke.combine(raw(case[of_ml_kem]), of_x25519, public, recipient)
                    sealed = enc + hpke.OURS.encrypt(shared, INFO, b"secret")
                    if opens:
                        assert unseal(sealed, keys, INFO) == b"secret"
                        continue
                    with pytest.raises(PasswordMismatchError):
                        unseal(sealed, keys, INFO)
        tally.count("answers", "ML-KEM-768 decapsulation and rejection: FIPS 203", 4 * len(ML_KEM))

    def test_x25519_secrets(self, tally: Tally) -> None:
        ml_kem = ML_KEM[0]
        for case in X25519["shared"]:
            private, public = raw(case["private"]), raw(case["public"])
            keys = keys_of(ml_kem_768=raw(ml_kem["d"]) + raw(ml_kem["z"]), x25519=private)
            for of_x25519, opens in ((raw(case["shared"]), True), (bytes(32), False)):
                shared = hpke.combine(
                    raw(ml_kem["ss"]), of_x25519, public, hpke.x25519_public(private)
                )
                sealed = raw(ml_kem["ct"]) + public + hpke.OURS.encrypt(shared, INFO, b"secret")
                if opens:
                    assert unseal(sealed, keys, INFO) == b"secret"
                    continue
                with pytest.raises(PasswordMismatchError):
                    unseal(sealed, keys, INFO)
        n = 2 * len(X25519["shared"])
        tally.count("answers", "X25519 secrets: RFC 7748 and Wycheproof", n)

    def test_x25519_points_of_low_order_are_refused_on_both_sides(self, tally: Tally) -> None:
        ml_kem = ML_KEM[0]
        keys = keys_of(ml_kem_768=raw(ml_kem["d"]) + raw(ml_kem["z"]))
        for point in map(raw, X25519["low_order"]):
            # Sealed as if the secret were zero, which is what these points give.
            shared = hpke.combine(raw(ml_kem["ss"]), bytes(32), point, keys.public.x25519)
            sealed = raw(ml_kem["ct"]) + point + hpke.OURS.encrypt(shared, INFO, b"secret")
            with pytest.raises(PasswordMismatchError):
                unseal(sealed, keys, INFO)
            # On a card, such a key is refused before anything is sealed to it.
            public = replace(keys.public, x25519=point)
            with pytest.raises(ValueError, match="shared key"):
                PublicKeys.decode(public.encode())
        n = 2 * len(X25519["low_order"])
        tally.count("answers", "X25519 points of low order, refused: Wycheproof", n)

    def test_encapsulations_of_other_lengths_are_refused(self, tally: Tally) -> None:
        keys = keys_of()
        sealed = seal(b"", keys.public, INFO)
        lengths = [0, 1, 31, 32, 1087, 1088, 1119, 1120, 1135, 1137, 2240]
        for n in lengths:
            with pytest.raises(PasswordMismatchError):
                unseal((sealed * 2)[:n], keys, INFO)
        tally.count("answers", "HPKE encapsulations of wrong lengths, refused", len(lengths))


def test_each_file_of_answers_names_its_source() -> None:
    for path in FOLDER.iterdir():
        assert len(answers(path.stem)["source"]) > 40
