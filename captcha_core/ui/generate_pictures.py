"""Drawn captchas on the page: a grid of pictures, each with its text, and with what a model read in it."""

from __future__ import annotations

import html
from collections.abc import Sequence

from captcha_core.checkpoint_meta import CheckpointMeta
from captcha_core.data_url import data_url
from captcha_core.evaluation.marking import RIGHT, SIGNS, WRONG, printable, verdict
from captcha_core.generator import Captcha
from captcha_core.generator.generate import encode_png
from captcha_core.prediction import Prediction, percent
from captcha_core.ui.wording import scope

# The colours of what is sure and of what is a guess are those of right and wrong.
_BANDS = {RIGHT: "sure", WRONG: "guess"}


def grid_html(captchas: Sequence[Captcha], readings: Sequence[Prediction] = ()) -> str:
    """Return the pictures as a list, each with its text and, where they were read, whether the reading is right.

    That is told by a sign, by words and by colour. Everything that comes from outside is escaped.
    """
    cards = []
    for number, captcha in enumerate(captchas):
        reading = readings[number] if readings else None
        cards.append(_card_html(number + 1, captcha, reading))
    return f'<ol class="cl-drawn" tabindex="0" aria-label="Drawn captchas">{"".join(cards)}</ol>'


def summary_html(captchas: Sequence[Captcha], readings: Sequence[Prediction], meta: CheckpointMeta) -> str:
    """Return how many were read exactly, how fast, and which of them the model cannot write at all."""
    pairs = [(captcha.text, reading.text) for captcha, reading in zip(captchas, readings, strict=True)]
    right = sum(label == text for label, text in pairs)
    folded = sum(label.casefold() == text.casefold() for label, text in pairs)
    parts = [f"<strong>{right} of {len(pairs)} read right</strong>"]
    if folded > right:
        parts.append(f"{folded} if upper and lower case count as one")
    latency = sum(reading.latency_ms for reading in readings) / len(readings)
    parts.append(f"{latency:.0f} ms for each")
    text = f'<p class="cl-tally" role="status">{", ".join(parts)}.</p>'
    beyond = sum(len(label) > meta.max_length or not set(label) <= set(meta.alphabet) for label, _ in pairs)
    if beyond:
        reads = html.escape(scope(meta.alphabet, meta.max_length))
        text += f'<p class="cl-note">{beyond} of the texts are beyond this model. It reads {reads}.</p>'
    return text


def picture_url(captcha: Captcha) -> str:
    """Return the picture as a PNG file inside a URL, the same bytes as in a data set."""
    return data_url(encode_png(captcha.image))


def _card_html(number: int, captcha: Captcha, reading: Prediction | None) -> str:
    label = html.escape(printable(captcha.text))
    width, height = captcha.image.size
    picture = f'<img src="{picture_url(captcha)}" width="{width}" height="{height}" alt="Captcha {number}">'
    if reading is None:
        return f'<li>{picture}<p class="cl-label"><span class="cl-unseen">says </span><b>{label}</b></p></li>'
    outcome = RIGHT if reading.text == captcha.text else WRONG
    words = verdict(captcha.text, reading.text)
    read = html.escape(printable(reading.text)) or "nothing"
    mark = f'<b class="cl-sign" aria-hidden="true">{SIGNS[outcome]}</b> {words}'
    told = f'<p class="cl-said" title="{percent(reading.confidence, 1)} sure">{mark}{_read_html(outcome, read)}</p>'
    return (
        f'<li class="cl-{_BANDS[outcome]}">{picture}'
        f'<p class="cl-label"><span class="cl-unseen">says </span><b>{label}</b></p>{told}</li>'
    )


def _read_html(outcome: str, read: str) -> str:
    return (
        "" if outcome == RIGHT else f': <span class="cl-read-as"><span class="cl-unseen">read as </span>{read}</span>'
    )


PICTURES_CSS = """
.cl-under { display: grid; grid-template-columns: 1fr 110px auto; gap: 12px; align-items: end; }
.cl-under > * { min-width: 0; }
.cl-looks label { padding: 4px 10px; }
.cl-lengths .min_value, .cl-lengths .max_value { display: none; }
.cl-make { display: grid; grid-template: "sheet settings" / minmax(0, 5fr) minmax(0, 3fr); gap: 16px; }
.cl-make .cl-sheet { grid-area: sheet; position: sticky; top: 8px; align-self: start; }
.cl-make .cl-settings { grid-area: settings; gap: 8px; }
.cl-panel .cl-drawn {
  display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 8px; margin: 0; padding: 0; list-style: none;
}
.cl-panel .cl-drawn li {
  display: flex; flex-direction: column; justify-content: end; min-width: 0; margin: 0; padding: 4px;
  border: 1px solid var(--border-color-primary); border-bottom: 3px solid var(--cl-edge, var(--border-color-primary));
  border-radius: 4px; background: var(--cl-back, var(--background-fill-primary));
}
.cl-panel .cl-drawn img {
  display: block; width: 100%; height: auto; max-height: 120px; margin: 0; object-fit: contain;
}
.cl-panel .cl-drawn p {
  color: var(--cl-text, var(--body-text-color)); font-size: .85rem; line-height: 1.35; text-align: center;
  overflow-wrap: anywhere;
}
.cl-panel .cl-drawn p * { color: inherit; }
.cl-label b, .cl-read-as { font-family: var(--font-mono); }
.cl-read-as { font-weight: 700; }
.cl-unseen {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
.cl-panel .cl-tally { margin-bottom: .4rem; }
@media (max-width: 700px) {
  .cl-make { display: flex; flex-direction: column; gap: 8px; }
  /* The pictures stay in sight while the controls below them are moved. */
  .cl-make .cl-sheet { display: contents; }
  .cl-make .cl-sheet > .block:first-child {
    position: sticky; top: 0; z-index: 10; padding: 6px 0; background: var(--background-fill-primary);
  }
  .cl-panel .cl-drawn { max-height: 36vh; overflow-y: auto; gap: 4px; }
  .cl-under { grid-template-columns: 1fr auto; }
  .cl-under > :first-child { grid-column: 1 / -1; }
}
"""
"""The layout of the tab."""
