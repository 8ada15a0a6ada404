"""Size does not change what a pack needs: memory stays where it is from 100 MB to 1 GB."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from securexfer.privacy.synthetic import offender_csv
from tests.whole.cli import Desk, two_desks
from tests.world import recipe_text

RECIPE = recipe_text(
    {
        "offenders": {
            "person": '{ from = "pnc_id", action = "pseudonymise", domain = "person" }',
            "birth_year": '{ from = "date_of_birth", action = "year", format = "%d/%m/%Y" }',
            "sex": '{ action = "keep" }',
            "district": '{ from = "postcode", action = "postcode-district" }',
            "offence": '{ action = "keep" }',
            "convictions": '{ action = "band", width = 5 }',
            "status": '{ action = "keep" }',
            "notes": '{ action = "keep" }',
        }
    }
)
MB = 1_000_000
MEASURE = """
import os, sys
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(process, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def write_extract(path: Path, n_bytes: int) -> None:
    """Synthetic rows until the file has that size."""
    with path.open("wb") as file:
        while file.tell() < n_bytes:
            for number, piece in enumerate(offender_csv(400_000)):
                if number or not file.tell():
                    file.write(piece)
                if file.tell() >= n_bytes:
                    break


def peak_memory(desk: Desk, *arguments: str) -> int:
    """Peak resident bytes of one run, by the kernel's own account."""
    # From a small process: the kernel counts what a process was before it became the program, and
    # this one may have grown large.
    command = [sys.executable, "-c", MEASURE, sys.executable, "-m", "securexfer", *arguments]
    run = subprocess.run(command, env=desk.environment(), stdout=subprocess.PIPE, check=True)
    return int(run.stdout.splitlines()[-1]) * 1024


@pytest.mark.slow
def test_a_gigabyte_packs_and_unpacks_within_the_memory_of_a_tenth_of_it(tmp_path: Path) -> None:
    ann, bob = two_desks(tmp_path)
    recipe = tmp_path / "offenders.toml"
    recipe.write_text(RECIPE)
    peaks: dict[str, list[int]] = {"pack": [], "unpack": []}
    for n_bytes in (100 * MB, 1000 * MB):
        extract, bundle = tmp_path / "offenders.csv", tmp_path / f"{n_bytes}.zip"
        write_extract(extract, n_bytes)
        assert extract.stat().st_size >= n_bytes
        command = ["pack", str(extract), "--recipe", str(recipe), "--to", "bob", "-q"]
        peaks["pack"].append(peak_memory(ann, *command, "-o", str(bundle)))
        extract.unlink()
        out = tmp_path / f"out-{n_bytes}"
        peaks["unpack"].append(peak_memory(bob, "unpack", str(bundle), "-q", "-o", str(out)))
        bundle.unlink()
        for path in out.iterdir():
            path.unlink()
    for small, large in peaks.values():
        assert large <= 400 * MB, peaks
        assert large <= 1.2 * small, peaks
