"""`report` and `pack --dry-run --report`, as people run them, and as a browser shows the page."""

from __future__ import annotations

import html
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from securexfer.cli.app import run
from securexfer.medium.medium import Kind, describe_medium
from tests.whole.cli import EXTRACT, RECIPE, Desk, meet

GROUPED = RECIPE.replace(
    "[tables.people.fields]",
    "[limits]\nmin_group_size = 2\n[tables.people]\n"
    'quasi_identifiers = ["born", "town"]\n[tables.people.fields]',
)
# What the page would say of itself in a browser: how wide it is, and which text is cut off.
MEASURE = """
<!doctype html><body style="margin:0">
<iframe id=page style="border:0;width:{width}px;height:9000px" srcdoc="{page}"></iframe>
<script>
document.getElementById("page").onload = function () {{
  const inside = this.contentDocument, found = [];
  for (const svg of inside.querySelectorAll("svg")) {{
    if (getComputedStyle(svg, null).display === "none") continue;
    const frame = svg.getBoundingClientRect();
    for (const text of svg.querySelectorAll("text")) {{
      const box = text.getBoundingClientRect();
      const fits = box.left >= frame.left - 1 && box.right <= frame.right + 1;
      if (!fits) found.push(text.firstChild.textContent);
    }}
  }}
  const shown = [...inside.querySelectorAll("svg")].filter(
    one => getComputedStyle(one, null).display !== "none").length;
  document.title = JSON.stringify(
    {{width: inside.documentElement.scrollWidth, cut: found, shown: shown}});
}};
</script>
"""


@pytest.fixture
def desks(tmp_path: Path) -> tuple[Desk, Desk]:
    ann, bob = meet(tmp_path, "ann", "bob")
    (tmp_path / "people.csv").write_bytes(EXTRACT)
    (tmp_path / "people.toml").write_text(RECIPE)
    (tmp_path / "stick").mkdir()
    (tmp_path / "grouped.toml").write_text(GROUPED)
    return ann, bob


def pack(ann: Desk) -> tuple[str, Path]:
    packed = ann.json(
        *("pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick")
    )
    return packed["bundle_id"], Path(packed["path"])


class TestTheCommand:
    def test_sender_and_recipient_get_a_page_from_register_and_bundle(
        self, desks: tuple[Desk, Desk]
    ) -> None:
        ann, bob = desks
        bundle_id, path = pack(ann)
        ann.run("report", bundle_id[:12], "-o", "sent.html")
        bob.run("report", path, "-o", "received.html")
        bob.run("unpack", path, "-o", "in", "--allow-medium", "--reason", "a test")
        bob.run("report", bundle_id, "-o", "kept.html")
        for name, title in (
            ("sent", "What left"),
            ("received", "What was received"),
            ("kept", "What was received"),
        ):
            file = ann.folder / f"{name}.html"
            text = file.read_text()
            assert f"<h1>{title}: bundle {bundle_id[:12]}</h1>" in text
            assert "Evaluate supervision" in text
            assert not re.search("Ann|1980|York|Hull", text.replace("DSA", ""))
            assert file.stat().st_mode & 0o777 == 0o600

    def test_json_and_markdown_have_the_same_facts(self, desks: tuple[Desk, Desk]) -> None:
        ann, _ = desks
        bundle_id, _ = pack(ann)
        document = ann.json("report", bundle_id, "-o", "report.json")
        written = json.loads((ann.folder / "report.json").read_text())
        assert document.pop("path") == "report.json"
        # Some seconds may lie between them.
        assert {**document, "made_at": ""} == {**written, "made_at": ""}
        text = ann.run("report", bundle_id).stdout.decode()
        for field in document["tables"][0]["fields"]:
            assert f"| {field['source']} | {field['name']} |" in text
        assert "| name | (none) | withheld: it stays inside |" in text

    def test_a_changed_bundle_has_no_page(self, desks: tuple[Desk, Desk]) -> None:
        ann, bob = desks
        _, path = pack(ann)
        path = ann.folder / path
        data = bytearray(path.read_bytes())
        data[100] ^= 1  # in the note for finders
        path.write_bytes(data)
        bob.run("report", path, "-o", "x.html", check=60)
        assert not (bob.folder / "x.html").exists()

    def test_who_packed_a_bundle_is_told_to_name_it_by_its_id(
        self, desks: tuple[Desk, Desk]
    ) -> None:
        ann, _ = desks
        _, path = pack(ann)
        refused = ann.json("report", path, "-o", "x.html", check=40)
        assert "securexfer report BUNDLE_ID" in refused["error"]["hint"]

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (("report", "0" * 12, "-o", "x.html"), 2),
            (("report", "{id}", "-o", "x.pdf"), 2),
            (("report", "{id}", "-o", "people.csv"), 2),
            (("report", "{id}", "-o", "there.html"), 80),
            (("report", "{id}", "-o", "no/such/x.html"), 80),
        ],
    )
    def test_what_can_not_be_is_refused(
        self, desks: tuple[Desk, Desk], arguments: tuple[str, ...], code: int
    ) -> None:
        ann, _ = desks
        bundle_id, _ = pack(ann)
        (ann.folder / "there.html").write_text("mine")
        ann.run(*(one.replace("{id}", bundle_id) for one in arguments), check=code)
        assert (ann.folder / "there.html").read_text() == "mine"

    def test_a_page_on_a_drive_that_is_carried_away_is_remarked_upon(
        self,
        desks: tuple[Desk, Desk],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        ann, _ = desks
        bundle_id, _ = pack(ann)
        for kind, is_remarked in ((Kind.REMOVABLE, True), (Kind.INTERNAL, False)):
            medium = describe_medium(kind)
            monkeypatch.setattr("securexfer.medium.medium.find_medium", lambda _, m=medium: m)
            page = str(ann.folder / f"{kind.value}.html")
            assert run(["--home", str(ann.home), "report", bundle_id, "-o", page]) == 0
            assert ("A finder of that drive" in capsys.readouterr().err) == is_remarked


class TestBeforeSending:
    DRY = ("pack", "people.csv", "--to", "bob", "--dry-run")

    def test_the_page_is_there_before_anything_else_is(self, desks: tuple[Desk, Desk]) -> None:
        ann, _ = desks
        tried = ann.run(
            *self.DRY, "--recipe", "people.toml", "--report", "plan.html", "-o", "stick"
        )
        assert b"Nothing was written but that page." in tried.stdout
        text = (ann.folder / "plan.html").read_text()
        assert "<h1>What would leave</h1>" in text
        assert "90 days after it is packed" in text
        assert not list((ann.folder / "stick").iterdir())
        assert not (ann.home / "register.jsonl").exists()

    def test_a_refusal_has_its_page_too_and_is_still_a_refusal(
        self, desks: tuple[Desk, Desk]
    ) -> None:
        ann, _ = desks
        ann.json(*self.DRY, "--recipe", "grouped.toml", "--report", "plan.html", check=90)
        text = (ann.folder / "plan.html").read_text()
        assert "<h1>Refused: what would leave</h1>" in text
        assert "k = 2" in text

    def test_it_goes_with_a_dry_run_alone(self, desks: tuple[Desk, Desk]) -> None:
        ann, _ = desks
        arguments = ("pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick")
        ann.run(*arguments, "--report", "plan.html", check=2)
        assert not list((ann.folder / "stick").iterdir())


def test_the_demo_keeps_a_page_to_look_at(tmp_path: Path) -> None:
    told = Desk(tmp_path, "ann").run("demo", "--rows", "300", "--keep", "kept").stdout.decode()
    assert "to look at: kept/report.html" in told
    text = (tmp_path / "kept" / "report.html").read_text()
    assert "opened by acme, who signed a receipt" in text
    assert "criminal-offence data" in text


@pytest.mark.parametrize("width", [340, 1280])
def test_a_browser_shows_it_whole(
    desks: tuple[Desk, Desk], tool: Callable[[str], str], width: int
) -> None:
    chromium = tool("chromium")
    ann, _ = desks
    long = "WWW_a_column_with_a_rather_long_name"
    (ann.folder / "people.csv").write_bytes(EXTRACT.replace(b"town", long.encode()))
    recipe = GROUPED.replace('"town"', f'"{long}"').replace("town =", f"{long} =")
    (ann.folder / "grouped.toml").write_text(recipe)
    ann.json(*TestBeforeSending.DRY, "--recipe", "grouped.toml", "--report", "p.html", check=90)
    page = (ann.folder / "p.html").read_text()
    frame = ann.folder / "frame.html"
    frame.write_text(MEASURE.format(width=width, page=html.escape(page)))
    shown = subprocess.run(
        [
            *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *(f"--user-data-dir={ann.folder / 'profile'}", "--virtual-time-budget=2000"),
            f"--window-size={max(width, 500)},900",
            frame.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = re.search(r"<title>(.*?)</title>", shown.stdout.split("srcdoc")[0] or shown.stdout)
    assert found, shown.stdout[:300]
    measured = json.loads(html.unescape(found[1]))
    assert measured == {"width": width, "cut": [], "shown": 2}
