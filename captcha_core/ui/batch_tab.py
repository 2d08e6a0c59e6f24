"""The Batch tab: many pictures, a zip or a Parquet file in; a table, figures and downloads out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from captcha_core.errors import CaptchaLabError
from captcha_core.ui.batch_again import GONE, files_of, offered
from captcha_core.ui.batch_layout import DOUBT, LIMITS, Parts, build_parts
from captcha_core.ui.batch_reading import (
    Run,
    batch_for_api,
    downloads,
    gathered,
    mapped,
    read_set,
)
from captcha_core.ui.batch_view import (
    ALL,
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
from captcha_core.ui.read_tab import EXAMPLES
from captcha_core.ui.shelf import Shelf
from captcha_core.ui.turns import Turns
from captcha_core.uploads import Upload


def build_batch_tab(context: PageContext) -> None:
    """Add the tab's elements to the enclosing ``gr.Blocks``, and the endpoint ``/batch``."""
    tries = {"cl-try-batch": "Try it with the examples"}
    files, (example,), stop = set_input(
        "Pictures, a zip or a Parquet file", LIMITS % context.settings.upload_mb, "cl-files", tries
    )
    parts = build_parts(stop)
    _connect(context, files, example, parts)
    context.links.add("batch_show", parts.show, one_of(list(FILTERS)))
    context.links.add("batch_order", parts.order, one_of(list(ORDERS)))
    context.links.add("batch_doubt", parts.threshold, within(*DOUBT))
    read = partial(batch_for_api, context)
    add_endpoint(read, [files, context.model], name="batch", tool="read_captchas", answer="readings", **WORKING)


def _connect(context: PageContext, files: FilesInput, example: gr.Button, parts: Parts) -> None:
    shelf: Shelf[Result] = Shelf()
    outputs = [parts.status, parts.results, parts.key, parts.stop, parts.show, parts.use_names, *parts.pager]
    outputs += [parts.measures, parts.csv, parts.parquet]
    asked = partial(run, context, shelf, parts), [context.model, parts.show, parts.order, parts.threshold], outputs
    turns = Turns(context, parts.status, parts.stop, [parts.results])
    turns.upload(files, *asked)
    turns.click(example, examples, *asked)
    turns.click(parts.again, partial(files_of, shelf), *asked, given=[parts.key])

    quick: dict[str, Any] = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}
    # Not the menu alone, which may change while a set is read.
    changes = [context.model.change, parts.key.change]
    gr.on(changes, partial(offered, shelf), [parts.key, context.model], [parts.other, parts.again], **quick)
    view = partial(shown, shelf)
    for element in (parts.show, parts.order):
        element.input(view, parts.view, parts.pager, **quick)
    parts.page.submit(view, [*parts.view, parts.page], parts.pager, **quick)
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
    parts: Parts,
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
    result = replace(result, files=this_run.files if isinstance(this_run.files, list) else [])
    yield _result(shelf, parts, result, show, order, doubtful_below) | ended
    # After the table, which a full disk takes from nobody.
    yield _downloads(parts, result)


def _result(
    shelf: Shelf[Result], parts: Parts, result: Result, show: str, order: str, doubtful_below: float
) -> dict[Any, Any]:
    """Return what is shown of a new set: as the last one was, but for a filter that leaves nothing of it."""
    key = shelf.put(result)
    if not counts(result, doubtful_below / 100).get(show):
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


def _downloads(parts: Parts, result: Result) -> dict[Any, Any]:
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
    """Return the table at a page, and what turns the pages; ``doubtful_below`` is in percent, as the slider has it."""
    result = _kept(shelf, key, use_names)
    if result is None:
        gone = notice_html(GONE)
        return [gone, 1, "", gr.Button(interactive=False), gr.Button(interactive=False)]
    view = View(show, order, doubtful_below / 100, int(page or 1))
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
    return [(f"{kind.capitalize()} {count:,}", kind) for kind, count in counts(result, doubtful_below / 100).items()]
