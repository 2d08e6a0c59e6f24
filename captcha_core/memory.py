"""How a program that trains asks the system for memory."""

from __future__ import annotations

import os
import sys

_VARIABLE = "GLIBC_TUNABLES"
# Every step needs the same few gigabytes again. By default glibc hands large blocks back at once and takes them anew
# in pages of 4 KB, each cleared by the kernel; here it keeps them, in pages of 2 MB. benchmarks/training_speed.py
# measures what that is worth.
TUNABLES = ":".join(
    (
        "glibc.malloc.hugetlb=1",
        f"glibc.malloc.mmap_threshold={1 << 32}",
        f"glibc.malloc.trim_threshold={1 << 33}",
        f"glibc.malloc.top_pad={1 << 26}",
    )
)


def restart_with_large_pages() -> None:
    """Start this program again, under the same process number, with glibc's allocator set for training.

    glibc reads its settings only when a program starts. Does nothing on other systems than Linux, and nothing when
    the variable ``GLIBC_TUNABLES`` is set already, by this function or by the user. Other C libraries ignore it.
    """
    if sys.platform != "linux" or _VARIABLE in os.environ:
        return
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, _VARIABLE: TUNABLES})
