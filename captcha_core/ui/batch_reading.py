"""Reading a set for a visitor: bounded in pictures and seconds, and able to be stopped. Behind Batch and ``/batch``."""

from __future__ import annotations

import html
import logging
import secrets
import threading
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, TypeVar, cast

import gradio as gr

from captcha_core.archive import ArchiveLimits
from captcha_core.batch import Reading, evaluate_readings, read_items
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.rows import COLUMNS, row_of
from captcha_core.tables import open_table
from captcha_core.ui.batch_view import Result
from captcha_core.ui.callers import has_left
from captcha_core.ui.closing import CLOSING
from captcha_core.ui.context import PageContext
from captcha_core.ui.files import Files
from captcha_core.ui.model_guard import guarded_model
from captcha_core.ui.shelf import Shelf
from captcha_core.uploads import PictureSet, gather

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer

MOST_PICTURES = 2000
MOST_SECONDS = 600.0
_SECONDS_BETWEEN = 0.4

Update = TypeVar("Update")

logger = logging.getLogger(__name__)


class BatchRow(TypedDict):
    """A picture in the answer of ``/batch``: the columns of ``predict.py``, and the label where it is known."""

    file: str
    prediction: str | None
    confidence: float | None
    char_confidences: list[float] | None
    error: str | None
    label: str | None


class BatchAnswer(TypedDict):
    """The answer of ``/batch``; the three figures are None where no label is known."""

    model_id: str
    rows: list[BatchRow]
    notes: list[str]
    exact_match: float | None
    exact_match_folded: float | None
    cer: float | None


class Run:
    """A set on its way to being read, and how that is told to stop.

    Attributes:
        files: What was sent.
        stopped: Set when it shall end with what it has.
        begun: Whether it is read, or was.
        replaced: Whether its sender has sent another set since.
        ended: Why it ended early, in words; empty where it did not.
    """

    def __init__(self, files: Files = None) -> None:
        """Begin with a run that goes on."""
        self.files = files
        self.stopped = threading.Event()
        self.begun = self.replaced = False
        self.ended = ""
        self._taken = threading.Lock()

    def take(self) -> bool:
        """Take the one turn that there is: to read it, or to let it be; return whether it was still there."""
        return self._taken.acquire(blocking=False)


def gathered(files: Files, most: int = MOST_PICTURES, limits: ArchiveLimits | None = None) -> PictureSet:
    """Return the pictures of what was sent, ``most`` of them at most; ``limits`` are those of :func:`gather`.

    Raises:
        DataError: If there is nothing to read.
    """
    if isinstance(files, CaptchaLabError):
        raise files
    if files is None:
        raise DataError("There is nothing to read; send pictures, a zip or a Parquet file.")
    return gather(files, most, limits)


def read_set(
    recognizer: Recognizer, found: PictureSet, run: Run, most_seconds: float = MOST_SECONDS
) -> Generator[int, None, Result]:
    """Read a set; it ends early when told to, or out of time.

    Yields:
        How many pictures are read, some times a second.

    Returns:
        The readings.

    Raises:
        CheckpointError: If the model fails; the reason, which names a file, goes to the log.
    """
    started = told = time.monotonic()
    readings: list[Reading] = []
    with guarded_model():
        for reading in read_items(recognizer, found.items()):
            readings.append(reading)
            now = time.monotonic()
            run.ended = _why_ended(run, now - started, most_seconds)
            if run.ended:
                break
            if now - told > _SECONDS_BETWEEN:
                told = now
                yield len(readings)
    seconds = time.monotonic() - started
    notes = list(found.notes)
    if run.ended and (left := found.count - len(readings)):
        unread = "1 picture was" if left == 1 else f"{left:,} pictures were"
        notes.insert(0, f"Reading stopped {run.ended}; {unread} not read.")
    evaluation = evaluate_readings(readings, seconds)
    labels_from = found.labels_from if evaluation else ()
    return Result(readings, recognizer.model_id, seconds, notes, labels_from, evaluation)


def _why_ended(run: Run, seconds: float, most_seconds: float) -> str:
    """Return why a run ends now, in words; empty where it goes on."""
    if run.stopped.is_set():
        return "as you asked"
    if CLOSING.is_set():
        return "since the page is closing"
    return f"after {seconds:.0f} seconds, since others wait" if seconds > most_seconds else ""


def mapped(reading: Generator[int, None, Result], update: Callable[[int], Update]) -> Generator[Update, None, Result]:
    """Read a set and yield, in place of every number of pictures, what ``update`` makes of it."""
    while True:
        try:
            done = next(reading)
        except StopIteration as end:
            return cast(Result, end.value)
        yield update(done)


def stop_run(runs: Shelf[Run], running: str | None) -> None:
    """Tell a run to end with what it has read."""
    run = runs.get(running)
    if run is not None:
        run.stopped.set()


def downloads(result: Result, folder: Path) -> tuple[Path, Path]:
    """Write the readings as CSV and as Parquet into a new folder below one.

    Gradio deletes what lies in its own folder and was handed out, like uploads.

    Raises:
        CaptchaLabError: If they cannot be written; the reason, which names the folder, goes to the log.
    """
    place = folder / secrets.token_hex(16)
    paths = place / "predictions.csv", place / "predictions.parquet"
    try:
        write_tables(result.readings, paths)
    except (CaptchaLabError, OSError) as error:
        logger.error("%s", error)
        raise CaptchaLabError("The tables to download could not be written; the server's log says why.") from error
    return paths


def write_tables(readings: Sequence[Reading], paths: Sequence[Path]) -> None:
    """Write readings into tables with the columns of ``predict.py``.

    Raises:
        CaptchaLabError: If one cannot be written.
    """
    for path in paths:
        with open_table(path, COLUMNS) as write:
            for reading in readings:
                write(row_of(reading.name, reading.outcome))


def batch_for_api(context: PageContext, files: Files, model: str | None = None) -> BatchAnswer:
    """Read many captcha pictures that you already have: a row for each, and how many are right where labels are known.

    Args:
        context: The page.
        files: Pictures, zip archives or Parquet files, uploaded; nothing is fetched from the web.
        model: Name of the model to read with, one of those that the health check lists; the default if left out.

    Raises:
        gr.Error: If there is no model, or nothing that can be opened.
    """
    try:
        result = _read_whole(context, files, model)
    except CaptchaLabError as error:
        # As for /read: the message may hold a stranger's file name.
        raise gr.Error(html.escape(str(error), quote=False), print_exception=False) from error
    metrics = result.evaluation.metrics if result.evaluation else None
    rows = [row_of(reading.name, reading.outcome)._asdict() | {"label": reading.label} for reading in result.readings]
    return {
        "model_id": result.model_id,
        "rows": cast(list[BatchRow], rows),
        "notes": list(result.notes),
        "exact_match": None if metrics is None else metrics.exact_match,
        "exact_match_folded": None if metrics is None else metrics.exact_match_folded,
        "cer": None if metrics is None else metrics.cer,
    }


def _read_whole(context: PageContext, files: Files, model: str | None) -> Result:
    run = Run()
    reading = read_set(context.catalogue[model], gathered(files), run)
    while True:
        try:
            next(reading)
        except StopIteration as end:
            return cast(Result, end.value)
        # Others wait for the place.
        if has_left():
            run.stopped.set()
