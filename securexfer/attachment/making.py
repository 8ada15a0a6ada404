"""Making anew: whatever may leave is written afresh, by whoever knows its kind."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection

from securexfer.attachment.fault import Fault, UnfitError
from securexfer.errors import KindUnavailableError
from securexfer.recipe.field import FileKind

# Kinds whose readers are large, old and written in languages that forgive nothing: they are not
# installed unless asked for.
LIBRARIES: dict[FileKind, str] = {"heic": "pillow_heif", "pdf": "pikepdf"}


def check_kinds(kinds: Collection[FileKind]) -> None:
    """See that what these kinds need is installed.

    Raises:
        KindUnavailableError: if it is not.
    """
    missing = [
        kind
        for kind, library in LIBRARIES.items()
        if kind in kinds and importlib.util.find_spec(library) is None
    ]
    if missing:
        told = " and ".join(kind.upper() for kind in missing)
        raise KindUnavailableError(
            f"To attach {told} files, a part that is not installed is needed.",
            hint=f"Install it: pip install 'securexfer[{','.join(missing)}]'. "
            "Or take the kind out of kinds in the recipe.",
        )


def make_anew(data: bytes, kind: FileKind, *, max_pixels: int, resize: int | None = None) -> bytes:
    """The same picture or document in a new file.

    Args:
        data: the file.
        kind: what its name says that it is.
        max_pixels: width by height of a picture, or of one in a document.
        resize: the longer side of a picture is made no longer than so many pixels.

    Raises:
        UnfitError: if it is no such file, or can't be made anew.
    """
    try:
        if kind == "pdf":
            from securexfer.attachment.document import clean_document

            return clean_document(data, max_pixels=max_pixels)
        from securexfer.attachment.image import clean_image

        return clean_image(data, kind, max_pixels=max_pixels, resize=resize)
    except MemoryError:
        raise UnfitError(Fault.TOO_MUCH) from None
