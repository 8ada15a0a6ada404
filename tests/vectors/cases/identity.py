"""Identity files: of the people, and such as must not be unlocked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.vectors.cases.cast import ANN, BOB, CAT, DORA, EVE
from tests.vectors.cases.vector import Vector
from tests.vectors.format1 import IdentityDraft, Person, b64, sha256

PASSPHRASE = "four unrelated words, caf\u00e9"


def identities() -> Iterator[Vector]:
    """Identity files. Those of the people are what the tests unlock."""

    def identity(
        name: str,
        about: str,
        rules: str,
        draft: IdentityDraft,
        outcome: str = "identity_invalid",
        given: str = PASSPHRASE,
    ) -> Vector:
        facts: dict[str, Any] = {"kind": "identity", "passphrase": given}
        if outcome == "ok":
            facts["identity"] = {
                "fingerprint": draft.who.fingerprint,
                "former": [keys.fingerprint for keys in draft.who.former],
                "pseudonym_secret_sha256": sha256(draft.who.pseudonym_secret),
            }
        return Vector(f"{name}.identity.json", about, rules.split(), outcome, draft.write, facts)

    for one in (ANN, BOB, CAT):
        yield identity(
            one.name, f"the identity of {one.name}", "", IdentityDraft(one, PASSPHRASE), "ok"
        )
    yield identity(
        "dora", "an identity with former keys", "", IdentityDraft(DORA, PASSPHRASE), "ok"
    )
    mine = IdentityDraft(BOB, PASSPHRASE)
    decomposed = "four unrelated words, cafe\u0301"
    yield identity(
        "identity-ok-decomposed",
        "written and opened with the accent as a character of its own",
        "",
        replace(mine, passphrase=decomposed, label="decomposed"),
        "ok",
        decomposed,
    )
    yield identity(
        "identity-ok-parameters",
        "four rounds, one lane",
        "M18",
        replace(mine, label="parameters", change_kdf=lambda kdf: kdf.update(iterations=4, lanes=1)),
        "ok",
    )

    def kdf(**changes: Any) -> IdentityDraft:
        """Announced only: nobody should compute these."""
        return replace(mine, change_file=lambda file: file["kdf"].update(changes))

    yield identity(
        "identity-passphrase",
        "another passphrase",
        "",
        mine,
        "passphrase_wrong",
        "another one, long enough",
    )
    yield identity("identity-memory-low", "a KiB less than 64 MiB", "M18", kdf(memory_kib=65_535))
    yield identity(
        "identity-memory-high", "a KiB more than 1 GiB", "M18", kdf(memory_kib=1_048_577)
    )
    yield identity("identity-iterations-low", "2 rounds", "M18", kdf(iterations=2))
    yield identity("identity-iterations-high", "17 rounds", "M18", kdf(iterations=17))
    yield identity("identity-lanes-low", "no lanes", "M18", kdf(lanes=0))
    yield identity("identity-lanes-high", "17 lanes", "M18", kdf(lanes=17))
    yield identity("identity-kdf-name", "another way to derive the key", "M18", kdf(name="scrypt"))
    yield identity("identity-salt", "a salt of 15 bytes", "M18", kdf(salt=b64(bytes(15))))
    yield identity(
        "identity-nonce",
        "a nonce of 11 bytes",
        "M19",
        replace(mine, change_file=lambda f: f.update(nonce=b64(bytes(11)))),
    )
    swapped = Person("bob", BOB.keys, EVE.card)
    yield identity(
        "identity-card",
        "the card of somebody else, sealed in",
        "M20",
        IdentityDraft(swapped, PASSPHRASE, "card"),
    )
    yield identity(
        "identity-card-swapped",
        "the card of somebody else, put in afterwards",
        "M20",
        replace(mine, change_file=lambda f: f.update(card=EVE.card.decode().rstrip("\n"))),
        "passphrase_wrong",
    )
    yield identity(
        "identity-altered",
        "a byte of the ciphertext",
        "M20",
        replace(
            mine,
            change_file=lambda f: f.update(
                ciphertext="A" + f["ciphertext"][1:]
                if f["ciphertext"][0] != "A"
                else "B" + f["ciphertext"][1:]
            ),
        ),
        "passphrase_wrong",
    )
    yield identity(
        "identity-unknown",
        "an unknown member",
        "M3",
        replace(mine, change_file=lambda f: f.update(note="x")),
    )
    yield identity(
        "identity-version-2",
        "version 2",
        "M3",
        replace(mine, change_file=lambda f: f.update(securexfer_identity=2)),
    )
    yield identity(
        "identity-space",
        "not canonical",
        "M3",
        replace(mine, change_text=lambda old: old.replace(b":", b": ", 1)),
    )
    yield identity(
        "identity-secrets-missing",
        "no pseudonym secret",
        "M20",
        replace(mine, label="missing", change_secrets=lambda s: s.pop("pseudonym_secret")),
    )
