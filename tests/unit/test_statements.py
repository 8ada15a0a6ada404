"""Cards, signed documents, identity files and their texts, at each of their limits."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from securexfer.crypto import identity as identity_file
from securexfer.crypto.canonical import decode_canonical, encode_canonical, encode_pretty
from securexfer.crypto.card import MAX_CARD_BYTES, issue_card, read_card
from securexfer.crypto.document import SignedDocument, sign_document
from securexfer.crypto.fingerprint import is_fingerprint, is_whole
from securexfer.crypto.identity import create_identity, decrypt_identity, encrypt_identity
from securexfer.crypto.keys import SEED_BYTES, PrivateKeys, decode_base64, encode_base64
from securexfer.crypto.passphrase import Argon2Parameters, encrypt
from securexfer.errors import (
    CardInvalidError,
    IdentityFileError,
    SignatureInvalidError,
)
from tests.checks.rooms import modules
from tests.world import START

KEYS = PrivateKeys(**{name: bytes([7]) * size for name, size in SEED_BYTES.items()})
OTHER = PrivateKeys(**{name: bytes([8]) * size for name, size in SEED_BYTES.items()})
DAY = timedelta(days=1)
CARD = issue_card(KEYS, name="Ann", organisation="", email="", created_at=START, expires_at=START)
Edit = Callable[[dict[str, Any]], Any]


def card_with(**members: Any) -> bytes:
    """A card that its own keys signed, whatever it says."""
    return sign_document(CARD.document.claimed() | members, ("card", KEYS)).encode()


class TestCards:
    @pytest.mark.parametrize(
        "members",
        [
            {"securexfer_card": 2},
            {"unknown": "x"},
            {"generation": "1"},
            {"generation": 0},
            {"generation": 10_001, "previous_fingerprint": OTHER.fingerprint},
            {"previous_fingerprint": "x"},
            {"generation": 2, "previous_fingerprint": "x" * 64},
            {"generation": 2},
            {"previous_fingerprint": OTHER.fingerprint},
            {"generation": 2, "previous_fingerprint": KEYS.fingerprint},
            {"expires_at": "2026-11-22T09:29:59Z"},
            {"name": 1},
            {"name": ""},
            {"name": "x" * 201},
            {"organisation": "x" * 201},
            {"email": "a\nb"},
            {"email": ["x"]},
            {"name": "\u2028"},
            {"name": "\u2029"},
            {"name": "\ue000"},
            {"keys": {}},
            {"keys": "x"},
            {"created_at": 1},
        ],
    )
    def test_what_a_card_can_not_say_is_refused_although_it_is_signed(
        self, members: dict[str, Any]
    ) -> None:
        with pytest.raises(CardInvalidError, match="not a card, or a damaged one"):
            read_card(card_with(**members))

    @pytest.mark.parametrize(
        "members", [{"name": "x" * 200}, {"organisation": "é" * 200}, {"name": " a b "}]
    )
    def test_what_is_at_the_limit_is_a_card(self, members: dict[str, Any]) -> None:
        assert read_card(card_with(**members) + b"\n").document.claimed()["keys"]

    def test_its_facts_are_those_that_were_signed(self) -> None:
        card = issue_card(
            KEYS,
            name="Ann",
            organisation="M",
            email="a@example.org",
            created_at=START,
            expires_at=START + DAY,
            former=OTHER,
            generation=10_000,
        )
        assert (card.name, card.organisation, card.email) == ("Ann", "M", "a@example.org")
        assert (card.created_at, card.expires_at) == (START, START + DAY)
        assert (card.generation, card.previous_fingerprint) == (10_000, OTHER.fingerprint)
        assert card.keys == KEYS.public
        assert card.fingerprint == KEYS.fingerprint
        assert card.encode().endswith(b"}\n")
        card.check_succession(OTHER.public)

    def test_what_it_follows_is_a_fingerprint(self) -> None:
        payload = CARD.document.claimed() | {"generation": 2, "previous_fingerprint": "x"}
        document = sign_document(payload, ("card", KEYS), ("rotation", OTHER))
        line = document.encode().replace(OTHER.fingerprint.encode(), b"x")
        with pytest.raises(CardInvalidError):
            read_card(line)

    @pytest.mark.parametrize("generation", [0, 1, 10_001])
    def test_its_generation_is_one_that_follows(self, generation: int) -> None:
        payload = CARD.document.claimed()
        payload |= {"generation": generation, "previous_fingerprint": OTHER.fingerprint}
        with pytest.raises(CardInvalidError, match="not a card, or a damaged one"):
            read_card(sign_document(payload, ("card", KEYS), ("rotation", OTHER)).encode())

    def test_a_card_that_its_own_keys_did_not_sign_is_called_that(self) -> None:
        document = sign_document(CARD.document.claimed(), ("card", OTHER))
        with pytest.raises(CardInvalidError, match="not signed by the keys that it shows"):
            read_card(document.encode())

    def test_a_card_that_follows_another_key_is_called_that(self) -> None:
        with pytest.raises(SignatureInvalidError, match="does not name that key"):
            CARD.check_succession(OTHER.public)

    def test_one_that_is_too_large_is_not_looked_into(self) -> None:
        for size, words in ((MAX_CARD_BYTES, "not a card"), (MAX_CARD_BYTES + 1, "too large")):
            with pytest.raises(CardInvalidError, match=words):
                read_card(b"x" * size)
        assert MAX_CARD_BYTES == 64 * 1024

    def test_a_false_signature_is_called_that(self) -> None:
        line = decode_canonical(CARD.document.encode(), max_bytes=10**5)
        other = sign_document({"a": 1}, ("card", KEYS))
        line["signatures"] = decode_canonical(other.encode(), max_bytes=10**5)["signatures"]
        with pytest.raises(CardInvalidError, match="own signature"):
            read_card(encode_canonical(line))


class TestSignedDocuments:
    LINE = decode_canonical(sign_document({"a": 1}, ("card", KEYS)).encode(), max_bytes=10**5)

    @pytest.mark.parametrize(
        "edit",
        [
            lambda line: [line],
            lambda line: line | {"more": 1},
            lambda line: {"payload": line["payload"]},
            lambda line: line | {"payload": 1},
            lambda line: line | {"signatures": "x"},
            lambda line: line | {"signatures": 1},
            lambda line: line | {"signatures": [1]},
            lambda line: line | {"signatures": []},
            lambda line: line | {"signatures": line["signatures"] * 2},
            lambda line: line | {"signatures": line["signatures"] * 3},
            lambda line: line | {"signatures": ["x"]},
            lambda line: line | {"signatures": [line["signatures"][0] | {"more": "x"}]},
            lambda line: line | {"signatures": [line["signatures"][0] | {"kind": 1}]},
            lambda line: line | {"signatures": [line["signatures"][0] | {"signer": ["x"]}]},
            lambda line: line | {"signatures": [line["signatures"][0] | {"ed25519": ""}]},
        ],
    )
    def test_anything_else_is_refused(self, edit: Edit) -> None:
        with pytest.raises(ValueError, match=r"signed document|signature"):
            SignedDocument.decode(encode_canonical(edit(self.LINE)))

    def test_it_may_have_two_signatures_and_no_third(self) -> None:
        document = sign_document({"a": 1}, ("card", KEYS), ("rotation", OTHER))
        assert SignedDocument.decode(document.encode()) == document
        assert document.signers("rotation") == [OTHER.fingerprint]
        assert document.n_signatures == 2
        three = sign_document({}, ("card", KEYS), ("rotation", OTHER), ("receipt", KEYS))
        with pytest.raises(ValueError, match="wrong number"):
            SignedDocument.decode(three.encode())

    def test_a_line_is_bounded(self) -> None:
        line = encode_canonical(self.LINE)
        assert SignedDocument.decode(line, max_bytes=len(line))
        with pytest.raises(ValueError, match="larger than"):
            SignedDocument.decode(line, max_bytes=len(line) - 1)
        with pytest.raises(ValueError, match="larger than 1048576 bytes"):
            SignedDocument.decode(b"x" * (2**20 + 1))
        with pytest.raises(ValueError, match="not JSON"):
            SignedDocument.decode(b"x" * 2**20)


class TestCanonicalJson:
    @pytest.mark.parametrize("value", [0, 2**53 - 1, "", [], {}, {"b": 1, "a": ['é\n"\\']}])
    def test_what_it_can_say_is_read_back_at_its_size_and_not_below(self, value: Any) -> None:
        data = encode_canonical(value)
        assert decode_canonical(data, max_bytes=len(data)) == value
        with pytest.raises(ValueError, match=f"larger than {len(data) - 1} bytes"):
            decode_canonical(data, max_bytes=len(data) - 1)

    @pytest.mark.parametrize(
        ("value", "words"),
        [
            (2**53, "a number outside"),
            (-1, "a number outside"),
            (True, "only objects"),
            (1.0, "only objects"),
            ([None], "only objects"),
            ({"a": {1: "x"}}, "a key that is not text"),
            ("\ud800", "can't be written"),
        ],
    )
    def test_what_it_can_not_say_is_named(self, value: Any, words: str) -> None:
        with pytest.raises(ValueError, match=words):
            encode_canonical(value)

    def test_deep_nesting_is_refused_and_not_a_crash(self) -> None:
        value: Any = []
        for _ in range(100_000):
            value = [value]
        with pytest.raises(ValueError, match="can't be written"):
            encode_canonical(value)
        with pytest.raises(ValueError, match="not JSON"):
            decode_canonical(b"[" * 100_000, max_bytes=10**6)

    def test_for_people_it_is_indented(self) -> None:
        assert (
            encode_pretty({"b": "é", "a": [1]})
            == '{\n  "b": "é",\n  "a": [\n    1\n  ]\n}\n'.encode()
        )


@pytest.mark.parametrize("module", modules())
def test_no_value_of_the_two_rooms_can_be_changed(module: str) -> None:
    room = importlib.import_module(f"securexfer.{module}")
    own = [one for one in vars(room).values() if getattr(one, "__module__", "") == room.__name__]
    for one in own:
        if dataclasses.is_dataclass(one):
            assert vars(one)["__dataclass_params__"].frozen, one
        elif isinstance(one, type) and issubclass(one, BaseModel):
            assert one.model_config.get("frozen"), one
            assert one.model_config.get("strict"), one


@pytest.mark.parametrize("text", ["QQ", "QQ==\n", "QR==", "Q-==", " QQ==", "QQ==QQ==", "é"])
def test_base64_has_one_spelling(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        decode_base64(text)
    assert decode_base64("QQ==") == b"A"


@pytest.mark.parametrize("name", SEED_BYTES)
def test_a_key_of_another_length_is_none(name: str) -> None:
    for step in (-1, 1):
        longer = {name: encode_base64(bytes(SEED_BYTES[name] + step))}
        with pytest.raises(ValueError, match=f"the {name} key has a wrong length"):
            PrivateKeys.decode(KEYS.encode() | longer)
    assert PrivateKeys.decode(KEYS.encode()) == KEYS


def test_a_fingerprint_is_64_lower_case_hex_digits() -> None:
    assert is_fingerprint("0123456789abcdef" * 4)
    for text in ("0" * 63, "0" * 65, "A" * 64, "g" * 64, "0" * 64 + "\n"):
        assert not is_fingerprint(text)


def test_what_is_entered_is_whole_in_either_length() -> None:
    for n in (0, 31, 33, 63, 65):
        assert not is_whole("A" * n)
    assert is_whole("ABCD-" * 7 + "ABCD")
    assert is_whole(" a " * 64)


class TestIdentityFiles:
    IDENTITY = create_identity(name="Ann", organisation="", email="", created_at=START)
    FILE = decode_canonical(encrypt_identity(IDENTITY, "p")[:-1], max_bytes=10**6)

    def open(self, members: dict[str, Any]) -> Any:
        return decrypt_identity(encode_canonical(members), "p")

    @pytest.mark.parametrize(
        "edit",
        [
            lambda m: m.update(securexfer_identity=2),
            lambda m: m.update(more=1),
            lambda m: m.pop("nonce"),
            lambda m: m.update(card="x"),
            lambda m: m.update(card=1),
        ],
    )
    def test_another_file_is_no_identity_file(self, edit: Edit) -> None:
        members = self.FILE | {}
        edit(members)
        with pytest.raises(IdentityFileError, match="not an identity file"):
            self.open(members)

    @pytest.mark.parametrize(
        "edit",
        [
            lambda m: m["kdf"].update(more=1),
            lambda m: m["kdf"].pop("lanes"),
            lambda m: m["kdf"].update(name="argon2i"),
            lambda m: m["kdf"].update(lanes="4"),
            lambda m: m["kdf"].update(salt="x"),
            lambda m: m.update(kdf="x"),
            lambda m: m.update(nonce="QQ=="),
            lambda m: m.update(ciphertext=1),
        ],
    )
    def test_a_damaged_header_is_called_that(self, edit: Edit) -> None:
        members = self.FILE | {"kdf": self.FILE["kdf"] | {}}
        edit(members)
        with pytest.raises(IdentityFileError, match="damaged"):
            self.open(members)

    @pytest.mark.parametrize(
        ("edit", "words"),
        [
            (lambda p: p.update(pseudonym_secret=encode_base64(bytes(31))), "damaged"),
            (lambda p: p.update(pseudonym_secret=1), "damaged"),
            (lambda p: p.update(former=[{}]), "damaged"),
            (lambda p: p.pop("former"), "damaged"),
            (lambda p: p.update(keys=OTHER.encode()), "does not belong to its keys"),
        ],
    )
    def test_its_secret_part_is_checked_too(self, edit: Edit, words: str) -> None:
        one = self.IDENTITY
        private = {
            "former": [],
            "keys": one.keys.encode(),
            "pseudonym_secret": encode_base64(one.pseudonym_secret),
        }
        edit(private)
        header = {name: self.FILE[name] for name in identity_file._HEADER}
        parameters = Argon2Parameters(salt=decode_base64(header["kdf"]["salt"]))
        nonce = decode_base64(header["nonce"])
        sealed = encrypt(
            encode_canonical(private), "p", parameters, nonce, encode_canonical(header)
        )
        with pytest.raises(IdentityFileError, match=words):
            self.open(header | {"ciphertext": encode_base64(sealed)})

    @pytest.mark.parametrize(
        "ok",
        [(65536, 3, 1), (65536, 3, 16), (1024 * 1024, 16, 4)],
    )
    def test_parameters_at_the_bounds_are_accepted(self, ok: tuple[int, int, int]) -> None:
        assert Argon2Parameters(*ok, bytes(16))
        assert Argon2Parameters() != Argon2Parameters()
        assert len(Argon2Parameters().salt) == 16

    @pytest.mark.parametrize(
        "bad",
        [
            (65535, 3, 4, 16),
            (1024 * 1024 + 1, 3, 4, 16),
            (65536, 2, 4, 16),
            (65536, 17, 4, 16),
            (65536, 3, 0, 16),
            (65536, 3, 17, 16),
            (65536, 3, 4, 15),
            (65536, 3, 4, 17),
        ],
    )
    def test_parameters_beyond_them_are_not(self, bad: tuple[int, int, int, int]) -> None:
        with pytest.raises(IdentityFileError, match="out of bounds"):
            Argon2Parameters(*bad[:3], bytes(bad[3]))

    @pytest.mark.parametrize("data", [b"1", b"1\n", b'"x"'])
    def test_other_json_is_no_identity_file(self, data: bytes) -> None:
        with pytest.raises(IdentityFileError, match="not an identity file"):
            decrypt_identity(data, "p")

    def test_a_card_lasts_two_years_and_the_header_says_how_it_was_made(self) -> None:
        assert self.IDENTITY.card.expires_at == START + 730 * DAY
        assert len(self.IDENTITY.pseudonym_secret) == 32
        facts = {k: v for k, v in self.FILE["kdf"].items() if k != "salt"}
        assert facts == {"iterations": 3, "lanes": 4, "memory_kib": 65536, "name": "argon2id"}
        assert len(decode_base64(self.FILE["nonce"])) == 12
        assert self.IDENTITY.keys_for("x") is None
