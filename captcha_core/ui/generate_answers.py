"""What the Generate tab answers: pictures, the command that draws them, files; or one sentence that says why not."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import gradio as gr

from captcha_core.errors import CaptchaLabError
from captcha_core.generator import Captcha, Style
from captcha_core.generator.choice import check_seed, command_for
from captcha_core.generator.difficulty import difficulty_of
from captcha_core.generator.limits import check_count, most_pictures, visitors_style
from captcha_core.prediction import Prediction
from captcha_core.ui.batching import MOST_AT_ONCE
from captcha_core.ui.context import PageContext
from captcha_core.ui.generate_controls import in_page_words, settings_of
from captcha_core.ui.generate_files import FORMATS, MOST, PIXELS, output_of, write_file
from captcha_core.ui.generate_pictures import grid_html, summary_html
from captcha_core.ui.html_parts import notice_html
from captcha_core.ui.model_guard import guarded_model

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer

SHOWN = 15
"""Pictures in the grid; fewer where they are large."""
SHOWN_PIXELS = 2_000_000

_PROGRESS = gr.Progress()

logger = logging.getLogger(__name__)


def idle_html() -> str:
    """Return what stands in the grid's place before there is one."""
    return '<p class="cl-note">The pictures are being drawn.</p>'


def draw_for_page(
    context: PageContext, names: list[str], read: Any, model: Any, count: Any, form: Any, *wish: Any
) -> Iterator[tuple[Any, str, Any]]:
    """Yield the grid, the command and the difficulty; then, if wanted, the grid again with what the model reads.

    Args:
        context: For the models.
        names: The names of the settings.
        read: Whether a model reads them.
        model: Its name.
        count: How many pictures the command draws.
        form: The format of the command's file.
        wish: The style's name, the seed, and the values of the settings.
    """
    try:
        style, seed = _wished(names, wish)
        captchas = style.draw(seed, 0, min(SHOWN, most_pictures(style, SHOWN_PIXELS)))
    except CaptchaLabError as error:
        yield _notice(error), "", gr.skip()
        return
    command = _command(style, seed, count, form)
    difficulty = gr.update(value=difficulty_of(style))
    grid = grid_html(captchas)
    yield grid, command, difficulty
    if read is True and context.catalogue.names:
        try:
            grid = _read_html(context, model, captchas)
        except CaptchaLabError as error:
            grid = _notice(error) + grid
        yield grid, command, difficulty


def command_for_page(names: list[str], count: Any, form: Any, *wish: Any) -> str:
    """Return the command that draws the pictures, empty where it is not known; arguments as :func:`draw_for_page`."""
    try:
        style, seed = _wished(names, wish)
    except CaptchaLabError:
        return ""
    return _command(style, seed, count, form)


def file_for_page(
    names: list[str], progress: gr.Progress = _PROGRESS, count: Any = None, form: Any = None, *wish: Any
) -> Iterator[tuple[str, Any]]:
    """Yield what is told about the file, and the button that saves it; arguments as :func:`draw_for_page`."""
    with TemporaryDirectory() as folder:
        try:
            style, seed = _wished(names, wish)
            count = check_count(count, MOST, style, PIXELS)
            if form not in FORMATS:
                raise CaptchaLabError(f"There is no format {form!r:.40}; choose one of: {', '.join(FORMATS)}.")
            told = partial(_tell, progress, count)
            path = write_file(style, count, seed, form, Path(folder), told)
        except CaptchaLabError as error:
            # What went wrong on the disk names a place there, which is nobody's business.
            sentence = "The file could not be written; the server's log says why." if folder in str(error) else error
            logger.info("%s", error)
            yield _notice(sentence), gr.update(visible=False)
            return
        size = path.stat().st_size / 1e6
        note = f'<p role="status">{count:,} pictures of seed {seed}, {path.name}, {size:.1f} MB.</p>'
        # Gradio takes a copy before it asks for more; then the folder goes.
        yield note, gr.update(value=str(path), visible=True)


def _wished(names: list[str], wish: Sequence[Any]) -> tuple[Style, int]:
    """Return the style and the seed of raw values.

    Raises:
        CaptchaLabError: If one of them does not fit.
    """
    style, seed, *values = wish
    return visitors_style(style, settings_of(style, names, values)), check_seed(seed)


def _command(style: Style, seed: int, count: Any, form: Any) -> str:
    count = int(count) if isinstance(count, int | float) and 1 <= count <= MOST else MOST
    return command_for(style, count=count, seed=seed, output=output_of(form))


def _read_html(context: PageContext, model: Any, captchas: Sequence[Captcha]) -> str:
    """Return the grid with the readings, under how many are right.

    Raises:
        CaptchaLabError: If there is no such model, or it cannot read.
    """
    recognizer = context.catalogue[model]
    with guarded_model():
        readings = _readings(context, recognizer, captchas)
    return summary_html(captchas, readings, recognizer.meta) + grid_html(captchas, readings)


def _readings(context: PageContext, recognizer: Recognizer, captchas: Sequence[Captcha]) -> list[Prediction]:
    """Read pictures through the batcher, all at once, so that they go together and beside those of others."""
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        return list(pool.map(lambda captcha: context.batcher.read(recognizer, captcha.image), captchas))


def _tell(progress: gr.Progress, count: int, done: int) -> None:
    progress((done, count), desc="Drawing", unit="pictures")


def _notice(reason: CaptchaLabError | str) -> str:
    return notice_html(in_page_words(str(reason)))
