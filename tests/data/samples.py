"""Small pictures and samples, the same for the same seed."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import SPLIT_SCHEMA, Sample


def picture(seed: int, width: int = 24, height: int = 12) -> Image.Image:
    """Return an RGB picture of noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """Encode a picture."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(seed: int) -> bytes:
    """Return a PNG of noise."""
    return encoded(picture(seed))


def sample(seed: int, label: str | None = None) -> Sample:
    """Return a sample whose label is its seed in four digits unless another is given."""
    return Sample(png(seed), f"{seed:04d}" if label is None else label, f"{seed}.png", "noise")


def write_files(folder: Path, *names: str) -> Path:
    """Write a different PNG under every name, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(names):
        (folder / name).write_bytes(png(seed))
    return folder


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that announces this size in pixels and has next to no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def write(path: Path, count: int = 5, start: int = 0, row_group_size: int = 2) -> list[Sample]:
    samples = [sample(seed) for seed in range(start, start + count)]
    with ParquetWriter(path, row_group_size=row_group_size) as writer:
        for one in samples:
            writer.write(one)
    return samples


def write_split(path: Path, splits: str) -> list[Sample]:
    """Write one row for every letter: ``r`` for train, ``e`` for test; row groups of two."""
    samples = [sample(seed) for seed in range(len(splits))]
    with ParquetWriter(path, row_group_size=2, schema=SPLIT_SCHEMA) as writer:
        for one, letter in zip(samples, splits, strict=True):
            writer.write(one, split={"r": "train", "e": "test"}[letter])
    return samples
