"""What a run of tests finds: cores, other processes of it, and room in memory for files.

A run makes some hundred thousand small files, each in use for a second. A disk's file system takes
several times as long to make one as memory does, and a control plane waits for it at each write.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

WORKER = "PYTEST_XDIST_WORKER"
"""Set where several processes run the tests, in each of them."""
MEMORY = Path("/dev/shm")  # noqa: S108 - nothing is in it but folders of a name that chance made
ROOM = 4 << 30
"""Bytes that have to be free: a whole run has about a quarter of that at once."""
REFUSED = os.ST_NOEXEC | os.ST_NODEV | os.ST_NOSUID if hasattr(os, "ST_NODEV") else 0
"""What tests do with files, and a container's memory often does not let them."""


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def scratch() -> Path:
    """The folder for folders of tests: in memory, or where the system has them."""
    return MEMORY if _suits(MEMORY) else Path(tempfile.gettempdir())


def _suits(folder: Path) -> bool:
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    free = min(found.f_bavail * found.f_frsize, _available())
    return os.access(folder, os.W_OK | os.X_OK) and free >= ROOM and not found.f_flag & REFUSED


def _available() -> int:
    """Bytes of memory that nobody needs, by the kernel's estimate; none where it has none."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return 0
    return next((int(each.split()[1]) << 10 for each in lines if each.startswith("MemAvail")), 0)
