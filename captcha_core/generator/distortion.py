"""Elastic distortion, a whole batch at once."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# Displacements are rounded to sixteenths of a pixel: the four bilinear weights then sum to 256, and a weighted
# sum of bytes fits 16 bits, so resampling runs in integers.
_STEPS = 16
# One half, of the 256 that the weights sum to, in every 16-bit lane: rounds instead of cutting off.
_HALF = np.uint64(0x0080_0080_0080_0080)
# Both factors of the smoothing are rounded to these fractions, so that every product and sum below is exact in
# float64. A matrix product may then be split over any number of threads and still give the same bytes.
_NOISE_STEPS, _FACTOR_STEPS = 2.0**10, 2.0**14


def elastic_transform(
    images: NDArray[np.uint8], alpha: float, sigma: float, rngs: list[np.random.Generator]
) -> NDArray[np.uint8]:
    """Distort pictures by a random smooth displacement field.

    The field of Simard, Steinkraus and Platt (2003): white noise per pixel and axis, convolved with a Gaussian
    of standard deviation ``sigma``, times ``alpha``. See :func:`displacement_fields` for how it is computed.
    Pixels from outside repeat the border. The fields of a batch come from one product; resampling then goes
    picture by picture, whose arrays stay in the processor's cache.

    Args:
        images: Pictures (N, H, W, C) of up to four channels.
        alpha: Strength, in pixels before smoothing; 0 returns the pictures unchanged.
        sigma: Smoothness, in pixels.
        rngs: One generator per picture, so that a picture does not depend on its batch.

    Returns:
        Pictures of the same shape.
    """
    if alpha == 0:
        return images
    fields = displacement_fields(images.shape[1], images.shape[2], alpha, sigma, rngs)
    return np.stack([_resample(image, field) for image, field in zip(images, fields, strict=True)])


def displacement_fields(
    height: int, width: int, alpha: float, sigma: float, rngs: list[np.random.Generator]
) -> NDArray[np.float32]:
    """Return fields (N, 2, height, width) of vertical and horizontal displacements, in pixels.

    Smoothing is linear: ``G_h @ noise @ G_w.T`` with the Gaussian's band matrices. Their singular values fall
    off at once, so ``G = A @ V.T`` with few columns in ``A``; and ``V_h.T @ noise @ V_w`` of white noise is again
    white noise, of the small size. Drawing that directly gives the same distribution without making or
    smoothing a full-size field. The noise has Simard's variance, 1/3, of uniform noise in -1..1.
    """
    rows, columns = _smoothing_factor(height, sigma), _smoothing_factor(width, sigma)
    shape = (2, rows.shape[1], columns.shape[1])
    noise = np.stack([rng.standard_normal(shape, dtype=np.float32) for rng in rngs]).astype(np.float64)
    noise = np.rint(noise * _NOISE_STEPS) / _NOISE_STEPS
    return (rows @ noise @ columns.T).astype(np.float32) * np.float32(alpha / math.sqrt(3.0))


@lru_cache(maxsize=64)
def _smoothing_factor(length: int, sigma: float) -> NDArray[np.float64]:
    """Return A (length, rank) with A @ A.T equal to G @ G.T up to a thousandth of its largest value."""
    offsets = np.arange(length)[:, None] - np.arange(-int(4 * sigma), length + int(4 * sigma))[None]
    gaussian = np.exp(-0.5 * (offsets / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
    left, values, _ = np.linalg.svd(gaussian, full_matrices=False)
    rank = int((values > 1e-3 * values[0]).sum())
    factor = left[:, :rank] * values[:rank]
    # A singular vector's sign is the library's whim; the field must not depend on it. By symmetry the second half
    # repeats the first, with or without the other sign, so only the first decides.
    largest = np.abs(factor[: (length + 1) // 2]).argmax(axis=0)
    factor *= np.sign(factor[largest, np.arange(rank)])
    return np.ascontiguousarray(np.rint(factor * _FACTOR_STEPS) / _FACTOR_STEPS)


def _resample(image: NDArray[np.uint8], field: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Read every pixel (H, W, C) at its place plus its displacement (2, H, W), bilinearly, in integers.

    A pixel's channels lie in the 16-bit lanes of one 64-bit number: one gather fetches them and one
    multiplication weighs them, with no carry between lanes, since the weights sum to 256.
    """
    height, width, channels = image.shape
    lanes = image.astype(np.uint16)
    if channels < 4:
        lanes = np.concatenate([lanes, np.zeros((height, width, 4 - channels), np.uint16)], axis=2)
    pixels = lanes.view(np.uint64).reshape(-1)
    place, weights = _bilinear(field)
    total = np.full((height, width), _HALF)
    for shift, weight in zip((0, 1, width, width + 1), weights, strict=True):
        # Every place is inside the picture; numpy's check that it is costs more than the gather itself.
        total += pixels[shift:].take(place, mode="clip") * weight
    return (total.view(np.uint16) >> 8).astype(np.uint8).reshape(height, width, 4)[..., :channels]


def _bilinear(field: NDArray[np.float32]) -> tuple[NDArray[np.intp], list[NDArray[np.uint64]]]:
    """Return the flat place of each target's upper left pixel and the weights, in 256ths, of it and the next three."""
    grid, last = _grid(*field.shape[1:])
    target = np.rint(field * _STEPS).astype(np.int32)
    target += grid
    np.maximum(target, 0, out=target)
    np.minimum(target, last * _STEPS, out=target)
    whole = np.minimum(target // _STEPS, last - 1)
    y, x = (target - whole * _STEPS).astype(np.uint64)
    both, edge = y * x, np.uint64(_STEPS)
    down, right = y * edge - both, x * edge - both
    place = (whole[0] * field.shape[2] + whole[1]).astype(np.intp)
    return place, [edge * edge - both - down - right, right, down, both]


@lru_cache(maxsize=16)
def _grid(height: int, width: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return every pixel's own place in steps, (2, H, W), and the last row and column, (2, 1, 1)."""
    grid = np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij")) * _STEPS
    return grid.astype(np.int32), np.array([height - 1, width - 1], np.int32)[:, None, None]
