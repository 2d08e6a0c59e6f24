"""What stands behind the text."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from captcha_core.generator.varied.colours import Colour, Palette, any_colour

Pixels = NDArray[np.uint8]


def draw_background(height: int, width: int, palette: Palette, rng: random.Random) -> Pixels:
    """Return an empty picture (H, W, 3) of one of many kinds, flat more often than any other."""
    if rng.random() < 0.45:
        return flat(height, width, palette, rng)
    return rng.choice(_KINDS)(height, width, palette, rng)


def flat(height: int, width: int, palette: Palette, rng: random.Random) -> Pixels:
    """One colour."""
    return np.full((height, width, 3), palette.paper, np.uint8)


def gradient(height: int, width: int, palette: Palette, rng: random.Random) -> Pixels:
    """From one colour to another, along a line or from a centre."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    if rng.random() < 0.3:
        share = np.hypot(x - rng.random() * width, y - rng.random() * height) / math.hypot(width, height)
    else:
        angle = rng.choice((0.0, math.pi / 2, rng.uniform(0, math.pi)))
        share = x * math.cos(angle) / width + y * math.sin(angle) / height
    return _between(palette, np.clip(share, 0, 1))


def noise(height: int, width: int, palette: Palette, rng: random.Random) -> Pixels:
    """Grain of every pixel, grey or coloured."""
    source = _numpy(rng)
    shape = (height, width, rng.choice((1, 3)))
    grain = source.standard_normal(shape, np.float32) * rng.uniform(4, 32)
    return _clip(np.asarray(palette.paper, np.float32) + grain)


def clouds(height: int, width: int, palette: Palette, rng: random.Random) -> Pixels:
    """Smooth patches of several sizes, as an unsharp photograph's."""
    source = _numpy(rng)
    total = np.zeros((height, width, 3), np.float32)
    strength = rng.uniform(8, 38)
    cells = rng.randint(2, 4)
    for octave in range(rng.randint(1, 4)):
        count = cells * 2**octave
        small = source.standard_normal((max(2, count), max(2, count * width // height), 3), np.float32)
        total += cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC) * (strength / 2**octave)
    if rng.random() < 0.3:
        total = total.mean(axis=2, keepdims=True)
    return _clip(np.asarray(palette.paper, np.float32) + total)


def grid(height: int, width: int, palette: Palette, rng: random.Random) -> Pixels:
    """Horizontal and vertical lines, or only one of them, as on squared paper."""
    image = flat(height, width, palette, rng)
    colour, thickness = _faint(palette, rng), rng.choice((1, 1, 1, 2))
    step_x, step_y = rng.randint(4, 30), rng.randint(4, 30)
    which = rng.random()
    jitter = rng.choice((0, 0, 2))
    if which < 0.8:
        for x in range(rng.randint(0, step_x), width, step_x):
            cv2.line(image, (x, 0), (x + rng.randint(-jitter, jitter), height), colour, thickness)
    if which > 0.2:
        for y in range(rng.randint(0, step_y), height, step_y):
            cv2.line(image, (0, y), (width, y + rng.randint(-jitter, jitter)), colour, thickness)
    return image


def rings(height: int, width: int, palette: Palette, rng: random.Random) -> Pixels:
    """Circles about one centre, or rays from it."""
    image = flat(height, width, palette, rng)
    colour, centre = _faint(palette, rng), (rng.randint(-width // 4, width), rng.randint(-height // 2, height))
    if rng.random() < 0.5:
        step = rng.randint(4, 16)
        for radius in range(step, width + height, step):
            cv2.circle(image, centre, radius, colour, 1, cv2.LINE_AA)
        return image
    for number in range(rng.randint(12, 60)):
        angle = number * 0.37
        end = (int(centre[0] + 2 * width * math.cos(angle)), int(centre[1] + 2 * width * math.sin(angle)))
        cv2.line(image, centre, end, colour, 1, cv2.LINE_AA)
    return image


def stripes(height: int, width: int, palette: Palette, rng: random.Random) -> Pixels:
    """Soft or hard stripes between two colours."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle, period = rng.uniform(0, math.pi), rng.uniform(4, 50)
    wave = 0.5 + 0.5 * np.sin((x * math.cos(angle) + y * math.sin(angle)) * (2 * math.pi / period))
    return _between(palette, wave if rng.random() < 0.5 else np.round(wave))


def patches(height: int, width: int, palette: Palette, rng: random.Random) -> Pixels:
    """Squares or discs of many pale colours."""
    image = flat(height, width, palette, rng)
    strength = rng.uniform(0.15, 0.6)
    largest = max(4, height // 2)
    for _ in range(rng.randint(4, 60)):
        colour = _mix(palette.paper, any_colour(rng), strength)
        x, y, size = rng.randint(0, width), rng.randint(0, height), rng.randint(2, largest)
        if rng.random() < 0.5:
            cv2.rectangle(image, (x, y), (x + size, y + rng.randint(2, largest)), colour, -1)
        else:
            cv2.circle(image, (x, y), size // 2, colour, -1, cv2.LINE_AA)
    return image


def checks(height: int, width: int, palette: Palette, rng: random.Random) -> Pixels:
    """Cells of random shade."""
    side = rng.randint(2, 16)
    cells = _numpy(rng).random((height // side + 1, width // side + 1), np.float32)
    large = np.kron(cells, np.ones((side, side), np.float32))[:height, :width] * np.float32(rng.uniform(0.3, 1.0))
    return _between(palette, large)


_KINDS: tuple[Callable[[int, int, Palette, random.Random], Pixels], ...] = (
    gradient,
    gradient,
    noise,
    noise,
    clouds,
    clouds,
    grid,
    rings,
    stripes,
    patches,
    checks,
)


def _between(palette: Palette, share: NDArray[np.floating]) -> Pixels:
    first, second = (np.asarray(colour, np.float32) for colour in (palette.paper, palette.second))
    return _clip(first + (second - first) * share[..., None].astype(np.float32))


def _faint(palette: Palette, rng: random.Random) -> Colour:
    return _mix(palette.paper, any_colour(rng), rng.uniform(0.15, 0.7))


def _mix(first: Colour, second: Colour, share: float) -> Colour:
    mixed = [round(a + (b - a) * share) for a, b in zip(first, second, strict=True)]
    return mixed[0], mixed[1], mixed[2]


def _numpy(rng: random.Random) -> np.random.Generator:
    return np.random.default_rng(rng.getrandbits(64))


def _clip(values: NDArray[np.floating]) -> Pixels:
    return np.clip(values, 0, 255).astype(np.uint8)
