"""Captchas by number: the same seed and settings give the same bytes, however many workers draw them."""

from __future__ import annotations

import io
import itertools
import multiprocessing
import random
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError
from captcha_core.files import atomic_path
from captcha_core.generator.distortion import elastic_transform
from captcha_core.generator.drawing import draw_background, draw_lines, draw_spots, draw_text
from captcha_core.generator.styles import GeneratorSettings
from captcha_core.generator.text import generate_random_string

# Pictures that are distorted together; large enough for numpy's overhead not to count, small enough for the cache.
CHUNK = 8
# Level 1 makes PNG files a few per cent larger than the default and takes a fraction of its time.
_PNG_LEVEL = 1


@dataclass(frozen=True)
class Captcha:
    """A picture (RGB) and what is written in it."""

    image: Image.Image
    text: str


def generate_captcha(settings: GeneratorSettings, seed: int, index: int = 0) -> Captcha:
    """Draw picture number ``index`` of a seed."""
    return generate_chunk(settings, seed, index, 1)[0]


def generate_chunk(settings: GeneratorSettings, seed: int, start: int, count: int) -> list[Captcha]:
    """Draw the pictures ``start`` to ``start + count - 1`` of a seed.

    Every picture has random sources of its own, made from seed and number, so it does not matter which
    worker draws it, or beside which others.
    """
    numbers = range(start, start + count)
    drawn = [_draw(settings, random.Random(f"{seed}/{number}")) for number in numbers]
    rngs = [np.random.Generator(np.random.PCG64([seed, number])) for number in numbers]
    pixels = np.stack([_to_array(captcha.image) for captcha in drawn])
    pixels = elastic_transform(pixels, settings.elastic_alpha, settings.elastic_sigma, rngs)
    return [Captcha(_to_image(p), c.text) for p, c in zip(pixels, drawn, strict=True)]


def generate_captchas(
    settings: GeneratorSettings, count: int, seed: int, workers: int = 1
) -> Iterator[tuple[bytes, str]]:
    """Yield ``count`` pictures as PNG bytes with their texts, in order.

    Args:
        settings: How they look.
        count: How many.
        seed: Where they start; the same seed gives the same bytes.
        workers: Processes that draw; with 1 this process does.
    """
    jobs = ((settings, seed, start, min(CHUNK, count - start)) for start in range(0, count, CHUNK))
    if workers == 1:
        for job in jobs:
            yield from _encode_chunk(*job)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        waiting: deque[Future[list[tuple[bytes, str]]]] = deque(
            pool.submit(_encode_chunk, *job) for job in itertools.islice(jobs, 4 * workers)
        )
        while waiting:
            chunk = waiting.popleft().result()
            # One job in for each one out keeps memory flat whatever the count.
            waiting.extend(pool.submit(_encode_chunk, *job) for job in itertools.islice(jobs, 1))
            yield from chunk


def generate_captcha_data(
    settings: GeneratorSettings, count: int, output: str | Path, seed: int = 0, workers: int = 1
) -> Generator[str, None, None]:
    """Write ``count`` pictures to a Parquet file, yielding each text as it is written.

    Args:
        settings: How they look.
        count: How many.
        output: The file; it takes its name only when it is complete.
        seed: Same seed, same bytes.
        workers: Processes that draw.
    """
    with ParquetWriter(output) as writer:
        for number, (data, text) in enumerate(generate_captchas(settings, count, seed, workers)):
            writer.write(Sample(data, text, f"{text}_{number}.png", f"generator-seed{seed}"))
            yield text


def save_grid_image(captchas: list[Captcha], path: str | Path, columns: int = 10) -> None:
    """Save pictures as a contact sheet with their texts below, ``columns`` in a row.

    Args:
        captchas: Pictures of one size, at least one.
        path: A picture file; its suffix decides the format.
        columns: Pictures in a row.

    Raises:
        CaptchaLabError: If the suffix is not one of a picture, or the file cannot be written.
    """
    if Image.registered_extensions().get(Path(path).suffix.lower()) not in Image.SAVE:
        raise CaptchaLabError(f"{path} does not end like a picture file; name it .png, for instance.")
    width, height = captchas[0].image.size
    rows = -(-len(captchas) // columns)
    caption, gap = 14, 4
    sheet = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + caption + gap) + gap), "white")
    pen = ImageDraw.Draw(sheet)
    for number, captcha in enumerate(captchas):
        x = gap + number % columns * (width + gap)
        y = gap + number // columns * (height + caption + gap)
        sheet.paste(captcha.image, (x, y))
        pen.text((x + width / 2, y + height + 1), captcha.text, fill="black", anchor="ma")
    with atomic_path(path) as temporary:
        sheet.save(temporary)


def _draw(settings: GeneratorSettings, rng: random.Random) -> Captcha:
    text = generate_random_string(settings.symbols, settings.min_length, settings.max_length, rng)
    image = draw_background(settings, rng)
    draw_text(image, text, settings, rng)
    draw_spots(image, settings, rng)
    draw_lines(image, settings, rng)
    return Captcha(image, text)


def _to_array(image: Image.Image) -> NDArray[np.uint8]:
    """Return an RGB picture as (H, W, 4); the idle fourth byte, which Pillow keeps too, makes it quick."""
    return np.frombuffer(image.tobytes("raw", "RGBX"), np.uint8).reshape(image.height, image.width, 4)


def _to_image(pixels: NDArray[np.uint8]) -> Image.Image:
    height, width, _ = pixels.shape
    return Image.frombytes("RGB", (width, height), pixels.tobytes(), "raw", "RGBX")


def _encode_chunk(settings: GeneratorSettings, seed: int, start: int, count: int) -> list[tuple[bytes, str]]:
    return [(encode_png(c.image), c.text) for c in generate_chunk(settings, seed, start, count)]


def encode_png(image: Image.Image) -> bytes:
    """Return a picture as the bytes of a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=_PNG_LEVEL)
    return buffer.getvalue()
