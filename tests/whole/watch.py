"""Looking for what must not be there: canaries and secrets, in whatever spelling."""

from __future__ import annotations

import base64
import io
import json
import os
import random
import threading
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

N_CANARIES = 1000
# Needles are found by their first and last bytes, so that a piece of one is a find too.
_WINDOW = 16
_HASH_BITS = 24
_MAX_PLAIN = 4 * 1024 * 1024
_SHARED = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))


def make_canaries(label: str) -> list[str]:
    """A thousand distinct texts that occur nowhere by chance, the same in each run."""
    chance = random.Random(f"canaries: {label}")
    letters = "ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz"
    styles = (
        letters + "23456789",
        "0123456789",  # survives any folding of case
        letters + "éßÜıŁ\u00a0",
        "".join(chr(0xFEE0 + ord(c)) for c in letters + "23456789"),  # full width
    )
    made = ["".join(chance.choices(styles[n % 4], k=24)) for n in range(N_CANARIES)]
    assert len(set(made)) == N_CANARIES
    return made


def spellings(text: str) -> Iterator[bytes]:
    """A text as a leak might spell it."""
    folded = {text, text.upper(), text.lower(), text.casefold()}
    for form in folded | {unicodedata.normalize("NFKC", one) for one in folded}:
        yield form.encode("utf-8")
        yield form.encode("utf-8")[::-1]
        yield form.encode("utf-16-le")
        yield form.encode("utf-16-be")
        yield json.dumps(form)[1:-1].encode()
        yield form.encode("unicode_escape")
    yield from encodings(text.encode("utf-8"))


def encodings(raw: bytes) -> Iterator[bytes]:
    """Bytes as hex, as base64 in each alignment, and as `repr` shows them."""
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    yield repr(raw)[2:-1].encode()
    for shift in range(3):
        # What stands before and after changes the first and last characters: leave those out.
        coded = base64.b64encode(bytes(shift) + raw)[4:-4]
        yield coded
        yield coded.replace(b"+", b"-").replace(b"/", b"_")


class Needles:
    """Finds any of many needles in one pass over the bytes."""

    def __init__(self, needles: Iterable[bytes]) -> None:
        windows = set()
        for needle in needles:
            if len(needle) >= _WINDOW:
                windows |= {needle[:_WINDOW], needle[-_WINDOW:]}
        assert windows
        self._windows = windows
        heads = np.frombuffer(b"".join(window[:8] for window in windows), dtype="<u8")
        # A table of hashes passes few places on, which are then compared byte by byte.
        self._table = np.zeros(1 << _HASH_BITS, dtype=bool)
        self._table[hashed(heads)] = True

    @classmethod
    def of_texts(cls, texts: Iterable[str]) -> Needles:
        return cls(spelling for text in texts for spelling in spellings(text))

    @classmethod
    def of_bytes(cls, secrets: Iterable[bytes]) -> Needles:
        return cls(one for secret in secrets for one in (secret, *encodings(secret)))

    def find(self, data: bytes) -> list[bytes]:
        """What was found, in the data or in what is compressed in them without a key."""
        return [hit for view in (data, *unwrapped(data)) for hit in self._find(view)]

    def _find(self, data: bytes) -> Iterator[bytes]:
        for shift in range(8):
            n = (len(data) - shift) // 8
            if n <= 0:
                return
            words = np.frombuffer(data, dtype="<u8", count=n, offset=shift)
            for i in np.flatnonzero(self._table[hashed(words)]):
                at = shift + 8 * int(i)
                if data[at : at + _WINDOW] in self._windows:
                    yield data[at : at + _WINDOW]


def hashed(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The top bits of a multiplication: well mixed, and quick."""
    return (words * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - _HASH_BITS)


def unwrapped(data: bytes) -> Iterator[bytes]:
    """Whatever is in the data as gzip or as a ZIP member, and needs no key."""
    at = data.find(b"\x1f\x8b\x08")
    while at >= 0:
        with suppress(zlib.error):
            if plain := zlib.decompressobj(wbits=31).decompress(data[at:], _MAX_PLAIN):
                yield plain
        at = data.find(b"\x1f\x8b\x08", at + 1)
    with suppress(zipfile.BadZipFile, OSError), zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            if not info.flag_bits & 1:
                with suppress(zipfile.BadZipFile, OSError, NotImplementedError):
                    yield archive.read(info)


def files_below(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file, with its path as well: names can leak too."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path, os.fsencode(path.name) + b"\0" + path.read_bytes()


def shared_files() -> set[Path]:
    """What lies in the folders that all programs share."""
    found = set()
    for folder in _SHARED:
        with suppress(OSError):
            found |= {path for path in folder.iterdir() if not path.is_dir()}
    return found


@contextmanager
def overheard(pid: int) -> Iterator[list[bytes]]:
    """What `/proc` tells of a process and its children while it runs."""
    heard: dict[bytes, None] = {}
    collected: list[bytes] = []
    done = threading.Event()

    def listen() -> None:
        while not done.wait(0.02):
            for one in family(pid):
                for name in ("cmdline", "environ", "comm", "status"):
                    with suppress(OSError):
                        heard[Path(f"/proc/{one}/{name}").read_bytes()] = None

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield collected
    finally:
        done.set()
        thread.join()
        collected.extend(heard)


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    found = [pid]
    for one in found:
        with suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found
