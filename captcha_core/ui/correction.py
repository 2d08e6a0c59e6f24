"""Telling the page what a picture says where it was read wrong; only if the owner of the page has asked for that."""

from __future__ import annotations

import logging
import os
from functools import partial
from typing import Any

import gradio as gr

from captcha_core.corrections import MOST_CHARACTERS, CorrectionError, CorrectionStore
from captcha_core.data.split import pixel_digest
from captcha_core.errors import CaptchaLabError, ImageError
from captcha_core.ui.context import QUEUED
from captcha_core.ui.html_parts import said_html
from captcha_core.ui.picture import Picture, PictureInput
from captcha_core.ui.reading import Read
from captcha_core.ui.space import is_kept

FOLDER_VARIABLE = "CAPTCHA_LAB_CORRECTIONS"
"""The environment variable that names the folder of corrections; without it nothing is kept and nothing is shown."""

NOTICE = "If you send it, the owner of this page keeps the picture and your text to train models."

logger = logging.getLogger(__name__)


def build_correction(picture: PictureInput, read: gr.State) -> None:
    """Add a line under a reading that takes what it should have been; nothing if no folder is named.

    Args:
        picture: The picture that was read.
        read: What was read in it, a :class:`captcha_core.ui.reading.Read`; the line is shown while there is a text.

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
        key = gr.Textbox(label="Of", visible="hidden")
    quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    read.change(offer, read, [column, box, said, key], queue=False, **quick)
    box.submit(partial(correct, store), [picture, read, key, box], said, **quick, **QUEUED)


def offer(read: Read | None) -> tuple[Any, str, str, str]:
    """Show the line beside every new reading, with the text to start from and whose reading it is."""
    text, key = ("", "") if read is None else (read.prediction.text, read.key)
    return gr.update(visible=bool(text)), text, "", key


def correct(store: CorrectionStore, picture: Picture, read: Read | None, key: str, correction: str) -> str:
    """Keep a correction and return what to tell the visitor, as HTML.

    Picture, key and correction come from the browser together, the reading is kept on the server. Where one of them is
    of another picture already, the correction was not written for this one.

    Args:
        store: Where it is kept.
        picture: What stands on the page.
        read: The last reading.
        key: Of the reading under which the correction was written.
        correction: What the visitor says.
    """
    try:
        if picture is None or isinstance(picture, ImageError) or read is None:
            raise CorrectionError("There is no picture to correct; choose one.")
        if key != read.key or pixel_digest(picture) != read.digest:
            raise CorrectionError("There is a new reading; look at that one, and correct it where it is wrong.")
        if correction.strip() == read.prediction.text:
            raise CorrectionError("That is what was read; change it where it is wrong.")
        store.keep(picture, read.prediction, correction)
    except CorrectionError as error:
        return said_html(str(error))
    except CaptchaLabError as error:
        logger.error("%s", error)
        return said_html("The correction could not be kept; the server's log says why.")
    return said_html("Thank you; it is kept.")
