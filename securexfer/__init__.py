"""securexfer: hand data over without handing people over.

The Python interface. Nothing heavy is imported before it is asked for; docs/api.md has examples.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from securexfer.errors import SecurexferError
    from securexfer.interface import (
        LoadedIdentity,
        inspect,
        load_identity,
        open_bundle,
        pack,
        unpack,
        verify,
    )
    from securexfer.opening import OpenedBundle, OpenedTable
    from securexfer.recipe.model import Recipe

__all__ = [
    "LoadedIdentity",
    "OpenedBundle",
    "OpenedTable",
    "Recipe",
    "SecurexferError",
    "inspect",
    "load_identity",
    "open_bundle",
    "pack",
    "unpack",
    "verify",
]

_HOMES = {
    **dict.fromkeys(__all__, "securexfer.interface"),
    "OpenedBundle": "securexfer.opening",
    "OpenedTable": "securexfer.opening",
    "Recipe": "securexfer.recipe.model",
    "SecurexferError": "securexfer.errors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
