"""What is drawn behind and across the text to hide it: lines, curves, dots, shapes, faint characters."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from captcha_core.generator.varied.colours import Colour, Palette, any_colour
from captcha_core.generator.varied.glyphs import Glyph, nearest_size, place, raster
from captcha_core.generator.varied.inking import Layer
from captcha_core.generator.varied.layout import Placed

Pixels = NDArray[np.uint8]
_Pen = Callable[[], Colour]


def draw_clutter(image: Pixels, palette: Palette, rng: random.Random, kinds: int) -> None:
    """Draw so many kinds of things into a picture, each in a colour scheme of its own."""
    for _ in range(kinds):
        rng.choice(_KINDS)(image, _pen(palette, rng), rng)


def _pen(palette: Palette, rng: random.Random) -> _Pen:
    """Return what gives the colours of a kind of thing: the text's own, any, one alone, or the background's."""
    kind = rng.random()
    if kind < 0.45:
        return lambda: palette.ink(rng)
    if kind < 0.65:
        return lambda: any_colour(rng)
    if kind < 0.92:
        colour = any_colour(rng)
        return lambda: colour
    return lambda: palette.paper


def _thickness(image: Pixels, rng: random.Random) -> int:
    if image.shape[0] < 40:
        # Anything thicker would leave nothing of letters a dozen pixels high.
        return 1
    return rng.choice((1, 1, 1, 2, max(1, round(image.shape[0] * rng.uniform(0.01, 0.06)))))


def _edge(rng: random.Random) -> int:
    return rng.choice((cv2.LINE_AA, cv2.LINE_AA, cv2.LINE_8))


def _point(image: Pixels, rng: random.Random) -> tuple[int, int]:
    return rng.randint(0, image.shape[1]), rng.randint(0, image.shape[0])


def lines(image: Pixels, pen: _Pen, rng: random.Random) -> None:
    """Straight lines anywhere."""
    edge = _edge(rng)
    for _ in range(rng.choice((1, 2, 3, 4, 6, rng.randint(4, 20)))):
        cv2.line(image, _point(image, rng), _point(image, rng), pen(), _thickness(image, rng), edge)


def strikes(image: Pixels, pen: _Pen, rng: random.Random) -> None:
    """Lines from the left edge to the right one, near the middle, where the text is."""
    height, width = image.shape[:2]
    edge, thick = _edge(rng), _thickness(image, rng)
    for _ in range(rng.choice((1, 1, 2, 3))):
        left, right = (int(height * rng.uniform(0.2, 0.8)) for _ in range(2))
        inset = int(width * rng.uniform(0, 0.2))
        cv2.line(image, (inset, left), (width - inset, right), pen(), thick, edge)


def hatching(image: Pixels, pen: _Pen, rng: random.Random) -> None:
    """Many short strokes."""
    length = image.shape[0] * rng.uniform(0.05, 0.35)
    for _ in range(rng.randint(10, 120)):
        x, y = _point(image, rng)
        end = (x + int(rng.uniform(-length, length)), y + int(rng.uniform(-length, length)))
        cv2.line(image, (x, y), end, pen(), 1, cv2.LINE_AA)


def curves(image: Pixels, pen: _Pen, rng: random.Random) -> None:
    """Cubic Bezier curves."""
    height, width = image.shape[:2]
    share = np.linspace(0, 1, 24)[:, None]
    edge, thick = _edge(rng), _thickness(image, rng)
    across = rng.random() < 0.6
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        points = np.array([_point(image, rng) for _ in range(4)], float)
        if across:
            points[:, 0] = np.sort(points[:, 0])
            points[0, 0], points[3, 0] = rng.uniform(0, 0.15) * width, rng.uniform(0.85, 1) * width
        a, b, c, d = points
        curve = a * (1 - share) ** 3 + 3 * b * share * (1 - share) ** 2 + 3 * c * share**2 * (1 - share) + d * share**3
        _polyline(image, curve, pen(), thick, edge)


def waves(image: Pixels, pen: _Pen, rng: random.Random) -> None:
    """Sine curves from the left to the right."""
    height, width = image.shape[:2]
    edge, thick = _edge(rng), _thickness(image, rng)
    x = np.linspace(rng.uniform(0, 0.1) * width, rng.uniform(0.7, 1) * width, 60)
    for _ in range(rng.choice((1, 1, 2, 4))):
        period, reach = width * rng.uniform(0.15, 1.2), height * rng.uniform(0.05, 0.4)
        y = height * rng.uniform(0.3, 0.7) + reach * np.sin(2 * math.pi * x / period + rng.uniform(0, 6.3))
        _polyline(image, np.stack([x, y], axis=1), pen(), thick, edge)


def _polyline(image: Pixels, points: NDArray[np.floating], colour: Colour, thick: int, edge: int) -> None:
    cv2.polylines(image, [np.round(points).astype(np.int32)[:, None]], False, colour, thick, edge)


def arcs(image: Pixels, pen: _Pen, rng: random.Random) -> None:
    """Arcs and ellipses, empty."""
    height, width = image.shape[:2]
    thick = _thickness(image, rng)
    whole = rng.random() < 0.4
    for _ in range(rng.choice((1, 2, 4, 12))):
        axes = (rng.randint(3, max(4, width // 2)), rng.randint(2, max(3, height)))
        if whole:
            axes = (rng.randint(2, max(3, height // 3)), rng.randint(2, max(3, height // 3)))
        start = rng.randint(0, 360)
        end = start + (360 if whole else rng.randint(40, 200))
        cv2.ellipse(image, _point(image, rng), axes, rng.randint(0, 180), start, end, pen(), thick, cv2.LINE_AA)


def dots(image: Pixels, pen: _Pen, rng: random.Random) -> None:
    """Round dots."""
    largest = rng.choice((1, 1, 2, 3, max(2, image.shape[0] // 14)))
    for _ in range(rng.randint(10, 150) if largest < 4 else rng.randint(5, 30)):
        cv2.circle(image, _point(image, rng), rng.randint(1, largest), pen(), -1)


def pixels(image: Pixels, pen: _Pen, rng: random.Random) -> None:
    """Single pixels, of a few colours; many."""
    height, width = image.shape[:2]
    source = np.random.default_rng(rng.getrandbits(64))
    count = int(height * width * rng.choice((0.003, 0.006, 0.01, 0.02, 0.04, 0.1)))
    palette = np.array([pen() for _ in range(16)], np.uint8)
    rows, columns = source.integers(0, height, count), source.integers(0, width, count)
    image[rows, columns] = palette[source.integers(0, 16, count)]


def shapes(image: Pixels, pen: _Pen, rng: random.Random) -> None:
    """Filled rectangles, discs and blobs."""
    height = image.shape[0]
    for _ in range(rng.randint(1, 12)):
        x, y = _point(image, rng)
        size = max(2, int(height * rng.uniform(0.04, 0.2)))
        if rng.random() < 0.4:
            cv2.rectangle(image, (x, y), (x + rng.randint(2, 2 * size), y + size), pen(), -1)
        else:
            cv2.ellipse(image, (x, y), (size // 2 + 1, rng.randint(1, size)), rng.randint(0, 180), 0, 360, pen(), -1)


def frame(image: Pixels, pen: _Pen, rng: random.Random) -> None:
    """A border."""
    height, width = image.shape[:2]
    cv2.rectangle(image, (0, 0), (width - 1, height - 1), pen(), rng.choice((1, 1, 2, 3)))


_KINDS: tuple[Callable[[Pixels, _Pen, random.Random], None], ...] = (
    lines,
    lines,
    lines,
    strikes,
    strikes,
    hatching,
    curves,
    curves,
    waves,
    waves,
    arcs,
    dots,
    dots,
    pixels,
    pixels,
    shapes,
    frame,
)


def draw_ghosts(image: Pixels, symbols: str, file: Path, palette: Palette, rng: random.Random) -> None:
    """Draw characters that do not count: much smaller than the text, or much fainter."""
    height = image.shape[0]
    small = rng.random() < 0.6
    faint = rng.uniform(0.25, 0.7) if small else rng.uniform(0.06, 0.18)
    size = height * (rng.uniform(0.14, 0.26) if small else rng.uniform(0.4, 0.8))
    source = nearest_size(size)
    for _ in range(rng.randint(5, 45) if small else rng.randint(2, 7)):
        glyph = place(raster(file, source, rng.choice(symbols)), size / source, rng.uniform(-0.6, 0.6), 0, 1, True)
        x, y = _point(image, rng)
        colour = any_colour(rng) if rng.random() < 0.6 else palette.ink(rng)
        _stamp_faint(image, Placed(glyph, x - glyph.mask.shape[1] // 2, y - glyph.mask.shape[0] // 2), colour, faint)


def _stamp_faint(image: Pixels, placed: Placed, colour: Colour, opacity: float) -> None:
    mask = (placed.glyph.mask * opacity).astype(np.uint8)
    layer = Layer(image, np.zeros(image.shape[:2], np.uint8))
    layer.stamp(Placed(Glyph(mask, 0, 0, 0), placed.x, placed.y), colour)
