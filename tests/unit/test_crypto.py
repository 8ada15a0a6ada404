"""Keys, cards, signatures, sealing: what they are bound to, and what they refuse."""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
from datetime import timedelta
from types import FrameType
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securexfer.crypto.canonical import DuplicateKeyError, decode_canonical, encode_canonical
from securexfer.crypto.card import issue_card, read_card
from securexfer.crypto.derivation import derive_key
from securexfer.crypto.document import SignedDocument, sign_document
from securexfer.crypto.fingerprint import fingerprint_matches, format_fingerprint
from securexfer.crypto.framing import framed_sha256, length_prefixed
from securexfer.crypto.identity import (
    Identity,
    create_identity,
    decrypt_identity,
    encrypt_identity,
    read_identity_card,
    rotate_identity,
)
from securexfer.crypto.keys import SEED_BYTES, PrivateKeys, PublicKeys, encode_base64
from securexfer.crypto.sealing import seal, unseal
from securexfer.crypto.signing import Kind, Signature, sign, verify
from securexfer.errors import (
    CardInvalidError,
    IdentityFileError,
    PassphraseWrongError,
    PasswordMismatchError,
    SignatureInvalidError,
)
from tests.world import START

KINDS: tuple[Kind, ...] = get_args(Kind)
json_values = st.recursive(
    st.text(max_size=5) | st.integers(0, 2**53 - 1),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def keys() -> PrivateKeys:
    return PrivateKeys.generate()


@pytest.fixture(scope="module")
def identity() -> Identity:
    return create_identity(name="Ann", organisation="M", email="a@example.org", created_at=START)


class TestFraming:
    def test_every_part_stands_after_its_length(self) -> None:
        assert length_prefixed("é", b"", "abc") == bytes.fromhex(
            "00000002c3a9 00000000 00000003616263"
        )

    @given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
    def test_different_parts_never_frame_alike(self, one: list[str], other: list[str]) -> None:
        assert (length_prefixed(*one) == length_prefixed(*other)) == (one == other)


class TestCanonicalJson:
    @given(json_values)
    def test_what_is_encoded_is_read_back(self, value: Any) -> None:
        assert decode_canonical(encode_canonical(value), max_bytes=10**6) == value

    @pytest.mark.parametrize(
        "text",
        [
            b"",
            b" 1",
            b'{"a": 1}',
            b'{"b":1,"a":1}',
            b"1.0",
            b"-1",
            b"1e3",
            b"01",
            b"9007199254740992",
            b"true",
            b"null",
            b"NaN",
            b'"\\u0061"',
            b'"\\ud800"',
            b'"\xff"',
            b"[" * 200_000 + b"]" * 200_000,
            b"1" * 5000,
        ],
    )
    def test_any_other_spelling_is_refused(self, text: bytes) -> None:
        with pytest.raises(ValueError):  # noqa: PT011
            decode_canonical(text, max_bytes=10**6)

    def test_a_key_that_is_there_twice_is_called_that(self) -> None:
        with pytest.raises(DuplicateKeyError, match=r"^the same key twice$"):
            decode_canonical(b'{"a":1,"a":1}', max_bytes=10**6)

    @pytest.mark.parametrize("value", [None, True, 1.5, -1, 2**53, {1: "a"}, "\ud800", [b"x"]])
    def test_what_it_can_not_say_is_not_encoded(self, value: Any) -> None:
        with pytest.raises(ValueError):  # noqa: PT011
            encode_canonical(value)


class TestFingerprints:
    def test_it_is_the_framed_hash_of_the_four_public_keys(self, keys: PrivateKeys) -> None:
        public = keys.public
        assert public.fingerprint == framed_sha256(
            "securexfer/1/fingerprint",
            public.x25519,
            public.ml_kem_768,
            public.ed25519,
            public.ml_dsa_65,
        )

    def test_the_spoken_form_is_160_bits_in_eight_groups_of_four(self) -> None:
        spoken = format_fingerprint("00" * 19 + "01" + "ff" * 12)
        assert spoken == "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAB"

    def test_it_is_entered_whole_in_either_form_and_any_spacing(self, keys: PrivateKeys) -> None:
        full, spoken = keys.fingerprint, format_fingerprint(keys.fingerprint)
        for entered in (full, full.upper(), spoken, spoken.lower(), spoken.replace("-", " ")):
            assert fingerprint_matches(full, entered)
        for entered in ("", spoken[:-1], spoken[:19], full[:-2], spoken + "A"):
            assert not fingerprint_matches(full, entered)


class TestSignatures:
    @pytest.mark.parametrize("kind", KINDS)
    def test_a_signature_returns_what_it_signs(self, keys: PrivateKeys, kind: Kind) -> None:
        assert verify(keys.public, kind, b"payload", sign(keys, kind, b"payload")) == b"payload"

    def test_none_serves_another_kind_payload_or_key(self, keys: PrivateKeys) -> None:
        signature, other = sign(keys, "card", b"payload"), PrivateKeys.generate()
        for public, kind, payload in (
            (keys.public, "rotation", b"payload"),
            (keys.public, "card", b"payloae"),
            (other.public, "card", b"payload"),
        ):
            with pytest.raises(SignatureInvalidError):
                verify(public, kind, payload, signature)  # type: ignore[arg-type]

    def test_a_key_set_that_shares_one_key_does_not_inherit_signatures(
        self, keys: PrivateKeys
    ) -> None:
        other = PrivateKeys.generate()
        mixed = PublicKeys(
            other.public.x25519, other.public.ml_kem_768, keys.public.ed25519, keys.public.ml_dsa_65
        )
        with pytest.raises(SignatureInvalidError):
            verify(mixed, "card", b"payload", sign(keys, "card", b"payload"))

    def test_both_halves_count(self, keys: PrivateKeys) -> None:
        good, bad = sign(keys, "card", b"a"), sign(keys, "card", b"b")
        for mixed in (
            Signature(bad.ed25519, good.ml_dsa_65),
            Signature(good.ed25519, bad.ml_dsa_65),
        ):
            with pytest.raises(SignatureInvalidError):
                verify(keys.public, "card", b"a", mixed)

    @pytest.mark.parametrize(("n_ed", "n_ml"), [(0, 3309), (64, 0), (63, 3309), (64, 3310)])
    def test_a_missing_or_odd_half_is_no_signature(self, n_ed: int, n_ml: int) -> None:
        with pytest.raises(ValueError, match="missing"):
            Signature(bytes(n_ed), bytes(n_ml))

    def test_private_keys_do_not_show_themselves(self, identity: Identity) -> None:
        shown = repr(identity) + repr(identity.keys)
        rotated = rotate_identity(identity, rotated_at=START)
        shown += repr(rotated)
        for keys in (identity.keys, rotated.keys):
            for secret in (identity.pseudonym_secret, *(getattr(keys, k) for k in SEED_BYTES)):
                assert repr(secret)[2:-1] not in shown
                assert secret.hex() not in shown
        assert "former" not in shown


class TestSealing:
    def test_only_its_recipient_opens_it_under_the_same_info(self, keys: PrivateKeys) -> None:
        sealed = seal(b"secret", keys.public, b"info")
        assert unseal(sealed, keys, b"info") == b"secret"
        other = PrivateKeys.generate()
        for args in (
            (sealed, other, b"info"),
            (sealed, keys, b"inf0"),
            (sealed[:-1], keys, b"info"),
        ):
            with pytest.raises(PasswordMismatchError):
                unseal(*args)

    def test_every_byte_counts(self, keys: PrivateKeys) -> None:
        sealed = seal(b"secret", keys.public, b"")
        for offset in range(0, len(sealed), 7):
            altered = bytearray(sealed)
            altered[offset] ^= 1
            with pytest.raises(PasswordMismatchError):
                unseal(bytes(altered), keys, b"")

    @pytest.mark.parametrize("sealed", [b"", b"x", bytes(2000)])
    def test_rubbish_is_refused(self, keys: PrivateKeys, sealed: bytes) -> None:
        with pytest.raises(PasswordMismatchError):
            unseal(sealed, keys, b"")

    def test_an_interrupt_is_not_taken_for_a_tag_that_does_not_fit(self, keys: PrivateKeys) -> None:
        sealed, calls = seal(b"secret", keys.public, b""), []

        def interrupt(_frame: FrameType, event: str, called: object) -> None:
            calls.append(getattr(called, "__name__", ""))
            if event == "call" and "decrypt" in calls:
                raise KeyboardInterrupt  # and Python takes this function away

        sys.setprofile(interrupt)
        try:
            opened = unseal(sealed, keys, b"")
        finally:
            sys.setprofile(None)
        # Once by the one that was interrupted, and not counted any more afterwards.
        assert calls.count("decrypt") == 1
        assert opened == b"secret"


def test_derived_keys_are_hkdf_sha256_without_salt() -> None:
    secret, info = b"s" * 32, length_prefixed("a", "b")
    prk = hmac.digest(bytes(32), secret, hashlib.sha256)
    assert derive_key(secret, "a", "b") == hmac.digest(prk, info + b"\1", hashlib.sha256)


@pytest.mark.parametrize("point", [0, 1])
def test_a_public_key_that_nothing_can_be_sealed_to_is_none(keys: PrivateKeys, point: int) -> None:
    small = encode_base64(point.to_bytes(32, "little"))
    with pytest.raises(ValueError):  # noqa: PT011
        PublicKeys.decode(keys.public.encode() | {"x25519": small})


class TestCards:
    def test_a_card_is_read_back_as_it_was_issued(self, identity: Identity) -> None:
        card = read_card(identity.card.encode())
        assert card == identity.card
        assert (card.name, card.generation, card.previous_fingerprint) == ("Ann", 1, "")

    def test_the_days_until_it_expires_are_counted(self, identity: Identity) -> None:
        card = identity.card
        for days in (730, 30, 1, 0, -1):
            assert card.days_left(card.expires_at - timedelta(days=days)) == days

    def test_every_changed_byte_is_refused(self, identity: Identity) -> None:
        data = identity.card.encode()
        for offset in range(0, len(data) - 1, 13):
            altered = bytearray(data)
            altered[offset] ^= 1
            with pytest.raises(CardInvalidError):
                read_card(bytes(altered))

    @pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"x" * 70_000, b'{"payload":1}', b"\xff"])
    def test_rubbish_is_refused(self, data: bytes) -> None:
        with pytest.raises(CardInvalidError):
            read_card(data)

    @pytest.mark.parametrize(
        "name", ["", " ", "x" * 201, "a\nb", "a\x1b[2Jb", "a\u202eb", "a\u200bb", "a\udcff"]
    )
    def test_a_name_that_could_deceive_a_terminal_is_refused(
        self, keys: PrivateKeys, name: str
    ) -> None:
        with pytest.raises(CardInvalidError):
            issue_card(
                keys,
                name=name,
                organisation="",
                email="",
                created_at=START,
                expires_at=START + timedelta(days=1),
            )

    def test_a_rotated_card_proves_whom_it_follows(self, identity: Identity) -> None:
        rotated = rotate_identity(identity, rotated_at=START)
        card = read_card(rotated.card.encode())
        card.check_succession(identity.keys.public)
        assert (card.generation, card.previous_fingerprint) == (2, identity.fingerprint)
        assert rotated.pseudonym_secret == identity.pseudonym_secret
        assert rotated.keys_for(identity.fingerprint) == identity.keys

    def test_a_rotation_that_the_former_key_did_not_sign_is_refused(
        self, identity: Identity, keys: PrivateKeys
    ) -> None:
        rotated = rotate_identity(identity, rotated_at=START)
        payload = json.loads(json.loads(rotated.card.encode())["payload"])
        false = sign_document(payload, ("card", rotated.keys), ("rotation", keys))
        with pytest.raises(CardInvalidError):
            read_card(false.encode())
        with pytest.raises(CardInvalidError):
            read_card(sign_document(payload, ("card", rotated.keys)).encode())
        # Named right, signed wrong: readable, but no succession.
        document = sign_document(payload, ("card", rotated.keys), ("rotation", identity.keys))
        line = json.loads(document.encode())
        for signature in line["signatures"]:
            if signature["kind"] == "rotation":
                wrong = sign(identity.keys, "card", b"something else")
                import base64

                signature["ed25519"] = base64.b64encode(wrong.ed25519).decode()
        with pytest.raises(SignatureInvalidError):
            read_card(encode_canonical(line)).check_succession(identity.keys.public)


class TestIdentityFiles:
    def test_the_passphrase_opens_it_and_no_other_does(self, identity: Identity) -> None:
        data = encrypt_identity(identity, "correct horse é")
        assert decrypt_identity(data, "correct horse e\u0301") == identity
        with pytest.raises(PassphraseWrongError):
            decrypt_identity(data, "correct horse")
        assert read_identity_card(data) == identity.card

    def test_it_shows_neither_secret_nor_private_key(self, identity: Identity) -> None:
        data = encrypt_identity(identity, "passphrase")
        import base64

        for secret in (identity.pseudonym_secret, identity.keys.ed25519, identity.keys.ml_kem_768):
            assert base64.b64encode(secret)[:-4] not in data

    def test_salt_and_nonce_are_fresh(self, identity: Identity) -> None:
        one, two = (json.loads(encrypt_identity(identity, "p")) for _ in range(2))
        assert one["kdf"]["salt"] != two["kdf"]["salt"]
        assert one["nonce"] != two["nonce"]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("memory_kib", 8),
            ("memory_kib", 2**31),
            ("iterations", 1),
            ("iterations", 10**6),
            ("lanes", 0),
            ("lanes", 4096),
            ("salt", ""),
            ("name", "scrypt"),
        ],
    )
    def test_parameters_out_of_bounds_are_refused_before_they_cost_anything(
        self, identity: Identity, name: str, value: Any
    ) -> None:
        members = json.loads(encrypt_identity(identity, "p"))
        members["kdf"][name] = value
        with pytest.raises(IdentityFileError):
            decrypt_identity(encode_canonical(members), "p")

    def test_an_altered_header_does_not_open(self, identity: Identity) -> None:
        members = json.loads(encrypt_identity(identity, "p"))
        other = create_identity(name="Eve", organisation="", email="", created_at=START)
        members["card"] = other.card.document.encode().decode()
        with pytest.raises(PassphraseWrongError):
            decrypt_identity(encode_canonical(members), "p")

    @pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff", b"x" * 2_000_000])
    def test_rubbish_is_refused(self, data: bytes) -> None:
        with pytest.raises(IdentityFileError):
            read_identity_card(data)


def test_a_signed_document_gives_its_payload_only_to_the_right_key(keys: PrivateKeys) -> None:
    document = SignedDocument.decode(sign_document({"a": 1}, ("receipt", keys)).encode())
    assert document.verified("receipt", keys.public) == {"a": 1}
    with pytest.raises(SignatureInvalidError, match="missing"):
        document.verified("receipt", PrivateKeys.generate().public)
    with pytest.raises(SignatureInvalidError, match="missing"):
        document.verified("card", keys.public)
