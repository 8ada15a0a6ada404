"""How long `drive check` takes for a drive of mixed files.

    PYTHONPATH=. .venv/bin/python -m bench.drive [--megabytes 1000] [--rounds 3] [--folder DIR]

A drive is made up once, the same each time: tables, logs, JSON, XML, pages, workbooks, documents,
databases, archives, pictures and programs, some large and thousands small. Then the real program
checks it. What is packed unpacks to more than its size here; how much is told.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from securexfer.privacy.synthetic import offender_csv
from tests.drives import innocent_tables as tables
from tests.drives import innocent_texts as texts
from tests.drives.making import (
    Rows,
    csv_bytes,
    document_bytes,
    gzip_bytes,
    pdf_bytes,
    sqlite_bytes,
    workbook_bytes,
    zip_bytes,
)

_BLOCK = 2_000_000


def repeat(make: Callable[[Random], bytes], random: Random, n_bytes: int) -> bytes:
    """What `make` makes, again and again, up to so many bytes."""
    parts, n = [], 0
    while n < min(n_bytes, _BLOCK):
        parts.append(make(random))
        n += len(parts[-1])
    block = b"".join(parts)
    return (block * (n_bytes // len(block) + 1))[:n_bytes]


def rows_of(make: Callable[[Random], Rows]) -> Callable[[Random], bytes]:
    """Rows of a table without its header."""
    return lambda random: csv_bytes(make(random)[1:])


def people(n_bytes: int) -> bytes:
    """A table of people."""
    return b"".join(offender_csv(n_bytes // 220 + 10))[:n_bytes]


def make_files(random: Random, n_megabytes: int) -> Iterator[tuple[str, bytes]]:
    """About so many megabytes of files: how many of each kind is written here."""
    mega = n_megabytes * 1000

    def size(share: float) -> int:
        return int(share * mega * 1000)

    yield "people.csv", people(size(0.06))
    yield "readings.csv", repeat(rows_of(tables.measurements), random, size(0.12))
    yield "areas.csv", repeat(rows_of(tables.area_codes), random, size(0.05))
    yield "access.log", repeat(lambda r: texts.web_log(r).encode(), random, size(0.10))
    yield "system.log", repeat(lambda r: texts.system_log(r).encode(), random, size(0.06))
    rows = tables.catalogue(random)
    line = json.dumps([dict(zip(rows[0], row, strict=True)) for row in rows[1:]]).encode()
    yield "catalogue.json", repeat(lambda _: line + b"\n", random, size(0.05))
    yield "track.gpx", repeat(lambda r: texts.track(r).encode(), random, size(0.03))
    for number in range(1500):
        make = random.choice(list(tables.TABLES.values()))
        yield f"tables/{number}.csv", csv_bytes(make(random))
        name, write = random.choice(list(texts.WRITINGS.items()))
        yield f"texts/{number}/{Path(name).name}", write(random).encode()
    for number in range(100):
        invoice = texts.invoice(random)
        yield f"office/{number}.docx", document_bytes(invoice * 8)
        yield f"office/{number}.pdf", pdf_bytes(invoice * 6)
    for number in range(10):
        sheet = [row for _ in range(16) for row in tables.catalogue(random)]
        yield f"office/{number}.xlsx", workbook_bytes({"a": sheet, "b": tables.statistics(random)})
    for number in range(4):
        many = [row for _ in range(int(size(0.01) / 24_000)) for row in tables.measurements(random)]
        yield f"data/{number}.sqlite", sqlite_bytes({"readings": many})
    packed = repeat(rows_of(tables.statistics), random, size(0.03))
    yield "packed/statistics.csv.gz", gzip_bytes(packed)
    yield (
        "packed/pages.zip",
        zip_bytes({f"{n}.html": texts.page(random).encode() for n in range(400)}),
    )
    for number in range(200):
        head = random.choice([b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"\x7fELF\x02\x01\x01"])
        yield f"media/{number}", head + random.randbytes(size(0.3) // 200)
    yield "backup.bin", random.randbytes(size(0.05))


def make_drive(folder: Path, n_megabytes: int) -> tuple[int, int]:
    """Write the files, up to so many megabytes; returns how many, and their bytes."""
    n_files = n_bytes = 0
    for name, content in make_files(Random(1), n_megabytes):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        n_files, n_bytes = n_files + 1, n_bytes + len(content)
    while n_bytes < n_megabytes * 1_000_000:
        missing = min(n_megabytes * 1_000_000 - n_bytes, 30_000_000)
        (folder / f"more-{n_files}.csv").write_bytes(
            repeat(rows_of(tables.catalogue), Random(n_files), missing)
        )
        n_files, n_bytes = n_files + 1, n_bytes + missing
    return n_files, n_bytes


def check(home: Path, drive: Path) -> tuple[float, float, dict[str, object]]:
    """One run of the program: wall and processor seconds, and what it found."""
    command = [sys.executable, "-m", "securexfer", "--home", str(home), "--json", "drive", "check"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    run = subprocess.run([*command, str(drive)], capture_output=True, text=True, check=False)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    found: dict[str, object] = json.loads(run.stdout)
    return wall, cpu, found


def main() -> None:
    """Make a drive, check it some times, and say how long it took."""
    parser = argparse.ArgumentParser(description="how long drive check takes")
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        drive, home = Path(name) / "drive", Path(name) / "home"
        drive.mkdir()
        n_files, n_bytes = make_drive(drive, arguments.megabytes)
        print(f"{n_files:,} files, {n_bytes / 1e6:,.0f} MB, {os.cpu_count()} cores")
        walls = []
        for _ in range(arguments.rounds):
            wall, cpu, found = check(home, drive)
            walls.append(wall)
            print(
                f"{wall:.1f} s, {cpu:.1f} s of processors: findings in {found['n_findings']}, "
                f"{found['n_unjudged']} not judged"
            )
        print(f"median {statistics.median(walls):.1f} s")


if __name__ == "__main__":
    main()
