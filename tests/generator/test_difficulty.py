"""The steps from plain to very hard."""

from __future__ import annotations

import numpy as np
import pytest

from captcha_core.generator import GeneratorSettings, VariedSettings
from captcha_core.generator.difficulty import DIFFICULTIES, LOOKS, difficulty_of


@pytest.mark.parametrize("name", DIFFICULTIES)
def test_every_difficulty_can_be_drawn_and_is_told_again(name: str) -> None:
    settings = GeneratorSettings(alphabet="digits", width=100, **DIFFICULTIES[name])
    assert difficulty_of(settings) == name


def test_the_default_is_in_the_middle_and_other_strengths_have_no_name() -> None:
    assert list(DIFFICULTIES).index(str(difficulty_of(GeneratorSettings()))) == len(DIFFICULTIES) // 2
    assert difficulty_of(GeneratorSettings(lines=3)) is None
    assert difficulty_of(VariedSettings()) is None


def test_each_step_is_at_least_as_strong_as_the_one_before() -> None:
    for look in ("size_jitter", "rotation", "shear", "offset", "spots", "lines", "elastic_alpha"):
        values = [difficulty[look] for difficulty in DIFFICULTIES.values()]
        assert values == sorted(values), look
    assert "spacing" in LOOKS and "fonts" not in LOOKS and "width" not in LOOKS


def test_plain_has_no_noise() -> None:
    settings = GeneratorSettings(text_colors=("black",), background_colors=("white",), **DIFFICULTIES["Plain"])
    pixels = np.asarray(settings.draw(0, 0, 1)[0].image.convert("L"))
    assert pixels[:, :4].min() > 128, "something is drawn beside the text"
