"""What Gradio leaves behind, cleared away."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from captcha_core.ui.housekeeping import KEPT_S, Callers

CALL, OTHER, BROWSER = "0" * 32, "f" * 32, "k2j9x8a7b3c"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def app_with(sessions: list[str], running: list[str], events: dict[str, set[str]], messages: dict[str, int]) -> Any:
    """Return what stands for a server: sessions, running events, the events of sessions, numbers of their messages."""
    boxes: dict[str, asyncio.Queue[int]] = {}
    for name, count in messages.items():
        boxes[name] = asyncio.Queue()
        for number in range(count):
            boxes[name].put_nowait(number)
    queue = SimpleNamespace(
        event_ids_to_events=dict.fromkeys(running), pending_event_ids_session=events, pending_messages_per_session=boxes
    )
    holder = SimpleNamespace(
        session_data=dict.fromkeys(sessions), time_last_used=dict.fromkeys(sessions), lock=threading.Lock()
    )
    return SimpleNamespace(get_blocks=lambda: SimpleNamespace(_queue=queue), state_holder=holder, queue=queue)


def test_a_calls_session_goes_when_it_is_done_and_a_browsers_stays() -> None:
    app = app_with([CALL, OTHER, BROWSER], [OTHER], {}, {})
    Callers(app).forget()
    assert list(app.state_holder.session_data) == list(app.state_holder.time_last_used) == [OTHER, BROWSER]


def test_what_is_still_to_be_told_stays_for_a_while() -> None:
    clock = Clock()
    app = app_with([], [OTHER], {CALL: {CALL}, OTHER: {OTHER}, BROWSER: set()}, {CALL: 1, OTHER: 1, BROWSER: 0})
    callers = Callers(app, clock)
    callers.forget()
    assert set(app.queue.pending_event_ids_session) == {CALL, OTHER}
    clock.now = KEPT_S - 1
    callers.forget()
    assert CALL in app.queue.pending_messages_per_session
    clock.now = KEPT_S + 1
    callers.forget()
    assert set(app.queue.pending_event_ids_session) == {OTHER}
    assert set(app.queue.pending_messages_per_session) == {OTHER, BROWSER}


@pytest.mark.parametrize("sessions", [[CALL], []])
def test_whoever_has_heard_all_is_forgotten(sessions: list[str]) -> None:
    app = app_with(sessions, [], {CALL: set()}, {CALL: 0})
    Callers(app).forget()
    assert app.queue.pending_event_ids_session == {}
    assert not app.state_holder.session_data
