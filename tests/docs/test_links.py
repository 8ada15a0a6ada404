"""Links lead somewhere, and named files exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, anchors, page, pages, rows, sections

FENCED = re.compile(r"^```.*?^```$", flags=re.MULTILINE | re.DOTALL)
CRYPTOGRAPHY = (
    "AES-256 (WinZip AE-2), keys sealed with ML-KEM-768 + X25519 (HPKE), signed with Ed25519 and "
    "ML-DSA-65. Not a FIPS 140 validated module."
)


def links() -> list[tuple[Path, str]]:
    found = []
    for path in pages():
        text = FENCED.sub("", path.read_text(encoding="utf-8"))
        found += [(path, target) for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    return found


@pytest.mark.parametrize(
    ("path", "target"),
    [pytest.param(p, t, id=f"{p.relative_to(ROOT)}->{t}") for p, t in links() if "://" not in t],
)
def test_a_relative_link_resolves(path: Path, target: str) -> None:
    file, _, anchor = target.partition("#")
    there = (path.parent / file).resolve() if file else path
    assert there.exists()
    assert there.is_relative_to(ROOT)
    if anchor:
        assert anchor in anchors(there.read_text(encoding="utf-8"))


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, pending = set(), [ROOT / "README.md"]
    while pending:
        path = pending.pop()
        if path in reached:
            continue
        reached.add(path)
        if path.is_dir():
            pending += path.glob("*.md")
            continue
        pending += [
            (path.parent / target.partition("#")[0]).resolve()
            for source, target in links()
            if source == path and "://" not in target and not target.startswith("#")
        ]
    assert set(pages()) <= reached


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_named_test_files_and_pages_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for named in re.findall(r"`((?:tests|docs|examples)/[\w./-]+\.\w+)`", text):
        assert (ROOT / named).is_file(), named


def test_every_guarantee_names_its_test_or_says_that_there_is_none() -> None:
    table = rows(sections(page("docs/threat-model.md"))["Guarantees"])
    assert [row[0] for row in table] == [f"G{i + 1}" for i in range(len(table))]
    assert all(row[3] == "not yet" or "`tests/" in row[3] for row in table)


def test_the_rules_of_the_format_are_numbered_without_gaps() -> None:
    numbers = re.findall(r"^- \*\*M(\d+)\.\*\*", page("docs/format.md"), flags=re.MULTILINE)
    assert [int(number) for number in numbers] == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("name", ["README.md", "docs/format.md", "docs/threat-model.md"])
def test_the_cryptography_is_described_in_one_sentence(name: str) -> None:
    assert CRYPTOGRAPHY in page(name).splitlines()


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_pseudonymised_data_are_never_called_anything_more(path: Path) -> None:
    for sentence in re.split(r"(?<=[.:])\s|\n\n", path.read_text(encoding="utf-8")):
        if re.search("anonymi[sz]ed|anonymous", sentence, re.IGNORECASE):
            assert path.name == "concepts.md"
            assert re.search(r"\b(not|never)\b", sentence), sentence
