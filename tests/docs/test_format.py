"""The worked examples of the format are true, and enough to do without our own code."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import re
import struct

import polars as pl
import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from securexfer.bundle import layout, padding
from securexfer.bundle.envelope import (
    MAX_ENVELOPE_BYTES,
    MAX_RECIPIENTS,
    MAX_VALUES,
    Envelope,
    commit_password,
    seal_info,
)
from securexfer.bundle.file import BLOCK_BYTES
from securexfer.bundle.manifest import (
    MAX_CONTAINERS,
    MAX_MANIFEST_BYTES,
    Manifest,
    TableRecord,
)
from securexfer.bundle.padding import gzip_padding, padme
from securexfer.bundle.provenance import LEAST_BYTES, MAX_HOPS, MAX_PROVENANCE_BYTES
from securexfer.crypto.canonical import encode_canonical
from securexfer.crypto.card import MAX_CARD_BYTES, MAX_GENERATION, read_card
from securexfer.crypto.fingerprint import format_fingerprint
from securexfer.crypto.framing import length_prefixed
from securexfer.crypto.identity import MAX_IDENTITY_BYTES
from securexfer.crypto.keys import PUBLIC_BYTES, SEED_BYTES, PrivateKeys, PublicKeys
from securexfer.crypto.sealing import seal
from securexfer.privacy import pseudonyms
from securexfer.privacy.pseudonyms import bundle_scope
from tests.docs.pages import page
from tests.world import World, csv_bytes, keep_all

TEXT = page("docs/format.md")
BUNDLE_ID = "00112233445566778899aabbccddeeff"
ORDER = ("x25519", "ml_kem_768", "ed25519", "ml_dsa_65")


def lp(*parts: str | bytes) -> bytes:
    """LP, written again from the page."""
    raw = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(struct.pack(">I", len(part)) + part for part in raw)


def hkdf(secret: bytes, info: bytes) -> bytes:
    """HKDF-SHA-256 without salt, 32 bytes, from RFC 5869."""
    key = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(key, info + b"\x01", "sha256")


def listed(after: str) -> str:
    """The first indented block behind some words of the page."""
    found = re.search(r"\n\n((?:    .*\n)+)", TEXT[TEXT.index(after) :])
    assert found
    return "\n".join(line.strip() for line in found.group(1).splitlines())


def test_lp() -> None:
    shown = bytes.fromhex(listed('`LP("ab", "c")` is'))
    assert shown == lp("ab", "c") == length_prefixed("ab", "c")


def test_canonical_json() -> None:
    assert listed("and `a` = an empty object").encode() == encode_canonical(
        {"b": [1, "é"], "a": {}}
    )


def test_the_fingerprint_and_its_spoken_form() -> None:
    keys = {name: bytes(PUBLIC_BYTES[name]) for name in ORDER}
    label = "securexfer/1/fingerprint"
    fingerprint = hashlib.sha256(lp(label, *(keys[name] for name in ORDER))).hexdigest()
    assert f"`{fingerprint}`" in TEXT
    assert f"`{format_fingerprint(fingerprint)}`" in TEXT
    assert PublicKeys(**keys).fingerprint == fingerprint


def test_the_sizes_of_the_keys() -> None:
    for name in ORDER:
        row = rf"\| `{name}` \| .* \| {PUBLIC_BYTES[name]} \| {SEED_BYTES[name]} \|"
        assert re.search(row, TEXT)


def test_the_commitment() -> None:
    commitment = hashlib.sha256(lp("securexfer/1/password", BUNDLE_ID, "A" * 43)).hexdigest()
    assert f"`{commitment}`" in TEXT
    assert commit_password(BUNDLE_ID, "A" * 43) == commitment


def test_a_sealed_password_opens_by_what_the_page_says() -> None:
    keys = PrivateKeys(**{name: bytes(range(SEED_BYTES[name])) for name in ORDER})
    info = lp("securexfer/1/seal", BUNDLE_ID, "a" * 64, keys.fingerprint)
    assert info == seal_info(BUNDLE_ID, "a" * 64, keys.fingerprint)
    sealed = seal(b"A" * 43, keys.public, info)
    assert f"{len(sealed)} bytes" in TEXT
    encapsulated, ephemeral, ciphertext = sealed[:1088], sealed[1088:1120], sealed[1120:]

    first = MLKEM768PrivateKey.from_seed_bytes(keys.ml_kem_768).decapsulate(encapsulated)
    private = X25519PrivateKey.from_private_bytes(keys.x25519)
    second = private.exchange(X25519PublicKey.from_public_bytes(ephemeral))
    label = bytes.fromhex("5c2e2f2f5e5c")
    shared = hashlib.sha3_256(first + second + ephemeral + keys.public.x25519 + label).digest()
    # The key schedule of RFC 9180, section 5.1, for base mode.
    suite = b"HPKE" + struct.pack(">HHH", 0x647A, 0x0001, 0x0002)

    def extract(salt: bytes, name: bytes, material: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + name + material, "sha256")

    def expand(name: bytes, context: bytes, size: int) -> bytes:
        labelled = struct.pack(">H", size) + b"HPKE-v1" + suite + name + context
        return hmac.digest(secret, labelled + b"\x01", "sha256")[:size]

    context = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared, b"secret", b"")
    key, nonce = expand(b"key", context, 32), expand(b"base_nonce", context, 12)
    assert AESGCM(key).decrypt(nonce, ciphertext, b"") == b"A" * 43


def test_the_local_header() -> None:
    shown = bytes.fromhex(listed("the local header of `READ-ME.txt` is").replace("\n", ""))
    assert shown == layout.local_header("READ-ME.txt")


@given(st.integers(2, 2**50))
def test_padme_by_the_formula_of_the_page(size: int) -> None:
    exponent = size.bit_length() - 1
    significant = (exponent.bit_length() - 1) + 1
    step = 2 ** max(exponent - significant, 0)
    assert padme(size) == -(-size // step) * step


@given(st.integers(0, 10**6))
def test_a_padded_size_is_padme_of_the_size_and_26(size: int) -> None:
    padding = b"".join(gzip_padding(size))
    assert size + len(padding) == padme(size + 26)
    assert gzip.decompress(padding) == b""


def test_the_example_of_padding() -> None:
    assert "1000 bytes of gzip are padded to 1024 + 64 = 1088, by one empty member of 88" in TEXT
    padding = b"".join(gzip_padding(1000))
    start = bytes.fromhex("1f8b08040000000000ff") + struct.pack("<H", 66)
    field = bytes.fromhex("5358") + struct.pack("<H", 62) + bytes(62)
    assert padding == start + field + bytes.fromhex("0300") + bytes(8)
    assert len(padding) == 88


def test_a_token() -> None:
    shown = dict(line.rsplit(maxsplit=1) for line in listed("the bytes 0 to 31").splitlines())
    secret = bytes(range(32))
    scope = hkdf(secret, lp("securexfer/1/scope", "bundle", BUNDLE_ID))
    field = hkdf(scope, lp("securexfer/1/field", "token", "person", "")).hex()
    token = hmac.digest(field.encode(), b"99/123456X", "sha256").hex()[:24]
    assert shown == {
        "scope key": scope.hex(),
        "field key": field,
        "99/123456x": f"person_{token}",
    }
    assert bundle_scope(secret, BUNDLE_ID).field_key("person") == field
    made = pl.select(
        pseudonyms.token(pseudonyms.canonical_value(pl.lit("99/123456x")), "person", field)
    ).item()
    assert made == f"person_{token}"


def test_every_member_of_the_files_is_named(world: World) -> None:
    card = read_card(world.ann.identity.card.encode()).document.claimed()
    world.ann.pack({"t": csv_bytes([["x"], ["1"]])}, keep_all("t", ["x"]), [world.bob], world.drive)
    entry = world.ann.register.entries()[-1]
    names = {*card, *Envelope.model_fields, *Manifest.model_fields, *TableRecord.model_fields}
    missing = {name for name in names if f"`{name}`" not in TEXT}
    assert not missing
    assert f"`{entry.event}`" in TEXT


def test_a_bundle_can_be_checked_by_the_page_alone(world: World) -> None:
    tables = {"t": csv_bytes([["x"], ["1"]])}
    packed = world.ann.pack(tables, keep_all("t", ["x"]), [world.bob], world.drive)
    data = packed.path.read_bytes()
    signed, comment = data[:-6144], data[-6144:]
    assert signed[-22:-18] == b"PK\x05\x06"
    lines = comment.decode("ascii").split("\n")
    assert lines[0] == "securexfer-signature-1"
    assert lines[1] == world.ann.identity.fingerprint
    assert lines[3] == hashlib.sha256(signed).hexdigest()
    assert set(lines[6]) == {" "}
    assert lines[7:] == [""]
    start, size = struct.unpack("<L", signed[-6:-2])[0], struct.unpack("<L", signed[-10:-6])[0]
    assert start + size == len(signed) - 22
    content = re.search(rb'\{"bundle_id".*\}', signed[: start - 24], flags=re.DOTALL)
    assert content
    assert hashlib.sha256(content.group(0)).hexdigest() == lines[2]


@pytest.mark.parametrize(
    ("words", "bound"),
    [
        ("A card file is one signed document and a newline, at most 64 KiB.", MAX_CARD_BYTES),
        ("Canonical JSON and a newline, at most 1 MiB,", MAX_IDENTITY_BYTES),
        ("UTF-8 text for a finder, at most 64 KiB", layout.MAX_READ_ME_BYTES),
        ("as JSON in UTF-8, at most 4 MiB.", MAX_MANIFEST_BYTES),
        ("`envelope.json` is canonical JSON, at most 4 MiB,", MAX_ENVELOPE_BYTES),
        ("of every block of 1 MiB its SHA-256", BLOCK_BYTES),
        ("It is canonical JSON, at most 16 MiB,", MAX_PROVENANCE_BYTES),
    ],
)
def test_sizes_are_those_that_the_page_tells(words: str, bound: int) -> None:
    assert words in " ".join(TEXT.split())
    number, unit = re.findall(r"(\d+) ([KM])iB", words)[-1]
    assert bound == int(number) * {"K": 2**10, "M": 2**20}[unit]


@pytest.mark.parametrize(
    ("words", "bound"),
    [
        ("more than 200,000 objects and lists", MAX_CONTAINERS),
        ("an extra field has at most 16,000 bytes", padding._MAX_EXTRA),
        ("at most 4000 members", layout.MAX_MEMBERS),
        ("one more after each rotation, at most 10,000", MAX_GENERATION),
        ('1 to 100 of `{"fingerprint"', MAX_RECIPIENTS),
        ("fill it up to padme(65,536", LEAST_BYTES),
        ('1 to 8 of `{"comment"', MAX_HOPS),
        ("more than 8 hops", MAX_HOPS),
        ("more than 400,000 commas", MAX_HOPS * MAX_VALUES),
    ],
)
def test_numbers_are_those_that_the_page_tells(words: str, bound: int) -> None:
    assert words.lower() in " ".join(TEXT.lower().split())
    assert bound == int(re.findall(r"\d[\d,]*", words)[-1].replace(",", ""))
