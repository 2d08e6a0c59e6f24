"""Colours that keep a text visible, more or less."""

from __future__ import annotations

import colorsys
import math
import random
from dataclasses import dataclass

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Palette:
    """The colours of one picture.

    Attributes:
        paper: The background's.
        second: What the background changes to, if it does.
        inks: The text's, one or several.
        distance: Least Euclidean distance of an ink from the background, in RGB steps of 0..255.
    """

    paper: Colour
    second: Colour
    inks: tuple[Colour, ...]
    distance: float

    def ink(self, rng: random.Random) -> Colour:
        """Return one of the text's colours."""
        return rng.choice(self.inks)


def draw_palette(rng: random.Random) -> Palette:
    """Draw the colours of a picture: mostly dark on light, also light on dark, and any on any."""
    kind = rng.random()
    if kind < 0.25:
        paper = (255, 255, 255)
    elif kind < 0.60:
        paper = hsv(rng, (0.0, 0.25), (0.82, 1.0))
    elif kind < 0.66:
        paper = (0, 0, 0)
    elif kind < 0.80:
        paper = hsv(rng, (0.0, 1.0), (0.0, 0.35))
    else:
        paper = hsv(rng, (0.0, 0.9), (0.2, 1.0))
    distance = rng.choice((60, 90, 130, 130, 180, 180, 220))
    near = tuple(max(0, min(255, value + rng.randint(-60, 60))) for value in paper)
    second: Colour = (near[0], near[1], near[2]) if rng.random() < 0.7 else any_colour(rng)
    count = 1 if rng.random() < 0.55 else rng.randint(2, 10)
    grey = rng.random() < 0.3
    return Palette(paper, second, tuple(_ink(paper, second, distance, grey, rng) for _ in range(count)), distance)


def _ink(paper: Colour, second: Colour, distance: float, grey: bool, rng: random.Random) -> Colour:
    """Return a colour so far from both of the background's; the farthest of many where there is none."""
    best, farthest = (0, 0, 0), -1.0
    for _ in range(12):
        colour = _grey(rng) if grey else any_colour(rng)
        far = min(math.dist(colour, paper), math.dist(colour, second))
        if far >= distance:
            return colour
        if far > farthest:
            best, farthest = colour, far
    return best if farthest >= 60 else max(((0, 0, 0), (255, 255, 255)), key=lambda c: math.dist(c, paper))


def any_colour(rng: random.Random) -> Colour:
    """Return any colour, saturated ones more often than a cube of RGB would."""
    return hsv(rng, (0.0, 1.0), (0.0, 1.0))


def hsv(rng: random.Random, saturation: tuple[float, float], value: tuple[float, float]) -> Colour:
    """Return a colour of any hue with saturation and value (brightness) in the ranges."""
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), rng.uniform(*saturation), rng.uniform(*value))
    return round(255 * red), round(255 * green), round(255 * blue)


def _grey(rng: random.Random) -> Colour:
    value = rng.choice((0, 0, rng.randint(0, 255), 255))
    return value, value, value
