"""One contact by whichever of their keys: former and present ones are the same party."""

from __future__ import annotations

from securexfer.crypto.identity import rotate_identity
from securexfer.party import answer_keys, is_same_party
from securexfer.verifying import pinned_senders
from tests.world import START, World


def test_former_and_present_keys_are_one_party_and_two_contacts_are_not(world: World) -> None:
    old = world.ann.identity
    new = rotate_identity(old, rotated_at=START)
    world.bob.contacts.pin(new.card, "", pinned_at=START, replaces="ann")
    find = pinned_senders(world.bob.contacts.list(), world.bob.identity.card)
    assert is_same_party(old.fingerprint, new.fingerprint, find)
    assert not is_same_party(new.fingerprint, world.cat.identity.fingerprint, find)
    assert not is_same_party(new.fingerprint, world.eve.identity.fingerprint, find)
    for fingerprint in (old.fingerprint, new.fingerprint):
        sender = find(fingerprint)
        assert sender is not None
        assert answer_keys(sender) == new.keys.public


def test_a_key_is_its_own_party_also_where_nobody_knows_it() -> None:
    assert is_same_party("a" * 64, "a" * 64, lambda _: None)
    assert not is_same_party("a" * 64, "b" * 64, lambda _: None)
