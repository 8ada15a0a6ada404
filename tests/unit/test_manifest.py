"""The manifest: what it says, what it may say, and how much of it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from securexfer.bundle import reader
from securexfer.bundle.file import BLOCK_BYTES
from securexfer.bundle.manifest import (
    MAX_CONTAINERS,
    decode_manifest,
    describe_package,
)
from securexfer.bundle.padding import padme
from securexfer.errors import (
    ManifestMismatchError,
)
from securexfer.reporting import SilentReporter
from tests.world import World, keep_all, recipe_text

KEEP = '{ action = "keep" }'
SILENT = SilentReporter()
# What is hashed at once.
CHUNK = 4 * BLOCK_BYTES


@pytest.fixture
def bundle(world: World) -> Path:
    return world.ann.pack(
        {"t": b"x\n1\n2\n"}, keep_all("t", ["x"]), [world.bob, world.cat], world.drive
    ).path


class TestTheManifest:
    def test_it_is_a_data_package_padded_with_spaces(self, world: World) -> None:
        recipe = recipe_text({"People": {"x": KEEP}, "b": {"y": KEEP, "z": KEEP}})
        tables = {"People": b"x\n1\n", "b": b"y,z\n2,3\n"}
        manifest = world.ann.pack(tables, recipe, [world.bob], world.drive).manifest
        content = manifest.encode()
        text = content.rstrip(b" ")
        assert len(content) == padme(len(text))
        descriptor = manifest.descriptor()
        assert json.loads(text) == descriptor
        block = descriptor.pop("securexfer")
        assert [table["n_rows_out"] for table in block["tables"]] == [1, 1]
        common = {
            "encoding": "utf-8",
            "format": "csv",
            "mediatype": "text/csv",
            "type": "table",
        }
        people = common | {
            "name": "people",
            "schema": {"fields": [{"name": "x", "type": "string"}]},
        }
        other = common | {
            "name": "b",
            "schema": {
                "fields": [{"name": "y", "type": "string"}, {"name": "z", "type": "string"}]
            },
        }
        facts = {"created": manifest.created_at, "name": f"sx-{manifest.bundle_id}"}
        assert descriptor == facts | {
            "resources": [
                people | {"path": "tables/0001.csv.gz", "compression": "gz"},
                other | {"path": "tables/0002.csv.gz", "compression": "gz"},
            ]
        }
        chosen = describe_package(manifest, {"b": "b.csv"})
        digest = hashlib.sha256(b"y,z\n2,3\n").hexdigest()
        assert chosen == facts | {
            "resources": [other | {"path": "b.csv", "bytes": 8, "hash": f"sha256:{digest}"}]
        }

    @pytest.mark.parametrize(
        ("edit", "is_read"),
        [
            (lambda m: None, True),
            (lambda m: m.update(unknown=[[]] * 199_000), True),
            (lambda m: m.update(unknown=[[]] * 200_000), False),
            (lambda m: m["securexfer"]["tables"][0].update(n_unparsed={"x": 2**53 - 1}), True),
            (lambda m: m["securexfer"]["tables"][0].update(n_unparsed={"x": 2**53}), False),
            (lambda m: m["securexfer"]["tables"][0].update(n_unparsed={"x": -1}), False),
            (lambda m: m["securexfer"]["tables"][0].update(n_formulas={"x": "1"}), False),
            (lambda m: m["securexfer"]["tables"][0].update(n_formulas=[1]), False),
            (lambda m: m["securexfer"]["tables"][0].update(n_rows_in=2**53 - 1), True),
            (lambda m: m["securexfer"]["tables"][0].update(n_rows_in=2**53), False),
            (lambda m: m["securexfer"]["tables"][0].update(n_subjects_is="exact"), True),
            (lambda m: m["securexfer"]["tables"][0].update(n_subjects_is="approximate"), True),
            (lambda m: m["securexfer"]["tables"][0].update(n_subjects_is="about"), False),
            (lambda m: m["securexfer"].update(sequence=2**53 - 1), True),
            (lambda m: m["securexfer"].update(sequence=2**53), False),
            (lambda m: m["securexfer"].update(format=0), False),
        ],
    )
    def test_its_numbers_are_held_to_their_bounds(
        self, world: World, bundle: Path, edit: Callable[[dict[str, Any]], None], is_read: bool
    ) -> None:
        with world.bob.verify(bundle) as verified:
            content = json.loads(verified.manifest.encode())
            edit(content)
            data = json.dumps(content).encode()
            envelope = verified.inside.outside.envelope
            if is_read:
                assert decode_manifest(data, envelope).bundle_id == envelope.bundle_id
            else:
                with pytest.raises(ManifestMismatchError, match="not well-formed"):
                    decode_manifest(data, envelope)

    @pytest.mark.parametrize("filler", [[], {}])
    def test_its_objects_and_lists_are_counted(
        self, world: World, bundle: Path, filler: Any
    ) -> None:
        with world.bob.verify(bundle) as verified:
            envelope = verified.inside.outside.envelope
            content = json.loads(verified.manifest.encode())
        own = len(re.findall(r"[\[{]", json.dumps(content)))
        content["unknown"] = [filler] * (MAX_CONTAINERS - own - 1)
        assert decode_manifest(json.dumps(content).encode(), envelope)
        content["unknown"].append(filler)
        with pytest.raises(ManifestMismatchError, match="not well-formed"):
            decode_manifest(json.dumps(content).encode(), envelope)

    @pytest.mark.parametrize(
        ("name", "value", "words"),
        [
            ("bundle_id", "0" * 32, "bundle id"),
            ("sender", "0" * 64, "sender"),
            ("recipients", [], "recipients"),
            ("created_at", "2026-11-22T09:30:01Z", "creation time"),
            ("expires_at", "2026-11-22T09:30:01Z", "expiry"),
            ("members", [], "members"),
        ],
    )
    def test_what_contradicts_the_envelope_is_named(
        self, world: World, bundle: Path, name: str, value: Any, words: str
    ) -> None:
        with world.bob.verify(bundle) as verified:
            content = json.loads(verified.manifest.encode())
            content["securexfer"][name] = value
            with pytest.raises(ManifestMismatchError) as caught:
                decode_manifest(json.dumps(content).encode(), verified.inside.outside.envelope)
        assert caught.value.message == f"The bundle's manifest contradicts its envelope: {words}."

    def test_it_is_read_up_to_its_bound(
        self, world: World, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with world.bob.verify(bundle) as verified:
            n_bytes = len(verified.manifest.encode())
        monkeypatch.setattr(reader, "MAX_MANIFEST_BYTES", n_bytes)
        with world.bob.verify(bundle):
            pass
        monkeypatch.setattr(reader, "MAX_MANIFEST_BYTES", n_bytes - 1)
        with (
            pytest.raises(ManifestMismatchError, match=r"^The bundle's manifest is too large\.$"),
            world.bob.verify(bundle),
        ):
            pass

    def test_what_is_not_known_is_left_out(self, world: World) -> None:
        recipe = recipe_text({"t": {"x": KEEP, "y": '{ action = "constant", value = "1" }'}})
        manifest = world.ann.pack({"t": b"x\n1\n"}, recipe, [world.bob], world.drive).manifest
        table = manifest.descriptor()["securexfer"]["tables"][0]
        assert table["fields"] == [
            {"action": "keep", "name": "x", "source": "x"},
            {"action": "constant", "name": "y"},
        ]
