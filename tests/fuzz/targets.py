"""The parsers that are fuzzed, and what must hold of each for any bytes at all.

A check reads the bytes and may give them up only with an error of the right family. What it
accepts is spelled again, by the parser's own encoder and by the second writer of the format in
`tests/vectors/format1`; both must give the bytes that were read.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from securexfer.bundle.envelope import Envelope
from securexfer.custody.destruction import Destruction
from securexfer.custody.receipt import Receipt
from securexfer.errors import (
    BundleAlteredError,
    BundleFormatError,
    BundleUnsupportedError,
    CardInvalidError,
    IdentityFileError,
    ManifestMismatchError,
    NotForThisIdentityError,
    RecipeError,
    RegisterDamagedError,
    SecurexferError,
    SenderUnknownError,
    SignatureInvalidError,
    StatementAlteredError,
    StatementFormatError,
    StatementMismatchError,
    VerificationError,
)
from tests.fuzz.manifest import check_manifest, manifests
from tests.fuzz.mutation import (
    Shape,
    shape_bundle,
    shape_json,
    shape_lines,
    shape_payload,
    shape_recipe,
)
from tests.fuzz.outside import (
    check_comment,
    check_envelope,
    check_layout,
    comments,
    envelopes,
    layouts,
)
from tests.fuzz.person import cards, check_card, check_identity, identities
from tests.fuzz.recipe import check_recipe, recipes
from tests.fuzz.register import check_register, registers
from tests.fuzz.signer import KEYS
from tests.fuzz.statement import check_statement, statements

MAX_SECONDS = 2.0


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
