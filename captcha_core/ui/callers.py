"""Whether whoever asked still waits for the answer."""

from __future__ import annotations

from gradio.context import LocalContext


def has_left() -> bool:
    """Return whether the client of the running event has closed its connection; call this inside an event.

    Gradio 6.31 notes that, and ends events that yield; one that returns would go on to its end.
    """
    page, event_id = LocalContext.blocks.get(), LocalContext.event_id.get()
    if page is None or event_id is None:
        return False
    running = (event for job in page._queue.active_jobs for event in job or [])
    return any(event._id == event_id and not event.alive for event in running)
