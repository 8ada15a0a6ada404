"""Every field of structure and envelope set to 0, 1, its maximum, one more and one less."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pyzipper

from securexfer.bundle import layout
from securexfer.crypto.keys import decode_base64, encode_base64
from securexfer.errors import BundleFormatError, SecurexferError, VerificationError
from securexfer.instant import format_instant, parse_instant
from tests.assurance import Tally
from tests.attack.fields import fields_of
from tests.attack.forge import Forgery, nothing_decrypted, overwrite, resign
from tests.world import World, csv_bytes, keep_all

N_STRUCTURE = {"narrow": 229, "wide": 252}


@pytest.fixture
def bundle(world: World) -> Path:
    """A small bundle of two tables for two recipients."""
    tables = {"a": csv_bytes([["x"], ["one"]]), "b": csv_bytes([["x"], ["two"]])}
    recipe = keep_all("a", ["x"]) + keep_all("b", ["x"]).split("retention_days = 90\n")[1]
    return world.ann.pack(tables, recipe, [world.bob, world.cat], world.drive).path


@pytest.fixture
def forgery(world: World, bundle: Path) -> Forgery:
    return Forgery.take_apart(bundle, world.ann.identity.keys)


def extents(data: bytes, members: list[dict[str, Any]]) -> list[tuple[int, int]]:
    """Offset and length of each member, that of the envelope last."""
    found = [(member["offset"], member["length"]) for member in members]
    start = sum(found[-1])
    return [*found, (start, data.index(b"PK\x01\x02", start) - start)]


@contextmanager
def no_table_decrypted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail if a table is opened; the password and the manifest may be."""
    honest = pyzipper.AESZipFile.open

    def watch(self: Any, name: str, *arguments: Any, **options: Any) -> Any:
        assert not name.startswith("tables/")
        return honest(self, name, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(pyzipper.AESZipFile, "open", watch)
        yield


@pytest.mark.parametrize("width", ["narrow", "wide"])
def test_no_other_number_in_the_structure_is_accepted(
    world: World,
    bundle: Path,
    forgery: Forgery,
    width: str,
    tally: Tally,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the old signature, and signed anew. `wide` has the ZIP64 fields of a huge bundle."""
    if width == "wide":
        monkeypatch.setattr(layout, "_ZIP64_LIMIT", 1000)
    data = forgery.assemble()
    signed, comment = data[: -layout.COMMENT_BYTES], data[-layout.COMMENT_BYTES :]
    fields = fields_of(signed, extents(signed, envelope_of(forgery)["members"]))
    assert len(fields) == N_STRUCTURE[width]
    overwrite(bundle, data)
    with world.bob.verify(bundle):
        pass
    n_edits = 0
    with nothing_decrypted(monkeypatch):
        for field in fields:
            for edited in field.edits(signed):
                overwrite(bundle, edited + comment)
                with (
                    pytest.raises((BundleFormatError, VerificationError)),
                    world.bob.verify(bundle),
                ):
                    pass
                overwrite(bundle, resign(edited + comment, forgery.keys))
                with (
                    pytest.raises((BundleFormatError, VerificationError)),
                    world.bob.verify(bundle),
                ):
                    pass
                n_edits += 1
    tally.count("tamper", f"numbers of structure changed, old signature ({width})", n_edits)
    tally.count("tamper", f"numbers of structure changed, signed anew ({width})", n_edits)


def envelope_of(forgery: Forgery) -> dict[str, Any]:
    """The envelope that `assemble` writes."""
    seen: list[dict[str, Any]] = []
    edit, forgery.edit_envelope = forgery.edit_envelope, seen.append
    forgery.assemble()
    forgery.edit_envelope = edit
    return seen[0]


def leaves(
    value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value in the envelope that is not a list or an object, and where it stands."""
    if isinstance(value, dict | list):
        steps = value.items() if isinstance(value, dict) else enumerate(value)
        for step, inner in steps:
            yield from leaves(inner, (*path, step))
    else:
        yield path, value


def others(name: str, value: Any) -> list[Any]:
    """0, 1, the maximum, one more and one less, in the spelling of the member."""
    if isinstance(value, int):
        return [0, 1, 2**53 - 1, value + 1, value - 1]
    if name.endswith("_at"):
        far = ["0000-00-00T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
        near = [format_instant(parse_instant(value) + timedelta(seconds=s)) for s in (1, -1)]
        return [*far, *near, ""]
    if name == "name":
        return ["", "0", "\U0010ffff" * 64, value + "1", value[:-1]]
    raw = decode_base64(value) if name == "sealed_password" else bytes.fromhex(value)
    limit, number = 1 << 8 * len(raw), int.from_bytes(raw)
    made = [
        n.to_bytes(len(raw)) for n in (0, 1, limit - 1, (number + 1) % limit, (number - 1) % limit)
    ]
    return [encode_base64(one) if name == "sealed_password" else one.hex() for one in made]


def put(envelope: dict[str, Any], path: tuple[str | int, ...], value: Any) -> None:
    envelope.update(copy.deepcopy(envelope))  # its parts are the workshop's own
    place: Any = envelope
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value


def test_no_other_value_in_the_envelope_is_accepted(
    world: World, bundle: Path, forgery: Forgery, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the old signature none; signed anew only what this reader has nothing to compare with.

    That is the head of the sender's register, and what was sealed to somebody else: this reader
    can't open it, and the other one refuses it.
    """
    comment = bundle.read_bytes()[-layout.COMMENT_BYTES :]
    envelope = envelope_of(forgery)
    (other,) = (
        i
        for i, stanza in enumerate(envelope["recipients"])
        if stanza["fingerprint"] == world.cat.identity.fingerprint
    )
    free = {("register_head",), ("recipients", other, "sealed_password")}
    outcomes: Counter[str] = Counter()
    edits = [
        (path, wrong)
        for path, value in leaves(envelope)
        for wrong in others(str(path[-1]), value)
        if wrong != value
    ]
    for path, wrong in edits:
        # A negative number can't be written canonically, so it is written by hand.
        spelled = 2**53 - 2 if wrong == -1 else wrong
        forgery.edit_envelope = partial(put, path=path, value=spelled)
        if wrong == -1:
            forgery.edit_envelope_bytes = lambda text: text.replace(b"9007199254740990", b"-1")
        data = forgery.assemble()
        forgery.edit_envelope_bytes = lambda data: data
        overwrite(bundle, data[: -layout.COMMENT_BYTES] + comment)
        with (
            nothing_decrypted(monkeypatch),
            pytest.raises((BundleFormatError, VerificationError)),
            world.bob.verify(bundle),
        ):
            pass
        overwrite(bundle, data)
        try:
            with no_table_decrypted(monkeypatch), world.bob.verify(bundle):
                outcome = "accepted"
        except SecurexferError as error:
            outcome = {40: "refused", 50: "refused", 60: "refused"}.get(error.exit_code, "failed")
        assert outcome == ("accepted" if path in free else "refused"), (path, wrong)
        outcomes[outcome] += 1
        if outcome == "accepted" and path != ("register_head",):
            with pytest.raises(VerificationError), world.cat.verify(bundle):
                pass
    tally.count("tamper", "values of the envelope changed, old signature", len(edits))
    tally.count("tamper", "values of the envelope changed, signed anew", outcomes["refused"])
