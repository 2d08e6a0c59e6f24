"""Which fonts there are to draw with, and which characters can be told in each."""

from __future__ import annotations

import random
import string
from functools import cache, lru_cache
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFont

from captcha_core.errors import CaptchaLabError
from captcha_core.generator.fonts import FONT_SUFFIXES, available_fonts, find_font, missing_symbols

# Letters whose two cases differ in more than size.
_TELLING = "abdeghnqrt"
# Correlation of the two cases from which on a font is taken to have one case only; between families of two cases
# and of one there is a gap from 0.55 to 0.65.
_SAME_CASE = 0.6
_TRIES = 400
_COMMON = string.digits + string.ascii_letters


@lru_cache(maxsize=64)
def families(fonts: tuple[str, ...]) -> tuple[tuple[Path, ...], ...]:
    """Return the font files by folder, one family or collection each.

    Args:
        fonts: Folders, files or names of fonts; empty for every font at hand.

    Raises:
        CaptchaLabError: If one does not exist, or a folder holds no font.
    """
    if not fonts:
        files = sorted(set(available_fonts().values()))
    else:
        files = [file for name in fonts for file in _files_of(name)]
    folders = sorted({file.parent for file in files})
    return tuple(tuple(file for file in files if file.parent == folder) for folder in folders)


def _files_of(name: str) -> list[Path]:
    if not Path(name).is_dir():
        return [find_font(name)]
    files = sorted(file for file in Path(name).rglob("*") if file.suffix.lower() in FONT_SUFFIXES)
    if not files:
        raise CaptchaLabError(f"The folder {name!r} holds no font ({', '.join(sorted(FONT_SUFFIXES))}).")
    return files


def choose_face(fonts: tuple[str, ...], symbols: str, rng: random.Random) -> Path:
    """Return a font in which every one of the symbols can be told.

    A family is chosen first, so that one with many weights does not outnumber the others.

    Raises:
        CaptchaLabError: If there is hardly any.
    """
    folders = families(fonts)
    wanted = set(symbols)
    other = "".join(wanted.difference(_COMMON))
    for _ in range(_TRIES):
        file = rng.choice(rng.choice(folders))
        if wanted - set(other) <= telling_symbols(file) and not (other and missing_symbols(file, other)):
            return file
    raise CaptchaLabError(f"None of the fonts at hand draws {symbols[:40]!r}; name others with --fonts.")


@cache
def telling_symbols(file: Path) -> frozenset[str]:
    """Return the ASCII digits and letters that a font file draws and that can be told from one another.

    A font that writes small letters as capitals is taken to have capitals only.
    """
    try:
        face = ImageFont.truetype(str(file), 16)
        drawn = set(_COMMON) - set(missing_symbols(file, _COMMON))
    except OSError:
        return frozenset()
    if drawn.issuperset(string.ascii_letters) and _case_likeness(face) > _SAME_CASE:
        drawn -= set(string.ascii_lowercase)
    return frozenset(drawn)


def _case_likeness(face: ImageFont.FreeTypeFont) -> float:
    pairs = [(_shape(face, c), _shape(face, c.upper())) for c in _TELLING]
    return median(float(np.corrcoef(small.ravel(), large.ravel())[0, 1]) for small, large in pairs)


def _shape(face: ImageFont.FreeTypeFont, character: str) -> NDArray[np.uint8]:
    """Return the character's ink, cut to its box and brought to one size."""
    mask = face.getmask(character)
    image = Image.frombytes("L", mask.size, bytes(mask))
    return np.asarray(image.crop(image.getbbox()).resize((24, 24)))


@lru_cache(maxsize=256)
def open_face(file: Path, size: int) -> ImageFont.FreeTypeFont:
    """Return a font at a size, in pixels per em."""
    # Single characters need no shaping of text, which takes longer than drawing them.
    return ImageFont.truetype(str(file), size, layout_engine=ImageFont.Layout.BASIC)
