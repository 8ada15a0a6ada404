"""Inspecting one file, and whatever is packed in it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from securexfer.scan import kind as kinds
from securexfer.scan.archive import has_end, look_at_tar, look_at_zip
from securexfer.scan.database import look_at_database
from securexfer.scan.ledger import KEY, Ledger
from securexfer.scan.mail import is_mail, look_at_mail
from securexfer.scan.markup import is_markup, look_at_markup
from securexfer.scan.name import count_in_name
from securexfer.scan.portable import look_at_pdf
from securexfer.scan.record import is_records, look_at_records
from securexfer.scan.source import BoundError, Bounds, Source
from securexfer.scan.text import Lines, look_for_runs, look_through, read_blocks
from securexfer.scan.unpacking import Unpacked

_RTF_ENDS = re.compile(r"\\(?:par|line|row|cell|tab)\b ?")
_RTF_BYTE = re.compile(r"\\'([0-9a-fA-F]{2})")
_RTF_WORD = re.compile(r"\\\*|\\[a-z]{1,32}-?[0-9]{0,10} ?|[{}]")


def inspect(source: Source, ledger: Ledger, path: Path | None = None) -> None:
    """Find what there is in a file; what can't be judged is noted and never raised.

    Args:
        source: its bytes.
        ledger: hears of all that is found.
        path: where it is, if it is on the drive itself.

    Raises:
        BoundError: if it is too much; its reason is noted by whoever began.
    """
    if source.depth == 0:
        with _doubts(ledger):
            _inspect(source, ledger, path)
        return
    try:
        _inspect(source, ledger, path)
    except (BoundError, MemoryError):
        raise
    except Exception:
        ledger.doubt("damaged")


def inspect_piece(file: BinaryIO, start: int, end: int, ledger: Ledger, bounds: Bounds) -> None:
    """Find what there is in a piece of a large text: the lines that begin within it."""
    with _doubts(ledger):
        head = Source(file, bounds).peek()
        encoding = kinds.find_encoding(head)
        first = head.decode(encoding or "cp1252", "replace").lstrip("\ufeff")
        first = first.replace("\r\n", "\n").replace("\r", "\n")
        file.seek(max(start - 1, 0))
        if start:
            file.readline()
        source = Source(Lines(file, end), bounds)
        if is_records(first) and not first.startswith('{"payload":"'):
            look_at_records(read_blocks(source), ledger)
        elif is_markup(first):
            look_at_markup(read_blocks(source), ledger)
        else:
            look_through(read_blocks(source), ledger, head="" if not start else first)


@contextmanager
def _doubts(ledger: Ledger) -> Iterator[None]:
    """Note why a file could not be judged to its end."""
    try:
        yield
    except BoundError as error:
        ledger.doubt(error.reason)
    except MemoryError:
        ledger.doubt("memory")
    except OSError:
        ledger.doubt("unreadable")
    except Exception:
        # Whatever a library makes of a file that is not what it seems. Its text may quote data.
        ledger.doubt("damaged")


def _inspect(source: Source, ledger: Ledger, path: Path | None) -> None:
    kind = kinds.find_kind(source.peek())
    if kind in ("gzip", "bzip2", "xz"):
        inspect(source.inner(Unpacked(source, kind), _inner_name(source.name)), ledger)
    elif kind == "zip":
        look_at_zip(source, ledger, inspect, count_in_name)
    elif kind == "tar":
        look_at_tar(source, ledger, inspect, count_in_name)
    elif kind == "sqlite":
        look_at_database(source, ledger, path)
    elif kind == "pdf":
        look_at_pdf(source, ledger, inspect)
    elif kind == "text":
        look_at_text(source, ledger)
    elif kind == "keys":
        ledger.note({KEY: 1})
    elif kind == "encrypted":
        ledger.doubt("encrypted")
    elif kind in ("closed", "old"):
        look_for_runs(source, ledger)
        ledger.doubt("format")
    elif kind in ("media", "program"):
        ledger.is_opaque = True
    elif kind == "binary":
        ledger.is_opaque = True
        look_for_runs(source, ledger)
    if kind in ("media", "program", "binary") and source.depth == 0:
        # Archives that open themselves, and pictures with one behind them.
        file = source.seekable()
        if has_end(file):
            look_at_zip(source, ledger, inspect, count_in_name)


def look_at_text(source: Source, ledger: Ledger) -> None:
    """Find what there is in a text, by what it looks like."""
    encoding = kinds.find_encoding(source.peek())
    head = source.peek().decode(encoding or "cp1252", "replace").lstrip("\ufeff")
    head = head.replace("\r\n", "\n").replace("\r", "\n")
    if is_mail(head):
        look_at_mail(source, ledger, inspect)
        return
    blocks = read_blocks(source)
    first = next(blocks, "")
    blocks = itertools.chain([first.lstrip("\ufeff")], blocks)
    if is_markup(head):
        look_at_markup(blocks, ledger)
    elif is_records(head) and not head.startswith('{"payload":"'):
        look_at_records(blocks, ledger)
    elif head.startswith("{\\rtf"):
        look_through((_strip_rtf(block) for block in blocks), ledger, source.name)
    else:
        look_through(blocks, ledger, source.name)


def _strip_rtf(text: str) -> str:
    text = _RTF_ENDS.sub("\n", text)
    text = _RTF_BYTE.sub(lambda found: bytes([int(found[1], 16)]).decode("cp1252", "replace"), text)
    return _RTF_WORD.sub("", text)


def _inner_name(name: str) -> str:
    return name.rpartition(".")[0]
