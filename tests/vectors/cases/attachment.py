"""Attached files: their archive, and what the manifest says about it."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from typing import Any

from tests.vectors.cases.change import with_member
from tests.vectors.cases.vector import Vector, bundle
from tests.vectors.format1 import Entry, poke, sha256


def misplaced_attachments() -> Iterator[Vector]:
    """M21: attachments where none may be."""
    yield bundle(
        "attachments-gap",
        "attachment 2 without attachment 1",
        "M21",
        "bundle_malformed",
        change_members=with_member(2, Entry("attachments/0002.tar", bytes(1024))),
    )
    yield bundle(
        "attachments-early",
        "an attachment before the tables",
        "M21",
        "bundle_malformed",
        change_members=with_member(1, Entry("attachments/0001.tar", bytes(1024))),
    )


def archive(*files: tuple[str, bytes], **changes: Any) -> bytes:
    """A tar file as the page describes it, without zeros to fill it up."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o600
            for key, value in changes.items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(content) if info.isreg() else None)
        n_bytes = tar.offset + 1024
    return made.getvalue()[:n_bytes]


def attached_files() -> Iterator[Vector]:
    """M46."""
    name = "person_0123456789abcdef01234567-0123456789abcdef.jpg"
    picture = bytes(range(256)) * 3

    def attached(
        title: str, about: str, rule: str, outcome: str, data: bytes, **record: Any
    ) -> Vector:
        said = {
            "member": "attachments/0001.tar",
            "n_files": 1,
            "n_bytes": len(data),
            "plaintext_sha256": sha256(data),
            **record,
        }

        def describe(made: dict[str, Any]) -> None:
            made["securexfer"]["members"].insert(2, "attachments/0001.tar")
            made["securexfer"]["tables"][0]["attachments"] = said

        return bundle(
            title,
            about,
            rule,
            outcome,
            change_members=with_member(2, Entry("attachments/0001.tar", data)),
            change_manifest=describe,
        )

    good = archive((name, picture))
    wrong = "content_mismatch"
    yield attached("ok-attachments", "a table with one attached file", "M46", "ok", good)
    yield attached(
        "ok-attachments-none", "a table with no file to attach", "M46", "ok", archive(), n_files=0
    )
    yield attached(
        "ok-attachments-document",
        "a document",
        "M46",
        "ok",
        archive((name.replace(".jpg", ".pdf"), b"%PDF-1.7" + picture)),
    )
    yield attached(
        "ok-attachments-two",
        "two, and an empty one",
        "M46",
        "ok",
        archive((name, picture), ("file-0123456789abcdef.png", b""), ("a.tif", b"x" * 512)),
        n_files=3,
    )
    yield bundle(
        "attachments-unsaid",
        "files attached of which the manifest does not know",
        "M46",
        "manifest_mismatch",
        change_members=with_member(2, Entry("attachments/0001.tar", good)),
    )
    yield attached(
        "attachments-other-member",
        "the manifest names another member",
        "M46",
        "manifest_mismatch",
        good,
        member="attachments/0002.tar",
    )
    for title, about, record in (
        ("digest", "another SHA-256", {"plaintext_sha256": "0" * 64}),
        ("shorter", "fewer bytes than there are", {"n_bytes": len(good) - 1}),
        ("longer", "more bytes than there are", {"n_bytes": len(good) + 1}),
        ("fewer", "no file, where there is one", {"n_files": 0}),
        ("more", "two files, where there is one", {"n_files": 2}),
    ):
        yield attached(f"attachments-{title}", about, "M46", wrong, good, **record)
    for title, bad in (
        ("up", f"../{name}"),
        ("absolute", f"/{name}"),
        ("folder", f"photos/{name}"),
        ("drive", "c:x.jpg"),
        ("dots", "..jpg"),
        ("device", "nul"),
        ("upper-case", name.upper()),
        ("space", "a b.jpg"),
        ("program", "run.exe"),
        ("none", ".jpg"),
        ("long", "x" * 91 + ".jpg"),
    ):
        about = f"a file called {bad[:24]!r}"
        yield attached(f"attachments-name-{title}", about, "M46", wrong, archive((bad, picture)))
    for title, about, changes in (
        ("link", "a symbolic link", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}),
        ("hard-link", "a hard link", {"type": tarfile.LNKTYPE, "linkname": "x"}),
        ("device", "a device", {"type": tarfile.CHRTYPE}),
        ("pipe", "a named pipe", {"type": tarfile.FIFOTYPE}),
        ("folder", "a folder", {"type": tarfile.DIRTYPE}),
        ("contiguous", "a file of another kind", {"type": tarfile.CONTTYPE}),
        ("mode", "a program", {"mode": 0o755}),
        ("owner", "somebody's file", {"uname": "ann"}),
        ("time", "a time", {"mtime": 1}),
        ("user", "a user", {"uid": 1}),
    ):
        yield attached(
            f"attachments-{title}", about, "M46", wrong, archive((name, picture), **changes)
        )
    yield attached(
        "attachments-twice",
        "two files of one name",
        "M46",
        wrong,
        archive((name, picture), (name, b"x")),
        n_files=2,
    )
    for title, about, edit in (
        ("checksum", "a wrong checksum of the header", poke(148, b"0000000")),
        ("gnu", "a header as GNU tar writes it", poke(257, b"ustar  \0")),
        ("filling", "something behind a file's end", poke(512 + len(picture), b"x")),
        ("end", "something behind the archive's end", poke(len(good) - 1, b"x")),
        ("empty-first", "an end before the files", lambda data: bytes(512) + data[:-512]),
        ("cut", "an archive that is cut off", lambda data: data[:1024]),
        ("no-end", "an archive without its end", lambda data: data[:-1024]),
        ("half-end", "an archive with half of its end", lambda data: data[:-512]),
    ):
        yield attached(f"attachments-{title}", about, "M46", wrong, edit(good))
