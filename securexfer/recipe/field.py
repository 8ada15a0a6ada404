"""Fields of a table: one model for each action, with the settings that the action takes."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from securexfer.recipe.dates import AgeBandField, DateShiftField, MonthField, YearField
from securexfer.recipe.kinds import IdentifierKind
from securexfer.recipe.source import MAX_TEXT, SourcedField, Strict, Text, check_ends

DOMAIN = r"[a-z][a-z0-9_-]{0,31}"
MAX_LENGTH = 1000
MAX_CODES = 1000
MAX_MULTIPLE = 10**12
# A picture is decoded in memory, two at a time.
MAX_PIXELS = 100_000_000
MAX_FILE_BYTES = 100_000_000


class KeepField(SourcedField):
    """The cell as it is."""

    action: Literal["keep"]

    @property
    def leaves_cells(self) -> bool:
        """All of it."""
        return True


class PseudonymiseField(SourcedField):
    """A keyed token in place of the identifier."""

    is_closed: ClassVar[bool] = True
    is_never_formula: ClassVar[bool] = True

    action: Literal["pseudonymise"]
    domain: str = Field(pattern=f"^{DOMAIN}$")
    identifier: IdentifierKind | None = None


class PostcodeDistrictField(SourcedField):
    """The outward part of a UK postcode."""

    is_closed: ClassVar[bool] = True
    is_never_formula: ClassVar[bool] = True

    action: Literal["postcode-district"]


class BandField(SourcedField):
    """The band of whole numbers in which a number lies."""

    action: Literal["band"]
    width: int = Field(ge=1, le=10**12)
    bottom: int | None = Field(default=None, ge=-(10**12), le=10**12)
    top: int | None = Field(default=None, ge=-(10**12), le=10**12)

    @property
    def leaves_cells(self) -> bool:
        """A band of one number is labelled with it."""
        return self.width == 1

    @model_validator(mode="after")
    def _check_ends(self) -> BandField:
        check_ends(self.width, self.bottom, self.top)
        return self


class RoundField(SourcedField):
    """A number, rounded to a multiple.

    Attributes:
        to: the number of which it becomes a multiple.
    """

    action: Literal["round"]
    to: int = Field(ge=1, le=MAX_MULTIPLE)

    @property
    def leaves_cells(self) -> bool:
        """A whole number is a multiple of one."""
        return self.to == 1


class TruncateField(SourcedField):
    """The first characters of a cell."""

    action: Literal["truncate"]
    length: int = Field(ge=1, le=MAX_LENGTH)

    @property
    def leaves_cells(self) -> bool:
        """Its beginning."""
        return True


class MapField(SourcedField):
    """What a code means, by a table of all codes.

    Attributes:
        values: what leaves, by code.
    """

    is_closed: ClassVar[bool] = True

    action: Literal["map"]
    values: dict[str, Text] = Field(min_length=1, max_length=MAX_CODES)

    @field_validator("values")
    @classmethod
    def _check_codes(cls, values: dict[str, str]) -> dict[str, str]:
        if any(not code or code != code.strip() for code in values):
            raise ValueError("no cell is like a code that is empty or has spaces around it")
        return values


class RedactTextField(SourcedField):
    """Free text, without the identifiers in it and without what the row withholds.

    A kind in `allow` is left in; so are withheld values, with `echo`.
    """

    action: Literal["redact-text"]

    @property
    def leaves_cells(self) -> bool:
        """All but the identifiers that have a form: a name stays."""
        return True


class CategoryField(SourcedField):
    """One of few values that many rows share; the others become one.

    Attributes:
        at_least: rows that must have a value for it to leave.
        other: what leaves instead.
    """

    action: Literal["category"]
    at_least: int = Field(ge=2, le=MAX_MULTIPLE)
    other: Text = "other"

    @property
    def leaves_cells(self) -> bool:
        """All of it, where enough rows have it."""
        return True


FileKind = Literal["jpeg", "png", "tiff", "heic", "pdf"]
# The kinds of files that can be attached, by the end of their name; and the end that they get.
KIND_OF_SUFFIX: dict[str, FileKind] = {
    "jpg": "jpeg",
    "jpeg": "jpeg",
    "png": "png",
    "tif": "tiff",
    "tiff": "tiff",
    "heic": "heic",
    "heif": "heic",
    "pdf": "pdf",
}
SUFFIX_OF_KIND: dict[FileKind, str] = {
    "jpeg": ".jpg",
    "png": ".png",
    "tiff": ".tif",
    "heic": ".jpg",  # what few programs can show becomes what all can
    "pdf": ".pdf",
}


class AttachField(SourcedField):
    """The file that a cell names, made anew without metadata, under a name that says nothing.

    Attributes:
        root: the folder that all files lie in; begins at the extract's folder.
        kinds: of files that may leave.
        max_pixels: width by height of a picture.
        max_bytes: of a file as it is found.
        resize: the longer side is made no longer than so many pixels.
    """

    is_closed: ClassVar[bool] = True

    action: Literal["attach"]
    root: Text
    kinds: list[FileKind] = Field(default=["jpeg", "png"], min_length=1)
    max_pixels: int = Field(default=50_000_000, ge=1, le=MAX_PIXELS)
    max_bytes: int = Field(default=20_000_000, ge=1, le=MAX_FILE_BYTES)
    resize: int | None = Field(default=None, ge=16, le=20_000)


class ConstantField(Strict):
    """The same text in every row; takes no source column."""

    is_closed: ClassVar[bool] = True
    is_never_formula: ClassVar[bool] = False

    action: Literal["constant"]
    value: str = Field(max_length=MAX_TEXT)


FieldSpec = Annotated[
    KeepField
    | PseudonymiseField
    | YearField
    | MonthField
    | AgeBandField
    | DateShiftField
    | PostcodeDistrictField
    | BandField
    | RoundField
    | TruncateField
    | MapField
    | RedactTextField
    | CategoryField
    | AttachField
    | ConstantField,
    Field(discriminator="action"),
]

FIELD_TYPES: dict[str, type[Strict]] = {
    "keep": KeepField,
    "pseudonymise": PseudonymiseField,
    "year": YearField,
    "month": MonthField,
    "age-band": AgeBandField,
    "date-shift": DateShiftField,
    "postcode-district": PostcodeDistrictField,
    "band": BandField,
    "round": RoundField,
    "truncate": TruncateField,
    "map": MapField,
    "redact-text": RedactTextField,
    "category": CategoryField,
    "attach": AttachField,
    "constant": ConstantField,
}
