"""The keyring, in each of the states that backends have: asked in time, and never believed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as FailKeyring
from keyring.backends.null import Keyring as NullKeyring
from keyring.errors import InitError, KeyringLocked, NoKeyringError

from securexfer.crypto.identity import create_identity
from securexfer.errors import (
    KeyringAbsentError,
    KeyringBlockedError,
    KeyringError,
    KeyringForgetfulError,
    KeyringLockedError,
    KeyringNullError,
    KeyringPlaintextError,
    PassphraseMissingError,
    PassphraseWrongError,
)
from securexfer.home.desk import Desk
from securexfer.home.keystore import Keystore
from securexfer.home.secrets import SecretSource
from securexfer.home.unlocking import unlock
from tests.world import START


class Memory(KeyringBackend):
    """A keyring that works, and says what it was asked."""

    priority = 1.0

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.raises: BaseException | None = None

    def get_password(self, service: str, username: str) -> str | None:
        if self.raises is not None:
            raise self.raises
        return self.kept.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[username]


class Forgetful(Memory):
    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[username] = password[:-1]


class PlaintextKeyring(Memory):
    """Called so; where it is from does not matter."""


class Dressed(NullKeyring):
    """A null backend under another name."""


FAIL, NULL, DRESSED = (kind.__new__(kind) for kind in (FailKeyring, NullKeyring, Dressed))


class Blocked(Memory):
    def get_password(self, service: str, username: str) -> str | None:
        threading.Event().wait()
        return None


class Chain(Memory):
    def __init__(self, *backends: KeyringBackend) -> None:
        super().__init__()
        self.backends = backends


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def use(backend: KeyringBackend) -> Keystore:
    keyring.set_keyring(backend)
    return Keystore(seconds=0.2)


def test_what_is_stored_is_read_and_removed() -> None:
    store = use(Memory())
    assert store.read("me") is None
    store.store("me", "secret")
    assert store.read("me") == "secret"
    store.remove("me")
    store.remove("me")
    assert store.read("me") is None


@pytest.mark.parametrize(
    ("backend", "error"),
    [
        (FAIL, KeyringAbsentError),
        (NULL, KeyringNullError),
        (DRESSED, KeyringNullError),
        (PlaintextKeyring(), KeyringPlaintextError),
        (Blocked(), KeyringBlockedError),
        (Chain(), KeyringAbsentError),
        (Chain(NULL, PlaintextKeyring()), KeyringPlaintextError),
    ],
    ids=["fail", "null", "null by another name", "plaintext", "blocks", "no chain", "chain"],
)
def test_a_keyring_that_keeps_no_secret_is_refused(
    backend: KeyringBackend, error: type[KeyringError]
) -> None:
    store = use(backend)
    calls: list[Callable[[], object]] = [
        lambda: store.read("me"),
        lambda: store.store("me", "secret"),
        lambda: store.remove("me"),
    ]
    for call in calls:
        with pytest.raises(error):
            call()


def test_it_says_which_it_is() -> None:
    assert use(Chain(NULL, Memory())).describe() == f"{__name__}.Memory"
    with pytest.raises(KeyringNullError):
        use(NULL).describe()


def test_one_that_stores_something_else_is_found_out() -> None:
    with pytest.raises(KeyringForgetfulError):
        use(Forgetful()).store("me", "secret")


def test_plaintext_is_used_where_a_person_said_so() -> None:
    keyring.set_keyring(PlaintextKeyring())
    store = Keystore(accepts_insecure=True)
    store.store("me", "secret")
    assert store.read("me") == "secret"


def test_of_a_chain_only_those_are_asked_that_keep_a_secret() -> None:
    plain, good = PlaintextKeyring(), Memory()
    store = use(Chain(plain, good))
    store.store("me", "secret")
    plain.kept["me"] = "planted"
    assert (good.kept, store.read("me")) == ({"me": "secret"}, "secret")


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (KeyringLocked("CANARY"), KeyringLockedError),
        (InitError("CANARY"), KeyringLockedError),
        (NoKeyringError("CANARY"), KeyringAbsentError),
        (ConnectionRefusedError("CANARY"), KeyringAbsentError),
        (ImportError("CANARY"), KeyringError),
        (EOFError("CANARY"), KeyringError),
        (SystemExit("CANARY"), KeyringError),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_whatever_a_backend_raises_becomes_ours_without_its_text(
    raised: BaseException, error: type[KeyringError]
) -> None:
    backend = Memory()
    backend.raises = raised
    with pytest.raises(error) as caught:
        use(backend).read("me")
    assert "CANARY" not in caught.value.message + caught.value.hint
    assert caught.value.__cause__ is None


class TestTheOrderOfSources:
    def test_none_is_passed_over_and_told_of_at_the_end(self) -> None:
        store, told = use(FAIL), list[str]()
        asked = SecretSource(None, {}, lambda: "typed", store, told.append).passphrase("me")
        assert (asked.text, told) == ("typed", [])
        with pytest.raises(PassphraseMissingError, match="there is no keyring here"):
            SecretSource(None, {}, None, store).passphrase("me")

    def test_an_empty_one_is_told_of_as_that(self) -> None:
        with pytest.raises(PassphraseMissingError, match="the keyring has none"):
            SecretSource(None, {}, None, use(Memory())).passphrase("me")

    def test_one_that_can_not_be_used_is_told_to_a_person_and_an_error_without_one(self) -> None:
        store, told = use(Blocked()), list[str]()
        asked = SecretSource(None, {}, lambda: "typed", store, told.append).passphrase("me")
        assert (asked.text, len(told)) == ("typed", 1)
        assert "did not answer" in told[0]
        with pytest.raises(KeyringBlockedError):
            SecretSource(None, {}, None, store).passphrase("me")

    def test_no_keyring_knows_an_identity_that_is_not_there_yet(self) -> None:
        store = use(Blocked())
        assert SecretSource(None, {}, lambda: "typed", store).passphrase("").text == "typed"


class TestAChangeThatIsCutOff:
    """Whenever it is, the keyring opens the identity file that is there."""

    @pytest.mark.parametrize("calls", range(1, 8))
    def test_leaves_a_passphrase_that_opens(
        self, tmp_path: Path, calls: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        backend = Memory()
        store = use(backend)
        desk = Desk(tmp_path / "home")
        made = create_identity(name="a", organisation="", email="", created_at=START)
        desk.save_new_identity(made, "the old one")
        store.store(made.fingerprint, "the old one")
        n_calls = 0

        def count() -> None:
            nonlocal n_calls
            n_calls += 1
            if n_calls == calls:
                raise KeyboardInterrupt

        def cut(name: str) -> None:
            honest = getattr(Memory, name)

            def call(self: Memory, *arguments: str) -> str | None:
                count()
                found: str | None = honest(self, *arguments)
                return found

            monkeypatch.setattr(Memory, name, call)

        def change() -> None:
            count()
            desk.save_identity(made, "the new one")

        source = SecretSource(None, {}, None, store)
        with monkeypatch.context():
            for name in ("get_password", "set_password", "delete_password"):
                cut(name)
            try:
                store.replace(made.fingerprint, "the new one", change)
            except (KeyboardInterrupt, KeyringError):
                assert n_calls == calls
            monkeypatch.undo()
        opened, found = unlock(desk, source, hear_source=lambda _: None)
        assert opened == made
        # And from then on at once.
        assert store.read(made.fingerprint) == found.text
        assert desk.unlock(found.text) == made

    def test_a_wrong_passphrase_stays_wrong(self, tmp_path: Path) -> None:
        store, desk = use(Memory()), Desk(tmp_path / "home")
        made = create_identity(name="a", organisation="", email="", created_at=START)
        desk.save_new_identity(made, "the right one")
        store.store(made.fingerprint, "a wrong one")
        with pytest.raises(PassphraseWrongError):
            unlock(desk, SecretSource(None, {}, None, store), hear_source=lambda _: None)
