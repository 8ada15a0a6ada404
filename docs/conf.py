"""The documentation as a site, for Sphinx: `make docs`, or `make site` without generating pages.

The pages are plain Markdown and stay readable on a code host. What they do not say is here alone:
their order, and which belong together.
"""

from __future__ import annotations

import re
from importlib.metadata import version as installed_version
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx
from sphinx.highlighting import lexers

ROOT = Path(__file__).parents[1]
# The reading order: a title of a part, and its pages, named from the root of the checkout.
ORDER = {
    "Start": ["README", "docs/install", "docs/quickstart"],
    "Decide what may leave": ["docs/concepts", "docs/recipe"],
    "Work with it": ["docs/operations", "docs/configuration", "docs/commands", "docs/errors"],
    "Judge it": ["docs/threat-model", "docs/assurance", "docs/performance", "SECURITY"],
    "Examples": [
        f"examples/{path.parent.name}/README" for path in sorted(ROOT.glob("examples/*/README.md"))
    ],
    "Build on it": ["docs/architecture", "docs/api", "docs/format", "docs/release", "CHANGELOG"],
    "Decisions": [
        f"docs/decisions/{path.stem}" for path in sorted(ROOT.glob("docs/decisions/*.md"))
    ],
}

# Rows are shown as they are.
lexers["csv"] = TextLexer()

project = "securexfer"
author = "the securexfer project"
copyright = "the securexfer project"  # noqa: A001
version = release = installed_version("securexfer")
extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = ["README.md", "SECURITY.md", "CHANGELOG.md", "docs/**.md", "examples/**.md"]
exclude_patterns = ["build", ".venv", "**/.*"]
# Deep enough for every heading that a page links to.
myst_heading_anchors = 4
nitpicky = True
# The same bytes from the same pages.
html_last_updated_fmt = None
html_copy_source = False
html_show_sphinx = False
html_theme = "furo"
html_title = f"securexfer {release}"
html_extra_path = ["site"]


def add_order(_app: Sphinx, docname: str, source: list[str]) -> None:
    """Give the index its tree of pages, which a code host would show as noise."""
    if docname == root_doc:
        trees = (
            "```{toctree}\n:hidden:\n:caption: "
            + title
            + "\n\n"
            + "\n".join(f"/{name}" for name in names)
            + "\n```\n"
            for title, names in ORDER.items()
        )
        source[0] += "\n" + "\n".join(trees)


def link_folders(_app: Sphinx, docname: str, source: list[str]) -> None:
    """Lead links to a folder, which a code host lists, to the first page or file in it."""

    def lead(found: re.Match[str]) -> str:
        folder = (ROOT / docname).parent / found[1]
        names = ("README.md", "*.md", "*.json")
        pages = [page for name in names for page in sorted(folder.glob(name))]
        return f"]({found[1]}{pages[0].name})" if pages else found[0]

    source[0] = re.sub(r"\]\(((?:[\w.-]+/)+)\)", lead, source[0])


def read_index_again(*_: object) -> list[str]:
    """The index changes with the order above, of which nothing stands in its own file."""
    return [root_doc]


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect what is above."""
    app.connect("env-get-outdated", read_index_again)
    app.connect("source-read", link_folders)
    app.connect("source-read", add_order)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
