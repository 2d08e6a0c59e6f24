"""The Compare tab: one picture or one set through every model, side by side."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr

from captcha_core.compare import Attempt
from captcha_core.errors import CaptchaLabError
from captcha_core.ui.batch_reading import MOST_SECONDS, Run, gathered, mapped, read_set, stop_run
from captcha_core.ui.batch_tab import examples
from captcha_core.ui.batch_view import notice_html, progress_html
from captcha_core.ui.compare_view import picture_html, set_html
from captcha_core.ui.context import WORKING, PageContext
from captcha_core.ui.files import Files, set_input
from captcha_core.ui.shelf import Shelf

MOST_PICTURES = 300
MOST_MODELS = 12

LIMITS = (
    "Every model of the menu above reads it. One picture shows what each makes of it; a zip, a Parquet file or several "
    f"pictures (the first {MOST_PICTURES}) show which model is right how often, where the texts are known."
)


def build_compare_tab(context: PageContext) -> None:
    """Add the tab's elements to the enclosing ``gr.Blocks``."""
    tries = {"cl-try-one": "Try one example", "cl-try-compare": "Try all examples"}
    files, (one, several), stop = set_input("One picture, or a labelled set", LIMITS, "cl-compare-files", tries)
    running = gr.State(None)
    answer = gr.HTML(elem_classes="cl-comparison", min_height=40)

    runs: Shelf[Run] = Shelf()
    begin = partial(compare, context, runs)
    asked: dict[str, Any] = {
        "outputs": [answer, running, stop],
        "api_visibility": "private",
        "show_progress": "hidden",
        **WORKING,
    }
    files.upload(begin, files, **asked)
    one.click(partial(_compare_examples, begin, 1), None, **asked)
    several.click(partial(_compare_examples, begin, None), None, **asked)
    stop.click(partial(stop_run, runs), running, None, api_visibility="private", queue=False)


def _compare_examples(begin: Any, count: int | None) -> Iterator[tuple[Any, Any, Any]]:
    yield from begin(examples()[:count])


def compare(context: PageContext, runs: Shelf[Run], files: Files) -> Iterator[tuple[Any, Any, Any]]:
    """Read with every model; yield the answer's HTML, which run it is, and the button that stops it."""
    if files is None:
        return
    this_run = Run()
    hidden = gr.Button(visible=False)
    try:
        # Where there is no model, this says how to make one.
        context.catalogue[None]
        found = gathered(files, MOST_PICTURES)
        names = context.catalogue.names[:MOST_MODELS]
        yield progress_html(0, found.count * len(names)), runs.put(this_run), gr.Button(visible=True)
        notes = list(found.notes)
        if len(context.catalogue.names) > len(names):
            notes.append(f"There are {len(context.catalogue.names)} models; the first {len(names)} are compared.")
        attempts: list[Attempt] = []
        until = time.monotonic() + MOST_SECONDS
        for name in names:
            before = len(attempts) * found.count
            reading = read_set(context.catalogue[name], found, this_run, until - time.monotonic())
            result = yield from mapped(reading, partial(_told, before, found.count * len(names)))
            if attempts and len(result.readings) < len(attempts[0].readings):
                notes.append(f"Reading stopped before {name} was done, so {len(names) - len(attempts)} are left out.")
                break
            attempts.append(Attempt(name, result.readings))
    except CaptchaLabError as error:
        yield notice_html(error), "", hidden
        return
    view = picture_html if len(attempts[0].readings) == 1 else set_html
    yield view(attempts, notes), "", hidden


def _told(before: int, total: int, done: int) -> tuple[Any, Any, Any]:
    return progress_html(before + done, total), gr.skip(), gr.skip()
