"""Build what is released, twice, and compare: `python -m tests.release.dist`.

The second build is made of nothing but the first one's source archive, in another folder, under
another umask and time zone. So whoever has the archive can make the same wheel and see that it is.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Without a commit to date it by, as in an unpacked source archive: the start of 2020.
_NO_COMMIT = 1_577_836_800


def commit_epoch(source: Path = ROOT) -> int:
    """When the last commit was made, in seconds since 1970."""
    run = subprocess.run(
        ["git", "log", "-1", "--format=%ct"],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    return int(run.stdout) if run.returncode == 0 and run.stdout.strip() else _NO_COMMIT


def build(source: Path, target: Path, epoch: int, **environment: str) -> dict[str, str]:
    """Build source archive and wheel; their SHA-256 by name.

    Args:
        source: a checkout, or an unpacked source archive.
        target: folder for both.
        epoch: the time that all files in them have.
        environment: more variables.

    Raises:
        RuntimeError: if it can't be built; with what the builder says.
    """
    run = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--directory", str(target)],
        cwd=source,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise RuntimeError(run.stderr)
    files = [*target.glob("*.tar.gz"), *target.glob("*.whl")]
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(files, key=lambda file: file.name)
    }


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack a source archive; the folder in it."""
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    return source


def build_again(archive: Path, folder: Path, epoch: int) -> dict[str, str]:
    """Build both from the source archive alone, with other surroundings."""
    source = unpack(archive, folder / "source")
    before = os.umask(0o077)
    try:
        return build(source, folder / "again", epoch, TZ="Asia/Tokyo", LC_ALL="C", HOME="/")
    finally:
        os.umask(before)


def main() -> int:
    """Build into `dist/`; exit code 1 if the second build differs."""
    target, epoch = ROOT / "dist", commit_epoch()
    shutil.rmtree(target, ignore_errors=True)
    first = build(ROOT, target, epoch)
    with tempfile.TemporaryDirectory() as folder:
        second = build_again(next(target.glob("*.tar.gz")), Path(folder), epoch)
    lines = [f"{sha256}  {name}" for name, sha256 in first.items()]
    print("\n".join(lines))
    if first != second:
        print("The second build differs:", *second.values(), sep="\n", file=sys.stderr)
        return 1
    (target / "SHA256SUMS").write_text("\n".join(lines) + "\n", encoding="ascii")
    print(f"Built twice, the same to the byte. SOURCE_DATE_EPOCH={epoch}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
