"""What can be set once instead of on every command line, where, and what a file of it may hold.

A project's file lies in the working folder, and whoever hands over a folder can put one there. So
it may hold nothing that makes a run less safe: no recipients, no place to write to, nothing that
hides a warning, nothing about secrets. Those can only be set in the home, which is its owner's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_TEXT = 500
Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        name: its key in files.
        flag: the option that outranks it; empty where there is none.
        variable: the environment variable that outranks files; empty where there is none.
        default: what holds where it is not set, for people.
        in_project: whether a project's file may set it.
        is_path: a path, which in a file counts from the file's folder.
    """

    name: str
    flag: str
    variable: str
    default: str
    in_project: bool = False
    is_path: bool = False


class ProjectFile(BaseModel):
    """What `securexfer.toml` may hold.

    Attributes:
        recipe: the recipe of `pack`; in or below the folder of the file.
        name_template: how bundles are named.
        compress: how hard tables are compressed.
        output: `text`, or one JSON document on stdout.
        no_input: never ask.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    recipe: Text | None = None
    name_template: Text | None = None
    compress: Literal["auto", "fast", "small"] | None = None
    output: Literal["text", "json"] | None = None
    no_input: bool | None = None


class UserFile(ProjectFile):
    """What `config.toml` in a home may hold: the above, and what only its owner may say.

    Attributes:
        verbosity: how much is said beside results.
        if_found: whom the finder of a drive should call; stands in clear on every bundle.
        log_file: where to add a line of JSON for each run.
        insecure_keyring: also use a keyring that keeps passphrases where others may read them.
    """

    verbosity: Literal["quiet", "normal", "verbose"] | None = None
    if_found: Text | None = None
    log_file: Text | None = None
    insecure_keyring: bool | None = None


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("recipe", "--recipe", "SECUREXFER_RECIPE", "none", True, True),
        Setting("name_template", "--name-template", "SECUREXFER_NAME_TEMPLATE", "built in", True),
        Setting("compress", "--compress", "SECUREXFER_COMPRESS", "auto", True),
        Setting("output", "--json", "SECUREXFER_OUTPUT", "text", True),
        Setting("no_input", "--no-input", "SECUREXFER_NO_INPUT", "false", True),
        Setting("verbosity", "-q, -v", "SECUREXFER_VERBOSITY", "normal"),
        Setting("if_found", "--if-found", "SECUREXFER_IF_FOUND", "nobody"),
        Setting("log_file", "--log-file", "SECUREXFER_LOG_FILE", "none", False, True),
        Setting("insecure_keyring", "", "", "false"),
    )
}
