"""How the C library hands out memory to a process with threads.

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
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415 - whoever starts no thread does without

    try:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
    except (OSError, AttributeError):  # no library to ask, or one without the function (musl)
        return
