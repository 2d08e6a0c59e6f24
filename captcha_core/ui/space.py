"""What is different on a Hugging Face Space."""

from __future__ import annotations

import os
from pathlib import Path

try:
    import spaces
except ImportError:  # Elsewhere, and nothing is missing there.
    spaces = None

PERSISTENT = Path("/data")
"""Where a Space's owner can have a disk; all else on it is gone when it starts again."""


def on_space() -> bool:
    """Return whether the page runs on a Space."""
    return bool(os.environ.get("SPACE_ID"))


def is_kept(folder: str | Path) -> bool:
    """Return whether what is written to a folder is there after the next start."""
    return not on_space() or Path(folder).resolve().is_relative_to(PERSISTENT)


def trust_proxy() -> None:
    """Take the visitors' addresses from the Space's proxy, from which all requests come; else they would count as one.

    The owner's own ``FORWARDED_ALLOW_IPS``, of uvicorn, goes before.
    """
    if on_space():
        os.environ.setdefault("FORWARDED_ALLOW_IPS", "*")


def ask_for_gpu() -> None:
    """Let ZeroGPU start the page: it refuses one of whose functions none asks for a GPU.

    Reading needs none, and a function that asks would run in another process and use up the visitor's share; so the one
    that asks is never called. Without the package, or on other hardware, nothing happens.
    """
    if spaces is not None:
        spaces.GPU(_never_called)


def _never_called() -> None:
    pass
