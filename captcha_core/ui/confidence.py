"""Confidence for people: words, numbers and a strip with one cell per character."""

from __future__ import annotations

import html
from dataclasses import dataclass

from captcha_core.prediction import Prediction, percent


@dataclass(frozen=True)
class Level:
    """A band of confidence.

    Attributes:
        name: Suffix of its CSS class, see :mod:`captcha_core.ui.theme`.
        words: What a person would say.
        at_least: Lowest confidence of the band, in 0..1.
    """

    name: str
    words: str
    at_least: float


LEVELS = (
    Level("sure", "Sure", 0.95),
    Level("fair", "Fairly sure", 0.80),
    Level("unsure", "Unsure", 0.50),
    Level("guess", "A guess", 0.0),
)

# A character below this is marked, and its next best reading is shown.
DOUBTFUL_BELOW = 0.80


def level_of(confidence: float) -> Level:
    """Return the band of a confidence in 0..1."""
    return next(level for level in LEVELS if confidence >= level.at_least)


def verdict_html(prediction: Prediction) -> str:
    """Return the confidence in the whole text as words, number and bar."""
    level = level_of(prediction.confidence)
    return (
        f'<p class="cl-verdict cl-{level.name}"><strong>{level.words}</strong> '
        f"<span>{percent(prediction.confidence, 1)} probability that the whole text is right</span></p>"
        f'<div class="cl-bar cl-{level.name}"><div style="width:{prediction.confidence:.1%}"></div></div>'
    )


def strip_html(prediction: Prediction) -> str:
    """Return one cell per character, in order: the character, its confidence as colour and number, a mark if doubtful.

    Everything that comes from the prediction is escaped.
    """
    doubtful = set(prediction.doubtful(DOUBTFUL_BELOW))
    cells = "".join(_cell_html(prediction, i, i in doubtful) for i in range(len(prediction.text)))
    note = "Each number is how sure the model is of that character."
    if doubtful:
        note += f" A “?” marks those below {percent(DOUBTFUL_BELOW)}, with the next best reading under it."
    return f'<ol class="cl-strip" aria-label="Confidence of each character">{cells}</ol><p class="cl-note">{note}</p>'


def _cell_html(prediction: Prediction, position: int, doubtful: bool) -> str:
    confidence = prediction.char_confidences[position]
    mark = '<span class="cl-mark" title="doubtful">?</span>' if doubtful else ""
    return (
        f'<li class="cl-cell cl-{level_of(confidence).name}">'
        f'<span class="cl-glyph">{html.escape(prediction.text[position])}{mark}</span>'
        f'<span class="cl-percent">{percent(confidence)}</span>'
        f"{_alternative_html(prediction, position) if doubtful else ''}</li>"
    )


def _alternative_html(prediction: Prediction, position: int) -> str:
    if not prediction.alternatives or not prediction.alternatives[position]:
        return ""
    character, confidence = prediction.alternatives[position][0]
    return f'<span class="cl-other">or <b>{html.escape(character)}</b> {percent(confidence)}</span>'
