from __future__ import annotations

import io
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from captcha_core.errors import CheckpointError
from captcha_core.preprocessing_steps import (
    auto_crop,
    equalise,
    invert,
    is_light_on_dark,
    resize,
    thicken,
    to_grey,
)
from tests.helpers import draw_picture

# Levels between ink and background, and how far noise goes; both clear of the tolerance.
CONTRAST, NOISE = 60, 5


class Drawn(NamedTuple):
    """A picture, where its ink is, and the colour of the rest."""

    picture: Image.Image
    ink: np.ndarray
    background: np.ndarray


@st.composite
def drawings(draw: st.DrawFn) -> Drawn:
    """Draw up to three boxes of ink over one colour, with noise or without."""
    height, width = draw(st.integers(8, 60)), draw(st.integers(8, 120))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    background = rng.integers(CONTRAST, 256 - CONTRAST, 3)
    pixels, ink = np.tile(background, (height, width, 1)), np.zeros((height, width), bool)
    for _ in range(draw(st.integers(0, 3))):
        top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        box = np.s_[top : top + draw(st.integers(1, height)), left : left + draw(st.integers(1, width))]
        pixels[box] = background + draw(st.sampled_from([-CONTRAST, CONTRAST]))
        ink[box] = True
    if draw(st.booleans()):
        pixels += rng.integers(-NOISE, NOISE + 1, pixels.shape)
    assume(outermost(ink).mean() < 0.5)  # Else the ink is what looks like a margin.
    return Drawn(Image.fromarray(pixels.clip(0, 255).astype(np.uint8)), ink, background)


def outermost(array: np.ndarray) -> np.ndarray:
    return np.concatenate([array[0], array[-1], array[:, 0], array[:, -1]])


def shapes(ink: str = "black", background: str = "white", frame: str | None = None) -> Image.Image:
    """Draw a thin line and a bar on 40 x 100 pixels, with a frame of one pixel or without."""
    picture = Image.new("RGB", (100, 40), background)
    draw = ImageDraw.Draw(picture)
    draw.line((15, 10, 50, 10), ink, 1)
    draw.rectangle((60, 12, 64, 28), ink)
    if frame:
        draw.rectangle((0, 0, 99, 39), outline=frame)
    return picture


def same(a: Image.Image, b: Image.Image) -> bool:
    return a.mode == b.mode and np.array_equal(np.asarray(a), np.asarray(b))


@given(drawings())
def test_cropping_cuts_no_ink(drawn: Drawn) -> None:
    cropped = np.asarray(auto_crop(drawn.picture)).astype(int)
    assert (np.abs(cropped - drawn.background) > CONTRAST / 2).any(axis=2).sum() == drawn.ink.sum()


@given(drawings())
def test_cropping_leaves_a_small_margin_around_what_stands_free(drawn: Drawn) -> None:
    expected = drawn.picture
    if drawn.ink.any() and not outermost(drawn.ink).any():
        rows, columns = np.nonzero(drawn.ink.any(axis=1))[0], np.nonzero(drawn.ink.any(axis=0))[0]
        margin = max(2, -(-(np.ptp(rows) + 1) // 10))
        top, left = max(rows[0] - margin, 0), max(columns[0] - margin, 0)
        bottom, right = (
            min(rows[-1] + margin + 1, drawn.ink.shape[0]),
            min(columns[-1] + margin + 1, drawn.ink.shape[1]),
        )
        expected = drawn.picture.crop((left, top, right, bottom))
    elif drawn.ink.any():
        return
    assert same(auto_crop(drawn.picture), expected)


@given(drawings())
def test_cropping_again_changes_nothing(drawn: Drawn) -> None:
    cropped = auto_crop(drawn.picture)
    assert same(auto_crop(cropped), cropped)


@pytest.mark.parametrize("quality", [40, 75, 95])
def test_the_noise_of_jpeg_is_no_content(quality: int) -> None:
    page = Image.new("RGB", (400, 200), (250, 248, 240))
    page.paste(shapes(background="#c0d0e0"), (133, 77))
    buffer = io.BytesIO()
    page.save(buffer, "JPEG", quality=quality)
    cropped = auto_crop(Image.open(buffer).convert("RGB"))
    # A tenth of the height is kept; what rings lies in the blocks of 16 pixels that the content touches.
    assert 100 <= cropped.width <= 100 + 2 * (7 + 16) and 40 <= cropped.height <= 40 + 2 * (7 + 16)


@pytest.mark.parametrize("colour", ["white", "black", "#3060a0"])
def test_a_blank_picture_stays_as_it_is(colour: str) -> None:
    blank = Image.new("RGB", (30, 20), colour)
    for step in (auto_crop, invert, thicken):
        assert same(step(blank), blank)
    assert not is_light_on_dark(blank)


def test_a_picture_without_a_flat_border_is_not_cropped() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 90, 3), dtype=np.uint8))
    two_halves = Image.new("RGB", (90, 40), "white")
    two_halves.paste("black", (0, 0, 45, 40))
    for picture in (noise, two_halves):
        assert same(auto_crop(picture), picture)


def test_content_along_three_edges_is_not_taken_for_the_margin_of_what_is_left() -> None:
    page = Image.new("RGB", (500, 40), "white")
    page.paste(shapes("white", "black"), (400, 0))
    assert same(auto_crop(page), page)


def test_a_colour_that_turns_out_otherwise_under_the_first_margin_is_followed() -> None:
    page = Image.new("RGB", (100, 60), (200, 200, 200))
    page.paste((220, 220, 220), (1, 1, 99, 59))
    page.paste((228, 228, 228), (5, 5, 8, 8))  # Stands out from the edge, not from what is around it.
    page.paste("black", (40, 20, 60, 40))
    cropped = auto_crop(page)
    assert cropped.size == (24, 24)
    assert same(auto_crop(cropped), cropped)


def test_a_grey_picture_is_cropped_as_a_coloured_one_is() -> None:
    assert same(auto_crop(shapes().convert("L")), auto_crop(shapes()).convert("L"))
    assert auto_crop(shapes()).size == (54, 23)


@pytest.mark.parametrize("frame", [None, "black", "white"])
@pytest.mark.parametrize(("ink", "background"), [("black", "white"), ("#202060", "#c0b090"), ("#808080", "white")])
def test_polarity_is_seen_whatever_the_frame(ink: str, background: str, frame: str | None) -> None:
    assert not is_light_on_dark(shapes(ink, background, frame))
    assert is_light_on_dark(shapes(background, ink, frame))


@pytest.mark.parametrize("seed", range(3))
def test_light_on_dark_becomes_what_dark_on_light_already_is(seed: int) -> None:
    picture = draw_picture("ab3x", seed)
    negative = ImageOps.invert(picture)
    assert same(invert(picture), picture)
    assert same(invert(negative), picture)


@given(drawings())
def test_inverting_always_swaps_every_level_and_twice_is_none(drawn: Drawn) -> None:
    once = invert(drawn.picture, always=True)
    assert np.array_equal(np.asarray(once), 255 - np.asarray(drawn.picture))
    assert same(invert(once, always=True), drawn.picture)


@pytest.mark.parametrize("seed", range(3))
def test_strokes_become_wider_by_a_pixel_on_each_side(seed: int) -> None:
    picture = draw_picture("ab3x", seed)
    before, after = np.asarray(picture), np.asarray(thicken(picture))
    padded = np.pad(before, ((1, 1), (1, 1), (0, 0)), mode="edge")
    around = [padded[i : i + before.shape[0], j : j + before.shape[1]] for i in range(3) for j in range(3)]
    assert np.array_equal(after, np.min(around, axis=0))
    assert same(thicken(ImageOps.invert(picture)), ImageOps.invert(thicken(picture)))


def test_a_thin_line_becomes_three_pixels_wide() -> None:
    column = np.asarray(thicken(shapes()).convert("L"))[:, 30]
    assert np.nonzero(column < 128)[0].tolist() == [9, 10, 11]


def test_grey_is_the_luma_of_itu_r_601() -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8))
    luma = np.asarray(picture) @ np.array([0.299, 0.587, 0.114])
    grey = to_grey(picture)
    assert grey.mode == "L" and np.abs(np.asarray(grey) - luma).max() < 1


def test_one_tile_without_a_limit_is_plain_histogram_equalisation() -> None:
    levels = np.random.default_rng(0).integers(90, 140, (40, 60), dtype=np.uint8)
    equalised = np.asarray(equalise(Image.fromarray(levels), clip_limit=1e6, tiles=(1, 1)))
    share_below = np.array([(levels <= level).mean() for level in range(256)])
    assert np.abs(equalised - 255 * share_below[levels]).max() <= 1


def test_the_limit_keeps_flat_parts_flat() -> None:
    levels = np.full((40, 60), 128, np.uint8)
    levels[:, ::2] = 130
    spread = [np.ptp(np.asarray(equalise(Image.fromarray(levels), limit, (1, 1)))) for limit in (1.0, 4.0, 1e6)]
    assert spread[0] < spread[1] < spread[2]


def test_tiles_are_rows_by_columns() -> None:
    rng = np.random.default_rng(0)
    levels = np.hstack([rng.integers(0, 20, (40, 40)), rng.integers(235, 256, (40, 40))]).astype(np.uint8)
    by_columns, by_rows = (np.asarray(equalise(Image.fromarray(levels), 1e6, t))[:, :20] for t in ((1, 2), (2, 1)))
    assert np.ptp(by_columns) > 240, "the left tile has the left half alone"
    assert np.ptp(by_rows) < 140


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 9), st.integers(1, 9))
def test_equalising_keeps_the_size_even_of_pictures_smaller_than_the_tiles(
    height: int, width: int, rows: int, columns: int
) -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width), dtype=np.uint8))
    equalised = equalise(picture, 2.0, (rows, columns))
    assert equalised.size == (width, height) and equalised.mode == "L"


def test_threads_equalise_as_one_does() -> None:
    greys = [to_grey(draw_picture(str(i), i)) for i in range(8)]
    step = partial(equalise, clip_limit=2.0, tiles=(4, 4))
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(step, greys * 5))
    alone = [step(grey) for grey in greys]
    assert all(same(picture, alone[i % 8]) for i, picture in enumerate(together))


def test_without_opencv_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(CheckpointError, match="pip install opencv-python-headless"):
        equalise(Image.new("L", (20, 20)), 2.0, (8, 8))


@given(st.integers(1, 80), st.integers(1, 80), st.integers(8, 64), st.integers(8, 64))
def test_resizing_gives_the_size_and_keeps_flat_flat(width: int, height: int, new_height: int, new_width: int) -> None:
    resized = resize(Image.new("L", (width, height), 77), new_height, new_width)
    assert resized.size == (new_width, new_height)
    assert set(np.asarray(resized).ravel()) == {77}


def test_shrinking_takes_every_pixel_into_account() -> None:
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::8] = 240
    assert np.abs(np.asarray(resize(Image.fromarray(stripes), 8, 8)).astype(int) - 30).max() <= 15
