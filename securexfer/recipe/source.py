"""What the models of fields share: strictness, a source column, what it may hold, ends of bands."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from securexfer.recipe.kinds import Allowance

MAX_TEXT = 500
Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


class Strict(BaseModel):
    """Frozen, exact types, and no key that the model does not know."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class SourcedField(Strict):
    """A field that is made from one source column.

    Attributes:
        source: the source column, `from` in the recipe; the field's own name where absent.
        allow: kinds of identifiers that it may hold, and `echo` for withheld values of its row.
        reason: why; recorded.
    """

    # Whether everything that can come out has a form of its own, whatever went in. What has not is
    # searched for identifiers.
    is_closed: ClassVar[bool] = False

    # Whether nothing that comes out can begin as a spreadsheet's formula does.
    is_never_formula: ClassVar[bool] = False

    source: str | None = Field(default=None, alias="from")
    allow: list[Allowance] = Field(default=[])
    reason: Text | None = None

    @property
    def leaves_cells(self) -> bool:
        """Whether a whole cell, or its beginning, can come out as it went in."""
        return False

    @model_validator(mode="after")
    def _check_allowance(self) -> Self:
        if bool(self.allow) != (self.reason is not None):
            raise ValueError("allow and reason belong together")
        if self.allow and self.is_closed:
            raise ValueError("allow has no effect: nothing but the action's own form comes out")
        if len(set(self.allow)) != len(self.allow):
            raise ValueError("allow: a kind stands there twice")
        return self


def check_ends(width: int, bottom: int | None, top: int | None) -> None:
    """Hold the ends of bands against their width.

    Raises:
        ValueError: if the last band below `top` would be cut short.
    """
    if top is not None:
        start = bottom or 0
        if top <= start and bottom is not None:
            raise ValueError("top must be above bottom")
        if (top - start) % width:
            raise ValueError("top must be a whole number of bands above bottom (or 0)")
