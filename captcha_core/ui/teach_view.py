"""What the Teach tab shows: a picture to label, how far a training is, what came of it. HTML from plain values.

Everything that comes from a visitor is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from captcha_core.imaging import load_image
from captcha_core.prediction import percent
from captcha_core.ui.html_parts import (
    badge_html,
    code_html,
    mark_html,
    notes_html,
    notice_html,
    picture_url,
    progress_html,
    rows_html,
    thumbnail_html,
)
from captcha_core.ui.teach_curve import curves_svg
from captcha_core.ui.teach_job import Job, Stage, minutes
from captcha_core.ui.teach_results import Compared, Read, Taught
from captcha_core.ui.teach_set import Lesson

# Height and width of the picture above the line in which its label is typed, at most.
_LARGEST = (640, 320)
_MOST_NOTES = 8


def lesson_html(lesson: Lesson) -> str:
    """Return how many pictures have labels, from where, and how many of these the model that guessed reads already."""
    total, labelled = len(lesson.cards), lesson.labelled
    typed = lesson.typed
    parts = [f"{labelled - typed:,} from {html.escape(' and '.join(lesson.labels_from))}"] if labelled > typed else []
    parts += [f"{typed:,} typed"] if typed else []
    words = f"<strong>{labelled:,} of {total:,} pictures have labels</strong>{': ' if parts else ''}{', '.join(parts)}."
    known = [(lesson.label(place), card.reading.text) for place, card in enumerate(lesson.cards)]
    pairs = [(label, text) for label, text in known if label is not None]
    right = sum(label.casefold() == text.casefold() for label, text in pairs)
    if pairs:
        words += (
            f" {html.escape(lesson.model)} reads {right:,} of these now ({percent(right / len(pairs))}), case ignored."
        )
    notes = list(lesson.notes[:_MOST_NOTES])
    if more := len(lesson.notes) - len(notes):
        notes.append(f"… and {more:,} more of this kind.")
    return f'<div class="cl-summary" role="status"><p>{words}</p>{notes_html(notes)}</div>'


def card_html(lesson: Lesson, place: int) -> str:
    """Return a picture with its name, what the model reads in it and how surely, and what is known of its label."""
    card = lesson.cards[place]
    image = load_image(card.picture, card.name)
    image.thumbnail(_LARGEST)
    label = lesson.label(place)
    state = (
        "left out" if lesson.is_left_out(place) else "no label yet" if label is None else f"label {code_html(label)}"
    )
    return (
        f'<figure class="cl-teach-card"><img src="{picture_url(image)}" alt="The picture to label">'
        f'<figcaption><span class="cl-file">{html.escape(card.name)}</span> '
        f"read as {code_html(card.reading.text)} {badge_html(card.reading.confidence)} · {state}</figcaption></figure>"
    )


def job_html(job: Job) -> str:
    """Return how far a training is, with its curves; why nothing came of it; or what came of it."""
    if job.stage is Stage.FAILED:
        return f"{notice_html(job.problem)}{curves_svg(job.curves())}"
    if job.taught is not None:
        return f"{taught_html(job.taught, job.model)}{curves_svg(job.curves())}"
    return f"{_progress_html(job)}{curves_svg(job.curves())}"


def _progress_html(job: Job) -> str:
    progress, words = job.progress, job.stage.value
    if job.stage is Stage.LEARNING:
        left = progress.seconds_left
        how_long = "the time left is not known yet" if left is None else f"{minutes(left)} left"
        words = f"Learning: training {progress.training} of {progress.trainings}, {progress.share:.0%}, {how_long}"
    return progress_html("Teaching", f"Teaching {job.model}. {words}", round(progress.share * 100) or None)


def taught_html(taught: Taught, model: str) -> str:
    """Return what a training of a model came to."""
    return (
        f'<div class="cl-summary" role="status"><p><strong>Taught in {minutes(taught.seconds)}</strong>, beginning '
        f"with {html.escape(model)}, which stays as it is. The files below are kept for an hour or two.</p>"
        f"{notes_html(taught.notes)}</div>"
    )


def compared_html(compared: Sequence[Compared]) -> str:
    """Return held-out pictures as they were read before and after."""
    if not compared:
        return ""
    rows = [
        [
            thumbnail_html(c.thumbnail),
            code_html(c.label),
            _reading_html(c.before, c.label),
            _reading_html(c.after, c.label),
        ]
        for c in compared
    ]
    head = ("Picture", "Label", "Before", "After")
    return (
        f'<details class="cl-teach-compared"><summary>{len(compared)} held-out pictures, read before and after'
        "</summary>"
        '<p class="cl-note">Each was read by a training that had not learned from it. Case is ignored.</p>'
        f"{rows_html('Before and after', head, rows)}</details>"
    )


def _reading_html(read: Read, label: str) -> str:
    right = read.text.casefold() == label.casefold()
    return f"{code_html(read.text)} {badge_html(read.confidence)} {mark_html(right)}"
