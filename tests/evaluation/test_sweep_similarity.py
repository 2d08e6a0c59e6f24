"""SSIM against the formula written out place by place."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from captcha_core.evaluation.sweep_similarity import structural_similarity
from tests.helpers import draw_picture


def by_hand(x: np.ndarray, y: np.ndarray) -> float:
    """Return the mean SSIM of two grey pictures, window after window, as in Wang et al. (2004)."""
    offsets = np.arange(-5, 6)
    window = np.exp(-(offsets[:, None] ** 2 + offsets[None] ** 2) / (2 * 1.5**2))
    window /= window.sum()
    values = []
    for row in range(x.shape[0] - 10):
        for column in range(x.shape[1] - 10):
            a, b = (z[row : row + 11, column : column + 11] for z in (x, y))
            mean_a, mean_b = (window * a).sum(), (window * b).sum()
            var_a, var_b = (window * (a - mean_a) ** 2).sum(), (window * (b - mean_b) ** 2).sum()
            cov = (window * (a - mean_a) * (b - mean_b)).sum()
            c1, c2 = 2.55**2, 7.65**2
            above = (2 * mean_a * mean_b + c1) * (2 * cov + c2)
            values.append(above / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)))
    return float(np.mean(values))


def noise(seed: int, size: tuple[int, int] = (24, 17)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8))


def test_it_is_the_published_formula() -> None:
    one, other = noise(1), Image.blend(noise(1), noise(2), 0.4)
    grey = [np.asarray(picture.convert("L"), float) for picture in (one, other)]
    assert structural_similarity(one, other) == pytest.approx(by_hand(*grey), rel=1e-9)


def test_equal_pictures_have_one_and_more_change_has_less() -> None:
    clean = draw_picture("abc12")
    assert structural_similarity(clean, clean) == pytest.approx(1.0)
    falling = [structural_similarity(clean, clean.filter(ImageFilter.GaussianBlur(r))) for r in (0.5, 1, 2, 4)]
    assert falling == sorted(falling, reverse=True) and falling[-1] < falling[0] < 1


def test_large_pictures_are_shrunk_first() -> None:
    small = noise(3, (300, 260))
    large = small.resize((600, 520), Image.Resampling.NEAREST)
    other = Image.new("RGB", (600, 520), "grey")
    assert structural_similarity(large, other) == pytest.approx(
        structural_similarity(small, other.resize((300, 260))), abs=1e-9
    )


@pytest.mark.parametrize("size", [(24, 18), (10, 17)])
def test_other_sizes_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="one size"):
        structural_similarity(noise(1) if size != (10, 17) else noise(1, size), noise(1, size))
