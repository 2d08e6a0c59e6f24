"""Where the characters of a text stand: size, turn, slant, spacing and height of each, and the picture's width."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from captcha_core.generator.varied.glyphs import Glyph, Mask, nearest_size, place, raster

# Pixels; what a picture of drawn size lies between.
LEAST_WIDTH, MOST_WIDTH = 60, 640
# Coverage of a pixel that looks like ink.
_INKED = 96


@dataclass(frozen=True)
class Placed:
    """A character's glyph and the place of its upper left corner, in pixels."""

    glyph: Glyph
    x: int
    y: int


@dataclass(frozen=True)
class Manner:
    """How the characters of one picture stand.

    Attributes:
        size: Pixels per em.
        size_jitter: Largest change of a character's size, as a share.
        rotation: Largest turn, in radians.
        tilt: Turn that all have in common, in radians.
        shear: Largest slant.
        stretch: Factor of all widths.
        tracking: Space added between characters, as a share of the size; negative pushes them together.
        tracking_jitter: Largest change of it, as a share of the size.
        smooth: Whether edges are anti-aliased.
        crowding: Largest share of a character's ink, of the narrower of two neighbours, that lies over the other's; 0
            spaces characters by their advances instead.
    """

    size: float
    size_jitter: float
    rotation: float
    tilt: float
    shear: float
    stretch: float
    tracking: float
    tracking_jitter: float
    smooth: bool
    crowding: float


def draw_manner(height: int, rng: random.Random) -> Manner:
    """Draw how the characters stand in a picture of that height, in pixels."""
    steady = rng.random() < 0.3
    turn = math.radians(rng.choice((0, 5, 10, 15, 20, 30, 30, 45)))
    crowding = rng.uniform(0.02, 0.2) if rng.random() < 0.18 else 0.0
    tracking = rng.choice((-0.18, -0.1, -0.05, 0.0, 0.0, 0.05, 0.15, 0.3, 0.5))
    return Manner(
        # Now and then small letters are lost in a large picture.
        size=height * (rng.uniform(0.28, 0.45) if rng.random() < 0.1 else rng.uniform(0.42, 1.05)),
        size_jitter=0.0 if steady else rng.choice((0.0, 0.1, 0.25, 0.45) if crowding else (0.0, 0.08, 0.15, 0.25)),
        rotation=0.0 if steady else turn,
        tilt=rng.uniform(-0.12, 0.12) if rng.random() < 0.12 else 0.0,
        shear=0.0 if steady or rng.random() < 0.5 else rng.uniform(0.05, 0.45),
        stretch=rng.uniform(0.65, 1.35) if rng.random() < 0.35 else 1.0,
        tracking=tracking + rng.uniform(-0.03, 0.03),
        tracking_jitter=0.0 if steady else rng.choice((0.0, 0.0, 0.05, 0.12)),
        smooth=rng.random() < 0.85,
        crowding=crowding,
    )


def lay_out(
    text: str, files: Sequence[Path], manner: Manner, height: int, width: int | None, rng: random.Random
) -> tuple[list[Placed], int]:
    """Place the characters and return them with the picture's width.

    Args:
        text: What to write.
        files: The font of every character.
        manner: How they stand.
        height: The picture's, in pixels.
        width: The picture's, in pixels; None for one that fits the text.
        rng: Source of randomness.
    """
    glyphs = [_glyph(c, file, manner, rng) for c, file in zip(text, files, strict=True)]
    pens, ink = _pens(glyphs, manner, rng)
    room = _room(text, rng)
    wanted = width or max(LEAST_WIDTH, min(MOST_WIDTH, round(ink * room + 0.1 * height)))
    if ink > 0.97 * wanted:
        shrink = 0.97 * wanted / ink
        glyphs = [place(g, shrink, 0.0, 0.0, 1.0, manner.smooth) for g in glyphs]
        pens, ink = [pen * shrink for pen in pens], ink * shrink
    elif rng.random() < 0.3 and len(text) > 1 and not manner.crowding:
        # The text fills the picture's width, as where every character has a cell of its own.
        spread = (0.95 * wanted - ink) * rng.uniform(0.5, 1.0) / (len(text) - 1)
        pens, ink = [pen + i * spread for i, pen in enumerate(pens)], ink + spread * (len(text) - 1)
    start = (wanted - ink) * rng.choice((rng.uniform(0.02, 0.1), 0.5, 0.5, rng.random()))
    if rng.random() < 0.05:
        start = _over_the_edge(glyphs, wanted - ink, rng)
    lines = _lines(len(text), height, manner.size, rng)
    placed = [_place(g, start + pen, line, height) for g, pen, line in zip(glyphs, pens, lines, strict=True)]
    return placed, wanted


def _over_the_edge(glyphs: list[Glyph], free: float, rng: random.Random) -> float:
    """Return where the ink begins when the picture cuts off a part of its first or last character, in pixels.

    Generators that do not measure their text do so; less than a third is lost, so that one can still tell what it was.
    """
    lost = rng.uniform(0.05, 0.3)
    if rng.random() < 0.3:
        return -lost * glyphs[0].mask.shape[1]
    return free + lost * glyphs[-1].mask.shape[1]


def _glyph(character: str, file: Path, manner: Manner, rng: random.Random) -> Glyph:
    size = manner.size * (1 + rng.uniform(-1, 1) * manner.size_jitter)
    source = nearest_size(size)
    angle = manner.tilt + rng.uniform(-1, 1) * manner.rotation
    shear = rng.uniform(-1, 1) * manner.shear
    return place(raster(file, source, character), size / source, angle, shear, manner.stretch, manner.smooth)


def _pens(glyphs: list[Glyph], manner: Manner, rng: random.Random) -> tuple[list[float], float]:
    """Return where each pen stands from the left edge of the text's ink, and the ink's width."""
    pens, pen = [], 0.0
    for glyph, after in zip(glyphs, [*glyphs[1:], glyphs[-1]], strict=True):
        pens.append(pen)
        pen += _crowded_step(glyph, after, manner, rng) if manner.crowding else _step(glyph, manner, rng)
    left = min(p + g.left for p, g in zip(pens, glyphs, strict=True))
    right = max(p + g.left + g.mask.shape[1] for p, g in zip(pens, glyphs, strict=True))
    return [p - left for p in pens], right - left


def _step(glyph: Glyph, manner: Manner, rng: random.Random) -> float:
    """Return how far a pen moves behind a character; however tight, more than half of that stays in sight."""
    step = glyph.advance + manner.size * (manner.tracking + rng.uniform(-1, 1) * manner.tracking_jitter)
    return max(step, 0.62 * glyph.advance)


def _crowded_step(glyph: Glyph, after: Glyph, manner: Manner, rng: random.Random) -> float:
    """Return how far a pen moves where neighbours touch or overlap, as generators do against cutting up."""
    width, next_width = glyph.mask.shape[1], after.mask.shape[1]
    narrower, start = min(width, next_width), glyph.left - after.left
    overlap = rng.uniform(0.0, manner.crowding) * narrower
    # A thin letter before a slanted one may have all its room free, and would be hidden.
    return start + max(width - _free(glyph, after) - overlap, 0.7 * narrower)


def _free(glyph: Glyph, after: Glyph) -> int:
    """Return how far a glyph whose mask begins where that of its neighbour ends can move until their ink touches.

    Both stand on one line; a row of pixels in which only one of them has ink does not count. Turned characters have
    much free room in the corners of their masks.
    """
    shift = round(after.top - glyph.top)
    rows = range(max(0, shift), min(len(glyph.mask), len(after.mask) + shift))
    behind = [_empty(glyph.mask[row][::-1]) for row in rows]
    before = [_empty(after.mask[row - shift]) for row in rows]
    gaps = [a + b for a, b in zip(behind, before, strict=True) if a is not None and b is not None]
    return min(gaps, default=0)


def _empty(row: Mask) -> int | None:
    """Return how many pixels lie before the first ink of a row; None where there is none."""
    inked = np.flatnonzero(row > _INKED)
    return int(inked[0]) if len(inked) else None


def _room(text: str, rng: random.Random) -> float:
    """Return how wide the picture is, as a multiple of its ink; long texts have less room."""
    return rng.choice((1.05, 1.15, 1.3, rng.uniform(1.0, 2.2)))


def _lines(count: int, height: int, size: float, rng: random.Random) -> list[float]:
    """Return the height of the line that each character stands on, in pixels from the top."""
    middle, free = height / 2 + 0.35 * size, max(0.0, height - 0.8 * size) / 2
    base = middle + rng.uniform(-1, 1) * free * rng.choice((0.0, 0.3, 0.9))
    return [base + free * offset for offset in rng.choice(_LINES)(count, rng)]


def _even(count: int, rng: random.Random) -> list[float]:
    return [0.0] * count


def _uneven(count: int, rng: random.Random) -> list[float]:
    reach = rng.uniform(0.2, 1.0)
    return [rng.uniform(-reach, reach) for _ in range(count)]


def _sloping(count: int, rng: random.Random) -> list[float]:
    slope = rng.uniform(-1, 1)
    return [slope * (2 * i / max(1, count - 1) - 1) for i in range(count)]


def _waving(count: int, rng: random.Random) -> list[float]:
    step, phase, reach = rng.uniform(0.5, 2.0), rng.uniform(0, 6.3), rng.uniform(0.3, 1.0)
    return [reach * math.sin(phase + step * i) for i in range(count)]


_LINES: tuple[Callable[[int, random.Random], list[float]], ...] = (_even, _even, _uneven, _uneven, _sloping, _waving)


def _place(glyph: Glyph, pen: float, line: float, height: int) -> Placed:
    """Return the glyph at its pen; one that would leave the picture at top or bottom is moved inside where it fits."""
    tall = glyph.mask.shape[0]
    top = round(line + glyph.top)
    if tall <= height:
        top = max(-1, min(height - tall + 1, top))
    return Placed(glyph, round(pen + glyph.left), top)


def moved(placed: Placed, x: int, y: int, glyph: Glyph) -> Placed:
    """Return another glyph of the same middle, so many pixels away."""
    dx = (placed.glyph.mask.shape[1] - glyph.mask.shape[1]) // 2
    dy = (placed.glyph.mask.shape[0] - glyph.mask.shape[0]) // 2
    return replace(placed, glyph=glyph, x=placed.x + dx + x, y=placed.y + dy + y)
