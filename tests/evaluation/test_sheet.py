from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from captcha_core.errors import ImageError
from captcha_core.evaluation.marking import COLOURS, NOT_OPENED, RIGHT, WRONG
from captcha_core.evaluation.sheet import draw_sheet
from captcha_core.evaluation.shown import choose_sections
from tests.evaluation.helpers import Row, evaluation_of, read, samples_of


def sheet_of(*rows: Row, title: str = "tiny@12 on data", note: str | None = None) -> Image.Image:
    evaluation = evaluation_of(*rows)
    return draw_sheet(evaluation, choose_sections(evaluation, samples_of(evaluation), 100), title, note)


def has_colour(sheet: Image.Image, colour: str) -> bool:
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return bool((np.asarray(sheet) == wanted).all(axis=2).any())


ROWS: dict[str, Row] = {
    RIGHT: ("a.png", "abc", read("abc", 0.9)),
    WRONG: ("b.png", "abc", read("abd", 0.9)),
    NOT_OPENED: ("c.png", "abc", ImageError("c.png is empty (0 bytes); save or upload it again.")),
}


@pytest.mark.parametrize("outcome", ROWS)
def test_each_outcome_has_its_own_colour(outcome) -> None:
    # One right picture beside it, since nothing else would be measured.
    sheet = sheet_of(ROWS[outcome], ROWS[RIGHT])
    assert {name for name, colour in COLOURS.items() if has_colour(sheet, colour)} == {outcome, RIGHT}


@pytest.mark.parametrize(
    ("label", "text"),
    [("abc", "abd"), ("abc", "ab"), ("ab", "abc"), ("abc", ""), ("\ud800$", "漢"), ("a" * 99, "b" * 99)],
)
def test_a_wrong_character_is_marked_within_the_text(label, text) -> None:
    assert has_colour(sheet_of(("a.png", label, read(text))), "#fbc9c9")
    assert not has_colour(sheet_of(("a.png", label, read(label))), "#fbc9c9")


def test_the_sheet_grows_by_rows_and_by_its_head_alone() -> None:
    five, six = (sheet_of(*[ROWS[RIGHT]] * count) for count in (5, 6))
    assert five.width == six.width and six.height > five.height
    assert sheet_of(*[ROWS[RIGHT]] * 5, note="a long note " * 40).width == five.width


def test_long_names_and_errors_stay_in_their_cell() -> None:
    long = "x" * 300
    sheet = sheet_of(
        ROWS[RIGHT], (f"{long}.png", "abc", read("abd")), ("c.png", long, ImageError(f"{long} y" * 9)), title=long
    )
    right_edge = np.asarray(sheet)[:, -8:].reshape(-1, 3)
    assert len(np.unique(right_edge, axis=0)) == 1, "nothing is written beyond the last column"
