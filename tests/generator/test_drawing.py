import random
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from captcha_core.generator import GeneratorSettings, draw_lines, draw_spots, draw_text
from captcha_core.generator.drawing import draw_background

PLAIN = GeneratorSettings(text_colors=("#000000",), background_colors=("#ffffff",), spots=0, lines=0)


def blank(settings: GeneratorSettings = PLAIN) -> Image.Image:
    return draw_background(settings, random.Random(0))


def ink(image: Image.Image) -> int:
    return int((np.asarray(image.convert("L")) < 128).sum())


def test_background_has_the_asked_size_and_colour() -> None:
    image = blank(GeneratorSettings(width=90, height=33, background_colors=("#102030",)))
    assert image.size == (90, 33)
    assert image.getcolors() == [(90 * 33, (16, 32, 48))]


def test_default_text_is_dark_on_light() -> None:
    style = GeneratorSettings(spots=0, lines=0)
    image = draw_background(style, random.Random(3))
    light = np.asarray(image).min()
    draw_text(image, "ab", style, random.Random(4))
    assert light >= 200
    assert np.asarray(image).min() <= 120


@settings(max_examples=60)
@given(st.integers(0, 2**31), st.integers(1, 32), st.floats(0, 90), st.floats(-0.5, 1.0))
def test_text_of_any_length_stays_off_the_left_and_right_edges(
    seed: int, length: int, rotation: float, spacing: float
) -> None:
    style = GeneratorSettings(
        text_colors=("#000000",), background_colors=("#ffffff",), rotation=rotation, spacing=spacing, offset=0.0
    )
    rng = random.Random(seed)
    image = blank()
    draw_text(image, "".join(rng.choices("abcw8", k=length)), style, rng)
    pixels = np.asarray(image.convert("L"))
    assert ink(image) > 0
    assert pixels[:, 0].min() > 200 and pixels[:, -1].min() > 200


def test_each_character_adds_ink_to_the_right_of_the_one_before() -> None:
    style = GeneratorSettings(
        text_colors=("#ff0000", "#0000ff"), background_colors=("#ffffff",), rotation=0, shear=0, spacing=0.2
    )
    image = blank()
    # Red and blue by turns: choice is drawn once per character for the colour.
    draw_text(image, "oo", style, _FirstThenSecond(0))
    pixels = np.asarray(image).astype(int)
    red = np.nonzero((pixels[..., 0] - pixels[..., 2] > 100).any(axis=0))[0]
    blue = np.nonzero((pixels[..., 2] - pixels[..., 0] > 100).any(axis=0))[0]
    assert red.size and blue.size and red.max() < blue.min()


class _FirstThenSecond(random.Random):
    """Chooses the elements of a sequence of colours by turns; everything else is as usual."""

    turns = 0

    def choice(self, seq):
        if isinstance(seq[0], tuple):
            self.turns += 1
            return seq[(self.turns - 1) % len(seq)]
        return super().choice(seq)


@pytest.mark.parametrize("draw", [draw_spots, draw_lines])
def test_noise_grows_with_its_number_and_size(draw) -> None:
    def drawn(count: int, size: int) -> int:
        style = GeneratorSettings(
            text_colors=("#000000",), spots=count, lines=min(count, 100), spot_size=size, line_width=size
        )
        image = blank()
        draw(image, style, random.Random(1))
        return ink(image)

    assert drawn(0, 1) == 0
    assert 0 < drawn(5, 1) < drawn(50, 1)
    assert drawn(20, 1) < drawn(20, 8)


def test_rotation_and_shear_move_the_ink_but_keep_it() -> None:
    def drawn(**strengths: Any) -> Image.Image:
        image = blank()
        flat = replace(PLAIN, offset=0.0, size_jitter=0.0, rotation=0.0, shear=0.0)
        style = replace(flat, **strengths)
        draw_text(image, "H", style, random.Random(5))
        return image

    straight = drawn()
    for changed in (drawn(rotation=60.0), drawn(shear=1.0)):
        assert changed.tobytes() != straight.tobytes()
        assert abs(ink(changed) / ink(straight) - 1) < 0.15


@pytest.mark.parametrize("text", ["lit", "fjr", "iii"])
def test_tight_spacing_keeps_the_order(text: str) -> None:
    """Every character's ink begins to the right of where the one before began."""
    style = replace(PLAIN, spacing=-0.5, rotation=0.0, shear=0.0, size_jitter=0.0, fonts=("DejaVuSans",))
    starts = []
    for length in range(1, len(text) + 1):
        image = blank()
        # The same random numbers place the first characters alike; only what stands last is new.
        with (
            mock.patch.object(random.Random, "random", return_value=0.0),
            mock.patch.object(random.Random, "uniform", return_value=0.0),
        ):
            draw_text(image, text[:length], style, random.Random(0))
        starts.append(np.nonzero((np.asarray(image.convert("L")) < 128).any(axis=0))[0].max())
    assert starts == sorted(starts)
