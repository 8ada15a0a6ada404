"""Fingerprints: the name of a set of public keys, in files and over the phone.

Files and comparisons use all 256 bits as 64 hex digits. People read 160 bits as eight groups of
four base-32 characters (RFC 4648 alphabet: no 0, 1, 8, 9), always whole: a second key set that
shares 160 bits is out of reach, one that shares a few groups is not.
"""

from __future__ import annotations

import base64
import re

_SPOKEN_BYTES = 20
_FULL = re.compile(r"[0-9a-f]{64}")


def is_fingerprint(text: str) -> bool:
    """Whether a text is a full fingerprint as files spell it."""
    return _FULL.fullmatch(text) is not None


def format_fingerprint(fingerprint: str) -> str:
    """The spoken form, for example `ABCD-EFGH-…`: eight groups of four characters."""
    spoken = base64.b32encode(bytes.fromhex(fingerprint)[:_SPOKEN_BYTES]).decode("ascii")
    return "-".join(spoken[i : i + 4] for i in range(0, len(spoken), 4))


def is_whole(entered: str) -> bool:
    """Whether what a person entered has the length of either form."""
    return len(_strip(entered)) in (8 * _SPOKEN_BYTES // 5, 64)


def fingerprint_matches(fingerprint: str, entered: str) -> bool:
    """Whether what a person entered (spoken or full form, whole) is this fingerprint."""
    typed = _strip(entered)
    if typed.lower() == fingerprint:
        return True
    return typed.upper() == format_fingerprint(fingerprint).replace("-", "")


def _strip(entered: str) -> str:
    return re.sub(r"[\s-]", "", entered)
