"""securexfer: hand data over without handing people over.

The Python interface: the steps of the command line, with clock, progress and secrets handed in.
Nothing heavy is imported before it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from securexfer.errors import SecurexferError
    from securexfer.packing import pack
    from securexfer.recipe.model import Recipe
    from securexfer.unpacking import unpack
    from securexfer.verifying import inspect, verify

__all__ = ["Recipe", "SecurexferError", "inspect", "pack", "unpack", "verify"]

_HOMES = {
    "Recipe": "securexfer.recipe.model",
    "SecurexferError": "securexfer.errors",
    "inspect": "securexfer.verifying",
    "pack": "securexfer.packing",
    "unpack": "securexfer.unpacking",
    "verify": "securexfer.verifying",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
