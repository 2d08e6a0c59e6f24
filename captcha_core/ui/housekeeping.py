"""What Gradio leaves behind while a page runs for weeks, cleared away now and then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from starlette.concurrency import run_in_threadpool

from captcha_core.ui.heaps import give_memory_back
from captcha_core.ui.upload_folder import UploadFolder

KEPT_S = 60.0
"""How long an answer waits to be fetched, in seconds."""
_EVERY_S = 2.0
_FILES_EVERY = 150
"""Rounds between two looks into the folder."""
_MEMORY_EVERY = 15
"""Rounds after which memory that is free again goes back to the system."""


def housekeeping(folder: UploadFolder) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """Return a lifespan for the page's server that keeps its memory and its folder from growing."""

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        task = asyncio.create_task(_keep(app, folder))
        try:
            yield
        finally:
            task.cancel()

    return lifespan


async def _keep(app: Any, folder: UploadFolder) -> None:
    callers = Callers(app)
    rounds = 0
    while True:
        await asyncio.sleep(_EVERY_S)
        callers.forget()
        rounds += 1
        if rounds % _FILES_EVERY == 0:
            await run_in_threadpool(folder.room)
        if rounds % _MEMORY_EVERY == 0:
            await run_in_threadpool(give_memory_back)


class Callers:
    """What a server keeps for those who asked it for something.

    Gradio 6.31 makes a session for each call of a program, with a description of all elements of the page, and keeps
    10,000 of them; it keeps the answers of 2,000 callers who never fetch them, and a set for each caller for ever.
    """

    def __init__(self, app: Any, clock: Callable[[], float] = time.monotonic) -> None:
        """Watch the app of a page."""
        self._app = app
        self._clock = clock
        self._unread: dict[str, float] = {}

    def forget(self) -> None:
        """Drop what nobody will ask for; call this in the server's event loop, which alone changes these."""
        queue, sessions = self._app.get_blocks()._queue, self._app.state_holder
        running = queue.event_ids_to_events
        # A call's session has the name of its event.
        for name in [name for name in sessions.session_data if _is_call(name) and name not in running]:
            with sessions.lock:
                sessions.session_data.pop(name, None)
                sessions.time_last_used.pop(name, None)
        messages, events = queue.pending_messages_per_session, queue.pending_event_ids_session
        for name in self._left_lying(messages, events, running):
            del messages[name]
        for name in [name for name, ids in events.items() if not ids or name not in messages]:
            del events[name]

    def _left_lying(self, messages: Any, events: Any, running: Any) -> list[str]:
        """Return the sessions for which nothing runs and whose last answers nobody has fetched for a while."""
        now = self._clock()
        done = [
            name for name, box in messages.items() if not box.empty() and events.get(name, set()).isdisjoint(running)
        ]
        self._unread = {name: self._unread.get(name, now) for name in done}
        return [name for name, since in self._unread.items() if now - since > KEPT_S]


def _is_call(session: str) -> bool:
    """Return whether a session is named after an event, by 32 hexadecimal digits; a browser's is shorter."""
    return len(session) == 32 and set(session) <= set("0123456789abcdef")
