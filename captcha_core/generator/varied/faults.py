"""What storing, shrinking and copying does to a picture after it is drawn."""

from __future__ import annotations

import random
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def spoil(image: Pixels, rng: random.Random) -> Pixels:
    """Return the picture (H, W, 3) with none to three faults; it keeps its size."""
    count = rng.choices((0, 1, 2, 3), (30, 40, 22, 8))[0]
    for fault in rng.sample(_FAULTS, count):
        image = fault(image, rng)
    return image


def jpeg(image: Pixels, rng: random.Random) -> Pixels:
    """Blocks and rims of strong JPEG compression."""
    quality = rng.choice((rng.randint(12, 40), rng.randint(40, 75), rng.randint(60, 95)))
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def blur(image: Pixels, rng: random.Random) -> Pixels:
    """Softness, of lens or of motion."""
    if rng.random() < 0.2:
        length = rng.choice((2, 3))
        return np.asarray(cv2.blur(image, (length, 1) if rng.random() < 0.5 else (1, length)), np.uint8)
    deviation = rng.uniform(0.4, 1.0) * max(1.0, image.shape[0] / 60)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), deviation), np.uint8)


def low_resolution(image: Pixels, rng: random.Random) -> Pixels:
    """Detail lost in a smaller size; the pixels of it stay visible or not."""
    height, width = image.shape[:2]
    # Less than two dozen rows leave no text.
    scale = max(rng.uniform(0.4, 0.85), min(1.0, 26 / height))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = cv2.resize(image, size, interpolation=rng.choice((cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_NEAREST)))
    back = rng.choice((cv2.INTER_LINEAR, cv2.INTER_NEAREST, cv2.INTER_CUBIC))
    return np.asarray(cv2.resize(small, (width, height), interpolation=back), np.uint8)


def few_colours(image: Pixels, rng: random.Random) -> Pixels:
    """A palette of a few colours, as in GIF files, with or without dithering."""
    dither = Image.Dither.FLOYDSTEINBERG if rng.random() < 0.5 else Image.Dither.NONE
    picture = Image.fromarray(image)
    reduced = picture.quantize(rng.choice((4, 8, 16, 32, 64)), Image.Quantize.FASTOCTREE, dither=dither)
    return np.asarray(reduced.convert("RGB"))


def grain(image: Pixels, rng: random.Random) -> Pixels:
    """A sensor's noise."""
    source = np.random.default_rng(rng.getrandbits(64))
    shape = (*image.shape[:2], rng.choice((1, 3)))
    noise = source.standard_normal(shape, np.float32) * np.float32(rng.uniform(3, 28))
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def salt_and_pepper(image: Pixels, rng: random.Random) -> Pixels:
    """Pixels of black, of white, or of both."""
    source = np.random.default_rng(rng.getrandbits(64))
    spoilt = image.copy()
    hit = source.random(image.shape[:2], np.float32) < rng.uniform(0.005, 0.08)
    values = rng.choice(((0, 255), (0, 0), (255, 255)))
    spoilt[hit] = np.array(values, np.uint8)[source.integers(0, 2, int(hit.sum()))][:, None]
    return spoilt


def grey(image: Pixels, rng: random.Random) -> Pixels:
    """No colour."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)


def faded(image: Pixels, rng: random.Random) -> Pixels:
    """Less contrast, or more."""
    factor, shift = rng.uniform(0.5, 1.4), rng.uniform(-30, 30)
    return np.clip((image.astype(np.float32) - 128) * factor + 128 + shift, 0, 255).astype(np.uint8)


def sharpened(image: Pixels, rng: random.Random) -> Pixels:
    """Rims of too much sharpening."""
    soft = cv2.GaussianBlur(image, (0, 0), 1.0)
    amount = rng.uniform(0.5, 2.0)
    return np.asarray(cv2.addWeighted(image, 1 + amount, soft, -amount, 0), np.uint8)


_FAULTS: tuple[Callable[[Pixels, random.Random], Pixels], ...] = (
    jpeg,
    jpeg,
    jpeg,
    blur,
    blur,
    low_resolution,
    few_colours,
    grain,
    salt_and_pepper,
    grey,
    faded,
    sharpened,
)
