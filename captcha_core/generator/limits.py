"""What a page draws for strangers: no files of the machine, and no more work than it can do at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from captcha_core.errors import CaptchaLabError
from captcha_core.generator.base import Style
from captcha_core.generator.choice import chosen_style, flag
from captcha_core.generator.fonts import available_fonts
from captcha_core.generator.varied.layout import MOST_WIDTH

MOST_SYMBOLS = 256
"""Characters of an alphabet."""
MOST_NAMES = 16
"""Fonts or colours that are chosen at once."""

# The varied style decides sizes by itself where none is given; in pixels, of its middling pictures.
_USUAL_HEIGHT = 60
_USUAL_SHAPE = 4


def visitors_style(name: str, given: Mapping[str, Any]) -> Style:
    """Return the style as :func:`captcha_core.generator.choice.chosen_style` does, for somebody who may be anybody.

    Raises:
        CaptchaLabError: As there, or if a font is not one of those at hand by its name (a path is refused, so that
            no file of the machine can be asked for), or a text or list is very long.
    """
    alphabet = given.get("alphabet")
    if isinstance(alphabet, str) and len(alphabet) > MOST_SYMBOLS:
        raise CaptchaLabError(f"The alphabet has {len(alphabet)} characters; give at most {MOST_SYMBOLS}.")
    for setting in ("fonts", "text_colors", "background_colors"):
        names = given.get(setting)
        if isinstance(names, list | tuple):
            _check_names(setting, names)
    return chosen_style(name, given)


def most_pictures(style: Style, pixels: int) -> int:
    """Return how many pictures of a style have about so many pixels together; at least 1."""
    height = style.height or _USUAL_HEIGHT
    width = style.width or min(MOST_WIDTH, _USUAL_SHAPE * height)
    return max(1, pixels // (width * height))


def check_count(count: Any, most: int, style: Style, pixels: int) -> int:
    """Return how many pictures to draw.

    Args:
        count: How many are wanted.
        most: How many may be wanted of any style.
        style: How they look.
        pixels: How many they may have together.

    Raises:
        CaptchaLabError: If it is no whole number, less than 1, or too many.
    """
    if not isinstance(count, int | float) or isinstance(count, bool) or not 1 <= count <= most or count != int(count):
        raise CaptchaLabError(f"{count!r:.40} pictures cannot be drawn here; give a whole number from 1 to {most:,}.")
    fitting = most_pictures(style, pixels)
    if count > fitting:
        raise CaptchaLabError(
            f"{int(count):,} pictures of that size are too many for this page; choose at most {fitting:,} or smaller "
            "ones, or run the command, which has no such limit."
        )
    return int(count)


def _check_names(setting: str, names: Any) -> None:
    if len(names) > MOST_NAMES:
        raise CaptchaLabError(f"{len(names)} names for {flag(setting)} are too many; give at most {MOST_NAMES}.")
    for name in names:
        if not isinstance(name, str) or len(name) > MOST_SYMBOLS:
            raise CaptchaLabError(f"{name!r:.40} is no name for {flag(setting)}; give short texts.")
        if setting == "fonts" and name not in available_fonts():
            known = ", ".join(sorted(available_fonts())[:12])
            raise CaptchaLabError(f"There is no font {name[:40]!r} here; choose among: {known} ...")
