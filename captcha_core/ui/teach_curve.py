"""The course of a training as two small plots in SVG, which take the colours of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from captcha_core.prediction import percent
from captcha_core.ui.teach_progress import Point

_WIDTH, _HEIGHT = 340, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 24, 30, 34
# Height of a line of text.
_TEXT = 11.0


@dataclass(frozen=True)
class _Plot:
    """One plot: lines of (pictures, value), over a range of values, with the text of each mark at the left."""

    title: str
    lines: Mapping[int, Sequence[tuple[int, float]]]
    top: float
    marks: Mapping[float, str]


def curves_svg(trainings: Mapping[int, Sequence[Point]]) -> str:
    """Return held-out exact match and loss over the pictures learned from, a line per training.

    Each line is told by its number at its end, by its dashes and by its colour. An empty text where there is nothing
    to draw yet.

    Args:
        trainings: The checks of every training, by its number.
    """
    drawn = {number: points for number, points in trainings.items() if points}
    if not drawn:
        return ""
    exact = {n: [(p.pictures, p.exact_match) for p in points] for n, points in drawn.items()}
    loss = {n: [(p.pictures, p.loss) for p in points] for n, points in drawn.items()}
    highest = max(value for line in loss.values() for _, value in line) or 1.0
    plots = (
        _Plot("Held-out pictures read right", exact, 1.0, {0.0: "0%", 0.5: "50%", 1.0: "100%"}),
        _Plot("Loss on them", loss, highest, {0.0: "0", highest: f"{highest:.2g}"}),
    )
    said = "; ".join(f"training {n}: {percent(points[-1].exact_match)}" for n, points in drawn.items())
    return (
        f'<figure class="cl-curves">{"".join(map(_svg, plots))}<figcaption>Each training is judged by the third of '
        f"the pictures that it does not learn from. Read right at the last check: {said}.</figcaption></figure>"
    )


def _svg(plot: _Plot) -> str:
    most = max(x for line in plot.lines.values() for x, _ in line)

    def place(x: float, y: float) -> tuple[float, float]:
        across, up = x / most, min(y / plot.top, 1.0)
        return _LEFT + across * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM)

    parts = [f'<text class="cl-title" x="{_LEFT}" y="16">{plot.title}</text>']
    for value, text in plot.marks.items():
        _, y = place(0, value)
        parts.append(f'<line class="cl-grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    lines = {number: [place(x, y) for x, y in line] for number, line in plot.lines.items()}
    names = _apart({number: line[-1][1] for number, line in lines.items()})
    parts += [_line(number, line, names[number]) for number, line in lines.items()]
    base = _HEIGHT - 16
    parts.append(f'<text x="{_LEFT}" y="{base}">0</text>')
    parts.append(f'<text x="{_WIDTH - _RIGHT}" y="{base}" text-anchor="end">{most:,} pictures</text>')
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{plot.title}">{"".join(parts)}</svg>'


def _apart(heights: Mapping[int, float]) -> dict[int, float]:
    """Return the heights, moved down where they are so close that texts there would cover each other."""
    placed: dict[int, float] = {}
    free = 0.0
    for number, height in sorted(heights.items(), key=lambda item: item[1]):
        placed[number] = max(height, free)
        free = placed[number] + _TEXT
    return placed


def _line(number: int, places: Sequence[tuple[float, float]], name_at: float) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places)
    name = f'<text x="{places[-1][0] + 6:.1f}" y="{name_at + 4:.1f}">{number}</text>'
    return f'<g class="cl-line cl-line-{number}"><polyline points="{path}"/>{dots}{name}</g>'
