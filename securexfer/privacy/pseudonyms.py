"""Pseudonyms: keyed tokens in place of identifiers.

A token is `domain_` and the first 24 hex digits (96 bits) of HMAC-SHA-256 (RFC 2104) over the
canonical value. Keys form a tree under the sender's pseudonym secret: scope (this bundle, or this
agreement and audience), then domain. Without the key, nobody can hash all numbers and compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl
import polars_hash  # noqa: F401  (registers the `chash` namespace on expressions)

from securexfer.crypto.derivation import derive_key
from securexfer.privacy.step import once

TOKEN_HEX_DIGITS = 24
# 60 bits, so that no shift is likelier than another by more than one part in 10**14.
SHIFT_HEX_DIGITS = 15
MARK_HEX_DIGITS = 16


@dataclass(frozen=True)
class ScopeKey:
    """The 32-byte key within which tokens agree; never shown by `repr`."""

    key: bytes = field(repr=False)

    def field_key(
        self,
        domain: str,
        identifier: str = "",
        *,
        purpose: Literal["token", "date-shift", "attachment"] = "token",
    ) -> str:
        """The key of one domain for one purpose, as the 64 hex digits that HMAC takes as its key.

        A key of its own for each purpose: a token tells nothing of the shift.
        """
        return derive_key(self.key, "securexfer/1/field", purpose, domain, identifier).hex()


def bundle_scope(secret: bytes, bundle_id: str) -> ScopeKey:
    """Tokens that agree within one bundle only."""
    return ScopeKey(derive_key(secret, "securexfer/1/scope", "bundle", bundle_id))


def agreement_scope(
    secret: bytes, reference: str, epoch: str | None, origins: Sequence[str]
) -> ScopeKey:
    """Tokens that stay the same under one agreement for one audience.

    Args:
        secret: the sender's pseudonym secret.
        reference: of the agreement.
        epoch: changes all tokens when it changes.
        origins: origin fingerprints of all recipients, in any order.
    """
    audience = sorted(set(origins))
    return ScopeKey(
        derive_key(
            secret,
            "securexfer/1/scope",
            "agreement",
            reference,
            epoch or "",
            str(len(audience)),
            *audience,
        )
    )


def canonical_value(cell: pl.Expr) -> pl.Expr:
    """NFKC, trimmed, upper case, so that spelling alone doesn't make two people of one.

    polars' functions are the reference: Python's differ for some characters.
    """
    return cell.map_batches(_canonical, return_dtype=pl.String)


def token(canonical: pl.Expr, domain: str, field_key: str) -> pl.Expr:
    """The token of each canonical value; null for an empty one, lest all unknown people be one."""

    def step(value: pl.Expr) -> pl.Expr:
        whole = pl.lit(f"{domain}_") + _digest(value, field_key).str.slice(0, TOKEN_HEX_DIGITS)
        return pl.when(value != "").then(whole)

    return once(canonical, step, pl.String)


def day_shift(canonical: pl.Expr, days: int, field_key: str) -> pl.Expr:
    """By how many days the dates of a person move: `-days` to `days`, never 0, null for nobody."""

    def step(value: pl.Expr) -> pl.Expr:
        digits = _digest(value, field_key).str.slice(0, SHIFT_HEX_DIGITS)
        place = digits.str.to_integer(base=16, dtype=pl.Int64, strict=False) % (2 * days)
        shift = pl.when(place < days).then(place - days).otherwise(place - days + 1)
        return pl.when(value != "").then(shift)

    return once(canonical, step, pl.Int64)


def file_mark(cell: pl.Expr, field_key: str) -> pl.Expr:
    """What tells one attached file of a person from another: 64 bits over the name in the cell."""
    return _digest(cell, field_key).str.slice(0, MARK_HEX_DIGITS)


def _canonical(cells: pl.Series) -> pl.Series:
    # Most identifiers are written in capitals and digits, and then there is nothing to do.
    if _is_canonical(cells):
        return cells
    return _compose(cells).str.strip_chars().str.to_uppercase()


def _is_canonical(cells: pl.Series) -> bool:
    """Whether all are ASCII that is printed, no space and no small letter among it."""
    raw = np.frombuffer((cells.str.join("").item() or "").encode("utf-8"), np.uint8)
    is_small = (raw >= ord("a")) & (raw <= ord("z"))
    return not (is_small | (raw <= ord(" ")) | (raw > ord("~"))).any()


def _compose(cells: pl.Series) -> pl.Series:
    """NFKC. It changes no ASCII text, and takes longer than all else but the digest."""
    others = (cells.str.len_bytes() != cells.str.len_chars()).arg_true()
    if not others.len():
        return cells
    return cells.scatter(others, cells.gather(others).str.normalize("NFKC"))


def _digest(canonical: pl.Expr, field_key: str) -> pl.Expr:
    digest: pl.Expr = canonical.chash.hmac_sha256(key=field_key)  # type: ignore[attr-defined]
    return digest
