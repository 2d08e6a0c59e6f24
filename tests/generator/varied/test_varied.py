"""Pictures of the varied style: the number decides all of one, settings are obeyed, the text can be seen."""

from __future__ import annotations

import pickle
import random

import numpy as np
import pytest
from PIL import Image

from captcha_core.alphabet import NAMED_ALPHABETS
from captcha_core.errors import CaptchaLabError
from captcha_core.generator import Captcha, VariedSettings, generate_captchas, save_grid_image
from captcha_core.generator.varied.settings import _drawn_height

FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif", "DejaVuSansMono")
STYLE = VariedSettings(fonts=FONTS)


def same(one: Captcha, other: Captcha) -> bool:
    return one.text == other.text and np.array_equal(np.asarray(one.image), np.asarray(other.image))


@pytest.fixture(scope="module")
def drawn() -> list[Captcha]:
    return STYLE.draw(seed=1, start=0, count=120)


def test_a_picture_depends_on_its_number_alone(drawn: list[Captcha]) -> None:
    for start, count in ((3, 1), (7, 5), (118, 2)):
        again = pickle.loads(pickle.dumps(STYLE)).draw(1, start, count)
        assert all(same(one, drawn[start + i]) for i, one in enumerate(again))
    assert not same(STYLE.draw(2, 0, 1)[0], drawn[0])


def test_workers_draw_the_same_bytes() -> None:
    assert list(generate_captchas(STYLE, 9, seed=4)) == list(generate_captchas(STYLE, 9, seed=4, workers=2))


def test_unset_sizes_and_texts_are_those_of_captchas(drawn: list[Captcha]) -> None:
    assert all(c.image.mode == "RGB" and 60 <= c.image.width <= 640 and 24 <= c.image.height <= 240 for c in drawn)
    assert all(3 <= len(c.text) <= 10 for c in drawn)
    assert len({c.image.size for c in drawn}) > 100
    texts = [c.text for c in drawn]
    for kind in ("digits", "lower", "upper"):
        assert any(set(text) <= set(NAMED_ALPHABETS[kind]) for text in texts), kind
    assert any(text.lower() != text != text.upper() for text in texts)


@pytest.mark.parametrize(
    "settings",
    [
        {"width": 150, "height": 40, "alphabet": "lower36", "min_length": 5, "max_length": 6},
        {"width": 32, "height": 16, "alphabet": "digits", "min_length": 1, "max_length": 2},
        {"height": 200, "alphabet": "xyz", "min_length": 12, "max_length": 12},
        {"width": 700, "alphabet": "aA+=?", "min_length": 4, "max_length": 4},
    ],
)
def test_what_is_set_is_kept(settings: dict[str, object]) -> None:
    style = VariedSettings(fonts=FONTS, **settings)  # type: ignore[arg-type]
    for captcha in style.draw(0, 0, 12):
        assert style.width in (0, captcha.image.width)
        assert style.height in (0, captcha.image.height)
        assert style.min_length <= len(captcha.text) <= style.max_length
        assert set(captcha.text) <= set(style.symbols.symbols)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"width": 20}, "--width 32"),
        ({"height": 15}, "--height 16"),
        ({"height": -1}, "height is -1"),
        ({"fonts": ("NoSuchFont",)}, "NoSuchFont"),
        ({"alphabet": "\u3042", "fonts": ("DejaVuSans",)}, "\u3042"),
    ],
)
def test_what_cannot_be_drawn_is_refused(settings: dict[str, object], named: str) -> None:
    with pytest.raises(CaptchaLabError, match=named):
        VariedSettings(**settings)  # type: ignore[arg-type]


def test_the_text_changes_the_picture_where_it_stands(drawn: list[Captcha]) -> None:
    """A picture without variance in any row or column band would be an empty one."""
    for captcha in drawn:
        assert np.asarray(captcha.image, float).std() > 3, captcha.text


def test_looks_differ_from_picture_to_picture(drawn: list[Captcha]) -> None:
    corners = {tuple(np.asarray(c.image)[0, 0]) for c in drawn}
    assert len(corners) > 60


def test_heights_are_those_of_captchas() -> None:
    rng = random.Random(0)
    heights = [_drawn_height(rng) for _ in range(2000)]
    assert min(heights) >= 24 and max(heights) <= 240
    assert 45 < float(np.median(heights)) < 65


def test_pictures_of_many_sizes_share_a_grid(drawn: list[Captcha], tmp_path) -> None:
    save_grid_image(drawn[:20], tmp_path / "grid.png")
    with Image.open(tmp_path / "grid.png") as sheet:
        assert sheet.width <= 10 * 204 + 4
        assert sheet.height <= 2 * 98 + 4
