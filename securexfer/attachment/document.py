"""Documents (PDF, ISO 32000-2), made anew: what their pages show and nothing else.

As of a picture, nothing is searched for. A new document is begun, and each page is built in it from
the keys that showing it takes; [decision 16] names them. So no other key, no other object and no
older revision can come along. What can't be built so is refused.
"""

from __future__ import annotations

import io
from decimal import Decimal

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from securexfer.attachment.drawing import box_of
from securexfer.attachment.fault import Fault, UnfitError
from securexfer.attachment.rebuilding import Rebuilder
from securexfer.attachment.value import Value, member, number
from securexfer.attachment.window import Box, Window

MAX_PAGES = 5_000
# What lies over a page and shows nothing of its own on paper; all else is drawn into the page.
_ASIDE = frozenset(
    ("Link", "Popup", "Text", "FileAttachment", "Sound", "Movie", "Screen", "RichMedia", "3D")
)
_HIDDEN, _NO_VIEW, _SIGNED = 2, 32, 1
# What a field says that was left empty.
_NOTHING = (None, String(""), Name.Off)


def clean_document(data: bytes, *, max_pixels: int) -> bytes:
    """The same pages in a new PDF document.

    Args:
        data: the file.
        max_pixels: width by height that a picture in it may have.

    Raises:
        UnfitError: if it is no such document, is protected, signed or damaged, or has parts that
            can't be made anew.
    """
    if not data.startswith(b"%PDF-"):
        raise UnfitError(Fault.MISNAMED)
    try:
        with (
            pikepdf.open(io.BytesIO(data), attempt_recovery=False) as source,
            pikepdf.new() as target,
        ):
            _check(source)
            _draw_what_lies_over(source)
            rebuilder = Rebuilder(source, target, max_pixels)
            for page in source.pages:
                target.pages.append(_build_page(page, rebuilder))
            # What it only warns of, it has mended by guessing.
            if source.get_warnings():
                raise UnfitError(Fault.DAMAGED)
            made = io.BytesIO()
            target.save(
                made,
                deterministic_id=True,
                object_stream_mode=pikepdf.ObjectStreamMode.generate,
            )
            return made.getvalue()
    except pikepdf.PasswordError:
        raise UnfitError(Fault.LOCKED) from None
    except (UnfitError, MemoryError):
        raise
    # Whatever it stumbles over, in bytes that may have been made for that.
    except Exception:
        raise UnfitError(Fault.DAMAGED) from None


def _check(source: pikepdf.Pdf) -> None:
    if source.is_encrypted:
        raise UnfitError(Fault.LOCKED)
    if not 0 < len(source.pages) <= MAX_PAGES:
        raise UnfitError(Fault.TOO_MUCH if len(source.pages) else Fault.DAMAGED)
    root = source.Root
    if "/Perms" in root:
        raise UnfitError(Fault.SIGNED)
    if "/OCProperties" in root:
        raise UnfitError(Fault.LAYERED)
    if "/Collection" in root:
        raise UnfitError(Fault.NOT_ANEW)
    form = root.get("/AcroForm")
    if form is not None:
        if int(form.get("/SigFlags", 0)) & _SIGNED:
            raise UnfitError(Fault.SIGNED)
        if "/XFA" in form or form.get("/NeedAppearances", False):
            raise UnfitError(Fault.ACTIVE_FORM)


def _draw_what_lies_over(source: pikepdf.Pdf) -> None:
    """Draw remarks, stamps and filled-in fields into their pages, as they would be printed."""
    for page in source.pages:
        if "/Annots" not in page.obj:
            continue
        kept = []
        for one in page.obj.Annots:
            kind = str(one.get("/Subtype", ""))[1:]
            if kind == "Redact":
                raise UnfitError(Fault.UNREDACTED)
            if _inherited(one, "/FT") == Name.Sig and _inherited(one, "/V") is not None:
                raise UnfitError(Fault.SIGNED)
            if kind in _ASIDE or int(one.get("/F", 0)) & (_HIDDEN | _NO_VIEW):
                continue
            if "/OC" in one:
                raise UnfitError(Fault.LAYERED)
            if "/N" not in one.get("/AP", {}):
                # How it looks is left to whatever shows it: a field that says nothing, to nothing.
                if kind != "Widget":
                    raise UnfitError(Fault.NOT_ANEW)
                if _inherited(one, "/V") not in _NOTHING:
                    raise UnfitError(Fault.ACTIVE_FORM)
                continue
            kept.append(one)
        page.obj.Annots = Array(kept)
    source.flatten_annotations("all")


def _inherited(field: Value, key: str) -> Value:
    for _ in range(32):
        if key in field:
            return field.get(key)
        parent = field.get("/Parent")
        if parent is None:
            return None
        field = parent
    raise UnfitError(Fault.DAMAGED)


def _build_page(page: pikepdf.Page, rebuilder: Rebuilder) -> pikepdf.Page:
    source = page.obj
    built = Dictionary(Type=Name.Page)
    visible = _visible_box(source)
    built.MediaBox = Array([Decimal(str(edge)) for edge in visible])
    for key in ("Rotate", "UserUnit"):
        if (value := member(source, key)) is not None:
            built["/" + key] = number(value)
    if (group := member(source, "Group")) is not None:
        built.Group = rebuilder.group(group)
    content, resources = rebuilder.content(page, member(source, "Resources"), Window(visible))
    built.Resources = resources
    built.Contents = rebuilder.stream(content)
    return pikepdf.Page(built)


def _visible_box(page: Value) -> Box:
    """What is shown of a page; what was cropped away has no place in the new one."""
    left, bottom, right, top = box = box_of(member(page, "MediaBox"))
    if (crop := member(page, "CropBox")) is not None:
        other = box_of(crop)
        left, bottom = max(left, other[0]), max(bottom, other[1])
        right, top = min(right, other[2]), min(top, other[3])
        box = left, bottom, right, top
    if not (left < right and bottom < top):
        raise UnfitError(Fault.DAMAGED)
    return box
