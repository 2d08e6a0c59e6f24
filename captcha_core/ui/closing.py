"""How a page ends: what runs is finished, nothing new is begun."""

from __future__ import annotations

import signal
import threading
import time
from typing import Any

import gradio as gr

CLOSING = threading.Event()
"""Set when this process has been told to end; what takes long then ends with what it has."""

FINISH_S = 6.0
"""How long what is running may go on, in seconds; with what follows, the process ends in under ten."""
# For answers on their way to the browser.
_DELIVER_S = 0.5
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def stay(page: gr.Blocks) -> None:
    """Return when the process is told to end (SIGTERM, Ctrl+C) and the page is closed; a second signal ends at once."""
    told = threading.Event()
    before = {number: signal.signal(number, lambda *_: told.set()) for number in _SIGNALS}
    # A wait without end could not be interrupted on Windows.
    while not told.wait(0.5):
        pass
    for number, handler in before.items():
        signal.signal(number, handler)
    CLOSING.set()
    _finish(page)
    # Streams to browsers end only when they are cut off.
    page.server.config.timeout_graceful_shutdown = 1
    page.close(verbose=False)


def _finish(page: gr.Blocks) -> None:
    """Wait until nothing runs or waits, but not too long."""
    until = time.monotonic() + FINISH_S
    while _is_working(page._queue) and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(_DELIVER_S)


def _is_working(queue: Any) -> bool:
    return len(queue) > 0 or any(queue.active_jobs)
