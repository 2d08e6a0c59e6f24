"""Figures of single readings: one picture with its characters, and a grid of many."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

from captcha_core.errors import CaptchaLabError
from captcha_core.evaluation.marking import (
    COLOURS,
    NOT_OPENED,
    SIGNS,
    aligned_lines,
    outcome_of,
    printable,
    verdict,
)
from captcha_core.prediction import Prediction, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOUBTFUL_BELOW = 0.8
"""A character that is less sure than this has another colour, and its next best reading is named."""

_MONO = "DejaVu Sans Mono"
_SURE, _DOUBTFUL, _QUIET = "#4878a8", "#d9822b", "#526070"
# Characters of a text that fit beside its name below a picture of a grid.
_PLACES = 24


class Cell(NamedTuple):
    """One place of a grid.

    Attributes:
        name: The picture's name.
        label: Its true text; None when nobody knows it.
        picture: The picture in RGB; None when it could not be opened.
        read: What was read, or why the picture could not be opened.
    """

    name: str
    label: str | None
    picture: Image.Image | None
    read: Prediction | CaptchaLabError

    @property
    def outcome(self) -> str | None:
        """What became of the picture; None where a reading has no label to be measured by."""
        if self.label is None and isinstance(self.read, Prediction):
            return None
        return outcome_of(self.label or "", self.read)


def draw_reading(picture: Image.Image, seen: Image.Image, prediction: Prediction) -> Figure:
    """Draw a picture, what the model sees of it, and a bar per character that was read.

    Args:
        picture: The picture, RGB.
        seen: The same after the model's preprocessing.
        prediction: What was read.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.6), dpi=120, layout="constrained")
    axes = figure.subplot_mosaic([["picture", "bars"], ["seen", "bars"]], width_ratios=(2, 3))
    for name, shown, title in (("picture", picture, "picture"), ("seen", seen, "what the model sees")):
        axes[name].imshow(shown)
        axes[name].set_title(f"{title}, {shown.width} x {shown.height}", fontsize=9)
        axes[name].set_axis_off()
    _draw_bars(axes["bars"], prediction)
    text = printable(prediction.text) or "(nothing)"
    figure.suptitle(f"{text}   {percent(prediction.confidence, 1)}", family=_MONO, fontsize=13, parse_math=False)
    return figure


def _draw_bars(axes: Axes, prediction: Prediction) -> None:
    """Draw how sure the model is of each character, with the next best reading of those that are doubtful."""
    doubtful = set(prediction.doubtful(DOUBTFUL_BELOW))
    places = range(len(prediction.text))
    colours = [_DOUBTFUL if place in doubtful else _SURE for place in places]
    axes.bar(places, prediction.char_confidences, color=colours)
    for place, confidence in enumerate(prediction.char_confidences):
        note = percent(confidence, 1)
        if place in doubtful and prediction.alternatives and prediction.alternatives[place]:
            character, other = prediction.alternatives[place][0]
            note += f"\nor {printable(character)}\n{percent(other, 1)}"
        axes.text(place, confidence + 0.015, note, ha="center", va="bottom", fontsize=8, parse_math=False)
    axes.set_xticks(list(places), [printable(character) for character in prediction.text])
    for label in axes.get_xticklabels():
        label.set(family=_MONO, fontsize=14, parse_math=False)
    axes.set(ylim=(0, 1.22), yticks=[0, 0.25, 0.5, 0.75, 1], ylabel="confidence")
    axes.spines[["top", "right"]].set_visible(False)


def draw_grid(cells: Sequence[Cell], columns: int, title: str) -> Figure:
    """Draw pictures in rows, each with what was read in it.

    Where the true text is known, right and wrong are told by a sign, a word and a colour, and a caret stands under
    every character in which reading and label differ.

    Args:
        cells: The pictures, at least one.
        columns: Pictures in a row, 1 or more.
        title: Stands above them.

    Raises:
        ValueError: If there are no columns.
    """
    from matplotlib.figure import Figure

    if columns < 1:
        raise ValueError(f"columns={columns} must be at least 1")
    columns = min(columns, len(cells))
    rows = -(-len(cells) // columns)
    # In inches, since an automatic layout of a hundred small axes takes minutes.
    cell_width, cell_height, head = 2.2, 1.75, 0.45
    width, height = max(4.4, columns * cell_width), rows * cell_height + head
    figure = Figure(figsize=(width, height), dpi=120)
    figure.text(0.5, 1 - 0.12 / height, printable(title), ha="center", va="top", fontsize=10, parse_math=False)
    for number, cell in enumerate(cells):
        row, column = divmod(number, columns)
        left, top = (column + 0.05) * cell_width, head + row * cell_height
        place = (left / width, 1 - (top + 0.85) / height, 0.9 * cell_width / width, 0.8 / height)
        _draw_cell(figure.add_axes(place), cell)
    return figure


def _draw_cell(axes: Axes, cell: Cell) -> None:
    axes.set_axis_off()
    if cell.picture is not None:
        axes.imshow(cell.picture, aspect="equal")
    else:
        reason = "\n".join(textwrap.wrap(printable(str(cell.read)), 34, max_lines=5, placeholder=" …"))
        axes.text(0, 1, reason, va="top", fontsize=7, parse_math=False)
    outcome = cell.outcome
    # Of a name the end is kept, where names differ.
    lines = [(line, "black") for line in _texts(cell)] + [(_short(cell.name[::-1])[::-1], _QUIET)]
    if isinstance(cell.read, Prediction):
        words = verdict(cell.label, cell.read.text) if cell.label is not None else ""
        first = f"{SIGNS[outcome]} {words}  " if outcome else ""
        lines.insert(0, (first + percent(cell.read.confidence, 1), COLOURS[outcome] if outcome else "black"))
    else:
        lines.insert(0, (f"{SIGNS[NOT_OPENED]} {NOT_OPENED}", COLOURS[NOT_OPENED]))
    for number, (line, colour) in enumerate(lines):
        below = axes.annotate(line, (0, 0), (0, -3 - 10 * number), "axes fraction", "offset points", va="top")
        below.set(family=_MONO, fontsize=7.5, color=colour, parse_math=False)


def _texts(cell: Cell) -> list[str]:
    """Return the lines that say what is true and what was read."""
    if not isinstance(cell.read, Prediction):
        return [f"label {_short(cell.label)}"] if cell.label is not None else []
    text = cell.read.text
    if cell.label is None or cell.label == text:
        return [f"read  {_short(text) or '(nothing)'}"]
    truth, read, carets = aligned_lines(cell.label, text)
    return [f"label {_short(truth)}", f"read  {_short(read)}", f"      {carets[:_PLACES]}"]


def _short(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _PLACES else text[: _PLACES - 1] + "…"
