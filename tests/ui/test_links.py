"""What the page's address keeps."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import pytest

from captcha_core.ui.links import DeepLinks, one_of, within
from tests.ui.helpers import in_loop


def opened(links: DeepLinks, **query: str) -> list[Any]:
    return links.open(cast(Any, SimpleNamespace(query_params=query)))


def some_links() -> DeepLinks:
    return cast(DeepLinks, in_loop(make_links))


def make_links() -> DeepLinks:
    links = DeepLinks()
    with gr.Blocks():
        links.add("model", gr.Dropdown(["a", "b"], value="a"), one_of(["a", "b"]))
        links.add("size", gr.Slider(1, 9, value=2, step=1), within(1, 9))
        with gr.Tabs() as tabs:
            with gr.Tab("Read", id="read") as read:
                pass
            with gr.Tab("About", id="about") as about:
                pass
        links.add_tabs(tabs, {"read": read, "about": about})
    return links


def test_an_address_sets_what_it_names_and_nothing_else() -> None:
    model, size, tabs = opened(some_links(), model="b", tab="about")
    assert model["value"] == "b"
    assert size == gr.skip()
    assert tabs.selected == "about"


@pytest.mark.parametrize("query", [{"model": "c"}, {"size": "10"}, {"size": "x"}, {"size": "1" * 200}, {"tab": "none"}])
def test_what_is_not_possible_is_passed_over(query: dict[str, str]) -> None:
    assert all(update == gr.skip() for update in opened(some_links(), **query))


def test_a_page_without_tabs_has_links_too() -> None:
    links = DeepLinks()
    links.add("text", gr.Textbox(value=""))
    [update] = opened(links, text="<b>")
    assert update["value"] == "<b>", "a component shows text as text"


def test_numbers_may_be_fractions() -> None:
    assert within(0, 1, float)("0.25") == 0.25
    with pytest.raises(ValueError):
        within(0, 1, float)("nan")
