"""The documentation as a site: it is built without a network, and nothing in it leads nowhere."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import html5lib
import pytest

from tests.docs.pages import ROOT, page, pages, rows

NAMESPACE = "{http://www.w3.org/1999/xhtml}"
READERS = ("send", "receive", "data protection officer", "administrator", "develop")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built with warnings as errors and, where that can be had, with the network off."""
    folder = tmp_path_factory.mktemp("site")
    alone = [shutil.which("unshare") or "false", "--map-root-user", "--net"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        alone = []
    run = subprocess.run(
        [
            *(*alone, sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q"),
            *("-c", str(ROOT / "docs"), "-d", str(folder / "doctrees")),
            *(str(ROOT), str(folder / "html")),
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    return folder / "html"


def tree_of(path: Path) -> ElementTree.Element:
    parsed = html5lib.parse(path.read_text(encoding="utf-8"))
    assert isinstance(parsed, ElementTree.Element)
    return parsed


def test_every_page_is_in_it(site: Path) -> None:
    for path in [*pages(), *ROOT.glob("examples/*/README.md")]:
        assert (site / path.relative_to(ROOT).with_suffix(".html")).is_file(), path.name
    assert 'url=docs/index.html"' in (site / "index.html").read_text()


def test_every_link_of_every_page_leads_somewhere(site: Path) -> None:
    trees = {path: tree_of(path) for path in site.rglob("*.html")}
    anchors = {
        path: {one.get("id") for one in tree.iter() if one.get("id")}
        for path, tree in trees.items()
    }
    n_links = 0
    for path, tree in trees.items():
        for link in tree.iter(f"{NAMESPACE}a"):
            target = link.get("href") or ""
            if not target or "://" in target or target.startswith("mailto:"):
                continue
            file, _, anchor = target.partition("#")
            there = (path.parent / unquote(file)).resolve() if file else path
            assert there.is_file(), f"{path.name}: {target}"
            # Sphinx's own search page makes its anchors as it runs.
            if anchor and there in anchors:
                assert unquote(anchor) in anchors[there] | {""}, f"{path.name}: {target}"
            n_links += 1
    assert n_links > 500


def test_no_page_fetches_anything_from_elsewhere(site: Path) -> None:
    for path in site.rglob("*.html"):
        for one in tree_of(path).iter():
            if str(one.tag).removeprefix(NAMESPACE) in ("script", "link", "img", "iframe"):
                for name in ("src", "href"):
                    assert "//" not in one.get(name, ""), f"{path.name}: {one.get(name)}"
    for path in site.rglob("*.css"):
        assert not re.search(r"@import|url\(['\"]?(https?:)?//", path.read_text(), re.IGNORECASE)


def test_the_reading_order_has_every_page_once() -> None:
    spec = importlib.util.spec_from_file_location("conf", ROOT / "docs" / "conf.py")
    assert spec is not None
    assert spec.loader is not None
    conf = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conf)
    ordered = [name for names in conf.ORDER.values() for name in names]
    expected = {
        path.relative_to(ROOT).with_suffix("").as_posix()
        for path in [*pages(), *ROOT.glob("examples/*/README.md")]
    }
    assert len(ordered) == len(set(ordered))
    assert set(ordered) | {"docs/index"} == expected


def test_the_index_has_a_line_for_every_reader() -> None:
    first, *_ = (row[0] for row in rows(page("docs/index.md")))
    assert first
    listed = [row[0] for row in rows(page("docs/index.md")) if len(row) == 4]
    assert len(listed) == len(READERS)
    for reader, cell in zip(READERS, listed, strict=True):
        assert f"**{reader}**" in cell
