"""The turns of a tab's sets: what waits, what takes the place of another, what is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr
import pytest

from captcha_core.ui import turns
from captcha_core.ui.batch_reading import Run
from captcha_core.ui.blocks import build_page
from captcha_core.ui.turns import WAITING, Turns
from tests.ui.helpers import catalogue_of, context_of, in_loop

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer

FIRST: Any = ["the first set"]
SECOND: Any = ["the second set"]


class Tab:
    """The turns of a tab, and what reads its sets: two steps, the names of the files."""

    def __init__(self, reader: Recognizer) -> None:
        with gr.Blocks():
            self.status, self.stop, self.results = gr.HTML(), gr.Button(), gr.Column()
            self.turns = Turns(context_of(reader), self.status, self.stop, [self.results])

    def read(self, run: Run) -> Iterator[dict[Any, Any]]:
        yield {self.status: f"reading {run.files}"}
        yield {self.status: f"read {run.files}"}

    def seen(self, key: str | None) -> list[Any]:
        return [update[self.status] for update in self.turns.read(self.read, key)]


@pytest.fixture
def tab(reader: Recognizer) -> Tab:
    return in_loop(Tab, reader)


def test_a_set_says_that_it_waits_and_can_be_stopped_until_it_is_read(tab: Tab) -> None:
    key, said, stop, results = tab.turns.wait(None, FIRST)
    assert said == WAITING and stop.visible and not results.visible
    assert tab.seen(key) == [f"reading {FIRST}", f"read {FIRST}"]


def test_a_set_that_waits_and_is_stopped_is_never_read(tab: Tab) -> None:
    key, *_ = tab.turns.wait(None, FIRST)
    said, stop = tab.turns.end(key)
    assert "Stopped; nothing was read." in said and not stop.visible
    assert tab.seen(key) == [said], "an event that yields nothing would empty the page"


def test_a_set_that_is_read_is_told_to_stop_and_says_so_itself(tab: Tab) -> None:
    runs: list[Run] = []

    def read(run: Run) -> Iterator[dict[Any, Any]]:
        runs.append(run)
        yield {tab.status: "reading"}
        assert run.stopped.is_set()
        yield {tab.status: "stopped"}

    key, *_ = tab.turns.wait(None, FIRST)
    steps = tab.turns.read(read, key)
    next(steps)
    assert all(is_left(update) for update in tab.turns.end(key))
    assert next(steps) == {tab.status: "stopped"}


def is_left(update: Any) -> bool:
    return isinstance(update, dict) and update == gr.skip()


def test_a_new_set_ends_the_one_that_is_read_which_shows_nothing_more(tab: Tab) -> None:
    key, *_ = tab.turns.wait(None, FIRST)
    steps = tab.turns.read(tab.read, key)
    next(steps)
    later, *_ = tab.turns.wait(key, SECOND)
    first = tab.turns._runs.get(key)
    assert first is not None and first.stopped.is_set(), "not only when it next tells how far it is"
    assert list(steps) == [{tab.status: WAITING}]
    assert tab.seen(later)[-1] == f"read {SECOND}"


def test_a_new_set_takes_the_turn_of_the_one_that_still_waits(tab: Tab) -> None:
    key, *_ = tab.turns.wait(None, FIRST)
    later, *_ = tab.turns.wait(key, SECOND)
    # The queue holds two events by now, and both find the later key.
    assert tab.seen(later) == [f"reading {SECOND}", f"read {SECOND}"]
    [left] = tab.seen(later)
    assert is_left(left), "what it found stays on the page"


def test_a_set_that_was_not_kept_says_so(tab: Tab) -> None:
    for key in (None, "no such"):
        assert "This set was not read; send it again." in tab.seen(key)[0]
    said, stop = tab.turns.lost()
    assert 'role="alert"' in said and not stop.visible
    assert all(is_left(update) for update in tab.turns.end(None))


def test_files_are_not_kept_when_they_were_read(tab: Tab) -> None:
    key, *_ = tab.turns.wait(None, FIRST)
    tab.seen(key)
    first = tab.turns._runs.get(key)
    waiting, *_ = tab.turns.wait(key, FIRST)
    tab.turns.wait(waiting, SECOND)
    second = tab.turns._runs.get(waiting)
    assert first is not None and second is not None and (first.files, second.files) == (None, None)


def test_every_tab_that_reads_sets_lets_a_later_one_come(reader: Recognizer) -> None:
    page = in_loop(build_page, catalogue_of(reader))
    reading = [event for event in page.fns.values() if getattr(event.fn, "func", None).__class__.__name__ == "method"]
    reading = [event for event in reading if event.fn.func.__func__ is turns.Turns.read]
    assert len(reading) >= 6, "Batch and its examples, Compare and its two, Teach"
    assert {(event.trigger_mode, event.concurrency_id) for event in reading} == {("always_last", "working")}
