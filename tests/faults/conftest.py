"""One scene for all, made once; each test works on copies of it."""

from __future__ import annotations

import pytest

from tests.faults.invariants import Scene


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
