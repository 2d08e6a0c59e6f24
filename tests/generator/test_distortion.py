import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from captcha_core.generator.distortion import displacement_fields, elastic_transform


def rngs(count: int, seed: int = 0) -> list[np.random.Generator]:
    return [np.random.default_rng([seed, i]) for i in range(count)]


def noise(count: int, height: int = 20, width: int = 30, channels: int = 3) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (count, height, width, channels), dtype=np.uint8)


def test_no_strength_changes_nothing() -> None:
    images = noise(2)
    assert np.array_equal(elastic_transform(images, 0.0, 4.0, rngs(2)), images)


def test_a_picture_does_not_depend_on_its_batch() -> None:
    images = noise(5)
    together = elastic_transform(images, 60.0, 4.0, rngs(5))
    alone = np.concatenate([elastic_transform(images[i : i + 1], 60.0, 4.0, [rngs(5)[i]]) for i in range(5)])
    assert np.array_equal(together, alone)


@settings(max_examples=30)
@given(st.floats(0.1, 500), st.floats(1, 20), st.integers(0, 2**31), st.integers(1, 4))
def test_a_flat_picture_stays_flat_and_no_colour_is_invented(
    alpha: float, sigma: float, seed: int, channels: int
) -> None:
    flat = np.full((1, 16, 24, channels), 77, np.uint8)
    assert np.array_equal(elastic_transform(flat, alpha, sigma, rngs(1, seed)), flat)
    images = noise(1, 16, 24, channels)
    moved = elastic_transform(images, alpha, sigma, rngs(1, seed))
    assert moved.shape == images.shape
    for channel in range(channels):
        assert moved[..., channel].min() >= images[..., channel].min()
        assert moved[..., channel].max() <= images[..., channel].max()


def test_resampling_reads_where_the_field_points() -> None:
    image = np.zeros((1, 24, 32, 3), np.uint8)
    image[..., 0] = np.arange(32) * 8
    image[..., 1] = (np.arange(24) * 8)[:, None]
    field = displacement_fields(24, 32, 30.0, 5.0, rngs(1))[0]
    moved = elastic_transform(image, 30.0, 5.0, rngs(1))[0]
    rows = np.clip(np.arange(24)[:, None] + field[0], 0, 23) * 8
    columns = np.clip(np.arange(32) + field[1], 0, 31) * 8
    # A sixteenth of a pixel is half a grey level here, and rounding takes another half.
    assert np.abs(moved[..., 1] - rows).max() <= 1.0
    assert np.abs(moved[..., 0] - columns).max() <= 1.0


def test_fields_have_the_spread_and_smoothness_of_smoothed_uniform_noise() -> None:
    alpha, sigma, size = 40.0, 4.0, 64
    fields = displacement_fields(size, size, alpha, sigma, rngs(200))
    # White noise of variance 1/3 convolved with a two-dimensional Gaussian: variance / (4 pi sigma^2).
    expected = alpha * math.sqrt(1 / 3 / (4 * math.pi)) / sigma
    assert abs(fields.std() / expected - 1) < 0.03
    # The correlation of a Gaussian-smoothed field at a distance d is exp(-d^2 / (4 sigma^2)).
    for distance in (2, 4, 8):
        correlation = (fields[..., distance:] * fields[..., :-distance]).mean() / fields.var()
        assert abs(correlation - math.exp(-(distance**2) / (4 * sigma**2))) < 0.05
    # As strong at the border as in the middle.
    assert abs(fields[..., 0].std() / fields[..., size // 2].std() - 1) < 0.1
