"""Data that can't be made smaller, so that a bundle has the size that was asked for."""

from __future__ import annotations

import base64
import os
from pathlib import Path

# Base64 of random bytes is 6 bits of a byte, and that is what gzip makes of it.
_ROW_BYTES = 3000
NOISE_RECIPE = """\
[limits]
residual = "off"
gate_reason = "made-up cells"

[tables.noise.fields]
cell = { action = "keep" }
"""


def write_noise(path: Path, n_megabytes: int) -> None:
    """A table of one column that packs to about so many million bytes."""
    with path.open("wb") as file:
        file.write(b"cell\n")
        for _ in range(n_megabytes * 1_000_000 // _ROW_BYTES):
            file.write(base64.b64encode(os.urandom(_ROW_BYTES)) + b"\n")
