"""Telling the page what a picture says where it was read wrong; only if the owner of the page has asked for that."""

from __future__ import annotations

import html
import logging
import os
from functools import partial
from typing import Any

import gradio as gr

from captcha_core.corrections import MOST_CHARACTERS, CorrectionError, CorrectionStore
from captcha_core.errors import CaptchaLabError, ImageError
from captcha_core.ui.context import QUEUED, PageContext
from captcha_core.ui.picture import Picture, PictureInput
from captcha_core.ui.space import is_kept

FOLDER_VARIABLE = "CAPTCHA_LAB_CORRECTIONS"
"""The environment variable that names the folder of corrections; without it nothing is kept and nothing is shown."""

NOTICE = "If you send it, the owner of this page keeps the picture and your text to train models."

logger = logging.getLogger(__name__)


def build_correction(context: PageContext, picture: PictureInput, text: gr.Textbox) -> None:
    """Add a line under a reading that takes what it should have been; nothing if no folder is named.

    Args:
        context: The page.
        picture: The picture that was read.
        text: What was read in it; the line is shown while there is any.

    Raises:
        CaptchaLabError: If the folder cannot be written to.
    """
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return
    store = CorrectionStore(folder)
    if not is_kept(folder):
        logger.warning("Corrections go to %s, which this Space forgets when it starts again; use /data.", folder)
    with gr.Column(visible=False, elem_classes="cl-correction") as column:
        box = gr.Textbox(
            label="Read wrong? It says …", info=NOTICE, max_lines=1, max_length=MOST_CHARACTERS, submit_btn="Send"
        )
        said = gr.HTML("")
    text.change(_offer, text, [column, box, said], api_visibility="private", queue=False, show_progress="hidden")
    box.submit(
        partial(correct, context, store),
        [picture, context.model, text, box],
        said,
        api_visibility="private",
        show_progress="hidden",
        **QUEUED,
    )


def correct(
    context: PageContext, store: CorrectionStore, picture: Picture, model: str | None, text: str, correction: str
) -> str:
    """Keep a correction and return what to tell the visitor, as HTML.

    The reading is made again, since what the browser sends as such could be anything.
    """
    try:
        if picture is None or isinstance(picture, ImageError):
            raise CorrectionError("There is no picture to correct; choose one.")
        if correction.strip() == text:
            raise CorrectionError("That is what was read; change it where it is wrong.")
        store.keep(picture, context.batcher.read(context.catalogue[model], picture), correction)
    except CorrectionError as error:
        return _said(str(error))
    except CaptchaLabError as error:
        logger.error("%s", error)
        return _said("The correction could not be kept; the server's log says why.")
    return _said("Thank you; it is kept.")


def _offer(text: str) -> tuple[Any, str, str]:
    """Show the line beside a reading, with the reading to start from."""
    return gr.update(visible=bool(text)), text, ""


def _said(sentence: str) -> str:
    return f'<p class="cl-note" role="status">{html.escape(sentence)}</p>'
