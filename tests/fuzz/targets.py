"""The parsers that are fuzzed, and what must hold of each for any bytes at all.

A check reads the bytes and may give them up only with an error of the right family. What it
accepts is spelled again, by the parser's own encoder and by the second writer of the format in
`tests/vectors/format1`; both must give the bytes that were read.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import struct
import tempfile
import time
import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest import mock

from securexfer.bundle import layout
from securexfer.bundle.comment import Comment, SignedDigests, decode_comment
from securexfer.bundle.envelope import Envelope, decode_envelope
from securexfer.bundle.file import BundleFile
from securexfer.bundle.manifest import decode_manifest, describe_package
from securexfer.bundle.outside import read_claims
from securexfer.crypto import identity as identity_room
from securexfer.crypto.canonical import decode_canonical, encode_pretty
from securexfer.crypto.card import issue_card, read_card
from securexfer.crypto.document import SignedDocument
from securexfer.crypto.framing import length_prefixed
from securexfer.crypto.identity import decrypt_identity, read_identity_card
from securexfer.crypto.keys import PrivateKeys, PublicKeys
from securexfer.crypto.passphrase import Argon2Parameters
from securexfer.crypto.sealing import seal
from securexfer.crypto.signing import Kind, Signature, sign
from securexfer.custody.destruction import Destruction, open_destruction
from securexfer.custody.extension import Extension, read_extension
from securexfer.custody.receipt import Receipt, open_receipt
from securexfer.custody.register import Actor, Register
from securexfer.custody.statement import Statement, StatementKind
from securexfer.errors import (
    BundleAlteredError,
    BundleFormatError,
    BundleUnsupportedError,
    CardInvalidError,
    IdentityFileError,
    ManifestMismatchError,
    NotForThisIdentityError,
    PassphraseWrongError,
    RecipeError,
    RegisterDamagedError,
    RegisterError,
    SecurexferError,
    SenderUnknownError,
    SignatureInvalidError,
    StatementAlteredError,
    StatementFormatError,
    StatementMismatchError,
    VerificationError,
)
from securexfer.instant import parse_instant
from securexfer.recipe.reading import parse_recipe
from securexfer.reporting import SilentReporter
from tests.fuzz.mutation import (
    Shape,
    envelope_of,
    shape_bundle,
    shape_json,
    shape_lines,
    shape_payload,
    shape_recipe,
)
from tests.vectors import format1
from tests.vectors.cases.statement import Draft
from tests.world import toml_value

MAX_SECONDS = 2.0
KEYS, FORMER = (
    PrivateKeys(**format1.Keys.seeded("fuzzing", name).seeds) for name in ("now", "before")
)
# Those who signed, and are addressed by, the vectors.
VECTOR_KEYS = [PrivateKeys(**format1.Keys.seeded(name).seeds) for name in ("ann", "bob", "cat")]
UNSIGNED = Signature(bytes(64), bytes(3309))


class TooSlowError(AssertionError):
    """An input took longer than any input may."""


@dataclass(frozen=True)
class Target:
    """One parser under test.

    Attributes:
        check: reads an input and checks all that must hold of one that is accepted.
        family: the errors by which it may refuse; exactly these classes.
        seeds: inputs to begin with, valid ones among them.
        shape: edits by structure, so that mutations get past the first check.
        words: what to mix in when mutating bytes.
    """

    name: str
    check: Callable[[bytes], None]
    family: tuple[type[SecurexferError], ...]
    seeds: Callable[[], Sequence[bytes]]
    shape: Shape
    words: Sequence[str] = ()

    def run(self, data: bytes) -> bool:
        """Whether the input is accepted; anything but a proper refusal is raised."""
        begun = time.process_time()
        accepted = True
        try:
            self.check(data)
        except SecurexferError as error:
            if type(error) not in self.family:
                raise
            check_text(error)
            accepted = False
        took = time.process_time() - begun
        if took > MAX_SECONDS:
            raise TooSlowError(f"{took:.1f} s")
        return accepted


def check_text(error: SecurexferError) -> None:
    """Nothing in what is told can repaint a terminal; names in problems are bounded."""
    assert error.message.isprintable()
    assert error.hint.isprintable()
    problems = error.problems if isinstance(error, RecipeError) else ()
    assert len(problems) == len(set(problems))
    assert all(len(problem) < 10_000 for problem in problems)


# -- the outside of a bundle --------------------------------------------------------------------


def check_envelope(data: bytes) -> None:
    envelope = decode_envelope(data)
    assert envelope.encode() == data == format1.canonical(json.loads(data))
    assert Envelope.model_validate_json(data) == envelope
    assert envelope.created <= envelope.expires


def check_comment(data: bytes) -> None:
    comment = decode_comment(data)
    assert comment.encode() == data
    facts = vars(comment.claimed).values()
    lines = ["securexfer-signature-1", *facts]
    lines += [format1.b64(part) for part in vars(comment.signature).values()]
    assert data == "".join(f"{line}\n" for line in lines).encode().ljust(6143) + b"\n"


def check_layout(data: bytes) -> None:
    """A bundle up to its comment, which is made to fit: all checks but who signed it."""
    try:
        content = envelope_of(data)
        sender = json.loads(content)["sender"]
        digests = SignedDigests(sender, format1.sha256(content), format1.sha256(data))
        comment = Comment(digests, UNSIGNED).encode()
        decode_comment(comment)
    except (SecurexferError, ValueError, TypeError, KeyError, struct.error):
        zeros = "0" * 64
        comment = Comment(SignedDigests(zeros, zeros, format1.sha256(data)), UNSIGNED).encode()
    with tempfile.TemporaryFile() as stream:
        stream.write(data + comment)
        stream.flush()
        with BundleFile(os.dup(stream.fileno())) as file:
            outside = read_claims(file, SilentReporter())
    names = [member.name for member in outside.envelope.members]
    assert write_again(data, outside.envelope) == data
    with zipfile.ZipFile(io.BytesIO(data + comment)) as archive:
        # Another program sees the same members, and the same text where it is in clear.
        assert archive.namelist() == [*names, layout.ENVELOPE]
        assert archive.read(layout.READ_ME).decode() == outside.read_me
        assert archive.read(layout.ENVELOPE) == outside.envelope.encode()


def write_again(data: bytes, envelope: Envelope) -> bytes:
    """All bytes of structure as the second writer makes them around the same contents."""
    clear = {layout.READ_ME: 20, layout.ENVELOPE: 20}
    end = envelope.members[-1].offset + envelope.members[-1].length
    n_content = len(envelope.encode()) + 30 + len(layout.ENVELOPE) + 20 + 24
    extents = [(m.name, m.offset, m.length) for m in envelope.members]
    body, entries = b"", []
    for name, offset, length in [*extents, (layout.ENVELOPE, end, n_content)]:
        start = offset + 30 + len(name) + clear.get(name, 31)
        stored = data[start : offset + length - 24]
        if name in clear:
            entry = format1.Entry(name, stored, encrypted=False)
        else:
            entry = format1.Entry(name, bytes(len(stored) - 28), salt=bytes(16))
            entry.stored = format1.poke(0, stored)
        body += entry.write(len(body), b"password")
        entries.append(entry)
    listed = b"".join(entry.directory_entry() for entry in entries)
    counts = (len(entries), len(entries), len(listed), len(body), 6144)
    return body + listed + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, *counts)


# -- inside, cards and files at home ------------------------------------------------------------


def check_manifest(data: bytes) -> None:
    """For one fixed envelope."""
    manifest = decode_manifest(data, manifest_envelope())
    paths = {table.name: f"{table.name}.csv" for table in manifest.tables}
    encode_pretty(describe_package(manifest, paths))
    # `gates` is for later versions, and may hold what canonical JSON can't say.
    plain = [table.model_copy(update={"gates": []}) for table in manifest.tables]
    manifest = manifest.model_copy(update={"tables": plain})
    assert decode_manifest(manifest.encode(), manifest_envelope()) == manifest


def check_card(data: bytes) -> None:
    """A card file, or the payload of one that is then signed as it should be."""
    file = data if data.startswith(b'{"payload"') else signed(data, "card", "rotation") + b"\n"
    card = read_card(file)
    assert 1 <= card.generation <= 10_000
    assert card.encode() == file.removesuffix(b"\n") + b"\n"
    assert read_card(card.encode()) == card
    claimed = card.document.claimed()
    document = json.loads(file)
    assert document["payload"].encode() == format1.canonical(claimed)
    assert format1.canonical(document) == file.removesuffix(b"\n")
    if card.fingerprint == KEYS.fingerprint and card.previous_fingerprint in (
        "",
        FORMER.fingerprint,
    ):
        again = issue_card(
            KEYS,
            name=card.name,
            organisation=card.organisation,
            email=card.email,
            created_at=card.created_at,
            expires_at=card.expires_at,
            former=FORMER if card.previous_fingerprint else None,
            generation=card.generation,
        )
        assert again.document.claimed() == claimed


def signed(payload: bytes, kind: Kind, second: Kind) -> bytes:
    """A signed document of any payload; the signatures are real where they would be looked at."""
    text = payload.decode("utf-8", "replace")
    signature, former = UNSIGNED, None
    try:
        members = decode_canonical(text.encode(), max_bytes=2**20)
        signature = sign(KEYS, kind, text.encode())
        former = members["previous_fingerprint"]
    except (ValueError, TypeError, KeyError):
        pass
    signatures = {(kind, KEYS.fingerprint): signature}
    if former == FORMER.fingerprint:
        signatures[second, former] = sign(FORMER, second, text.encode())
    return SignedDocument(text.encode(), signatures).encode()  # type: ignore[arg-type]


def check_identity(data: bytes) -> None:
    """The clear header, and what key derivation and decryption are asked to do."""

    def decrypt(
        sealed: bytes, passphrase: str, parameters: Argon2Parameters, nonce: bytes, aad: bytes
    ) -> bytes:
        assert 65536 <= parameters.memory_kib <= 2**20
        assert 3 <= parameters.iterations <= 16
        assert 1 <= parameters.lanes <= 16
        assert (len(parameters.salt), len(nonce)) == (16, 12)
        members = json.loads(data)
        assert format1.b64(sealed) == members.pop("ciphertext")
        assert aad == format1.canonical(members)
        raise PassphraseWrongError("reached")

    card = read_identity_card(data)
    assert read_card(card.encode()) == card
    with mock.patch.object(identity_room, "decrypt", decrypt):
        try:
            decrypt_identity(data, "passphrase")
        except PassphraseWrongError:
            return
    raise AssertionError("an identity without a passphrase")


def check_statement(data: bytes) -> None:
    """A file of any kind, or the payload of one, which is then signed and sealed."""
    kind, payload = kind_of(data), None
    if data.startswith(b'{"payload"') or b'"sealed":"' in data:
        file = data
    else:
        payload, file = data, signed(data, kind, kind) + b"\n"
        file = file if kind == "extension" else seal_line(file, kind)
    statement = open_statement(file, kind)
    again = statement.model_dump(exclude_none=True)
    if payload is not None:
        assert format1.canonical(again) == payload.decode("utf-8", "replace").encode()
    assert format1.canonical(json.loads(file)) == file.removesuffix(b"\n")
    texts = [again["tool"], again.get("remark", ""), again.get("medium_reason", "")]
    assert all(len(text) <= 500 for text in texts)
    hidden = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert not hidden & {unicodedata.category(c) for text in texts for c in text}
    for name in ("made_at", "opened_at", "destroyed_at", "expires_at", "created_at"):
        assert name not in again or parse_instant(again[name]).tzinfo is not None
    for table in again.get("tables", []):
        assert re.fullmatch("[A-Za-z0-9_-]{1,64}", table["name"])
        assert 0 <= table["n_rows"] < 2**53
    if isinstance(statement, Extension):
        assert again["created_at"] <= again["previous_expires_at"] < again["expires_at"]


def kind_of(data: bytes) -> StatementKind:
    """What a file or payload is to be read as."""
    if b'"kind":"destruction"' in data or b'"destroyed_at"' in data:
        return "destruction"
    is_receipt = b'"kind":"receipt"' in data or b'"opened_at"' in data
    return "receipt" if is_receipt else "extension"


def seal_line(line: bytes, kind: StatementKind) -> bytes:
    """Sealed to the former keys, as if they were the addressee's."""
    info = length_prefixed("securexfer/1/statement", kind, FORMER.fingerprint)
    outside = {
        "addressee": FORMER.fingerprint,
        "kind": kind,
        "sealed": format1.b64(seal(line, FORMER.public, info)),
        "securexfer_sealed": 1,
    }
    return format1.canonical(outside) + b"\n"


def open_statement(file: bytes, kind: StatementKind) -> Statement:
    people = {keys.fingerprint: keys for keys in (KEYS, FORMER, *VECTOR_KEYS)}

    def find(fingerprint: str) -> PublicKeys | None:
        return people[fingerprint].public if fingerprint in people else None

    if kind == "extension":
        return read_extension(file, find=find).statement
    if kind == "receipt":
        return open_receipt(file, keys_for=people.get, find=find).statement
    return open_destruction(file, keys_for=people.get, find=find).statement


def check_register(data: bytes) -> None:
    """A register file, or the payload of its second entry, which is then signed."""
    with tempfile.TemporaryDirectory(dir=_memory()) as name:
        folder = Path(name)
        lines, head = first_entry()
        if not data.startswith(b'{"payload"'):
            data = lines + signed(data, "register", "register") + b"\n"
        (folder / "register.jsonl").write_bytes(data)
        (folder / "register.head").write_bytes(head)
        register = Register(folder / "register.jsonl", Actor("fuzz", "desk"))
        entries = register.entries()
        for entry in entries:
            assert isinstance(entry.details, dict)
            texts = (entry.event, entry.identity, entry.actor.user, entry.actor.host)
            assert all(isinstance(text, str) for text in texts)
        whole = data.split(b"\n")[:-1]
        if len(entries) == 1 and len(whole) == 2 and b"\0" in whole[1]:
            whole.pop()  # torn by a power cut, and never reported as stored
        assert [entry.number for entry in entries] == list(range(1, len(whole) + 1))
        hashes = [format1.sha256(line) for line in whole]
        assert [entry.sha256 for entry in entries] == hashes
        payloads = [json.loads(json.loads(line)["payload"]) for line in whole]
        assert [one["previous_sha256"] for one in payloads] == ["0" * 64, *hashes][: len(whole)]
        try:
            verified = register.verify({KEYS.fingerprint: KEYS.public})
        except RegisterError:
            return
        assert verified == entries
        assert {entry.identity for entry in entries} <= {KEYS.fingerprint}


@cache
def _memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@cache
def first_entry() -> tuple[bytes, bytes]:
    """A register of one entry, and its head."""
    line = signed(entry_payload(1, "0" * 64), "register", "register")
    head = {"count": 1, "head_sha256": format1.sha256(line), "securexfer_register_head": 1}
    return line + b"\n", signed(format1.canonical(head), "register", "register") + b"\n"


def entry_payload(number: int, previous: str) -> bytes:
    payload = {
        "at": format1.CREATED,
        "details": {
            "bundle_id": "0" * 32,
            "files": ["people.csv"],
            "recipients": [KEYS.fingerprint],
            "sequence": 1,
        },
        "event": "packed",
        "host": "desk",
        "identity": KEYS.fingerprint,
        "number": number,
        "previous_sha256": previous,
        "user": "ann",
    }
    return format1.canonical(payload)


# -- recipes ------------------------------------------------------------------------------------


def check_recipe(data: bytes) -> None:
    file = parse_recipe(data)
    assert file.recipe_sha256 == format1.sha256(data)
    members = file.recipe.model_dump(by_alias=True, exclude_none=True)
    again = "".join(f"{name} = {toml_value(value)}\n" for name, value in members.items())
    assert parse_recipe(again.encode()).recipe == file.recipe
    assert list(parse_recipe(again.encode()).recipe.tables) == list(file.recipe.tables)


# -- what to begin with -------------------------------------------------------------------------


VECTORS = Path(format1.__file__).parents[1] / "bundles"
EXAMPLE = Path(__file__).parents[2] / "examples" / "offenders.toml"


def bundles() -> list[bytes]:
    return [path.read_bytes() for path in sorted(VECTORS.glob("*.sxfer.zip"))]


def layouts() -> list[bytes]:
    return [data[: -layout.COMMENT_BYTES] for data in bundles() if len(data) < 20_000]


def comments() -> list[bytes]:
    return [data[-layout.COMMENT_BYTES :] for data in bundles()]


def envelopes() -> list[bytes]:
    found = []
    for data in layouts():
        try:
            found.append(envelope_of(data))
        except (BundleFormatError, ValueError, struct.error):
            continue
    return found


def two_tables() -> format1.Bundle:
    people = [format1.person(name) for name in ("ann", "bob", "cat")]
    return format1.Bundle(
        "fuzzing", people[0], people[1:], [format1.Table(), format1.Table("offences")]
    )


@cache
def manifest_envelope() -> Envelope:
    return decode_envelope(envelope_of(two_tables().write()[: -layout.COMMENT_BYTES]))


def manifests() -> list[bytes]:
    plain = format1.canonical(two_tables().manifest())
    half = plain.replace(b"Evaluate supervision", b"Half a character: \\ud800")
    return [plain, half, two_tables().manifest_bytes()]


def cards() -> list[bytes]:
    now = format1.Keys({name: getattr(KEYS, name) for name in format1.KEY_NAMES})
    before = format1.Keys({name: getattr(FORMER, name) for name in format1.KEY_NAMES})
    files = [path.read_bytes() for path in sorted(VECTORS.glob("*.card"))]
    drafts = [
        format1.CardDraft(now, "Ann"),
        format1.CardDraft(now, "Ann", follows=before, generation=2),
        format1.CardDraft(now, "Ann", follows=before, generation=10_001),
    ]
    return [*files, *(draft.payload for draft in drafts)]


def identities() -> list[bytes]:
    return [path.read_bytes() for path in sorted(VECTORS.glob("*.identity.json"))]


def statements() -> list[bytes]:
    """Of vectors, and payloads by our own keys: those can get through every check."""
    folder = VECTORS.parent / "statements"
    files = [path.read_bytes() for path in sorted(folder.iterdir())]
    keys = [format1.Keys({n: getattr(one, n) for n in format1.KEY_NAMES}) for one in (KEYS, FORMER)]
    drafts = [
        Draft(kind, keys[0], addressee=keys[1]) for kind in ("receipt", "destruction", "extension")
    ]
    payloads = [draft.payload for draft in drafts]
    payloads.append({**payloads[0], "medium_reason": "no other disk"})
    return [*files, *map(format1.canonical, payloads)]


def registers() -> list[bytes]:
    lines, _ = first_entry()
    previous = format1.sha256(lines.removesuffix(b"\n"))
    second = entry_payload(2, previous)
    return [lines, lines + signed(second, "register", "register") + b"\n", second]


def recipes() -> list[bytes]:
    return [EXAMPLE.read_bytes(), *RECIPES]


RECIPES = [
    b'version = 1\n[agreement]\nreference = "r"\npurpose = "p"\ncontroller = "c"\n'
    b'regime = "uk-gdpr"\nlawful_basis = "l"\nretention_days = 9\nrecipients = ["acme"]\n'
    b'[pseudonyms]\nlinkage = "agreement"\nepoch = "2026"\n[tables.t]\ncolumns = "refuse"\n'
    b'csv = { delimiter = ";", quote = "\'", encoding = "cp1252", trim = true }\n'
    b'[tables.t.fields]\na = { from = "x", action = "pseudonymise", domain = "person" }\n'
    b'b = { action = "year", format = ["%d/%m/%Y", "%d/%m/%y"], pivot = 30 }\n'
    b'c = { action = "month", format = "%d %b %Y %H:%M" }\nd = { action = "postcode-district" }\n'
    b'e = { action = "band", width = 5, bottom = -5, top = 20 }\nf = { action = "keep" }\n'
    b'g = { action = "constant", value = "" }\n',
    # The validator's own word for a wrong key, as the name of a field.
    b'[tables.t.fields]\n"[key]" = { action = "keep", band = 1 }\nkeep = 5\n',
]
JSON_WORDS = ['":"', '","', "[]", "{}", "\\u0000", "\\ud800", "9007199254740991", "1e5", "true"]
ZIP_WORDS = ["PK\x01\x02", "PK\x03\x04", "PK\x05\x06", "PK\x06\x06", "PK\x06\x07", "PK\x07\x08"]
TOML_WORDS = [
    "[tables.t.fields]", "[[a]]", '"""', "'''", "inf", "nan", "2026-11-22", "[key]", "action",
    "from", "format", "pivot", "limits", "identifier", "keep", "year", "month", "band", "constant",
    "%Y", "%y", "%m", "%", "\\u0000", "\\U0010ffff", "0x", "1_0", "\r\n", "{", "}", "=", ".",
]  # fmt: skip

TARGETS = {
    target.name: target
    for target in (
        Target(
            "envelope",
            check_envelope,
            (BundleFormatError, BundleUnsupportedError),
            envelopes,
            shape_json,
            [*JSON_WORDS, *Envelope.model_fields],
        ),
        Target("comment", check_comment, (BundleFormatError,), comments, shape_lines, ["=", "\n"]),
        Target(
            "layout",
            check_layout,
            (BundleFormatError, BundleUnsupportedError, BundleAlteredError, VerificationError),
            layouts,
            shape_bundle(KEYS),
            ZIP_WORDS,
        ),
        Target(
            "manifest", check_manifest, (ManifestMismatchError,), manifests, shape_json, JSON_WORDS
        ),
        Target("card", check_card, (CardInvalidError,), cards, shape_payload, JSON_WORDS),
        Target(
            "identity", check_identity, (IdentityFileError,), identities, shape_payload, JSON_WORDS
        ),
        Target(
            "statement",
            check_statement,
            (
                StatementFormatError,
                StatementAlteredError,
                StatementMismatchError,
                SignatureInvalidError,
                SenderUnknownError,
                NotForThisIdentityError,
            ),
            statements,
            shape_payload,
            [*JSON_WORDS, *Receipt.model_fields, *Destruction.model_fields],
        ),
        Target(
            "register",
            check_register,
            (RegisterDamagedError,),
            registers,
            shape_payload,
            JSON_WORDS,
        ),
        Target("recipe", check_recipe, (RecipeError,), recipes, shape_recipe, TOML_WORDS),
    )
}


def key_of(data: bytes) -> str:
    """Name of a file in a corpus, as libFuzzer names them."""
    return hashlib.sha1(data).hexdigest()
