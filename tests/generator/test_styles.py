from dataclasses import fields, replace

import pytest

from captcha_core.errors import CaptchaLabError
from captcha_core.generator import GeneratorSettings

RANGED = [(f.name, *f.metadata["range"]) for f in fields(GeneratorSettings) if "range" in f.metadata]


@pytest.mark.parametrize(("name", "low", "high"), RANGED)
def test_each_strength_is_held_to_its_range(name: str, low: float, high: float) -> None:
    for value in (low - 1, high + 1, float("nan")):
        with pytest.raises(CaptchaLabError, match=f"{name} is {value}.*--{name.replace('_', '-')}"):
            replace(GeneratorSettings(), **{name: value})  # type: ignore[arg-type]


def test_every_setting_has_a_help_text() -> None:
    assert all(item.metadata["help"] for item in fields(GeneratorSettings))


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ({"min_length": 7, "max_length": 6}, "7"),
        ({"text_colors": ("reddish",)}, "'reddish'"),
        ({"background_colors": ("#12",)}, "'#12'"),
        ({"fonts": ("NoSuchFont",)}, "'NoSuchFont'"),
        ({"fonts": ()}, "--fonts"),
        ({"alphabet": "aa"}, "'a'"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_value(setting: dict[str, object], named: str) -> None:
    with pytest.raises(CaptchaLabError, match=named):
        GeneratorSettings(**setting)  # type: ignore[arg-type]


def test_colours_are_read_as_rgb() -> None:
    settings = GeneratorSettings(text_colors=("#010203", "navy"))
    assert settings.text_palette == ((1, 2, 3), (0, 0, 128))
