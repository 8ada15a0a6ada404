"""A folder of wheels that installs without a network: `python -m tests.release.wheels`.

It holds the wheel of this project and of everything that it and its extras need at run time, in
the versions of `constraints.txt`. Run with the interpreter that the folder is for.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.release.dist import ROOT

EXTRAS = "heic,pdf"


def collect(wheel: Path, folder: Path, python: str = sys.executable) -> list[Path]:
    """Fill a folder with the wheels that one wheel and its extras need, itself included.

    Args:
        wheel: of this project.
        folder: where to.
        python: the interpreter that it is for.

    Raises:
        subprocess.CalledProcessError: if one can't be had.
    """
    subprocess.run(
        [
            *(python, "-m", "pip", "download", "--quiet", "--only-binary", ":all:"),
            *(
                "--constraint",
                str(ROOT / "constraints.txt"),
                "--dest",
                str(folder),
                f"{wheel}[{EXTRAS}]",
            ),
        ],
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    return sorted(folder.glob("*.whl"))


def main() -> int:
    """Fill `build/wheels` from the wheel in `dist/`."""
    (wheel,) = (ROOT / "dist").glob("*.whl")
    folder = ROOT / "build" / "wheels"
    shutil.rmtree(folder, ignore_errors=True)
    wheels = collect(wheel, folder)
    shutil.copy(ROOT / "constraints.txt", folder)
    size = sum(one.stat().st_size for one in wheels)
    print(f"{folder}: {len(wheels)} wheels, {size / 2**20:.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
