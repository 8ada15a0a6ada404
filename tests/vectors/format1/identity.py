"""Identity files: secrets under a passphrase."""

from __future__ import annotations

import base64
import unicodedata
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from tests.vectors.format1.card import Person
from tests.vectors.format1.edit import Changes, Edit, nothing, same
from tests.vectors.format1.encoding import b64, canonical, seeded


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
