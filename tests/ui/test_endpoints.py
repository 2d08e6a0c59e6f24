"""Endpoints as programs and agents see them."""

from __future__ import annotations

import importlib.util
import re
from functools import partial
from types import SimpleNamespace
from typing import Any, TypedDict

import gradio as gr
import pytest

from captcha_core.errors import CaptchaLabError
from captcha_core.ui.blocks import build_page, serve
from captcha_core.ui.endpoints import MCP_VARIABLE, add_endpoint, answer_agents_in_json
from captcha_core.ui.settings import AUTH_VARIABLE
from tests.ui.helpers import GreyReader, catalogue_of, in_loop


class Answer(TypedDict):
    text: str
    numbers: list[float]


def greet(page: str, name: str, times: int = 2) -> Answer:
    """Greet somebody.

    Args:
        page: Not a caller's business.
        name: Whom.
        times: How often.
    """
    return Answer(text=f"{page} {name}" * times, numbers=[])


def greeting_page() -> gr.Blocks:
    with gr.Blocks() as page:
        add_endpoint(
            partial(greet, "hello"), [gr.Textbox(label="name"), gr.Number(2)], name="greet", tool="greet_somebody"
        )
    return page


def test_an_endpoint_is_described_and_typed_by_its_function() -> None:
    page = in_loop(greeting_page)
    page.config = page.get_config_file()
    info = page.get_api_info()["named_endpoints"]["/greet"]
    assert info["description"] == "Greet somebody."
    assert [p["parameter_name"] for p in info["parameters"]] == ["name", "times"]
    [answer] = info["returns"]
    assert answer["python_type"]["type"] == "dict(text: str, numbers: list[float])"


def every_endpoint() -> list[Any]:
    page = in_loop(build_page, catalogue_of(GreyReader()))  # type: ignore[arg-type]
    return [fn for fn in page.fns.values() if fn.fn and fn.api_visibility == "public"]


def test_every_endpoint_of_the_page_is_a_tool_that_an_agent_can_tell_apart() -> None:
    endpoints = every_endpoint()
    names = [getattr(fn.fn, "__name__", "partial") for fn in endpoints]
    assert len(set(names)) == len(names)
    for fn, name in zip(endpoints, names, strict=True):
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", name), (
            f"{fn.api_name}: the tool's name {name} is no verb with its object"
        )
        described, parameters, _ = gr.utils.get_function_description(fn.fn)
        assert described.endswith(".") and len(described) > 40, fn.api_name
        assert all(parameters.values()), f"{fn.api_name}: a parameter has no description in {parameters}"


def test_every_answer_of_the_page_is_typed() -> None:
    for fn in every_endpoint():
        for answer in fn.outputs:
            assert answer.api_info().get("properties") or answer.api_info().get("type") == "array", fn.api_name


def test_agents_are_answered_in_json() -> None:
    page = in_loop(greeting_page)
    answer_agents_in_json(page)
    page.mcp_server_obj = SimpleNamespace(postprocess_output_data=lambda answers, _: [str(one) for one in answers])
    answer_agents_in_json(page)
    assert page.mcp_server_obj.postprocess_output_data([{"text": "ä"}], "") == ['{"text": "ä"}']


def test_an_mcp_server_that_is_not_installed_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MCP_VARIABLE, "True")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CaptchaLabError, match=r'pip install "gradio\[mcp\]==[0-9.]+"; or unset GRADIO_MCP_SERVER'):
        in_loop(lambda: serve(build_page(catalogue_of())))


def test_an_mcp_server_would_pass_by_the_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MCP_VARIABLE, "true")
    monkeypatch.setenv(AUTH_VARIABLE, "ann:secret")
    with pytest.raises(CaptchaLabError, match=f"without a password; unset it or {AUTH_VARIABLE}"):
        in_loop(lambda: serve(build_page(catalogue_of())))
