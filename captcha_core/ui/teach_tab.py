"""The Teach tab: labelled pictures of a new captcha in, a model that reads it out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from captcha_core.corrections import MOST_CHARACTERS
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.ui.batch_reading import Run, mapped, read_set, stop_run
from captcha_core.ui.batch_view import notice_html, progress_html
from captcha_core.ui.context import WORKING, PageContext
from captcha_core.ui.files import Files, FilesInput, set_input
from captcha_core.ui.picture import MAX_PICTURE
from captcha_core.ui.shelf import Shelf
from captcha_core.ui.teach_job import Classroom, Stage
from captcha_core.ui.teach_labels import Lessons, accept, go_back, go_to, leave_out, shown, take_given
from captcha_core.ui.teach_set import MOST_BYTES, MOST_PICTURES, Kept
from captcha_core.ui.teach_view import compared_html, job_html
from captcha_core.uploads import gather

ABOUT = (
    "Teaches the model above a captcha of yours, from 25 to 500 pictures with their texts, in minutes. That model "
    "stays as it is; you take a new one home."
)
LIMITS = (
    f"Up to {MOST_PICTURES:,} pictures of {MAX_PICTURE >> 20} MB each, {MOST_BYTES >> 20} MB in all; a zip or Parquet "
    "file up to %d MB. Texts are taken from the names of the files (aB3xQ.png), a labels.csv in a zip "
    "or a column label; what has none you label below."
)
# The name of each file and what its button says, in the order in which they stand.
DOWNLOADS = {
    "adapted.safetensors": "Checkpoint",
    "adapted.onnx": "ONNX",
    "predictions.csv": "Predictions, CSV",
    "predictions.parquet": "Predictions, Parquet",
    "pictures.parquet": "The labelled pictures, Parquet",
}
_MOST_LESSONS = 6
_SECONDS_BETWEEN = 2.0
_QUICK: dict[str, Any] = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}


@dataclass(frozen=True)
class _Labels:
    """What labels are typed with."""

    box: gr.Accordion
    picture: gr.HTML
    place: gr.Number
    text: gr.Textbox
    back: gr.Button
    leave: gr.Button
    goto: gr.Dropdown
    said: gr.HTML


@dataclass(frozen=True)
class _Parts:
    """The elements of the tab that its events write to."""

    files: FilesInput
    stop: gr.Button
    status: gr.HTML
    lesson: gr.Column
    summary: gr.HTML
    use_names: gr.Checkbox
    labels: _Labels
    start: gr.Button
    cancel: gr.Button
    go_on: gr.Button
    panel: gr.HTML
    results: gr.Column
    card: gr.Markdown
    compared: gr.HTML
    downloads: dict[str, gr.DownloadButton]
    reading: gr.State
    # These are kept by the browser, so that a page that is opened anew goes on where it was.
    lesson_key: gr.BrowserState
    job_key: gr.BrowserState
    clock: gr.Timer


def build_teach_tab(context: PageContext) -> None:
    """Add the tab's elements to the enclosing ``gr.Blocks``."""
    parts = _build(LIMITS % context.settings.upload_mb)
    lessons: Lessons = Shelf(_MOST_LESSONS)
    _connect_set(context, lessons, parts)
    _connect_labels(context, lessons, parts)
    _connect_training(context, lessons, Classroom(), parts)


def _build(limits: str) -> _Parts:
    gr.HTML(f"<p>{ABOUT}</p>", elem_classes="cl-teach-intro")
    files, _, stop = set_input("Pictures, a zip or a Parquet file", limits, "cl-teach-files", {})
    status = gr.HTML(elem_classes="cl-status")
    with gr.Column(visible=False) as lesson:
        summary = gr.HTML(elem_classes="cl-teach-summary")
        use_names = gr.Checkbox(True, label="The file names are the texts", visible=False)
        labels = _build_labels()
    with gr.Row():
        start = gr.Button("Teach", variant="primary", visible=False)
        go_on = gr.Button("Continue the training that broke off", visible=False)
        cancel = gr.Button("Cancel", visible=False)
    panel = gr.HTML(elem_classes="cl-teach")
    with gr.Column(visible=False) as results:
        with gr.Row(elem_classes="cl-teach-files-out"):
            downloads = {name: gr.DownloadButton(label, size="sm") for name, label in DOWNLOADS.items()}
        card = gr.Markdown(elem_classes="cl-teach-model")
        compared = gr.HTML()
    keys = [gr.BrowserState("", storage_key=f"cl-teach-{what}", secret="captcha-lab") for what in ("set", "training")]
    return _Parts(
        files, stop, status, lesson, summary, use_names, labels, start, cancel, go_on, panel, results, card, compared,
        downloads,
        gr.State(None), keys[0], keys[1], gr.Timer(_SECONDS_BETWEEN, active=False),
    )  # fmt: skip


def _build_labels() -> _Labels:
    with gr.Accordion("Labels, one picture at a time", open=False) as box:
        with gr.Row(elem_classes="cl-teach-label"):
            picture = gr.HTML(elem_classes="cl-teach-picture")
            with gr.Column(min_width=240):
                text = gr.Textbox(
                    label="What does it say?",
                    info="Enter accepts the text and shows the next picture, the doubtful first.",
                    max_lines=1,
                    max_length=MOST_CHARACTERS,
                    submit_btn="Accept",
                    elem_classes="cl-teach-text",
                )
                with gr.Row():
                    back = gr.Button("Back", size="sm", min_width=80)
                    leave = gr.Button("Leave it out", size="sm", min_width=80)
        said = gr.HTML(elem_classes="cl-teach-said")
        goto = gr.Dropdown([], label="Go to a picture")
        place = gr.Number(0, precision=0, label="Place", visible="hidden")
    return _Labels(box, picture, place, text, back, leave, goto, said)


def _connect_set(context: PageContext, lessons: Lessons, parts: _Parts) -> None:
    """Read what is sent; show it whenever there is a new set, and when the page is opened anew."""
    runs: Shelf[Run] = Shelf()
    parts.files.upload(
        partial(bring, context, lessons, runs, parts),
        [parts.files, context.model],
        [parts.status, parts.stop, parts.reading, parts.lesson_key],
        api_visibility="private",
        show_progress="hidden",
        **WORKING,
    )
    parts.stop.click(partial(stop_run, runs), parts.reading, None, api_visibility="private", queue=False)
    labels = parts.labels
    outputs: list[Any] = [labels.picture, labels.text, labels.place, labels.said, parts.summary]
    outputs += [parts.lesson, parts.start, parts.use_names, labels.box, labels.goto]
    gr.on(None, partial(opened, lessons), parts.lesson_key, outputs, **_QUICK)


def _connect_labels(context: PageContext, lessons: Lessons, parts: _Parts) -> None:
    labels, key = parts.labels, parts.lesson_key
    outputs = [labels.picture, labels.text, labels.place, labels.said, parts.summary]
    labels.text.submit(
        partial(accept, lessons, context.catalogue), [key, labels.place, labels.text, context.model], outputs, **_QUICK
    )
    labels.leave.click(partial(leave_out, lessons), [key, labels.place], outputs, **_QUICK)
    labels.back.click(partial(go_back, lessons), [key, labels.place], outputs, **_QUICK)
    labels.goto.input(partial(go_to, lessons), [key, labels.goto], outputs, **_QUICK)
    parts.use_names.input(partial(take_given, lessons), [key, parts.use_names], outputs, **_QUICK)


def _connect_training(context: PageContext, lessons: Lessons, classroom: Classroom, parts: _Parts) -> None:
    begun = [parts.panel, parts.job_key, parts.clock, parts.start, parts.cancel, parts.go_on, parts.results]
    parts.start.click(
        partial(teach, context, lessons, classroom, parts), [parts.lesson_key, context.model], begun, **_QUICK
    )
    parts.go_on.click(partial(go_on, classroom, parts), parts.job_key, begun, **_QUICK)
    parts.cancel.click(partial(cancel, classroom), parts.job_key, parts.cancel, **_QUICK)
    # A page that is opened anew shows the training that was begun on it.
    gr.on(None, partial(rejoin, classroom), parts.job_key, parts.clock, **_QUICK)
    watched = [
        parts.clock,
        parts.panel,
        parts.lesson,
        parts.start,
        parts.cancel,
        parts.go_on,
        parts.results,
        parts.card,
    ]
    parts.clock.tick(partial(watch, classroom, parts), parts.job_key, [*watched, *parts.downloads.values()], **_QUICK)


def bring(
    context: PageContext, lessons: Lessons, runs: Shelf[Run], parts: _Parts, files: Files, model: str | None
) -> Iterator[dict[Any, Any]]:
    """Read a set with the model; yield how far that is, then the key of the set or why there is none."""
    if files is None:
        return
    run = Run()
    try:
        if isinstance(files, CaptchaLabError):
            raise files
        recognizer, kept = context.catalogue[model], Kept(gather(files, MOST_PICTURES))
        count = kept.found.count
        yield {parts.status: progress_html(0, count), parts.stop: gr.Button(visible=True), parts.reading: runs.put(run)}
        reading = read_set(recognizer, kept.found, run)
        result = yield from mapped(reading, lambda done: {parts.status: progress_html(done, count)})
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
        gr.Checkbox(visible=lesson.named, value=True),
        gr.Accordion(open=lesson.is_waiting),
        gr.Dropdown(choices=[card.name for card in lesson.cards], value=None),
    ]


def teach(
    context: PageContext, lessons: Lessons, classroom: Classroom, parts: _Parts, key: str | None, model: str | None
) -> dict[Any, Any]:
    """Begin a training, or say why not."""
    lesson = lessons.get(key)
    try:
        if lesson is None:
            raise DataError("These pictures are no longer kept; send them again.")
        job_key = classroom.begin(lesson, context.catalogue.path(model))
    except CaptchaLabError as error:
        return {parts.panel: notice_html(error)}
    return {parts.job_key: job_key} | _running(classroom, parts, job_key)


def go_on(classroom: Classroom, parts: _Parts, key: str | None) -> dict[Any, Any]:
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


def rejoin(classroom: Classroom, key: str | None) -> Any:
    """Look at a training again, if there is one."""
    return gr.Timer(active=classroom.job(key) is not None)


def watch(classroom: Classroom, parts: _Parts, key: str | None) -> dict[Any, Any]:
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
    ended[parts.compared] = compared_html(job.taught.compared)
    for name, button in parts.downloads.items():
        path = job.taught.files.get(name)
        ended[button] = gr.DownloadButton(value=None if path is None else str(path), visible=path is not None)
    return ended


def _running(classroom: Classroom, parts: _Parts, key: str | None) -> dict[Any, Any]:
    job = classroom.job(key)
    assert job is not None
    return {
        parts.panel: job_html(job),
        parts.clock: gr.Timer(active=True),
        parts.start: gr.Button(interactive=False),
        parts.cancel: gr.Button(visible=True, interactive=True),
        parts.go_on: gr.Button(visible=False),
        parts.results: gr.Column(visible=False),
    }
