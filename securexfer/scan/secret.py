"""Secrets in a text: private keys, identity files, passphrases and passwords."""

from __future__ import annotations

import re

from securexfer.scan.ledger import KEY, PASSPHRASE

# A key has a body: programs and manuals name the first line of one too.
_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\\[rn]|\s)+"
    r"(?:[A-Za-z][A-Za-z-]{0,20}: [^\n]{0,200}(?:\\[rn]|\s)+){0,5}"
    r"(?:[A-Za-z0-9+/=]{16,}(?:\\[rn]|\s)*){2,}"
)
_PUTTY = re.compile(r"PuTTY-User-Key-File-[1-9]: .{0,4000}?Private-Lines: [0-9]", re.DOTALL)
_AGE = re.compile(r"AGE-SECRET-KEY-(?:PQ-)?1[02-9AC-HJ-NP-Z]{58,}")
_IDENTITY = re.compile(r'\\*"securexfer_identity\\*": ?[0-9]')
_SSH_COM = "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"
_WORD = r"(?:pass ?word|pass ?phrase|passwd|passcode|pwd)"
_SAID = re.compile(
    rf"(?i)(?:\b|_){_WORD}\b[\"']?\s{{0,3}}(?:is\s{{0,3}}:?|:|=)\s{{0,3}}[\"']?([^\s\"'<>]{{8,128}})"
)
_PHRASE = re.compile(
    rf"(?i)\b{_WORD}\s{{0,3}}(?:is\s{{0,3}}:?|:)\s{{0,3}}"
    r"([a-z]{3,}(?:[ -][a-z]{3,}){3,9})\s*$",
    re.MULTILINE,
)
# A reference to where a secret is kept, a call, a path, a hash, a pattern: no secret.
_NO_SECRET = re.compile(
    r"(?i)[(){}$|\\]|^(?:/|\./|~|\*|https?:|env:|file:|vault:|none|null|true|false|[\d.]+$)|^[0-9a-f]{32,}$"
)
_NAMED = re.compile(
    r"(?i)(?:^|[^a-z])(?:pass ?-?_?(?:word|phrase|wd|code)s?|pwd|passwort)(?:[^a-z]|$)"
)
_MAX_NAMED_BYTES, _MAX_PHRASE_CHARACTERS = 2048, 8192


def find_secrets(text: str, name: str = "") -> dict[str, int]:
    """Secrets in a text, by kind.

    Args:
        text: a block of it.
        name: of its file, which may say what it is; only with the first block.
    """
    n_keys = 0
    if "PRIVATE KEY" in text:
        n_keys += len(_KEY.findall(text)) + text.count(_SSH_COM)
    if "PuTTY-User-Key-File-" in text:
        n_keys += len(_PUTTY.findall(text))
    if "AGE-SECRET-KEY-" in text:
        n_keys += len(_AGE.findall(text))
    n_keys += len(_IDENTITY.findall(text)) if "securexfer_identity" in text else 0
    n_words = 0
    lower = text.lower()
    if "pass" in lower or "pwd" in lower:
        n_words += sum(map(_is_secret, _SAID.findall(text)))
        if len(text) <= _MAX_PHRASE_CHARACTERS:
            n_words += len(_PHRASE.findall(text))
    if not n_words and len(text) <= _MAX_NAMED_BYTES and _NAMED.search(name):
        # A file of that name with a line or two: what else would it hold?
        lines = [line for line in text.splitlines() if line.strip()]
        n_words = int(1 <= len(lines) <= 3 and all(len(line) <= 200 for line in lines))
    return {kind: n for kind, n in ((KEY, n_keys), (PASSPHRASE, n_words)) if n}


def _is_secret(text: str) -> bool:
    """Letters with digits and signs, as nobody would write a word."""
    text = text.rstrip(".,;")
    if len(text) < 8 or _NO_SECRET.search(text):
        return False
    has_letter = re.search("[A-Za-z]", text) is not None
    has_digit = re.search("[0-9]", text) is not None
    has_more = re.search(r"[^A-Za-z0-9_.-]", text) or (
        re.search("[a-z]", text) and re.search("[A-Z]", text)
    )
    return has_letter and has_digit and bool(has_more)
