"""What is written reads back as it was, for a thousand random values of each kind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securexfer.bundle import layout
from securexfer.bundle.comment import Comment, SignedDigests, decode_comment
from securexfer.bundle.envelope import Envelope, decode_envelope
from securexfer.bundle.layout import Extent
from securexfer.bundle.manifest import Manifest, decode_manifest
from securexfer.bundle.padding import MIN_MEMBER_BYTES, gzip_padding, padme
from securexfer.crypto.canonical import MAX_INTEGER, decode_canonical, encode_canonical
from securexfer.crypto.card import issue_card, read_card
from securexfer.crypto.identity import create_identity, decrypt_identity, encrypt_identity
from securexfer.crypto.passphrase import Argon2Parameters
from securexfer.crypto.signing import Signature
from securexfer.errors import CardInvalidError, PassphraseWrongError
from securexfer.instant import format_instant, parse_instant
from securexfer.recipe.reading import parse_recipe
from tests.fuzz.conftest import N_EXAMPLES
from tests.fuzz.signer import FORMER, KEYS
from tests.vectors import format1
from tests.world import csv_bytes, keep_all, minimise_table, toml_value

Count = Callable[[], None]
thousand = settings(max_examples=N_EXAMPLES)
text = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8)
sha256 = st.binary(max_size=4).map(format1.sha256)
count = st.integers(0, MAX_INTEGER)
instant = st.integers(0, 4_000_000_000).map(lambda at: datetime.fromtimestamp(at, UTC))
short = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=4)
value = st.recursive(
    short | count,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(short, inner, max_size=3),
    max_leaves=5,
)
# What a card can carry, mostly.
clear = st.text(alphabet=st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=8)
recipients = st.lists(sha256, min_size=1, max_size=4, unique=True)


@thousand
@given(value)
def test_canonical_json_reads_back(example: Count, value: Any) -> None:
    example()
    data = encode_canonical(value)
    assert data == format1.canonical(value)
    assert decode_canonical(data, max_bytes=len(data)) == value
    spaced = json.dumps(value, ensure_ascii=False, indent=1).encode()
    if spaced != data:
        with pytest.raises(ValueError, match="canonical"):
            decode_canonical(spaced, max_bytes=len(spaced))


@thousand
@given(instant)
def test_a_time_reads_back(example: Count, moment: datetime) -> None:
    example()
    assert parse_instant(format_instant(moment)) == moment


@thousand
@given(st.integers(0, 2**60), st.integers(0, 2**60), st.integers(0, 10**6))
def test_padded_sizes_stay_padded_and_in_order(
    example: Count, one: int, other: int, small: int
) -> None:
    example()
    less, more = sorted((one, other))
    assert less <= padme(less) == padme(padme(less)) <= padme(more)
    assert padme(less) == format1.padme(less)
    assert small + len(b"".join(gzip_padding(small))) == padme(small + MIN_MEMBER_BYTES)
    assert b"".join(gzip_padding(small)) == format1.gzip_padding(small)


@thousand
@given(
    st.lists(st.integers(0, 1000) | st.integers(2**31 - 200, 2**33), min_size=1, max_size=6),
    st.integers(0, 2**32 - 1),
)
def test_a_directory_leads_to_the_envelope(example: Count, sizes: list[int], crc: int) -> None:
    example()
    tables = [layout.table_member(i + 1) for i in range(len(sizes))]
    names = [layout.READ_ME, *tables, layout.MANIFEST, layout.ENVELOPE]
    layout.check_names(names[:-1])
    extents: list[Extent] = []
    offset = 0
    for name, size in zip(names, [5, *sizes, 7, 9], strict=True):
        empty = Extent(name, offset, 0, crc)
        extents.append(Extent(name, offset, size - empty.content_bytes, crc))
        assert extents[-1].content_bytes == size
        offset += extents[-1].length
    layout.check_contiguous(extents)
    directory = layout.directory(extents)
    tail = directory[-layout.MAX_END_BYTES :]
    assert layout.find_directory(tail, offset + len(directory) - len(tail)) == offset
    assert layout.member_offsets(directory)[-1] == extents[-1].offset
    if offset < 2**31 - 1:
        entries = [format1.Entry(e.name, b"", e.is_encrypted, crc=crc) for e in extents]
        for entry, extent in zip(entries, extents, strict=True):
            entry.offset, entry.sizes = extent.offset, (extent.stored_bytes, extent.content_bytes)
        listed = b"".join(entry.directory_entry() for entry in entries)
        assert directory[: -layout.END_BYTES] == listed


@st.composite
def envelopes(draw: st.DrawFn) -> Envelope:
    created = draw(instant)
    member = st.fixed_dictionaries(
        {"name": st.text(max_size=64), "offset": count, "length": count, "sha256": sha256}
    )
    return Envelope.model_validate(
        {
            "format": 1,
            "bundle_id": draw(st.binary(min_size=16, max_size=16)).hex(),
            "created_at": format_instant(created),
            "expires_at": format_instant(created + timedelta(days=draw(st.integers(0, 3650)))),
            "sender": draw(sha256),
            "recipients": [
                {"fingerprint": one, "sealed_password": draw(text)} for one in draw(recipients)
            ],
            "password_commitment": draw(sha256),
            "register_head": draw(sha256),
            "members": draw(st.lists(member, min_size=3, max_size=6)),
        }
    )


@thousand
@given(envelopes())
def test_an_envelope_reads_back(example: Count, envelope: Envelope) -> None:
    example()
    data = envelope.encode()
    assert decode_envelope(data) == envelope
    assert data == format1.canonical(envelope.model_dump())


@thousand
@given(sha256, sha256, sha256, st.integers(0, 2**32))
def test_a_comment_reads_back(
    example: Count, sender: str, envelope: str, bundle: str, seed: int
) -> None:
    example()
    signature = Signature(format1.seeded(64, "ed", seed), format1.seeded(3309, "ml", seed))
    comment = Comment(SignedDigests(sender, envelope, bundle), signature)
    assert decode_comment(comment.encode()) == comment
    assert len(comment.encode()) == layout.COMMENT_BYTES


@st.composite
def manifests(draw: st.DrawFn) -> tuple[Manifest, Envelope]:
    """A manifest, and an envelope that it agrees with."""
    envelope = draw(envelopes())
    n_tables = draw(st.integers(1, 3))
    tables = [layout.table_member(i + 1) for i in range(n_tables)]
    names = [layout.READ_ME, *tables, layout.MANIFEST]
    members = [envelope.members[0].model_copy(update={"name": name}) for name in names]
    envelope = envelope.model_copy(update={"members": members})
    field = st.fixed_dictionaries({"name": text, "action": text}, optional={"source": text})
    manifest = {
        "format": 1,
        "bundle_id": envelope.bundle_id,
        "created_at": envelope.created_at,
        "expires_at": envelope.expires_at,
        "sender": envelope.sender,
        "recipients": [one.fingerprint for one in envelope.recipients],
        "members": names,
        "sequence": draw(st.integers(1, MAX_INTEGER)),
        "agreement": {
            **{name: draw(text) for name in ("reference", "purpose", "controller")},
            **{name: draw(text) for name in ("regime", "lawful_basis")},
            "retention_days": draw(count),
        },
        "forwarding": draw(st.sampled_from(["no", "yes"])),
        "linkage": draw(st.sampled_from(["bundle", "agreement"])),
        "recipe_sha256": draw(sha256),
        "tool": draw(text),
        "tables": [
            {
                "name": f"Table-{number}",
                "member": member,
                "fields": draw(st.lists(field, max_size=3)),
                "withheld": draw(st.lists(text, max_size=3)),
                **{f"n_rows_{way}": draw(count) for way in ("in", "out")},
                "n_blank_lines": draw(count),
                "n_unparsed": draw(st.dictionaries(text, count, max_size=2)),
                "n_subjects": draw(count),
                "n_subjects_is": draw(st.sampled_from(["upper bound", "exact", "approximate"])),
                "plaintext_sha256": draw(sha256),
                "n_bytes": draw(count),
                "gates": draw(st.lists(st.dictionaries(text, value, max_size=2), max_size=1)),
            }
            for number, member in enumerate(tables)
        ],
    }
    return Manifest.model_validate(manifest), envelope


@thousand
@given(manifests())
def test_a_manifest_reads_back(example: Count, pair: tuple[Manifest, Envelope]) -> None:
    example()
    manifest, envelope = pair
    data = manifest.encode()
    assert decode_manifest(data, envelope) == manifest
    assert len(data) == padme(len(data.rstrip(b" ")))


@thousand
@given(clear, clear | text, clear, instant, st.integers(0, 10**4), st.integers(1, 9))
def test_a_card_reads_back(
    example: Count, name: str, org: str, email: str, at: datetime, days: int, generation: int
) -> None:
    facts = {"name": name, "organisation": org, "email": email, "created_at": at}
    example()
    try:
        card = issue_card(
            KEYS,
            name=name,
            organisation=org,
            email=email,
            created_at=at,
            expires_at=at + timedelta(days=days),
            former=FORMER if generation > 1 else None,
            generation=generation,
        )
    except CardInvalidError:
        # What it can't carry is what could repaint a terminal, and a name that says nothing.
        assert not name.strip() or not (name + org + email).isprintable()
        return
    again = read_card(card.encode())
    assert again == card
    assert {key: getattr(again, key) for key in facts} == facts


@thousand
@given(text, st.binary(min_size=32, max_size=32), st.integers(0, 2))
def test_an_identity_file_reads_back(
    example: Count,
    monkeypatch: pytest.MonkeyPatch,
    passphrase: str,
    secret: bytes,
    n_former: int,
) -> None:
    """With a quick key derivation in place of Argon2id, which has tests of its own."""
    example()

    def derive(typed: str, parameters: Argon2Parameters) -> bytes:
        return hashlib.sha256(typed.encode() + parameters.salt).digest()

    monkeypatch.setattr("securexfer.crypto.passphrase._key", derive)
    identity = ANN.__class__(ANN.card, ANN.keys, secret, (FORMER, KEYS)[:n_former])
    data = encrypt_identity(identity, passphrase)
    assert decrypt_identity(data, passphrase) == identity
    with pytest.raises(PassphraseWrongError):
        decrypt_identity(data, passphrase + "x")


ANN = create_identity(name="Ann", organisation="", email="", created_at=datetime.now(UTC))
source = st.fixed_dictionaries({}, optional={"from": text})
field_specs: st.SearchStrategy[dict[str, Any]] = st.one_of(
    # Of what another field may pseudonymise, so that it has to be allowed to leave as it is.
    st.builds(
        dict, source, action=st.just("keep"), allow=st.just(["echo"]), reason=st.just("agreed")
    ),
    st.builds(dict, source, action=st.just("postcode-district")),
    st.builds(
        dict, source, action=st.just("pseudonymise"), domain=st.from_regex(r"\A[a-z]{1,9}\Z")
    ),
    st.builds(
        dict,
        source,
        action=st.sampled_from(["year", "month"]),
        format=st.sampled_from(["%d/%m/%Y", ["%Y-%m-%d", "%d %b %Y %H:%M"]]),
    ),
    st.builds(dict, source, action=st.just("band"), width=st.integers(1, 10**12)),
)
recipes = st.fixed_dictionaries(
    {
        "version": st.just(1),
        "agreement": st.fixed_dictionaries(
            {
                **dict.fromkeys(
                    ("reference", "purpose", "controller", "lawful_basis"), text.filter(bool)
                ),
                "regime": st.sampled_from(["uk-gdpr", "dpa2018-part3"]),
                "retention_days": st.integers(1, 3650),
            }
        ),
        "tables": st.dictionaries(
            st.from_regex(r"\At[a-z0-9_-]{0,9}\Z"),
            st.fixed_dictionaries(
                {"fields": st.dictionaries(text, field_specs, min_size=1, max_size=4)},
                optional={"columns": st.sampled_from(["withhold", "refuse"])},
            ),
            min_size=1,
            max_size=3,
        ),
    }
)


@thousand
@given(recipes)
def test_a_recipe_reads_back(example: Count, members: dict[str, Any]) -> None:
    example()
    file = parse_recipe(to_toml(members))
    again = parse_recipe(to_toml(file.recipe.model_dump(by_alias=True, exclude_none=True)))
    assert again.recipe == file.recipe
    for name, table in members["tables"].items():
        assert list(again.recipe.tables[name].fields) == list(table["fields"])


def to_toml(members: dict[str, Any]) -> bytes:
    return "".join(f"{name} = {toml_value(one)}\n" for name, one in members.items()).encode()


@thousand
@given(
    st.integers(1, 30),
    st.sampled_from([1, 7, 64, 300, 10**7]),
    st.integers(1, 4),
    st.integers(1, 9),
)
def test_rows_stay_in_order_whatever_the_blocks_and_workers(
    example: Count,
    monkeypatch: pytest.MonkeyPatch,
    n_rows: int,
    block_bytes: int,
    n_workers: int,
    every: int,
) -> None:
    example()
    monkeypatch.setattr("securexfer.privacy.extract._FIRST_READ_BYTES", 1)
    rows = [["x", "y"], *([str(n), "a\nb" * (n % every)] for n in range(n_rows))]
    found = minimise_table(
        csv_bytes(rows), keep_all("t", rows[0]), block_bytes=block_bytes, n_workers=n_workers
    )
    assert found.rows == rows
