"""Working ahead: what will be asked for is worked out while something else is being done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
# Fewer are not worth a thread.
_FEW = 4


def one_ahead(work: Callable[[int], T], items: Sequence[int]) -> Iterator[T]:
    """Results in the order of the items, each worked out while the one before is being used.

    Args:
        work: what to do; large pieces of it should need no interpreter, as hashing does.
        items: what to do it to.

    Raises:
        Exception: whatever `work` raised, in its turn.
    """
    if len(items) < _FEW:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(1) as helper:
        coming = helper.submit(work, items[0])
        for item in items[1:]:
            done, coming = coming.result(), helper.submit(work, item)
            yield done
        yield coming.result()


def begin(work: Callable[[], T]) -> Callable[[], T]:
    """Begin something, and go on; whoever calls what is returned waits for what came of it.

    Args:
        work: large pieces of it should need no interpreter, as the derivation of a key does.

    Raises:
        Exception: whatever `work` raised, once it is asked for.
    """
    helper = ThreadPoolExecutor(1)
    coming = helper.submit(work)
    helper.shutdown(wait=False)
    return coming.result
