"""The text as a layer of its own: colour and coverage of every pixel, so that it can be warped before it is laid on."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from captcha_core.generator.varied.colours import Colour, Palette, any_colour
from captcha_core.generator.varied.glyphs import SCREENS, Glyph, Mask, bolder, grow, outline
from captcha_core.generator.varied.layout import Placed, moved


@dataclass(frozen=True)
class Layer:
    """Something drawn that covers a part of a picture.

    Attributes:
        colour: uint8 (H, W, 3).
        cover: Coverage, uint8 (H, W); 255 hides what is behind.
    """

    colour: NDArray[np.uint8]
    cover: Mask

    @classmethod
    def empty(cls, height: int, width: int, colour: Colour) -> Layer:
        """Return a layer that covers nothing; the colour is what soft edges fade to."""
        return cls(np.full((height, width, 3), colour, np.uint8), np.zeros((height, width), np.uint8))

    def stamp(self, placed: Placed, colour: Colour | NDArray[np.uint8]) -> None:
        """Lay a glyph on, in one colour or in a glyph-sized picture of them."""
        height, width = self.cover.shape
        mask = placed.glyph.mask
        top, left = max(0, placed.y), max(0, placed.x)
        bottom, right = min(height, placed.y + mask.shape[0]), min(width, placed.x + mask.shape[1])
        if top >= bottom or left >= right:
            return
        rows, columns = slice(top - placed.y, bottom - placed.y), slice(left - placed.x, right - placed.x)
        cut = mask[rows, columns]
        ink = np.asarray(colour if isinstance(colour, tuple) else colour[rows, columns], np.float32)
        share = (cut.astype(np.float32) / 255)[..., None]
        under = self.colour[top:bottom, left:right]
        under[:] = under + (ink - under) * share + 0.5
        cover = self.cover[top:bottom, left:right]
        np.maximum(cover, cut, out=cover)

    def over(self, image: NDArray[np.uint8], opacity: float = 1.0) -> NDArray[np.uint8]:
        """Return the picture with this layer on top."""
        share = (self.cover.astype(np.float32) * (opacity / 255))[..., None]
        base = image.astype(np.float32)
        return (base + (self.colour - base) * share + 0.5).astype(np.uint8)


def ink_text(layer: Layer, characters: Sequence[Placed], palette: Palette, size: float, rng: random.Random) -> None:
    """Draw the characters into the layer, all with the same effect.

    Args:
        layer: What to draw into.
        characters: Glyphs and their places.
        palette: Colours to choose from.
        size: The text's, in pixels per em; strokes and shadows go by it.
        rng: Source of randomness.
    """
    effect = rng.choices(list(_EFFECTS), list(_EFFECTS.values()))[0]
    same = palette.ink(rng) if rng.random() < 0.25 else None
    screen = rng.choice(SCREENS) if rng.random() < 0.08 else None
    weight = rng.choice((1, 1, 2)) if size >= 24 and rng.random() < 0.15 else 0
    draw = effect(palette, size, rng)
    order = list(characters)
    if rng.random() < 0.3:
        order.reverse()
    for placed in order:
        glyph = placed.glyph
        if weight:
            wide = grow(glyph, weight)
            placed = moved(placed, 0, 0, _with(wide, bolder(wide.mask, weight)))
        if screen:
            placed = moved(placed, 0, 0, _with(placed.glyph, screen(placed.glyph.mask, rng)))
        draw(layer, placed, same or palette.ink(rng))


_Draw = Callable[[Layer, Placed, Colour], None]


def _with(glyph: Glyph, mask: Mask) -> Glyph:
    return Glyph(mask, glyph.left, glyph.top, glyph.advance)


def _plain(palette: Palette, size: float, rng: random.Random) -> _Draw:
    return lambda layer, placed, colour: layer.stamp(placed, colour)


def _hollow(palette: Palette, size: float, rng: random.Random) -> _Draw:
    radius = 1 if size < 40 or rng.random() < 0.5 else 2
    fill = rng.random()
    inside = palette.paper if fill < 0.4 else any_colour(rng)

    def draw(layer: Layer, placed: Placed, colour: Colour) -> None:
        wide = grow(placed.glyph, radius)
        if fill < 0.6:
            layer.stamp(placed, inside)
        layer.stamp(moved(placed, 0, 0, _with(wide, outline(wide.mask, radius))), colour)

    return draw


def _rimmed(palette: Palette, size: float, rng: random.Random) -> _Draw:
    radius = 1 if size < 32 else rng.randint(1, 2)
    rim = any_colour(rng)

    def draw(layer: Layer, placed: Placed, colour: Colour) -> None:
        wide = grow(placed.glyph, radius)
        layer.stamp(moved(placed, 0, 0, _with(wide, bolder(wide.mask, radius))), rim)
        layer.stamp(placed, colour)

    return draw


def _shadowed(palette: Palette, size: float, rng: random.Random) -> _Draw:
    reach = max(1, round(size * rng.uniform(0.02, 0.09)))
    dx, dy, shade = rng.choice((-reach, reach)), rng.choice((-reach, reach, reach)), any_colour(rng)
    soft = rng.random() < 0.4

    def draw(layer: Layer, placed: Placed, colour: Colour) -> None:
        below = placed
        if soft:
            wide = grow(placed.glyph, 2)
            blurred = np.asarray(cv2.GaussianBlur(wide.mask, (5, 5), 0), np.uint8)
            below = moved(placed, 0, 0, _with(wide, blurred))
        layer.stamp(moved(below, dx, dy, below.glyph), shade)
        layer.stamp(placed, colour)

    return draw


def _solid(palette: Palette, size: float, rng: random.Random) -> _Draw:
    """Return what draws characters as blocks: many copies side by side, the front in another colour."""
    depth, side = max(2, round(size * rng.uniform(0.05, 0.14))), any_colour(rng)
    dx, dy = rng.choice((-1, 1)), rng.choice((-1, 1))

    def draw(layer: Layer, placed: Placed, colour: Colour) -> None:
        for step in range(depth, 0, -1):
            layer.stamp(moved(placed, dx * step, dy * step, placed.glyph), side)
        layer.stamp(placed, colour)

    return draw


def _shaded(palette: Palette, size: float, rng: random.Random) -> _Draw:
    """Return what draws each character from one ink to another."""
    across = rng.random() < 0.5

    def draw(layer: Layer, placed: Placed, colour: Colour) -> None:
        height, width = placed.glyph.mask.shape
        share = np.linspace(0, 1, width if across else height, dtype=np.float32)
        share = share[None, :, None] if across else share[:, None, None]
        first, second = np.asarray(colour, np.float32), np.asarray(palette.ink(rng), np.float32)
        ink = np.broadcast_to(first + (second - first) * share, (height, width, 3)).astype(np.uint8)
        layer.stamp(placed, ink)

    return draw


def _grainy(palette: Palette, size: float, rng: random.Random) -> _Draw:
    """Return what fills characters with noise of their colour."""
    spread = rng.uniform(20, 90)

    def draw(layer: Layer, placed: Placed, colour: Colour) -> None:
        grain = np.random.default_rng(rng.getrandbits(64)).standard_normal((*placed.glyph.mask.shape, 1), np.float32)
        layer.stamp(placed, np.clip(np.asarray(colour, np.float32) + spread * grain, 0, 255).astype(np.uint8))

    return draw


def _doubled(palette: Palette, size: float, rng: random.Random) -> _Draw:
    reach = max(1, round(size * rng.uniform(0.03, 0.08)))
    dx, dy = rng.randint(-reach, reach), rng.randint(-reach, reach)

    def draw(layer: Layer, placed: Placed, colour: Colour) -> None:
        layer.stamp(placed, colour)
        layer.stamp(moved(placed, dx, dy, placed.glyph), colour)

    return draw


_EFFECTS: dict[Callable[[Palette, float, random.Random], _Draw], int] = {
    _plain: 60,
    _hollow: 11,
    _rimmed: 5,
    _shadowed: 9,
    _solid: 3,
    _shaded: 4,
    _grainy: 4,
    _doubled: 4,
}
