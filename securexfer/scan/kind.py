"""What a file is, by its content: a name can say anything."""

from __future__ import annotations

import codecs
import re

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08PK\x03\x04", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"%PDF-", "pdf"),
    (b"SQLite format 3\0", "sqlite"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old"),  # Word, Excel and Outlook before XML
    # What may hold anything and is not read here.
    (b"\x28\xb5\x2f\xfd", "closed"),  # zstd
    (b"7z\xbc\xaf\x27\x1c", "closed"),
    (b"Rar!\x1a\x07", "closed"),
    (b"MSCF\0", "closed"),
    (b"\x1f\x9d", "closed"),  # compress
    (b"\x04\x22\x4d\x18", "closed"),  # lz4
    (b"PAR1", "closed"),
    (b"ARROW1", "closed"),
    (b"\x89HDF\r\n\x1a\n", "closed"),
    (b"\0\1\0\0Standard Jet DB", "closed"),
    (b"\0\1\0\0Standard ACE DB", "closed"),
    (b"!BDN", "closed"),  # Outlook
    (b"koly", "closed"),
    (b"QFI\xfb", "closed"),
    (b"vhdxfile", "closed"),
    (b"conectix", "closed"),
    (b"age-encryption.org/", "encrypted"),
    (b"-----BEGIN AGE ENCRYPTED FILE-----", "encrypted"),
    (b"-----BEGIN PGP MESSAGE-----", "encrypted"),
    (b"LUKS\xba\xbe", "encrypted"),
    (b"-FVE-FS-", "encrypted"),
    (b"Salted__", "encrypted"),
    (b"\x03\xd9\xa2\x9a", "keys"),  # KeePass
    (b"\xfe\xed\xfe\xed", "keys"),  # Java's key store
    # Pictures, sound, films, programs, fonts.
    (b"\x89PNG\r\n\x1a\n", "media"),
    (b"\xff\xd8\xff", "media"),
    (b"GIF8", "media"),
    (b"II*\0", "media"),
    (b"MM\0*", "media"),
    (b"8BPS", "media"),
    (b"OggS", "media"),
    (b"fLaC", "media"),
    (b"ID3", "media"),
    (b"\xff\xfb", "media"),
    (b"\x1aE\xdf\xa3", "media"),
    (b"\x7fELF", "program"),
    (b"MZ", "program"),
    (b"\xcf\xfa\xed\xfe", "program"),
    (b"\xca\xfe\xba\xbe", "program"),
    (b"\0asm", "program"),
    (b"!<arch>\n", "program"),
    (b"\0\1\0\0\0", "media"),
    (b"OTTO", "media"),
    (b"wOFF", "media"),
    (b"wOF2", "media"),
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_MAX_CONTROL = 0.01
_NO_TEXT = frozenset(["bzip2", "closed", "media", "program"])
END_BYTES = 22 + 65_535
_OID_DATA = bytes.fromhex("06092a864886f70d0107")


def find_kind(head: bytes) -> str:
    """One of zip, gzip, bzip2, xz, tar, pdf, sqlite, old, closed, encrypted, keys, media, program,
    text, empty and binary, by the first bytes.
    """
    if not head:
        return "empty"
    encoding = find_encoding(head)
    for start, kind in _STARTS:
        # A table may begin with "ID3" or "MZ" as well.
        if head.startswith(start) and not (encoding and kind in _NO_TEXT):
            return kind
    if head[4:8] == b"ftyp" or (head[:4] == b"RIFF" and head[8:12] in (b"WAVE", b"AVI ", b"WEBP")):
        return "media"
    if is_tar(head):
        return "tar"
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head[:1] == b"0" and is_key(head):
        return "keys"
    return "text" if encoding else "binary"


def is_tar(head: bytes) -> bool:
    """Whether the first block is a member's header: its sum fits, whatever its dialect."""
    if len(head) < 512 or not head[0]:
        return False
    try:
        said = int(head[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    return said == sum(head[:148]) + 8 * 32 + sum(head[156:512])


def is_key(head: bytes) -> bool:
    """Whether it begins as a private key does in DER: PKCS 1, 8 or 12, SEC 1."""
    body = (
        head[2:] if len(head) > 1 and head[1] < 0x80 else head[2 + (head[1:2] or b"\0")[0] % 0x80 :]
    )
    if body.startswith(b"\x02\x01\x03\x30"):  # PKCS 12: version 3, then its content
        return _OID_DATA in body[:32]
    if body.startswith(b"\x02\x01\x00\x30"):  # PKCS 8: version 0, then which algorithm
        return body[5:30].find(b"\x06") >= 0
    if body.startswith(b"\x02\x01\x00\x02"):  # PKCS 1
        return len(head) > 200
    if body.startswith(b"\x02\x01\x01\x04"):  # SEC 1
        return True
    # PKCS 8, encrypted: which scheme, one of PKCS 5 or 12, and then octets.
    return body.startswith(b"\x30") and bytes.fromhex("06092a864886f70d0105") in body[:16]


def find_encoding(head: bytes) -> str:
    """The encoding of a text, or "" if it is none."""
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if len(head) >= 4:
        even, odd = head[0::2], head[1::2]
        n = len(odd)
        # Of Latin text in UTF-16, every other byte is zero.
        if odd.count(0) > 0.6 * n and even.count(0) < 0.05 * n:
            return "utf-16-le"
        if even.count(0) > 0.6 * n and odd.count(0) < 0.05 * n:
            return "utf-16-be"
    if len(_CONTROL.findall(head)) > _MAX_CONTROL * len(head):
        return ""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        # Any bytes can be a text of one byte for each letter; few texts have many such letters.
        n_high = sum(byte > 0x7F for byte in head[:4096])
        return "cp1252" if n_high <= 0.3 * min(len(head), 4096) else ""
    return "utf-8"
