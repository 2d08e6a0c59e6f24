"""What a picture looks like, in numbers, without reading it; and how far some pictures look from others."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

# Pictures are compared at one height, in pixels.
_HEIGHT = 48
# A pixel is ink when it differs by more than this from the picture's median, in levels of 0..255 in any channel.
INK = 40
# What every feature may differ by before it tells anything; they are all scaled to hundreds at most.
_SLACK = 4.0
# Of a feature that is far off it does not matter how far.
_FAR = 3.0
# How much the spread of a feature counts beside its mean.
_SPREAD_WEIGHT = 0.3
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_BASE_8 = np.array([64, 8, 1], np.int32)
_QUANTILES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)


def looks_of(images: Iterable[Image.Image]) -> Floats:
    """Return the features of RGB pictures, (N, F): colours, ink and its strokes, edges and noise, place and size."""
    return np.stack([_look(image) for image in images])


def distance(looks: Floats, given: Floats) -> float:
    """Return how far the looks of some pictures, (N, F), are from given ones, (M, F): 0 for the same, up to about 4.

    Means are compared, and spreads. A feature in which the given pictures hardly differ counts for more.
    """
    scale = given.std(axis=0) + _SLACK
    means = np.abs(looks.mean(axis=0) - given.mean(axis=0)) / scale
    spreads = np.abs(looks.std(axis=0) - given.std(axis=0)) / scale
    return float(np.minimum(means, _FAR).mean() + _SPREAD_WEIGHT * np.minimum(spreads, _FAR).mean())


def paper_and_ink(image: Image.Image) -> tuple[Bytes, NDArray[np.bool_]]:
    """Return an RGB picture's median colour, (3,), and which pixels, (H, W), differ from it."""
    pixels = np.asarray(image)
    paper = np.median(pixels.reshape(-1, 3), axis=0).astype(np.uint8)
    return paper, (np.maximum(pixels, paper) - np.minimum(pixels, paper)).max(axis=2) > INK


def _look(image: Image.Image) -> Floats:
    width = max(16, min(480, round(image.width * _HEIGHT / image.height)))
    scaled = image.resize((width, _HEIGHT), Image.Resampling.BILINEAR)
    pixels = np.asarray(scaled, np.float32)
    paper, ink = paper_and_ink(scaled)
    features = [*_colours(pixels, paper, ink), *_structure(pixels @ _LUMA), *_ink_shape(ink)]
    return np.array([*features, 40 * np.log(image.width / image.height), 40 * np.log(image.height)], np.float32)


def _colours(pixels: Floats, paper: Bytes, ink: NDArray[np.bool_]) -> Iterable[float]:
    inked = pixels[ink] if ink.any() else paper[None].astype(np.float32)
    saturation = pixels.max(axis=2) - pixels.min(axis=2)
    # Of 512: eight levels of each channel.
    several = np.unique(inked.astype(np.int32) // 32 @ _BASE_8).size
    yield from (*paper, *inked.mean(axis=0), *inked.std(axis=0))
    yield from (saturation.mean(), np.quantile(saturation, 0.95), 12 * np.log1p(several))


def _structure(light: Floats) -> Iterable[float]:
    across, down = np.abs(np.diff(light, axis=1)), np.abs(np.diff(light, axis=0))
    # The Laplacian, which is large where single pixels stand out.
    noise = np.abs(4 * light[1:-1, 1:-1] - light[:-2, 1:-1] - light[2:, 1:-1] - light[1:-1, :-2] - light[1:-1, 2:])
    yield from np.quantile(light, _QUANTILES)
    yield from (3 * across.mean(), 3 * down.mean(), 2 * noise.mean(), 4 * np.median(noise), 100 * (across < 2).mean())


def _ink_shape(ink: NDArray[np.bool_]) -> Iterable[float]:
    rows, columns, band = ink.mean(axis=1), ink.mean(axis=0), _HEIGHT // 6
    edges = (ink[:, 1:] != ink[:, :-1]).sum() + (ink[1:] != ink[:-1]).sum()
    yield from (300 * ink.mean(), 150 * edges / max(1, ink.sum()))
    yield from (200 * part.mean() for part in (rows[:band], rows[band:-band], rows[-band:]))
    yield from (100 * rows.std(), 100 * columns.std())
