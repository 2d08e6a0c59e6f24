"""Confidence for people: words, numbers, a strip with one cell per character, and what else might stand there."""

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

# A character below this is marked, and its next best reading is shown, unless the visitor chooses another threshold.
DOUBTFUL_BELOW = 0.80


def level_of(confidence: float) -> Level:
    """Return the band of a confidence in 0..1."""
    return next(level for level in LEVELS if confidence >= level.at_least)


def verdict_html(prediction: Prediction, threshold: float = DOUBTFUL_BELOW) -> str:
    """Return the confidence in the whole text as words, number and bar; the words name the doubtful positions."""
    level, where = level_of(prediction.confidence), ""
    if doubtful := prediction.doubtful(threshold):
        # A text with a doubtful character is not sure, however low the visitor's idea of doubtful makes it look.
        level = max(level, LEVELS[2], key=LEVELS.index)
        where = f": position{'s' if len(doubtful) > 1 else ''} {_listed([str(i + 1) for i in doubtful])}"
    return (
        f'<p class="cl-verdict cl-{level.name}" role="status"><strong>{level.words}{where}</strong> '
        f"<span>{percent(prediction.confidence, 1)} probability that the whole text is right</span></p>"
        f'<div class="cl-bar cl-{level.name}"><div style="width:{prediction.confidence:.1%}"></div></div>'
    )


def strip_html(prediction: Prediction, threshold: float = DOUBTFUL_BELOW, also: str = "") -> str:
    """Return one cell per character, in order: the character, its confidence as colour and number, a mark if doubtful.

    Everything that comes from the prediction is escaped; ``also`` is HTML that the note below ends with.
    """
    doubtful = set(prediction.doubtful(threshold))
    cells = "".join(_cell_html(prediction, i, i in doubtful) for i in range(len(prediction.text)))
    note = "Each number is how sure the model is of that character."
    if doubtful:
        note += f" A “?” marks those below {percent(threshold)}, with the next best reading under it."
    strip = f'<ol class="cl-strip" aria-label="Confidence of each character">{cells}</ol>'
    return f'{strip}<p class="cl-note">{note}{also}</p>'


def alternatives_html(prediction: Prediction) -> str:
    """Return a table of what else might stand at each position, the most probable first."""
    if not any(prediction.alternatives):
        return '<p class="cl-note">There is no other reading.</p>'
    most = max(map(len, prediction.alternatives))
    rows = "".join(
        f'<tr><th scope="row">{i + 1}</th>{_reading_html(character, confidence)}'
        + "".join(_reading_html(*other) for other in others)
        + "<td></td>" * (most - len(others))
        + "</tr>"
        for i, (character, confidence, others) in enumerate(
            zip(prediction.text, prediction.char_confidences, prediction.alternatives, strict=True)
        )
    )
    heads = ("Position", "Read", *("2nd", "3rd", "4th")[:most])
    columns = "".join(f'<th scope="col">{head}</th>' for head in heads)
    return f'<table class="cl-table"><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table>'


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


def _reading_html(character: str, confidence: float) -> str:
    return f"<td><b>{html.escape(character)}</b> {percent(confidence, 1)}</td>"


def _listed(words: list[str]) -> str:
    """Join words as in a sentence: "1, 2 and 5"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
