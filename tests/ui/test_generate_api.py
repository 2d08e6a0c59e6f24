"""The endpoint /generate, without a server."""

from __future__ import annotations

import base64
import inspect
import io
from dataclasses import fields
from typing import Any

import gradio as gr
import pytest
from gradio_client.utils import python_type_to_json_schema
from PIL import Image

from captcha_core.generator import STYLES, GeneratorSettings, generate_captchas
from captcha_core.ui.generate_api import MOST, LabelledPicture, documented, generate


@pytest.mark.parametrize("style", STYLES)
def test_it_draws_what_the_command_line_draws(style: str) -> None:
    answer = generate(count=3, seed=5, style=style)
    expected = list(generate_captchas(STYLES[style](), 3, 5))
    assert [picture["label"] for picture in answer] == [text for _, text in expected]
    for picture, (image, _) in zip(answer, expected, strict=True):
        assert picture["image"].startswith("data:image/png;base64,")
        assert base64.b64decode(picture["image"].partition(",")[2]) == image


def test_settings_that_are_not_given_are_the_styles_own() -> None:
    [picture] = generate(width=80, height=None, style="default")
    assert Image.open(io.BytesIO(base64.b64decode(picture["image"].partition(",")[2]))).size == (80, 60)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"count": MOST + 1}, f"from 1 to {MOST}"),
        ({"count": "many"}, "whole number"),
        ({"count": 50, "width": 1024, "height": 512}, "too many for this page"),
        ({"seed": -1}, "seed"),
        ({"style": "<b>"}, "no style '&lt;b&gt;'"),
        ({"style": "varied", "lines": 3}, "has no lines"),
        ({"style": "varied", "font_size": 3}, "has no font_size"),
        ({"fonts": ["/etc/passwd"]}, "no font"),
        ({"colour": "red"}, "has no colour"),
    ],
)
def test_what_does_not_fit_is_one_escaped_sentence(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(gr.Error) as caught:
        generate(**arguments)
    assert said in caught.value.message
    assert caught.value.message.endswith((".", "..."))
    assert "<" not in caught.value.message and "--" not in caught.value.message


def test_every_setting_is_a_typed_parameter_with_a_description() -> None:
    endpoint = documented()
    parameters = inspect.signature(endpoint).parameters
    assert list(parameters) == ["count", "seed", "style", *(item.name for item in fields(GeneratorSettings))]
    assert endpoint.__name__ == "draw_captchas", "the name of the tool for agents"
    for name, parameter in parameters.items():
        assert python_type_to_json_schema(parameter.annotation), name
        assert f"    {name}: " in endpoint.__doc__
    assert python_type_to_json_schema(parameters["style"].annotation) == {"enum": list(STYLES)}
    schema = python_type_to_json_schema(list[LabelledPicture])
    assert schema["items"]["required"] == ["label", "image"]


def test_the_endpoint_takes_its_values_in_order() -> None:
    assert documented()(2, 7, "default") == generate(count=2, seed=7)
    settings: list[Any] = [None] * len(fields(GeneratorSettings))
    settings[0] = "xy"
    assert documented()(1, 0, "default", *settings) == generate(alphabet="xy")
