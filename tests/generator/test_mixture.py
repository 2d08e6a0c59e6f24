"""The mixture that a general reader learns from."""

from __future__ import annotations

from collections import Counter

import numpy as np

from captcha_core.generator import GeneratorSettings, VariedSettings
from captcha_core.generator.mixture import Mixture, general_mixture

SMALL = {"width": 64, "height": 24, "min_length": 2, "max_length": 2}
FONTS = ("DejaVuSans",)


def test_the_number_alone_decides_the_picture() -> None:
    one, other = (general_mixture("abc123xyz789", 6, FONTS, seed=5) for _ in range(2))
    for number in (0, 7, 3, 7):
        first, second = one.draw(number), other.draw(number)
        assert first.text == second.text
        assert np.array_equal(np.asarray(first.image), np.asarray(second.image))
    texts = [one.draw(number).text for number in range(40)]
    assert len(set(texts)) > 35
    assert texts != [general_mixture("abc123xyz789", 6, FONTS, seed=6).draw(number).text for number in range(40)]


def test_styles_come_as_often_as_their_weights_say() -> None:
    styles = [(GeneratorSettings(alphabet=c, **SMALL), weight) for c, weight in (("a", 3.0), ("b", 1.0))]  # type: ignore[arg-type]
    drawn = Counter(Mixture(styles, seed=1).draw(number).text for number in range(400))
    assert 260 < drawn["aa"] < 340
    assert drawn["aa"] + drawn["bb"] == 400


def test_only_wanted_characters_and_lengths_are_drawn() -> None:
    for alphabet, longest in (("0123456789", 3), ("ab", 12), ("0123456789abcdefghijklmnopqrstuvwxyz", 5)):
        mixture = general_mixture(alphabet, longest, FONTS, seed=0)
        assert isinstance(mixture._styles[0], VariedSettings)
        for number in range(30):
            text = mixture.draw(number).text
            assert set(text) <= set(alphabet)
            assert min(3, longest) <= len(text) <= longest
