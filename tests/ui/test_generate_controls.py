"""The controls of the Generate tab are the settings of the generator."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, cast

import gradio as gr
import pytest

from captcha_core.errors import CaptchaLabError
from captcha_core.generator import STYLES, GeneratorSettings
from captcha_core.generator.choice import chosen_style
from captcha_core.generator.difficulty import DIFFICULTIES
from captcha_core.ui.generate_controls import GROUPS, LABELS, STYLE_LABELS, Controls, in_page_words, settings_of
from tests.ui.helpers import in_loop


def make_controls() -> Controls:
    with gr.Blocks():
        return Controls()


@pytest.fixture(scope="module")
def controls() -> Controls:
    return cast(Controls, in_loop(make_controls))


def test_every_setting_of_every_style_has_one_control_and_a_label(controls: Controls) -> None:
    every = {item.name for kind in STYLES.values() for item in fields(kind)}
    assert set(controls.components) == set(LABELS) == every
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(every)
    assert set(STYLE_LABELS) == set(STYLES)
    assert len(set(LABELS.values())) == len(LABELS)


def test_the_controls_begin_with_the_default_style(controls: Controls) -> None:
    values = [component.value for component in controls.components.values()]
    assert chosen_style("default", settings_of("default", controls.components, values)) == GeneratorSettings()


def test_ranges_are_those_of_the_settings(controls: Controls) -> None:
    for item in fields(GeneratorSettings):
        if "range" in item.metadata:
            slider = controls.components[item.name]
            low, high = item.metadata["range"]
            assert slider.minimum == low
            assert slider.value < slider.maximum == item.metadata["usual"] <= high
            assert (slider.maximum - low) / slider.step > 5, item.name


@pytest.mark.parametrize("name", DIFFICULTIES)
def test_a_difficulty_is_within_what_the_sliders_give(controls: Controls, name: str) -> None:
    for look, value in DIFFICULTIES[name].items():
        slider = controls.components[look]
        assert slider.minimum <= value <= slider.maximum
        steps = (value - slider.minimum) / slider.step
        assert steps == pytest.approx(round(steps)), f"the slider cannot stand at {look} {value}"


@pytest.mark.parametrize("style", STYLES)
def test_a_style_shows_its_own_settings_in_its_own_ranges(controls: Controls, style: str) -> None:
    updates = controls.shown_for(style)
    known = {item.name: item for item in fields(STYLES[style])}
    for name, update in zip(controls.components, updates, strict=False):
        assert update["visible"] == (name in known)
        if name in known and "range" in known[name].metadata:
            assert update["minimum"] == known[name].metadata["range"][0]
    groups = dict(zip(controls.groups, updates[len(controls.components) :], strict=True))
    assert groups["Picture size"]["visible"]
    assert groups["Colours"]["visible"] == (style == "default")


def test_what_nobody_changed_becomes_the_other_styles_own(controls: Controls) -> None:
    values = [component.value for component in controls.components.values()]
    moved = dict(zip(controls.components, controls.moved_to("varied", values), strict=True))
    assert moved["alphabet"]["value"] == "mixed62"
    assert moved["width"]["value"] == 0
    assert moved["fonts"]["value"] == []
    assert moved["lines"] == gr.skip(), "it is not of that style, and waits as it is"
    values[list(controls.components).index("width")] = 200
    moved = dict(zip(controls.components, controls.moved_to("varied", values), strict=True))
    assert moved["width"] == gr.skip()


def test_an_address_gives_values_of_the_right_kind(controls: Controls) -> None:
    texts = {
        "spots": "7",
        "rotation": "3.5",
        "alphabet": "digits",
        "fonts": "DejaVuSans,DejaVuSerif",
        "text_colors": "",
    }
    parsed: dict[str, Any] = {name: controls.parser_of(name)(text) for name, text in texts.items()}
    assert parsed["text_colors"] == []
    assert chosen_style("default", parsed) == GeneratorSettings(
        spots=7, rotation=3.5, alphabet="digits", fonts=("DejaVuSans", "DejaVuSerif")
    )
    for name, text in (("spots", "7.5"), ("spots", "9999"), ("rotation", "nan"), ("fonts", "DejaVuSans,/etc/passwd")):
        with pytest.raises(ValueError):
            controls.parser_of(name)(text)
    assert controls.parser_of("width")("0") == 0, "the style varied has it"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"min_length": 9},
            "“Shortest text” 9 is above “Longest text” 6; raise “Longest text” or lower “Shortest text”.",
        ),
        ({"width": 9}, "“Width” is 9; give “Width” between 32 and 1024."),
        ({"fonts": []}, "No font is named; give at least one with “Fonts”."),
    ],
)
def test_messages_speak_of_labels(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(CaptchaLabError) as caught:
        chosen_style("default", settings)
    assert in_page_words(str(caught.value)) == said


def test_words_that_are_no_settings_stay() -> None:
    assert in_page_words("The lines of height --line-width") == "The lines of height “Line width”"
