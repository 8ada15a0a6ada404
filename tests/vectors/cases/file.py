"""The whole file: cut, empty, or another one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.vectors.cases.vector import Vector, bundle
from tests.vectors.format1 import COMMENT_BYTES


def whole_files() -> Iterator[Vector]:
    """M27."""

    def bad(name: str, about: str, rule: str, **changes: Any) -> Vector:
        return bundle(name, about, rule, "bundle_malformed", **changes)

    for name, about, rule, edit in (
        ("file-empty", "no bytes", "M27", lambda _: b""),
        ("file-short", "fewer bytes than a comment has", "M27", lambda old: old[:100]),
        ("file-cut", "the last byte is missing", "M27", lambda old: old[:-1]),
        ("file-cut-half", "the second half is missing", "M27", lambda old: old[: len(old) // 2]),
        ("file-longer", "a byte after the comment", "M27", lambda old: old + b"\n"),
        ("file-comment-only", "a comment alone", "M27", lambda old: old[-COMMENT_BYTES:]),
        (
            "file-no-comment",
            "an ordinary ZIP file without comment",
            "M27",
            lambda old: old[: -COMMENT_BYTES - 2] + b"\0\0",
        ),
        ("file-other", "another file altogether", "M27", lambda _: b"id,year\n" * 2000),
    ):
        yield bad(name, about, rule, change_file=edit)
