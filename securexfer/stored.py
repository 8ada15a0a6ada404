"""What a drive has stored: read again past the page cache, as if the drive were plugged in anew.

As far as the system lets one: where a process serves the drive (FUSE), that reads its device
through memory of the system that nobody else may have dropped; macOS and Windows are not asked.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from securexfer.ahead import one_ahead

_READ_BYTES = 4 * 1024 * 1024


def forget(descriptor: int, offset: int = 0, n_bytes: int = 0) -> None:
    """Have the system forget what it holds of a file, all from `offset` on if 0 bytes.

    What is not stored yet is not lost: Linux begins to store it, and waits for nothing.
    """
    if hasattr(os, "posix_fadvise"):
        with contextlib.suppress(OSError):
            os.posix_fadvise(descriptor, offset, n_bytes, os.POSIX_FADV_DONTNEED)


def read_again(path: Path, n_bytes: int) -> Iterator[bytes]:
    """Pieces of a stored file, up to its end or a piece past where it should end.

    Raises:
        OSError: as reading does.
    """
    n_read = 0
    with open(path, "rb", buffering=0) as file:
        forget(file.fileno())
        # One piece more than there should be, to see that it ends there.
        n_pieces = n_bytes // _READ_BYTES + 2
        for piece in one_ahead(lambda _: _read_piece(cast(BinaryIO, file)), range(n_pieces)):
            yield piece
            forget(file.fileno(), n_read, len(piece))
            n_read += len(piece)


def _read_piece(file: BinaryIO) -> bytes:
    """The next bytes of an unbuffered file; fewer than `_READ_BYTES` only at its end."""
    piece = file.read(_READ_BYTES)
    while piece and len(piece) < _READ_BYTES and (more := file.read(_READ_BYTES - len(piece))):
        piece += more
    return piece
