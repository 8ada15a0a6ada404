"""A drive that forgets: what was not synced may be gone after a power cut.

Files have content that is seen and content that is stored; folders have entries that are seen and
entries that are stored. Only `sync` makes the second equal to the first: of a file it stores the
content, of a folder the entries, as POSIX has it and not a bit more. What a cut leaves is the
stored part, and, if it is so chosen, a random part of what was waiting: pages of data in any order,
a file's new size without its data, changes of entries in any order. That is what write-back
caches, ext4 and exFAT do. A rename is one change: it is there, or it is not.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PAGE_BYTES = 4096
CUTS = ("drop", "some", "most", "undelete")
Change = Callable[[bytearray], None]
Keep = Callable[[bool], bool]  # given whether it is a removal, says whether a change is stored


@dataclass
class File:
    """What is seen, what is stored, and what waits."""

    mode: int
    seen: bytearray = field(default_factory=bytearray)
    stored: bytes = b""
    waiting: list[Change] = field(default_factory=list)

    def write(self, offset: int, data: bytes) -> None:
        end = offset + len(data)
        self._change(lambda content: _resize(content, max(len(content), end)))
        while data:
            n_bytes = min(len(data), PAGE_BYTES - offset % PAGE_BYTES)
            self._change(_overwrite(offset, data[:n_bytes]))
            offset, data = offset + n_bytes, data[n_bytes:]

    def resize(self, size: int) -> None:
        self._change(lambda content: _resize(content, size))

    def sync(self) -> None:
        self.stored = bytes(self.seen)
        self.waiting.clear()

    def cut(self, keep: Keep) -> None:
        content = bytearray(self.stored)
        for change in self.waiting:
            if keep(False):
                change(content)
        self.stored = bytes(content)

    def _change(self, change: Change) -> None:
        change(self.seen)
        self.waiting.append(change)


@dataclass
class Folder:
    """Entries that are seen, entries that are stored, and changes that wait."""

    mode: int
    seen: dict[str, File | Folder] = field(default_factory=dict)
    stored: dict[str, File | Folder] = field(default_factory=dict)
    waiting: list[dict[str, File | Folder | None]] = field(default_factory=list)

    def change(self, entries: dict[str, File | Folder | None]) -> None:
        """Put, replace or (None) remove entries, all at once."""
        _apply(self.seen, entries)
        self.waiting.append(entries)

    def sync(self) -> None:
        self.stored = dict(self.seen)
        self.waiting.clear()

    def cut(self, keep: Keep) -> None:
        for entries in self.waiting:
            if keep(not any(entries.values())):
                _apply(self.stored, entries)
        for node in self.stored.values():
            node.cut(keep)

    def sync_all(self) -> None:
        """What a clean unmount does."""
        self.sync()
        for node in self.seen.values():
            node.sync_all() if isinstance(node, Folder) else node.sync()


def choose_what_stays(cut: str, seed: int) -> Keep:
    """What a cut stores of what was waiting: nothing, some, most, or all but removals."""
    chance = random.Random(seed)
    return {
        "drop": lambda is_removal: False,
        "some": lambda is_removal: chance.random() < 0.5,
        "most": lambda is_removal: chance.random() < 0.9,
        "undelete": lambda is_removal: not is_removal,
    }[cut]


def load(path: Path) -> Folder:
    """A drive as it was left in a folder of the real disk."""
    folder = Folder(path.stat().st_mode & 0o777)
    for child in sorted(path.iterdir()):
        if child.is_dir():
            folder.seen[child.name] = load(child)
        else:
            content = bytearray(child.read_bytes())
            folder.seen[child.name] = File(child.stat().st_mode & 0o777, content)
    folder.sync_all()
    return folder


def save(folder: Folder, path: Path) -> None:
    """Leave what is stored in a new folder of the real disk."""
    path.mkdir()
    path.chmod(folder.mode)
    for name, node in folder.stored.items():
        if isinstance(node, Folder):
            save(node, path / name)
        else:
            (path / name).write_bytes(node.stored)
            (path / name).chmod(node.mode)


def _resize(content: bytearray, size: int) -> None:
    content[size:] = bytes(max(size - len(content), 0))


def _overwrite(offset: int, data: bytes) -> Change:
    def change(content: bytearray) -> None:
        _resize(content, max(len(content), offset + len(data)))
        content[offset : offset + len(data)] = data

    return change


def _apply(entries: dict[str, File | Folder], changes: dict[str, File | Folder | None]) -> None:
    for name, node in changes.items():
        if node is None:
            entries.pop(name, None)
        else:
            entries[name] = node
