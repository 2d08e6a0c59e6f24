"""What every style of drawing has in common: text, size, and pictures by number."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, ClassVar

from PIL import Image

from captcha_core.alphabet import Alphabet
from captcha_core.errors import CaptchaLabError
from captcha_core.generator.text import generate_random_string


@dataclass(frozen=True)
class Captcha:
    """A picture (RGB) and what is written in it."""

    image: Image.Image
    text: str


def setting(default: Any, low: float, high: float, text: str, usual: float | None = None) -> Any:
    """Return a dataclass field with a range, which :class:`Style` checks, and a help text.

    Args:
        default: Its value where none is given.
        low: The lowest that may be given.
        high: The highest.
        text: What it is, for people.
        usual: The highest that leaves something to read, where that is far below ``high``; sliders end there.
    """
    return field(
        default=default, metadata={"range": (low, high), "help": text, "usual": high if usual is None else usual}
    )


@dataclass(frozen=True)
class Style(ABC):
    """A way of drawing captchas, with its settings.

    A style is a frozen value that can be pickled: worker processes draw with a copy of it.

    Attributes:
        alphabet: A named alphabet or the characters themselves.
        source: What the pictures come from, for the data set's ``source`` column.

    Raises:
        CaptchaLabError: If a number is outside the range in its field's metadata, or the alphabet is not one.
    """

    source: ClassVar[str]

    alphabet: str = field(default="lower36", metadata={"help": "a named alphabet or the characters themselves"})
    min_length: int = setting(4, 1, 32, "shortest text, in characters")
    max_length: int = setting(6, 1, 32, "longest text, in characters")
    width: int = setting(160, 32, 1024, "width of the picture, in pixels")
    height: int = setting(60, 16, 512, "height of the picture, in pixels")

    def __post_init__(self) -> None:
        """Check every value once, so that drawing need not."""
        for item in fields(self):
            if "range" in item.metadata:
                self._check_range(item.name, *item.metadata["range"])
        if self.min_length > self.max_length:
            raise CaptchaLabError(
                f"min_length {self.min_length} is above max_length {self.max_length}; "
                "raise --max-length or lower --min-length."
            )
        _ = self.symbols

    @abstractmethod
    def draw(self, seed: int, start: int, count: int) -> list[Captcha]:
        """Draw the pictures ``start`` to ``start + count - 1`` of a seed.

        A picture depends on the settings, the seed and its number alone, and not on those drawn with it.

        Returns:
            RGB pictures of ``height`` x ``width`` pixels.
        """

    @cached_property
    def symbols(self) -> Alphabet:
        """The alphabet itself."""
        return Alphabet.named(self.alphabet)

    def random_text(self, rng: random.Random) -> str:
        """Draw a text of the alphabet and the lengths."""
        return generate_random_string(self.symbols, self.min_length, self.max_length, rng)

    def _check_range(self, name: str, low: float, high: float) -> None:
        value = getattr(self, name)
        if not low <= value <= high:
            flag = "--" + name.replace("_", "-")
            raise CaptchaLabError(f"{name} is {value}; give {flag} between {low} and {high}.")
