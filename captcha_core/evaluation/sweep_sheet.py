"""A sweep on one page, as a picture."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from captcha_core.evaluation.marking import printable
from captcha_core.evaluation.sweep import Sweep
from captcha_core.evaluation.sweep_plots import HEIGHT, distortion_names, key_height, place_panel, write_key
from captcha_core.evaluation.sweep_words import Row, answer, conclusion, headline, rows_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Inches: the page's width and its margin, the height of a line of text, of a line of what is said first, of a row of
# the table, of a picture's row.
_WIDTH, _MARGIN, _LINE, _TOP, _ROW, _SAMPLE = 8.27, 0.35, 0.145, 0.19, 0.19, 0.42
_PLOTS_BESIDE = 3
_SIGNS_IN_LINE = 122

# Where the columns of the table stand, in inches: with the model's, and without.
_COLUMNS = (0.35, 1.85, 2.75, 3.95, 4.8, 6.95, 7.65)
_COLUMNS_OF_ONE = (0.35, 1.4, 2.85, 3.9, 6.5, 7.5)
_HEADS = Row("Model", "Distortion", "Largest fall (95%)", "Whole texts", "At", "Under half", "SSIM")


def report_page(sweep: Sweep) -> Figure:
    """Draw everything on one page: the conclusion, the table, the plots, and a picture at every strength."""
    from matplotlib.figure import Figure

    names, rows = distortion_names(sweep), rows_of(sweep)
    paragraphs = [textwrap.wrap(printable(text), _SIGNS_IN_LINE) for text in conclusion(sweep)]
    words = sum(_LINE * len(lines) + 0.06 for lines in paragraphs)
    table = _ROW * (len(rows) + 1) + 0.15
    plots = HEIGHT * -(-len(names) // _PLOTS_BESIDE) + key_height(sweep)
    found, costs = textwrap.wrap(printable(answer(sweep)), 84), textwrap.wrap(printable(headline(sweep)), 95)
    tops = _TOP * (len(found) + len(costs)) + 0.2
    height = 0.65 + tops + words + table + plots + 0.3 + _SAMPLE * len(names)
    page = _Page(Figure(figsize=(_WIDTH, height), dpi=150))
    page.write(["How strong is it?"], 15, 0.34, bold=True)
    page.write(found, 11, _TOP * len(found) + 0.08, bold=True)
    page.write(costs, 9.5, _TOP * len(costs) + 0.12, bold=True)
    for lines in paragraphs:
        page.write(lines, 8, _LINE * len(lines) + 0.06)
    page.table(rows, len(sweep.models) > 1)
    page.plots(sweep, names)
    page.samples(sweep, names)
    return page.figure


class _Page:
    """A page that is filled from the top; lengths are in inches."""

    def __init__(self, figure: Figure) -> None:
        self.figure, self.y = figure, 0.2
        self.height = float(figure.get_size_inches()[1])

    def text(self, left: float, text: str, size: float, bold: bool = False) -> None:
        """Write at the present height."""
        style: dict[str, Any] = {
            "weight": "bold" if bold else "normal",
            "va": "top",
            "parse_math": False,
            "linespacing": 1.2,
        }
        self.figure.text(left / _WIDTH, 1 - self.y / self.height, text, fontsize=size, **style)

    def write(self, lines: Sequence[str], size: float, room: float, bold: bool = False) -> None:
        """Write lines and go on below the room that they have."""
        self.text(_MARGIN, "\n".join(lines), size, bold)
        self.y += room

    def table(self, rows: Sequence[Row], with_model: bool) -> None:
        """Write the table, without the models' names where there is one only."""
        self.y += 0.05
        places = _COLUMNS if with_model else _COLUMNS_OF_ONE
        for number, row in enumerate((_HEADS, *rows)):
            for left, text in zip(places, row if with_model else row[1:], strict=True):
                self.text(left, textwrap.shorten(printable(text), 40, placeholder="…"), 7.5, number == 0)
            self.y += _ROW
        self.y += 0.1

    def plots(self, sweep: Sweep, names: Sequence[str]) -> None:
        """Draw the plots beside and below one another, under their key."""
        write_key(self.figure, sweep, _MARGIN, self.y)
        self.y += key_height(sweep)
        for number, name in enumerate(names):
            row, column = divmod(number, _PLOTS_BESIDE)
            place_panel(self.figure, sweep, name, (0.75 + 2.6 * column, self.y + HEIGHT * row), column == 0)
        self.y += HEIGHT * -(-len(names) // _PLOTS_BESIDE)

    def samples(self, sweep: Sweep, names: Sequence[str]) -> None:
        """Show the same picture at every strength."""
        self.write(
            ["The same picture, from none to extreme. What the machine no longer reads: do you?"], 8.5, 0.28, True
        )
        labels = {curve.distortion.name: curve.distortion.label for curve in sweep.curves}
        for name in names:
            pictures = sweep.samples[name]
            self.text(_MARGIN, labels[name], 7.5)
            room = 6.5 / len(pictures)
            for number, picture in enumerate(pictures):
                left, low = 1.45 + room * number, 1 - (self.y + 0.38) / self.height
                axes = self.figure.add_axes((left / _WIDTH, low, 0.95 * room / _WIDTH, 0.38 / self.height))
                axes.imshow(picture, aspect="equal")
                axes.set_axis_off()
                axes.set_anchor("W")
            self.y += _SAMPLE
