"""The sets of a tab get their turns, one at a time: a set waits where its sender sees it, and ends the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import gradio as gr

from captcha_core.ui.batch_reading import Run
from captcha_core.ui.context import WORKING, PageContext
from captcha_core.ui.files import Files, FilesInput
from captcha_core.ui.html_parts import notice_html, said_html
from captcha_core.ui.shelf import MOST_KEPT, Shelf

WAITING = said_html("Waiting for its turn: one set is read at a time.")
_NOTHING = said_html("Stopped; nothing was read.")
_LOST = notice_html("This set was not read; send it again.")
_QUICK: dict[str, Any] = {"api_visibility": "private", "queue": False, "show_progress": "hidden"}

ReadRun = Callable[..., Iterator[dict[Any, Any]]]
"""Reads a run, and yields what changes on the page; the last of it hides the button that stops it."""


class Turns:
    """The turns of one tab's sets."""

    def __init__(
        self, context: PageContext, status: gr.HTML, stop: gr.Button, results: Sequence[gr.Column] = ()
    ) -> None:
        """Prepare the turns; call this inside the tab.

        Args:
            context: The page.
            status: Says that a set waits.
            stop: The button that stops a set, waiting or not.
            results: What is hidden as soon as there is a new set.
        """
        # As many as may wait, since one that gives way is not read.
        self._runs: Shelf[Run] = Shelf(context.settings.waiting + MOST_KEPT)
        self._status, self._stop, self._results = status, stop, results
        self._key = gr.State(None)
        stop.click(self.end, self._key, [status, stop], **_QUICK)

    def upload(self, files: FilesInput, read: ReadRun, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Read what is uploaded: ``read`` gets the run and the values of ``inputs``."""
        self._connect(files.upload, self.wait, [self._key, files], (read, inputs, outputs))

    def click(
        self,
        button: gr.Button,
        files: Callable[..., Files],
        read: ReadRun,
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        given: Sequence[Any] = (),
    ) -> None:
        """Read files that lie here on a click, as :meth:`upload` reads; ``files`` gets the values of ``given``."""

        def wait(key: str | None, *values: Any) -> list[Any]:
            return self.wait(key, files(*values))

        self._connect(button.click, wait, [self._key, *given], (read, inputs, outputs))

    def _connect(self, event: Any, wait: Any, given: list[Any], reading: tuple[ReadRun, Sequence[Any], Any]) -> None:
        read, inputs, outputs = reading
        # Not "once", which would pass over a set that is sent while another is read.
        waits = event(
            wait, given, [self._key, self._status, self._stop, *self._results], trigger_mode="always_last", **_QUICK
        )
        reads = waits.success(
            partial(self.read, read),
            [self._key, *inputs],
            list(outputs),
            trigger_mode="always_last",
            api_visibility="private",
            show_progress="hidden",
            **WORKING,
        )
        reads.failure(self.lost, None, [self._status, self._stop], **_QUICK)

    def wait(self, key: str | None, files: Files) -> list[Any]:
        """Take a set, and end the one before; return its key, and what is shown until its turn."""
        before = self._runs.get(key)
        if before is not None:
            before.replaced = True
            before.stopped.set()
            if before.take():
                before.files = None
        hidden = [gr.Column(visible=False) for _ in self._results]
        return [self._runs.put(Run(files)), WAITING, gr.Button(visible=True), *hidden]

    def read(self, read: ReadRun, key: str | None, *inputs: Any) -> Iterator[dict[Any, Any]]:
        """Read the set of a key. It may have come while another waited whose turn this was; then its own is void.

        Something is always yielded: Gradio 6.31 empties what an event has named if that yields nothing.
        """
        run = self._runs.get(key)
        if run is None:
            yield {self._status: _LOST, self._stop: gr.Button(visible=False)}
        elif not run.take():
            yield {self._status: gr.skip() if run.begun else _NOTHING}
        else:
            run.begun = True
            try:
                for update in read(run, *inputs):
                    if run.replaced:
                        # What is yielded last comes once more when the event ends, after the other has begun to wait.
                        yield {self._status: WAITING}
                        return
                    yield update
            finally:
                # What is kept of a set is its readings.
                run.files = None

    def end(self, key: str | None) -> list[Any]:
        """Stop a set: one that waits is let be, one that is read ends with what it has and says so."""
        run = self._runs.get(key)
        if run is None:
            return [gr.skip(), gr.skip()]
        run.stopped.set()
        return [_NOTHING, gr.Button(visible=False)] if run.take() else [gr.skip(), gr.skip()]

    def lost(self) -> list[Any]:
        """Return what is shown where a set got no turn, or the page failed."""
        return [_LOST, gr.Button(visible=False)]
