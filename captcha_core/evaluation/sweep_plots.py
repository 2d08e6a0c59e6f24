"""The plots of a sweep: both figures against strength."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from captcha_core.evaluation.marking import printable
from captcha_core.evaluation.sweep import Curve, Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito (2008): people who see few colours can tell these apart, and on white they are dark enough for lines.
COLOURS = ("#0072b2", "#d55e00", "#007a5a", "#a3488a", "#5b5b00", "#1b2430")

LETTERS = "ABCDEF"
"""What each of them is called in the plots."""

HEIGHT = 1.65
"""Of a distortion's plot with all that is written around it, in inches."""

_QUIET = "#526070"


def plot_sweep(sweep: Sweep, columns: int = 2) -> Figure:
    """Draw a small plot per distortion: exact match (solid) and character accuracy (dashed) over the strength.

    Bands and bars are the 95% intervals; a dotted line marks the strength that the style itself has. With several
    models each has a colour and a letter, which the head of the figure explains. It is made to be read at the width of
    a phone.

    Args:
        sweep: What to draw.
        columns: Plots beside one another.
    """
    from matplotlib.figure import Figure

    names = distortion_names(sweep)
    rows, head = -(-len(names) // columns), key_height(sweep)
    height = HEIGHT * rows + head
    figure = Figure(figsize=(2.5 * columns, height), dpi=200)
    write_key(figure, sweep, 0.1, 0.06)
    for number, name in enumerate(names):
        row, column = divmod(number, columns)
        place_panel(figure, sweep, name, (0.5 + 2.4 * column, head + HEIGHT * row), column == 0)
    return figure


def place_panel(figure: Figure, sweep: Sweep, name: str, corner: tuple[float, float], first: bool) -> None:
    """Draw a distortion's plot, 2.4 inches wide and ``HEIGHT`` high with all that is written around it.

    Args:
        figure: Where to.
        sweep: What was found.
        name: The distortion's name.
        corner: Its axes' left side and the plot's upper side, in inches from the upper left corner.
        first: Whether the percentages stand at the left.
    """
    width, height = figure.get_size_inches()
    left, top = corner
    axes = figure.add_axes((left / width, 1 - (top + 1.22) / height, 1.7 / width, 0.98 / height))
    draw_panel(axes, [c for c in sweep.curves if c.distortion.name == name], first)


def figure_png(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def key_height(sweep: Sweep) -> float:
    """Return the room, in inches, that :func:`write_key` needs."""
    return 0.42 + 0.18 * (len(sweep.models) if len(sweep.models) > 1 else 0)


def write_key(figure: Figure, sweep: Sweep, left: float, top: float) -> None:
    """Write what the lines of the plots mean, from a place that is given in inches from the upper left corner."""
    width, height = figure.get_size_inches()
    own = "   dotted: the style's own strength" if any(c.distortion.own is not None for c in sweep.curves) else ""
    lines = [
        ("solid: whole texts read   dashed: characters read", "black", "normal"),
        (f"shade, bars: 95% intervals{own}", "black", "normal"),
    ]
    if len(sweep.models) > 1:
        named = zip(LETTERS, sweep.models, COLOURS, strict=False)
        lines += [(f"{letter}  {printable(model)[:46]}", colour, "bold") for letter, model, colour in named]
    for number, (text, colour, weight) in enumerate(lines):
        x, y = left / width, 1 - (top + 0.17 * number) / height
        figure.text(x, y, text, color=colour, weight=weight, fontsize=8.5, va="top", parse_math=False)


def draw_panel(axes: Axes, curves: Sequence[Curve], first: bool) -> None:
    """Draw one distortion, a pair of lines per model, with the strengths at even distances.

    Args:
        axes: Where to.
        curves: That distortion's, a curve per model.
        first: Whether the percentages stand at the left.
    """
    distortion = curves[0].distortion
    strengths = [point.strength for point in curves[0].points]
    places = np.arange(len(strengths))
    ends: list[tuple[float, str, str]] = []
    for number, curve in enumerate(curves):
        colour = COLOURS[number]
        _draw_curve(axes, places, curve, colour)
        last = curve.points[-1]
        if len(curves) == 1:
            ends += [(last.exact.value, "text", colour), (last.characters.value, "char.", colour)]
        else:
            ends.append((last.exact.value, LETTERS[number], colour))
    for place, (_, text, colour) in zip(spread([end[0] for end in ends], 0.17), ends, strict=True):
        axes.annotate(text, (places[-1] + 0.15, place), color=colour, fontsize=8, va="center", annotation_clip=False)
    if distortion.own is not None:
        axes.axvline(float(np.interp(distortion.own, strengths, places)), color=_QUIET, linestyle=":", linewidth=1)
    axes.set_title(distortion.label, fontsize=9.5, loc="left", weight="bold", pad=4)
    axes.set(ylim=(-0.03, 1.03), xlim=(-0.15, places[-1] + 0.1))
    axes.set_yticks([0, 0.5, 1], ["0%", "50%", "100%"] if first else ["", "", ""], fontsize=8)
    axes.set_xticks(places, [distortion.text(s) for s in strengths], fontsize=7.5)
    axes.set_xlabel(distortion.unit, fontsize=8, labelpad=1.5)
    axes.grid(axis="y", color="#dde2e8", linewidth=0.6)
    axes.tick_params(length=2, pad=2)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_curve(axes: Axes, places: np.ndarray, curve: Curve, colour: str) -> None:
    exact = [point.exact for point in curve.points]
    characters = [point.characters for point in curve.points]
    axes.fill_between(places, [e.low for e in exact], [e.high for e in exact], color=colour, alpha=0.15, linewidth=0)
    axes.plot(places, [e.value for e in exact], "-o", color=colour, markersize=3, linewidth=1.6)
    around = [[c.value - c.low for c in characters], [c.high - c.value for c in characters]]
    axes.errorbar(
        places,
        [c.value for c in characters],
        around,
        fmt="--o",
        color=colour,
        markersize=3,
        markerfacecolor="white",
        linewidth=1.1,
        elinewidth=0.7,
    )


def spread(values: Sequence[float], gap: float) -> list[float]:
    """Return places near some values, in 0..1 as far as there is room, that lie at least a gap apart."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    placed: list[float] = []
    for i in order:
        placed.append(max(values[i], placed[-1] + gap) if placed else values[i])
    # What now stands above 1 is pushed down, from the top on.
    limit = 1.0
    for k in range(len(placed) - 1, -1, -1):
        placed[k] = min(placed[k], limit)
        limit = placed[k] - gap
    result = [0.0] * len(values)
    for i, place in zip(order, placed, strict=True):
        result[i] = place
    return result


def distortion_names(sweep: Sweep) -> list[str]:
    """Return the distortions' names in their order."""
    return list(dict.fromkeys(curve.distortion.name for curve in sweep.curves))
