"""Attached files: found below their root and nowhere else, made anew, archived in one spelling."""

from __future__ import annotations

import io
import os
import random
import struct
import subprocess
import tarfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from PIL import Image, ImageCms

from securexfer.attaching import Attachments
from securexfer.attachment.archive import ArchiveChecker, ArchiveWriter
from securexfer.attachment.fault import Fault, UnfitError, tell_faults
from securexfer.attachment.image import clean_image
from securexfer.attachment.root import Root
from securexfer.bundle.padding import padme
from securexfer.errors import AttachmentError, ContentMismatchError
from securexfer.privacy.extract import Extract
from securexfer.privacy.pipeline import Chunk
from securexfer.privacy.plan import plan_tables
from securexfer.recipe.field import FileKind
from tests.assurance import Tally
from tests.unit import pictures
from tests.unit.pictures import ALL, CANARY
from tests.world import read, recipe_text

MAX = 1_000_000
MAKERS: dict[str, Callable[[], bytes]] = {
    "jpeg": pictures.jpeg,
    "png": pictures.png,
    "tiff": pictures.tiff,
    "heic": pictures.heic,
}


def clean(data: bytes, kind: FileKind = "jpeg", **more: int) -> Image.Image:
    image = Image.open(io.BytesIO(clean_image(data, kind, **{"max_pixels": MAX, **more})))
    image.load()
    return image


def fault_of(work: Callable[[], object]) -> Fault:
    with pytest.raises(UnfitError) as caught:
        work()
    assert caught.value.__cause__ is None
    return caught.value.fault


# -- where files are found -----------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    folder = tmp_path / "photos"
    (folder / "north").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"content")
    (folder / "north" / "b.jpg").write_bytes(b"another")
    (tmp_path / "outside.jpg").write_bytes(b"secret")
    (folder / "link.jpg").symlink_to(folder / "a.jpg")
    (folder / "out.jpg").symlink_to(tmp_path / "outside.jpg")
    (folder / "south").symlink_to(folder / "north")
    (folder / "up").symlink_to(tmp_path)
    (folder / "dangling.jpg").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.jpg")
    root = Root(folder)
    yield root
    root.close()


class TestRoot:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.jpg", b"content"),
            ("./a.jpg", b"content"),
            ("north/b.jpg", b"another"),
            ("north\\b.jpg", b"another"),
            ("north//b.jpg", b"another"),
        ],
    )
    def test_a_file_below_it_is_read(self, name: str, content: bytes, root: Root) -> None:
        assert root.read(name, MAX) == content
        assert root.check(name, MAX) == len(content)

    @pytest.mark.parametrize(
        ("name", "fault"),
        [
            ("../outside.jpg", Fault.OUTSIDE),
            ("north/../../outside.jpg", Fault.OUTSIDE),
            ("north/../a.jpg", Fault.OUTSIDE),
            ("/etc/passwd", Fault.OUTSIDE),
            ("\\\\server\\share\\a.jpg", Fault.OUTSIDE),
            ("c:\\a.jpg", Fault.OUTSIDE),
            ("a.jpg\0.png", Fault.OUTSIDE),
            ("link.jpg", Fault.LINK),
            ("out.jpg", Fault.LINK),
            ("dangling.jpg", Fault.LINK),
            ("south/b.jpg", Fault.LINK),
            ("up/outside.jpg", Fault.LINK),
            ("north", Fault.NO_FILE),
            ("pipe.jpg", Fault.NO_FILE),
            ("c.jpg", Fault.MISSING),
            ("north/c.jpg", Fault.MISSING),
            ("a.jpg/b.jpg", Fault.MISSING),
            (".", Fault.MISSING),
            ("x" * 300, Fault.MISSING),
            ("x/" * 1000, Fault.MISSING),
            ("\ud800.jpg", Fault.MISSING),
        ],
    )
    def test_whatever_else_is_not(self, name: str, fault: Fault, root: Root) -> None:
        assert fault_of(lambda: root.read(name, MAX)) is fault
        assert fault_of(lambda: root.check(name, MAX)) is fault

    def test_a_device_is_not_opened(self, tmp_path: Path) -> None:
        root = Root(Path("/dev"))
        try:
            assert fault_of(lambda: root.read("null", MAX)) is Fault.NO_FILE
        finally:
            root.close()

    def test_a_file_may_be_as_large_as_that_and_no_larger(self, root: Root) -> None:
        assert root.read("a.jpg", 7) == b"content"
        assert fault_of(lambda: root.read("a.jpg", 6)) is Fault.TOO_LARGE
        assert fault_of(lambda: root.check("a.jpg", 6)) is Fault.TOO_LARGE

    def test_what_is_larger_than_it_says_or_breaks_off_is_no_file_either(self) -> None:
        root = Root(Path("/proc/self"))
        try:
            assert root.check("status", 9) == 0
            assert fault_of(lambda: root.read("status", 9)) is Fault.TOO_LARGE
            assert fault_of(lambda: root.read("mem", 9)) is Fault.UNREADABLE
        finally:
            root.close()

    def test_a_root_that_is_not_there_is_an_error_that_says_what_to_do(
        self, tmp_path: Path
    ) -> None:
        with pytest.raises(AttachmentError, match="can't be read") as caught:
            Root(tmp_path / "photos")
        assert "root in the recipe" in caught.value.hint

    def test_what_is_swapped_for_a_link_meanwhile_is_not_followed(
        self, root: Root, tmp_path: Path
    ) -> None:
        assert root.check("north/b.jpg", MAX) == 7
        (tmp_path / "photos" / "north").rename(tmp_path / "moved")
        (tmp_path / "photos" / "north").symlink_to(tmp_path / "moved")
        assert fault_of(lambda: root.read("north/b.jpg", MAX)) is Fault.LINK

    def test_faults_are_counted_and_no_name_is_told(self) -> None:
        told = tell_faults(Counter({Fault.MISSING: 1200, Fault.DAMAGED: 1}))
        assert told == "1,200 are not there, 1 is damaged or cut off"


# -- pictures ------------------------------------------------------------------------------------


class TestImage:
    @pytest.mark.parametrize("name", ALL)
    def test_nothing_but_the_pixels_leaves(self, name: str, tally: Tally) -> None:
        kind, make = ALL[name]
        data = make()
        if "thumbnail" not in name:
            assert data.count(CANARY) > 0
        made = clean_image(data, kind, max_pixels=MAX)  # type: ignore[arg-type]
        for needle in (CANARY, b"Exif", b"http://ns", b"8BIM", b"ICC_PROFILE", b"iCCP", b"xmp"):
            assert needle not in made, needle
        assert CANARY[:4].decode().encode("utf-16-be") not in made
        image = Image.open(io.BytesIO(made))
        image.load()
        told = set(image.info) - {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert told <= {"compression", "dpi", "resolution"}
        assert not dict(image.getexif()).keys() & {0x010E, 0x010F, 0x0112, 0x8825, 0x013B}
        assert image.size == (96, 64)
        tally.count(
            "hygiene", "canaries in the metadata of pictures, none left", data.count(CANARY)
        )

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize(("kind", "make"), [("jpeg", pictures.jpeg), ("heic", pictures.heic)])
    def test_it_is_turned_as_it_was_to_be_shown(
        self, kind: FileKind, make: Callable[[int], bytes], orientation: int
    ) -> None:
        image = clean(make(orientation), kind)
        assert image.size == ((96, 64) if orientation < 5 else (64, 96))
        corners = [
            (2, 2),
            (image.width - 3, 2),
            (2, image.height - 3),
            (image.width - 3, image.height - 3),
        ]
        # Dark where the gradient began: after turning, in the corner that EXIF names.
        darkest = min(corners, key=lambda at: sum(image.getpixel(at)))  # type: ignore[arg-type]
        where = {1: 0, 2: 1, 3: 3, 4: 2, 5: 0, 6: 1, 7: 3, 8: 2}[orientation]
        assert darkest == corners[where]

    def test_the_colours_stay(self) -> None:
        before = Image.open(io.BytesIO(pictures.png("RGB"))).convert("RGB")
        after = clean(pictures.png("RGB"), "png")
        pairs = zip(before.tobytes(), after.tobytes(), strict=True)
        assert max(abs(a - b) for a, b in pairs) <= 2

    def test_a_colour_that_stands_for_transparency_is_no_colour_any_more(self) -> None:
        source, image = io.BytesIO(), Image.new("P", (8, 8), 1)
        image.putpalette([1, 2, 3, 200, 30, 40])
        image.save(source, "PNG", transparency=1)
        assert clean(source.getvalue(), "png").getpixel((3, 3)) == (0, 0, 0, 0)

    def test_what_was_transparent_in_a_heic_does_not_come_to_light(self) -> None:
        import pillow_heif

        pillow_heif.register_heif_opener()
        source, image = io.BytesIO(), Image.new("RGBA", (64, 64), (10, 20, 30, 0))
        image.paste((10, 20, 30, 255), (0, 0, 64, 32))
        image.save(source, "HEIF", quality=-1)
        made = clean(source.getvalue(), "heic")
        assert max(abs(a - b) for a, b in zip(made.getpixel((9, 9)), (10, 20, 30), strict=True)) < 9  # type: ignore[arg-type]
        assert min(made.getpixel((9, 55))) > 245  # type: ignore[arg-type]

    def test_pictures_that_a_heic_carries_along_keep_it_here(self) -> None:
        import pillow_heif

        pillow_heif.register_heif_opener()
        made, other = io.BytesIO(), Image.new("RGB", (64, 64), "black")
        Image.new("RGB", (64, 64)).save(made, "HEIF", save_all=True, append_images=[other])
        assert fault_of(lambda: clean(made.getvalue(), "heic")) is Fault.SEVERAL_PAGES

    def test_colours_of_a_profile_are_converted_with_transparency_too(self) -> None:
        # A profile of its own sort, in which red and blue are swapped.
        swapped = _swapped(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
        for mode, colour in (("RGB", (250, 3, 5)), ("RGBA", (250, 3, 5, 77))):
            source = io.BytesIO()
            Image.new(mode, (8, 8), colour).save(source, "PNG", icc_profile=swapped)
            made = clean(source.getvalue(), "png").getpixel((3, 3))
            assert isinstance(made, tuple)
            assert made[0] < 50 < 200 < made[2]
            assert made[3:] == colour[3:]

    @pytest.mark.parametrize("kind", ["jpeg", "png", "tiff", "heic"])
    def test_it_becomes_as_small_as_asked(self, kind: FileKind) -> None:
        make = MAKERS[kind]
        assert max(clean(make(), kind, resize=32).size) == 32
        assert clean(make(), kind, resize=960).size == (96, 64)

    @pytest.mark.parametrize("kind", ["jpeg", "png", "tiff", "heic"])
    def test_more_pixels_than_that_are_not_decoded(self, kind: FileKind) -> None:
        data = MAKERS[kind]()
        assert clean(data, kind, max_pixels=96 * 64).size == (96, 64)
        few = 96 * 64 - 1
        fault = fault_of(lambda: clean_image(data, kind, max_pixels=few))
        assert fault is Fault.TOO_MANY_PIXELS

    def test_a_bomb_is_known_by_its_header(self) -> None:
        def chunk(name: bytes, content: bytes) -> bytes:
            head = struct.pack(">I", len(content)) + name + content
            return head + struct.pack(">I", zlib.crc32(name + content))

        header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
        bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
        bomb += chunk(b"IDAT", zlib.compress(bytes(1_000_000))) + chunk(b"IEND", b"")
        fault = fault_of(lambda: clean_image(bomb, "png", max_pixels=100_000_000))
        assert fault is Fault.TOO_MANY_PIXELS

    def test_a_text_that_unpacks_to_gigabytes_is_refused(self) -> None:
        data = pictures.png("RGB")
        packed = zlib.compress(bytes(200_000_000), 9)
        text = b"zTXtComment\0\0" + packed
        extra = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
        bomb = data[:33] + extra + data[33:]
        assert fault_of(lambda: clean(bomb, "png")) in (Fault.MISNAMED, Fault.DAMAGED)

    @pytest.mark.parametrize(
        ("data", "kind"),
        [
            (b"", "jpeg"),
            (b"no picture at all", "jpeg"),
            (pictures.png(), "jpeg"),
            (pictures.jpeg(), "png"),
            (pictures.jpeg(), "tiff"),
            (pictures.jpeg(), "heic"),
            (pictures.heic(), "jpeg"),
            (b"%PDF-1.7 " + CANARY, "jpeg"),
            (b"GIF89a" + bytes(30), "png"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "png"),
            (b"%!PS-Adobe-3.0 EPSF-3.0\n", "tiff"),
        ],
    )
    def test_what_is_not_what_its_name_says(self, data: bytes, kind: FileKind) -> None:
        assert fault_of(lambda: clean_image(data, kind, max_pixels=MAX)) is Fault.MISNAMED

    @pytest.mark.parametrize("kind", ["jpeg", "png", "tiff", "heic"])
    def test_what_is_cut_off_is_damaged_wherever_it_is_cut(
        self, kind: FileKind, tally: Tally
    ) -> None:
        make = MAKERS[kind]
        whole = make()[: -len(CANARY)]
        n_cases = 0
        for end in range(0, len(whole) // 2, 97):
            with pytest.raises(UnfitError):
                clean_image(whole[:end], kind, max_pixels=MAX)
            n_cases += 1
        tally.count("input", "pictures cut off", n_cases)

    @pytest.mark.parametrize("kind", ["jpeg", "png", "tiff", "heic"])
    def test_damage_ends_in_a_picture_or_a_fault(self, kind: FileKind, tally: Tally) -> None:
        chance = random.Random(7)
        make = MAKERS[kind]
        whole = make()
        for _ in range(300):
            damaged = bytearray(whole)
            for _ in range(chance.randrange(1, 8)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            try:
                made = clean_image(bytes(damaged), kind, max_pixels=MAX)
            except UnfitError:
                continue
            assert CANARY not in made
        tally.count("input", "pictures damaged at random", 300)

    def test_several_pages_are_refused(self) -> None:
        made = io.BytesIO()
        pages = [pictures.pixels((20, 20)) for _ in range(3)]
        pages[0].save(made, "TIFF", save_all=True, append_images=pages[1:])
        assert fault_of(lambda: clean(made.getvalue(), "tiff")) is Fault.SEVERAL_PAGES

    def test_frames_are_refused(self) -> None:
        made = io.BytesIO()
        frames = [Image.new("RGB", (20, 20), (n * 60, 0, 0)) for n in range(3)]
        frames[0].save(made, "PNG", save_all=True, append_images=frames[1:])
        assert fault_of(lambda: clean(made.getvalue(), "png")) is Fault.SEVERAL_PAGES


def _swapped(profile: bytes) -> bytes:
    """A profile whose red is called blue, and the other way round."""
    for one in (b"XYZ", b"TRC"):
        red, blue, aside = b"r" + one, b"b" + one, b"x" + one
        profile = profile.replace(red, aside).replace(blue, red).replace(aside, blue)
    return profile


# -- the archive ---------------------------------------------------------------------------------

FILES = [
    ("file-0123456789abcdef.jpg", b"x" * 1000),
    ("person_0123456789abcdef01234567-0123456789abcdef.png", b""),
    ("zoo-1.tif", b"y" * 512),
]


def archive(files: list[tuple[str, bytes]] = FILES) -> bytes:
    made = bytearray()
    writer = ArchiveWriter(made.extend, padme)
    for name, data in files:
        writer.add(name, data)
    writer.finish()
    assert (writer.n_files, writer.n_bytes) == (len(files), len(made))
    return bytes(made)


def check(data: bytes, n_files: int, piece: int = 65536) -> None:
    checker = ArchiveChecker(n_files)
    for start in range(0, len(data), piece):
        checker.update(data[start : start + piece])
    checker.finish()


class TestArchive:
    def test_python_reads_it(self) -> None:
        with tarfile.open(fileobj=io.BytesIO(archive())) as tar:
            for name, data in FILES:
                member = tar.getmember(name)
                assert (member.size, member.mode, member.mtime) == (len(data), 0o600, 0)
                file = tar.extractfile(member)
                assert file is not None
                assert file.read() == data

    @pytest.mark.parametrize("program", ["tar", "bsdtar", "7zz"])
    def test_stock_tools_read_it(
        self, program: str, tmp_path: Path, tool: Callable[[str], str]
    ) -> None:
        path = tmp_path / "a.tar"
        path.write_bytes(archive())
        command = [tool(program), "x", f"-o{tmp_path}", str(path)]
        if program != "7zz":
            command = [tool(program), "-xf", str(path), "-C", str(tmp_path)]
        subprocess.run(command, check=True, capture_output=True)
        for name, data in FILES:
            assert (tmp_path / name).read_bytes() == data

    def test_its_size_is_padded(self) -> None:
        sizes = {len(archive([("a-1.jpg", b"x" * n)])) for n in range(100_900, 102_300, 50)}
        assert len(sizes) == 1
        assert sizes == {padme(size) for size in sizes}

    @pytest.mark.parametrize("piece", [1, 7, 511, 512, 513, 4096, 10**6])
    def test_it_is_checked_however_it_is_cut(self, piece: int) -> None:
        check(archive(), 3, piece)
        check(archive([]), 0, piece)

    @pytest.mark.parametrize("n_files", [0, 2, 4])
    def test_it_holds_as_many_as_said(self, n_files: int) -> None:
        with pytest.raises(ContentMismatchError):
            check(archive(), n_files)

    def test_every_bit_of_its_structure_counts(self, tally: Tally) -> None:
        whole = bytearray(archive())
        end = 512 + 1024
        content = {*range(512, 512 + 1000), *range(end + 1024, end + 1024 + 512)}
        n_flips = 0
        for place in range(len(whole)):
            if place in content:
                continue
            whole[place] ^= 1 << place % 8
            with pytest.raises(ContentMismatchError):
                check(bytes(whole), 3)
            whole[place] ^= 1 << place % 8
            n_flips += 1
        tally.count("tamper", "bits of the structure of an archive", n_flips)

    def test_it_ends_with_its_end(self, tally: Tally) -> None:
        whole = archive(FILES[:1])
        for end in range(512 + 1024 + 1023):
            with pytest.raises(ContentMismatchError):
                check(whole[:end], 1)
        check(whole[: 512 + 1024 + 1024], 1)
        tally.count("tamper", "archives cut off", 512 + 1024 + 1023)


def test_one_file_never_takes_the_place_of_another(tmp_path: Path) -> None:
    attach = '{ action = "attach", root = "photos" }'
    (plan,) = plan_tables(read(recipe_text({"t": {"photo": attach}})).recipe, {"t": ("photo",)})
    extract = Extract("t", io.BytesIO(b"photo\n"), plan.spec.csv)
    attachments = Attachments(plan, extract)
    frame = pl.DataFrame({"row": [0, 1], "cell": ["a.jpg", "a.jpg"], "name": ["file-1.jpg"] * 2})
    attachments.add(Chunk(b"", b"", attached={"photo": frame}))
    other = pl.DataFrame({"row": [2], "cell": ["CANARY.jpg"], "name": ["file-1.jpg"]})
    with pytest.raises(AttachmentError, match="two files would have one name") as caught:
        attachments.add(Chunk(b"", b"", attached={"photo": other}))
    assert "CANARY" not in caught.value.message + caught.value.hint
