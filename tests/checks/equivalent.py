"""Mutants that change nothing that anybody could notice, each with the reason.

The mutation run counts and shows them; it fails when one of them is killed after all.
"""

# ruff: noqa: E501  (the names stand here as the run prints them)

from __future__ import annotations

_BY_REASON = {
    "only the kind and the place of a fault are looked at": (
        "bundle.envelope.decode_envelope: `error.errors(include_input=False, include_url=False)` -> `error.errors(include_url=False)`",
        "bundle.envelope.decode_envelope: `error.errors(include_input=False, include_url=False)` -> `error.errors(include_input=False)`",
        "bundle.envelope.decode_envelope: `False` -> `True`",
        "bundle.envelope.decode_envelope: `False` -> `True` (place 2)",
    ),
    "any number that is no block's, and any bytes: nothing is at hand yet": (
        "bundle.file.BundleFile.__init__: `1` -> `2`",
        "bundle.file.BundleFile.__init__: `b''` -> `b'XX'`",
    ),
    "where the flag exists, what stands in for it is not used": (
        "bundle.file.BundleFile.open: `0` -> `1`",
        "bundle.file.BundleFile.open: `0` -> `-1`",
        "bundle.file.BundleFile.open: `0` -> `1` (place 2)",
        "bundle.file.BundleFile.open: `0` -> `-1` (place 2)",
        "bundle.file.BundleFile.open: `'O_BINARY'` -> `'XXO_BINARY'`",
    ),
    "only Windows has the flag": (
        "bundle.file.BundleFile.open: `flags |= getattr(os, 'O_BINARY', 0)` -> `pass`",
    ),
    "the base class keeps nothing that is not made by itself": (
        "bundle.file.BundleView.__init__: `super().__init__()` -> `pass`",
    ),
    "every negative size means all that is left": ("bundle.file.BundleView.read: `1` -> `2`",),
    "at the boundary the part that is added is empty": (
        "bundle.file.BundleView.read: `self._position < signed` -> `self._position <= signed`",
        "bundle.file.BundleView.read: `end > signed` -> `end >= signed`",
    ),
    "ZIP keeps the seconds halved, so that one is none": ("bundle.layout: `0` -> `1` (place 3)",),
    "the name of a type variable": ("bundle.manifest: `'T'` -> `'XXT'`",),
    "comparing what is no number fails as well, and pydantic refuses it strictly": (
        "bundle.manifest._check_counts: `type(n) is int and 0 <= n <= MAX_INTEGER` -> `0 <= n <= MAX_INTEGER`",
    ),
    "no tables contradict the envelope, which has one at least": (
        "bundle.manifest.Manifest: `Field(min_length=1, max_length=MAX_TABLES)` -> `Field(max_length=MAX_TABLES)`",
        "bundle.manifest.Manifest: `1` -> `0` (place 5)",
    ),
    "how much is read at a time": (
        "bundle.reader: `1024 * 1024` -> `1024 // 1024`",
        "bundle.reader: `1024` -> `1025`",
        "bundle.reader: `1024` -> `1023`",
        "bundle.reader: `1024` -> `1025` (place 2)",
        "bundle.reader: `1024` -> `1023` (place 2)",
    ),
    "what is not marked is hashed anew; only time and memory differ": (
        "bundle.file: `9` -> `8`",
        "bundle.file: `9` -> `10`",
        "bundle.file.BundleFile.hash_all: `deque(maxlen=_MAX_MARKS)` -> `deque()`",
        "bundle.file.BundleFile.hash_all: `marks.append((n_read, whole.copy()))` -> `pass`",
    ),
    "of more than was asked for, what was asked for is taken; only time and memory differ": (
        "bundle.file.BundleFile._block: `1` -> `2`",
    ),
    "one piece is hashed beside another at a time, and all are when the helper has gone": (
        "bundle.file.BundleFile.hash_all: `1` -> `2`",
        "bundle.file.BundleFile.hash_all: `beside.result()` -> `pass`",
    ),
    "whatever is still written then is not looked at": (
        "bundle.writer.ForwardWriter.write_provenance: `aside.abandon()` -> `pass`",
    ),
    "whether anything follows, not how much": ("bundle.reader.Inside.rows: `1` -> `2`",),
    "it is the default, and the linter wants it said": (
        "bundle.outside._read_layout: `zip(extents, envelope.members, strict=False)` -> `zip(extents, envelope.members)`",
    ),
    "43 characters of base64 never end in X: the last carries four bits": (
        "bundle.writer.BundleWriter.__init__: `b'='` -> `b'XX='`",
    ),
    "it is the default": (
        "bundle.writer.BundleWriter.__init__: `pyzipper.AESZipFile(self._tape, 'w', compression=pyzipper.ZIP_STORED)` -> `pyzipper.AESZipFile(self._tape, 'w')`",
        "crypto.derivation.derive_key: `HKDF(SHA256(), KEY_BYTES, salt=None, info=length_prefixed(*parts))` -> `HKDF(SHA256(), KEY_BYTES, info=length_prefixed(*parts))`",
    ),
    "it is the default, and the layout's tests hold it to that": (
        "bundle.writer.BundleWriter._member: `pyzipper.zipfile_aes.AESZipInfo(name, date_time=layout.DATE_TIME)` -> `pyzipper.zipfile_aes.AESZipInfo(name)`",
    ),
    "set when the first member begins, before it is looked at": (
        "bundle.writer._Tape.__init__: `0` -> `1` (place 2)",
        "bundle.writer._Tape.__init__: `0` -> `-1` (place 2)",
    ),
    "comparing what is no number fails as well, and is refused the same way": (
        "crypto.card._read_members: `not isinstance(generation, int) or not 1 <= generation <= MAX_GENERATION` -> `not 1 <= generation <= MAX_GENERATION`",
    ),
    "the library takes any bytes of the right length, today": (
        "crypto.keys.PublicKeys.decode: `Ed25519PublicKey.from_public_bytes(keys.ed25519)` -> `pass`",
        "crypto.keys.PublicKeys.decode: `MLDSA65PublicKey.from_public_bytes(keys.ml_dsa_65)` -> `pass`",
    ),
    "encoding again finds whatever was skipped": (
        "crypto.keys.decode_base64: `base64.b64decode(text, validate=True)` -> `base64.b64decode(text)`",
        "crypto.keys.decode_base64: `True` -> `False`",
    ),
    "the library says InvalidTag to everything, today": (
        "crypto.sealing.unseal: `except (InvalidTag, ValueError)` -> `except (InvalidTag,)`",
    ),
}

EQUIVALENT: dict[str, str] = {
    name: reason for reason, names in _BY_REASON.items() for name in names
}
