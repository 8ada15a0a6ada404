"""PDF files: the text of their pages, what was filled in, and the files attached to them."""

from __future__ import annotations

import io
from collections.abc import Callable

from securexfer.scan.ledger import Ledger
from securexfer.scan.source import Source
from securexfer.scan.text import look_through

_MAX_PAGES = 20_000


def look_at_pdf(source: Source, ledger: Ledger, inspect: Callable[[Source, Ledger], None]) -> None:
    """Find what there is in a PDF file.

    Raises:
        BoundError: if it is too much.
        Exception: whatever a damaged one makes the library raise.
    """
    from pypdf import PdfReader

    reader = PdfReader(source.seekable(), strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        ledger.doubt("encrypted")
        return
    n_characters = n_pages = 0
    texts: list[str] = []
    for page in reader.pages:
        source.bounds.check_time()
        n_pages += 1
        text = page.extract_text() or ""
        source.bounds.take(len(text))
        n_characters += len(text.strip())
        texts += [text, *_notes(page)]
        if n_pages >= _MAX_PAGES:
            ledger.doubt("too-large")
            break
    fields = reader.get_fields() or {}
    texts += [f"{name}: {one.value}" for name, one in fields.items() if isinstance(one.value, str)]
    look_through(iter(["\n".join(texts)]), ledger)
    attached = reader.attachments
    for name, contents in attached.items():
        for content in contents:
            inspect(source.inner(io.BytesIO(content), name), ledger)
    if n_pages and not n_characters and not attached:
        ledger.doubt("pictures")


def _notes(page: object) -> list[str]:
    """What was written on a page as notes."""
    listed = page.get("/Annots") or []  # type: ignore[attr-defined]
    notes = []
    for one in listed:
        content = one.get_object().get("/Contents")
        if isinstance(content, str):
            notes.append(content)
    return notes
