"""Sentences in the place of Gradio's own."""

from __future__ import annotations

import asyncio
from typing import Any

import gradio as gr
import pytest

from captcha_core.ui.plain import UNFIT, PlainBlocks, _escaped
from tests.ui.helpers import in_loop


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Value: <b> is not in the list", "Value: &lt;b&gt; is not in the list"),
        (f"Value: {'x' * 10_000} is not in the list", "too long, or none of those to choose from"),
    ],
)
def test_what_gradio_quotes_of_a_visitor_is_escaped_and_short(said: str, answer: str) -> None:
    error = _escaped(gr.Error(said))
    assert answer in str(error.message) and len(str(error.message)) <= len(UNFIT) + 100
    assert not error.print_exception


def test_a_sentence_of_the_pages_own_stays_as_it_is() -> None:
    error = gr.Error("x" * 300, print_exception=False)
    assert _escaped(error) is error


def page_with(component: type[gr.components.Component], **event: Any) -> PlainBlocks:
    with PlainBlocks() as page:
        inputs = [gr.Textbox(label="Fine"), component(label="How many")]
        gr.on([], lambda first, second: "", inputs, gr.Textbox(), **event)
    return page


@pytest.mark.parametrize(
    ("component", "value", "event", "said"),
    [
        (gr.Slider, "<b>much", {"api_name": "try"}, "second cannot be '&lt;b&gt;much'"),
        (gr.Slider, "much", {"api_visibility": "private"}, "“How many” cannot be 'much'"),
        (gr.Slider, {"path": "/secret"}, {"api_name": "try"}, "second cannot be an object"),
        (gr.Slider, "x" * 10_000, {"api_name": "try"}, f"second cannot be '{'x' * 39}"),
        (gr.Image, 7, {"api_name": "try"}, "second cannot be 7"),
    ],
)
def test_the_value_that_does_not_fit_is_named(
    component: type[gr.components.Component], value: object, event: dict[str, Any], said: str
) -> None:
    page = in_loop(page_with, component, **event)
    [fn] = page.fns.values()
    with pytest.raises(gr.Error) as caught:
        asyncio.run(page.preprocess_data(fn, ["x", value], None))
    assert str(caught.value.message) == UNFIT.format(said)
