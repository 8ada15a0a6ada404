"""Verifying: every check there is, in the order that `docs/format.md` numbers.

The bundle room knows what a bundle must look like; here its words are held against this desk:
whose card is pinned, what was opened before, and what time it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from securexfer.bundle.comment import decode_comment
from securexfer.bundle.envelope import Envelope
from securexfer.bundle.file import BundleFile
from securexfer.bundle.manifest import Manifest
from securexfer.bundle.outside import Outside, read_claims, read_outside
from securexfer.bundle.reader import Inside, read_inside
from securexfer.bundle.sender import FindSender, PinnedSender
from securexfer.content import counted_files, counted_rows
from securexfer.crypto.card import Card
from securexfer.crypto.identity import Identity
from securexfer.crypto.keys import PrivateKeys
from securexfer.custody.register import Entry, Register
from securexfer.errors import (
    BundleExpiredError,
    BundleFormatError,
    BundleFutureError,
    NotForThisIdentityError,
    SecurexferError,
    SenderRetiredError,
    SenderRevokedError,
)
from securexfer.expiry import CLOCK_TOLERANCE, expiry_of, find_extended, newest_time
from securexfer.history import check_origin, check_replay, was_opened
from securexfer.home.contacts import Contact
from securexfer.instant import Clock
from securexfer.reporting import Reporter

# Hears of a refusal, and of what the bundle claims to be: `sender`, `bundle_sha256` and, once its
# signatures held, `bundle_id`; as far as they could be read.
HearRefusal = Callable[[SecurexferError, Mapping[str, str]], None]


@dataclass(frozen=True)
class Verified:
    """A bundle that passed every check.

    Attributes:
        inside: sender, envelope and manifest, verified.
        notes: what a person should know all the same: a replay, a gap in the series, hands that
            nobody here can vouch for.
        older: whether a newer one may have been opened before.
    """

    inside: Inside
    notes: tuple[str, ...] = ()
    older: bool = False

    @property
    def sender(self) -> PinnedSender:
        """Who signed it."""
        return self.inside.sender

    @property
    def envelope(self) -> Envelope:
        """Of this very bundle; the manifest tells of the one that was packed."""
        return self.inside.outside.envelope

    @property
    def manifest(self) -> Manifest:
        """The complete record, by whoever packed it."""
        return self.inside.manifest


@contextmanager
def inspect(path: Path, reporter: Reporter) -> Iterator[Outside]:
    """What anyone who finds the bundle can see. Well-formed, but nobody's word for it.

    Raises:
        BundleFormatError, BundleAlteredError: if it is not a whole bundle.
    """
    with BundleFile.open(path) as file:
        yield read_claims(file, reporter)


@contextmanager
def verify_outside(
    path: Path, find_sender: FindSender, register: Register, *, clock: Clock, reporter: Reporter
) -> Iterator[Outside]:
    """Every check that needs no private key.

    Raises:
        SecurexferError: the first check that does not hold.
    """
    with BundleFile.open(path) as file:
        yield _read_dated(file, find_sender, register, {}, clock=clock, reporter=reporter)


@contextmanager
def verify(
    path: Path,
    find_sender: FindSender,
    unlock: Callable[[], Identity],
    register: Register,
    *,
    clock: Clock,
    reporter: Reporter,
    older: bool = False,
    hear_refusal: HearRefusal | None = None,
) -> Iterator[Verified]:
    """Every check there is, in order; nothing is written and no table is decrypted.

    Args:
        path: the bundle.
        find_sender: looks up pinned senders.
        unlock: opens the identity; called once the outside held.
        register: for replay, sequence and the newest time seen.
        clock: now.
        reporter: progress.
        older: accept a bundle that is older than one opened before.
        hear_refusal: hears of a check that does not hold before that is raised; raises nothing but
            a stop.

    Raises:
        SecurexferError: the first check that does not hold.
    """
    with ExitStack() as opened:
        claims: dict[str, str] = {}
        try:
            file = opened.enter_context(BundleFile.open(path))
            outside = _read_dated(
                file, find_sender, register, claims, clock=clock, reporter=reporter
            )
            identity = unlock()
            keys = _choose_keys(outside.envelope, identity)
            entries = register.entries()
            notes = check_replay(outside, entries)
            is_expected = older or bool(notes)
            _check_retired(outside.sender, is_expected=is_expected)
            inside = read_inside(outside, keys, find_sender)
            for hop in inside.chain[:-1]:
                _check_revoked(hop.sender, is_seen=bool(notes))
                _check_retired(hop.sender, is_expected=is_expected)
            notes += [*_doubt_origin(inside), *_recall_revoked(inside)]
            notes += check_origin(inside, entries, older=is_expected)
        except SecurexferError as error:
            if hear_refusal is not None:
                hear_refusal(error, claims)
            raise
        yield Verified(inside, tuple(notes), older)


def recheck(verified: Verified, entries: Sequence[Entry]) -> None:
    """Repeat what history can say, while nobody else can add to it.

    Raises:
        BundleReplayError, BundleOlderError: if another bundle was opened since it was verified.
    """
    known = check_replay(verified.inside.outside, entries)
    check_origin(verified.inside, entries, older=verified.older or bool(known))


def check_tables(verified: Verified, reporter: Reporter) -> None:
    """Decrypt and check every table, keeping nothing: what `unpack` would find, without writing.

    Raises:
        ContentMismatchError: if a table is not what the manifest says.
    """
    for table in verified.manifest.tables:
        reporter.begin(f"Checking {table.name}", table.n_bytes)
        for _ in counted_rows(verified.inside, table, reporter):
            pass
        for _ in counted_files(verified.inside, table, reporter):
            pass


def pinned_senders(
    contacts: Sequence[Contact], own_card: Card | None, own_former: Sequence[Card] = ()
) -> FindSender:
    """Look-up of senders by fingerprint: contacts and oneself, with all former keys."""
    senders: dict[str, PinnedSender] = {}
    parties = [(one.name, one.card, one.former, one.revoked_at) for one in contacts]
    if own_card is not None:
        own_name = f"{own_card.name} (this identity)"
        parties.append((own_name, own_card, tuple(own_former), None))
    for name, current, former, revoked_at in parties:
        successor = current
        for card in former:
            senders[card.fingerprint] = PinnedSender(
                name, card.keys, successor.created_at, current.keys, revoked_at
            )
            successor = card
        senders[current.fingerprint] = PinnedSender(name, current.keys, revoked_at=revoked_at)
    return senders.get


def _read_dated(
    file: BundleFile,
    find_sender: FindSender,
    register: Register,
    claims: dict[str, str],
    *,
    clock: Clock,
    reporter: Reporter,
) -> Outside:
    """The outside, held to its time; what the bundle claims to be is put into `claims` early."""
    with suppress(BundleFormatError):
        block = decode_comment(file.comment).claimed
        claims.update(bundle_sha256=block.bundle_sha256, sender=block.sender)
    outside = read_outside(file, find_sender, reporter)
    # Not before: nobody should parse the envelope of a sender whom nobody knows.
    claims.update(bundle_id=outside.envelope.bundle_id)
    entries = register.entries()
    _check_revoked(outside.sender, is_seen=was_opened(outside, entries))
    extended_until = find_extended(outside, entries, find_sender)
    outside = replace(outside, extended_until=extended_until)
    _check_times(outside, entries, clock)
    return outside


def _check_times(outside: Outside, entries: Sequence[Entry], clock: Clock) -> None:
    envelope, expires = outside.envelope, expiry_of(outside)
    now = newest_time(entries, clock)
    if envelope.created - now > CLOCK_TOLERANCE:
        raise BundleFutureError(
            f"The bundle was created on {envelope.created:%Y-%m-%d}, which is in the future here."
        )
    if clock() <= expires < now:
        raise BundleExpiredError(
            f"The bundle expires on {expires:%Y-%m-%d}, and the register has an entry of "
            f"{now:%Y-%m-%d}: the clock was set back, or had been ahead.",
            hint="Set the clock right. If it was ahead once, ask the sender for a bundle that "
            "lasts beyond that day.",
        )
    if expires < now:
        raise BundleExpiredError(f"The bundle expired on {expires:%Y-%m-%d}.")


def _choose_keys(envelope: Envelope, identity: Identity) -> PrivateKeys:
    for recipient in envelope.recipients:
        keys = identity.keys_for(recipient.fingerprint)
        if keys is not None:
            return keys
    if identity.keys_for(envelope.sender) is not None:
        raise NotForThisIdentityError(
            "This identity packed the bundle for others and is not one of its recipients.",
            hint="Check it with: securexfer verify --outside BUNDLE",
        )
    raise NotForThisIdentityError("The bundle is not sealed to this identity.")


def _check_revoked(sender: PinnedSender | None, *, is_seen: bool) -> None:
    """Refuse what a revoked key has signed, but for what was opened here before it was revoked.

    Nobody can expect such a thing: whoever stole the key can write any date, and ask by any name.

    Raises:
        SenderRevokedError: if it is refused.
    """
    if sender is not None and sender.revoked_at is not None and not is_seen:
        raise SenderRevokedError(
            f"The bundle was signed with a key of {sender.name} that was revoked here on "
            f"{sender.revoked_at:%Y-%m-%d}, and was not opened here before."
        )


def _recall_revoked(inside: Inside) -> list[str]:
    """What was opened before opens still, but whoever opens it should know."""
    return [
        f"A key that signed this bundle, of {hop.sender.name}, was revoked here on "
        f"{hop.sender.revoked_at:%Y-%m-%d}, after the bundle was first opened."
        for hop in inside.chain
        if hop.sender is not None and hop.sender.revoked_at is not None
    ]


def _check_retired(sender: PinnedSender | None, *, is_expected: bool) -> None:
    # Whoever stole a former key can write any date into a bundle. So beyond what was opened here
    # while the key was in use, a person has to say that an old bundle is expected.
    if sender is not None and sender.retired_at is not None and not is_expected:
        raise SenderRetiredError(
            f"The bundle was signed with a former key of {sender.name}, replaced on "
            f"{sender.retired_at:%Y-%m-%d}."
        )


def _doubt_origin(inside: Inside) -> list[str]:
    """Notes on the hands that no card pinned here stands for."""
    return [
        f"Origin not verified: {hop.sender_name} is not among the contacts pinned here, so that "
        f"only {inside.sender.name} vouches for what they are said to have sent."
        for hop in inside.chain
        if hop.sender is None
    ]
