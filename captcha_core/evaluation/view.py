"""``evaluate.py --view``: every picture with the attempt, as a web page or as a contact sheet.

This module is light, so that a mistyped path is refused before anything heavy is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from captcha_core.errors import CaptchaLabError
from captcha_core.files import atomic_path

if TYPE_CHECKING:
    from captcha_core.data.schema import Sample
    from captcha_core.evaluation.measure import Evaluation

VIEW_LIMITS = {".html": 500, ".png": 100}
"""Most pictures of a view, by the ending of its file's name."""


def check_view_path(path: Path) -> None:
    """Refuse a path whose ending names no kind of view.

    Raises:
        CaptchaLabError: If it ends in neither .html nor .png.
    """
    if path.suffix.lower() not in VIEW_LIMITS:
        raise CaptchaLabError(f"--view {path}: let it end in .html for a page or in .png for a contact sheet.")


def write_view(
    path: Path, evaluation: Evaluation, samples: Iterable[Sample], title: str, note: str | None = None
) -> None:
    """Write a page or a contact sheet of the pictures with what was read in them.

    Args:
        path: Ends in .html or .png; what is there is replaced.
        evaluation: What was read.
        samples: The same pictures once more, in the same order; they are streamed, and only those shown are kept.
        title: Which model on which data.
        note: What one must know to understand the figures, if there is something.

    Raises:
        CaptchaLabError: If the ending is another, the samples are not those of the evaluation, or the file cannot be
            written.
    """
    check_view_path(path)
    # Not at the top: these bring torch, jiwer and pyarrow.
    from captcha_core.evaluation.page import page_html
    from captcha_core.evaluation.sheet import draw_sheet
    from captcha_core.evaluation.shown import choose_sections

    suffix = path.suffix.lower()
    sections = choose_sections(evaluation, samples, VIEW_LIMITS[suffix])
    with atomic_path(path) as temporary:
        if suffix == ".html":
            temporary.write_text(page_html(evaluation, sections, title, note), encoding="utf-8")
        else:
            draw_sheet(evaluation, sections, title, note).save(temporary, "PNG")
