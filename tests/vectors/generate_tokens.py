"""Published vectors for pseudonyms, computed without securexfer.

Run `python tests/vectors/generate_tokens.py > tests/vectors/tokens.json`. It follows the
description of the recipe's pseudonyms word by word, with nothing but the standard library, so
that a mistake in securexfer can't hide in its own test.

Canonical values use Python's NFKC, strip and upper, which agree with polars for every value here;
for some 150 characters they don't, and there polars is the reference.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
import unicodedata
from typing import Any

SECRET = bytes(range(32))
OTHER_SECRET = bytes(range(32, 64))
BUNDLE = "00112233445566778899aabbccddeeff"
OTHER_BUNDLE = "ffeeddccbbaa99887766554433221100"
ACME, BETA = "a" * 64, "0b" * 32

VALUES = {
    "a plain number": "1234567",
    "leading zeros count": "0001234567",
    "lower case": "ab123456c",
    "upper case": "AB123456C",
    "mixed case": "aB123456c",
    "full-width digits": "\uff11\uff12\uff13\uff14\uff15\uff16\uff17",
    "full-width letters": "\uff21\uff42123456\uff43",
    "spaces around": "  ab123456c \t",
    "no-break and ideographic spaces around": "\u00a0ab123456c\u3000",
    "spaces inside": "AB 12 34 56 C",
    "hyphens inside": "AB-12-34-56-C",
    "a hyphen here": "1-11",
    "a hyphen there": "11-1",
    "accents, composed": "Zo\u00eb",
    "accents, decomposed": "Zoe\u0308",
    "a ligature": "\ufb01eld",
    "a sharp s": "Stra\u00dfe",
    "a superscript": "10\u00b2",
    "beyond the basic plane": "\U0001f600 1",
    "a line end inside": "a\nb",
    "quotes and commas": 'a,"b"',
    "long": "x" * 300,
    "blank": "",
    "spaces only": "   ",
    "no-break spaces only": "\u00a0\u00a0",
}

SCOPES: dict[str, dict[str, Any]] = {
    "bundle": {"linkage": "bundle", "bundle_id": BUNDLE},
    "another bundle": {"linkage": "bundle", "bundle_id": OTHER_BUNDLE},
    "bundle of another sender": {
        "linkage": "bundle",
        "bundle_id": BUNDLE,
        "secret": OTHER_SECRET.hex(),
    },
    "agreement": {"reference": "DSA-2026-014", "epoch": None, "origins": [ACME]},
    "agreement, epoch": {"reference": "DSA-2026-014", "epoch": "2026", "origins": [ACME]},
    "agreement, next epoch": {"reference": "DSA-2026-014", "epoch": "2027", "origins": [ACME]},
    "agreement, other recipient": {"reference": "DSA-2026-014", "epoch": None, "origins": [BETA]},
    "agreement, two recipients": {
        "reference": "DSA-2026-014",
        "epoch": None,
        "origins": [ACME, BETA],
    },
    "agreement, two recipients the other way round": {
        "reference": "DSA-2026-014",
        "epoch": None,
        "origins": [BETA, ACME],
    },
    "another agreement": {"reference": "DSA-2026-015", "epoch": None, "origins": [ACME]},
    # Length prefixes keep these two apart, although their parts join to the same text.
    "reference that runs into the epoch": {"reference": "DSA-1", "epoch": "2", "origins": [ACME]},
    "reference that ends earlier": {"reference": "DSA-", "epoch": "12", "origins": [ACME]},
    "reference that is not ASCII": {
        "reference": "Vereinbarung \u00e9\U0001f600",
        "epoch": "\u00e9",
        "origins": [ACME],
    },
}
DOMAINS = ("person", "case-file_2")


def length_prefixed(*parts: str) -> bytes:
    """Each part in UTF-8 after its length, 4 bytes big-endian."""
    raw = [part.encode("utf-8") for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in raw)


def hkdf_sha256(key: bytes, info: bytes) -> bytes:
    """RFC 5869 with no salt, 32 bytes: one block of output is enough."""
    extracted = hmac.new(b"\0" * 32, key, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()


def scope_key(scope: dict[str, Any]) -> bytes:
    """The key within which tokens agree."""
    secret = bytes.fromhex(scope["secret"])
    if scope["linkage"] == "bundle":
        parts = ["securexfer/1/scope", "bundle", scope["bundle_id"]]
    else:
        origins = sorted(scope["origins"])
        parts = ["securexfer/1/scope", "agreement", scope["reference"], scope["epoch"] or ""]
        parts += [str(len(origins)), *origins]
    return hkdf_sha256(secret, length_prefixed(*parts))


def field_key(scope: bytes, domain: str) -> str:
    """The key of one domain, as the 64 hex digits that HMAC takes as its key."""
    return hkdf_sha256(scope, length_prefixed("securexfer/1/field", "token", domain, "")).hex()


def canonical_value(value: str) -> str:
    """NFKC, trimmed, upper case."""
    return unicodedata.normalize("NFKC", value).strip().upper()


def token(value: str, domain: str, key: str) -> str:
    """The domain and 24 hex digits; blank for blank."""
    canonical = canonical_value(value)
    if not canonical:
        return ""
    digest = hmac.new(key.encode("ascii"), canonical.encode("utf-8"), hashlib.sha256).hexdigest()
    return f"{domain}_{digest[:24]}"


def make_vectors() -> list[dict[str, Any]]:
    """Every value under the first scope, a few under every other; all domains."""
    vectors = []
    for i, (name, given) in enumerate(SCOPES.items()):
        scope = {"linkage": "agreement", "secret": SECRET.hex(), **given}
        key = scope_key(scope)
        for domain in DOMAINS:
            of_domain = field_key(key, domain)
            named = list(VALUES.items())
            tokens = [
                {"case": case, "value": value, "token": token(value, domain, of_domain)}
                for case, value in (named if i == 0 else named[:4])
            ]
            vectors.append(
                {
                    "name": name,
                    **scope,
                    "domain": domain,
                    "scope_key": key.hex(),
                    "field_key": of_domain,
                    "tokens": tokens,
                }
            )
    return vectors


def render() -> str:
    """The file's text."""
    return json.dumps({"version": 1, "vectors": make_vectors()}, indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render())
