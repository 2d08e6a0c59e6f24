"""The plots of a report. Each is a matplotlib ``Figure`` of its own: no pyplot, no global state, no window."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from captcha_core.errors import CaptchaLabError
from captcha_core.evaluation.calibration import ReliabilityBin
from captcha_core.evaluation.marking import printable
from captcha_core.files import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_CHARACTERS = 80
"""Most rows and columns of the confusion matrix; of more characters, those with the most mistakes are drawn."""

MISSED, SURPLUS = "missed", "surplus"
"""The column of characters that were not read, and the row of those that were read where the label has none."""

_DIAGONAL = "#e3e8ee"


def check_figure_path(path: str | Path) -> None:
    """Refuse a path whose ending names no format of matplotlib.

    Raises:
        CaptchaLabError: If it is such a path.
    """
    from matplotlib.backend_bases import FigureCanvasBase

    if Path(path).suffix.lower().removeprefix(".") not in FigureCanvasBase.get_supported_filetypes():
        raise CaptchaLabError(f"{path} names no format of a figure; let it end in .png, .svg or .pdf.")


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure in the format that the path's ending names.

    Raises:
        CaptchaLabError: If the file cannot be written.
    """
    with atomic_path(path) as temporary, warnings.catch_warnings():
        # A character that the font has not is drawn as a box, which says enough.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(temporary)


def plot_reliability(bins: Sequence[ReliabilityBin], ece: float) -> Figure:
    """Draw accuracy over confidence, with how many readings each bar stands for below.

    The reliability diagram of Guo et al. (2017): bars on the diagonal mean that the confidence can be believed.
    """
    # The import takes half a second.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 6), dpi=120, layout="constrained")
    accuracy, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    filled = [b for b in bins if b.count]
    edges, width = [b.lower for b in filled], 1 / len(bins)
    accuracy.bar(edges, [b.accuracy for b in filled], width, align="edge", edgecolor="white", label="share read right")
    accuracy.plot([0, 1], [0, 1], "--", color="grey", label="perfectly calibrated")
    accuracy.plot(
        [b.confidence for b in filled],
        [b.accuracy for b in filled],
        "o",
        color="black",
        markersize=3,
        label="mean confidence",
    )
    accuracy.set(ylabel="share read right", xlim=(0, 1), ylim=(0, 1), title=f"Reliability, ECE {ece:.4f}")
    accuracy.legend(loc="upper left", frameon=False)
    counts.bar(edges, [b.count for b in filled], width, align="edge", edgecolor="white", color="grey")
    counts.set(xlabel="confidence that the whole text is right", ylabel="pictures", yscale="log", ylim=(0.8, None))
    return figure


def plot_risk_coverage(coverage: NDArray[np.float64], risk: NDArray[np.float64], aurc: float) -> Figure:
    """Draw which share is wrong over the share that is accepted, the surest first.

    Args:
        coverage: Shares accepted, rising to 1.
        risk: The share of each that is wrong.
        aurc: The area below.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 4), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.step(
        np.append(0.0, coverage), np.append(risk[:1], risk), where="pre", label="share of the accepted that is wrong"
    )
    axes.axhline(0.01, linestyle="--", color="grey", label="1% wrong")
    # A model without a mistake would have a scale of nothing.
    axes.set(xlim=(0, 1), ylim=(0, max(0.02, 1.05 * risk.max())))
    axes.set(xlabel="share of the pictures accepted, the surest first", ylabel="share of these that is wrong")
    axes.set_title(f"Risk over coverage, AURC {aurc:.4f}")
    axes.legend(loc="upper left", frameon=False)
    return figure


def plot_confusion_matrix(counts: Mapping[tuple[str, str], int]) -> Figure:
    """Draw which character was read as which: the label's characters down, what was read across.

    A cell's number is a count. The colour, on a logarithmic scale, is for mistakes alone; what was read right stands
    on a grey diagonal, so that thousands of right characters do not drown a dozen wrong ones.

    Args:
        counts: How often each pair (true character, read character) occurred; one of the two is empty where a
            character was read too many or missed.
    """
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    rows, columns, left_out = _axes_of(counts)
    matrix = np.array([counts.get((truth, read), 0) for truth in rows for read in columns], np.int64)
    matrix = matrix.reshape(len(rows), len(columns))
    mistakes = np.ma.array(matrix, mask=(matrix == 0) | (np.array(rows)[:, None] == np.array(columns)))
    figure = Figure(dpi=120)
    axes, beside = _place_axes(figure, len(rows), len(columns))
    if mistakes.count():
        # The scale runs to 10 at least, so that a single mistake is pale.
        scale = LogNorm(1, max(10, int(mistakes.max())))
        shades = axes.imshow(mistakes, cmap="YlOrRd", norm=scale, aspect="auto")
        figure.colorbar(shades, cax=beside, label="mistakes", format="%d").ax.minorticks_off()
    else:
        beside.set_axis_off()
    axes.set(xlim=(-0.5, max(1, len(columns)) - 0.5), ylim=(max(1, len(rows)) - 0.5, -0.5))
    _label_axes(axes, rows, columns)
    _write_counts(axes, matrix, mistakes.filled(0), rows, columns)
    figure.suptitle(_matrix_title(counts, left_out), fontsize=10)
    return figure


def _place_axes(figure: Figure, rows: int, columns: int) -> tuple[Axes, Axes]:
    """Give a figure the size that so many square cells need; return the axes of the cells and of the scale's bar.

    The places are in inches, since no automatic layout keeps cells square and large enough for their numbers.
    """
    cell = min(0.4, max(0.22, 2.6 / max(1, columns)))
    width, height = cell * max(1, columns), cell * max(1, rows)
    left, right, top, bottom = 0.95, 1.05, 1.05, 0.9
    whole_width, whole_height = max(3.2, left + width + right), top + height + bottom
    figure.set_size_inches(whole_width, whole_height)
    axes = figure.add_axes((left / whole_width, bottom / whole_height, width / whole_width, height / whole_height))
    bar = min(height, 3.0)
    place = ((left + width + 0.2) / whole_width, (bottom + height - bar) / whole_height)
    return axes, figure.add_axes((*place, 0.15 / whole_width, bar / whole_height))


def _axes_of(counts: Mapping[tuple[str, str], int]) -> tuple[list[str], list[str], int]:
    """Return the characters of the rows and of the columns, an empty text last, and how many were left out.

    Rows and columns have the same characters, so that the diagonal is one; the empty text stands where it occurs.
    """
    seen = {c for pair in counts for c in pair if c}
    wrong: Counter[str] = Counter()
    for (truth, read), times in counts.items():
        if truth != read:
            wrong.update({truth: times, read: times})
    kept = sorted(seen, key=lambda c: (-wrong[c], c))[:MAX_CHARACTERS]
    characters = sorted(kept)
    surplus = [""] if any(not truth for truth, _ in counts) else []
    missed = [""] if any(not read for _, read in counts) else []
    return characters + surplus, characters + missed, len(seen) - len(kept)


def _label_axes(axes: Axes, rows: list[str], columns: list[str]) -> None:
    """Write the characters along the axes and draw a line between the cells."""
    axes.set(xlabel="read as", ylabel="character of the label")
    axes.tick_params(which="major", top=True, labeltop=True)
    for axis, names, empty in ((axes.xaxis, columns, MISSED), (axes.yaxis, rows, SURPLUS)):
        axis.set_ticks(np.arange(len(names)), [printable(name) or empty for name in names])
        # The borders of the cells.
        axis.set_ticks(np.arange(len(names) + 1) - 0.5, minor=True)
        axis.set_tick_params(which="both", length=0)
        for label in axis.get_ticklabels():
            label.set(family="DejaVu Sans Mono", fontsize=8)
            if axis is axes.xaxis and label.get_text() == MISSED:
                label.set_rotation(90)
    axes.grid(which="minor", color="#d0d5db", linewidth=0.4)
    axes.set_axisbelow(True)


def _write_counts(axes: Axes, matrix: np.ndarray, mistakes: np.ndarray, rows: list[str], columns: list[str]) -> None:
    """Write every count into its cell, on grey where the character was read right."""
    from matplotlib.patches import Rectangle

    for row, column in zip(*np.nonzero(matrix), strict=True):
        right = rows[row] == columns[column]
        if right:
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, color=_DIAGONAL, linewidth=0))
        # White on the dark end of the scale.
        dark = mistakes[row, column] > mistakes.max() ** 0.75 and mistakes[row, column] >= 6
        colour = "#5b6672" if right else "white" if dark else "black"
        text = _short(int(matrix[row, column]))
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=(7, 7, 6.5, 5)[len(text) - 1])


def _short(count: int) -> str:
    """Return a count, rounded down, in at most four characters; it is below 10**12."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count // size}{unit}" if count >= 10 * size else f"{count // (size // 10) / 10:g}{unit}"
    return str(count)


def _matrix_title(counts: Mapping[tuple[str, str], int], left_out: int) -> str:
    wrong = sum(times for (truth, read), times in counts.items() if truth != read)
    in_labels = sum(times for (truth, _), times in counts.items() if truth)
    text = f"{wrong:,} mistakes on {in_labels:,} characters"
    return text + (f"\n{left_out} characters with fewer mistakes are left out" if left_out else "")
