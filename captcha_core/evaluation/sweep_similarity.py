"""How much of a picture's structure is still there: SSIM of a distorted picture against the undistorted one.

It stands in for what people could still read, since nobody was asked, and is no measure of that: it compares pixel by
pixel, so it says something only where the characters stay in their place, and it counts the background as it counts
the strokes.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float64]

_WINDOW, _DEVIATION = 11, 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
# The authors' own programs first shrink a picture whose shorter side is more than one and a half times this.
_SIDE = 256


def structural_similarity(clean: Image.Image, distorted: Image.Image) -> float:
    """Return the mean SSIM of two pictures, at most 1, which only equal pictures have.

    Wang, Bovik, Sheikh and Simoncelli (2004): luminance, contrast and structure within a Gaussian window of 11 x 11
    pixels (deviation 1.5; constants 0.01 and 0.03), the mean over every place where the window lies inside. Large
    pictures are shrunk by a whole number first, as the authors' programs do, so that the shorter side has about 256
    pixels.

    Args:
        clean: RGB picture.
        distorted: RGB picture of the same size, 11 pixels or more on each side.

    Raises:
        ValueError: If the sizes differ or a side is too short.
    """
    if clean.size != distorted.size or min(clean.size) < _WINDOW:
        raise ValueError(
            f"SSIM needs two pictures of one size, {_WINDOW} pixels or more: {clean.size}, {distorted.size}"
        )
    factor = max(1, round(min(clean.size) / _SIDE))
    x, y = (np.asarray(picture.convert("L").reduce(factor), np.float64) for picture in (clean, distorted))
    mean_x, mean_y = _smooth(x), _smooth(y)
    variance_x, variance_y = _smooth(x * x) - mean_x**2, _smooth(y * y) - mean_y**2
    covariance = _smooth(x * y) - mean_x * mean_y
    above = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)
    below = (mean_x**2 + mean_y**2 + _C1) * (variance_x + variance_y + _C2)
    return float((above / below).mean())


def _smooth(image: Floats) -> Floats:
    """Return the Gaussian mean around every place (H, W) at which the whole window lies inside."""
    height, width = image.shape
    result: Floats = _band(height) @ image @ _band(width).T
    return result


@lru_cache(maxsize=16)
def _band(length: int) -> Floats:
    """Return the matrix (length - 10, length) whose rows hold the window at every place."""
    offsets = np.arange(_WINDOW) - _WINDOW // 2
    window = np.exp(-0.5 * (offsets / _DEVIATION) ** 2)
    band = np.zeros((length - _WINDOW + 1, length))
    for row in range(len(band)):
        band[row, row : row + _WINDOW] = window / window.sum()
    return band
