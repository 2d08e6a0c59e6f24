"""The varied style: what may be set of it, and how one picture of it comes about."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from captcha_core.alphabet import NAMED_ALPHABETS
from captcha_core.errors import CaptchaLabError
from captcha_core.generator.base import Captcha, Style, setting
from captcha_core.generator.varied.backgrounds import draw_background
from captcha_core.generator.varied.clutter import draw_clutter, draw_ghosts
from captcha_core.generator.varied.colours import Palette, draw_palette
from captcha_core.generator.varied.faces import choose_face
from captcha_core.generator.varied.faults import spoil
from captcha_core.generator.varied.inking import Layer, ink_text
from captcha_core.generator.varied.layout import draw_manner, lay_out
from captcha_core.generator.varied.warps import apply_field, draw_field

# Characters that a captcha's author often leaves out, since people mistake them.
_LOOKALIKES = frozenset("0O1lI")
# What captchas are written in, and how often.
_KINDS = {"digits": 16, "lower": 10, "upper": 14, "lower36": 15, "upper36": 18, "letters52": 7, "mixed62": 20}
# Captchas mostly have four to six characters.
_LENGTHS = {3: 4, 4: 28, 5: 27, 6: 24, 7: 7, 8: 6, 9: 2, 10: 2}
_DRAWN_HEIGHTS = (24, 240)


@dataclass(frozen=True)
class VariedSettings(Style):
    """Text, size and fonts of varied captchas; all else is drawn anew for every picture.

    Attributes:
        fonts: Folders, files or names of fonts; empty for every font at hand.

    Raises:
        CaptchaLabError: If a value is outside its range, or a font or alphabet does not exist.
    """

    source: ClassVar[str] = "varied"

    alphabet: str = field(default="mixed62", metadata={"help": "a named alphabet or the characters themselves"})
    min_length: int = setting(3, 1, 32, "shortest text, in characters")
    max_length: int = setting(10, 1, 32, "longest text, in characters")
    width: int = setting(0, 0, 1024, "width of the picture, in pixels; 0: to fit the text")
    height: int = setting(0, 0, 512, "height of the picture, in pixels; 0: any, 24 to 240")
    fonts: tuple[str, ...] = field(default=(), metadata={"help": "folders, names or files of fonts"})

    def __post_init__(self) -> None:
        """Check every value once, so that drawing need not."""
        super().__post_init__()
        for name, low in (("width", 32), ("height", 16)):
            if 0 < getattr(self, name) < low:
                raise CaptchaLabError(f"{name} is {getattr(self, name)}; give --{name} {low} or more, or 0 for any.")
        choose_face(self.fonts, self.symbols.symbols[:1], random.Random(0))

    def draw(self, seed: int, start: int, count: int) -> list[Captcha]:
        """Draw pictures by number, each with a random source of its own."""
        return [self._draw(random.Random(f"{seed}/{number}")) for number in range(start, start + count)]

    def _draw(self, rng: random.Random) -> Captcha:
        text = self._text(rng)
        height = self.height or _drawn_height(rng)
        width = self.width or None
        main = choose_face(self.fonts, text, rng)
        mixed = rng.random() < 0.2
        files = [choose_face(self.fonts, c, rng) if mixed and rng.random() < 0.7 else main for c in text]
        manner = draw_manner(height, rng)
        placed, width = lay_out(text, files, manner, height, width, rng)
        palette = draw_palette(rng)
        image = draw_background(height, width, palette, rng)
        if rng.random() < 0.08:
            draw_ghosts(image, text + self.symbols.symbols[:10], main, palette, rng)
        draw_clutter(image, palette, rng, rng.choices((0, 1, 2), (66, 25, 9))[0])
        layer = Layer.empty(height, width, palette.inks[0])
        ink_text(layer, placed, palette, manner.size, rng)
        image = _compose(image, layer, palette, rng)
        return Captcha(Image.fromarray(spoil(image, rng)), text)

    def _text(self, rng: random.Random) -> str:
        """Return a text of one of the usual kinds, as far as the alphabet has them."""
        own = self.symbols.symbols
        symbols = own
        kind = NAMED_ALPHABETS[rng.choices(list(_KINDS), list(_KINDS.values()))[0]]
        shared = "".join(c for c in own if c in kind)
        if len(shared) >= min(10, len(own)):
            symbols = shared
        if rng.random() < 0.3:
            clear = "".join(c for c in symbols if c not in _LOOKALIKES)
            symbols = clear if len(clear) >= 5 else symbols
        lengths = range(self.min_length, self.max_length + 1)
        length = rng.choices(lengths, [_LENGTHS.get(n, 1) for n in lengths])[0]
        return "".join(rng.choices(symbols, k=length))


def _drawn_height(rng: random.Random) -> int:
    """Return a height in pixels: 30 to 90 mostly, seldom more or less."""
    low, high = _DRAWN_HEIGHTS
    return round(max(low, min(high, math.exp(rng.gauss(math.log(54), 0.38)))))


def _compose(image: NDArray[np.uint8], layer: Layer, palette: Palette, rng: random.Random) -> NDArray[np.uint8]:
    """Lay the text on its background, with clutter on it, warped alone, with its clutter, or all together."""
    height, width = layer.cover.shape
    kinds = rng.choices((0, 1, 2, 3), (36, 40, 18, 6))[0]
    warped = draw_field(height, width, rng.choice((0.5, 1.0, 1.0, 1.4)), rng)
    smooth, what = rng.random() < 0.8, rng.random()
    if warped is not None and what < 0.4:
        layer = Layer(apply_field(layer.colour, warped, smooth, None), apply_field(layer.cover, warped, smooth, (0,)))
    image = layer.over(image, rng.uniform(0.6, 1.0) if rng.random() < 0.12 else 1.0)
    if warped is None or what < 0.7:
        draw_clutter(image, palette, rng, kinds)
    if warped is not None and what >= 0.4:
        image = apply_field(image, warped, smooth, palette.paper if rng.random() < 0.5 else None)
        if what >= 0.7:
            draw_clutter(image, palette, rng, kinds)
    return image
