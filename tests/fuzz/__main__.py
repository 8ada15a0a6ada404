"""Fuzz one target, guided by coverage of `securexfer` (and not of the libraries it uses)."""

from __future__ import annotations

import argparse
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["securexfer"]):
    from tests.fuzz.targets import TARGETS, Target, key_of

CORPUS = Path(__file__).parent / "corpus"
MAX_INPUT_BYTES = 64 * 1024
MAX_MEGABYTES = 500


def main() -> None:
    """Read the arguments and hand over to libFuzzer, which ends the process."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("name", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60, help="How long to search.")
    parser.add_argument("--found", type=Path, help="Folder that takes what adds coverage.")
    parser.add_argument("--merge", type=Path, help="Keep of this folder what adds coverage.")
    options, passed_on = parser.parse_known_args()
    target = TARGETS[options.name]
    if options.merge:
        merge(target, options.merge)
    elif passed_on:
        fuzz(target, passed_on)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            search(target, Path(scratch), options.seconds, options.found)


def search(target: Target, folder: Path, seconds: int, found: Path | None) -> None:
    """Fuzz for a while, from the seeds and the corpus."""
    found = found or folder / "found"
    for each in (found, CORPUS / target.name):
        each.mkdir(parents=True, exist_ok=True)
    dictionary = folder / "dictionary"
    quoted = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in target.words)
    dictionary.write_text("".join(f'"{word}"\n' for word in quoted))
    options = {
        "artifact_prefix": f"{Path.cwd()}/finding-{target.name}-",
        "dict": dictionary,
        "max_len": MAX_INPUT_BYTES,
        "max_total_time": seconds,
        "print_final_stats": 1,
        "rss_limit_mb": MAX_MEGABYTES,
        "timeout": 30,  # of the wall; the target itself counts its seconds of work
    }
    arguments = [f"-{name}={value}" for name, value in options.items()]
    folders = [found, CORPUS / target.name, write_seeds(target, folder / "seeds")]
    fuzz(target, [*arguments, *map(str, folders)])


def merge(target: Target, found: Path) -> None:
    """Add to the corpus what adds coverage to the seeds and to the corpus."""
    kept = CORPUS / target.name
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        seeds = write_seeds(target, Path(scratch) / "seeds")
        before = {path.name for path in seeds.iterdir()}
        folders = [str(seeds), str(kept), str(found)]
        subprocess.run([*program(target), "-merge=1", *folders], check=True)
        after = {path.name for path in seeds.iterdir()} - before
        if not after:
            sys.exit("Nothing adds coverage; the corpus was left as it is.")
        for path in kept.iterdir():
            path.unlink()
        for name in after:
            shutil.copy(seeds / name, kept / name)


def write_seeds(target: Target, folder: Path) -> Path:
    """The target's own seeds as files."""
    folder.mkdir()
    for seed in target.seeds():
        (folder / key_of(seed)).write_bytes(seed)
    return folder


def program(target: Target) -> list[str]:
    """The command that fuzzes a target."""
    return [sys.executable, "-m", "tests.fuzz", target.name]


def fuzz(target: Target, arguments: list[str]) -> None:
    """Run libFuzzer with edits by structure and edits of bytes in turn."""

    def mutate(data: bytes, max_bytes: int, seed: int) -> bytes:
        chance = random.Random(seed)

        def edit(part: bytes) -> bytes:
            return bytes(atheris.Mutate(part, len(part) + 64))

        changed = target.shape(data, chance, edit) if chance.random() < 0.6 else edit(data)
        return changed[:max_bytes]

    # While merging, libFuzzer hands the first argument to a shell to run itself again.
    command = shlex.join(program(target))
    atheris.Setup([command, *arguments], target.run, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
