"""One scene for all, made once; each test works on copies of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.faults.injection import Stage, count_calls
from tests.faults.scene import Scene


@pytest.fixture(scope="session")
def packing(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A scene about to be packed."""
    return Scene.build(tmp_path_factory.mktemp("packing"))


@pytest.fixture(scope="session")
def unpacking(packing: Scene, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """A scene about to be unpacked."""
    scene = packing.copy(tmp_path_factory.mktemp("unpacking"))
    scene.pack()
    return scene


@pytest.fixture(scope="session")
def counted(
    packing: Scene, unpacking: Scene, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, Stage], Counter[str]]:
    """How often an undisturbed run makes each kind of call; each run is counted once."""
    known: dict[Stage, Counter[str]] = {}

    def count(strace: str, stage: Stage) -> Counter[str]:
        if stage not in known:
            template = packing if stage.command == "pack" else unpacking
            folder = tmp_path_factory.mktemp("counted")
            known[stage] = count_calls(strace, stage, template, folder)
        return known[stage]

    return count
