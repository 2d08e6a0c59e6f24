"""Characters as masks: from a cache, scaled, turned and slanted, and with the effects that captchas put on them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from captcha_core.generator.varied.faces import open_face

Mask = NDArray[np.uint8]

# Sizes, in pixels per em, that characters are rasterised at; others are scaled from the next larger one.
_SIZES = (16, 24, 36, 56, 96)


@dataclass(frozen=True)
class Glyph:
    """A character's ink.

    Attributes:
        mask: Coverage, uint8 (H, W).
        left: From the pen's place to the mask's left edge, in pixels.
        top: From the line that characters stand on to the mask's upper edge, in pixels, mostly negative.
        advance: From this pen's place to the next character's, in pixels.
    """

    mask: Mask
    left: float
    top: float
    advance: float

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the mask, from the pen's place on the line, in pixels (x, y)."""
        return self.left + self.mask.shape[1] / 2, self.top + self.mask.shape[0] / 2


@lru_cache(maxsize=20_000)
def raster(file: Path, size: int, character: str) -> Glyph:
    """Return a character at one of the sizes; a pixel of room on each side keeps the edges smooth when it is turned."""
    face = open_face(file, size)
    core, offset = face.getmask2(character, anchor="ls")
    width, height = core.size
    mask = np.zeros((height + 2, width + 2), np.uint8)
    mask[1:-1, 1:-1] = np.frombuffer(bytes(core), np.uint8).reshape(height, width)
    return Glyph(mask, offset[0] - 1, offset[1] - 1, max(face.getlength(character), 0.8 * width))


def nearest_size(size: float) -> int:
    """Return the rasterised size to scale from."""
    return next((s for s in _SIZES if s >= size * 0.9), _SIZES[-1])


def place(glyph: Glyph, scale: float, angle: float, shear: float, stretch: float, smooth: bool) -> Glyph:
    """Return a glyph scaled, turned about its middle and slanted.

    Args:
        glyph: The character as rasterised.
        scale: Factor of both axes.
        angle: Clockwise, in radians.
        shear: Sideways over upward.
        stretch: Further factor of the width.
        smooth: Whether edges are anti-aliased.
    """
    if not angle and not shear and abs(scale - 1) < 0.03 and abs(stretch - 1) < 0.03:
        return glyph if smooth else _hard(glyph)
    cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
    a, b = cos * stretch, cos * shear - sin
    c, d = sin * stretch, sin * shear + cos
    height, width = glyph.mask.shape
    new_width = math.ceil(abs(a) * width + abs(b) * height) + 1
    new_height = math.ceil(abs(c) * width + abs(d) * height) + 1
    x, y = (width - 1) / 2, (height - 1) / 2
    matrix = np.array(
        [
            [a, b, (new_width - 1) / 2 - a * x - b * y],
            [c, d, (new_height - 1) / 2 - c * x - d * y],
        ]
    )
    mask = cv2.warpAffine(glyph.mask, matrix, (new_width, new_height), flags=cv2.INTER_LINEAR)
    middle_x, middle_y = glyph.centre
    moved = Glyph(
        np.asarray(mask, np.uint8),
        middle_x * scale * stretch - new_width / 2,
        middle_y * scale - new_height / 2,
        glyph.advance * scale * stretch,
    )
    return moved if smooth else _hard(moved)


def _hard(glyph: Glyph) -> Glyph:
    mask = np.where(glyph.mask > 110, 255, 0).astype(np.uint8)
    return Glyph(mask, glyph.left, glyph.top, glyph.advance)


def grow(glyph: Glyph, pixels: int) -> Glyph:
    """Return a glyph whose mask has so many more pixels on each side."""
    if not pixels:
        return glyph
    return Glyph(np.pad(glyph.mask, pixels), glyph.left - pixels, glyph.top - pixels, glyph.advance)


def _disc(radius: int) -> Mask:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)


def bolder(mask: Mask, radius: int) -> Mask:
    """Return a mask with thicker strokes."""
    return np.asarray(cv2.dilate(mask, _disc(radius)), np.uint8)


def outline(mask: Mask, radius: int) -> Mask:
    """Return only the rim of the strokes, about ``radius`` pixels wide."""
    return np.asarray(cv2.subtract(bolder(mask, radius), cv2.erode(mask, _disc(max(1, radius // 2)))), np.uint8)


def dotted(mask: Mask, rng: random.Random) -> Mask:
    """Return a mask through a screen of dots, as a printer's."""
    step = rng.randint(2, max(3, mask.shape[0] // 9))
    y, x = np.ogrid[: mask.shape[0], : mask.shape[1]]
    radius = step * rng.uniform(0.45, 0.62)
    screen = (y % (2 * step) - step) ** 2 + (x % (2 * step) - step) ** 2 < radius**2 * 2.4
    return mask * screen.astype(np.uint8)


def striped(mask: Mask, rng: random.Random) -> Mask:
    """Return a mask with slanted stripes taken out."""
    period = rng.uniform(3, max(4, mask.shape[0] / 6))
    angle = rng.uniform(0, math.pi)
    y, x = np.ogrid[: mask.shape[0], : mask.shape[1]]
    wave = (x * math.cos(angle) + y * math.sin(angle)) / period + rng.random()
    return mask * ((wave % 1.0) < rng.uniform(0.5, 0.75)).astype(np.uint8)


def speckled(mask: Mask, rng: random.Random) -> Mask:
    """Return a mask that lacks random pixels or clumps of them."""
    noise = np.random.default_rng(rng.getrandbits(64)).random(mask.shape, np.float32)
    if rng.random() < 0.5:
        noise = np.asarray(cv2.blur(noise, (3, 3)), np.float32)
        level = 0.5 - rng.uniform(0.0, 0.14)
    else:
        level = rng.uniform(0.1, 0.5)
    return mask * (noise > level).astype(np.uint8)


def cracked(mask: Mask, rng: random.Random) -> Mask:
    """Return a mask with a few straight cuts through it."""
    cut = mask.copy()
    height, width = mask.shape
    for _ in range(rng.randint(1, 4)):
        start = (rng.randint(0, width), rng.randint(0, height))
        end = (rng.randint(0, width), rng.randint(0, height))
        cv2.line(cut, start, end, 0, rng.randint(1, max(1, height // 20)))
    return cut


SCREENS: tuple[Callable[[Mask, random.Random], Mask], ...] = (dotted, striped, speckled, cracked)
"""What takes parts of the ink away."""
