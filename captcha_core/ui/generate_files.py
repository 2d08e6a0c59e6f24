"""Drawn captchas as a file to take away: the bytes that the command on the page writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from captcha_core.data.archive import zip_folder
from captcha_core.generator import Style, generate_captcha_data

PARQUET, ZIP = "parquet", "zip"
FORMATS = {PARQUET: "Parquet, one file for training", ZIP: "Zip of pictures with labels.csv"}
MOST = 2000
"""Pictures in one file."""
PIXELS = 60_000_000
"""Pixels of all pictures of one file."""

_NAME = "captchas"
# Progress is told every so many pictures.
_EVERY = 20


def output_of(form: str) -> str:
    """Return what the command line writes for a format: a Parquet file, or the folder that is in the zip."""
    return f"{_NAME}.parquet" if form == PARQUET else _NAME


def write_file(style: Style, count: int, seed: int, form: str, folder: Path, told: Callable[[int], object]) -> Path:
    """Draw pictures into a file and return its path.

    Args:
        style: How they look.
        count: How many.
        seed: Where they come from.
        form: ``PARQUET`` or ``ZIP``.
        folder: An empty folder to work in.
        told: Called with the number of pictures so far, now and then.

    Raises:
        CaptchaLabError: If the pictures cannot be drawn or written.
    """
    output = folder / output_of(form)
    for number, _ in enumerate(_drawn(style, count, seed, output), 1):
        if number % _EVERY == 0:
            told(number)
    if form == PARQUET:
        return output
    zipped = folder / f"{_NAME}.zip"
    zip_folder(output, zipped)
    return zipped


def _drawn(style: Style, count: int, seed: int, output: Path) -> Iterator[str]:
    return generate_captcha_data(style, count, output, seed)
