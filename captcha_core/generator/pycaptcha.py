"""The look of the ``captcha`` package (Hsiaoming Yang, BSD licence), drawn by the package itself; an optional extra."""

from __future__ import annotations

import importlib.util
import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, TypeVar

from captcha_core.errors import CaptchaLabError
from captcha_core.generator.base import Captcha, Style
from captcha_core.generator.fonts import missing_symbols

VERSION = "0.7.1"
"""The release that draws; another one may draw other pixels for the same seed."""

_INSTALL = f"pip install captcha=={VERSION}"
_T = TypeVar("_T")


@dataclass(frozen=True)
class PycaptchaSettings(Style):
    """Text and size of captchas of the ``captcha`` package; everything else is as the package has it.

    Raises:
        CaptchaLabError: If the package is missing or of another version than ``VERSION``, a value is outside its range,
            or the package's font lacks a character of the alphabet.
    """

    source: ClassVar[str] = "pycaptcha"

    def __post_init__(self) -> None:
        """Check every value, and that the package can draw it."""
        super().__post_init__()
        fonts = [Path(name) for name in _package().DEFAULT_FONTS]
        missing = "".join(missing_symbols(font, self.symbols.symbols) for font in fonts)
        if missing:
            raise CaptchaLabError(
                f"The captcha package's font has no {missing[:20]!r}; choose another --alphabet or --style default."
            )

    def draw(self, seed: int, start: int, count: int) -> list[Captcha]:
        """Draw pictures by number; the text comes from the same random source as the package's choices."""
        painter = _painter(self.width, self.height)
        drawn = []
        for number in range(start, start + count):
            rng = _source.rng = random.Random(f"{seed}/{number}")
            text = self.random_text(rng)
            drawn.append(Captcha(painter.generate_image(text), text))
        return drawn


class _SeededSource(threading.local):
    """Stands in for the module ``secrets``; every thread sets a generator of its own before each picture."""

    rng = random.Random(0)

    def randbelow(self, bound: int) -> int:
        """Return a number from 0 to ``bound - 1``."""
        return self.rng.randrange(bound)

    def randbits(self, count: int) -> int:
        """Return a number of that many random bits."""
        return self.rng.getrandbits(count)

    def choice(self, items: Sequence[_T]) -> _T:
        """Return one of the items."""
        return self.rng.choice(items)


_source = _SeededSource()


@cache
def _package() -> ModuleType:
    """Return a copy of the module ``captcha.image`` whose randomness is ours, loaded on first use.

    The package takes every choice from functions of the standard module ``secrets``, which cannot be seeded; so the
    same seed could not give the same bytes. Exchanging the name ``secrets`` in the module that all share would, until
    it is put back, also take the randomness of whoever else in this process draws real captchas with the package. A
    copy of our own needs no putting back and no lock: the shared module is not touched, and each thread has its source.
    """
    try:
        import captcha.image

        installed = version("captcha")
    except ImportError as error:
        raise CaptchaLabError(f"--style pycaptcha needs the package captcha; install it with {_INSTALL}.") from error
    if installed != VERSION:
        raise CaptchaLabError(
            f"--style pycaptcha gives the same pictures for the same seed only with captcha {VERSION}, "
            f"and {installed} is installed; change it with {_INSTALL}."
        )
    spec: Any = captcha.image.__spec__
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    vars(module)["secrets"] = _source
    return module


@lru_cache(maxsize=16)
def _painter(width: int, height: int) -> Any:
    """Return the package's painter for a size, in pixels, with its fonts open."""
    return _package().ImageCaptcha(width, height)
