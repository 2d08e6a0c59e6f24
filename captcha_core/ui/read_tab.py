"""The Read tab: one picture in, the text and how sure the model is of it out."""

from __future__ import annotations

import base64
import html
import io
import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, cast

import gradio as gr
from PIL import Image

from captcha_core.errors import CaptchaLabError, CheckpointError, ImageError
from captcha_core.prediction import Prediction
from captcha_core.ui.confidence import strip_html, verdict_html
from captcha_core.ui.context import QUEUED, PageContext
from captcha_core.ui.correction import build_correction
from captcha_core.ui.endpoints import add_endpoint
from captcha_core.ui.library import DATA_COMMAND, PAGE_COMMAND, TRAIN_COMMAND
from captcha_core.ui.picture import Picture, PictureInput
from captcha_core.ui.wording import scope

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer

EXAMPLES = Path(__file__).with_name("examples")

# Gradio pastes only through a button; this makes Ctrl+V anywhere on the page the same as choosing a file.
PASTE_JS = """
document.addEventListener("paste", (event) => {
  const files = event.clipboardData ? event.clipboardData.files : [];
  const input = document.querySelector(".cl-picture input[type=file]");
  if (input && files.length && files[0].type.startsWith("image/")) {
    event.preventDefault();
    input.files = files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
});
"""

_WAITING = '<p class="cl-note">The text and how sure the model is of it appear here.</p>'


class Reading(TypedDict):
    """What the endpoint answers: the fields of a prediction, see :class:`captcha_core.prediction.Prediction`."""

    text: str
    confidence: float
    char_confidences: list[float]
    alternatives: list[list[tuple[str, float]]]
    latency_ms: float
    model_id: str


logger = logging.getLogger(__name__)


def build_read_tab(context: PageContext) -> None:
    """Add the tab's elements to the enclosing ``gr.Blocks``, and the endpoint ``/read``."""
    with gr.Row(elem_classes="cl-read"):
        with gr.Column(elem_classes="cl-picture"):
            picture = PictureInput(
                label="Picture",
                image_mode=None,
                sources=["upload", "clipboard"],
                height=180,
                buttons=[],
                placeholder="Drop a captcha picture here,\nclick to choose one, or paste it",
            )
        with gr.Column(elem_classes="cl-result"):
            text = gr.Textbox(label="Text", interactive=False, buttons=["copy"], elem_classes="cl-text", max_lines=1)
            panel = gr.HTML(idle_html(context), elem_classes="cl-panel")
            build_correction(context, picture, text)
        with gr.Column(elem_classes="cl-examples"):
            examples = gr.Examples([[str(path)] for path in sorted(EXAMPLES.glob("*.png"))], picture)
    _connect(context, picture, examples, text, panel)


def _connect(context: PageContext, picture: PictureInput, examples: Any, text: gr.Textbox, panel: gr.HTML) -> None:
    read_it = partial(read_for_page, context)
    inputs = [picture, context.model]
    show: dict[str, Any] = {"inputs": inputs, "outputs": [picture, text, panel], "api_visibility": "private"}
    # Not picture.change, which fires twice for one upload.
    for event in (picture.upload, examples.load_input_event.success, context.model.change):
        event(read_it, **show, **QUEUED, trigger_mode="always_last", show_progress="minimal")
    picture.clear(read_it, **show, queue=False)
    add_endpoint(
        partial(read_for_api, context), inputs, name="read", tool="read_captcha", answer="prediction", **QUEUED
    )


def read_for_page(context: PageContext, picture: Picture, model: str | None = None) -> tuple[Any, str, str]:
    """Return the picture's new state, the text, and the panel below it: the result, or why there is none.

    What cannot be read is taken off the page, where the browser would show it as a broken picture.
    """
    if picture is None or not context.library.names:
        return gr.skip(), "", idle_html(context)
    try:
        image, recognizer = _readable(picture), context.library[model]
        prediction = _predict(context, recognizer, image)
    except CaptchaLabError as error:
        kept = None if isinstance(picture, ImageError) else gr.skip()
        return kept, "", f'<p class="cl-notice" role="alert">{html.escape(str(error))}</p>'
    return gr.skip(), prediction.text, panel_html(prediction, image, recognizer)


def read_for_api(context: PageContext, picture: Picture, model: str | None = None) -> Reading:
    """Read the text in one captcha picture that you already have, with the confidence of every character.

    Args:
        context: The page.
        picture: PNG, JPEG, GIF, BMP, WebP, TIFF or AVIF, uploaded or as a data: URL; nothing is fetched from the web.
        model: Name of the model to read with, one of those that the health check lists; the default if left out.

    Raises:
        gr.Error: If there is no model or no readable picture.
    """
    try:
        return cast(Reading, _predict(context, context.library[model], _readable(picture)).as_dict())
    except CaptchaLabError as error:
        # A page that loads this endpoint would render the message as HTML, and the file's name in it is a stranger's.
        raise gr.Error(html.escape(str(error), quote=False), print_exception=False) from error


def idle_html(context: PageContext) -> str:
    """Return what stands in the result's place before there is one."""
    if context.library.names:
        return _WAITING
    return (
        '<div class="cl-notice"><strong>No model is loaded yet.</strong> Draw pictures and train one on them:'
        f"<pre>{DATA_COMMAND}\n{TRAIN_COMMAND}\n{PAGE_COMMAND}</pre></div>"
    )


def panel_html(prediction: Prediction, image: Image.Image, recognizer: Recognizer) -> str:
    """Return verdict, strip, the picture as the model sees it, and which model read it in what time."""
    if prediction.text:
        result = verdict_html(prediction) + strip_html(prediction)
    else:
        result = verdict_html(prediction) + '<p class="cl-note">The model sees no character in this picture.</p>'
    view = recognizer.model_view(image)
    size = f"{view.width} × {view.height} pixels"
    return (
        f'{result}<div class="cl-details"><figure>'
        f'<img src="{_data_url(view)}" alt="The picture as the model sees it, {size}">'
        "<figcaption>What the model sees</figcaption></figure><dl>"
        f"<dt>Read in</dt><dd>{prediction.latency_ms:.0f} ms</dd>"
        f"<dt>Model</dt><dd>{html.escape(prediction.model_id).replace('@', '<wbr>@')}</dd>"
        f"<dt>Input</dt><dd>{size}</dd>"
        f"<dt>Reads</dt><dd>{html.escape(scope(recognizer.meta.alphabet, recognizer.meta.max_length))}</dd>"
        "</dl></div>"
    )


def _readable(picture: Picture) -> Image.Image:
    """Return the picture.

    Raises:
        ImageError: If there is none or it cannot be read.
    """
    if picture is None:
        raise ImageError("There is no picture; upload one.")
    if isinstance(picture, ImageError):
        raise picture
    return picture


def _predict(context: PageContext, recognizer: Recognizer, image: Image.Image) -> Prediction:
    """Read an RGB picture.

    Raises:
        BusyError: If too many pictures are waiting.
        CheckpointError: If the model fails; the reason, which names a file, goes to the log.
    """
    try:
        return context.batcher.read(recognizer, image)
    except CheckpointError as error:
        logger.error("%s", error)
        raise CheckpointError("The model cannot read at the moment; the server's log says why.") from error


def _data_url(image: Image.Image) -> str:
    """Return the picture as a PNG inside a URL, so that the answer holds no path of a file on the server."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
