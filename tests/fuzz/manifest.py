"""The manifest, for one fixed envelope."""

from __future__ import annotations

from functools import cache

from securexfer.bundle import layout
from securexfer.bundle.envelope import Envelope, decode_envelope
from securexfer.bundle.manifest import decode_manifest, describe_package
from securexfer.crypto.canonical import encode_pretty
from tests.fuzz.mutation import envelope_of
from tests.vectors import format1


def check_manifest(data: bytes) -> None:
    """For one fixed envelope."""
    manifest = decode_manifest(data, manifest_envelope())
    paths = {table.name: f"{table.name}.csv" for table in manifest.tables}
    encode_pretty(describe_package(manifest, paths))
    # `gates` is for later versions, and may hold what canonical JSON can't say.
    plain = [table.model_copy(update={"gates": []}) for table in manifest.tables]
    manifest = manifest.model_copy(update={"tables": plain})
    assert decode_manifest(manifest.encode(), manifest_envelope()) == manifest


def two_tables() -> format1.Bundle:
    people = [format1.person(name) for name in ("ann", "bob", "cat")]
    return format1.Bundle(
        "fuzzing", people[0], people[1:], [format1.Table(), format1.Table("offences")]
    )


@cache
def manifest_envelope() -> Envelope:
    return decode_envelope(envelope_of(two_tables().write()[: -layout.COMMENT_BYTES]))


def manifests() -> list[bytes]:
    plain = format1.canonical(two_tables().manifest())
    half = plain.replace(b"Evaluate supervision", b"Half a character: \\ud800")
    return [plain, half, two_tables().manifest_bytes()]
