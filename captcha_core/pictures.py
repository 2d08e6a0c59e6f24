"""What the paths on a command line stand for: pictures, folders of pictures, and the rows of Parquet files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from captcha_core.errors import DataError
from captcha_core.files import PARQUET_SUFFIXES
from captcha_core.imaging import PICTURE_SUFFIXES
from captcha_core.recognizer import NamedSource


def find_pictures(paths: Iterable[Path], image_column: str | None = None) -> Iterator[NamedSource]:
    """Yield every picture that the paths stand for, in their order; what cannot be read is an error in its place.

    A folder stands for the pictures in it and below or, without any, for its Parquet files, in natural order
    (2.png before 10.png); hidden files are passed over. A Parquet file stands for its rows, of all splits and
    with labels or without, called ``file.parquet#0`` and so on; it is streamed. Any other path is taken for a
    picture.

    Args:
        paths: Files and folders.
        image_column: Parquet column of the encoded pictures, if it is not the obvious one.
    """
    for path in paths:
        files = _expanded(path) if os.path.isdir(path) else [path]
        if not files:
            yield NamedSource(shown(path), DataError(f"{shown(path)} is a folder without pictures; name another."))
        for file in files:
            if file.suffix.lower() in PARQUET_SUFFIXES:
                yield from _rows(file, image_column)
            else:
                yield NamedSource(shown(file), file)


def shown(path: Path) -> str:
    """Return a path as text that can be printed and stored: bytes that are no UTF-8 become a replacement mark."""
    return os.fsencode(path).decode("utf-8", "replace")


def natural_key(text: str) -> list[str | int]:
    """Return a key that sorts runs of digits by their number, and letters of either case together."""
    return [int(part) if part.isdecimal() else part.casefold() for part in re.split(r"(\d+)", text)]


def _expanded(folder: Path) -> list[Path]:
    """Return the pictures in and below a folder or, if there are none, the Parquet files, in natural order."""
    pictures: list[Path] = []
    parts: list[Path] = []
    for where, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        visible = [Path(where, name) for name in files if not name.startswith(".")]
        pictures += [path for path in visible if path.suffix.lower() in PICTURE_SUFFIXES]
        parts += [path for path in visible if path.suffix.lower() in PARQUET_SUFFIXES]
    # The path itself decides between names that differ only in case or in leading zeros.
    return sorted(pictures or parts, key=lambda path: ([natural_key(part) for part in path.parts], path))


def _rows(path: Path, image_column: str | None) -> Iterator[NamedSource]:
    # Pictures alone need no pyarrow, whose import takes a second.
    from captcha_core.data.parquet import iter_pictures

    row = 0
    try:
        for sample in iter_pictures(path, image_column=image_column, split="all"):
            yield NamedSource(f"{shown(path)}#{row}", sample.image)
            row += 1
    except DataError as error:
        yield NamedSource(shown(path), error)
