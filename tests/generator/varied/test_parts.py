"""The parts that varied captchas are made of: each keeps its promise for every draw."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from captcha_core.errors import CaptchaLabError
from captcha_core.generator.fonts import find_font
from captcha_core.generator.varied import backgrounds, clutter, faults, glyphs, warps
from captcha_core.generator.varied.colours import Palette, draw_palette
from captcha_core.generator.varied.faces import choose_face, families, telling_symbols
from captcha_core.generator.varied.inking import _EFFECTS, Layer, ink_text
from captcha_core.generator.varied.layout import Manner, Placed, draw_manner, lay_out

SANS = find_font("DejaVuSans")
PALETTE = Palette((250, 250, 250), (200, 220, 250), ((10, 20, 30), (120, 0, 60)), 100)
STEADY = Manner(30, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, True, 0.0)
seeds = st.integers(0, 2**32)


def capitals_only(folder: Path) -> Path:
    """Make a font that draws small letters as capitals."""
    font = TTFont(SANS)
    for table in font["cmap"].tables:
        if table.isUnicode():
            table.cmap.update({ord(c): table.cmap[ord(c.upper())] for c in "abcdefghijklmnopqrstuvwxyz"})
    font.save(folder / "capitals.ttf")
    return folder / "capitals.ttf"


@given(seeds)
def test_inks_keep_their_distance_from_the_background(seed: int) -> None:
    palette = draw_palette(random.Random(seed))
    for ink in palette.inks:
        # Where none of a dozen is far enough the farthest is taken, but never one that cannot be told at all.
        assert math.dist(ink, palette.paper) >= 60


@pytest.mark.parametrize("kind", [backgrounds.flat, *dict.fromkeys(backgrounds._KINDS)])
@pytest.mark.parametrize(("height", "width"), [(16, 32), (60, 160), (240, 61)])
def test_backgrounds_fill_the_picture(kind, height: int, width: int) -> None:
    for seed in range(5):
        image = kind(height, width, PALETTE, random.Random(seed))
        assert image.shape == (height, width, 3)
        assert image.dtype == np.uint8


@pytest.mark.parametrize("kind", dict.fromkeys(clutter._KINDS))
def test_each_kind_of_clutter_draws_something_and_not_everything(kind) -> None:
    changed = []
    for seed in range(20):
        image = np.full((60, 160, 3), 255, np.uint8)
        kind(image, lambda: (0, 0, 0), random.Random(seed))
        changed.append((image != 255).mean())
    assert 0 < np.mean(changed) < 0.6


@pytest.mark.parametrize("fault", dict.fromkeys(faults._FAULTS))
@pytest.mark.parametrize("shape", [(16, 32, 3), (61, 161, 3)])
def test_faults_keep_the_size_and_most_of_the_picture(fault, shape: tuple[int, int, int]) -> None:
    for seed in range(8):
        image = np.full(shape, 230, np.uint8)
        image[4:-4, 4 : shape[1] // 2] = 20
        spoilt = fault(image.copy(), random.Random(seed))
        assert spoilt.shape == shape
        assert spoilt.dtype == np.uint8
        dark, light = spoilt[:, 6 : shape[1] // 2 - 2], spoilt[:, shape[1] // 2 + 4 :]
        assert light.mean() > dark.mean() + 30


@pytest.mark.parametrize("kind", dict.fromkeys(warps._KINDS))
def test_warps_move_pixels_by_less_than_a_letter(kind) -> None:
    reach = []
    for seed in range(20):
        field = kind(60, 160, 1.0, random.Random(seed))
        assert field.shape == (2, 60, 160)
        assert field.dtype == np.float32
        reach.append(float(np.abs(field).max()))
    assert np.median(reach) > 0.3
    assert max(reach) < 30
    assert not kind(60, 160, 0.0, random.Random(0)).any() or kind is warps.row_shift


def test_no_displacement_changes_nothing() -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    still = np.zeros((2, 20, 30), np.float32)
    for smooth in (True, False):
        assert np.array_equal(warps.apply_field(image, still, smooth, None), image)


def test_what_comes_in_from_outside_has_the_border_colour() -> None:
    image = np.full((10, 10, 3), 7, np.uint8)
    aside = np.zeros((2, 10, 10), np.float32)
    aside[0] = 100
    assert (warps.apply_field(image, aside, True, (1, 2, 3)) == (1, 2, 3)).all()
    assert (warps.apply_field(image, aside, True, None) == 7).all()


@given(seeds, st.sampled_from("aWg5@"), st.floats(0.4, 1.0), st.floats(-1.5, 1.5), st.floats(-0.5, 0.5))
def test_a_turned_glyph_keeps_its_ink_and_its_middle(seed, character, scale, angle, shear) -> None:
    glyph = glyphs.raster(SANS, 56, character)
    turned = glyphs.place(glyph, scale, angle, shear, 1.0, True)
    kept = turned.mask.sum(dtype=float) / (glyph.mask.sum(dtype=float) * scale**2)
    assert 0.93 < kept < 1.07
    rows, columns = np.nonzero(turned.mask > 40)
    assert rows.min() >= 0 and columns.max() < turned.mask.shape[1]
    middle = [value * scale for value in glyph.centre]
    assert np.allclose(turned.centre, middle, atol=1.0)


@pytest.mark.parametrize("screen", glyphs.SCREENS)
def test_screens_take_ink_away_and_leave_some(screen) -> None:
    mask = glyphs.raster(SANS, 56, "B").mask
    for seed in range(20):
        left = screen(mask, random.Random(seed))
        assert (left <= mask).all()
        assert 0.15 < left.sum(dtype=float) / mask.sum(dtype=float) < 1.0


def test_an_outline_is_hollow() -> None:
    glyph = glyphs.grow(glyphs.raster(SANS, 96, "I"), 2)
    rim = glyphs.outline(glyph.mask, 2)
    middle = glyph.mask.shape[0] // 2, glyph.mask.shape[1] // 2
    assert glyph.mask[middle] == 255
    assert rim[middle] == 0
    assert rim.max() == 255


@pytest.mark.parametrize("width", [None, 90, 400])
def test_characters_stand_in_order_and_at_most_one_is_cut_off(width: int | None) -> None:
    cut = 0
    for seed in range(200):
        rng = random.Random(seed)
        manner = draw_manner(50, rng)
        placed, wide = lay_out("Wgi5Qr", [SANS] * 6, manner, 50, width, rng)
        assert wide == width or (width is None and 60 <= wide <= 640)
        first, last = placed[0], placed[-1]
        over = max(-first.x, 0), max(last.x + last.glyph.mask.shape[1] - wide, 0)
        # The pixel of room around each mask, and rounding, may stick out.
        assert min(over) <= 4
        assert over[0] <= 0.3 * first.glyph.mask.shape[1] + 4
        assert over[1] <= 0.3 * last.glyph.mask.shape[1] + 4
        assert all(p.x >= -4 and p.x + p.glyph.mask.shape[1] <= wide + 4 for p in placed[1:-1])
        cut += max(over) > 4
        middles = [p.x + p.glyph.mask.shape[1] / 2 for p in placed]
        assert middles == sorted(middles)
    assert 2 <= cut <= 20, "a few in a hundred"


@given(seeds, st.sampled_from(["WVTo", "lij1", "88xO"]))
def test_crowded_characters_touch_and_none_is_hidden(seed: int, text: str) -> None:
    rng = random.Random(seed)
    manner = replace(STEADY, crowding=0.2, rotation=rng.choice((0.0, 0.5)), size_jitter=0.3)
    placed, _ = lay_out(text, [SANS] * len(text), manner, 60, 200, rng)
    for first, second in itertools.pairwise(placed):
        narrower = min(first.glyph.mask.shape[1], second.glyph.mask.shape[1])
        assert second.x - first.x >= narrower / 2 - 1, "it lies on the one before"
    widths = [at.glyph.mask.shape[1] for at in placed]
    assert placed[-1].x + widths[-1] - placed[0].x < sum(widths), "they stand apart"


def test_a_long_text_is_made_smaller_to_fit() -> None:
    short, _ = lay_out("ab", [SANS] * 2, STEADY, 50, 100, random.Random(0))
    long, _ = lay_out("ab" * 6, [SANS] * 12, STEADY, 50, 100, random.Random(0))
    assert long[0].glyph.mask.shape[0] < short[0].glyph.mask.shape[0]


@pytest.mark.parametrize("effect", _EFFECTS)
def test_every_effect_leaves_the_text_to_be_seen(effect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("captcha_core.generator.varied.inking._EFFECTS", {effect: 1})
    for seed in range(10):
        rng = random.Random(seed)
        placed, width = lay_out("R8x", [SANS] * 3, STEADY, 50, None, rng)
        layer = Layer.empty(50, width, PALETTE.inks[0])
        ink_text(layer, placed, PALETTE, 30, rng)
        image = layer.over(np.full((50, width, 3), PALETTE.paper, np.uint8))
        for one in placed:
            box = image[
                max(0, one.y) : one.y + one.glyph.mask.shape[0], max(0, one.x) : one.x + one.glyph.mask.shape[1]
            ]
            assert np.asarray(box, float).std() > 12


def test_a_stamp_outside_the_layer_is_cut_off() -> None:
    glyph = glyphs.raster(SANS, 24, "M")
    layer = Layer.empty(10, 10, (0, 0, 0))
    for x, y in ((-5, -5), (8, 8), (50, 50), (-50, 0)):
        layer.stamp(Placed(glyph, x, y), (255, 0, 0))
    assert layer.cover.shape == (10, 10)


def test_a_font_that_has_only_capitals_is_known(tmp_path: Path) -> None:
    symbols = telling_symbols(capitals_only(tmp_path))
    assert "A" in symbols and "7" in symbols and "a" not in symbols
    assert telling_symbols(SANS) >= set("aA7")


def test_a_text_gets_a_font_that_tells_its_characters(tmp_path: Path) -> None:
    capitals = str(capitals_only(tmp_path))
    for seed in range(20):
        assert choose_face((capitals, str(SANS)), "abc", random.Random(seed)) == SANS
    chosen = {choose_face((capitals, str(SANS)), "ABC", random.Random(seed)) for seed in range(20)}
    assert chosen == {Path(capitals), SANS}
    with pytest.raises(CaptchaLabError, match="'abc'.*--fonts"):
        choose_face((capitals,), "abc", random.Random(0))


def test_folders_are_searched_and_families_weigh_the_same(tmp_path: Path) -> None:
    for name in ("one/a.ttf", "one/b.TTF", "two/deep/c.otf", "two/readme.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(SANS.read_bytes())
    found = families((str(tmp_path),))
    assert [[file.name for file in family] for family in found] == [["a.ttf", "b.TTF"], ["c.otf"]]
    (tmp_path / "empty").mkdir()
    with pytest.raises(CaptchaLabError, match="empty.*no font"):
        families((str(tmp_path / "empty"),))


def test_a_broken_font_file_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    assert telling_symbols(tmp_path / "broken.ttf") == frozenset()
