"""Senders: whose signatures count at this desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from securexfer.crypto.keys import PublicKeys


@dataclass(frozen=True)
class PinnedSender:
    """A sender whose card is pinned here.

    Attributes:
        name: the contact's local name.
        keys: current or former public keys.
        retired_at: when these keys were replaced, None for current ones.
        current_keys: those that its owner uses now, None if they are these.
        revoked_at: when all keys of that contact were revoked here, None if they were not.
    """

    name: str
    keys: PublicKeys
    retired_at: datetime | None = None
    current_keys: PublicKeys | None = None
    revoked_at: datetime | None = None

    def had_retired(self, created: datetime) -> bool:
        """Whether the keys had been replaced when something was created that they signed."""
        return self.retired_at is not None and created > self.retired_at


FindSender = Callable[[str], PinnedSender | None]
