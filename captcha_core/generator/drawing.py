"""Drawing one captcha: characters from a glyph cache, spots and lines."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from captcha_core.generator.fonts import find_font

if TYPE_CHECKING:
    # The settings draw themselves with this module, which therefore cannot import them first.
    from captcha_core.generator.styles import GeneratorSettings

Color = tuple[int, int, int]


def draw_background(settings: GeneratorSettings, rng: random.Random) -> Image.Image:
    """Return an empty RGB picture in one background colour."""
    palette = settings.background_palette
    color = rng.choice(palette) if palette else _random_color(rng, 205, 255)
    return Image.new("RGB", (settings.width, settings.height), color)


def draw_text(image: Image.Image, text: str, settings: GeneratorSettings, rng: random.Random) -> None:
    """Draw a text into the picture, each character with its own font, size, rotation, slant, height and colour.

    A text that would be too wide is drawn smaller, so that every character stands in the picture; one that is too
    tall for it, turned or not, is cut at the edge.

    Args:
        image: RGB picture to draw into.
        text: What to write.
        settings: Font, size and strengths.
        rng: Source of randomness.
    """
    size = max(6, round(settings.char_size * image.height))
    fonts = [rng.choice(settings.fonts) for _ in text]
    scales = [1.0 + rng.uniform(-1, 1) * settings.size_jitter for _ in text]
    glyphs = [_glyph(font, size, c) for font, c in zip(fonts, text, strict=True)]
    gap = settings.spacing * size
    margin = 0.04 * image.width
    # However tight the spacing, each character stands to the right of the one before.
    steps = [max(g.advance * s + gap, 0.15 * size) for g, s in zip(glyphs, scales, strict=True)]
    natural = sum(steps[:-1]) + glyphs[-1].advance * scales[-1]
    shrink = min(1.0, (image.width - 2 * margin) / max(natural, 1.0))
    x = margin + rng.random() * (image.width - 2 * margin - natural * shrink)
    for glyph, natural_scale, step in zip(glyphs, scales, steps, strict=True):
        scale = natural_scale * shrink
        mask = _place(glyph.mask, scale, settings, rng)
        middle = image.height * (0.5 + rng.uniform(-1, 1) * settings.offset) + glyph.rise * scale
        left = _inside(x + (glyph.advance * scale - mask.width) / 2, mask.width, image.width)
        top = _inside(middle - mask.height / 2, mask.height, image.height)
        image.paste(_ink(settings, rng), (left, top, left + mask.width, top + mask.height), mask)
        x += step * shrink


def draw_spots(image: Image.Image, settings: GeneratorSettings, rng: random.Random) -> None:
    """Draw round spots of random place, colour and diameter (1 pixel to ``spot_size``) over the picture."""
    pen = ImageDraw.Draw(image)
    for _ in range(settings.spots):
        x, y = int(rng.random() * image.width), int(rng.random() * image.height)
        reach = int(rng.random() * settings.spot_size)
        if reach:
            pen.ellipse((x, y, x + reach, y + reach), fill=_ink(settings, rng))
        else:
            # Pillow draws nothing at all for an ellipse of one pixel.
            pen.point((x, y), fill=_ink(settings, rng))


def draw_lines(image: Image.Image, settings: GeneratorSettings, rng: random.Random) -> None:
    """Draw straight lines from the left half to the right half, 1 pixel to ``line_width`` wide."""
    pen = ImageDraw.Draw(image)
    half = image.width / 2
    for _ in range(settings.lines):
        start = (rng.random() * half, rng.random() * image.height)
        end = (half + rng.random() * half, rng.random() * image.height)
        pen.line((start, end), fill=_ink(settings, rng), width=1 + int(rng.random() * settings.line_width))


@dataclass(frozen=True)
class _Glyph:
    """A character's ink as an "L" mask cut to its box, its advance, and its middle's distance below the line's."""

    mask: Image.Image
    advance: float
    rise: float


@lru_cache(maxsize=4096)
def _glyph(font: str, size: int, character: str) -> _Glyph:
    face = ImageFont.truetype(str(find_font(font)), size)
    left, top, right, bottom = face.getbbox(character)
    # A pixel of room on each side keeps the edges smooth when the mask is turned.
    mask = Image.new("L", (math.ceil(right - left) + 2, math.ceil(bottom - top) + 2), 0)
    ImageDraw.Draw(mask).text((1 - left, 1 - top), character, fill=255, font=face)
    # The line's middle is that of the letter "x" and of a capital together.
    _, x_top, _, base = face.getbbox("x")
    line = (face.getbbox("H")[1] + x_top) / 4 + base / 2
    return _Glyph(mask, max(face.getlength(character), right - left), (top + bottom) / 2 - line)


def _place(glyph: Image.Image, scale: float, settings: GeneratorSettings, rng: random.Random) -> Image.Image:
    """Scale, slant and rotate a glyph in one resampling, in a box just large enough."""
    angle = math.radians(rng.uniform(-1, 1) * settings.rotation)
    shear = rng.uniform(-1, 1) * settings.shear
    cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
    # Forward map of (x, y) from the glyph's centre: rotate(shear(x, y)).
    a, b, c, d = cos, cos * shear - sin, sin, sin * shear + cos
    width = math.ceil(abs(a) * glyph.width + abs(b) * glyph.height)
    height = math.ceil(abs(c) * glyph.width + abs(d) * glyph.height)
    determinant = a * d - b * c
    ia, ib, ic, id_ = d / determinant, -b / determinant, -c / determinant, a / determinant
    x0, y0 = width / 2, height / 2
    inverse = (ia, ib, glyph.width / 2 - ia * x0 - ib * y0, ic, id_, glyph.height / 2 - ic * x0 - id_ * y0)
    return glyph.transform((width, height), Image.Transform.AFFINE, inverse, Image.Resampling.BILINEAR)


def _inside(corner: float, size: int, room: int) -> int:
    """Return the nearest place to ``corner`` where something of this size lies in the room, if it fits."""
    return round(min(max(corner, 0), max(room - size, 0)))


def _ink(settings: GeneratorSettings, rng: random.Random) -> Color:
    palette = settings.text_palette
    return rng.choice(palette) if palette else _random_color(rng, 0, 120)


def _random_color(rng: random.Random, low: int, high: int) -> Color:
    span = high - low + 1
    return low + int(rng.random() * span), low + int(rng.random() * span), low + int(rng.random() * span)
