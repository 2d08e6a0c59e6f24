"""What the Read tab's events and the endpoint ``/read`` do."""

from __future__ import annotations

import html
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, cast

import gradio as gr
from fastapi import Request
from gradio.route_utils import API_PREFIX, get_request_origin
from PIL import Image

from captcha_core.constraint import Constraint
from captcha_core.data.split import pixel_digest
from captcha_core.errors import CaptchaLabError, ImageError
from captcha_core.prediction import Prediction
from captcha_core.saliency import occlusion_maps
from captcha_core.ui.catalogue import DATA_COMMAND, PAGE_COMMAND, TRAIN_COMMAND
from captcha_core.ui.confidence import alternatives_html
from captcha_core.ui.context import PageContext
from captcha_core.ui.html_parts import notice_html
from captcha_core.ui.model_guard import guarded_model
from captcha_core.ui.picture import Picture
from captcha_core.ui.read_html import details_html, panel_html, saliency_html
from captcha_core.ui.restriction import Restriction, chosen
from captcha_core.ui.snippets import Snippets

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer

_WAITING = '<p class="cl-note">The text and how sure the model is of it appear here.</p>'


class Reading(TypedDict):
    """What the endpoint answers: the fields of a prediction, see :class:`captcha_core.prediction.Prediction`."""

    text: str
    confidence: float
    char_confidences: list[float]
    alternatives: list[list[tuple[str, float]]]
    latency_ms: float
    model_id: str


class Read(NamedTuple):
    """A reading as the server keeps it for the page that shows it; no browser can change it.

    Attributes:
        prediction: What was read.
        constraint: Under which.
        digest: Of the picture's pixels.
        key: No other reading has it.
    """

    prediction: Prediction
    constraint: Constraint | None
    digest: bytes
    key: str


class Shown(NamedTuple):
    """What the tab's elements get after a picture or a setting has changed.

    Attributes:
        picture: None takes it off the page.
        text: What was read.
        panel: Verdict and strip, or why there is no result.
        details: What the model sees, and which model it is.
        alternatives: A table.
        saliency: Empty until it is asked for.
        read: For a new threshold and a correction; None when there is no result.
    """

    picture: Any
    text: str
    panel: str
    details: str = ""
    alternatives: str = ""
    saliency: str = ""
    read: Read | None = None


def read_for_page(context: PageContext, picture: Picture, threshold: float, model: str | None, *known: Any) -> Shown:
    """Read a picture.

    What cannot be read is taken off the page, where the browser would show it as a broken picture.

    Args:
        context: The page.
        picture: What was chosen.
        threshold: Below which a character is doubtful, in percent.
        model: Name of the model.
        known: What :func:`captcha_core.ui.restriction.chosen` takes.
    """
    if picture is None or not context.catalogue.names:
        return Shown(gr.skip(), "", idle_html(context))
    try:
        image, recognizer, constraint = _readable(picture), context.catalogue[model], chosen(*known).constraint()
        prediction = _predict(context, recognizer, image, constraint)
    except CaptchaLabError as error:
        kept = None if isinstance(picture, ImageError) else gr.skip()
        return Shown(kept, "", notice_html(str(error)))
    return Shown(
        picture=gr.skip(),
        text=prediction.text,
        panel=panel_html(prediction, threshold / 100, constraint),
        details=details_html(prediction, image, recognizer),
        alternatives=alternatives_html(prediction),
        read=Read(prediction, constraint, pixel_digest(image), secrets.token_hex(8)),
    )


def shown_again(read: Read | None, threshold: float) -> Any:
    """Return the panel for another threshold."""
    return gr.skip() if read is None else panel_html(read.prediction, threshold / 100, read.constraint)


def look_for_page(
    context: PageContext, picture: Picture, progress: Callable[[float], object], model: str | None, *known: Any
) -> str:
    """Return a map for each character of the text in a picture, as HTML."""
    try:
        image, recognizer, constraint = _readable(picture), context.catalogue[model], chosen(*known).constraint()
        text = _predict(context, recognizer, image, constraint).text
        with guarded_model():
            maps = occlusion_maps(recognizer, image, text, constraint, progress)
    except CaptchaLabError as error:
        return notice_html(str(error))
    return saliency_html(text, recognizer.model_view(image), maps)


def snippets_for_page(context: PageContext, request: Request | None, model: str | None, *known: Any) -> list[str]:
    """Return the code for curl, Python and the command line that reads with these settings.

    Raises:
        CheckpointError: If there is no such model, which the menu does not offer.
    """
    address = "" if request is None else str(get_request_origin(request, "")).partition(API_PREFIX)[0]
    file = context.catalogue.file_name(model) if context.catalogue.names else None
    snippets = Snippets(address.rstrip("/"), model, file, chosen(*known), bool(context.settings.accounts))
    return [snippets.curl(), snippets.python(), snippets.command()]


def read_for_api(
    context: PageContext,
    picture: Picture,
    model: str | None = None,
    alphabet: str | None = None,
    min_length: int | None = None,
    max_length: int | None = None,
    ignore_case: bool | None = False,
) -> Reading:
    """Read the text in one captcha picture that you already have, with the confidence of every character.

    Args:
        context: The page.
        picture: PNG, JPEG, GIF, BMP, WebP, TIFF or AVIF, uploaded or as a data: URL; nothing is fetched from the web.
        model: Name of the model to read with, one of those that the health check lists; the default if left out.
        alphabet: The only characters that may stand in the text, or digits, lower or upper; any if left out.
        min_length: Fewest characters of the text; any number if left out.
        max_length: Most characters of the text; any number if left out.
        ignore_case: Whether A and a count as one letter, which is then read as a; false if left out.

    Raises:
        gr.Error: If there is no model, no readable picture, or no text is possible.
    """
    try:
        constraint = Restriction(alphabet, min_length, max_length, bool(ignore_case)).constraint()
        return cast(Reading, _predict(context, context.catalogue[model], _readable(picture), constraint).as_dict())
    except CaptchaLabError as error:
        # A page that loads this endpoint would render the message as HTML, and the file's name in it is a stranger's.
        raise gr.Error(html.escape(str(error), quote=False), print_exception=False) from error


def idle_html(context: PageContext) -> str:
    """Return what stands in the result's place before there is one."""
    if context.catalogue.names:
        return _WAITING
    return (
        '<div class="cl-notice"><strong>No model is loaded yet.</strong> Draw pictures and train one on them:'
        f"<pre>{DATA_COMMAND}\n{TRAIN_COMMAND}\n{PAGE_COMMAND}</pre></div>"
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


def _predict(
    context: PageContext, recognizer: Recognizer, image: Image.Image, constraint: Constraint | None
) -> Prediction:
    """Read an RGB picture.

    Raises:
        BusyError: If too many pictures are waiting.
        CaptchaLabError: If the model can write no text that the constraint allows.
        CheckpointError: If the model fails; the reason, which names a file, goes to the log.
    """
    with guarded_model():
        return context.batcher.read(recognizer, image, constraint)
