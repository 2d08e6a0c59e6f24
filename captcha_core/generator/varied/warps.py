"""Warps: where every pixel of a picture is taken from. All of one picture are added up and done in one resampling."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]


def draw_field(height: int, width: int, strength: float, rng: random.Random) -> Field | None:
    """Return the displacements of one to three warps, float32 (2, H, W), first across, in pixels; None for no warp.

    Args:
        height: The picture's, in pixels.
        width: The picture's, in pixels.
        strength: Factor of all displacements.
        rng: Source of randomness.
    """
    kinds = rng.choices((0, 1, 2, 3), (35, 40, 20, 5))[0]
    if not kinds or not strength:
        return None
    total = np.zeros((2, height, width), np.float32)
    for kind in rng.sample(_KINDS, kinds):
        total += kind(height, width, strength, rng)
    return total


def apply_field(
    image: NDArray[np.uint8], field: Field, smooth: bool, border: tuple[int, ...] | None
) -> NDArray[np.uint8]:
    """Return the picture resampled.

    Args:
        image: uint8 (H, W) or (H, W, C).
        field: Displacements (2, H, W).
        smooth: Bilinear; otherwise the nearest pixel, which leaves ragged edges.
        border: Colour of what comes in from outside; None repeats the edge.
    """
    x, y = _places(*image.shape[:2])
    flags = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    mode = cv2.BORDER_REPLICATE if border is None else cv2.BORDER_CONSTANT
    return np.asarray(cv2.remap(image, x + field[0], y + field[1], flags, None, mode, border or 0), np.uint8)


@lru_cache(maxsize=64)
def _places(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return x, y


def wave(height: int, width: int, strength: float, rng: random.Random) -> Field:
    """Sines along one axis or both."""
    x, y = _places(height, width)
    field = np.zeros((2, height, width), np.float32)
    which = rng.random()
    if which < 0.8:
        period = height * rng.uniform(0.7, 4.0)
        reach = strength * min(0.11 * height, 0.09 * period) * rng.uniform(0.3, 1.0)
        field[1] += reach * np.sin(x * np.float32(2 * math.pi / period) + np.float32(rng.uniform(0, 6.3)))
    if which > 0.5:
        period = height * rng.uniform(0.5, 2.0)
        reach = strength * min(0.12 * height, 0.1 * period) * rng.uniform(0.3, 1.0)
        field[0] += reach * np.sin(y * np.float32(2 * math.pi / period) + np.float32(rng.uniform(0, 6.3)))
    return field


def ripple(height: int, width: int, strength: float, rng: random.Random) -> Field:
    """Short waves of small reach, as on water."""
    x, y = _places(height, width)
    period = height * rng.uniform(0.12, 0.5)
    reach = strength * 0.1 * period * rng.uniform(0.3, 1.0)
    step = np.float32(2 * math.pi / period)
    phase, other = np.float32(rng.uniform(0, 6.3)), np.float32(rng.uniform(0, 6.3))
    return np.stack([reach * np.sin(y * step + phase), reach * np.sin(x * step + other)])


def elastic(height: int, width: int, strength: float, rng: random.Random) -> Field:
    """A smooth random field: noise of few cells, enlarged."""
    source = np.random.default_rng(rng.getrandbits(64))
    cell = height * rng.uniform(0.1, 0.6)
    shape = (max(3, int(height / cell) + 2), max(3, int(width / cell) + 2))
    reach = strength * 0.14 * cell * rng.uniform(0.3, 1.0)
    noise = source.standard_normal((*shape, 2), np.float32) * np.float32(reach)
    large = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(np.moveaxis(np.asarray(large, np.float32), 2, 0))


def row_shift(height: int, width: int, strength: float, rng: random.Random) -> Field:
    """Rows, or columns, that slide: each by itself, in bands, or as a sine of whole pixels."""
    source = np.random.default_rng(rng.getrandbits(64))
    across = rng.random() < 0.7
    count = height if across else width
    reach = strength * max(1.0, 0.04 * height) * rng.uniform(0.4, 1.0)
    kind = rng.random()
    if kind < 0.3:
        shift = source.uniform(-reach, reach, count) * 0.6
    elif kind < 0.6:
        band = rng.randint(2, max(3, height // 5))
        shift = np.repeat(source.uniform(-reach, reach, count // band + 1), band)[:count]
    else:
        shift = np.round(2 * reach * np.sin(np.arange(count) * (2 * math.pi / (height * rng.uniform(0.3, 2.0)))))
    field = np.zeros((2, height, width), np.float32)
    if across:
        field[0] = shift.astype(np.float32)[:, None]
    else:
        field[1] = shift.astype(np.float32)[None, :]
    return field


def perspective(height: int, width: int, strength: float, rng: random.Random) -> Field:
    """The picture's plane seen from aside: its corners move."""
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    reach = strength * 0.16 * height
    outward = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
    moves = np.array([[rng.uniform(-0.3, 1) * reach, rng.uniform(-0.3, 1) * reach] for _ in range(4)], np.float32)
    matrix = np.asarray(cv2.getPerspectiveTransform(corners, corners + outward * moves), np.float32)
    x, y = _places(height, width)
    depth = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    across = (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / depth - x
    down = (matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) / depth - y
    return np.stack([across, down])


def lens(height: int, width: int, strength: float, rng: random.Random) -> Field:
    """Parts of the picture drawn towards or away from a point, or turned about it."""
    x, y = _places(height, width)
    field = np.zeros((2, height, width), np.float32)
    for _ in range(rng.randint(1, 3)):
        centre_x, centre_y = np.float32(rng.random() * width), np.float32(rng.uniform(0.2, 0.8) * height)
        radius = np.float32(height * rng.uniform(0.4, 1.0))
        dx, dy = x - centre_x, y - centre_y
        near = np.exp(-(dx * dx + dy * dy) / (radius * radius)) * np.float32(strength * rng.uniform(-0.3, 0.3))
        if rng.random() < 0.5:
            field += np.stack([dx * near, dy * near])
        else:
            field += np.stack([-dy * near, dx * near])
    return field


_KINDS: tuple[Callable[[int, int, float, random.Random], Field], ...] = (
    wave,
    wave,
    ripple,
    elastic,
    elastic,
    row_shift,
    perspective,
    lens,
)
