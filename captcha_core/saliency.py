"""Where a model looks: which parts of a picture each character hangs on.

Occlusion sensitivity (Zeiler and Fergus 2014, arXiv:1311.2901): a window of the background's colour is moved over what
the model sees, and where covering makes a character less probable, the model had looked. It asks the model for nothing
but its answers, so it holds for every architecture and backend. It is approximate: a window is about as wide as a
character, so it may hide a part of the neighbour too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from captcha_core.constraint import Constraint
from captcha_core.ctc import Floats
from captcha_core.scoring import character_probabilities

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer

# Cells of a map; the more, the finer it is and the longer it takes.
_CELLS = 72
_AT_ONCE = 8
# A character less probable than this is gone; by how much says nothing.
_GONE = 1e-6
# Full colour is for the strongest place, unless even that one does not halve the probability.
_HALVED = math.log(2)
_COLOUR = (213, 94, 0)  # vermilion of Okabe and Ito (2008), which colour-blind people tell from grey

Window = tuple[slice, ...]
"""The rows and the columns that are covered."""


def occlusion_maps(
    recognizer: Recognizer,
    image: Image.Image,
    text: str,
    constraint: Constraint | None = None,
    progress: Callable[[float], object] | None = None,
) -> NDArray[np.float32]:
    """Return for each character of a text how much it hangs on each pixel that the model sees.

    Args:
        recognizer: What read the picture.
        image: An RGB picture.
        text: What was read in it.
        constraint: Under which it was read; None means what the model expects.
        progress: Is told from time to time which share is done, in 0..1.

    Returns:
        Shape (characters, height, width), the size that of :meth:`Recognizer.model_view`: by how much the logarithm of
        the character's probability falls when the surroundings of the pixel are covered; below 0 where it rises.

    Raises:
        CaptchaLabError: As :meth:`Recognizer.read`.
    """
    constraint = recognizer.expected if constraint is None else constraint
    seen = recognizer.transform.array(image)
    height, width = seen.shape[1:]
    cell = math.ceil(math.sqrt(height * width / _CELLS))
    rows, columns = math.ceil(height / cell), math.ceil(width / cell)
    # A window is two cells high and wide; each lies one cell on from the one before.
    places = [(row, column) for row in range(max(1, rows - 1)) for column in range(max(1, columns - 1))]
    windows = [tuple(slice(i * cell, (i + 2) * cell) for i in place) for place in places]
    sums, counts = np.zeros((len(text), rows, columns)), np.zeros((rows, columns))
    for (row, column), fall in zip(places, _falls(recognizer, seen, text, constraint, windows, progress), strict=True):
        sums[:, row : row + 2, column : column + 2] += fall[:, None, None]
        counts[row : row + 2, column : column + 2] += 1
    maps = [_enlarged(cells, cell)[:height, :width] for cells in sums / counts]
    return np.array(maps, np.float32).reshape(-1, height, width)


def overlay(view: Image.Image, saliency: NDArray[np.float32]) -> Image.Image:
    """Return what the model sees in pale grey, coloured where a character hangs on it.

    Args:
        view: What :meth:`Recognizer.model_view` gives.
        saliency: One of the maps, (height, width).
    """
    grey = np.asarray(view.convert("L"), np.float32)[..., None]
    strength = (saliency / max(saliency.max(), _HALVED)).clip(0, 1)[..., None]
    # Half of the contrast is left to the picture where the colour is strongest, so that strokes stay visible.
    coloured = np.array(_COLOUR, np.float32) * (0.5 + 0.5 * grey / 255)
    pale = 96 + grey * (159 / 255)
    return Image.fromarray((pale + strength * (coloured - pale)).round().astype(np.uint8))


def _falls(
    recognizer: Recognizer,
    seen: NDArray[np.float32],
    text: str,
    constraint: Constraint | None,
    windows: Sequence[Window],
    progress: Callable[[float], object] | None,
) -> Floats:
    """Return by how much each window lowers the logarithm of each character's probability, (windows, characters)."""
    background = np.median(seen, axis=(1, 2), keepdims=True)
    whole = _log_probabilities(recognizer, seen[None], text, constraint)
    falls = np.zeros((len(windows), len(text)))
    # Where there is nothing to cover, nothing falls.
    busy = [i for i, window in enumerate(windows) if (seen[:, *window] != background).any()]
    for start in range(0, len(busy), _AT_ONCE):
        if progress is not None:
            progress(start / len(busy))
        some = busy[start : start + _AT_ONCE]
        covered = np.repeat(seen[None], len(some), axis=0)
        for picture, i in zip(covered, some, strict=True):
            picture[:, *windows[i]] = background
        falls[some] = whole - _log_probabilities(recognizer, covered, text, constraint)
    return falls


def _log_probabilities(
    recognizer: Recognizer, images: NDArray[np.float32], text: str, constraint: Constraint | None
) -> Floats:
    """Return the logarithm of the probability of each character in each of the model's inputs, (B, characters)."""
    logits, second = recognizer.logits(images)
    alphabet, temperature = recognizer.alphabet, recognizer.meta.temperature
    found = character_probabilities(logits, text, alphabet, recognizer.scheme, temperature, constraint)
    if second is not None:
        # As in captcha_core.agreement.
        found = np.sqrt(found * character_probabilities(second, text, alphabet, "positions", temperature, constraint))
    return np.log(np.maximum(found, _GONE))


def _enlarged(cells: Floats, cell: int) -> NDArray[np.float32]:
    """Return a map with ``cell`` pixels for each value, smoothly joined."""
    size = cells.shape[1] * cell, cells.shape[0] * cell
    return np.asarray(Image.fromarray(cells.astype(np.float32)).resize(size, Image.Resampling.BILINEAR))
