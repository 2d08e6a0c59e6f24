from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from PIL import Image

from captcha_core.alphabet import NAMED_ALPHABETS
from captcha_core.errors import CaptchaLabError
from captcha_core.evaluation.plots import (
    MAX_CHARACTERS,
    MISSED,
    SURPLUS,
    check_figure_path,
    plot_confusion_matrix,
    save_figure,
)

COUNTS = {("0", "0"): 90_000, ("o", "o"): 812, ("0", "o"): 12, ("o", ""): 3, ("", "x"): 2}


def names_of(axis: Axis) -> list[str]:
    """Return the characters along an axis; those above the cells repeat those below them."""
    return list(dict.fromkeys(label.get_text() for label in axis.get_ticklabels()))


def cells_of(figure: Figure) -> dict[tuple[str, str], str]:
    """Return what is written in the cells, by the names of row and column."""
    axes = figure.axes[0]
    columns, rows = names_of(axes.xaxis), names_of(axes.yaxis)
    places = {text.get_position(): text.get_text() for text in axes.texts}
    return {(rows[int(y)], columns[int(x)]): text for (x, y), text in places.items()}


def test_every_count_stands_in_its_cell() -> None:
    assert cells_of(plot_confusion_matrix(COUNTS)) == {
        ("0", "0"): "90k",
        ("o", "o"): "812",
        ("0", "o"): "12",
        ("o", MISSED): "3",
        (SURPLUS, "x"): "2",
    }


def test_the_colours_are_for_mistakes_alone() -> None:
    shades = plot_confusion_matrix(COUNTS).axes[0].images[0]
    values = shades.get_array()
    assert isinstance(values, np.ma.MaskedArray)
    assert sorted(values.compressed().tolist()) == [2, 3, 12], "neither the diagonal nor empty cells"
    assert shades.norm.vmax == 12


def test_characters_are_those_that_occur_in_order() -> None:
    axes = plot_confusion_matrix(COUNTS).axes[0]
    assert names_of(axes.xaxis) == ["0", "o", "x", MISSED]
    assert names_of(axes.yaxis) == ["0", "o", "x", SURPLUS]


@pytest.mark.parametrize(
    ("times", "text"),
    [(9, "9"), (999, "999"), (1000, "1k"), (1999, "1.9k"), (999_999, "999k"), (1_234_567, "1.2M"), (2 * 10**9, "2G")],
)
def test_large_counts_are_short(times, text) -> None:
    assert cells_of(plot_confusion_matrix({("a", "a"): times})) == {("a", "a"): text}


def test_cells_of_a_large_alphabet_are_square_and_large_enough(tmp_path: Path) -> None:
    symbols = NAMED_ALPHABETS["mixed62"]
    counts = Counter({(c, c): 100 for c in symbols}) + Counter({("c", "C"): 7, ("l", ""): 1})
    figure = plot_confusion_matrix(counts)
    save_figure(figure, tmp_path / "matrix.png")
    box = figure.axes[0].get_window_extent()
    assert box.width / 63 == pytest.approx(box.height / 62) and box.width / 63 >= 24
    with Image.open(tmp_path / "matrix.png") as picture:
        assert picture.format == "PNG" and min(picture.size) > 1500


def test_of_too_many_characters_those_with_mistakes_are_drawn() -> None:
    counts = {(chr(0x4E00 + i), chr(0x4E00 + i)): 5 for i in range(300)} | {("一", chr(0x4E00 + 299)): 1}
    figure = plot_confusion_matrix(counts)
    names = names_of(figure.axes[0].xaxis)
    assert len(names) == MAX_CHARACTERS and {"一", chr(0x4E00 + 299)} <= set(names)
    assert "220 characters with fewer mistakes are left out" in figure.get_suptitle()
    assert "1 mistakes on 1,501 characters" in figure.get_suptitle()


@settings(max_examples=10)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["", "$", "漢", "a", "\\"]), st.sampled_from(["", "$", "b"])), st.integers(1)
    )
)
def test_any_counts_can_be_drawn(tmp_path_factory: pytest.TempPathFactory, counts) -> None:
    counts.pop(("", ""), None)
    counts = {pair: min(times, 10**12 - 1) for pair, times in counts.items()}
    save_figure(plot_confusion_matrix(counts), tmp_path_factory.mktemp("plot") / "matrix.png")


def test_the_ending_of_a_figure_is_checked() -> None:
    for name in ("a.png", "a.SVG", "a.pdf"):
        check_figure_path(name)
    for name in ("a", "a.txt", "a.html"):
        with pytest.raises(CaptchaLabError, match=".png"):
            check_figure_path(name)
