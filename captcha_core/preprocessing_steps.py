"""Steps of the preprocessing that need no torch: each takes a PIL picture, which it leaves as it is, and returns one.

A transform (:mod:`captcha_core.transforms`) is a list of them; which ones is written in the checkpoint.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter, ImageOps

from captcha_core.errors import CheckpointError

TOLERANCE = 24
"""Difference, in levels of 0..255 per channel, up to which a pixel still counts as background.

JPEG leaves a flat area within one or two levels and rings by more than this only next to ink; strokes that differ by
less cannot be read by people.
"""

# Share of the outermost pixels that must have the margin's colour; the rest may be text that touches the edge.
_FLAT_BORDER = 0.75


def auto_crop(image: Image.Image) -> Image.Image:
    """Cut away a margin of one flat colour, but for a tenth of the content's height, at least 2 pixels.

    The colour is the median of the outermost pixels. Nothing is cut that differs from it by more than ``TOLERANCE``
    in any channel. A picture whose border has several colours, or which is blank, stays as it is; so does one that
    was cropped before.
    """
    while (cropped := _without_margin(image)).size != image.size:
        # The new border may give a slightly other colour, so only a pass that changes nothing is the last.
        image = cropped
    return image


def _without_margin(image: Image.Image) -> Image.Image:
    """Return the part of a grey or RGB picture that holds the content; all of it where there is no margin."""
    colour = np.median(_border(image), axis=0).astype(np.uint8)
    # Differences and the box around them in Pillow's own loops: this step is a part of every reading.
    flat = Image.new(image.mode, image.size, tuple(colour.tolist()) if colour.ndim else int(colour))
    slack = Image.new(image.mode, image.size, (TOLERANCE,) * len(image.getbands()))
    if (box := ImageChops.subtract(ImageChops.difference(image, flat), slack).getbbox()) is None:
        return image
    left, top, right, bottom = box
    margin = max(2, math.ceil((bottom - top) / 10))
    upper_left = max(left - margin, 0), max(top - margin, 0)
    lower_right = min(right + margin, image.width), min(bottom + margin, image.height)
    if upper_left == (0, 0) and lower_right == image.size:
        return image
    cropped = image.crop((*upper_left, *lower_right))
    # Else there is no one colour, or content along the edges would be the next pass's margin.
    return cropped if _is_flat(cropped, colour) else image


def _border(image: Image.Image) -> NDArray[np.uint8]:
    """Return the outermost pixels, shape (N,) or (N, C)."""
    width, height = image.size
    strips = ((0, 0, width, 1), (0, height - 1, width, height), (0, 0, 1, height), (width - 1, 0, width, height))
    pixels = [np.asarray(image.crop(strip)) for strip in strips]
    return np.concatenate([strip.reshape(-1, *strip.shape[2:]) for strip in pixels])


def _is_flat(image: Image.Image, colour: NDArray[np.uint8]) -> bool:
    """Tell whether enough of the outermost pixels have the colour, which has shape () for grey or (C,)."""
    border = _border(image)
    # Unsigned bytes have no negative differences.
    beyond: NDArray[np.bool_] = np.maximum(border, colour) - np.minimum(border, colour) > TOLERANCE
    return bool((beyond.any(axis=-1) if colour.ndim else beyond).mean() <= 1 - _FLAT_BORDER)


def is_light_on_dark(image: Image.Image) -> bool:
    """Tell whether the content is lighter than the background; a blank picture is taken for dark on light.

    The background is the median of a band along the border, a fifth of the shorter side: a line of pixels would
    often be the frame that some captchas have. The content is what differs from it within the band.
    """
    grey = np.asarray(image.convert("L"), dtype=np.int16)
    band = max(1, min(grey.shape) // 5)
    border = (grey[:band], grey[-band:], grey[:, :band], grey[:, -band:])
    background = int(np.median(np.concatenate([side.ravel() for side in border])))
    difference = grey[band:-band, band:-band] - background
    return bool(difference[np.abs(difference) > TOLERANCE].sum(dtype=np.int64) > 0)


def invert(image: Image.Image, always: bool = False) -> Image.Image:
    """Turn light on dark into dark on light.

    Args:
        image: A grey or RGB picture.
        always: Invert whatever the picture's polarity is.
    """
    return ImageOps.invert(image) if always or is_light_on_dark(image) else image


def thicken(image: Image.Image) -> Image.Image:
    """Make strokes wider by a pixel on each side: a morphological dilation of the ink (Serra 1982).

    On dark ink that is the minimum of 3 x 3 pixels, on light ink the maximum, per channel.
    """
    return image.filter(ImageFilter.MaxFilter(3) if is_light_on_dark(image) else ImageFilter.MinFilter(3))


def to_grey(image: Image.Image) -> Image.Image:
    """Return the luma of an RGB picture (ITU-R BT.601), as mode L."""
    return image.convert("L")


def equalise(image: Image.Image, clip_limit: float, tiles: tuple[int, int]) -> Image.Image:
    """Return a grey picture after contrast limited adaptive histogram equalisation (CLAHE).

    Pizer et al. (1987), "Adaptive histogram equalization and its variations"; Zuiderveld (1994), "Contrast limited
    adaptive histogram equalization", in Graphics Gems IV; as OpenCV has it.

    Args:
        image: Mode L.
        clip_limit: Most that a bin of a tile's histogram may hold, as a multiple of the mean bin.
        tiles: Number of rows and columns of tiles, each equalised by its own histogram.

    Raises:
        CheckpointError: If OpenCV is not installed.
    """
    try:
        # Half a second to import; only a transform with CLAHE needs it.
        import cv2
    except ImportError as error:
        raise CheckpointError(
            "The model's preprocessing (CLAHE) needs OpenCV. Install it: pip install opencv-python-headless"
        ) from error
    rows, columns = tiles
    # Made for each picture: it holds buffers, so threads could not share one, nor could it go to a worker process.
    return Image.fromarray(cv2.createCLAHE(clip_limit, (columns, rows)).apply(np.asarray(image)))


def resize_to_height(image: Image.Image, height: int, least: int, most: int, multiple: int) -> Image.Image:
    """Scale a picture to a height, its width in proportion, as far as the bounds allow.

    Args:
        image: The picture.
        height: In pixels.
        least: Least width, in pixels; narrower pictures are stretched to it, so that there are enough time steps.
        most: Most width; wider pictures are pressed together.
        multiple: The width is rounded to a multiple of this.
    """
    natural = image.width * height / max(1, image.height)
    width = round(max(least, min(most, natural)) / multiple) * multiple
    return resize(image, height, width)


def resize(image: Image.Image, height: int, width: int) -> Image.Image:
    """Stretch a picture to a size in pixels: bilinear, over all pixels that go into one when it becomes smaller."""
    return image.resize((width, height), Image.Resampling.BILINEAR)
