"""The generator's settings as something to sweep: each of its distortions in turn, all else as the style has it."""

from __future__ import annotations

import random
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from captcha_core.errors import CaptchaLabError
from captcha_core.evaluation.sweep_distortions import Distortion
from captcha_core.evaluation.sweep_overlays import fade
from captcha_core.generator.base import Captcha
from captcha_core.generator.distortion import elastic_transform
from captcha_core.generator.drawing import draw_background, draw_lines, draw_spots, draw_text
from captcha_core.generator.styles import GeneratorSettings

STYLE_DISTORTIONS = (
    Distortion("spots", "Spots", "spots", "{} spots", 2000, bend=2, whole=True, in_place=True),
    Distortion("lines", "Lines", "lines", "{} lines", 40, bend=2, whole=True, in_place=True),
    Distortion("elastic_alpha", "Elastic", "alpha", "an alpha of {} pixels", 300),
    Distortion("rotation", "Turned", "largest turn", "turns of up to {}", 90, "{:.0f}°"),
    Distortion("shear", "Slanted", "sideways over upward", "slants of up to {} sideways over upward", 1.0, "{:.2g}"),
    Distortion("offset", "Up and down", "share of the height", "shifts of up to {} of the height", 0.5, "{:.0%}"),
    Distortion(
        "overlap", "Overlap", "share of the font size", "characters closer by {} of the font size", 0.5, "{:.0%}"
    ),
    Distortion("size_jitter", "Uneven sizes", "largest change", "sizes changed by up to {}", 0.5, "{:.0%}"),
    Distortion("contrast", "Less contrast", "taken away", "{} less contrast", 0.97, "{:.0%}", bend=0.4, in_place=True),
)
"""From none to extreme, named as the settings are, but for ``overlap`` (negative spacing) and ``contrast``."""

PRESETS: Mapping[str, tuple[str, GeneratorSettings]] = {
    "default": ("The generator's own style", GeneratorSettings()),
    "plain": (
        "Plain upright text",
        GeneratorSettings(size_jitter=0.0, rotation=0.0, shear=0.0, offset=0.0, spots=0, lines=0, elastic_alpha=0.0),
    ),
    "digits": ("Five digits, the generator's own style", GeneratorSettings("digits", 5, 5)),
    "hard": (
        "Hard: more of everything",
        GeneratorSettings(rotation=30.0, shear=0.3, offset=0.15, spacing=-0.1, spots=150, lines=5, elastic_alpha=80.0),
    ),
}
"""Styles by name, each with what it is called."""


@dataclass(frozen=True)
class DrawnStyle:
    """A style of the default generator.

    Attributes:
        settings: How it looks.
        seed: Where the pictures come from.
        count: Pictures to draw.
        title: What it is called.
        notes: None: there is nothing to tell of what is drawn.
    """

    settings: GeneratorSettings
    seed: int
    count: int
    title: str = "the generator's style"
    notes: tuple[str, ...] = ()

    @cached_property
    def distortions(self) -> tuple[Distortion, ...]:
        """The generator's distortions, each with the strength that the style has."""
        return tuple(replace(item, own=self._own(item.name) or None) for item in STYLE_DISTORTIONS)

    def key(self, distortion: Distortion | None, strength: float) -> Hashable:
        """Return the settings and how much contrast is taken away."""
        return self._changed(distortion, strength)

    def draw(self, distortion: Distortion | None, strength: float, numbers: Sequence[int]) -> list[Captcha]:
        """Draw pictures by number.

        Every part of a picture has a random source of its own, made from seed and number, where the generator itself
        has one for all: otherwise another number of spots would move the lines.
        """
        settings, faded = self._changed(distortion, strength)
        drawn = [self._undistorted(settings, number) for number in numbers]
        rngs = [np.random.Generator(np.random.PCG64([self.seed, number])) for number in numbers]
        pixels = np.stack([np.asarray(captcha.image) for captcha in drawn])
        pixels = elastic_transform(pixels, settings.elastic_alpha, settings.elastic_sigma, rngs)
        images = [Image.fromarray(p) for p in pixels]
        return [
            Captcha(fade(image, faded, self._background(settings, number)), captcha.text)
            for image, captcha, number in zip(images, drawn, numbers, strict=True)
        ]

    def _undistorted(self, settings: GeneratorSettings, number: int) -> Captcha:
        text = settings.random_text(self._source("text", number))
        image = draw_background(settings, self._source("background", number))
        draw_text(image, text, settings, self._source("characters", number))
        draw_spots(image, settings, self._source("spots", number))
        draw_lines(image, settings, self._source("lines", number))
        return Captcha(image, text)

    def _background(self, settings: GeneratorSettings, number: int) -> tuple[int, int, int]:
        red, green, blue = draw_background(settings, self._source("background", number)).getpixel((0, 0))  # type: ignore[misc]
        return red, green, blue

    def _source(self, part: str, number: int) -> random.Random:
        return random.Random(f"sweep/{self.seed}/{number}/{part}")

    def _changed(self, distortion: Distortion | None, strength: float) -> tuple[GeneratorSettings, float]:
        """Return the settings with one distortion at a strength, and the share of the contrast that is taken away."""
        if distortion is None:
            return self.settings, 0.0
        if distortion.name == "contrast":
            return self.settings, strength
        if distortion.name == "overlap":
            return replace(self.settings, spacing=-strength), 0.0
        changes: dict[str, Any] = {distortion.name: int(strength) if distortion.whole else strength}
        return replace(self.settings, **changes), 0.0

    def _own(self, name: str) -> float:
        if name == "contrast":
            return 0.0
        return max(0.0, -self.settings.spacing) if name == "overlap" else float(getattr(self.settings, name))


def settings_of(words: Sequence[str]) -> GeneratorSettings:
    """Return the generator's settings with some changed.

    Args:
        words: ``NAME=VALUE`` each; several fonts or colours are joined by commas.

    Raises:
        CaptchaLabError: If a word is not of this form, names no setting, or the value does not fit.
    """
    known = {item.name: item for item in fields(GeneratorSettings)}
    given: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        name = name.replace("-", "_")
        if not equals or name not in known:
            raise CaptchaLabError(
                f"--set {word}: write NAME=VALUE with a setting of the generator: {', '.join(known)}."
            )
        default: Any = known[name].default
        try:
            given[name] = tuple(value.split(",")) if isinstance(default, tuple) else type(default)(value)
        except ValueError as error:
            raise CaptchaLabError(f"--set {word}: {value!r} is not a number as {name}={default} is.") from error
    return replace(GeneratorSettings(), **given)
