"""What a page draws for strangers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from captcha_core.errors import CaptchaLabError
from captcha_core.generator import GeneratorSettings, VariedSettings
from captcha_core.generator.fonts import find_font
from captcha_core.generator.limits import MOST_NAMES, check_count, most_pictures, visitors_style

FONT = find_font("DejaVuSans")


@pytest.mark.parametrize("style", ["default", "varied"])
def test_a_font_at_hand_has_a_name_and_no_path(style: str) -> None:
    assert visitors_style(style, {"fonts": ["DejaVuSans"]}) is not None
    for path in (str(FONT), str(FONT.parent), "/etc/passwd", "."):
        with pytest.raises(CaptchaLabError, match="no font") as caught:
            visitors_style(style, {"fonts": [path]})
        assert str(Path(FONT).parent) not in str(caught.value).replace(repr(path[:40]), "")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"alphabet": "".join(map(chr, range(0x4E00, 0x5E00)))}, "4096 characters"),
        ({"fonts": ["DejaVuSans"] * (MOST_NAMES + 1)}, "too many"),
        ({"text_colors": ["x" * 1000]}, "no name for --text-colors"),
        ({"text_colors": [None]}, "no name for --text-colors"),
        ({"text_colors": "navy"}, "give a list"),
    ],
)
def test_what_is_long_is_refused_in_a_short_sentence(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(CaptchaLabError) as caught:
        visitors_style("default", settings)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 250


def test_large_pictures_are_fewer() -> None:
    assert most_pictures(GeneratorSettings(width=100, height=50), 50_000) == 10
    assert most_pictures(GeneratorSettings(width=1024, height=512), 1) == 1
    assert 1 < most_pictures(VariedSettings(height=512), 1_000_000) < most_pictures(VariedSettings(), 1_000_000)


def test_the_usual_size_of_varied_pictures_is_about_what_they_have() -> None:
    drawn = VariedSettings().draw(0, 0, 60)
    mean = sum(captcha.image.width * captcha.image.height for captcha in drawn) / len(drawn)
    assert 0.6 < mean * most_pictures(VariedSettings(), 10_000_000) / 10_000_000 < 1.6


def test_counts_have_bounds() -> None:
    style = GeneratorSettings(width=100, height=50)
    assert check_count(10.0, 20, style, 50_000) == 10
    for count in (0, 21, 1.5, None, "3", True, float("nan"), 10**400):
        with pytest.raises(CaptchaLabError, match="from 1 to 20"):
            check_count(count, 20, style, 10**9)
    with pytest.raises(CaptchaLabError, match="at most 10 or smaller"):
        check_count(11, 20, style, 50_000)
