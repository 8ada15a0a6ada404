"""Kinds of identifiers that a recipe can name: to pseudonymise by, or to let through."""

from __future__ import annotations

from typing import Literal

IdentifierKind = Literal[
    "nhs",
    "ni",
    "pnc",
    "cro",
    "prison",
    "crn",
    "postcode",
    "email",
    "phone",
    "iban",
    "card",
    "driving-licence",
    "vehicle",
    "passport",
    "ip",
]
# A field may let through what it was allowed to hold, and repeat what the row withholds.
Allowance = IdentifierKind | Literal["echo"]
