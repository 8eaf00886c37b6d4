"""Threads take their memory from one heap, and what is free is given back."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.process

HEAPS = """
import ctypes, os, sys, tempfile, threading
from auditor.allocation import share_heap

if sys.argv[1:] == ["shared"]:
    share_heap()
held, together = [], threading.Barrier(4)


def work():
    together.wait()
    held.append([bytes(20_000) for _ in range(50)])
    together.wait()


threads = [threading.Thread(target=work) for _ in range(4)]
for each in threads:
    each.start()
for each in threads:
    each.join()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
with tempfile.TemporaryFile() as file:
    stream = ctypes.c_void_p(libc.fdopen(os.dup(file.fileno()), b"w"))
    libc.malloc_info(0, stream)
    libc.fclose(stream)
    file.seek(0)
    print(file.read().count(b"<heap nr="))
"""


def heaps(*arguments: str) -> int:
    command = [sys.executable, "-c", HEAPS, *arguments]
    return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="asks glibc")
def test_threads_share_one_heap() -> None:
    assert heaps() > 1
    assert heaps("shared") == 1


GIVEN_BACK = """
import sys
from auditor.allocation import give_back


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])


pieces = [bytes(10_000) for _ in range(4_000)]
last = [bytes(10_000)]
full = resident()
del pieces
if sys.argv[1:] == ["asked"]:
    give_back()
print(full - resident())
"""


def given_back(*arguments: str) -> int:
    """Count the pages that are no longer resident once pieces below another one are free."""
    command = [sys.executable, "-c", GIVEN_BACK, *arguments]
    return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="asks glibc")
def test_what_is_free_is_given_back() -> None:
    assert given_back() < 1_000
    assert given_back("asked") > 8_000
