"""What the Batch tab shows of a set that was read: figures, a page of the table, the mistakes. HTML from plain values.

Everything that comes from a visitor is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from captcha_core.batch import Reading, evaluate_readings
from captcha_core.evaluation.measure import Evaluation
from captcha_core.evaluation.report import worst_readings
from captcha_core.prediction import Prediction, percent
from captcha_core.ui.html_parts import (
    badge_html,
    mark_html,
    notes_html,
    progress_html,
    rows_html,
    thumbnail_html,
    value_html,
)
from captcha_core.ui.wording import model_name
from captcha_core.uploads import FROM_NAMES, Upload

ROWS_PER_PAGE = 50
MOST_CONFUSIONS = 10
MOST_WORST = 10

ALL, DOUBTFUL, FAILED, WRONG = "all", "doubtful", "failed", "wrong"
FILTERS = (ALL, DOUBTFUL, FAILED, WRONG)
AS_SENT, LEAST_SURE, SUREST = "as sent", "least sure first", "surest first"
ORDERS = (AS_SENT, LEAST_SURE, SUREST)


@dataclass(frozen=True)
class Result:
    """A set that was read.

    Attributes:
        readings: One per picture, in the order in which they were sent.
        model_id: What read them.
        seconds: How long it took.
        notes: What the sender should know, in sentences.
        labels_from: Where the labels come from, in words, each once; empty where there are none.
        evaluation: Readings against labels; None where no label is known.
        files: What was sent, which may be gone by now.
    """

    readings: Sequence[Reading]
    model_id: str
    seconds: float
    notes: Sequence[str] = ()
    labels_from: Sequence[str] = ()
    evaluation: Evaluation | None = None
    files: Sequence[Upload] = ()

    @property
    def model(self) -> str:
        """What the page's menu calls the model."""
        return model_name(self.model_id)

    @property
    def named(self) -> bool:
        """Whether names of files were taken for labels, which they may not be."""
        return FROM_NAMES in self.labels_from

    @cached_property
    def without_names(self) -> Result:
        """The same, with no label that is the name of a file."""
        if not self.named:
            return self
        readings = [r._replace(label=None) if r.label_from == FROM_NAMES else r for r in self.readings]
        evaluation = evaluate_readings(readings, self.seconds)
        labels_from = [source for source in self.labels_from if source != FROM_NAMES] if evaluation else []
        return replace(self, readings=readings, labels_from=labels_from, evaluation=evaluation)


@dataclass(frozen=True)
class View:
    """What of a result is shown.

    Attributes:
        show: ``ALL``, ``DOUBTFUL``, ``FAILED`` or ``WRONG``.
        order: One of ``ORDERS``.
        doubtful_below: Readings with less confidence, in 0..1, are doubtful.
        page: Which page of the table, from 1.
    """

    show: str = ALL
    order: str = AS_SENT
    doubtful_below: float = 0.8
    page: int = 1


@dataclass(frozen=True)
class Chosen:
    """The rows of a view, and the page of them that is shown; the page is one that exists."""

    rows: list[Reading] = field(default_factory=list)
    page: int = 1

    @property
    def pages(self) -> int:
        """How many pages there are; at least one."""
        return max(1, -(-len(self.rows) // ROWS_PER_PAGE))

    @property
    def shown(self) -> list[Reading]:
        """The rows of the page."""
        return self.rows[(self.page - 1) * ROWS_PER_PAGE :][:ROWS_PER_PAGE]


def counts(result: Result, doubtful_below: float) -> dict[str, int]:
    """Return how many rows each filter leaves; ``WRONG`` only where labels are known."""
    found = {kind: sum(_is(kind, r, doubtful_below) for r in result.readings) for kind in (ALL, DOUBTFUL, FAILED)}
    if result.evaluation is not None:
        found[WRONG] = sum(_is(WRONG, reading, doubtful_below) for reading in result.readings)
    return found


def choose(result: Result, view: View) -> Chosen:
    """Return the rows that a view shows, in its order; what failed is the least sure of all."""
    rows = [reading for reading in result.readings if _is(view.show, reading, view.doubtful_below)]
    if view.order != AS_SENT:
        rows.sort(key=_confidence, reverse=view.order == SUREST)
    chosen = Chosen(rows)
    return Chosen(rows, min(max(view.page, 1), chosen.pages))


def _is(kind: str, reading: Reading, doubtful_below: float) -> bool:
    read = isinstance(reading.outcome, Prediction)
    if kind == DOUBTFUL:
        return read and _confidence(reading) < doubtful_below
    if kind == FAILED:
        return not read
    if kind == WRONG:
        return reading.label is not None and (not isinstance(reading.outcome, Prediction) or not _right(reading))
    return True


def _right(reading: Reading) -> bool:
    return isinstance(reading.outcome, Prediction) and reading.outcome.text == reading.label


def _confidence(reading: Reading) -> float:
    return reading.outcome.confidence if isinstance(reading.outcome, Prediction) else -1.0


def pictures_read_html(done: int, total: int) -> str:
    """Return how many pictures of a set are read, as a bar and in words."""
    return progress_html("Reading", f"{done:,} of {total:,} pictures read", done, total)


def summary_html(result: Result) -> str:
    """Return how many were read by what in what time, then the notes."""
    failed = sum(not isinstance(reading.outcome, Prediction) for reading in result.readings)
    total = len(result.readings)
    words = f"<strong>{total - failed:,} of {total:,} pictures read</strong>"
    speed = total / max(result.seconds, 1e-9)
    line = f"{words} in {_duration(result.seconds)}, {speed:.0f} a second, by {html.escape(result.model_id)}."
    return f'<div class="cl-summary" role="status"><p>{line}</p>{notes_html(result.notes)}</div>'


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {seconds % 60:.0f} s"


def table_html(result: Result, view: View) -> str:
    """Return a page of the table; only its pictures are in it."""
    chosen = choose(result, view)
    if not chosen.rows:
        return '<p class="cl-note">No picture is of this kind.</p>'
    labelled = result.evaluation is not None
    head = ["Picture", "Text", "Confidence", *(["Label"] if labelled else [])]
    return rows_html("Readings", head, [_row(reading, view.doubtful_below, labelled) for reading in chosen.shown])


def _row(reading: Reading, doubtful_below: float, labelled: bool) -> list[str]:
    file = f'<span class="cl-file">{html.escape(reading.name)}</span>'
    if isinstance(reading.outcome, Prediction):
        badge = badge_html(reading.outcome.confidence, doubtful_below)
        cells = [f"{value_html(reading.outcome.text)}{file}", badge]
    else:
        cells = [f'<span class="cl-failed">{html.escape(str(reading.outcome))}</span>{file}', "failed"]
    return [thumbnail_html(reading.thumbnail), *cells, *([label_html(reading)] if labelled else [])]


def label_html(reading: Reading) -> str:
    """Return a label with a sign and a word for whether it was read."""
    if reading.label is None:
        return ""
    return f"{value_html(reading.label)}{mark_html(_right(reading))}"


def measures_html(result: Result) -> str:
    """Return the figures against the labels, the confusions and the worst mistakes; empty where no label is known."""
    evaluation = result.evaluation
    if evaluation is None:
        return ""
    metrics = evaluation.metrics
    figures = (
        ("Exact match", percent(metrics.exact_match, 1)),
        ("Case ignored", percent(metrics.exact_match_folded, 1)),
        ("Character error rate", f"{metrics.cer:.1%}"),
        ("Labelled pictures", f"{metrics.n:,}"),
    )
    tiles = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in figures)
    mistakes = f"{_confusions(evaluation)}{_worst(result)}"
    if mistakes:
        summary = "<summary>The mistakes: confusions and the worst ten</summary>"
        mistakes = f'<details class="cl-mistakes">{summary}<div>{mistakes}</div></details>'
    return (
        f'<p class="cl-note">Compared with the labels from {html.escape(" and ".join(result.labels_from))}.</p>'
        f'<dl class="cl-figures">{tiles}</dl>{mistakes}'
    )


def _confusions(evaluation: Evaluation) -> str:
    found = evaluation.metrics.confusions[:MOST_CONFUSIONS]
    if not found:
        return ""
    rows = [[value_html(c.truth, "nothing"), value_html(c.read, "nothing"), f"{c.times:,}"] for c in found]
    table = rows_html("Confusions", ("Is", "Read as", "Times"), rows)
    return f"<section><h3>Most frequent confusions</h3>{table}</section>"


def _worst(result: Result) -> str:
    assert result.evaluation is not None
    labelled = [reading for reading in result.readings if reading.label is not None]
    # By their places, since two pictures may have one name and one label.
    places = replace(result.evaluation, files=[str(place) for place in range(len(labelled))])
    mistakes = [m for m in worst_readings(places) if m.prediction is not None][:MOST_WORST]
    if not mistakes:
        return ""
    rows = [
        [
            thumbnail_html(labelled[int(m.file)].thumbnail),
            value_html(m.prediction or "", "nothing"),
            value_html(m.label),
            percent(m.confidence or 0.0, 1),
        ]
        for m in mistakes
    ]
    head = ("Picture", "Read", "Label", "Confidence")
    return f"<section><h3>Worst mistakes, the surest first</h3>{rows_html('Mistakes', head, rows)}</section>"
