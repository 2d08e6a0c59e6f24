from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from captcha_core.errors import ImageError
from captcha_core.evaluation.figures import Cell, draw_grid, draw_reading
from captcha_core.evaluation.marking import COLOURS
from captcha_core.evaluation.plots import save_figure
from captcha_core.prediction import Prediction
from tests.evaluation.helpers import read
from tests.helpers import draw_picture

PICTURE = draw_picture("abc")
GONE = ImageError("gone.png is empty (0 bytes)")


def lines_of(figure: Figure, number: int) -> list[str]:
    """Return what stands at one place of a grid."""
    return [text.get_text() for text in figure.axes[number].texts]


def test_a_grid_says_what_became_of_each_picture() -> None:
    cells = [
        Cell("right.png", "abc", PICTURE, read("abc", 0.9)),
        Cell("wrong.png", "oj057", PICTURE, read("ojo5", 0.5)),
        Cell("unknown.png", None, PICTURE, read("abc", 0.8)),
        Cell("gone.png", "abc", None, GONE),
        Cell("gone.png", None, None, GONE),
    ]
    figure = draw_grid(cells, 3, "title")
    assert lines_of(figure, 0) == ["✓ right  90.0%", "read  abc", "right.png"]
    assert lines_of(figure, 1)[0] == "✗ wrong  50.0%"
    assert lines_of(figure, 1)[1:4] == ["label oj057", "read  ojo5·", "        ^ ^"]
    assert lines_of(figure, 2) == ["80.0%", "read  abc", "unknown.png"]
    assert lines_of(figure, 3) == ["gone.png is empty (0 bytes)", "! not opened", "label abc", "gone.png"]
    assert "label" not in " ".join(lines_of(figure, 4))
    colours = [figure.axes[place].texts[-4 + (place != 1)].get_color() for place in (0, 3)]
    assert colours == [COLOURS["right"], COLOURS["not opened"]]


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 4, 1), (4, 4, 1), (5, 4, 2), (3, 1, 3)])
def test_a_grid_has_as_many_rows_as_it_needs(count, columns, rows) -> None:
    figure = draw_grid([Cell("a.png", "abc", PICTURE, read("abc"))] * count, columns, "title")
    assert len(figure.axes) == count
    assert len({round(axes.get_position().y0, 6) for axes in figure.axes}) == rows


def test_a_grid_without_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="columns=0"):
        draw_grid([Cell("a.png", None, PICTURE, read("abc"))], 0, "title")


def test_texts_are_cut_and_never_taken_for_formulas(tmp_path: Path) -> None:
    cells = [
        Cell("$x$" * 30 + "end.png", "$\\frac$" * 9, PICTURE, read("$_^$漢\ud800")),
        Cell("a.png", "", PICTURE, read("")),
    ]
    figure = draw_grid(cells, 2, "$\\bad$")
    assert all(len(line) <= 30 for number in (0, 1) for line in lines_of(figure, number))
    assert lines_of(figure, 0)[-1].endswith("end.png") and lines_of(figure, 1)[1] == "read  (nothing)"
    save_figure(figure, tmp_path / "grid.png")


def test_a_reading_shows_both_pictures_and_each_character(tmp_path: Path) -> None:
    alternatives = ((("d", 0.01),), (("8", 0.3), ("b", 0.1)), (("$", 0.2),))
    prediction = Prediction("aB$", 0.31, (0.99, 0.6, 0.55), alternatives)
    figure = draw_reading(PICTURE, PICTURE.resize((64, 32)), prediction)
    titles = [axes.get_title() for axes in figure.axes]
    assert {"picture, 100 x 40", "what the model sees, 64 x 32"} <= set(titles)
    bars = next(axes for axes in figure.axes if axes.patches)
    heights = [patch.get_height() for patch in bars.patches]  # type: ignore[attr-defined]
    assert heights == [0.99, 0.6, 0.55]
    assert [text.get_text() for text in bars.texts] == ["99.0%", "60.0%\nor 8\n30.0%", "55.0%\nor $\n20.0%"]
    assert bars.patches[0].get_facecolor() != bars.patches[1].get_facecolor() == bars.patches[2].get_facecolor()
    assert figure.get_suptitle() == "aB$   31.0%"
    save_figure(figure, tmp_path / "reading.svg")


@pytest.mark.parametrize("prediction", [read(""), read("$$", 0.1), Prediction("漢", 1.0, (1.0,))])
def test_any_reading_can_be_drawn(tmp_path: Path, prediction) -> None:
    save_figure(draw_reading(PICTURE, PICTURE, prediction), tmp_path / "reading.png")
