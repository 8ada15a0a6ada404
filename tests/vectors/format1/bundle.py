"""Whole bundles, step by step."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.vectors.format1.card import Person
from tests.vectors.format1.edit import Changes, Edit, nothing, same
from tests.vectors.format1.encoding import b64, canonical, lp, padme, seeded, sha256
from tests.vectors.format1.key import Keys, seal
from tests.vectors.format1.member import Entry
from tests.vectors.format1.table import Table

COMMENT_BYTES = 6144
END_BYTES = 22
CREATED = "2026-11-22T09:30:00Z"
EXPIRES = "2027-02-20T09:30:00Z"
NO_HEAD = "0" * 64


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
