"""Writing what a sweep found: as JSON, as a page, as a picture, and as text."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

from captcha_core.evaluation.marking import printable
from captcha_core.evaluation.plots import save_figure
from captcha_core.evaluation.sweep import Point, Sweep
from captcha_core.evaluation.sweep_page import sweep_html
from captcha_core.evaluation.sweep_sheet import report_page
from captcha_core.evaluation.sweep_words import answer, conclusion, headline, rows_of
from captcha_core.files import atomic_path

SWEEP_FILES = ("sweep.html", "sweep.png")


def as_dict(sweep: Sweep) -> dict[str, Any]:
    """Return all figures as plain types, ready for JSON; each estimate is value, lower and upper end."""
    return {
        "title": sweep.title,
        "seed": sweep.seed,
        "n": sweep.pictures,
        "planned": sweep.planned,
        "seconds": round(sweep.seconds, 3),
        "models": list(sweep.models),
        "as_it_is": {model: list(estimate) for model, estimate in sweep.as_it_is.items()},
        "as_it_is_folded": {model: list(estimate) for model, estimate in sweep.folded.items()},
        "curves": [
            {
                "model": curve.model,
                "distortion": curve.distortion.name,
                "unit": curve.distortion.unit,
                "own_strength": curve.distortion.own,
                "points": [_point(point) for point in curve.points],
            }
            for curve in sweep.curves
        ],
        "answer": answer(sweep),
        "headline": headline(sweep),
        "conclusion": conclusion(sweep),
    }


def write_json(sweep: Sweep, path: str | Path) -> None:
    """Write all figures as JSON.

    Raises:
        CaptchaLabError: If the file cannot be written.
    """
    with atomic_path(path) as temporary:
        text = json.dumps(as_dict(sweep), indent=2, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def write_sweep(sweep: Sweep, folder: str | Path) -> list[Path]:
    """Write the files of ``SWEEP_FILES`` into a folder.

    Args:
        sweep: What was found.
        folder: Made if it is missing; files of these names are replaced.

    Returns:
        The paths written.

    Raises:
        CaptchaLabError: If a file cannot be written.
    """
    page, sheet = paths = [Path(folder) / name for name in SWEEP_FILES]
    with atomic_path(page) as temporary:
        temporary.write_text(sweep_html(sweep), encoding="utf-8")
    save_figure(report_page(sweep), sheet)
    return paths


def format_sweep(sweep: Sweep, width: int = 100) -> str:
    """Return answer, headline, table and conclusion as lines of text."""
    heads = ("model", "distortion", "largest fall (95%)", "texts read", "at", "under half", "SSIM")
    lines = [[printable(cell) for cell in row] for row in (heads, *rows_of(sweep))]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    table = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines]
    words = [textwrap.fill(printable(text), width) for text in conclusion(sweep)]
    first = [textwrap.fill(printable(text), width) for text in (answer(sweep), headline(sweep))]
    return "\n\n".join([*first, "\n".join(table), *words])


def _point(point: Point) -> dict[str, Any]:
    return {
        "strength": point.strength,
        "exact_match": list(point.exact),
        "char_accuracy": list(point.characters),
        "fall": list(point.fall),
        "ssim": point.ssim,
    }
