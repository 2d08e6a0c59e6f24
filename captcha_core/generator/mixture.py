"""Several styles in turn: what a reader of captchas in general learns from."""

from __future__ import annotations

import random
from collections.abc import Sequence

from captcha_core.alphabet import NAMED_ALPHABETS
from captcha_core.generator.base import Captcha, Style
from captcha_core.generator.pycaptcha import PycaptchaSettings
from captcha_core.generator.styles import GeneratorSettings
from captcha_core.generator.varied import VariedSettings


class Mixture:
    """Pictures by number, each of a style that the number decides."""

    def __init__(self, styles: Sequence[tuple[Style, float]], seed: int) -> None:
        """Keep the styles, each with how often it comes as a weight, and the seed of all of them."""
        self._styles = [style for style, _ in styles]
        self._weights = [weight for _, weight in styles]
        self._seed = seed

    def draw(self, number: int) -> Captcha:
        """Draw one picture."""
        rng = random.Random(f"mixture/{self._seed}/{number}")
        style = rng.choices(self._styles, self._weights)[0]
        return style.draw(self._seed, number, 1)[0]


def general_mixture(alphabet: str, max_length: int, fonts: tuple[str, ...], seed: int) -> Mixture:
    """Return the mixture for a general reader: any look mostly, some of the ``captcha`` package and of our own style.

    Args:
        alphabet: The characters that may be drawn.
        max_length: Longest text, in characters.
        fonts: Folders, names or files of fonts for the varied style; empty for those at hand.
        seed: Where all pictures come from.

    Raises:
        CaptchaLabError: If the ``captcha`` package or a font is missing.
    """
    shortest, longest = min(4, max_length), min(8, max_length)
    varied = VariedSettings(
        alphabet=alphabet, min_length=min(3, max_length), max_length=min(10, max_length), fonts=fonts
    )
    styles: list[tuple[Style, float]] = [(varied, 75.0)]
    for name, weight in (("digits", 2.0), ("lower36", 6.0), ("upper36", 2.0), ("mixed62", 7.0)):
        symbols = "".join(c for c in alphabet if c in NAMED_ALPHABETS[name])
        if len(symbols) < min(10, len(alphabet)):
            continue
        styles.append((PycaptchaSettings(symbols, shortest, longest), weight))
        for strength in (0.5, 1.0):
            own = GeneratorSettings(
                alphabet=symbols,
                min_length=shortest,
                max_length=longest,
                spots=round(60 * strength),
                lines=round(4 * strength),
                elastic_alpha=60 * strength,
                rotation=30 * strength,
            )
            styles.append((own, weight / 4))
    return Mixture(styles, seed)
