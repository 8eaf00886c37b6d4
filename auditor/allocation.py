"""How the C library hands out memory to a process with threads, and takes back what is free.

glibc has a heap of its own for each thread (arenas, mallopt(3)), and what the threads that read a
cluster give back there nobody else gets: of 10,000 pods that was a tenth of the whole. Only one of
our threads works at a time, so one heap for all of them makes nobody wait.
"""

from __future__ import annotations

import sys
from typing import Final

_M_ARENA_MAX: Final = -8
"""The number of the option in ``malloc.h`` of glibc."""


def share_heap() -> None:
    """Have all threads that are started from now on take memory from one heap.

    Where the C library is another one, it does as it does.
    """
    _ask("mallopt", _M_ARENA_MAX, 1)


def give_back() -> None:
    """Give memory that is free back to the system (malloc_trim(3)).

    Between two shards the pages of a large target leave a fifth of the heap free, in pieces that
    nothing else fits into. Where the C library is another one, it does as it does.
    """
    _ask("malloc_trim", 0)


def _ask(function: str, *arguments: int) -> None:
    """Call a function of glibc, where that is the library."""
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415 - a small run asks nothing

    try:
        getattr(ctypes.CDLL(None), function)(*arguments)
    except (OSError, AttributeError):  # no library to ask, or one without the function (musl)
        return
