"""Sentences in the place of Gradio's own."""

from __future__ import annotations

import gradio as gr
import pytest

from captcha_core.ui.plain import UNFIT, _escaped


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
