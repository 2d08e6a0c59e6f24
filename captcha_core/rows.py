"""What is written of every picture that was read: the columns that ``predict.py`` and the page's downloads share."""

from __future__ import annotations

from typing import NamedTuple

from captcha_core.errors import CaptchaLabError
from captcha_core.prediction import Prediction

COLUMNS = {"file": str, "prediction": str, "confidence": float, "char_confidences": tuple, "error": str}
"""Names and types for :func:`captcha_core.tables.open_table`."""


class Row(NamedTuple):
    """One picture's outcome in the order of ``COLUMNS``: either ``error`` is None, or the three before it are."""

    file: str
    prediction: str | None
    confidence: float | None
    char_confidences: tuple[float, ...] | None
    error: str | None


def row_of(file: str, outcome: Prediction | CaptchaLabError) -> Row:
    """Return the row of a picture: what was read in it, or why it could not be opened."""
    if isinstance(outcome, Prediction):
        return Row(file, outcome.text, outcome.confidence, outcome.char_confidences, None)
    return Row(file, None, None, None, str(outcome))
