"""The generator's settings: every strength has a name, a default and a range."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from PIL import ImageColor

from captcha_core.alphabet import Alphabet
from captcha_core.errors import CaptchaLabError
from captcha_core.generator.fonts import DEFAULT_FONTS, check_font


def _setting(default: Any, low: float, high: float, text: str) -> Any:
    return field(default=default, metadata={"range": (low, high), "help": text})


@dataclass(frozen=True)
class GeneratorSettings:
    """How captchas look. Numbers are checked against the range in their field's metadata.

    Attributes:
        alphabet: A named alphabet or the characters themselves.
        fonts: Names or files of fonts, one drawn for every character.
        text_colors: Colours as "#rrggbb" or CSS names, one drawn for every character, spot and line;
            empty for random dark ones.
        background_colors: The same for the background; empty for random light ones.

    Raises:
        CaptchaLabError: If a value is outside its range, or a colour, font or alphabet does not exist.
    """

    alphabet: str = field(default="lower36", metadata={"help": "a named alphabet or the characters themselves"})
    min_length: int = _setting(4, 1, 32, "shortest text, in characters")
    max_length: int = _setting(6, 1, 32, "longest text, in characters")
    width: int = _setting(160, 32, 1024, "width of the picture, in pixels")
    height: int = _setting(60, 16, 512, "height of the picture, in pixels")
    char_size: float = _setting(0.62, 0.2, 1.0, "font size as a share of the height")
    size_jitter: float = _setting(0.1, 0.0, 0.5, "largest change of a character's size, as a share")
    rotation: float = _setting(15.0, 0.0, 90.0, "largest rotation of a character, in degrees")
    shear: float = _setting(0.15, 0.0, 1.0, "largest slant of a character, as sideways over upward")
    offset: float = _setting(0.08, 0.0, 0.5, "largest vertical shift of a character, as a share of the height")
    spacing: float = _setting(0.0, -0.5, 1.0, "space between characters, as a share of the font size")
    spots: int = _setting(30, 0, 2000, "number of spots")
    spot_size: int = _setting(2, 1, 32, "largest diameter of a spot, in pixels")
    lines: int = _setting(2, 0, 100, "number of lines")
    line_width: int = _setting(2, 1, 32, "largest width of a line, in pixels")
    elastic_alpha: float = _setting(40.0, 0.0, 1000.0, "strength of the elastic distortion (Simard's alpha, in pixels)")
    elastic_sigma: float = _setting(6.0, 1.0, 64.0, "smoothness of the elastic distortion (Simard's sigma, in pixels)")
    fonts: tuple[str, ...] = field(default=DEFAULT_FONTS, metadata={"help": "names or files of fonts"})
    text_colors: tuple[str, ...] = field(default=(), metadata={"help": "colours of text, spots and lines"})
    background_colors: tuple[str, ...] = field(default=(), metadata={"help": "colours of the background"})

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
        if not self.fonts:
            raise CaptchaLabError("No font is named; give at least one with --fonts.")
        for name in self.fonts:
            check_font(name, self.symbols.symbols)
        _ = self.text_palette, self.background_palette

    def _check_range(self, name: str, low: float, high: float) -> None:
        value = getattr(self, name)
        if not low <= value <= high:
            flag = "--" + name.replace("_", "-")
            raise CaptchaLabError(f"{name} is {value}; give {flag} between {low} and {high}.")

    @cached_property
    def symbols(self) -> Alphabet:
        """The alphabet itself."""
        return Alphabet.named(self.alphabet)

    @cached_property
    def text_palette(self) -> tuple[tuple[int, int, int], ...]:
        """The text's colours as RGB, empty for random dark ones."""
        return tuple(_parse_color(text) for text in self.text_colors)

    @cached_property
    def background_palette(self) -> tuple[tuple[int, int, int], ...]:
        """The background's colours as RGB, empty for random light ones."""
        return tuple(_parse_color(text) for text in self.background_colors)


def _parse_color(text: str) -> tuple[int, int, int]:
    try:
        return ImageColor.getrgb(text)[:3]
    except ValueError as error:
        raise CaptchaLabError(f"{text!r} is not a colour; write #rrggbb or a CSS name such as navy.") from error
