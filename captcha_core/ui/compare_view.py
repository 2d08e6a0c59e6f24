"""What the Compare tab shows: models side by side on one picture or on a set. HTML from plain values, all escaped."""

from __future__ import annotations

import html
from collections.abc import Sequence

from captcha_core.batch import evaluate_readings
from captcha_core.compare import Attempt, Verdict, agrees, verdicts
from captcha_core.prediction import Prediction, percent
from captcha_core.ui.html_parts import badge_html, code_html, notes_html, rows_html, thumbnail_html, value_html

MOST_DIFFERENCES = 20


def picture_html(attempts: Sequence[Attempt], notes: Sequence[str] = ()) -> str:
    """Return one picture, what most models say of it, and what each reads."""
    verdict, first = verdicts(attempts)[0], attempts[0].readings[0]
    rows = [_model_row(attempt, verdict) for attempt in attempts]
    head = ("Model", "Text", "Confidence", "Agrees", "Time")
    label = f"<p>Label: {code_html(first.label)}</p>" if first.label is not None else ""
    return (
        f'<div class="cl-compared"><div class="cl-one">{thumbnail_html(first.thumbnail)}'
        f'<div><p role="status">{_said(verdict)}</p>{label}</div></div>'
        f"{notes_html(notes)}{rows_html('Models', head, rows)}</div>"
    )


def _said(verdict: Verdict) -> str:
    if verdict.of == 0:
        return "The picture could not be read."
    if verdict.of == 1:
        return "One model read it; with one more in saved_models there is something to compare."
    if verdict.text is None:
        return f"<strong>No agreement</strong> among {verdict.of} models."
    who = f"All {verdict.of}" if verdict.unanimous else f"{verdict.votes} of {verdict.of}"
    return f"<strong>{who} models read {code_html(verdict.text)}</strong>"


def _model_row(attempt: Attempt, verdict: Verdict) -> list[str]:
    reading = attempt.readings[0]
    if not isinstance(reading.outcome, Prediction):
        return [
            html.escape(attempt.model),
            f'<span class="cl-failed">{html.escape(str(reading.outcome))}</span>',
            *[""] * 3,
        ]
    return [
        html.escape(attempt.model),
        value_html(reading.outcome.text),
        badge_html(reading.outcome.confidence),
        ("✓ yes" if agrees(reading.outcome, verdict) else "✗ no") if verdict.text is not None else "–",
        f"{reading.outcome.latency_ms:.0f} ms",
    ]


def set_html(attempts: Sequence[Attempt], notes: Sequence[str] = ()) -> str:
    """Return the figures of every model over a set, what they say together, and where they differ."""
    together = verdicts(attempts)
    evaluations = [evaluate_readings(attempt.readings) for attempt in attempts]
    labelled = any(evaluations)
    head = ["Model", *(["Exact match", "Case ignored", "Character errors"] if labelled else [])]
    head += ["Mean confidence", "With the majority", "A picture"]
    rows = []
    for attempt, evaluation in zip(attempts, evaluations, strict=True):
        figures = []
        if labelled:
            metrics = evaluation.metrics if evaluation else None
            figures = [
                percent(metrics.exact_match, 1) if metrics else "",
                percent(metrics.exact_match_folded, 1) if metrics else "",
                f"{metrics.cer:.1%}" if metrics else "",
            ]
        rows.append([html.escape(attempt.model), *figures, *_shares(attempt, together)])
    return (
        f'<div class="cl-compared"><p role="status">{_agreement(attempts, together)}</p>{notes_html(notes)}'
        f"{rows_html('Models', head, rows)}{_differences(attempts, together)}</div>"
    )


def _shares(attempt: Attempt, together: Sequence[Verdict]) -> list[str]:
    confidences = [r.outcome.confidence for r in attempt.readings if isinstance(r.outcome, Prediction)]
    mean = percent(sum(confidences) / len(confidences), 1) if confidences else "–"
    decided = [(r.outcome, v) for r, v in zip(attempt.readings, together, strict=True) if v.text is not None]
    with_most = sum(agrees(outcome, verdict) for outcome, verdict in decided)
    share = percent(with_most / len(decided), 1) if decided else "–"
    return [mean, share, f"{attempt.mean_latency_ms:.0f} ms"]


def _agreement(attempts: Sequence[Attempt], together: Sequence[Verdict]) -> str:
    read = sum(verdict.of > 0 for verdict in together)
    models = "1 model" if len(attempts) == 1 else f"{len(attempts)} models"
    line = f"<strong>{read:,} of {len(together):,} pictures read by {models}.</strong>"
    if len(attempts) < 2 or not read:
        return line
    alike = sum(verdict.unanimous for verdict in together)
    line += f" All say the same of {alike:,} ({percent(alike / read)})."
    labelled = [(v, r.label) for v, r in zip(together, attempts[0].readings, strict=True) if r.label is not None]
    if labelled and len(attempts) > 2:
        right = sum((v.text or "").casefold() == label.casefold() for v, label in labelled if v.text is not None)
        line += f" What most say is right for {percent(right / len(labelled), 1)}, case ignored."
    return line


def _differences(attempts: Sequence[Attempt], together: Sequence[Verdict]) -> str:
    places = [place for place, verdict in enumerate(together) if verdict.of > 0 and not verdict.unanimous]
    if not places:
        return ""
    first = attempts[0].readings
    labelled = any(reading.label is not None for reading in first)
    head = ["Picture", *(["Label"] if labelled else []), *(html.escape(attempt.model) for attempt in attempts)]
    rows = []
    for place in places[:MOST_DIFFERENCES]:
        outcomes = [attempt.readings[place].outcome for attempt in attempts]
        label = first[place].label
        texts = [value_html(o.text) if isinstance(o, Prediction) else "–" for o in outcomes]
        rows.append(
            [thumbnail_html(first[place].thumbnail), *([value_html(label or "", "")] if labelled else []), *texts]
        )
    count = f"the first {len(rows)} of {len(places):,}" if len(places) > len(rows) else f"{len(places):,}"
    return f"<h3>Where they differ: {count}</h3>{rows_html('Differences', head, rows)}"
