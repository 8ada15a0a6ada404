"""The hands that a bundle came through: as bytes, each by itself, and one after the other."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from securexfer import forwarding
from securexfer.ahead import one_ahead
from securexfer.bundle import layout, provenance, reader
from securexfer.bundle.comment import SignedDigests, sign_comment
from securexfer.bundle.padding import padme
from securexfer.bundle.provenance import (
    MAX_HOPS,
    Hop,
    check_chain,
    decode_provenance,
    encode_provenance,
    verify_hop,
)
from securexfer.bundle.reader import Inside
from securexfer.bundle.sender import PinnedSender
from securexfer.crypto.canonical import decode_canonical, encode_canonical
from securexfer.crypto.fingerprint import format_fingerprint
from securexfer.errors import (
    ForwardedChangedError,
    ForwardedLongerError,
    ForwardedTooOftenError,
    ForwarderNotRecipientError,
    ForwardingForbiddenError,
    PasswordMismatchError,
    ProvenanceError,
    SignatureInvalidError,
)
from securexfer.instant import format_instant
from tests.world import START, Person, World, allow_forwarding, keep_all

RECIPE = allow_forwarding(keep_all("t", ["x"]))


def passed(world: World, *hands: Person) -> Path:
    """A bundle that went from hand to hand."""
    first, second, *others = hands
    path = world.ann.home.parent / "passed"
    path.mkdir(exist_ok=True)
    now = first.pack({"t": b"x\n1\n"}, RECIPE, [second], path / "0.zip", force=True).path
    holder = second
    for number, to in enumerate(others, start=1):
        now = holder.forward(now, [to], path / f"{number}.zip", force=True).path
        holder = to
    return now


@pytest.fixture
def inside(world: World) -> Iterator[Inside]:
    """What `ann` packed and `bob` forwarded, opened by `cat`."""
    with world.cat.verify(passed(world, world.ann, world.bob, world.cat)) as verified:
        yield verified.inside


@pytest.fixture
def chain(inside: Inside) -> list[Hop]:
    """The hands of that bundle: those of `ann` and of `bob`."""
    return list(inside.chain)


def edited(hop: Hop, **changes: Any) -> Hop:
    return replace(hop, envelope=hop.envelope.model_copy(update=changes))


class TestAHop:
    def test_it_is_known_by_its_senders_name_or_fingerprint(self, chain: list[Hop]) -> None:
        assert [hop.sender_name for hop in chain] == ["ann", "bob"]
        stranger = replace(chain[0], sender=None)
        assert stranger.sender_name == format_fingerprint(chain[0].envelope.sender)

    def test_what_is_handed_on_is_all_but_the_provenance(self, chain: list[Hop]) -> None:
        first, second = chain
        names = [layout.READ_ME, "tables/0001.csv.gz", layout.MANIFEST]
        assert [name for name, _, _ in first.listed()] == names
        assert first.listed() == second.listed()
        assert first.listed() == [(m.name, m.length, m.sha256) for m in first.envelope.members]
        assert [m.name for m in second.envelope.members].index(layout.PROVENANCE) == 2

    def test_its_texts_are_those_that_were_signed(self, chain: list[Hop]) -> None:
        for hop in chain:
            texts = hop.encode()
            assert texts["comment"].encode() == hop.comment.encode()
            assert texts["envelope"].encode() == hop.envelope.encode()
            assert set(texts) == {"comment", "envelope"}

    def test_a_key_is_retired_from_the_second_after(self, world: World) -> None:
        keys = world.ann.identity.keys.public
        sender = PinnedSender("ann", keys, START)
        assert not sender.had_retired(START)
        assert sender.had_retired(START + timedelta(seconds=1))
        assert not PinnedSender("ann", keys).had_retired(START)


class TestItsBytes:
    def test_they_are_canonical_json_and_spaces(self, chain: list[Hop]) -> None:
        content = encode_provenance(chain)
        assert len(content) == 65_536
        members = decode_canonical(content.rstrip(b" "), max_bytes=10**6)
        assert members == {"hops": [hop.encode() for hop in chain], "securexfer_provenance": 1}
        assert decode_provenance(content) == tuple(replace(hop, sender=None) for hop in chain)

    def test_a_long_one_is_padded_as_a_manifest_is(self, chain: list[Hop]) -> None:
        recipients = list(chain[0].envelope.recipients) * 50
        long = edited(chain[0], recipients=recipients)
        content = encode_provenance([long, chain[1]])
        text = content.rstrip(b" ")
        assert 65_536 < len(text) < len(content) == padme(len(text))

    def test_eight_hops_fit_and_nine_do_not(self, chain: list[Hop]) -> None:
        first, second = chain
        eight = [first, *[second] * 7]
        content = encode_provenance(eight)
        assert len(decode_provenance(content)) == MAX_HOPS == 8
        with pytest.raises(ForwardedTooOftenError) as caught:
            encode_provenance([*eight, second])
        assert caught.value.message == (
            "The bundle was forwarded 8 times; that is as often as a bundle may be."
        )
        assert "original sender" in caught.value.hint
        members = json.loads(content)
        members["hops"].append(members["hops"][1])
        text = encode_canonical(members)
        with pytest.raises(ForwardedTooOftenError) as caught:
            decode_provenance(text.ljust(padme(len(text))))
        assert caught.value.message == ("The bundle went through 9 hops; at most 8 are allowed.")
        assert caught.value.hint == ProvenanceError.hint

    def test_its_size_is_bounded_both_ways(
        self, chain: list[Hop], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert provenance.MAX_PROVENANCE_BYTES == 16 * 1024 * 1024
        content = encode_provenance(chain)
        monkeypatch.setattr(provenance, "MAX_PROVENANCE_BYTES", 65_536)
        assert encode_provenance(chain) == content
        monkeypatch.setattr(provenance, "MAX_PROVENANCE_BYTES", 65_535)
        with pytest.raises(ForwardedTooOftenError, match="would be too large"):
            encode_provenance(chain)
        n_bytes = len(content.rstrip(b" "))
        monkeypatch.setattr(provenance, "MAX_PROVENANCE_BYTES", n_bytes)
        assert len(decode_provenance(content)) == 2
        monkeypatch.setattr(provenance, "MAX_PROVENANCE_BYTES", n_bytes - 1)
        with pytest.raises(ProvenanceError, match=f"larger than {n_bytes - 1} bytes"):
            decode_provenance(content)

    @pytest.mark.parametrize("value", [b",", b"[", b"{"])
    def test_its_values_are_counted_before_it_is_parsed(self, value: bytes) -> None:
        with pytest.raises(ProvenanceError) as caught:
            decode_provenance(value * 400_001)
        assert caught.value.message == "The bundle's provenance holds more values than it can."
        with pytest.raises(ProvenanceError, match="not well-formed: not JSON text"):
            decode_provenance(value * 400_000)

    @pytest.mark.parametrize(
        ("edit", "words"),
        [
            (lambda m: m.update(hops=[]), "is not a list of hops."),
            (lambda m: m.update(hops="ab"), "is not a list of hops."),
            (lambda m: m.update(more=1), "is not a list of hops."),
            (lambda m: m.update(securexfer_provenance=0), "is not a list of hops."),
            (lambda m: m.pop("securexfer_provenance"), "is not a list of hops."),
            (lambda m: m["hops"][1].update(more=""), "Hop 1 of the bundle's provenance is not an"),
            (lambda m: m["hops"][0].pop("comment"), "Hop 0 of the bundle's provenance is not an"),
            (lambda m: m["hops"][0].update(envelope=1), "is not an envelope and a signature block"),
            (
                lambda m: m["hops"][1].update(comment=""),
                "Hop 1 of the bundle's provenance is not well-formed: The bundle's signature block "
                "is not well-formed.",
            ),
            (
                lambda m: m["hops"][0].update(envelope="{}"),
                "Hop 0 of the bundle's provenance is not well-formed: The bundle's envelope has no",
            ),
            (
                lambda m: m["hops"][0].update(envelope=m["hops"][1]["envelope"]),
                "Hop 0 of the bundle's provenance has another envelope than the one that was",
            ),
            (lambda m: m["hops"].pop(0), "Hop 0 of the bundle's provenance stands at a place"),
            (
                lambda m: m["hops"].append(m["hops"][0]),
                "Hop 2 of the bundle's provenance stands at a place where it can't be.",
            ),
        ],
    )
    def test_anything_else_is_refused_in_words_of_its_own(
        self, chain: list[Hop], edit: Callable[[dict[str, Any]], None], words: str
    ) -> None:
        members = json.loads(encode_provenance(chain))
        edit(members)
        text = encode_canonical(members)
        with pytest.raises(ProvenanceError) as caught:
            decode_provenance(text.ljust(65_536))
        assert words in caught.value.message
        assert type(caught.value) is ProvenanceError

    @pytest.mark.parametrize("n_bytes", [0, 65_535, 65_537])
    def test_its_padding_is_exact(self, chain: list[Hop], n_bytes: int) -> None:
        text = encode_provenance(chain).rstrip(b" ")
        with pytest.raises(ProvenanceError) as caught:
            decode_provenance(text.ljust(n_bytes))
        assert caught.value.message == "The bundle's provenance is not padded as it must be."

    @pytest.mark.parametrize("other", [b"X", b"\n", b"\t", b"\0"])
    def test_its_padding_is_of_spaces(self, chain: list[Hop], other: bytes) -> None:
        text = encode_provenance(chain).rstrip(b" ")
        with pytest.raises(ProvenanceError, match="not well-formed"):
            decode_provenance((text + other).ljust(65_536))

    def test_members_of_a_hop_can_be_those_of_a_bundle(self, world: World, inside: Inside) -> None:
        origin = inside.origin
        members = origin.envelope.members
        moved = [*members[:2], members[2].model_copy(update={"offset": members[2].offset + 1})]
        renamed = [members[0], members[1].model_copy(update={"name": "t.csv.gz"}), members[2]]
        cases = [
            (renamed, "members are not those of a bundle"),
            (moved, "do not follow each other without gaps"),
        ]
        for listed, words in cases:
            hop = signed(edited(origin, members=listed), world.ann)
            with pytest.raises(ProvenanceError, match=words):
                decode_provenance(encode_provenance([hop]))

    def test_envelope_and_comment_name_the_same_sender(self, world: World, inside: Inside) -> None:
        hop = signed(inside.origin, world.bob)
        with pytest.raises(ProvenanceError) as caught:
            decode_provenance(encode_provenance([hop]))
        assert caught.value.message == (
            "Hop 0 of the bundle's provenance names another sender than its signatures."
        )


def signed(hop: Hop, signer: Person) -> Hop:
    """The hop with a comment that goes with its envelope, whatever it says."""
    digests = SignedDigests(
        signer.identity.fingerprint,
        hashlib.sha256(hop.envelope.encode()).hexdigest(),
        hop.comment.claimed.bundle_sha256,
    )
    return replace(hop, comment=sign_comment(digests, signer.identity.keys))


class TestSignatures:
    def test_a_pinned_senders_are_checked(self, world: World, chain: list[Hop]) -> None:
        bare = replace(chain[0], sender=None)
        ann = PinnedSender("ann", world.ann.identity.keys.public)
        assert verify_hop(bare, {bare.envelope.sender: ann}.get) == replace(bare, sender=ann)
        false = PinnedSender("ann", world.eve.identity.keys.public)
        with pytest.raises(SignatureInvalidError) as caught:
            verify_hop(bare, lambda _: false)
        assert caught.value.message == (
            "The bundle is said to have come through the hands of ann, but that hop is not theirs: "
            "The Ed25519 signature is not valid."
        )

    def test_a_strangers_are_not(self, chain: list[Hop]) -> None:
        bare = replace(chain[0], sender=None)
        assert verify_hop(bare, lambda _: None) == bare

    def test_a_former_key_signs_nothing_new(self, world: World, chain: list[Hop]) -> None:
        keys = world.ann.identity.keys.public
        in_use = PinnedSender("ann", keys, START)
        assert verify_hop(chain[0], lambda _: in_use).sender == in_use
        replaced = PinnedSender("ann", keys, START - timedelta(seconds=1))
        with pytest.raises(ProvenanceError) as caught:
            verify_hop(chain[0], lambda _: replaced)
        assert caught.value.message == (
            "The bundle came through the hands of ann, signed with a key that they had replaced "
            "by then."
        )


class TestOneTransfer:
    def test_from_hand_to_hand_it_is_one(self, inside: Inside, chain: list[Hop]) -> None:
        check_chain(chain, inside.password)
        check_chain(chain[:1], inside.password)

    def test_offsets_may_differ(self, inside: Inside, chain: list[Hop]) -> None:
        assert chain[0].envelope.members[-1].offset < chain[1].envelope.members[-1].offset

    def test_an_id_stands_for_one_bundle(self, inside: Inside, chain: list[Hop]) -> None:
        with pytest.raises(ProvenanceError) as caught:
            check_chain([chain[0], chain[0]], inside.password)
        assert caught.value.message == "The bundle's provenance names the same bundle twice."
        assert type(caught.value) is ProvenanceError

    @pytest.mark.parametrize("place", [0, 1])
    def test_everybody_committed_to_the_password(
        self, inside: Inside, chain: list[Hop], place: int
    ) -> None:
        chain[place] = edited(chain[place], password_commitment="0" * 64)
        with pytest.raises(PasswordMismatchError) as caught:
            check_chain(chain, inside.password)
        who = ("ann", "bob")[place]
        assert caught.value.message == (
            f"The password is not the one that {who} committed to when the bundle was in their "
            "hands: hops of different bundles were joined."
        )

    def test_nobody_forwards_what_they_were_not_given(
        self, world: World, inside: Inside, chain: list[Hop]
    ) -> None:
        other = (
            chain[0]
            .envelope.recipients[0]
            .model_copy(update={"fingerprint": world.eve.identity.fingerprint})
        )
        with pytest.raises(ForwarderNotRecipientError) as caught:
            check_chain([edited(chain[0], recipients=[other]), chain[1]], inside.password)
        assert (
            caught.value.message == "bob forwarded a bundle of ann that was never sealed to them."
        )
        both = [other, *chain[0].envelope.recipients]
        check_chain([edited(chain[0], recipients=both), chain[1]], inside.password)

    def test_nobody_forwards_for_longer_than_they_had_it(
        self, inside: Inside, chain: list[Hop]
    ) -> None:
        expires = chain[0].envelope.expires
        for seconds in (-1, 0):
            less = format_instant(expires + timedelta(seconds=seconds))
            check_chain([chain[0], edited(chain[1], expires_at=less)], inside.password)
        more = format_instant(expires + timedelta(days=1))
        with pytest.raises(ForwardedLongerError) as caught:
            check_chain([chain[0], edited(chain[1], expires_at=more)], inside.password)
        assert caught.value.message == (
            "bob forwarded the bundle to expire on 2027-02-21, later than the 2027-02-20 that they "
            "had it for."
        )

    @pytest.mark.parametrize(
        "change", [{"length": 5}, {"sha256": "0" * 64}, {"name": "tables/0002.csv.gz"}]
    )
    def test_nobody_changes_a_member(
        self, inside: Inside, chain: list[Hop], change: dict[str, Any]
    ) -> None:
        members = list(chain[1].envelope.members)
        members[1] = members[1].model_copy(update=change)
        with pytest.raises(ForwardedChangedError) as caught:
            check_chain([chain[0], edited(chain[1], members=members)], inside.password)
        assert caught.value.message == (
            "What bob forwarded is not what ann packed: something was added, left out or changed."
        )

    def test_what_is_changed_and_changed_back_was_changed(
        self, world: World, tmp_path: Path
    ) -> None:
        path = passed(world, world.ann, world.bob, world.cat, world.bob)
        with world.bob.verify(path) as verified:
            first, second, third = verified.inside.chain
            members = list(second.envelope.members)
            members[1] = members[1].model_copy(update={"sha256": "0" * 64})
            with pytest.raises(ForwardedChangedError, match="What bob "):
                check_chain(
                    [first, edited(second, members=members), third], verified.inside.password
                )


class TestTheReader:
    def test_the_chain_of_a_bundle_that_nobody_forwarded_is_its_sender(self, world: World) -> None:
        path = passed(world, world.ann, world.bob)
        with world.bob.verify(path) as verified:
            inside = verified.inside
            assert [hop.sender_name for hop in inside.chain] == ["ann"]
            assert not inside.is_forwarded
            assert inside.is_origin_verified
            assert inside.origin.envelope == verified.envelope

    def test_one_pair_of_hands_has_forwarded_nothing(self) -> None:
        bare: Any = None
        assert not Inside(bare, bare, (bare,), bare, "").is_forwarded
        assert Inside(bare, bare, (bare, bare), bare, "").is_forwarded

    def test_the_chain_of_one_that_was_forwarded_ends_with_it(
        self, world: World, inside: Inside
    ) -> None:
        assert inside.is_forwarded
        assert inside.is_origin_verified
        assert inside.origin.envelope.sender == world.ann.identity.fingerprint
        assert inside.chain[-1].envelope == inside.outside.envelope
        assert inside.chain[-1].sender == inside.sender
        assert inside.chain[-1].comment.encode() == inside.outside.file.comment

    def test_the_provenance_is_read_up_to_its_bound(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = passed(world, world.ann, world.bob, world.cat)
        monkeypatch.setattr(reader, "MAX_PROVENANCE_BYTES", 65_536)
        with world.cat.verify(path):
            pass
        monkeypatch.setattr(reader, "MAX_PROVENANCE_BYTES", 65_535)
        with (
            pytest.raises(ProvenanceError, match=r"^The bundle's provenance is too large\.$"),
            world.cat.verify(path),
        ):
            pass

    def test_what_must_not_be_forwarded_is_refused_by_name(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = world.ann.pack({"t": b"x\n1\n"}, keep_all("t", ["x"]), [world.bob], world.drive).path
        with monkeypatch.context() as patch:
            patch.setattr(forwarding, "check_forwarding", lambda v, *_: v.envelope.expires)
            forced = world.bob.forward(path, [world.cat], world.drive).path
        with pytest.raises(ForwardingForbiddenError) as caught, world.cat.verify(forced):
            pass
        assert caught.value.message == (
            "bob forwarded a bundle of ann whose agreement does not allow that."
        )
        assert caught.value.hint == ProvenanceError.hint


class TestReadingAhead:
    @pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 50])
    def test_results_come_in_their_order(self, n: int) -> None:
        assert list(one_ahead(lambda i: i * i, range(n))) == [i * i for i in range(n)]

    def test_one_is_worked_out_while_the_last_is_used(self) -> None:
        begun: list[int] = []
        second = threading.Event()

        def work(number: int) -> int:
            begun.append(number)
            if number == 1:
                second.set()
            return number

        results = one_ahead(work, range(10))
        assert next(results) == 0
        assert second.wait(10)
        assert 2 not in begun

    def test_few_need_no_thread(self) -> None:
        here = threading.get_ident()
        assert set(one_ahead(lambda _: threading.get_ident(), range(3))) == {here}
        (there,) = set(one_ahead(lambda _: threading.get_ident(), range(4)))
        assert there != here

    def test_what_fails_fails_in_its_turn(self) -> None:
        def work(number: int) -> int:
            if number == 5:
                raise ValueError("five")
            return number

        found: list[int] = []
        with pytest.raises(ValueError, match="five"):
            found.extend(one_ahead(work, range(10)))
        results = one_ahead(work, range(10))
        assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(ValueError, match="five"):
            next(results)
