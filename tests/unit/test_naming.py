"""Names of bundles: they tell a finder nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from securexfer.carrier import PartialFile
from securexfer.errors import OutputExistsError, UsageError
from securexfer.naming import (
    DEFAULT_TEMPLATE,
    check_template,
    list_words,
    make_name,
    neutral_name,
    remove_unfinished,
)
from tests.world import START, World, csv_bytes, keep_all, read, recipe_text

TOLD = ["offenders", "pnc_id", "date of birth", "sex", "Ministry of Example", "DSA-2026-014"]


class TestTemplates:
    @pytest.mark.parametrize(
        "template",
        [
            DEFAULT_TEMPLATE,
            "{date}-{sequence}.sxfer.zip",
            "out_{time}.zip",
            "essex-{bundle_id}.zip",
            "{bundle_id}2026.zip",
        ],
    )
    def test_neutral_ones_are_taken(self, template: str) -> None:
        check_template(template, TOLD)

    @pytest.mark.parametrize(
        "template",
        [
            "offenders-{date}.zip",
            "x{date}OFFENDERS.zip",
            "off-enders-{date}.zip",
            "off{date}enders.zip",
            "pnc-id{date}.zip",
            "pncid-{date}.zip",
            "birth-{date}.zip",
            "sex-{date}.zip",
            "ministry{date}.zip",
            "dsa-{date}.zip",
        ],
    )
    def test_ones_that_say_what_is_inside_are_refused(self, template: str) -> None:
        with pytest.raises(UsageError, match="says what is inside"):
            check_template(template, TOLD)

    @pytest.mark.parametrize(
        "template",
        [
            "always.zip",
            "{recipient}-{date}.zip",
            "{}.zip",
            "{date}",
            "{date}.tar",
            "../{date}.zip",
            "a/{date}.zip",
            "a\\{date}.zip",
            ".{date}.zip",
            "-{date}.zip",
            "{date}\n.zip",
            "{date!r}.zip",
            "{date.year}.zip",
            "{date}é.zip",
            "{date} .zip",
            "{{date}}.zip",
            "{date" + "x" * 100 + "}.zip",
            "{date}" + "x" * 100 + ".zip",
        ],
    )
    def test_what_can_not_be_a_name_is_refused(self, template: str) -> None:
        with pytest.raises(UsageError):
            check_template(template)

    def test_the_recipe_tells_which_words(self) -> None:
        recipe = read(recipe_text({"cases": {"visits": '{ from = "n_seen", action = "keep" }'}}))
        words = list_words(recipe.recipe)
        for word in ("cases", "visits", "n_seen", "Evaluate supervision", "DSA-2026-014"):
            assert word in words


def test_a_name_is_made_of_what_is_known() -> None:
    template = "{date}_{time}_{sequence}_{bundle_id}.zip"
    made = make_name(template, bundle_id="ab" * 16, sequence=7, created_at=START)
    assert made == "2026-11-22_093000Z_0007_abababababab.zip"
    assert neutral_name("ab" * 16) == "sx-abababababab.sxfer.zip"


class TestPacking:
    def pack(self, world: World, template: str, **order: object) -> Path:
        table = {"t": csv_bytes([["x", "hidden"], ["1", "2"]])}
        drive = world.folder / "other"
        drive.mkdir(exist_ok=True)
        return world.ann.pack(
            table, keep_all("t", ["x"]), [world.bob], drive, name_template=template, **order
        ).path

    def test_the_number_is_that_of_the_manifest(self, world: World) -> None:
        names = [self.pack(world, "{date}-{sequence}.zip").name for _ in range(2)]
        assert names == ["2026-11-22-0001.zip", "2026-11-22-0002.zip"]

    def test_a_second_bundle_of_one_name_is_refused(self, world: World) -> None:
        self.pack(world, "{date}.zip")
        with pytest.raises(OutputExistsError):
            self.pack(world, "{date}.zip")

    def test_a_withheld_column_can_not_be_in_the_name(self, world: World) -> None:
        with pytest.raises(UsageError, match="'hidden'"):
            self.pack(world, "hidden-{date}.zip")


class TestUnfinished:
    def test_only_those_of_the_template_that_nobody_writes_are_removed(
        self, tmp_path: Path
    ) -> None:
        gone = tmp_path / "sx-0123456789ab.sxfer.zip.partial"
        kept = [
            tmp_path / name
            for name in (
                "sx-0123456789ab.sxfer.zip",
                "sx-0123456789xx.sxfer.zip.partial",
                "sx-0123456789ab.sxfer.zip.partial.txt",
                "other.partial",
            )
        ]
        for path in (gone, *kept):
            path.touch()
        link = tmp_path / "sx-111111111111.sxfer.zip.partial"
        link.symlink_to(kept[0])
        running = PartialFile(tmp_path / neutral_name("2" * 32))
        assert remove_unfinished(tmp_path, DEFAULT_TEMPLATE) == 1
        running.discard()
        assert sorted(tmp_path.iterdir()) == sorted([*kept, link])

    def test_a_folder_that_is_not_there_has_none(self, tmp_path: Path) -> None:
        assert remove_unfinished(tmp_path / "away", DEFAULT_TEMPLATE) == 0
