"""A forwarder who is pinned and malicious: each way to do it is refused in words of its own."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from securexfer.bundle import layout
from securexfer.errors import (
    ForwardedChangedError,
    ForwardedLongerError,
    ForwardedTooOftenError,
    ForwarderNotRecipientError,
    ForwardingForbiddenError,
    ManifestMismatchError,
    PasswordMismatchError,
    ProvenanceError,
    SecurexferError,
    SenderRetiredError,
    SignatureInvalidError,
)
from securexfer.reporting import SilentReporter
from securexfer.verifying import pinned_senders, verify
from tests.assurance import Tally
from tests.attack import forwarder
from tests.attack.face import Face
from tests.attack.face import face as face
from tests.attack.forwarder import Forwarded
from tests.attack.test_identity import check_refusals
from tests.world import World

f = forwarder
N_EDITS, N_EDITS_SOAK = 400, 20_000


@dataclass(frozen=True)
class Case:
    """A forwarded bundle that must be refused.

    Attributes:
        forge: what was done to it.
        error: the class, which has the slug and the exit code.
        says: a phrase of its message that no other cause's message has.
    """

    forge: Callable[[Forwarded], None]
    error: type[SecurexferError]
    says: str


CHANGED = "added, left out or changed"
CASES = [
    # What is handed on.
    Case(f.invented_table, ForwardedChangedError, CHANGED),
    Case(f.another_table, ForwardedChangedError, CHANGED),
    Case(f.table_encrypted_anew, ForwardedChangedError, CHANGED),
    Case(f.table_left_out, ForwardedChangedError, CHANGED),
    Case(f.tables_swapped, ForwardedChangedError, CHANGED),
    Case(f.another_manifest, ForwardedChangedError, CHANGED),
    # Who and until when.
    Case(f.hop_left_out, ForwarderNotRecipientError, "cat forwarded a bundle of ann that was"),
    Case(f.hop_of_a_stranger, ForwarderNotRecipientError, "forwarded a bundle of ann that was"),
    Case(f.longer, ForwardedLongerError, "cat forwarded the bundle to expire on 2027-02-20"),
    Case(f.longer_by_two, ForwardedLongerError, "bob forwarded the bundle to expire on 2030-01-01"),
    Case(f.nine_hops, ForwardedTooOftenError, "went through 9 hops; at most 8"),
    Case(f.forbidden, ForwardingForbiddenError, "bob forwarded a bundle of ann whose agreement"),
    # The provenance.
    Case(f.provenance_of_another_bundle, PasswordMismatchError, "that ann committed to"),
    Case(f.origin_of_another_bundle, PasswordMismatchError, "that ann committed to"),
    Case(f.commitment_under_another_id, PasswordMismatchError, "that bob committed to"),
    Case(f.no_provenance, ManifestMismatchError, "contradicts its envelope: bundle id"),
    Case(f.provenance_where_none_belongs, PasswordMismatchError, "that ann committed to"),
    Case(f.signature_missing, ProvenanceError, "Hop 0 of the bundle's provenance is not well"),
    Case(f.signed_in_anothers_name, SignatureInvalidError, "but that hop is not theirs"),
    Case(f.envelope_altered, ProvenanceError, "Hop 0 of the bundle's provenance has another env"),
    Case(f.hop_altered_and_signed_by_the_forwarder, ProvenanceError, "another sender than its sig"),
    Case(f.origin_claimed, ManifestMismatchError, "contradicts its envelope: sender, recipients"),
    Case(f.hop_twice, ProvenanceError, "names the same bundle twice"),
    Case(f.hops_reversed, ProvenanceError, "Hop 0 of the bundle's provenance stands at a place"),
    Case(f.member_unknown, ProvenanceError, "Hop 1 of the bundle's provenance is not an envelope"),
    Case(f.former_key_of_the_origin, SenderRetiredError, "signed with a former key of ann"),
]


def words(case: Case) -> str:
    return case.forge.__name__.replace("_", " ")


@pytest.mark.parametrize("case", CASES, ids=words)
def test_a_false_one_is_refused_by_every_command_that_opens_it(
    world: World, face: Face, case: Case, tally: Tally
) -> None:
    scene = Forwarded(world)
    case.forge(scene)
    with pytest.raises(case.error) as caught, scene.dan.verify(scene.path):
        pass
    assert type(caught.value) is case.error
    message = caught.value.message
    assert case.says in message
    others = {one.says for one in CASES if one.says not in case.says and case.says not in one.says}
    assert [one for one in others if one in message] == []

    entries = scene.dan.register.entries()
    for command, answer in face.open(scene.dan, scene.path):
        if command in ("inspect", "verify --outside"):
            assert answer.exit_code == 0, answer.printed
            continue
        assert answer.exit_code == 60, command
        assert answer.error == {
            "code": case.error.code,
            "exit_code": 60,
            "hint": caught.value.hint,
            "message": message,
        }
        tally.count("identity", "refusals of falsely forwarded bundles, by four commands")
    refused = scene.dan.register.entries()
    assert refused[: len(entries)] == entries
    check_refusals(refused[len(entries) :], scene.path, case.error.code)
    tally.count("identity", "kinds of falsely forwarded bundles, each refused in its own words")


class TestWhatIsTrue:
    """The neighbours of the cases above that must be accepted."""

    def test_the_bundle_itself(self, world: World, face: Face) -> None:
        scene = Forwarded(world)
        hands = ["ann", "bob", "cat"]
        for command, answer in face.open(scene.dan, scene.path):
            assert answer.exit_code == 0, answer.printed
            document = answer.document
            if command in ("inspect", "verify --outside"):
                assert document["forwarded"] is True
                continue
            told = [document["origin"], *document["forwarders"]]
            assert [one["sender_name"] for one in told] == hands
            assert all(one["verified"] for one in told)
            assert document["origin_verified"] is True
        assert (world.folder / "out-unpack" / "a.csv").read_bytes() == forwarder.TABLES["a"]

    def test_one_whose_origin_nobody_knows_says_so_everywhere(
        self, world: World, face: Face
    ) -> None:
        scene = Forwarded(world)
        scene.dan.contacts.remove("ann")
        for command, answer in face.open(scene.dan, scene.path):
            assert answer.exit_code == 0, answer.printed
            if command in ("inspect", "verify --outside"):
                continue
            assert answer.document["origin_verified"] is False
            assert answer.document["origin"]["sender_name"] is None
            assert [one["sender_name"] for one in answer.document["forwarders"]] == ["bob", "cat"]
            if command != "verify":
                assert answer.printed.count("Origin not verified") >= 1
        opened = [e for e in scene.dan.register.entries() if "origin_verified" in e.details]
        assert {e.event for e in opened} >= {"unpacked", "password-released", "forwarded"}
        assert {e.details["origin_verified"] for e in opened} == {"no"}

    def test_one_through_hands_that_nobody_knows_says_so(self, world: World) -> None:
        scene = Forwarded(world)
        scene.dan.contacts.remove("bob")
        with scene.dan.verify(scene.path) as verified:
            assert not verified.inside.is_origin_verified
            (note,) = verified.notes
            assert "only cat vouches" in note
            assert [hop.sender and hop.sender.name for hop in verified.inside.chain] == [
                "ann",
                None,
                "cat",
            ]

    def test_what_was_sealed_for_others_is_not_looked_at(self, world: World) -> None:
        scene = Forwarded(world)
        forwarder.sealed_by_nobody(scene)
        with scene.dan.verify(scene.path):
            pass

    def test_one_by_a_former_key_that_is_expected(self, world: World) -> None:
        scene = Forwarded(world)
        forwarder.former_key_of_the_origin(scene)
        with scene.dan.verify(scene.path, older=True):
            pass

    def test_the_true_pieces_put_together_again(self, world: World) -> None:
        scene = Forwarded(world)
        scene.write()
        with scene.dan.verify(scene.path) as verified:
            assert [hop.sender_name for hop in verified.inside.chain] == ["ann", "bob", "cat"]


# -- hundreds of edits --------------------------------------------------------------------------


def edit_text(scene: Forwarded, chance: random.Random) -> Any:
    """One character of one text becomes another."""
    hop, key = chance.choice(scene.hops), chance.choice(["comment", "envelope"])
    at = chance.randrange(len(hop[key]))
    other = chance.choice([c for c in '0a{}"\n ,é' if c != hop[key][at]])
    hop[key] = hop[key][:at] + other + hop[key][at + 1 :]
    return None


def edit_length(scene: Forwarded, chance: random.Random) -> Any:
    """Some characters of one text are cut out, or are there twice."""
    hop, key = chance.choice(scene.hops), chance.choice(["comment", "envelope"])
    start = chance.randrange(len(hop[key]))
    end = start + chance.choice([1, 2, 16, 500])
    part = hop[key][start:end]
    hop[key] = hop[key][:start] + chance.choice(["", part + part]) + hop[key][end:]
    return None


def edit_order(scene: Forwarded, chance: random.Random) -> Any:
    """Hops are left out, doubled, or in another order."""
    true = list(scene.hops)
    while scene.hops == true:
        scene.hops = chance.choices(true, k=chance.randint(0, 10))
    return None


def edit_envelope(scene: Forwarded, chance: random.Random) -> Any:
    """A hop's envelope says something else, and is signed by the forwarder, if at all."""
    number = chance.randrange(2)

    def edit(envelope: dict[str, Any]) -> None:
        before = json.dumps(envelope)
        while json.dumps(envelope) == before:
            key = chance.choice(sorted(envelope))
            value = envelope[key]
            if key in ("members", "recipients"):
                item = chance.choice(value)
                inner = chance.choice(sorted(item))
                item[inner] = replaced(item[inner], chance)
            else:
                envelope[key] = replaced(value, chance)

    keys = chance.choice([None, scene.cat.keys, scene.world.eve.identity.keys])
    scene.edit_hop(number, edit, keys)
    return None


def edit_signer(scene: Forwarded, chance: random.Random) -> Any:
    """A hop is signed by the forwarder or a stranger, in its sender's name or their own."""
    number = chance.randrange(2)
    keys = chance.choice([scene.cat.keys, scene.world.eve.identity.keys])
    claimed = json.loads(scene.hops[number]["envelope"])["sender"]
    scene.sign_hop(number, keys, chance.choice([claimed, ""]))
    return None


def edit_sender(scene: Forwarded, chance: random.Random) -> Any:
    """A hop is said to be by somebody else, who signs it."""
    number = chance.randrange(2)
    who = chance.choice([scene.world.cat, scene.world.eve])
    fingerprint = who.identity.fingerprint
    scene.edit_hop(number, lambda e: e.update(sender=fingerprint), who.identity.keys)
    return None


def edit_members(scene: Forwarded, chance: random.Random) -> Any:
    """A member is replaced, left out or added."""
    tables = [name for name in scene.forgery.names if name.startswith("tables/")]
    what = chance.choice(["replace", "drop", "add"])
    if what == "replace":
        name = chance.choice([*tables, layout.MANIFEST])
        scene.put(name, chance.randbytes(chance.randint(0, 200)))
    elif what == "drop":
        scene.drop(tables[-1])
    else:
        scene.put(f"tables/{len(tables) + 1:04}.csv.gz", chance.randbytes(50), at=1 + len(tables))
    return None


def edit_shape(scene: Forwarded, chance: random.Random) -> Any:
    """The list of hops is something else."""
    values: list[Any] = ["", 0, {}, [], [[]], ["x"], [{}], [scene.hops], scene.hops[0]]
    hop = {**scene.hops[0], chance.choice(["name", "Comment", ""]): ""}
    values += [[hop, scene.hops[1]], [{"comment": scene.hops[0]["comment"]}, scene.hops[1]]]
    return chance.choice(values)


def replaced(value: Any, chance: random.Random) -> Any:
    """Something else, usually of the same kind."""
    if isinstance(value, int):
        return chance.choice([value + 1, max(value - 1, 0), 0, 2**53 - 1, str(value)])
    text = str(value)
    at = chance.randrange(len(text))
    digit = chance.choice([c for c in "0123456789abcdef" if c != text[at]])
    return chance.choice([text[:at] + digit + text[at + 1 :], "", text + "0", text[:-1]])


EDITS = [
    edit_text,
    edit_length,
    edit_order,
    edit_envelope,
    edit_signer,
    edit_sender,
    edit_members,
    edit_shape,
]


@pytest.mark.parametrize("share", range(2))
def test_whatever_a_forwarder_edits_and_signs_is_refused(
    world: World, share: int, soak: bool, tally: Tally
) -> None:
    scene = Forwarded(world)
    true_hops = json.dumps(scene.hops)
    true_names, true_raw = list(scene.forgery.names), list(scene.forgery.raw)
    dan = scene.dan
    senders = pinned_senders(dan.contacts.list(), dan.identity.card)
    outcomes: Counter[str] = Counter()
    chance = random.Random(f"forwarder {share}")
    for number in range((N_EDITS_SOAK if soak else N_EDITS) // 2):
        scene.hops = json.loads(true_hops)
        scene.forgery.names, scene.forgery.raw = list(true_names), list(true_raw)
        edit = EDITS[number % len(EDITS)]
        try:
            scene.write(hops=edit(scene, chance))
        except UnicodeEncodeError:
            continue
        with pytest.raises(SecurexferError) as caught:
            verify_as(scene, senders)
        assert caught.value.exit_code == 60, (edit, caught.value)
        outcomes[f"{edit.__name__}: {caught.value.code}"] += 1
    assert {name.split(":")[0] for name in outcomes} == {edit.__name__ for edit in EDITS}
    assert len({name.split(": ")[1] for name in outcomes}) >= 6
    assert dan.register.entries() == []
    tally.count("identity", "edits by a forwarder who signs them, refused", outcomes.total())


def verify_as(scene: Forwarded, senders: Any) -> None:
    """Open it with contacts that were read once."""
    with verify(
        scene.path,
        senders,
        lambda: scene.dan.identity,
        scene.dan.register,
        clock=scene.world.clock,
        reporter=SilentReporter(),
    ):
        pass
