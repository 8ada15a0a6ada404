"""Values of a PDF document, taken one by one: numbers, truths, and words from a list.

Text and names of anybody's choice are none of them. A part that takes such is built by a module
that knows what they are for.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Context, Decimal
from typing import Any, NoReturn, TypeAlias

from pikepdf import Array, Dictionary, Name, Object, Stream

from securexfer.attachment.fault import Fault, UnfitError

# What stands in a document: a number, a truth, or an object. Nothing is known of it beforehand.
Value: TypeAlias = Any

# As many digits as a number of 32 bits can tell apart; what stands behind them moves nothing.
_PRECISION = Context(prec=9)
_MAX_WHOLE = 2**32
# Lists that have so many members, so that there is no room for others.
_LENGTHS = {"BBox": 4, "FontBBox": 4, "Matrix": 6, "FontMatrix": 6}


def refuse() -> NoReturn:
    """Say that a part is not one that can be made anew."""
    raise UnfitError(Fault.NOT_ANEW)


def member(holder: Value, key: str) -> Value:
    """A member of a dictionary or of a stream's; None where there is none."""
    return holder.get("/" + key)


def number(value: Value) -> int | Decimal:
    """A number, of no more digits than draw anything.

    Raises:
        UnfitError: if it is anything else.
    """
    if isinstance(value, Decimal) and value.is_finite():
        return _PRECISION.plus(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MAX_WHOLE:
        return value
    refuse()


def numbers(value: Value, n_members: int | None = None) -> Array:
    """A list of numbers, or of such lists.

    Args:
        value: the list.
        n_members: how many it must have; None for any.

    Raises:
        UnfitError: if anything else is in it.
    """
    if not isinstance(value, Array) or n_members not in (None, len(value)):
        refuse()
    return Array([numbers(one) if isinstance(one, Array) else number(one) for one in value])


def name(value: Value) -> Name:
    """A name of anybody's choice, by itself: as an object of its own, it belongs to its document.

    Raises:
        UnfitError: if it is none.
    """
    if isinstance(value, Object) and value.is_indirect:
        value = Object.parse(value.unparse(resolved=True))
    if not isinstance(value, Name):
        refuse()
    return value


def word(value: Value, allowed: Collection[str]) -> Name:
    """One of these names.

    Raises:
        UnfitError: if it is none of them.
    """
    if not isinstance(value, Name) or str(value)[1:] not in allowed:
        refuse()
    return Name(str(value))


def take(
    holder: Value,
    into: Dictionary | Stream,
    *,
    one: str = "",
    many: str = "",
    truths: str = "",
) -> None:
    """Take over members that are numbers, lists of numbers, and yes or no.

    Args:
        holder: what is taken from.
        into: what it is taken into.
        one, many, truths: keys, with a space between.

    Raises:
        UnfitError: if one is something else.
    """
    for key in one.split():
        if (value := member(holder, key)) is not None:
            into["/" + key] = number(value)
    for key in many.split():
        if (value := member(holder, key)) is not None:
            into["/" + key] = numbers(value, _LENGTHS.get(key))
    for key in truths.split():
        if (value := member(holder, key)) is not None:
            if not isinstance(value, bool):
                refuse()
            into["/" + key] = value


def kind_of(holder: Value, key: str) -> str:
    """The name under a key, without its slash; empty where there is none."""
    value = member(holder, key)
    return str(value)[1:] if isinstance(value, Name) else ""


def content_of(stream: Value, max_bytes: int | None = None) -> bytes:
    """What a stream says, unpacked; no more of it than that.

    Raises:
        UnfitError: if it is none, or packed in a way that is not one of text.
    """
    if not isinstance(stream, Stream):
        refuse()
    return stream.read_bytes()[:max_bytes]
