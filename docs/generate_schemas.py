"""Write docs/schemas/ from docs/shapes/: `python -m docs.generate_schemas`.

One JSON Schema for the result of each command with `--json`, and one for errors. A test holds the
files against what this makes, and what every command really prints against the files.
"""

from __future__ import annotations

import json
from pathlib import Path

from docs.shapes import bundle, desk, party, register, report, statement
from docs.shapes.part import ERROR, Schema

TARGET = Path(__file__).with_name("schemas")
DIALECT = "https://json-schema.org/draft/2020-12/schema"
RESULTS: dict[str, Schema] = {
    **party.RESULTS,
    **desk.RESULTS,
    **bundle.RESULTS,
    **statement.RESULTS,
    **register.RESULTS,
    **report.RESULTS,
}


def generate() -> dict[str, str]:
    """The text of every file in docs/schemas/, by its name."""
    files = {"error.json": _file("What any command prints with --json when it fails.", ERROR)}
    for command, schema in RESULTS.items():
        title = f"What securexfer {command} --json prints when it has done its work."
        files[file_name(command)] = _file(title, schema)
    return files


def file_name(command: str) -> str:
    """The file of a command: its words with hyphens."""
    return f"{command.replace(' ', '-')}.json"


def _file(title: str, schema: Schema) -> str:
    whole = {"$schema": DIALECT, "title": title, **schema}
    return json.dumps(whole, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    TARGET.mkdir(exist_ok=True)
    for name, text in generate().items():
        (TARGET / name).write_text(text, encoding="utf-8")
