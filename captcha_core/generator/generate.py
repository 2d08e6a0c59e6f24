"""Captchas by number: the same seed and settings give the same bytes, however many workers draw them."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa
from PIL import Image

from captcha_core.cluster.engine import Engine, LocalEngine
from captcha_core.data.split import pixel_digest
from captcha_core.errors import CaptchaLabError
from captcha_core.generator.base import Captcha, Style

# Pictures that are distorted together; large enough for numpy's overhead not to count, small enough for the cache.
CHUNK = 8
# Pictures of one job for a worker: enough that handing it over does not count.
_JOB = 64
# Level 1 makes PNG files a few per cent larger than the default and takes a fraction of its time.
_PNG_LEVEL = 1
# So many repeats in a row mean that the settings have hardly any other pictures to give.
_PATIENCE = 1000


class Drawn(NamedTuple):
    """An encoded picture.

    Attributes:
        number: Its number among those of the seed.
        image: The bytes of a PNG file.
        text: What is written in it.
        digest: See :func:`captcha_core.data.split.pixel_digest`; empty where nobody asked for it.
    """

    number: int
    image: bytes
    text: str
    digest: bytes


def generate_captcha(settings: Style, seed: int, index: int = 0) -> Captcha:
    """Draw picture number ``index`` of a seed."""
    return generate_chunk(settings, seed, index, 1)[0]


def generate_chunk(settings: Style, seed: int, start: int, count: int) -> list[Captcha]:
    """Draw the pictures ``start`` to ``start + count - 1`` of a seed."""
    return settings.draw(seed, start, count)


def generate_captchas(settings: Style, count: int, seed: int, workers: int = 1) -> Iterator[tuple[bytes, str]]:
    """Yield ``count`` pictures as PNG bytes with their texts, in order.

    Args:
        settings: How they look.
        count: How many.
        seed: Where they start; the same seed gives the same bytes.
        workers: Processes that draw; with 1 this process does.
    """
    for drawn in numbered_captchas(settings, count, seed, LocalEngine(workers)):
        yield drawn.image, drawn.text


def numbered_captchas(settings: Style, count: int, seed: int, engine: Engine) -> Generator[Drawn, None, None]:
    """Yield the pictures 0 to ``count - 1`` of a seed, drawn by the engine, without their digests."""
    return _in_order(DrawStage(settings, seed, digests=False), 0, count, engine)


def unseen_captchas(
    settings: Style, count: int, seed: int, engine: Engine, start: int, seen: set[bytes]
) -> Generator[Drawn, None, None]:
    """Yield the first ``count`` pictures from number ``start`` on whose pixels are not in ``seen``, with their digests.

    Args:
        settings: How they look.
        count: How many.
        seed: Where they come from.
        engine: What draws.
        start: The first number to draw.
        seen: Digests of pixels; the caller may add to it between two pictures.

    Raises:
        CaptchaLabError: If nearly all pictures that the settings can give are in ``seen``.
    """
    stage = DrawStage(settings, seed, digests=True)
    # Numbers that were not recognised as used before may all come again.
    patience = _PATIENCE + len(seen)
    found = repeats = 0
    while True:
        # As many as are missing, and more where only repeats came.
        stop = start + count - found + repeats
        with closing(_in_order(stage, start, stop, engine)) as drawing:
            for drawn in drawing:
                if drawn.digest not in seen:
                    found, repeats = found + 1, 0
                    yield drawn
                    if found == count:
                        return
                    continue
                repeats += 1
                if repeats > patience:
                    raise CaptchaLabError(
                        f"After {found} of {count} pictures the settings give only such as were there before; "
                        "ask for fewer, or for longer texts or stronger settings."
                    )
        start = stop


@dataclass(frozen=True)
class DrawStage:
    """Draws the pictures of a job, which is its first number and how many.

    Attributes:
        settings: How they look.
        seed: Where they come from.
        digests: Whether anybody asks for their digests.
    """

    settings: Style
    seed: int
    digests: bool

    schema = pa.schema([("number", pa.int64()), ("image", pa.binary()), ("text", pa.string()), ("digest", pa.binary())])

    def __call__(self, job: tuple[int, int]) -> Iterator[Drawn]:
        """Yield the pictures in order; what they are does not depend on how they are grouped."""
        first, count = job
        for start in range(first, first + count, CHUNK):
            captchas = generate_chunk(self.settings, self.seed, start, min(CHUNK, first + count - start))
            for number, c in enumerate(captchas, start):
                yield Drawn(number, encode_png(c.image), c.text, pixel_digest(c.image) if self.digests else b"")


def _in_order(stage: DrawStage, start: int, stop: int, engine: Engine) -> Generator[Drawn, None, None]:
    """Yield the pictures ``start`` to ``stop - 1``."""
    jobs = ((first, min(_JOB, stop - first)) for first in range(start, stop, _JOB))
    with closing(engine.run(stage, jobs)) as results:
        for rows in results:
            yield from (Drawn(*row) for row in rows)


def encode_png(image: Image.Image) -> bytes:
    """Return a picture as the bytes of a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=_PNG_LEVEL)
    return buffer.getvalue()
