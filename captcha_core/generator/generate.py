"""Captchas by number: the same seed and settings give the same bytes, however many workers draw them."""

from __future__ import annotations

import io
import itertools
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from typing import NamedTuple

from PIL import Image

from captcha_core.data.split import pixel_digest
from captcha_core.errors import CaptchaLabError
from captcha_core.generator.base import Captcha, Style

# Pictures that are distorted together; large enough for numpy's overhead not to count, small enough for the cache.
CHUNK = 8
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
    for drawn in numbered_captchas(settings, count, seed, workers):
        yield drawn.image, drawn.text


def numbered_captchas(settings: Style, count: int, seed: int, workers: int) -> Generator[Drawn, None, None]:
    """Yield the pictures 0 to ``count - 1`` of a seed, without their digests; arguments as there."""
    chunks = ((start, min(CHUNK, count - start)) for start in range(0, count, CHUNK))
    return _in_order(settings, seed, chunks, workers, digests=False)


def unseen_captchas(
    settings: Style, count: int, seed: int, workers: int, start: int, seen: set[bytes]
) -> Generator[Drawn, None, None]:
    """Yield the first ``count`` pictures from number ``start`` on whose pixels are not in ``seen``, with their digests.

    Args:
        settings: How they look.
        count: How many.
        seed: Where they come from.
        workers: Processes that draw.
        start: The first number to draw.
        seen: Digests of pixels; the caller may add to it between two pictures.

    Raises:
        CaptchaLabError: If nearly all pictures that the settings can give are in ``seen``.
    """
    chunks = ((first, CHUNK) for first in itertools.count(start, CHUNK))
    # Numbers that were not recognised as used before may all come again.
    patience = _PATIENCE + len(seen)
    found = repeats = 0
    with closing(_in_order(settings, seed, chunks, workers, digests=True)) as drawing:
        while found < count:
            drawn = next(drawing)
            if drawn.digest not in seen:
                found, repeats = found + 1, 0
                yield drawn
                continue
            repeats += 1
            if repeats > patience:
                raise CaptchaLabError(
                    f"After {found} of {count} pictures the settings give only such as were there before; "
                    "ask for fewer, or for longer texts or stronger settings."
                )


def _in_order(
    settings: Style, seed: int, chunks: Iterable[tuple[int, int]], workers: int, digests: bool
) -> Generator[Drawn, None, None]:
    """Yield the pictures of the chunks, (first number, how many) each, in the order of the chunks."""
    jobs = ((settings, seed, start, count, digests) for start, count in chunks)
    if workers == 1:
        for job in jobs:
            yield from _encode_chunk(*job)
        return
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _leave_with_parent)
    number = 0
    try:
        waiting: deque[Future[list[Drawn]]] = deque(
            pool.submit(_encode_chunk, *job) for job in itertools.islice(jobs, 4 * workers)
        )
        while waiting:
            chunk = waiting.popleft().result()
            # One job in for each one out keeps memory flat whatever the count.
            waiting.extend(pool.submit(_encode_chunk, *job) for job in itertools.islice(jobs, 1))
            number += len(chunk)
            yield from chunk
    except BrokenProcessPool as error:
        raise CaptchaLabError(
            f"A process that draws was ended from outside after {number} pictures, perhaps for want of memory; "
            f"give fewer than --workers {workers}."
        ) from error
    finally:
        # Whoever asked for enough does not wait for what was drawn ahead.
        pool.shutdown(cancel_futures=True)


def _leave_with_parent() -> None:
    """End this process when its parent is gone: one that is killed cannot say so, and the pool would wait for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _encode_chunk(settings: Style, seed: int, start: int, count: int, digests: bool) -> list[Drawn]:
    captchas = generate_chunk(settings, seed, start, count)
    return [
        Drawn(number, encode_png(c.image), c.text, pixel_digest(c.image) if digests else b"")
        for number, c in enumerate(captchas, start)
    ]


def encode_png(image: Image.Image) -> bytes:
    """Return a picture as the bytes of a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=_PNG_LEVEL)
    return buffer.getvalue()
