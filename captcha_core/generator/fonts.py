"""Fonts that are at hand: those inside matplotlib, a dependency, and those of the system."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

from PIL import ImageFont

from captcha_core.errors import CaptchaLabError

FONT_SUFFIXES = frozenset({".ttf", ".otf", ".woff"})
"""Ends of names of font files, in lower case."""

# Faces of the DejaVu family, which comes inside matplotlib: sans, serif and typewriter, plain, bold and slanted.
DEFAULT_FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
)


def find_font(name: str) -> Path:
    """Return the file of a font.

    Args:
        name: Path of a .ttf, .otf or .woff file, or a file's name without its suffix ("DejaVuSans-Bold").

    Raises:
        CaptchaLabError: If there is none, with the names of those that there are.
    """
    if Path(name).suffix.lower() in FONT_SUFFIXES and Path(name).is_file():
        return Path(name)
    fonts = available_fonts()
    if name not in fonts:
        known = ", ".join(sorted(fonts)[:12])
        raise CaptchaLabError(f"There is no font {name!r}. Give a .ttf, .otf or .woff file, or one of: {known} ...")
    return fonts[name]


def located(fonts: Iterable[str]) -> list[str]:
    """Return fonts with every path as an absolute one, which means the same to a process in another folder."""
    return [str(Path(name).absolute()) if _is_path(name) else name for name in fonts]


def _is_path(name: str) -> bool:
    path = Path(name)
    return path.is_file() or (path.is_dir() and name not in available_fonts())


@cache
def available_fonts() -> dict[str, Path]:
    """Return every font file at hand by its name without suffix; matplotlib's win over the system's."""
    found: dict[str, Path] = {}
    for folder in _font_folders():
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in FONT_SUFFIXES:
                found.setdefault(path.stem, path)
    return found


@lru_cache(maxsize=4096)
def check_font(name: str, symbols: str) -> None:
    """Check that a font can be opened and draws every symbol as something of its own.

    Raises:
        CaptchaLabError: If not.
    """
    try:
        missing = missing_symbols(find_font(name), symbols)
    except OSError as error:
        raise CaptchaLabError(f"The font {name!r} cannot be opened ({error}); choose another with --fonts.") from error
    if missing:
        raise CaptchaLabError(
            f"The font {name!r} has no {missing[:20]!r}; choose another with --fonts, or another --alphabet."
        )


def missing_symbols(file: Path, symbols: str) -> str:
    """Return those of the symbols that a font file does not draw as something of their own.

    A character that a font has not is drawn as the same box as any other that it has not.

    Raises:
        OSError: If the file is no font.
    """
    face = ImageFont.truetype(str(file), 24)
    unknown = bytes(face.getmask("\U0010ffff"))
    return "".join(c for c in symbols if bytes(face.getmask(c)) in (b"", unknown))


def _font_folders() -> list[Path]:
    """Return the folders to search; matplotlib is located without importing it."""
    folders = []
    spec = importlib.util.find_spec("matplotlib")
    if spec is not None and spec.origin is not None:
        folders.append(Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf")
    if sys.platform == "win32":
        folders.append(Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts")
    elif sys.platform == "darwin":
        folders += [Path("/System/Library/Fonts"), Path("/Library/Fonts"), Path.home() / "Library/Fonts"]
    else:
        folders += [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts"]
    return [folder for folder in folders if folder.is_dir()]
