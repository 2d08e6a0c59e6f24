"""The Compare tab: one picture or one set through every model, side by side."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from functools import partial
from typing import Any

import gradio as gr

from captcha_core.compare import Attempt
from captcha_core.errors import CaptchaLabError
from captcha_core.ui.batch_reading import MOST_SECONDS, Run, gathered, mapped, read_set
from captcha_core.ui.batch_tab import examples
from captcha_core.ui.batch_view import pictures_read_html
from captcha_core.ui.compare_view import picture_html, set_html
from captcha_core.ui.context import PageContext
from captcha_core.ui.files import set_input
from captcha_core.ui.html_parts import notice_html
from captcha_core.ui.turns import Turns
from captcha_core.uploads import PictureSet

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
    answer = gr.HTML(elem_classes="cl-comparison", min_height=40)
    turns = Turns(context, answer, stop)
    asked: tuple[Any, Any, Any] = partial(compare, context, answer, stop), [], [answer, stop]
    turns.upload(files, *asked)
    turns.click(one, lambda: examples()[:1], *asked)
    turns.click(several, examples, *asked)


def compare(context: PageContext, answer: gr.HTML, stop: gr.Button, run: Run) -> Iterator[dict[Any, Any]]:
    """Read with every model; yield what changes on the page: how far that is, then what came of it."""
    ended = {stop: gr.Button(visible=False)}
    try:
        # Where there is no model, this says how to make one.
        context.catalogue.path(None)
        found = gathered(run.files, MOST_PICTURES)
        attempts, notes = yield from _attempts(context, answer, run, found)
    except CaptchaLabError as error:
        yield {answer: notice_html(error)} | ended
        return
    view = picture_html if len(attempts[0].readings) == 1 else set_html
    yield {answer: view(attempts, notes)} | ended


def _attempts(
    context: PageContext, answer: gr.HTML, run: Run, found: PictureSet
) -> Generator[dict[Any, Any], None, tuple[list[Attempt], list[str]]]:
    """Read a set with every model, and yield how far that is.

    Returns:
        What each read, and what the sender should know, in sentences.

    Raises:
        CaptchaLabError: If no model can read; this is the reason of the first.
    """
    names = context.catalogue.names[:MOST_MODELS]
    notes = _too_many(len(context.catalogue.names), len(names))
    attempts: list[Attempt] = []
    unusable: list[CaptchaLabError] = []
    until = time.monotonic() + MOST_SECONDS
    for place, name in enumerate(names):
        told = partial(_told, answer, place * found.count, found.count * len(names))
        yield told(0)
        try:
            result = yield from mapped(read_set(context.catalogue[name], found, run, until - time.monotonic()), told)
        except CaptchaLabError as error:
            unusable.append(error)
            notes.append(f"{name} is left out. {error}")
            continue
        done = not attempts or len(result.readings) == len(attempts[0].readings)
        if done:
            notes = [*([] if attempts else result.notes), *notes]
            attempts.append(Attempt(name, result.readings))
        if run.ended:
            notes += _left_out(names[place + done :])
            break
    if not attempts:
        raise unusable[0]
    return attempts, notes


def _too_many(count: int, read: int) -> list[str]:
    if count == read:
        return []
    first = "only the first is" if read == 1 else f"the first {read} are"
    return [f"There are {count} models; {first} compared."]


def _left_out(names: list[str]) -> list[str]:
    """Say which models are left out of a comparison that was stopped."""
    if not names:
        return []
    others = "1 model is" if len(names) == 1 else f"{len(names)} models are"
    return [f"Reading stopped before {names[0]} was done, so {others} left out."]


def _told(answer: gr.HTML, before: int, total: int, done: int) -> dict[Any, Any]:
    return {answer: pictures_read_html(before + done, total)}
