"""What Linux has mounted, read as the kernel writes it, and whatever else stands there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securexfer.medium.mount import Mount, mount_of, parse_mount, read_mounts

LINE = b"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue"
# As the kernel does it in `mangle`: these and nothing else.
ESCAPED = b" \t\n\\#"


def mangle(data: bytes) -> bytes:
    return b"".join(b"\\%03o" % c if c in ESCAPED else bytes([c]) for c in data)


names = st.binary(max_size=40).filter(lambda data: b"\0" not in data)
words = st.text("abcdefghijklmnopqrstuvwxyz:0123456789_", min_size=1, max_size=12).map(str.encode)
numbers = st.integers(0, 2**31 - 1)


def test_the_example_of_the_manual() -> None:
    assert parse_mount(LINE) == Mount(
        36, "98:0", "/mnt1", "/mnt2", "ext3", "/dev/root", "rw,errors=continue"
    )


@given(
    number=numbers,
    device=st.tuples(numbers, numbers),
    root=names,
    place=names,
    fields=st.lists(words, max_size=4),
    kind=words,
    source=names,
)
def test_every_mount_that_the_kernel_can_write_is_read(
    number: int,
    device: tuple[int, int],
    root: bytes,
    place: bytes,
    fields: list[bytes],
    kind: bytes,
    source: bytes,
) -> None:
    shown = [
        *(b"%d" % number, b"1", b"%d:%d" % device, b"/" + mangle(root), b"/" + mangle(place)),
        *(b"rw,relatime", *fields, b"-", kind, mangle(source), b"rw,size=1m"),
    ]
    found = parse_mount(b" ".join(shown))
    assert found is not None
    assert found.number == number
    assert found.device == "{}:{}".format(*device)
    assert os.fsencode(found.root) == b"/" + root
    assert os.fsencode(found.mount_point) == b"/" + place
    assert found.file_system == kind.decode()
    assert os.fsencode(found.source) == source
    assert found.option("size") == "1m"


@given(st.lists(st.one_of(st.binary(max_size=60), st.just(LINE)), max_size=6))
def test_anything_else_is_left_out(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    proc = tmp_path_factory.mktemp("proc")
    (proc / "self").mkdir()
    (proc / "self" / "mountinfo").write_bytes(b"\n".join(lines))
    mounts = read_mounts(proc)
    assert len(mounts) >= sum(line == LINE for line in lines)
    for mount in mounts:
        assert mount.mount_point.startswith("/")
    mount_of(Path("/"), mounts, proc)


@given(st.integers(0, len(LINE)), st.integers(0, 4), st.binary(max_size=4))
def test_a_damaged_line_is_read_or_left_out(place: int, n_gone: int, put: bytes) -> None:
    parse_mount(LINE[:place] + put + LINE[place + n_gone :])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "empty"),
        (b"36 35 98:0 /mnt1 /mnt2 rw", "no dash"),
        (b"36 35 98:0 /mnt1 - ext3 /dev/root rw", "a field too few"),
        (b"36 35 98:0 /mnt1 /mnt2 rw - ext3", "nothing after the type"),
        (b"36 35 98 /mnt1 /mnt2 rw - ext3 /dev/root rw", "no number of a device"),
        (b"36 35 98:x /mnt1 /mnt2 rw - ext3 /dev/root rw", "no number of a device"),
        (b"x 35 98:0 /mnt1 /mnt2 rw - ext3 /dev/root rw", "no number"),
        (b"36 35 98:0 /mnt1 mnt2 rw - ext3 /dev/root rw", "no place"),
        (b"36 35 98:0 /mnt1 /mnt2 rw -  /dev/root rw", "no type"),
        (b"9" * 5000 + LINE, "a number that is none"),
    ],
)
def test_what_is_no_mount(line: bytes, why: str) -> None:
    assert parse_mount(line) is None, why


@pytest.mark.parametrize(
    ("escaped", "name"),
    [
        (rb"/a\040b", "/a b"),
        (rb"/a\011b\012c", "/a\tb\nc"),
        (rb"/a\134040", r"/a\040"),
        (rb"/\303\244", "/ä"),
        (rb"/a\04", r"/a\04"),
        (rb"/a\999", r"/a\999"),
        (rb"/a\777", r"/a\777"),
        (b"/a\\", "/a\\"),
    ],
)
def test_octal_escapes(escaped: bytes, name: str) -> None:
    found = parse_mount(LINE.replace(b"/mnt2", escaped))
    assert found is not None
    assert found.mount_point == name


def test_a_source_may_be_empty_and_fields_may_look_like_others() -> None:
    found = parse_mount(b"1 2 0:5 / /a rw - tmpfs  rw,size=1m")
    assert found is not None
    assert (found.source, found.options) == ("", "rw,size=1m")
    found = parse_mount(b"1 2 0:5 / /- rw - tmpfs - rw")
    assert found is not None
    assert (found.mount_point, found.source) == ("/-", "-")


def mount(number: int, place: str) -> Mount:
    return Mount(number, f"8:{number}", "/", place, "ext4", "/dev/sda", "rw")


@pytest.mark.parametrize(
    ("path", "number"),
    [("/", 1), ("/a", 2), ("/a/x", 2), ("/ab", 1), ("/a/b", 5), ("/a/b/x", 5), ("/a/bc", 2)],
)
def test_the_longest_mount_point_above_a_path_counts_and_of_two_the_last(
    path: str, number: int, tmp_path: Path
) -> None:
    mounts = [mount(1, "/"), mount(2, "/a"), mount(3, "/a/b"), mount(4, "/c"), mount(5, "/a/b")]
    found = mount_of(Path(path), mounts, tmp_path)
    assert found is not None
    assert found.number == number


def test_without_mounts_there_is_none(tmp_path: Path) -> None:
    assert mount_of(Path("/a"), [], tmp_path) is None
    assert read_mounts(tmp_path) == []


def test_the_kernel_is_asked_first(tmp_path: Path) -> None:
    """It knows which mount a folder is on even where its name says something else."""
    mounts = read_mounts(Path("/proc"))
    if not mounts:
        pytest.skip("there is no /proc here")
    folder = os.path.realpath(tmp_path)
    lie = mount(2**31 - 1, folder)
    assert mount_of(Path(folder), [*mounts, lie], Path("/proc")) in mounts
    assert mount_of(Path(folder), [*mounts, lie], tmp_path) == lie
