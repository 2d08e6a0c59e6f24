"""What a sweep found, in words and in a table. No sentence claims more than was measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from captcha_core.evaluation.sweep import Curve, Sweep
from captcha_core.evaluation.sweep_intervals import Estimate, paired_fall

ALIKE, CHANGED = 0.8, 0.5
"""SSIM from which a picture looks "much as before", and below which it is "strongly changed": this report's rule."""

LITTLE = 0.10
"""A fall that stays below this, with its whole interval, is called little."""

_MOST_NAMED = 3

_IN_PLACE = "This is about the distortions that leave characters in place; of the others SSIM says nothing."

NOT_ASKED = (
    "Whether people can still read these pictures was not measured. Look at them below and judge for yourself. "
    "SSIM stands in where characters keep their place: it says how much of the undistorted picture's structure is left "
    "(1 = all). It is no measure of reading, and says nothing where characters move or change their shape."
)
LIMITS = (
    "The figures hold for these models, on pictures like these. They do not say what a model would read that has "
    "learned from pictures distorted in this way."
)


class Row(NamedTuple):
    """One distortion as one model reads it, as the table shows it.

    Attributes:
        model: The model's name.
        label: The distortion's name.
        fall: Largest fall of exact match, in percentage points, with its interval.
        exact: Exact match at strength 0 and at that fall.
        strength: Where that is, with what it counts.
        half: The weakest measured strength at which less than half of the texts are read; a dash where there is none.
        ssim: SSIM at the largest fall; a dash where it says nothing.
    """

    model: str
    label: str
    fall: str
    exact: str
    strength: str
    half: str
    ssim: str


HEADINGS = Row(
    "Model",
    "Distortion",
    "Largest fall in whole texts read, in points (95%)",
    "Read before → then",
    "At strength",
    "Under half from",
    "SSIM there",
)


def rows_of(sweep: Sweep) -> list[Row]:
    """Return the table, model by model, the largest fall first."""
    return [_row(curve) for model in sweep.models for curve in sweep.of_model(model)]


def conclusion(sweep: Sweep) -> list[str]:
    """Return what was found, a paragraph per sentence or two, what was measured first."""
    told = [
        f"{sweep.title}: {sweep.pictures} pictures at each strength, the same texts at every one (seed {sweep.seed}). "
        "Figures in brackets are 95% intervals."
    ]
    for model in sweep.models:
        told += _about_model(sweep, model)
    return [*told, *sweep.notes, NOT_ASKED, LIMITS]


def answer(sweep: Sweep) -> str:
    """Return what the pictures' owner asks first: how much of them a machine reads as they are."""
    first, *others = sweep.models
    told = [f"{first} reads {share(sweep.as_it_is[first])} of these captchas as they are, case included"]
    told += [f"{model} reads {share(sweep.as_it_is[model])}" for model in others]
    return " ".join(f"{text}{_without_case(sweep, model)}." for text, model in zip(told, sweep.models, strict=True))


def _without_case(sweep: Sweep, model: str) -> str:
    """Say how much more is read with case ignored, where it is a point or more."""
    folded = sweep.folded[model].value
    return f" ({folded:.0%} with case ignored)" if folded - sweep.as_it_is[model].value >= 0.01 else ""


def headline(sweep: Sweep) -> str:
    """Return which distortions cost most, in one sentence that names no winner where there is none."""
    best = [sweep.of_model(model) for model in sweep.models]
    top, *others = max(best, key=lambda curves: curves[0].worst.fall.value)
    if top.worst.fall.low <= 0:
        return "No distortion made a difference that can be told from chance."
    reader = f" of {top.model}" if len(sweep.models) > 1 else ""
    alike = _alike(top, others)
    if not alike:
        return (
            f"{top.distortion.label}: the largest fall{reader}, {points(top.worst.fall)} points at "
            f"{top.distortion.said(top.worst.strength)}."
        )
    named = [curve.distortion.called for curve in (top, *alike)]
    if len(named) > _MOST_NAMED:
        named = [*named[:_MOST_NAMED], f"{len(named) - _MOST_NAMED} more"]
    return (
        f"Several distortions cost about the same, as far as {sweep.pictures} pictures can tell: {listed(named)}; the "
        f"largest fall{reader} is {points(top.worst.fall)} points."
    )


def _about_model(sweep: Sweep, model: str) -> Iterator[str]:
    curves = sweep.of_model(model)
    if sweep.as_it_is[model].high < 0.5 and all(curve.points[0].exact.high < 0.5 for curve in curves):
        yield f"{model} reads so few that it cannot tell what the distortions add; choose a model that reads them."
        return
    top = curves[0]
    if top.worst.fall.low <= 0:
        yield (
            f"No distortion, at any strength, made a difference to {model} that can be told from chance; try more "
            "pictures."
        )
        return
    yield (
        f"The largest fall of {model}: {top.distortion.called}. At {top.distortion.said(top.worst.strength)} it "
        f"reads {share(top.worst.exact)} instead of {share(top.points[0].exact)}, a fall of "
        f"{points(top.worst.fall)} points."
        f"{_rivals(top, curves[1:])}"
    )
    yield from _about_weak(curves)
    yield from _about_structure(model, curves)


def _rivals(top: Curve, others: list[Curve]) -> str:
    """Say which other distortions may cost as much."""
    alike = _alike(top, others)
    if not alike:
        return " No other distortion comes near it within the intervals."
    return f" Not clearly less: {listed([c.distortion.called for c in alike])}."


def _alike(top: Curve, others: list[Curve]) -> list[Curve]:
    """Return those that may cost as much as the first: the pictures are the same, so they are compared in pairs."""
    return [c for c in others if _difference(top, c).low <= 0]


def _difference(top: Curve, other: Curve) -> Estimate:
    """Return how much more of the pictures is still read at the other's worst strength."""
    return paired_fall(other.worst.right, top.worst.right)


def _about_weak(curves: list[Curve]) -> Iterator[str]:
    weak = [c for c in curves if max(point.fall.high for point in c.points) < LITTLE]
    if weak:
        yield (
            f"Even at the extreme, {listed([c.distortion.called for c in weak])} took less than "
            f"{LITTLE:.0%} of the texts from it, with the whole interval."
        )


def _about_structure(model: str, curves: list[Curve]) -> Iterator[str]:
    """Say what the machine loses before, and after, the picture is strongly changed."""
    comparable = [c for c in curves if c.distortion.in_place]
    measured = [(c, p) for c in comparable for p in c.points if p.ssim is not None]
    mild = [(c, p) for c, p in measured if (p.ssim or 0) >= ALIKE and p.strength]
    clear = [(c, p) for c, p in mild if p.fall.low > 0]
    halved = [(c, p) for c, p in measured if p.exact.value < 0.5 <= c.points[0].exact.value]
    if clear:
        curve, point = max(clear, key=lambda item: item[1].fall.value)
        yield (
            f"Where pictures still looked much as before (SSIM {ALIKE} or more), the largest fall of {model} is "
            f"{points(point.fall)} points: {curve.distortion.called}, {curve.distortion.said(point.strength)}, SSIM "
            f"{point.ssim:.2f}. {_IN_PLACE}"
        )
    elif mild:
        yield (
            f"Small changes were not seen to help: where pictures still looked much as before (SSIM {ALIKE} or more), "
            f"{model} read no clearly smaller share of them. {_IN_PLACE}"
        )
    if halved:
        curve, point = max(halved, key=lambda item: item[1].ssim or 0)
        strong = " That is a strongly changed picture." if (point.ssim or 0) < CHANGED else ""
        yield (
            f"Where a distortion that leaves characters in place keeps it from reading half of the texts, SSIM is "
            f"{point.ssim:.2f} at most ({curve.distortion.called}, {curve.distortion.said(point.strength)}).{strong}"
        )


def share(figure: Estimate) -> str:
    """Return a share with its interval, such as "96% (80–99)"."""
    return f"{figure.value:.0%} ({100 * figure.low:.0f}–{100 * figure.high:.0f})"


def points(fall: Estimate) -> str:
    """Return a fall in percentage points with its interval, such as "88 (70 to 95)"."""
    return f"{_signed(fall.value)} ({_signed(fall.low)} to {_signed(fall.high)})"


def listed(names: list[str]) -> str:
    """Return names as a sentence has them."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _signed(value: float) -> str:
    """Return hundredths without the minus of a zero."""
    return f"{round(100 * value) or 0}".replace("-", "−")


def _row(curve: Curve) -> Row:
    worst, distortion = curve.worst, curve.distortion
    below = next((p for p in curve.points if p.exact.value < 0.5), None)
    return Row(
        model=curve.model,
        label=distortion.label,
        fall=points(worst.fall),
        exact=f"{curve.points[0].exact.value:.0%} → {worst.exact.value:.0%}",
        strength=distortion.said(worst.strength),
        half=distortion.text(below.strength) if below else "–",
        ssim="–" if worst.ssim is None else f"{worst.ssim:.2f}",
    )
