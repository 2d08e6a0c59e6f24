"""Results that visitors are looking at, kept on the server; the oldest give way to the newest."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import Generic, TypeVar

Kept = TypeVar("Kept")

MOST_KEPT = 24


class Shelf(Generic[Kept]):
    """Keeps so many values by keys that nobody can guess. Threads may share one."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        """Keep at most so many."""
        self._most = most
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, value: Kept) -> str:
        """Keep a value and return its key."""
        key = secrets.token_urlsafe(16)
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return key

    def get(self, key: object) -> Kept | None:
        """Return a value, which is then the newest; None where it has given way, or what was sent is no key."""
        with self._lock:
            if not isinstance(key, str) or key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key]

    def drop(self, key: object) -> Kept | None:
        """Let a value go and return it; None where there is none."""
        with self._lock:
            return self._kept.pop(key, None) if isinstance(key, str) else None
