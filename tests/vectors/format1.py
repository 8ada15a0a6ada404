"""A second writer of format 1, made from `docs/format.md` alone.

Nothing of securexfer is used here, so that page and program can be compared. Every step can be
bent by an edit, which is how the vectors of `generate_bundles.py` break one rule and keep the rest.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import struct
import unicodedata
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PublicKey, Suite
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

Edit = Callable[[bytes], bytes]
Changes = Callable[[dict[str, Any]], object]

KEY_NAMES = ("x25519", "ml_kem_768", "ed25519", "ml_dsa_65")
SEED_BYTES = {"x25519": 32, "ml_kem_768": 64, "ed25519": 32, "ml_dsa_65": 32}
COMMENT_BYTES = 6144
END_BYTES = 22
CREATED = "2026-11-22T09:30:00Z"
EXPIRES = "2027-02-20T09:30:00Z"
NO_HEAD = "0" * 64


def same(data: bytes) -> bytes:
    return data


def nothing(_: Any) -> None:
    return None


# -- building blocks ----------------------------------------------------------------------------


def seeded(n: int, *labels: str | int) -> bytes:
    """Bytes that are random to look at, and the same in each run."""
    text = "/".join(["securexfer vectors", *map(str, labels)])
    return hashlib.shake_256(text.encode()).digest(n)


def utf8(part: str | bytes) -> bytes:
    return part.encode("utf-8") if isinstance(part, str) else part


def lp(*parts: str | bytes) -> bytes:
    return b"".join(struct.pack(">I", len(utf8(part))) + utf8(part) for part in parts)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def canonical(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8")


def padme(size: int) -> int:
    if size < 2:
        return size
    exponent = size.bit_length() - 1
    low = max(exponent - exponent.bit_length(), 0)
    return -(-size >> low) << low


# -- keys, signatures, documents ----------------------------------------------------------------


@dataclass(frozen=True)
class Keys:
    """A key set from its four seeds."""

    seeds: Mapping[str, bytes]

    @classmethod
    def seeded(cls, *labels: str | int) -> Keys:
        return cls({name: seeded(SEED_BYTES[name], "keys", *labels, name) for name in KEY_NAMES})

    @cached_property
    def public(self) -> dict[str, bytes]:
        kem = MLKEM768PrivateKey.from_seed_bytes(self.seeds["ml_kem_768"])
        dsa = MLDSA65PrivateKey.from_seed_bytes(self.seeds["ml_dsa_65"])
        ed25519 = Ed25519PrivateKey.from_private_bytes(self.seeds["ed25519"])
        x25519 = X25519PrivateKey.from_private_bytes(self.seeds["x25519"])
        return {
            "x25519": x25519.public_key().public_bytes_raw(),
            "ml_kem_768": kem.public_key().public_bytes_raw(),
            "ed25519": ed25519.public_key().public_bytes_raw(),
            "ml_dsa_65": dsa.public_key().public_bytes_raw(),
        }

    def showing(self, name: str, key: bytes) -> Keys:
        """The same private keys, with another public key of that name on show."""
        shown = Keys(self.seeds)
        shown.__dict__["public"] = {**self.public, name: key}
        return shown

    @cached_property
    def fingerprint(self) -> str:
        return sha256(lp("securexfer/1/fingerprint", *(self.public[name] for name in KEY_NAMES)))

    @property
    def spoken(self) -> str:
        text = base64.b32encode(bytes.fromhex(self.fingerprint)[:20]).decode("ascii")
        return "-".join(text[i : i + 4] for i in range(0, 32, 4))

    def sign(
        self, kind: str, payload: bytes, *, signer: str | None = None, context: bytes | None = None
    ) -> tuple[bytes, bytes]:
        message = lp(f"securexfer/1/{kind}", signer or self.fingerprint, payload)
        return (
            Ed25519PrivateKey.from_private_bytes(self.seeds["ed25519"]).sign(message),
            MLDSA65PrivateKey.from_seed_bytes(self.seeds["ml_dsa_65"]).sign(message, context),
        )

    def signature(self, kind: str, payload: bytes) -> dict[str, str]:
        ed25519, ml_dsa_65 = self.sign(kind, payload)
        return {
            "kind": kind,
            "signer": self.fingerprint,
            "ed25519": b64(ed25519),
            "ml_dsa_65": b64(ml_dsa_65),
        }


@dataclass(frozen=True)
class CardDraft:
    """A card, made step by step."""

    keys: Keys
    name: str
    follows: Keys | None = None
    generation: int = 1
    created_at: str = "2026-11-12T09:30:00Z"
    expires_at: str = "2028-11-12T09:30:00Z"
    change: Changes = nothing
    change_payload: Edit = same
    change_document: Changes = nothing
    change_text: Edit = same

    @property
    def payload(self) -> bytes:
        members: dict[str, Any] = {
            "securexfer_card": 1,
            "name": self.name,
            "organisation": "Office of Examples",
            "email": "someone@example.org",
            "keys": {name: b64(key) for name, key in self.keys.public.items()},
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "generation": self.generation,
            "previous_fingerprint": self.follows.fingerprint if self.follows else "",
        }
        self.change(members)
        return self.change_payload(canonical(members))

    def write(self) -> bytes:
        payload = self.payload
        signatures = [self.keys.signature("card", payload)]
        if self.follows:
            signatures.append(self.follows.signature("rotation", payload))
        document: dict[str, Any] = {"payload": payload.decode("utf-8"), "signatures": signatures}
        self.change_document(document)
        return self.change_text(canonical(document) + b"\n")


@dataclass(frozen=True)
class Person:
    """Somebody with keys and a card."""

    name: str
    keys: Keys
    card: bytes
    former: tuple[Keys, ...] = ()

    @property
    def fingerprint(self) -> str:
        return self.keys.fingerprint

    @property
    def pseudonym_secret(self) -> bytes:
        return seeded(32, "pseudonyms", self.name)


def person(name: str) -> Person:
    keys = Keys.seeded(name)
    return Person(name, keys, CardDraft(keys, name).write())


@dataclass(frozen=True)
class IdentityDraft:
    """An identity file, made step by step."""

    who: Person
    passphrase: str
    label: str = ""
    change_kdf: Changes = nothing
    change_secrets: Changes = nothing
    change_file: Changes = nothing
    change_text: Edit = same

    def write(self) -> bytes:
        salt, nonce = (seeded(n, "identity", self.who.name, self.label, n) for n in (16, 12))
        kdf: dict[str, Any] = {
            "name": "argon2id",
            "memory_kib": 65536,
            "iterations": 3,
            "lanes": 4,
            "salt": b64(salt),
        }
        self.change_kdf(kdf)
        file: dict[str, Any] = {
            "securexfer_identity": 1,
            "card": self.who.card.decode("utf-8").removesuffix("\n"),
            "kdf": kdf,
            "nonce": b64(nonce),
        }
        secrets: dict[str, Any] = {
            "keys": {name: b64(seed) for name, seed in self.who.keys.seeds.items()},
            "former": [
                {name: b64(seed) for name, seed in keys.seeds.items()} for keys in self.who.former
            ],
            "pseudonym_secret": b64(self.who.pseudonym_secret),
        }
        self.change_secrets(secrets)
        key = Argon2id(
            salt=base64.b64decode(kdf["salt"]),
            length=32,
            iterations=kdf["iterations"],
            lanes=kdf["lanes"],
            memory_cost=kdf["memory_kib"],
        ).derive(unicodedata.normalize("NFC", self.passphrase).encode("utf-8"))
        data = AESGCM(key).encrypt(nonce, canonical(secrets), canonical(file))
        file["ciphertext"] = b64(data)
        self.change_file(file)
        return self.change_text(canonical(file) + b"\n")


# -- inside the members -------------------------------------------------------------------------


def seal(password: bytes, public: Mapping[str, bytes], info: bytes) -> bytes:
    key = MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(public["ml_kem_768"]),
        X25519PublicKey.from_public_bytes(public["x25519"]),
    )
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    return suite.encrypt(password, key, info)


def ae2(password: bytes, salt: bytes, content: bytes) -> bytes:
    """WinZip AE-2 with AES-256: the counter is little-endian and starts at 1."""
    derived = hashlib.pbkdf2_hmac("sha1", password, salt, 1000, 66)
    key, mac_key, check = derived[:32], derived[32:64], derived[64:]
    counters = (i.to_bytes(16, "little") for i in range(1, -(-len(content) // 16) + 1))
    encryptor = Cipher(AES(key), ECB()).encryptor()
    stream = encryptor.update(b"".join(counters))[: len(content)]
    mixed = int.from_bytes(content, "little") ^ int.from_bytes(stream, "little")
    data = mixed.to_bytes(len(content), "little")
    return salt + check + data + hmac.digest(mac_key, data, "sha1")[:10]


def gzip_member(data: bytes, level: int = 9) -> bytes:
    return gzip.compress(data, level, mtime=0)


def empty_member(n_zeros: int) -> bytes:
    extra = b"SX" + struct.pack("<H", n_zeros) + bytes(n_zeros)
    head = bytes.fromhex("1f8b08040000000000ff")
    return head + struct.pack("<H", len(extra)) + extra + b"\x03\0" + bytes(8)


def gzip_padding(n_compressed: int) -> bytes:
    gap = padme(n_compressed + 26) - n_compressed
    members = b""
    while gap > 16_022:
        step = min(16_022, gap - 26)
        members += empty_member(step - 26)
        gap -= step
    return members + empty_member(gap - 26)


def compress(data: bytes, *, chunk: int = 0, level: int = 9) -> bytes:
    """As gzip members of `chunk` bytes each (0: one), and padding."""
    step = chunk or max(len(data), 1)
    cut = b"".join(
        gzip_member(data[i : i + step], level) for i in range(0, max(len(data), 1), step)
    )
    return cut + gzip_padding(len(cut))


@dataclass
class Table:
    """A table, and what the manifest says about it."""

    name: str = "people"
    rows: Sequence[Sequence[str]] = (("id", "year"), ("person_1", "1980"), ("person_2", "1991"))
    csv: bytes = b""
    content: bytes | None = None
    change: Changes = nothing

    @property
    def plaintext(self) -> bytes:
        lines = (",".join(map(quoted, row)) + "\n" for row in self.rows)
        return self.csv or "".join(lines).encode("utf-8")

    @property
    def member_content(self) -> bytes:
        return compress(self.plaintext) if self.content is None else self.content

    def record(self, member: str) -> dict[str, Any]:
        made: dict[str, Any] = {
            "name": self.name,
            "member": member,
            "fields": [
                {"name": name, "action": "keep", "source": f"{name}_source"}
                for name in self.rows[0]
            ],
            "withheld": ["surname"],
            "n_rows_in": len(self.rows) - 1,
            "n_rows_out": len(self.rows) - 1,
            "n_blank_lines": 0,
            "n_unparsed": {},
            "n_subjects": len(self.rows) - 1,
            "n_subjects_is": "upper bound",
            "plaintext_sha256": sha256(self.plaintext),
            "n_bytes": len(self.plaintext),
            "gates": [],
        }
        self.change(made)
        return made


def quoted(cell: str) -> str:
    if any(mark in cell for mark in ',"\r\n'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


# -- ZIP bytes ----------------------------------------------------------------------------------


@dataclass
class Entry:
    """A member: its content, how it is stored, and edits to its bytes of structure."""

    name: str
    content: bytes
    encrypted: bool = True
    salt: bytes = b""
    password: bytes | None = None
    header: Edit = same
    stored: Edit = same
    descriptor: Edit = same
    listed: Edit = same
    before: bytes = b""
    after: bytes = b""
    in_directory: bool = True
    in_envelope: bool = True
    crc: int | None = None

    offset: int = 0
    sizes: tuple[int, int] = (0, 0)

    @property
    def ae2_extra(self) -> bytes:
        return struct.pack("<HHH2sBH", 0x9901, 7, 2, b"AE", 3, 0) if self.encrypted else b""

    @property
    def fields(self) -> bytes:
        """Flags, method, time, date."""
        shape = (9, 99) if self.encrypted else (8, 0)
        return struct.pack("<HHHH", *shape, 0, 0x21)

    @property
    def checksum(self) -> int:
        if self.crc is not None:
            return self.crc
        return 0 if self.encrypted else zlib.crc32(self.content)

    def write(self, offset: int, password: bytes) -> bytes:
        """Local header to descriptor."""
        self.offset = offset
        data = self.content
        if self.encrypted:
            data = ae2(self.password or password, self.salt, data)
        data = self.stored(data)
        self.sizes = (len(data), len(self.content))
        name = self.name.encode("utf-8")
        extra = struct.pack("<HHQQ", 1, 16, 0, 0) + self.ae2_extra
        header = struct.pack("<4sH", b"PK\x03\x04", 20) + self.fields
        header += struct.pack("<IIIHH", 0, 0, 0, len(name), len(extra)) + name + extra
        descriptor = struct.pack("<4sIQQ", b"PK\x07\x08", self.checksum, *self.sizes)
        return self.header(header) + data + self.descriptor(descriptor)

    def directory_entry(self) -> bytes:
        name = self.name.encode("utf-8")
        made = struct.pack("<4sBBH", b"PK\x01\x02", 20, 3, 20) + self.fields
        made += struct.pack("<III", self.checksum, *self.sizes)
        made += struct.pack("<HHHHH", len(name), len(self.ae2_extra), 0, 0, 0)
        made += struct.pack("<II", 0x01800000, self.offset)
        return self.listed(made + name + self.ae2_extra)


def poke(at: int, data: bytes) -> Edit:
    """Other bytes at a place; from the end if it is negative."""

    def edit(old: bytes) -> bytes:
        start = at % len(old)
        return old[:start] + data + old[start + len(data) :]

    return edit


def flip(at: int) -> Edit:
    """One bit at a place; from the end if it is negative."""
    return lambda old: poke(at, bytes([old[at] ^ 1]))(old)


# -- bundles ------------------------------------------------------------------------------------


@dataclass
class Bundle:
    """A bundle, made step by step; each step can be bent."""

    label: str
    sender: Person
    recipients: Sequence[Person]
    tables: Sequence[Table] = field(default_factory=lambda: [Table()])
    created_at: str = CREATED
    expires_at: str = EXPIRES
    sequence: int = 1
    id_label: str = ""
    bundle_id: str = ""
    password: str = ""
    read_me: bytes = b"This drive belongs to the Office of Examples. Please bring it back.\n"
    change_manifest: Changes = nothing
    change_manifest_text: Edit = same
    pad_manifest: bool = True
    change_members: Callable[[list[Entry]], object] = nothing
    change_seal: Changes = nothing
    commitment_id: str = ""
    committed_password: str = ""
    change_envelope: Changes = nothing
    change_envelope_text: Edit = same
    change_envelope_entry: Callable[[Entry], object] = nothing
    change_directory: Callable[[list[bytes]], object] = nothing
    before_end: bytes = b""
    change_end: Edit = same
    sign: Callable[[Keys, bytes], tuple[bytes, bytes]] = field(
        default=lambda keys, payload: keys.sign("bundle", payload)
    )
    change_lines: Callable[[list[str]], object] = nothing
    change_signed_lines: Callable[[list[str]], object] = nothing
    change_comment: Edit = same
    change_file: Edit = same

    def __post_init__(self) -> None:
        self.bundle_id = self.bundle_id or seeded(16, "id", self.id_label or self.label).hex()
        raw = seeded(32, "password", self.label)
        self.password = self.password or base64.urlsafe_b64encode(raw).decode().rstrip("=")

    def manifest(self) -> dict[str, Any]:
        members = [f"tables/{i:04}.csv.gz" for i in range(1, len(self.tables) + 1)]
        made: dict[str, Any] = {
            "name": f"sx-{self.bundle_id[:12]}",
            "resources": [
                {
                    "name": table.name.lower(),
                    "path": f"{table.name}.csv",
                    "format": "csv",
                    "mediatype": "text/csv",
                    "encoding": "utf-8",
                    "schema": {
                        "fields": [{"name": name, "type": "string"} for name in table.rows[0]]
                    },
                }
                for table in self.tables
            ],
            "securexfer": {
                "format": 1,
                "bundle_id": self.bundle_id,
                "sender": self.sender.fingerprint,
                "created_at": self.created_at,
                "expires_at": self.expires_at,
                "recipients": [one.fingerprint for one in self.recipients],
                "members": ["READ-ME.txt", *members, "manifest.json"],
                "sequence": self.sequence,
                "agreement": {
                    "reference": "DSA-2026-014",
                    "purpose": "Evaluate supervision",
                    "controller": "Ministry of Examples",
                    "regime": "dpa2018-part3",
                    "lawful_basis": "Part 3, s.35(2)(b)",
                    "retention_days": 90,
                },
                "forwarding": "no",
                "linkage": "bundle",
                "recipe_sha256": sha256(b"a recipe"),
                "tool": "format1 1",
                "tables": [
                    table.record(member) for table, member in zip(self.tables, members, strict=True)
                ],
            },
        }
        self.change_manifest(made)
        return made

    def manifest_bytes(self) -> bytes:
        text = json.dumps(self.manifest(), ensure_ascii=False).encode("utf-8")
        text = self.change_manifest_text(text)
        return text.ljust(padme(len(text))) if self.pad_manifest else text

    def entries(self) -> list[Entry]:
        made = [Entry("READ-ME.txt", self.read_me, encrypted=False)]
        made += [
            Entry(f"tables/{i:04}.csv.gz", table.member_content)
            for i, table in enumerate(self.tables, 1)
        ]
        made.append(Entry("manifest.json", self.manifest_bytes()))
        self.change_members(made)
        for i, entry in enumerate(made):
            entry.salt = seeded(16, "salt", self.label, i)
        return made

    def sealed(self, recipient: Person) -> bytes:
        parts: dict[str, Any] = {
            "label": "securexfer/1/seal",
            "bundle_id": self.bundle_id,
            "sender": self.sender.fingerprint,
            "recipient": recipient.fingerprint,
            "password": self.password,
            "public": recipient.keys.public,
        }
        self.change_seal(parts)
        names = ("label", "bundle_id", "sender", "recipient")
        info = lp(*(parts[name] for name in names))
        return seal(parts["password"].encode(), parts["public"], info)

    def envelope(self, members: list[dict[str, Any]]) -> dict[str, Any]:
        commitment = lp(
            "securexfer/1/password",
            self.commitment_id or self.bundle_id,
            self.committed_password or self.password,
        )
        made: dict[str, Any] = {
            "format": 1,
            "bundle_id": self.bundle_id,
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "sender": self.sender.fingerprint,
            "recipients": [
                {"fingerprint": one.fingerprint, "sealed_password": b64(self.sealed(one))}
                for one in self.recipients
            ],
            "password_commitment": sha256(commitment),
            "register_head": NO_HEAD,
            "members": members,
        }
        self.change_envelope(made)
        return made

    @property
    def origin(self) -> Bundle:
        """The bundle as it was packed."""
        return self

    @property
    def hands(self) -> list[Person]:
        """Whoever packed it, and everybody who forwarded it."""
        return [self.sender]

    @property
    def hops(self) -> list[dict[str, str]]:
        """What the provenance of this bundle says, oldest first."""
        return []

    @cached_property
    def hop(self) -> dict[str, str]:
        """What the provenance of a bundle that this one is forwarded in says of it."""
        data = self.file
        start = data.index(b"envelope.json") + len("envelope.json") + 20
        end = data.index(b"PK\x07\x08", start)
        return {
            "envelope": data[start:end].decode("utf-8"),
            "comment": data[-COMMENT_BYTES:].decode("ascii"),
        }

    @cached_property
    def file(self) -> bytes:
        """This bundle, written once: sealing and signing are randomised."""
        return self.write()

    def write(self) -> bytes:
        body = bytearray()
        listing = []
        entries = self.entries()
        for entry in entries:
            body += entry.before
            raw = entry.write(len(body), self.password.encode())
            if entry.in_envelope:
                listing.append(
                    {
                        "name": entry.name,
                        "offset": len(body),
                        "length": len(raw),
                        "sha256": sha256(raw),
                    }
                )
            body += raw + entry.after
        content = self.change_envelope_text(canonical(self.envelope(listing)))
        last = Entry("envelope.json", content, encrypted=False)
        self.change_envelope_entry(last)
        body += last.before + last.write(len(body) + len(last.before), b"") + last.after

        directory = [one.directory_entry() for one in [*entries, last] if one.in_directory]
        self.change_directory(directory)
        size = sum(map(len, directory))
        counts = (len(directory), len(directory))
        end = struct.pack("<4sHHHHII", b"PK\x05\x06", 0, 0, *counts, size, len(body))
        end += struct.pack("<H", COMMENT_BYTES)
        body += b"".join(directory) + self.before_end + self.change_end(end)
        return self.change_file(bytes(body) + self.comment(bytes(body), content))

    def comment(self, signed: bytes, envelope: bytes) -> bytes:
        facts = [self.sender.fingerprint, sha256(envelope), sha256(signed)]
        self.change_signed_lines(facts)
        ed25519, ml_dsa_65 = self.sign(self.sender.keys, lp(*facts))
        lines = ["securexfer-signature-1", *facts, b64(ed25519), b64(ml_dsa_65)]
        self.change_lines(lines)
        text = "".join(line + "\n" for line in lines).encode("ascii")
        return self.change_comment(text.ljust(COMMENT_BYTES - 1) + b"\n")


@dataclass
class Forward(Bundle):
    """A bundle that `sender` makes of another one, for colleagues; each step can be bent."""

    source: Bundle = field(kw_only=True)
    change_hops: Callable[[list[dict[str, str]]], object] = nothing
    change_provenance: Changes = nothing
    change_provenance_text: Edit = same
    pad_provenance: bool = True

    def __post_init__(self) -> None:
        self.password = self.password or self.source.password
        self.tables = self.source.tables
        super().__post_init__()

    @property
    def origin(self) -> Bundle:
        return self.source.origin

    @property
    def hands(self) -> list[Person]:
        return [*self.source.hands, self.sender]

    @property
    def hops(self) -> list[dict[str, str]]:
        return [*self.source.hops, self.source.hop]

    def provenance_bytes(self) -> bytes:
        hops = [dict(hop) for hop in self.hops]
        self.change_hops(hops)
        made: dict[str, Any] = {"securexfer_provenance": 1, "hops": hops}
        self.change_provenance(made)
        text = self.change_provenance_text(canonical(made))
        return text.ljust(padme(max(len(text), 65_536))) if self.pad_provenance else text

    def entries(self) -> list[Entry]:
        made = [entry for entry in self.source.entries() if entry.name != "provenance.json"]
        content = self.provenance_bytes()
        salt = seeded(16, "salt", self.label)
        made.insert(len(made) - 1, Entry("provenance.json", content, salt=salt))
        self.change_members(made)
        return made
