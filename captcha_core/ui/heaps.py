"""The C library's heaps, which a server with dozens of threads would let grow."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

_MOST_HEAPS = 2
# From glibc's malloc.h.
_M_ARENA_MAX = -8


def share_heaps() -> bool:
    """Let all threads share two heaps, so that what one has freed another can use; say whether that could be set.

    Visitors' pictures are opened in dozens of threads, and glibc would make eight heaps for each core, of which each
    keeps what was freed in it. Call this before such threads are there. Does nothing where the C library is another.
    """
    setting = _function("mallopt")
    return bool(setting is not None and setting(_M_ARENA_MAX, _MOST_HEAPS))


def give_memory_back() -> bool:
    """Return what is free in the heaps to the system; say whether there was any (glibc's malloc_trim).

    By itself a heap gives back only what is free at its end. Does nothing where the C library is another.
    """
    trim = _function("malloc_trim")
    return bool(trim is not None and trim(0))


def _function(name: str) -> Any:
    """Return a function of the C library; None where it has none of that name, or is not the Linux one."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
