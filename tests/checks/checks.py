"""The named checks of `verify`, `unpack` and of attached documents: `checks.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        step: of the reading order, or what a step rests on.
        name: what it is that holds.
        module, at, within: where it is; see `removal`.
        test: which must fail without it.
        hangs: without it, a reader runs on for ever.
    """

    step: str
    name: str
    module: str
    at: str
    test: str
    within: str = ""
    hangs: bool = False


CHECKS = tuple(
    Check(**check)
    for check in tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))["checks"]
)
# Every `raise` of these modules belongs to a check, or is listed with the reason why it does not.
MODULES = tuple(dict.fromkeys(check.module for check in CHECKS))
NO_CHECK = {
    ("attachment.document", "raise"): "passes on an error that says more",
    ("attachment.image", "raise"): "passes on that there is no memory",
    ("bundle.file", "raise"): "closes what it opened and passes the error on",
    ("crypto.canonical", "raise"): "passes on an error that says more",
    ("custody.seal", "raise _malformed(kind)"): "refused as such later too; this saves the memory",
    ("destination", "raise"): "lets a refusal be recorded and passes it on",
    ("filing", "raise"): "tidies up and passes the error on",
    ("matching", "raise StatementMismatchError('Its signer is not pinned here any more.')"): (
        "it was there when the signatures were checked"
    ),
    ("forwarding", "raise"): "tidies up and passes the error on",
    ("sharing", "raise"): "tidies up and passes the error on",
    ("opening", "raise"): "lets a refusal be recorded and passes it on",
    ("releasing", "raise"): "records the refusal and passes it on",
    ("unpacking", "raise"): "tidies up and passes the error on",
    ("verifying", "raise"): "lets a refusal be recorded and passes it on",
}
