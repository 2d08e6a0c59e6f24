"""The Batch tab: many pictures, a zip or a Parquet file in; a table, figures and downloads out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from captcha_core.errors import CaptchaLabError
from captcha_core.ui.batch_reading import (
    MOST_PICTURES,
    Run,
    batch_for_api,
    downloads,
    gathered,
    mapped,
    read_set,
)
from captcha_core.ui.batch_view import (
    ALL,
    AS_SENT,
    FILTERS,
    ORDERS,
    Result,
    View,
    choose,
    counts,
    measures_html,
    pictures_read_html,
    summary_html,
    table_html,
)
from captcha_core.ui.context import WORKING, PageContext
from captcha_core.ui.endpoints import add_endpoint
from captcha_core.ui.files import FilesInput, set_input
from captcha_core.ui.html_parts import notice_html
from captcha_core.ui.links import one_of, within
from captcha_core.ui.picture import MAX_PICTURE
from captcha_core.ui.read_tab import EXAMPLES
from captcha_core.ui.shelf import Shelf
from captcha_core.ui.turns import Turns
from captcha_core.uploads import Upload

LIMITS = (
    f"Up to {MOST_PICTURES:,} pictures of {MAX_PICTURE >> 20} MB each; a zip or Parquet file up to "
    "%d MB. Files named by their text (aB3xQ.png, aB3xQ_17.png), a labels.csv in a zip or a column "
    "label are compared with what is read."
)


@dataclass(frozen=True)
class _Parts:
    """The elements of the tab that its events write to."""

    status: gr.HTML
    results: gr.Column
    key: gr.State
    stop: gr.Button
    show: gr.Radio
    order: gr.Dropdown
    threshold: gr.Slider
    use_names: gr.Checkbox
    table: gr.HTML
    back: gr.Button
    page: gr.Number
    pages: gr.HTML
    forth: gr.Button
    measures: gr.HTML
    csv: gr.DownloadButton
    parquet: gr.DownloadButton

    @property
    def view(self) -> list[Any]:
        """What says which rows are shown, in the order in which :func:`shown` takes it."""
        return [self.key, self.show, self.order, self.threshold, self.use_names]

    @property
    def pager(self) -> list[Any]:
        """The table and what turns its pages, in the order in which :func:`shown` returns them."""
        return [self.table, self.page, self.pages, self.back, self.forth]


def build_batch_tab(context: PageContext) -> None:
    """Add the tab's elements to the enclosing ``gr.Blocks``, and the endpoint ``/batch``."""
    tries = {"cl-try-batch": "Try it with the examples"}
    files, (example,), stop = set_input(
        "Pictures, a zip or a Parquet file", LIMITS % context.settings.upload_mb, "cl-files", tries
    )
    parts = _build_results(stop)
    _connect(context, files, example, parts)
    context.links.add("batch_show", parts.show, one_of(list(FILTERS)))
    context.links.add("batch_order", parts.order, one_of(list(ORDERS)))
    context.links.add("batch_doubt", parts.threshold, within(0.5, 0.99, float))
    read = partial(batch_for_api, context)
    add_endpoint(read, [files, context.model], name="batch", tool="read_captchas", answer="readings", **WORKING)


def _build_results(stop: gr.Button) -> _Parts:
    status = gr.HTML(elem_classes="cl-status", min_height=40)
    with gr.Column(visible=False) as results:
        with gr.Row():
            csv = gr.DownloadButton("Download CSV", size="sm")
            parquet = gr.DownloadButton("Download Parquet", size="sm")
        measures = gr.HTML(elem_classes="cl-measures")
        with gr.Row(elem_classes="cl-filters"):
            show = gr.Radio([(kind.capitalize(), kind) for kind in FILTERS], value=ALL, label="Show", min_width=300)
            order = gr.Dropdown(list(ORDERS), value=AS_SENT, label="Order", filterable=False)
            threshold = gr.Slider(0.5, 0.99, 0.8, step=0.01, label="Doubtful below")
        use_names = gr.Checkbox(True, label="The file names are the texts; compare with them", visible=False)
        table = gr.HTML(elem_classes="cl-readings")
        with gr.Row(elem_classes="cl-pager"):
            back = gr.Button("Previous", size="sm")
            # No minimum, which would be an error of Gradio's in place of the first page.
            page = gr.Number(1, label="Page", precision=0, container=False)
            pages = gr.HTML()
            forth = gr.Button("Next", size="sm")
    return _Parts(
        status,
        results,
        gr.State(""),
        stop,
        show,
        order,
        threshold,
        use_names,
        table,
        back,
        page,
        pages,
        forth,
        measures,
        csv,
        parquet,
    )


def _connect(context: PageContext, files: FilesInput, example: gr.Button, parts: _Parts) -> None:
    shelf: Shelf[Result] = Shelf()
    outputs = [parts.status, parts.results, parts.key, parts.stop, parts.show, parts.use_names, *parts.pager]
    outputs += [parts.measures, parts.csv, parts.parquet]
    asked = partial(run, context, shelf, parts), [context.model, parts.show, parts.order, parts.threshold], outputs
    turns = Turns(context, parts.status, parts.stop, [parts.results])
    turns.upload(files, *asked)
    turns.try_with(example, examples, *asked)

    quick: dict[str, Any] = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}
    again = partial(shown, shelf)
    for element in (parts.show, parts.order):
        element.input(again, parts.view, parts.pager, **quick)
    parts.page.submit(again, [*parts.view, parts.page], parts.pager, **quick)
    for button, step in ((parts.back, -1), (parts.forth, 1)):
        button.click(partial(turned, shelf, step), [*parts.view, parts.page], parts.pager, **quick)
    # Not release, which the keys of the slider never fire.
    for changed in (parts.threshold.change, parts.use_names.input):
        changed(
            partial(counted, shelf), parts.view, [parts.show, parts.measures, *parts.pager],
            trigger_mode="always_last", **quick,
        )  # fmt: skip


def examples() -> list[Upload]:
    """Return the page's own example pictures, which are named by their text."""
    return [Upload(path, path.name) for path in sorted(EXAMPLES.glob("*.png"))]


def run(
    context: PageContext,
    shelf: Shelf[Result],
    parts: _Parts,
    this_run: Run,
    model: str | None,
    show: str,
    order: str,
    doubtful_below: float,
) -> Iterator[dict[Any, Any]]:
    """Read a set; yield what changes on the page, some times a second, then the result or why there is none."""
    ended = {parts.stop: gr.Button(visible=False)}
    try:
        recognizer = context.catalogue[model]
        found = gathered(this_run.files)
        yield {parts.status: pictures_read_html(0, found.count)}
        reading = read_set(recognizer, found, this_run)
        result = yield from mapped(reading, lambda done: {parts.status: pictures_read_html(done, found.count)})
    except CaptchaLabError as error:
        yield {parts.status: notice_html(error)} | ended
        return
    yield _result(shelf, parts, result, show, order, doubtful_below) | ended
    # After the table, which a full disk takes from nobody.
    yield _downloads(parts, result)


def _result(
    shelf: Shelf[Result], parts: _Parts, result: Result, show: str, order: str, doubtful_below: float
) -> dict[Any, Any]:
    """Return what is shown of a new set: as the last one was, but for a filter that leaves nothing of it."""
    key = shelf.put(result)
    if not counts(result, doubtful_below).get(show):
        show = ALL
    table = shown(shelf, key, show, order, doubtful_below, True)
    return {
        parts.status: summary_html(result),
        parts.results: gr.Column(visible=True),
        parts.key: key,
        parts.show: gr.Radio(choices=_filters(result, doubtful_below), value=show),
        parts.use_names: gr.Checkbox(visible=result.named, value=True),
        parts.measures: measures_html(result),
        parts.csv: gr.DownloadButton(interactive=False),
        parts.parquet: gr.DownloadButton(interactive=False),
        **dict(zip(parts.pager, table, strict=True)),
    }


def _downloads(parts: _Parts, result: Result) -> dict[Any, Any]:
    """Return the buttons with the tables, or a note beside what was read where they cannot be written."""
    try:
        csv, parquet = downloads(result, Path(parts.csv.GRADIO_CACHE))
    except CaptchaLabError as error:
        return {parts.status: summary_html(replace(result, notes=[*result.notes, str(error)]))}
    return {
        parts.csv: gr.DownloadButton(value=str(csv), interactive=True),
        parts.parquet: gr.DownloadButton(value=str(parquet), interactive=True),
    }


def shown(
    shelf: Shelf[Result],
    key: str,
    show: str,
    order: str,
    doubtful_below: float,
    use_names: bool,
    page: float | None = 1,
) -> list[Any]:
    """Return the table at a page, and what turns the pages."""
    result = _kept(shelf, key, use_names)
    if result is None:
        gone = notice_html("These readings are no longer kept; read the files again.")
        return [gone, 1, "", gr.Button(interactive=False), gr.Button(interactive=False)]
    view = View(show, order, doubtful_below, int(page or 1))
    chosen = choose(result, view)
    count = f'<p class="cl-note">of {chosen.pages:,} pages</p>'
    back, forth = gr.Button(interactive=chosen.page > 1), gr.Button(interactive=chosen.page < chosen.pages)
    return [table_html(result, view), chosen.page, count, back, forth]


def turned(
    shelf: Shelf[Result],
    step: int,
    key: str,
    show: str,
    order: str,
    doubtful_below: float,
    use_names: bool,
    page: float | None,
) -> list[Any]:
    """Return the table so many pages on."""
    return shown(shelf, key, show, order, doubtful_below, use_names, (page or 1) + step)


def counted(shelf: Shelf[Result], key: str, show: str, order: str, doubtful_below: float, use_names: bool) -> list[Any]:
    """Return the filters with how many pictures each leaves, the figures, and the table from its first page."""
    if not key:
        # The address of the page moves the slider too, before there is a set.
        return [gr.skip()] * 7
    result = _kept(shelf, key, use_names)
    if result is None:
        return [gr.skip(), gr.skip(), *shown(shelf, key, show, order, doubtful_below, use_names)]
    filters = _filters(result, doubtful_below)
    show = show if show in [kind for _, kind in filters] else ALL
    table = shown(shelf, key, show, order, doubtful_below, use_names)
    return [gr.Radio(choices=filters, value=show), measures_html(result), *table]


def _kept(shelf: Shelf[Result], key: str, use_names: bool) -> Result | None:
    """Return a result, without the labels that are names where the visitor calls these no texts."""
    result = shelf.get(key)
    return result if result is None or use_names else result.without_names


def _filters(result: Result, doubtful_below: float) -> list[tuple[str, str]]:
    return [(f"{kind.capitalize()} {count:,}", kind) for kind, count in counts(result, doubtful_below).items()]
