"""Derivation, passphrases and AE-2 against published answers; see `test_known_answers.py`."""

from __future__ import annotations

import gzip
import hashlib
import hmac
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from Cryptodome.Cipher import AES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from securexfer.crypto.derivation import derive_key
from securexfer.crypto.identity import Identity
from securexfer.crypto.keys import SEED_BYTES
from securexfer.crypto.passphrase import Argon2Parameters, decrypt, encrypt
from securexfer.errors import (
    ContentMismatchError,
    PassphraseWrongError,
)
from securexfer.privacy.pseudonyms import token
from tests.assurance import Tally
from tests.vectors.format1 import Bundle, Keys, Person, Table, ae2, flip
from tests.vectors.known import answers, raw
from tests.world import World

AES_ANSWERS = answers("aes")
DERIVATION = answers("derivation")
ARGON2 = answers("argon2id")["cases"]


class TestDerivation:
    def test_hkdf(self, tally: Tally) -> None:
        for case in DERIVATION["hkdf"]:
            assert derive_key(raw(case["ikm"])) == raw(case["okm"])
            assert derive_key(raw(case["ikm"]), "") != raw(case["okm"])
        n = 2 * len(DERIVATION["hkdf"])
        tally.count("answers", "HKDF-SHA-256: RFC 5869 and Wycheproof", n)

    def test_hmac_by_way_of_the_standard_library(self, tally: Tally) -> None:
        """No published text is in capitals and no published key is hex, as ours must be."""
        for case in DERIVATION["hmac"]:
            mac = hmac.digest(raw(case["key"]), raw(case["text"]), "sha256")
            assert mac == raw(case["mac"])
        texts = ["HI THERE", "WHAT DO YA WANT FOR NOTHING?", "\u00c9" * 50, "\u4e2d" * 400]
        seen = set()
        for key in ("Jefe", "\x0b" * 20, "a" * 64, "a" * 131):
            frame = pl.DataFrame({"x": texts})
            for text, made in zip(
                texts, frame.select(y=token(pl.col("x"), "d", key))["y"], strict=True
            ):
                expected = hmac.digest(key.encode(), text.encode(), "sha256").hex()
                assert made == f"d_{expected[:24]}"
                seen.add(made)
        assert len(seen) == 4 * len(texts)
        n = len(DERIVATION["hmac"]) + 4 * len(texts)
        tally.count("answers", "HMAC-SHA-256: RFC 4231 and the standard library", n)


def passphrase_case(case: dict[str, Any]) -> tuple[str, Argon2Parameters, bytes]:
    parameters = Argon2Parameters(
        case["memory_kib"], case["iterations"], case["lanes"], case["salt"].encode()
    )
    return case["passphrase"], parameters, raw(case["key"])


class TestPassphrase:
    nonce, aad, text = bytes(range(12)), b"header", b"the private half"

    def made(self, key: bytes) -> bytes:
        cipher = AES.new(key, AES.MODE_GCM, nonce=self.nonce)
        cipher.update(self.aad)
        ciphertext, tag = cipher.encrypt_and_digest(self.text)
        return ciphertext + tag

    def test_pycryptodomex_gives_the_answers_of_nist(self, tally: Tally) -> None:
        for case in AES_ANSWERS["gcm"]:
            cipher = AES.new(raw(case["Key"]), AES.MODE_GCM, nonce=raw(case["IV"]))
            cipher.update(raw(case["AAD"]))
            made = cipher.encrypt_and_digest(raw(case["PT"]))
            assert made == (raw(case["CT"]), raw(case["Tag"]))
        tally.count("answers", "AES-256-GCM: NIST CAVP", len(AES_ANSWERS["gcm"]))

    @pytest.mark.parametrize("case", ARGON2, ids=range(len(ARGON2)))
    def test_argon2id_and_aes_256_gcm(self, case: dict[str, Any], tally: Tally) -> None:
        passphrase, parameters, key = passphrase_case(case)
        sealed = self.made(key)
        assert encrypt(self.text, passphrase, parameters, self.nonce, self.aad) == sealed
        assert decrypt(sealed, passphrase, parameters, self.nonce, self.aad) == self.text
        for wrong in (
            (self.made(flip(0)(key)), passphrase, parameters, self.nonce, self.aad),
            (sealed, passphrase + " ", parameters, self.nonce, self.aad),
            (sealed, passphrase, parameters, self.nonce, b"header2"),
        ):
            with pytest.raises(PassphraseWrongError):
                decrypt(*wrong)
        tally.count("answers", "Argon2id: the reference implementation", 5)

    def test_every_bit_of_ciphertext_tag_and_nonce_counts(self, tally: Tally) -> None:
        """Wycheproof's ModifiedTag; the cost of Argon2id is paid once."""
        passphrase, parameters, key = passphrase_case(ARGON2[0])
        sealed = self.made(key)
        edits = [flip(n)(sealed) for n in (0, len(self.text), -1)]
        edits += [sealed[:-1], sealed[:-12], sealed[: len(self.text)], b"", bytes(len(sealed))]
        for edit in edits:
            with pytest.raises(PassphraseWrongError):
                decrypt(edit, passphrase, parameters, self.nonce, self.aad)
        with pytest.raises(PassphraseWrongError):
            decrypt(sealed, passphrase, parameters, flip(0)(self.nonce), self.aad)
        tally.count("answers", "AES-256-GCM altered, refused", len(edits) + 1)


class TestAe2:
    """A member that 7-Zip encrypted, in a bundle around it."""

    answer = AES_ANSWERS["ae2"]
    member, content = raw(answer["member"]), raw(answer["content"])

    def test_the_second_implementation_gives_the_published_answers(self, tally: Tally) -> None:
        block = AES_ANSWERS["block"]
        encryptor = Cipher(algorithms.AES(raw(block["key"])), modes.ECB()).encryptor()
        assert encryptor.update(raw(block["plaintext"])) == raw(block["ciphertext"])
        for case in DERIVATION["pbkdf2"]:
            key = hashlib.pbkdf2_hmac("sha1", b"password", b"salt", case["iterations"], 20)
            assert key == raw(case["key"])
        made = ae2(self.answer["password"].encode(), self.member[:16], self.content)
        assert made == self.member
        tally.count("answers", "AES-256: FIPS 197")
        tally.count("answers", "PBKDF2-HMAC-SHA-1: RFC 6070", len(DERIVATION["pbkdf2"]))
        tally.count("answers", "WinZip AE-2: 7-Zip")

    def bundle(self, world: World, stored: bytes) -> Path:
        """Signed by somebody who is pinned: only the encryption can tell."""
        ann, bob = outsider(world.ann.identity), outsider(world.bob.identity)
        csv = gzip.decompress(self.content)
        rows = [line.split(",") for line in csv.decode().splitlines()]
        table = Table(rows=rows, content=self.content)

        def put(members: list[Any]) -> None:
            members[1].stored = lambda _: stored

        made = Bundle(
            "known answer", ann, [bob], [table], password=self.answer["password"],
            change_members=put,
        )  # fmt: skip
        path = world.drive / f"{hashlib.sha256(stored).hexdigest()[:8]}.sxfer.zip"
        path.write_bytes(made.write())
        return path

    def test_a_member_of_7_zip_is_opened(self, world: World, tally: Tally) -> None:
        with world.bob.verify(self.bundle(world, self.member)) as verified:
            (table,) = verified.manifest.tables
            rows = b"".join(verified.inside.rows(table))
        assert rows == gzip.decompress(self.content)
        tally.count("answers", "WinZip AE-2 member of 7-Zip, opened")

    @pytest.mark.parametrize("at", [0, 15, 16, 17, 18, 100, -11, -10, -1])
    def test_an_altered_one_is_refused(self, world: World, at: int, tally: Tally) -> None:
        path = self.bundle(world, flip(at)(self.member))
        with world.bob.verify(path) as verified:
            (table,) = verified.manifest.tables
            with pytest.raises(ContentMismatchError):
                b"".join(verified.inside.rows(table))
        tally.count("answers", "WinZip AE-2 member of 7-Zip altered, refused")


def outsider(identity: Identity) -> Person:
    """An identity for the second writer."""
    seeds = {name: getattr(identity.keys, name) for name in SEED_BYTES}
    return Person(identity.card.name, Keys(seeds), identity.card.encode())
