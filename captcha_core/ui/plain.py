"""Plain sentences where Gradio would answer nothing, or words of its own with a trace in the log."""

from __future__ import annotations

import html
import logging
from typing import Any

import gradio as gr
from gradio.utils import get_function_params

UNFIT = "The input does not fit: {}; /gradio_api/info describes what does."
FAILED = "This could not be done; the server's log says why."
_MOST_SAID = 200
_LONG = "a value is too long, or none of those to choose from"

logger = logging.getLogger(__name__)


class PlainBlocks(gr.Blocks):
    """A ``gr.Blocks`` whose events fail with one sentence, which names nothing of the server."""

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *args: Any, **kwargs: Any) -> Any:
        """Turn what was sent into what the function takes.

        Raises:
            gr.Error: If it does not fit.
        """
        try:
            return await super().preprocess_data(block_fn, inputs, *args, **kwargs)
        except gr.Error as error:
            raise _escaped(error) from error
        except Exception as error:
            # Anybody can send anything, so that what was sent, or a trace for each, would fill the log.
            logger.debug("%s cannot take its input: %s.", block_fn.api_name, type(error).__name__)
            raise _plain(UNFIT.format(_expected(block_fn, inputs))) from error

    async def process_api(self, *args: Any, **kwargs: Any) -> Any:
        """Run an event.

        Raises:
            gr.Error: If it fails.
        """
        try:
            return await super().process_api(*args, **kwargs)
        except gr.Error:
            raise
        except Exception as error:
            logger.exception("An event of the page failed.")
            raise _plain(FAILED) from error


def _escaped(error: gr.Error) -> gr.Error:
    """Return an error without a trace; Gradio's own hold what was sent: HTML, or any number of letters."""
    if not error.print_exception:
        return error
    said = str(error.message)
    return _plain(html.escape(said, quote=False) if len(said) <= _MOST_SAID else UNFIT.format(_LONG))


def _expected(block_fn: Any, inputs: list[Any]) -> str:
    """Say what of the values does not fit, in the names that the API has, or those on the page."""
    if len(inputs) != len(block_fn.inputs):
        return f"it has {len(inputs)} values and not {len(block_fn.inputs)}"
    for place, (component, value) in enumerate(zip(block_fn.inputs, inputs, strict=True)):
        if not _takes(component, value):
            return f"{_name(block_fn, place)} cannot be {_shown(value)}"
    return "a value is of the wrong kind"


def _takes(component: Any, value: Any) -> bool:
    """Return whether a component takes a value, as far as that is seen without opening files."""
    model = getattr(component, "data_model", None)
    try:
        if model is None:
            component.preprocess(value)
        elif value is not None:
            model.model_validate(value)
    except Exception:
        return False
    return True


def _name(block_fn: Any, place: int) -> str:
    if block_fn.api_visibility == "public":
        names = [name for name, *_ in get_function_params(block_fn.fn)]
        if place < len(names):
            return str(names[place])
    return f"“{getattr(block_fn.inputs[place], 'label', None) or 'a value'}”"


def _shown(value: Any) -> str:
    """Return a value in short, fit for HTML; of what holds others its kind, since it may name files."""
    kinds = {dict: "an object", list: "a list", type(None): "null"}
    return kinds.get(type(value)) or html.escape(f"{value!r:.40}", quote=False)


def _plain(sentence: str) -> gr.Error:
    return gr.Error(sentence, print_exception=False)
