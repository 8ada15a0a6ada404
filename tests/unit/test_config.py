"""Settings: which source outranks which, and what a file in somebody's folder can't do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from securexfer.errors import ConfigError, ConfigExposedError
from securexfer.home.config import Origin, Sourced, read_config, remember
from securexfer.home.setting import SETTINGS, ProjectFile, UserFile


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def write(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / ("config.toml" if folder.name == "home" else "securexfer.toml")
    path.write_text(text)
    path.chmod(mode)
    return path


def test_nothing_is_set_where_there_is_nothing(home: Path, project: Path) -> None:
    config = read_config(home, project, {})
    assert set(config.values) == set(SETTINGS)
    assert all(held == Sourced(None) for held in config.values.values())
    assert not config.insecure_keyring


def test_variable_before_project_before_user(home: Path, project: Path) -> None:
    user = write(home, 'output = "text"\nname_template = "u"\nno_input = true\nif_found = "x"\n')
    ours = write(project, 'output = "json"\nname_template = "p"\n')
    config = read_config(home, project, {"SECUREXFER_OUTPUT": "text"})
    assert config.get("output") == Sourced("text", Origin.ENVIRONMENT, "SECUREXFER_OUTPUT")
    assert config.get("name_template") == Sourced("p", Origin.PROJECT, str(ours))
    assert config.get("no_input") == Sourced(True, Origin.USER, str(user))
    assert config.text("if_found") == "x"


def test_an_empty_variable_is_none(home: Path, project: Path) -> None:
    assert read_config(home, project, {"SECUREXFER_OUTPUT": ""}).text("output") is None


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("off", False)])
def test_truth_in_a_variable(home: Path, project: Path, text: str, value: bool) -> None:
    config = read_config(home, project, {"SECUREXFER_NO_INPUT": text})
    assert config.get("no_input").value is value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("SECUREXFER_NO_INPUT", "perhaps"),
        ("SECUREXFER_OUTPUT", "yaml"),
        ("SECUREXFER_VERBOSITY", "loud"),
        ("SECUREXFER_RECIPE", "x" * 501),
    ],
)
def test_a_variable_that_says_nonsense_is_named_and_not_repeated(
    home: Path, project: Path, variable: str, text: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(home, project, {variable: text})
    assert variable in caught.value.message
    assert text not in caught.value.message


@pytest.mark.parametrize("name", sorted(set(UserFile.model_fields) - set(ProjectFile.model_fields)))
def test_what_could_weaken_a_run_can_not_stand_in_a_project(
    home: Path, project: Path, name: str
) -> None:
    value = "true" if name == "insecure_keyring" else '"quiet"'
    write(home, f"{name} = {value}\n")
    assert read_config(home, project, {}).get(name).origin is Origin.USER
    path = write(project, f"{name} = {value}\n")
    with pytest.raises(ConfigError) as caught:
        read_config(home, project, {})
    assert str(path) in caught.value.message
    assert caught.value.problems == (f"{name}: can be set in the home's config.toml only",)


@pytest.mark.parametrize("name", ["to", "home", "passphrase_file", "force", "allow_medium"])
def test_what_must_be_said_each_time_is_no_setting_at_all(
    home: Path, project: Path, name: str
) -> None:
    for folder in (home, project):
        path = write(folder, f'{name} = "x"\n')
        with pytest.raises(ConfigError) as caught:
            read_config(home, project, {})
        assert caught.value.problems == (f"{name}: unknown key",)
        path.unlink()


def test_every_problem_is_told_at_once_and_no_value(home: Path, project: Path) -> None:
    write(home, 'output = "secret1"\nno_input = "secret2"\nif_found = ""\nwhat = "secret3"\n')
    with pytest.raises(ConfigError) as caught:
        read_config(home, project, {})
    assert caught.value.problems == (
        "if_found: must not be empty",
        "no_input: must be true or false",
        "output: must be one of 'text' or 'json'",
        "what: unknown key",
    )
    assert "secret" not in f"{caught.value.message}{caught.value.problems}"


@pytest.mark.parametrize(
    "data",
    [
        b"recipe = secret",
        b"\xff\xfe",
        b"a = 1\na = 2",
        b"[" * 5000,
        b"#" * 20_000,
        b"n = " + b"9" * 5000,
    ],
    ids=["toml", "utf-8", "twice", "nested", "large", "number"],
)
def test_a_file_that_is_none_is_refused(home: Path, project: Path, data: bytes) -> None:
    (home / "config.toml").write_bytes(data)
    (home / "config.toml").chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        read_config(home, project, {})
    assert "config.toml" in caught.value.message
    assert "secret" not in caught.value.message


class TestAFolderThatWasHandedOver:
    def test_a_pipe_does_not_stop_the_run(self, home: Path, project: Path) -> None:
        os.mkfifo(project / "securexfer.toml")
        with pytest.raises(ConfigError, match="not a plain file"):
            read_config(home, project, {})

    def test_a_folder_of_that_name_is_refused(self, home: Path, project: Path) -> None:
        (project / "securexfer.toml").mkdir()
        with pytest.raises(ConfigError, match="not a plain file"):
            read_config(home, project, {})

    def test_a_link_is_refused(self, home: Path, project: Path) -> None:
        target = write(home, "")
        (project / "securexfer.toml").symlink_to(target)
        with pytest.raises(ConfigError, match="is a link"):
            read_config(home, project, {})

    def test_folders_above_are_not_searched(self, home: Path, project: Path) -> None:
        write(project, "nonsense")
        below = project / "below"
        below.mkdir()
        assert read_config(home, below, {}).get("recipe").value is None

    @pytest.mark.parametrize("recipe", ["../other.toml", "/etc/passwd", "link/other.toml"])
    def test_a_recipe_elsewhere_is_refused(
        self, home: Path, project: Path, tmp_path: Path, recipe: str
    ) -> None:
        (project / "link").symlink_to(tmp_path)
        write(project, f'recipe = "{recipe}"\n')
        with pytest.raises(ConfigError) as caught:
            read_config(home, project, {})
        assert caught.value.problems == ("recipe: must lie in the folder of the file, or below it",)

    def test_a_recipe_in_it_counts_from_it(self, home: Path, project: Path) -> None:
        write(project, 'recipe = "recipes/a.toml"\n')
        config = read_config(home, project, {})
        assert config.text("recipe") == str(project / "recipes/a.toml")

    def test_a_file_that_others_can_write_is_refused(self, home: Path, project: Path) -> None:
        path = write(project, "", 0o666)
        with pytest.raises(ConfigExposedError):
            read_config(home, project, {})
        path.chmod(0o664)  # the usual mode where each user has a group of their own
        read_config(home, project, {})

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
    def test_a_file_of_somebody_else_is_refused(self, home: Path, project: Path) -> None:
        for folder in (home, project):
            path = write(folder, "")
            os.chown(path, 65534, 65534)
            with pytest.raises(ConfigExposedError, match="somebody else"):
                read_config(home, project, {})
            path.unlink()


def test_the_homes_file_must_be_writable_by_its_owner_only(home: Path, project: Path) -> None:
    for mode in (0o660, 0o606):
        write(home, "insecure_keyring = true\n", mode)
        with pytest.raises(ConfigExposedError):
            read_config(home, project, {})


class TestRemembering:
    def test_it_makes_a_file_for_its_owner(self, tmp_path: Path, project: Path) -> None:
        path = remember(tmp_path / "new" / "home", "insecure_keyring", True)
        assert path.read_text() == "insecure_keyring = true\n"
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert read_config(path.parent, project, {}).insecure_keyring

    def test_it_leaves_everything_else_alone(self, home: Path, project: Path) -> None:
        text = "# mine\noutput   = 'json' # for the script\n\n# end\n"
        path = write(home, text)
        remember(home, "insecure_keyring", True)
        assert path.read_text().startswith(text.removesuffix("\n# end\n"))
        assert "# end" in path.read_text()
        remember(home, "insecure_keyring", False)
        assert not read_config(home, project, {}).insecure_keyring
        remember(home, "insecure_keyring", None)
        assert path.read_text() == text
        remember(home, "insecure_keyring", None)

    @pytest.mark.parametrize(("name", "value"), [("output", "yaml"), ("nonsense", True)])
    def test_it_writes_nothing_that_could_not_be_read(
        self, home: Path, name: str, value: str | bool
    ) -> None:
        with pytest.raises(ConfigError):
            remember(home, name, value)
        assert not (home / "config.toml").exists()

    def test_it_does_not_mend_what_is_broken(self, home: Path) -> None:
        path = write(home, "nonsense")
        with pytest.raises(ConfigError):
            remember(home, "insecure_keyring", True)
        assert path.read_text() == "nonsense"


def test_every_setting_has_its_key_and_every_key_its_setting() -> None:
    assert set(SETTINGS) == set(UserFile.model_fields)
    assert {n for n, s in SETTINGS.items() if s.in_project} == set(ProjectFile.model_fields)
