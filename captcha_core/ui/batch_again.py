"""Reading the files of a set once more, where the menu of models has changed since."""

from __future__ import annotations

from typing import Any

import gradio as gr

from captcha_core.errors import DataError
from captcha_core.ui.batch_view import Result
from captcha_core.ui.files import Files
from captcha_core.ui.html_parts import notice_html, said_html
from captcha_core.ui.shelf import Shelf

GONE = "These readings are no longer kept; read the files again."


def offered(shelf: Shelf[Result], key: str, model: str | None) -> list[Any]:
    """Return what is said where the readings are not of the menu's model, and the button that reads with that."""
    hidden = [gr.HTML(visible=False), gr.Button(visible=False)]
    result = shelf.get(key)
    if not key or not model or (result is not None and result.model == model):
        return hidden
    if result is None:
        return [gr.HTML(notice_html(GONE), visible=True), hidden[1]]
    said = f"This is what {result.model} reads."
    if not _are_kept(result):
        said += f" The files are no longer kept; send them again to read them with {model}."
        return [gr.HTML(said_html(said), visible=True), hidden[1]]
    return [gr.HTML(said_html(said), visible=True), gr.Button(f"Read them again with {model}", visible=True)]


def files_of(shelf: Shelf[Result], key: str) -> Files:
    """Return the files of a set, or why they cannot be read once more."""
    result = shelf.get(key)
    if result is None or not _are_kept(result):
        return DataError("These files are no longer kept; send them again.")
    return list(result.files)


def _are_kept(result: Result) -> bool:
    """Return whether all files still lie where they were sent to; the page deletes them after some time."""
    return bool(result.files) and all(file.path.is_file() for file in result.files)
