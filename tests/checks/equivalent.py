"""Mutants that change nothing that anybody could notice, each with the reason.

The mutation run counts and shows them; it fails when one of them is killed after all.
"""

from __future__ import annotations

EQUIVALENT: dict[str, str] = {}
