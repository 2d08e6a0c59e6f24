import random
from dataclasses import fields, replace

import pytest

from captcha_core.errors import CaptchaLabError
from captcha_core.generator import STYLES, Style, generate_captcha
from tests.generator.samples import BOTH_STYLES

COMMON = [(f.name, *f.metadata["range"]) for f in fields(Style) if "range" in f.metadata]


@pytest.mark.parametrize("style", list(STYLES.values()))
@pytest.mark.parametrize(("name", "low", "high"), COMMON)
def test_every_style_holds_text_and_size_to_their_ranges(style: type[Style], name: str, low: int, high: int) -> None:
    for value in (low - 1, high + 1):
        with pytest.raises(CaptchaLabError, match=f"{name} is {value}.*--{name.replace('_', '-')}"):
            style(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("style", BOTH_STYLES.values(), ids=BOTH_STYLES)
def test_text_and_size_are_as_they_were_asked_for(style: Style) -> None:
    for number in range(20):
        captcha = generate_captcha(replace(style, alphabet="xyz"), seed=1, index=number)
        assert set(captcha.text) <= set("xyz") and len(captcha.text) in (2, 3)
        assert captcha.image.size == (64, 24) and captcha.image.mode == "RGB"


@pytest.mark.parametrize("style", BOTH_STYLES.values(), ids=BOTH_STYLES)
def test_a_picture_does_not_depend_on_those_drawn_with_it(style: Style) -> None:
    together = style.draw(seed=2, start=5, count=4)
    for number, captcha in enumerate(together, 5):
        alone = generate_captcha(style, seed=2, index=number)
        assert (alone.text, alone.image.tobytes()) == (captcha.text, captcha.image.tobytes())
    assert len({captcha.image.tobytes() for captcha in together}) == 4


def test_the_text_of_a_number_is_the_same_in_every_style() -> None:
    texts = {tuple(captcha.text for captcha in style.draw(3, 0, 5)) for style in BOTH_STYLES.values()}
    assert len(texts) == 1


def test_lengths_are_drawn_from_the_whole_range() -> None:
    rng = random.Random(0)
    assert {len(BOTH_STYLES["default"].random_text(rng)) for _ in range(50)} == {2, 3}
