"""The page of settings says what the settings are, and its examples are true."""

from __future__ import annotations

from pathlib import Path

import pytest

from securexfer.home.config import read_config
from securexfer.home.setting import SETTINGS
from tests.docs.pages import blocks, code, page, rows, sections

PAGE = page("docs/configuration.md")
TABLE = {code(row[0]): row for row in rows(sections(PAGE)["Settings"])}


def test_every_setting_has_its_row() -> None:
    assert set(TABLE) == set(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_row_says_what_the_setting_is(name: str) -> None:
    _, flag, variable, in_project, text = TABLE[name]
    setting = SETTINGS[name]
    assert flag.strip("`") == setting.flag
    assert variable.strip("`") == setting.variable
    assert (in_project == "yes") == setting.in_project
    assert len(text) > 20


def test_the_examples_can_be_read(tmp_path: Path) -> None:
    user, project = (block.text for block in blocks(PAGE) if block.kind == "toml")
    for name, text in (("config.toml", user), ("securexfer.toml", project)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    config = read_config(tmp_path, tmp_path, {})
    assert config.text("verbosity") == "verbose"
    assert config.text("recipe") == str(tmp_path / "offenders.toml")
