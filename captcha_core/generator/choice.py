"""A style chosen by name and settings, on a command line, on the page or by a program; and the command that draws it.

Names and values come from people, so each is checked here, once, before anything is drawn.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from captcha_core.errors import CaptchaLabError
from captcha_core.generator.base import Style
from captcha_core.generator.pycaptcha import PycaptchaSettings
from captcha_core.generator.styles import GeneratorSettings
from captcha_core.generator.varied import VariedSettings

STYLES: dict[str, type[Style]] = {
    "default": GeneratorSettings,
    "pycaptcha": PycaptchaSettings,
    "varied": VariedSettings,
}
"""Every way of drawing by its name on the command line; its settings are the fields of the class."""

SEEDS = (0, 2**32 - 1)
"""The lowest and the highest seed."""

_PROGRAM = "python captcha_generator.py"
# As much of a wrong value as a message repeats.
_SHOWN = 40


def chosen_style(name: str, given: Mapping[str, Any]) -> Style:
    """Return the style with the settings that are given; what is not given is as the style has it.

    Args:
        name: A key of ``STYLES``.
        given: Values by the names of the style's fields; lists where the style has tuples.

    Raises:
        CaptchaLabError: If there is no such style, it has not got one of the settings, or a value is of another type
            or outside its range.
    """
    kind = STYLES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise CaptchaLabError(f"There is no style {_short(name)}; choose one of: {', '.join(STYLES)}.")
    known = {item.name: item.default for item in fields(kind)}
    foreign = sorted(flag(other) for other in given.keys() - known.keys())
    if foreign:
        raise CaptchaLabError(f"--style {name} has no {', '.join(foreign)}; leave that out, or use --style default.")
    return kind(**{setting: _typed(setting, value, known[setting]) for setting, value in given.items()})


def check_seed(seed: Any) -> int:
    """Return the seed.

    Raises:
        CaptchaLabError: If it is no whole number or outside ``SEEDS``.
    """
    low, high = SEEDS
    number = _typed("seed", seed, 0)
    if not low <= number <= high:
        raise CaptchaLabError(f"--seed {number}: give a number from {low} to {high}.")
    return int(number)


def usable_styles() -> list[str]:
    """Return the names of the styles that this machine can draw; ``pycaptcha`` needs a package."""
    return [name for name, kind in STYLES.items() if _can_draw(kind)]


def flag(name: str) -> str:
    """Return a setting's name on the command line."""
    return "--" + name.replace("_", "-")


def command_for(style: Style, *, count: int, seed: int, output: str) -> str:
    """Return the command that draws the same pictures, for a POSIX shell; only what differs from a default is named."""
    name = next(name for name, kind in STYLES.items() if type(style) is kind)
    words = ["--count", str(count), "--seed", str(seed), "--output", output]
    if name != "default":
        words += ["--style", name]
    for item in fields(style):
        value = getattr(style, item.name)
        if value != item.default:
            words += _words(flag(item.name), value)
    return f"{_PROGRAM} {shlex.join(words)}"


def _can_draw(kind: type[Style]) -> bool:
    try:
        kind()
    except CaptchaLabError:
        return False
    return True


def _words(name: str, value: Any) -> list[str]:
    if isinstance(value, tuple):
        return [name, *value]
    # Joined, since a value that begins with "-" would be taken for a flag.
    return [f"{name}={value}"] if str(value).startswith("-") else [name, str(value)]


def _typed(name: str, value: Any, default: Any) -> Any:
    """Return a value as the type of its default.

    Raises:
        CaptchaLabError: If it is of another type, as what programs send may be.
    """
    if isinstance(default, str) and isinstance(value, str):
        return value
    if isinstance(default, tuple) and _is_texts(value):
        return tuple(value)
    if isinstance(default, int | float) and _is_number(value):
        if isinstance(default, float):
            return float(value)
        if value == int(value):
            return int(value)
    kinds = {str: "a text", tuple: "a list of texts", int: "a whole number", float: "a number"}
    raise CaptchaLabError(f"{name} is {_short(value)}; give {kinds[type(default)]} for {flag(name)}.")


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number with hundreds of digits
        return False


def _is_texts(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str) and all(isinstance(text, str) for text in value)


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]} ..."
