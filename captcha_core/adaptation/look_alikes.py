"""Which settings of the generator draw pictures like given ones.

Settings are drawn at random and a few pictures with each; those that come nearest are kept and changed a little,
several times over: approximate Bayesian computation with a population (Sisson et al. 2007, arXiv:math/0608114). Several
settings come out of it, since few pictures do not tell everything.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

import numpy as np
from PIL import Image

from captcha_core.adaptation.looks import Floats, distance, looks_of, paper_and_ink
from captcha_core.alphabet import Alphabet
from captcha_core.constraint import Constraint
from captcha_core.errors import CaptchaLabError
from captcha_core.generator.base import Captcha
from captcha_core.generator.fonts import available_fonts, check_font
from captcha_core.generator.styles import GeneratorSettings


@dataclass(frozen=True)
class Search:
    """How long is searched.

    Attributes:
        first: Settings drawn at random.
        rounds: How often the best are changed.
        changes: How many changes are tried each time.
        kept: How many of the best go on.
        pictures: How many are drawn with each settings.
    """

    first: int = 400
    rounds: int = 6
    changes: int = 120
    kept: int = 20
    pictures: int = 4


RANGES: dict[str, tuple[float, float]] = {
    "char_size": (0.35, 1.0),
    "size_jitter": (0.0, 0.4),
    "rotation": (0.0, 45.0),
    "shear": (0.0, 0.5),
    "offset": (0.0, 0.25),
    "spacing": (-0.4, 0.6),
    "spots": (0, 500),
    "spot_size": (1, 5),
    "lines": (0, 12),
    "line_width": (1, 4),
    "elastic_alpha": (0.0, 120.0),
    # In whole pixels, for which the generator keeps its smoothing.
    "elastic_sigma": (3, 12),
}
"""What is searched besides the font: the lowest and the highest value; whole numbers stay whole."""

# Most captchas have few spots and lines: how often these are drawn is bent towards few.
_BENT = {"spots": 3, "lines": 2}
# How often a change changes a value, and the font; and how far, as a share of the range.
_CHANGED, _FONT_CHANGED, _STEP = 0.5, 0.4, 0.15
# Ink colours taken from each picture, among the pixels that differ most from its background.
_INKS, _STRONGEST = 4, 0.6

Values = dict[str, Any]


def estimate_settings(
    images: Sequence[Image.Image],
    expected: Constraint,
    longest: int,
    seed: int,
    search: Search = Search(),  # noqa: B008 - frozen
) -> list[GeneratorSettings]:
    """Return settings whose pictures look like given ones, the nearest first.

    Args:
        images: RGB pictures of one captcha.
        expected: What texts they can have.
        longest: Most characters where that does not say.
        seed: Where all randomness starts.
        search: How long is searched.

    Raises:
        CaptchaLabError: If no font at hand has the characters.
    """
    rng = random.Random(seed)
    alphabet = expected.allowed or "mixed62"
    fonts = _fonts_for(Alphabet.named(alphabet).symbols)
    known = GeneratorSettings(alphabet, *_lengths(expected, longest), fonts=fonts[:1], **_seen(images, rng))
    given = looks_of(images)

    def tried(values: Values) -> tuple[float, Values]:
        return _distance(replace(known, **values), given, rng.randrange(1 << 30), search.pictures), values

    best = sorted((tried(_random_values(fonts, rng)) for _ in range(search.first)), key=itemgetter(0))[: search.kept]
    for _ in range(search.rounds):
        # The best are tried again, since one may have been lucky with its few pictures.
        again = [values for _, values in best]
        changes = [_changed(rng.choice(again), fonts, rng) for _ in range(search.changes)]
        best = sorted(map(tried, [*again, *changes]), key=itemgetter(0))[: search.kept]
    return [replace(known, **values) for _, values in best]


def draw_like(population: Sequence[GeneratorSettings], count: int, seed: int) -> list[Captcha]:
    """Draw pictures with settings in turn, each as often as the others or once more."""
    each = -(-count // len(population))
    drawn = [settings.draw(seed * len(population) + i, 0, each) for i, settings in enumerate(population)]
    return [captcha for together in zip(*drawn, strict=True) for captcha in together][:count]


def _lengths(expected: Constraint, longest: int) -> tuple[int, int]:
    """Return the fewest and the most characters to draw."""
    shortest = max(1, expected.min_length)
    return shortest, max(shortest, min(32, expected.max_length or longest))


def _seen(images: Sequence[Image.Image], rng: random.Random) -> Values:
    """Return settings that need no search: size and colours."""
    width, height = (round(float(np.median([image.size[side] for image in images]))) for side in (0, 1))
    papers, inks = zip(*(_paper_and_inks(image, rng) for image in images), strict=True)
    return {
        "width": max(32, min(1024, width)),
        "height": max(16, min(512, height)),
        "background_colors": papers,
        "text_colors": tuple(ink for some in inks for ink in some),
    }


def _paper_and_inks(image: Image.Image, rng: random.Random) -> tuple[str, list[str]]:
    """Return the colour of the background, and some of what differs most from it."""
    paper, ink = paper_and_ink(image)
    pixels = np.asarray(image)[ink] if ink.any() else paper[None]
    contrast = (np.maximum(pixels, paper) - np.minimum(pixels, paper)).max(axis=1)
    strong = pixels[contrast >= np.quantile(contrast, _STRONGEST)]
    return _hex(paper), [_hex(strong[rng.randrange(len(strong))]) for _ in range(_INKS)]


def _hex(colour: np.ndarray) -> str:
    return f"#{colour.tobytes().hex()}"


def _fonts_for(symbols: str) -> tuple[str, ...]:
    fonts = tuple(name for name in available_fonts() if _has(name, symbols))
    if not fonts:
        raise CaptchaLabError(f"No font at hand has all of {symbols!r}; install one that does.")
    return fonts


def _has(font: str, symbols: str) -> bool:
    try:
        check_font(font, symbols)
    except CaptchaLabError:
        return False
    return True


def _distance(settings: GeneratorSettings, given: Floats, seed: int, count: int) -> float:
    return distance(looks_of(captcha.image for captcha in settings.draw(seed, 0, count)), given)


def _random_values(fonts: Sequence[str], rng: random.Random) -> Values:
    values = {name: _value(name, rng.random() ** _BENT.get(name, 1)) for name in RANGES}
    return values | {"fonts": (rng.choice(fonts),)}


def _changed(values: Values, fonts: Sequence[str], rng: random.Random) -> Values:
    changed = {"fonts": (rng.choice(fonts),) if rng.random() < _FONT_CHANGED else values["fonts"]}
    for name, (low, high) in RANGES.items():
        share = (values[name] - low) / (high - low)
        step = rng.gauss(0, _STEP) if rng.random() < _CHANGED else 0.0
        changed[name] = _value(name, min(1.0, max(0.0, share + step)))
    return changed


def _value(name: str, share: float) -> float:
    low, high = RANGES[name]
    value = low + share * (high - low)
    return round(value) if isinstance(low, int) else value
