"""Every command in a real terminal, of 80 and of 40 columns, and with somebody at the keyboard."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from tests.assurance import Tally
from tests.whole.scenarios import PASSPHRASE_MISSING, SCENARIOS, Scenario, Stage
from tests.whole.tmux import Ended, Terminal

# What these print is to be copied or redirected, as it is.
VERBATIM = ("completion", "identity card", "recipe draft people.csv", "register export")
ASKING = [one for one in SCENARIOS if one.unasked == PASSPHRASE_MISSING]
QUESTION = "Passphrase of the identity"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("screens"))


@pytest.fixture(autouse=True)
def _tmux(tool: Callable[[str], str]) -> None:
    tool("tmux")


def environment(stage: Stage, who: str, *, has_secret: bool, **more: str) -> dict[str, str]:
    desk = {**stage.desk(who).environment(), "LANG": "C.UTF-8", **more}
    if not has_secret:
        del desk["SECUREXFER_PASSPHRASE_FILE"]
    return desk


def show(stage: Stage, scenario: Scenario, columns: int, *, flags: str = "", **more: str) -> Ended:
    """Run a scenario that need not ask, in a terminal."""
    stage.restore()
    variables = environment(stage, scenario.who, has_secret=True, **more)
    with Terminal(stage.folder, variables, columns) as terminal:
        words = [*stage.arguments(scenario), *flags.split()]
        terminal.start([sys.executable, "-m", "securexfer", *words])
        return terminal.end()


def with_id(scenario: Scenario) -> str:
    return scenario.id


@pytest.mark.parametrize("scenario", SCENARIOS, ids=with_id)
@pytest.mark.parametrize("columns", [80, 40])
def test_a_screen_reads_well(stage: Stage, scenario: Scenario, columns: int, tally: Tally) -> None:
    ended = show(stage, scenario, columns)
    text = "\n".join(ended.screen)
    assert ended.code == 0, text
    assert "Traceback" not in text
    assert QUESTION not in text
    assert "\N{REPLACEMENT CHARACTER}" not in text
    assert "━" not in text, "progress was left on the screen"
    if not scenario.id.startswith(VERBATIM):
        for line in ended.broken:
            # The terminal may break what is longer than itself, and nothing else.
            assert len(line.split()) == 1, line
    tally.count("desk", f"screens of {columns} columns")


@pytest.mark.parametrize("scenario", ASKING, ids=with_id)
def test_a_person_is_asked_once_and_what_they_type_is_not_shown(
    stage: Stage, scenario: Scenario, tally: Tally
) -> None:
    stage.restore()
    desk = stage.desk(scenario.who)
    passphrase = desk.secret.read_text().strip()
    variables = environment(stage, scenario.who, has_secret=False)
    with Terminal(stage.folder, variables) as terminal:
        words = stage.arguments(scenario)
        terminal.start([sys.executable, "-m", "securexfer", *words])
        terminal.wait_for(QUESTION)
        terminal.type(passphrase)
        if scenario.chooses:
            terminal.wait_for("Repeat for")
            terminal.type(passphrase)
        ended = terminal.end()
    text = "\n".join(ended.screen)
    assert ended.code == 0, text
    assert passphrase not in text
    assert text.count(QUESTION) == 1
    tally.count("desk", "questions in a terminal")


@pytest.mark.parametrize("scenario", [ASKING[0], ASKING[2], ASKING[-1]], ids=with_id)
def test_ctrl_c_at_a_question_ends_it(stage: Stage, scenario: Scenario) -> None:
    stage.restore()
    variables = environment(stage, scenario.who, has_secret=False)
    with Terminal(stage.folder, variables) as terminal:
        terminal.start([sys.executable, "-m", "securexfer", *stage.arguments(scenario)])
        terminal.wait_for(QUESTION)
        terminal.press("C-c")
        ended = terminal.end()
    text = "\n".join(ended.screen)
    assert ended.code == 130, text
    assert "Traceback" not in text
    assert "Stopped before it was finished." in text


@pytest.mark.parametrize("scenario", [ASKING[0], ASKING[2]], ids=with_id)
def test_ctrl_d_at_a_question_ends_it(stage: Stage, scenario: Scenario) -> None:
    stage.restore()
    variables = environment(stage, scenario.who, has_secret=False)
    with Terminal(stage.folder, variables) as terminal:
        terminal.start([sys.executable, "-m", "securexfer", *stage.arguments(scenario)])
        terminal.wait_for(QUESTION)
        terminal.press("C-d")
        ended = terminal.end()
    assert ended.code == 130, ended.screen


def find(text: str) -> Scenario:
    return next(one for one in SCENARIOS if one.id.startswith(text))


COLOURLESS = [find("pack people.csv"), find("doctor"), find("unpack"), find("register list")]


@pytest.mark.parametrize("scenario", COLOURLESS, ids=with_id)
@pytest.mark.parametrize("variable", ["NO_COLOR=1", "TERM=dumb"])
def test_no_colour_where_none_is_wanted(stage: Stage, scenario: Scenario, variable: str) -> None:
    name, value = variable.split("=")
    ended = show(stage, scenario, 80, **{name: value})
    assert ended.code == 0
    assert "\x1b[3" not in ended.raw
    assert "\x1b[9" not in ended.raw


@pytest.mark.parametrize("scenario", SCENARIOS, ids=with_id)
def test_a_terminal_without_unicode_shows_ascii(stage: Stage, scenario: Scenario) -> None:
    """A Latin-1 program in a terminal: every byte must be one that this terminal has."""
    more = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    ended = show(stage, scenario, 80, **more)
    text = "\n".join(ended.screen)
    assert ended.code == 0, text
    assert text.isascii()
    assert "\\u" not in text or scenario.id.startswith(VERBATIM)


def test_a_name_that_the_terminal_lacks_is_escaped_not_lost(stage: Stage) -> None:
    stage.restore()
    variables = environment(stage, "ann", has_secret=True, PYTHONIOENCODING="latin-1")
    with Terminal(stage.folder, variables) as terminal:
        code = "import sys; from securexfer.cli.app import main; main()"
        terminal.start([sys.executable, "-c", code, "contact", "show", "Łódź"])
        ended = terminal.end()
    assert ended.code == 2
    assert "\\u0141" in "".join(ended.screen)


def test_a_reader_that_stops_reading_stops_nothing(stage: Stage) -> None:
    stage.restore()
    line = (
        f"{sys.executable} -m securexfer register export | head -n 1; "
        f"{sys.executable} -m securexfer register list --json | true"
    )
    with Terminal(stage.folder, environment(stage, "ann", has_secret=True)) as terminal:
        terminal.start(["sh", "-c", line])
        ended = terminal.end()
    assert ended.code == 0
    assert [text for text in ended.screen if text.strip()] == ["{"]
