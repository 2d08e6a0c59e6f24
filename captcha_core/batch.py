"""Reading a set of pictures once: what was read in each, and a small picture of it to show."""

from __future__ import annotations

import io
import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

from captcha_core.errors import CaptchaLabError, ImageError
from captcha_core.imaging import load_image
from captcha_core.prediction import Prediction
from captcha_core.recognizer import NamedSource
from captcha_core.uploads import Item

if TYPE_CHECKING:
    from captcha_core.evaluation.measure import Evaluation
    from captcha_core.recognizer import Recognizer

THUMBNAIL = (160, 80)
"""Largest width and height, in pixels; a table shows it at half of that, sharp on a phone too."""


class Reading(NamedTuple):
    """What became of one picture.

    Attributes:
        name: What to call it.
        label: Its text; None where it is not known.
        outcome: What was read, without alternatives, or why it could not be opened.
        thumbnail: A small picture of it as WebP; empty where it could not be opened.
        label_from: Where the label comes from, as :class:`captcha_core.uploads.Item` has it.
    """

    name: str
    label: str | None
    outcome: Prediction | CaptchaLabError
    thumbnail: bytes
    label_from: str = ""


def read_items(recognizer: Recognizer, items: Iterable[Item], batch_size: int = 32) -> Iterator[Reading]:
    """Read pictures a batch at a time; of each only its reading and a thumbnail of a few kilobytes are kept.

    Args:
        recognizer: The model.
        items: The pictures.
        batch_size: Pictures per pass of the model.

    Yields:
        The readings, in order.
    """
    waiting: deque[tuple[Item, bytes]] = deque()

    def sources() -> Iterator[NamedSource]:
        for item in items:
            source, thumbnail = _opened(item)
            # The bytes are not needed any more once the picture is decoded.
            waiting.append((item._replace(picture=b""), thumbnail))
            yield NamedSource(item.name, source)

    for outcome in recognizer.stream(sources(), batch_size):
        item, thumbnail = waiting.popleft()
        kept = replace(outcome, alternatives=()) if isinstance(outcome, Prediction) else outcome
        yield Reading(item.name, item.label, kept, thumbnail, item.label_from)


def _opened(item: Item) -> tuple[Image.Image | CaptchaLabError, bytes]:
    if isinstance(item.picture, CaptchaLabError):
        return item.picture, b""
    try:
        image = load_image(item.picture, item.name)
    except ImageError as error:
        return error, b""
    return image, thumbnail_of(image)


def thumbnail_of(image: Image.Image) -> bytes:
    """Return an RGB picture as a WebP file of at most ``THUMBNAIL`` pixels."""
    small = image.copy()
    small.thumbnail(THUMBNAIL)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=70, method=0)
    return buffer.getvalue()


def evaluate_readings(readings: Sequence[Reading], seconds: float = math.nan) -> Evaluation | None:
    """Measure the readings whose labels are known; None where there is none.

    Args:
        readings: The readings.
        seconds: How long they took together, if that is wanted.
    """
    from captcha_core.evaluation.measure import Evaluation
    from captcha_core.evaluation.metrics import evaluate_predictions

    labelled = [(reading, reading.label) for reading in readings if reading.label is not None]
    if not labelled:
        return None
    labels, outcomes = [label for _, label in labelled], [reading.outcome for reading, _ in labelled]
    metrics = evaluate_predictions(labels, outcomes)
    return Evaluation([r.name for r, _ in labelled], labels, outcomes, metrics, len(readings) / seconds)
