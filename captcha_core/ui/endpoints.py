"""What programs call: named endpoints with typed answers, which an MCP server offers to agents as tools."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast, get_type_hints

import gradio as gr
from gradio.components.api_component import Api
from gradio_client.utils import python_type_to_json_schema

from captcha_core.errors import CaptchaLabError
from captcha_core.ui.settings import AUTH_VARIABLE

MCP_VARIABLE = "GRADIO_MCP_SERVER"


def add_endpoint(
    function: Callable[..., Any], inputs: Sequence[Any], *, name: str, tool: str, answer: str = "answer", **event: Any
) -> None:
    """Add an endpoint that no element of the page calls; call this inside the page.

    Its description is the function's docstring: the part before ``Args:`` as a whole, and a sentence per parameter.
    Its answer has the type that the function is annotated to return, a ``TypedDict`` for example.

    Args:
        function: What answers; a ``functools.partial`` if it needs to know the page.
        inputs: The components that its parameters come through.
        name: Its name in the address, ``/gradio_api/call/NAME``.
        tool: Its name for agents; a verb and what it is done to, since they see it without the page.
        answer: What the answer is called in the API's description.
        **event: Settings of the event, such as its place in the queue.
    """
    returned = get_type_hints(getattr(function, "func", function))["return"]
    gr.on(
        [],
        _named(function, tool),
        list(inputs),
        Api(None, python_type_to_json_schema(returned), answer),
        api_name=name,
        **event,
    )


def check_mcp(has_accounts: bool = False) -> None:
    """See that the MCP server can be started if it is asked for.

    Args:
        has_accounts: Whether the page lets in only those who log in.

    Raises:
        CaptchaLabError: If the package for it is not installed, or it would let in others.
    """
    if os.environ.get(MCP_VARIABLE, "").lower() != "true":
        return
    if has_accounts:
        # Gradio 6.31 asks nobody there for a password.
        raise CaptchaLabError(f"{MCP_VARIABLE} lets in agents without a password; unset it or {AUTH_VARIABLE}.")
    if importlib.util.find_spec("mcp") is None:
        raise CaptchaLabError(
            f"{MCP_VARIABLE} is true, but the package for it is not installed. Install it, without constraints.txt: "
            f'pip install "gradio[mcp]=={gr.__version__}"; or unset {MCP_VARIABLE}.'
        )


def answer_agents_in_json(page: gr.Blocks) -> None:
    """Let agents get what programs get; Gradio 6.31 tells them Python's notation of it. Call this on a running page."""
    server: Any = page.mcp_server_obj
    if server is None:
        return
    in_words = server.postprocess_output_data
    server.postprocess_output_data = lambda answers, address: in_words(
        [json.dumps(answer, ensure_ascii=False) for answer in answers], address
    )


def _named(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return the function under a name, with its docstring; a partial has no name, and the docstring of its class."""
    named: Any = partial(function)
    named.__name__ = name
    named.__doc__ = named.func.__doc__
    return cast(Callable[..., Any], named)
