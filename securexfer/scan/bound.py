"""How long a file may take."""

FREE_SECONDS, BYTES_PER_SECOND = 20.0, 1_000_000


def seconds_for_bytes(n_bytes: int) -> float:
    """Seconds of a processor that a file of so many bytes on the drive may take."""
    return FREE_SECONDS + n_bytes / BYTES_PER_SECOND
