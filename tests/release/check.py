"""Whether this commit can be released: `python -m tests.release.check`.

What a machine can see of the list in `docs/release.md` without building or testing anything.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator

from tests.release.dist import ROOT
from tests.releases.freeze import SUMS


def version() -> str:
    """Of the project."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])


def find_other_versions() -> Iterator[str]:
    """Where another version is named than the project's."""
    (newest, _) = re.findall(
        r"^## (\S+?)(, \d{4}-\d\d-\d\d)?$", _read("CHANGELOG.md"), re.MULTILINE
    )[0]
    if newest != version():
        yield f"CHANGELOG.md begins with {newest}"
    for page in sorted((ROOT / "docs" / "man").iterdir()):
        if f'"securexfer {version()}"' not in page.read_text(encoding="utf-8"):
            yield f"docs/man/{page.name} is of another version: make docs"


def find_missing() -> Iterator[str]:
    """What a release has to have."""
    frozen = f"tests/releases/v{version().split('.')[0]}"
    if not (ROOT / frozen / SUMS).is_file():
        yield f"{frozen} is missing: python -m tests.releases.freeze {frozen}"


def find_changes() -> Iterator[str]:
    """What is not committed, and what was promised to stay and did not."""
    if changed := _git("status", "--porcelain"):
        yield f"not committed: {len(changed.splitlines())} files"
    before = _git("describe", "--tags", "--abbrev=0", "--match", "v*")
    if before:
        kept = ("tests/vectors/bundles", "tests/vectors/statements", "tests/releases")
        changed = _git("diff", "--name-only", "--diff-filter=MDR", before, "--", *kept)
        for name in changed.splitlines():
            if not name.endswith(".py"):
                yield f"{name} is not what it was in {before}"


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _git(*arguments: str) -> str:
    run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return run.stdout.strip() if run.returncode == 0 else ""


def main() -> int:
    """Say what is in the way; exit code 1 if anything is."""
    found = [*find_changes(), *find_other_versions(), *find_missing()]
    for one in found:
        print(one, file=sys.stderr)
    if not found:
        print(f"Nothing is in the way of {version()}.")
    return min(len(found), 1)


if __name__ == "__main__":
    sys.exit(main())
