"""Values of options: what they must be, said in words rather than in a programmer's notation."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import click

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
)


class Day(click.DateTime):
    """A day: its first moment."""

    name = "day"

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read it.

        Raises:
            click.BadParameter: if it is none.
        """
        try:
            moment: datetime = super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is no day. Write it as in 2026-11-22.", param, ctx)
        return moment


class Moment(click.ParamType[datetime]):
    """A time or a day, in UTC unless it says how far from that it is; aware, in UTC."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read it.

        Raises:
            click.BadParameter: if it is none.
        """
        try:
            if not _MOMENT.fullmatch(value):
                raise ValueError("spelling")
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            told = (
                f"{value!r} is no time. Write it as in 2026-11-22 or 2026-11-22T09:30, in UTC, or "
                "say how far from UTC it is: 2026-11-22T10:30+01:00."
            )
            self.fail(told, param, ctx)


class Whole(click.IntRange):
    """A whole number within bounds."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it.

        Raises:
            click.BadParameter: if it is none, or beyond the bounds.
        """
        try:
            number: int = super().convert(value, param, ctx)
        except click.BadParameter:
            told = f"{value!r} does not fit; give a whole number, {self._describe_range()}."
            self.fail(told, param, ctx)
        return number

    def _describe_range(self) -> str:
        """Also what `--help` says of the bounds."""
        if self.max is None:
            return f"{self.min:,} or more"
        return f"from {self.min:,} to {self.max:,}"


class Seconds(click.FloatRange):
    """A length of time."""

    name = "seconds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read it.

        Raises:
            click.BadParameter: if it is none, or too short.
        """
        try:
            number: float = super().convert(value, param, ctx)
        except click.BadParameter:
            told = f"{value!r} does not fit; give a number of seconds, {self._describe_range()}."
            self.fail(told, param, ctx)
        return number

    def _describe_range(self) -> str:
        return "more than 0" if self.min_open else "0 or more"
