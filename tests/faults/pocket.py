"""A pen drive as the whole program meets it.

It is an exFAT image on a loop device. That it hangs on USB only the kernel could say, so the
program runs where another /sys and /run are mounted over the kernel's: it reads what it would read
of a pen drive, at the paths where it always looks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.mounts import ExfatStick
from tests.unit.machine import USB, Machine

STICK_BYTES = 16 * 1024 * 1024
SERIAL = "4C530001"


class Pocket:
    """A pen drive that is plugged in, and how to run a program to which it hangs on USB."""

    def __init__(self, mount: Path, machine: Machine) -> None:
        self.mount = mount
        self._machine = machine

    def under(self) -> list[str]:
        """What to run a program under."""
        roots = self._machine.roots
        script = f'mount --bind "{roots.sys}" /sys; mount --bind "{roots.run}" /run; exec "$@"'
        return ["unshare", "--mount", "--propagation", "private", "sh", "-euc", script, "sh"]


@contextmanager
def plugged_in(
    folder: Path,
    tool: Callable[[str], str],
    *,
    label: str = "ANN'S",
    file_system: str = "exfat",
) -> Iterator[Pocket]:
    """A pen drive, while it is plugged in.

    Args:
        folder: takes the image and what the machine says of it.
        tool: finds a program, or skips the test.
        label: what udev says that it is called.
        file_system: what udev says that it is formatted with.
    """
    tool("unshare")
    (folder / "pocket").mkdir()
    stick = ExfatStick(folder / "pocket", STICK_BYTES, tool)
    with stick.plugged_in():
        device = stick.mount.stat().st_dev
        number = f"{os.major(device)}:{os.minor(device)}"
        machine = Machine(folder / "machine")
        machine.partition(machine.disk(USB, "8:16", removable="1"), "sdb1", number)
        machine.udev(
            number,
            ID_FS_TYPE=file_system,
            ID_FS_LABEL_ENC=label.replace("'", "\\x27"),
            ID_SERIAL_SHORT=SERIAL,
        )
        yield Pocket(stick.mount, machine)
