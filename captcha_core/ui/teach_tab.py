"""The Teach tab: labelled pictures of a new captcha in, a model that reads it out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr

from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.ui.batch_reading import Run, gathered, mapped, read_set
from captcha_core.ui.batch_view import pictures_read_html
from captcha_core.ui.context import PageContext
from captcha_core.ui.html_parts import notice_html, said_html
from captcha_core.ui.shelf import Shelf
from captcha_core.ui.teach_job import Classroom, Stage
from captcha_core.ui.teach_labels import GONE, Lessons, accept, go_back, go_to, leave_out, shown, take_names
from captcha_core.ui.teach_layout import FORGET, FORGET_MODEL, LIMITS, Parts, build_parts
from captcha_core.ui.teach_set import MOST_PICTURES, Kept
from captcha_core.ui.teach_view import compared_html, job_html
from captcha_core.ui.turns import Turns

_MOST_LESSONS = 6
_FORGOTTEN = (
    "The pictures and their labels are forgotten. The files as they were sent are deleted within two hours, as all "
    "uploads are."
)
_QUICK: dict[str, Any] = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}


def build_teach_tab(context: PageContext) -> None:
    """Add the tab's elements to the enclosing ``gr.Blocks``."""
    parts = build_parts(LIMITS % context.settings.upload_mb)
    lessons: Lessons = Shelf(_MOST_LESSONS)
    _connect_set(context, lessons, parts)
    _connect_labels(context, lessons, parts)
    _connect_training(context, lessons, Classroom(), parts)


def _connect_set(context: PageContext, lessons: Lessons, parts: Parts) -> None:
    """Read what is sent; show it whenever there is a new set, and when the page is opened anew."""
    Turns(context, parts.status, parts.stop).upload(
        parts.files,
        partial(bring, context, lessons, parts),
        [context.model],
        [parts.status, parts.stop, parts.lesson_key],
    )
    labels = parts.labels
    outputs: list[Any] = [labels.picture, labels.text, labels.place, labels.said, parts.summary]
    outputs += [parts.lesson, parts.start, parts.use_names, labels.box, labels.goto]
    gr.on(None, partial(opened, lessons), parts.lesson_key, outputs, **_QUICK)


def _connect_labels(context: PageContext, lessons: Lessons, parts: Parts) -> None:
    labels, key = parts.labels, parts.lesson_key
    outputs = [labels.picture, labels.text, labels.place, labels.said, parts.summary]
    labels.text.submit(
        partial(accept, lessons, context.catalogue), [key, labels.place, labels.text, context.model], outputs, **_QUICK
    )
    labels.leave.click(partial(leave_out, lessons), [key, labels.place], outputs, **_QUICK)
    labels.back.click(partial(go_back, lessons), [key, labels.place], outputs, **_QUICK)
    labels.goto.input(partial(go_to, lessons), [key, labels.goto], outputs, **_QUICK)
    parts.use_names.input(partial(take_names, lessons), [key, parts.use_names], outputs, **_QUICK)


def _connect_training(context: PageContext, lessons: Lessons, classroom: Classroom, parts: Parts) -> None:
    begun = [parts.panel, parts.job_key, parts.clock, parts.start, parts.cancel, parts.go_on, parts.results]
    begun += [parts.forget]
    parts.start.click(
        partial(teach, context, lessons, classroom, parts), [parts.lesson_key, context.model], begun, **_QUICK
    )
    parts.go_on.click(partial(go_on, classroom, parts), parts.job_key, begun, **_QUICK)
    parts.forget.click(
        partial(forget, lessons, classroom, parts),
        [parts.lesson_key, parts.job_key],
        [*begun, parts.status, parts.files, parts.lesson_key],
        **_QUICK,
    )
    parts.cancel.click(partial(cancel, classroom), parts.job_key, parts.cancel, **_QUICK)
    # A page that is opened anew shows the training that was begun on it.
    gr.on(None, partial(rejoin, classroom), parts.job_key, parts.clock, **_QUICK)
    watched = [part for part in begun if part is not parts.job_key]
    watched += [parts.card, parts.compared, *parts.downloads.values()]
    parts.clock.tick(partial(watch, classroom, parts), parts.job_key, watched, **_QUICK)


def bring(
    context: PageContext, lessons: Lessons, parts: Parts, run: Run, model: str | None
) -> Iterator[dict[Any, Any]]:
    """Read a set with the model; yield how far that is, then the key of the set or why there is none."""
    try:
        recognizer, kept = context.catalogue[model], Kept(gathered(run.files, MOST_PICTURES))
        count = kept.found.count
        yield {parts.status: pictures_read_html(0, count)}
        reading = read_set(recognizer, kept.found, run)
        result = yield from mapped(reading, lambda done: {parts.status: pictures_read_html(done, count)})
        lesson = kept.lesson(result.readings, result.notes)
    except CaptchaLabError as error:
        yield {parts.status: notice_html(error), parts.stop: gr.Button(visible=False)}
        return
    yield {parts.status: "", parts.stop: gr.Button(visible=False), parts.lesson_key: lessons.put(lesson)}


def opened(lessons: Lessons, key: str | None) -> list[Any]:
    """Return a set as it stands: the picture to begin with, and what there is beside it; nothing where it is gone."""
    lesson = lessons.get(key)
    if lesson is None:
        return [gr.skip()] * 5 + [gr.Column(visible=False), gr.Button(visible=False)] + [gr.skip()] * 3
    return [
        *shown(lesson, lesson.first()),
        gr.Column(visible=True),
        gr.Button(visible=True),
        gr.Checkbox(visible=lesson.named, value=lesson.uses_names),
        gr.Accordion(open=lesson.is_waiting),
        gr.Dropdown(choices=[card.name for card in lesson.cards], value=None),
    ]


def teach(
    context: PageContext, lessons: Lessons, classroom: Classroom, parts: Parts, key: str | None, model: str | None
) -> dict[Any, Any]:
    """Begin a training, or say why not."""
    lesson = lessons.get(key)
    try:
        if lesson is None:
            raise DataError(GONE)
        job_key = classroom.begin(lesson, context.catalogue.path(model))
    except CaptchaLabError as error:
        return {parts.panel: notice_html(error)}
    return {parts.job_key: job_key} | _running(classroom, parts, job_key)


def go_on(classroom: Classroom, parts: Parts, key: str | None) -> dict[Any, Any]:
    """Continue a training that broke off, or say why not."""
    try:
        classroom.go_on(key)
    except CaptchaLabError as error:
        return {parts.panel: notice_html(error)}
    return _running(classroom, parts, key)


def cancel(classroom: Classroom, key: str | None) -> Any:
    """End a training; the next look at it says so."""
    job = classroom.job(key)
    if job is not None:
        job.cancel()
    return gr.Button(interactive=False)


def forget(
    lessons: Lessons, classroom: Classroom, parts: Parts, key: str | None, job_key: str | None
) -> dict[Any, Any]:
    """Drop a set with its labels, and a training that has ended, unless the set is being learned from."""
    if classroom.learns_from(lessons.get(key)):
        return {parts.status: notice_html("These pictures are being learned from; cancel the training first.")}
    lessons.drop(key)
    cleared: dict[Any, Any] = {
        parts.status: said_html(_FORGOTTEN),
        parts.files: None,
        parts.lesson_key: "",
        parts.forget: gr.Button(FORGET),
    }
    # Another training of the visitor's goes on.
    if not classroom.forget(job_key):
        return cleared
    cleared |= {parts.panel: "", parts.job_key: "", parts.clock: gr.Timer(active=False)}
    cleared |= {button: gr.Button(visible=False) for button in (parts.cancel, parts.go_on)}
    return cleared | {parts.results: gr.Column(visible=False)}


def rejoin(classroom: Classroom, key: str | None) -> Any:
    """Look at a training again, if there is one."""
    return gr.Timer(active=classroom.job(key) is not None)


def watch(classroom: Classroom, parts: Parts, key: str | None) -> dict[Any, Any]:
    """Return what has changed of a training."""
    job = classroom.job(key)
    if job is None:
        return {parts.clock: gr.Timer(active=False)}
    if job.running:
        return _running(classroom, parts, key)
    ended: dict[Any, Any] = {
        parts.clock: gr.Timer(active=False),
        parts.panel: job_html(job),
        parts.start: gr.Button(interactive=True),
        parts.cancel: gr.Button(visible=False),
        parts.go_on: gr.Button(visible=job.can_go_on),
    }
    if job.stage is not Stage.DONE or job.taught is None:
        return ended
    ended |= {parts.results: gr.Column(visible=True), parts.card: job.taught.card}
    ended[parts.forget] = gr.Button(FORGET_MODEL)
    ended[parts.compared] = compared_html(job.taught.compared)
    for name, button in parts.downloads.items():
        path = job.taught.files.get(name)
        ended[button] = gr.DownloadButton(value=None if path is None else str(path), visible=path is not None)
    return ended


def _running(classroom: Classroom, parts: Parts, key: str | None) -> dict[Any, Any]:
    job = classroom.job(key)
    assert job is not None
    return {
        parts.panel: job_html(job),
        parts.clock: gr.Timer(active=True),
        parts.start: gr.Button(interactive=False),
        parts.cancel: gr.Button(visible=True, interactive=True),
        parts.go_on: gr.Button(visible=False),
        parts.results: gr.Column(visible=False),
        parts.forget: gr.Button(FORGET),
    }
