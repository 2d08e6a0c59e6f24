"""The web page of ``evaluate.py --view``; see :mod:`captcha_core.evaluation.page_parts`."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image

from captcha_core.data_url import data_url
from captcha_core.evaluation.marking import NOT_OPENED, RIGHT, SIGNS, pair_up, verdict
from captcha_core.evaluation.measure import Evaluation
from captcha_core.evaluation.page_parts import escaped, page_head
from captcha_core.evaluation.report import figures_of
from captcha_core.evaluation.shown import Section, Shown
from captcha_core.prediction import Prediction, percent

_CLASSES = {RIGHT: "right", NOT_OPENED: "unopened"}


def page_html(evaluation: Evaluation, sections: Sequence[Section], title: str, note: str | None) -> str:
    """Return the page.

    Args:
        evaluation: For the figures, which count every picture.
        sections: What is shown.
        title: Which model on which data.
        note: What one must know to understand the figures, if there is something.
    """
    figures = "".join(
        f"<div><dt>{f.name}</dt><dd>{f.value}{f' <small>{f.remark}</small>' if f.remark else ''}</dd></div>"
        for f in figures_of(evaluation)
    )
    parts = [
        page_head(title, _LAYOUT),
        f"<header><h1>What was read</h1><p>{escaped(title)}</p></header>",
        f'<dl class="figures">{figures}</dl>',
        f'<p class="note">{escaped(note)}</p>' if note else "",
        f'<p class="quiet">{_LEGEND}</p>',
        *(_section_html(section) for section in sections),
        "</body>\n</html>\n",
    ]
    return "\n".join(part for part in parts if part)


def marked_html(label: str, text: str) -> tuple[str, str]:
    """Return label and text as HTML whose characters stand below one another, the differing ones marked in both."""
    truth_parts, read_parts = [], []
    for truth, read in pair_up(label, text):
        if truth == read:
            truth_parts.append(escaped(truth))
            read_parts.append(escaped(read))
        else:
            truth_parts.append(f'<ins title="{_meaning(truth, read)}">{escaped(truth) or _GAP}</ins>')
            read_parts.append(f'<mark title="{_meaning(truth, read)}">{escaped(read) or _GAP}</mark>')
    return "".join(truth_parts), "".join(read_parts)


def _meaning(truth: str, read: str) -> str:
    """Say what is wrong with a character."""
    if not read:
        return f"{escaped(truth)} was missed"
    return f"{escaped(read)} instead of {escaped(truth)}" if truth else f"{escaped(read)} is one too many"


def _section_html(section: Section) -> str:
    cards = "\n".join(_card_html(shown) for shown in section.shown)
    return f'<details open><summary><h2>{section.heading}</h2></summary>\n<ul class="cards">\n{cards}\n</ul></details>'


def _card_html(shown: Shown) -> str:
    file = f'<p class="file">{escaped(shown.file)}</p>'
    if not isinstance(shown.read, Prediction):
        reason = f'<p class="reason">{escaped(str(shown.read))}</p>'
        return _card(NOT_OPENED, NOT_OPENED, "", f"{reason}{_texts_html(('label', escaped(shown.label)))}{file}")
    right = shown.read.text == shown.label
    if right:
        texts = _texts_html(("read", escaped(shown.label)))
    else:
        label, read = marked_html(shown.label, shown.read.text)
        texts = _texts_html(("label", label), ("read", read))
    number = f'<span class="number" title="confidence">{percent(shown.read.confidence, 1)}</span>'
    outcome = RIGHT if right else "wrong"
    return _card(outcome, verdict(shown.label, shown.read.text), number, _picture_html(shown) + texts + file)


def _card(outcome: str, words: str, number: str, content: str) -> str:
    """Return a card whose first line says what became of the picture."""
    first = f'<p class="verdict"><b><span aria-hidden="true">{SIGNS[outcome]}</span> {words}</b>{number}</p>'
    return f'<li class="{_CLASSES.get(outcome, outcome)}">{first}{content}</li>'


def _texts_html(*lines: tuple[str, str]) -> str:
    """Return named lines of text; a text that is empty is said to be."""
    rows = (f"<dt>{name}</dt><dd>{text or '<i>(nothing)</i>'}</dd>" for name, text in lines)
    return f'<dl class="texts">{"".join(rows)}</dl>'


def _picture_html(shown: Shown) -> str:
    assert shown.picture is not None, "a picture that was read could be opened"
    width, height = shown.picture.size
    return f'<img src="{_data_url(shown.picture)}" width="{width}" height="{height}" alt="{escaped(shown.file)}">'


def _data_url(picture: Image.Image) -> str:
    """Return a picture within an address; WebP without loss takes half of what PNG takes."""
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", lossless=True)
    return data_url(buffer.getvalue(), "image/webp")


# A space that does not collapse, as wide as a character of the fixed-width font.
_GAP = "&nbsp;"

_LEGEND = (
    "The percentage is how sure the model was of the whole text. Where label and reading differ, the label’s character "
    "is <ins>underlined</ins> and what was read instead is <mark>marked</mark>; an empty mark is a missing character. "
    "A click on a heading folds its pictures away."
)

_LAYOUT = """
* { box-sizing: border-box; margin: 0; }
body {
  max-width: 1280px; margin: 0 auto; padding: 16px; color: var(--text); background: var(--page);
  font: 16px/1.45 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
h1 { font-size: 1.4rem; line-height: 1.2; }
header p, .file, .reason { overflow-wrap: anywhere; }
.quiet, header p, .file, dt, small { color: var(--quiet); }
.quiet, .note { max-width: 46rem; margin-top: 12px; font-size: .9rem; }
.note { padding: 8px 12px; background: var(--card); border-left: 3px solid var(--unopened); }
.figures { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 12px; }
.figures > div { padding: 6px 12px; background: var(--card); border: 1px solid var(--line); border-radius: 6px; }
.figures dt { font-size: .8rem; }
.figures dd { font-size: 1.15rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.figures small { font-size: .8rem; font-weight: 400; }
details { margin-top: 20px; }
summary { cursor: pointer; }
h2 { display: inline; font-size: 1.1rem; }
.cards {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(165px, 1fr)); gap: 10px; margin-top: 10px; padding: 0;
  list-style: none;
}
.cards li {
  display: flex; flex-direction: column; gap: 6px; min-width: 0; padding: 8px 10px; background: var(--card);
  border: 1px solid var(--line); border-top: 3px solid var(--own); border-radius: 6px;
}
.right { --own: var(--right); }
.wrong { --own: var(--wrong); }
.unopened { --own: var(--unopened); }
@media (min-width: 700px) { .cards { grid-template-columns: repeat(auto-fill, minmax(215px, 1fr)); } }
.verdict { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 6px; font-size: .85rem; }
.verdict b { color: var(--own); }
.number { font-variant-numeric: tabular-nums; }
img { display: block; max-width: 100%; height: auto; margin: 0 auto; background: #fff; border-radius: 3px; }
.texts { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 2px 10px; align-items: baseline; }
.texts dt { font-size: .8rem; }
.texts dd {
  font: 1.1rem/1.5 ui-monospace, "DejaVu Sans Mono", Consolas, monospace; white-space: pre-wrap;
  overflow-wrap: anywhere; direction: ltr; unicode-bidi: isolate-override;
}
.texts i { font: italic .9rem system-ui, sans-serif; color: var(--quiet); }
ins, mark { color: inherit; font-weight: 700; border-radius: 2px; }
ins { background: var(--truth-back); text-decoration: underline; text-underline-offset: 3px; }
mark { color: var(--wrong); background: var(--wrong-back); box-shadow: inset 0 -2px var(--wrong); }
.reason { font-size: .9rem; }
.file { margin-top: auto; font-size: .78rem; }
"""
