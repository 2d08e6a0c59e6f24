"""The default style: every strength has a name, a default and a range."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

from captcha_core.errors import CaptchaLabError
from captcha_core.generator.base import Captcha, Style, setting
from captcha_core.generator.distortion import elastic_transform
from captcha_core.generator.drawing import draw_background, draw_lines, draw_spots, draw_text
from captcha_core.generator.fonts import DEFAULT_FONTS, check_font


@dataclass(frozen=True)
class GeneratorSettings(Style):
    """How captchas of the default style look.

    Attributes:
        fonts: Names or files of fonts, one drawn for every character.
        text_colors: Colours as "#rrggbb" or CSS names, one drawn for every character, spot and line;
            empty for random dark ones.
        background_colors: The same for the background; empty for random light ones.

    Raises:
        CaptchaLabError: If a value is outside its range, or a colour, font or alphabet does not exist.
    """

    source: ClassVar[str] = "generator"

    char_size: float = setting(0.62, 0.2, 1.0, "font size as a share of the height")
    size_jitter: float = setting(0.1, 0.0, 0.5, "largest change of a character's size, as a share")
    rotation: float = setting(15.0, 0.0, 90.0, "largest rotation of a character, in degrees")
    shear: float = setting(0.15, 0.0, 1.0, "largest slant of a character, as sideways over upward")
    offset: float = setting(0.08, 0.0, 0.5, "largest vertical shift of a character, as a share of the height")
    spacing: float = setting(0.0, -0.5, 1.0, "space between characters, as a share of the font size")
    spots: int = setting(30, 0, 2000, "number of spots", usual=400)
    spot_size: int = setting(2, 1, 32, "largest diameter of a spot, in pixels", usual=10)
    lines: int = setting(2, 0, 100, "number of lines", usual=20)
    line_width: int = setting(2, 1, 32, "largest width of a line, in pixels", usual=10)
    elastic_alpha: float = setting(
        40.0, 0.0, 1000.0, "strength of the elastic distortion (Simard's alpha, in pixels)", usual=200.0
    )
    elastic_sigma: float = setting(
        6.0, 1.0, 64.0, "smoothness of the elastic distortion (Simard's sigma, in pixels)", usual=20.0
    )
    fonts: tuple[str, ...] = field(default=DEFAULT_FONTS, metadata={"help": "names or files of fonts"})
    text_colors: tuple[str, ...] = field(default=(), metadata={"help": "colours of text, spots and lines"})
    background_colors: tuple[str, ...] = field(default=(), metadata={"help": "colours of the background"})

    def __post_init__(self) -> None:
        """Check every value once, so that drawing need not."""
        super().__post_init__()
        if not self.fonts:
            raise CaptchaLabError("No font is named; give at least one with --fonts.")
        for name in self.fonts:
            check_font(name, self.symbols.symbols)
        _ = self.text_palette, self.background_palette

    def draw(self, seed: int, start: int, count: int) -> list[Captcha]:
        """Draw pictures by number; their elastic distortion is computed together.

        Every picture has random sources of its own, made from seed and number, so it does not matter which
        worker draws it, or beside which others.
        """
        numbers = range(start, start + count)
        drawn = [self._undistorted(random.Random(f"{seed}/{number}")) for number in numbers]
        rngs = [np.random.Generator(np.random.PCG64([seed, number])) for number in numbers]
        pixels = np.stack([_to_array(captcha.image) for captcha in drawn])
        pixels = elastic_transform(pixels, self.elastic_alpha, self.elastic_sigma, rngs)
        return [Captcha(_to_image(p), c.text) for p, c in zip(pixels, drawn, strict=True)]

    def _undistorted(self, rng: random.Random) -> Captcha:
        text = self.random_text(rng)
        image = draw_background(self, rng)
        draw_text(image, text, self, rng)
        draw_spots(image, self, rng)
        draw_lines(image, self, rng)
        return Captcha(image, text)

    @cached_property
    def text_palette(self) -> tuple[tuple[int, int, int], ...]:
        """The text's colours as RGB, empty for random dark ones."""
        return tuple(_parse_color(text) for text in self.text_colors)

    @cached_property
    def background_palette(self) -> tuple[tuple[int, int, int], ...]:
        """The background's colours as RGB, empty for random light ones."""
        return tuple(_parse_color(text) for text in self.background_colors)


def _parse_color(text: str) -> tuple[int, int, int]:
    try:
        return ImageColor.getrgb(text)[:3]
    except ValueError as error:
        raise CaptchaLabError(f"{text!r} is not a colour; write #rrggbb or a CSS name such as navy.") from error


def _to_array(image: Image.Image) -> NDArray[np.uint8]:
    """Return an RGB picture as (H, W, 4); the idle fourth byte, which Pillow keeps too, makes it quick."""
    return np.frombuffer(image.tobytes("raw", "RGBX"), np.uint8).reshape(image.height, image.width, 4)


def _to_image(pixels: NDArray[np.uint8]) -> Image.Image:
    height, width, _ = pixels.shape
    return Image.frombytes("RGB", (width, height), pixels.tobytes(), "raw", "RGBX")
