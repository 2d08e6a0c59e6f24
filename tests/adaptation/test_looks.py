import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from captcha_core.adaptation.looks import distance, looks_of, paper_and_ink
from tests.helpers import draw_picture


def test_the_same_pictures_are_at_no_distance_and_others_are() -> None:
    given_looks = looks_of([draw_picture("ab"), draw_picture("cd")])
    assert distance(given_looks, given_looks) == 0
    near = distance(looks_of([draw_picture("ef"), draw_picture("gh")]), given_looks)
    dark = [Image.eval(draw_picture(text), lambda level: 255 - level) for text in ("ab", "cd")]
    assert 0 < near < distance(looks_of(dark), given_looks)


def test_paper_is_the_most_common_colour_and_ink_what_differs_from_it() -> None:
    image = Image.new("RGB", (20, 10), (250, 240, 230))
    ImageDraw.Draw(image).rectangle((0, 0, 3, 1), (0, 0, 255))
    paper, ink = paper_and_ink(image)
    assert paper.tolist() == [250, 240, 230]
    assert ink.sum() == 8 and ink[:2, :4].all()


@given(st.integers(8, 600), st.integers(8, 300), st.integers(0, 2**24 - 1))
def test_every_picture_has_a_look(width: int, height: int, colour: int) -> None:
    blank = Image.new("RGB", (width, height), (colour >> 16, colour >> 8 & 255, colour & 255))
    assert np.isfinite(looks_of([blank])).all()


@pytest.mark.parametrize("factor", [2, 3])
def test_size_tells_pictures_apart_that_are_else_the_same(factor: int) -> None:
    small = draw_picture("ab")
    large = small.resize((small.width * factor, small.height * factor))
    assert distance(looks_of([large]), looks_of([small])) > 0
