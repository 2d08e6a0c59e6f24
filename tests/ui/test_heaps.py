"""The C library's heaps under many threads."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from captcha_core.ui.heaps import give_memory_back

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"),
    reason="only glibc has it; elsewhere nothing is done",
)

# Every thread keeps what it has until all have some, and so would have a heap of its own.
COUNT_HEAPS = """
import ctypes, sys, threading
from captcha_core.ui.heaps import share_heaps
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
if sys.argv[1] == "shared":
    assert share_heaps()
together = threading.Barrier(6)
def work():
    libc.malloc(1000)
    together.wait()
threads = [threading.Thread(target=work) for _ in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc.malloc_stats()
"""


def heaps(how: str) -> int:
    """Return how many heaps a process has after six threads took memory at once."""
    done = subprocess.run([sys.executable, "-c", COUNT_HEAPS, how], capture_output=True, text=True, check=True)
    return done.stderr.count("Arena ")


def test_threads_share_two_heaps() -> None:
    assert heaps("shared") <= 2 < heaps("own")


def test_free_memory_goes_back_to_the_system() -> None:
    libc, count, size = ctypes.CDLL(None), 1000, 100 << 10
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    blocks = [libc.malloc(size) for _ in range(count)]
    for block in blocks:
        ctypes.memset(block, 1, size)
    # The last one keeps the heap's end where it is.
    for block in blocks[:-1]:
        libc.free(block)
    before = resident()
    give_memory_back()
    after = resident()
    libc.free(blocks[-1])
    assert before - after > count * size / 2


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
