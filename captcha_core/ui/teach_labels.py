"""Typing labels under pictures one at a time: what happens to a visitor's set, and what is shown next."""

from __future__ import annotations

from typing import Any

import gradio as gr

from captcha_core.corrections import CorrectionError
from captcha_core.errors import CaptchaLabError
from captcha_core.ui.catalogue import ModelCatalogue
from captcha_core.ui.html_parts import notice_html, said_html
from captcha_core.ui.shelf import Shelf
from captcha_core.ui.teach_set import Lesson
from captcha_core.ui.teach_view import card_html, lesson_html

GONE = "These pictures are no longer kept; send them again."

Lessons = Shelf[Lesson]


def shown(lesson: Lesson, place: int, said: str = "") -> list[Any]:
    """Return a picture, the text to start from, its place, what was just done, and how many have labels."""
    label = lesson.label(place)
    text = lesson.cards[place].reading.text if label is None else label
    return [card_html(lesson, place), text, place, said, lesson_html(lesson)]


def accept(
    lessons: Lessons,
    catalogue: ModelCatalogue,
    key: str | None,
    place: float | None,
    text: str | None,
    model: str | None,
) -> list[Any]:
    """Take a text as the label of the picture under which it was typed, and show the next.

    Both come from the browser together, so that a text cannot get under a picture that was not yet seen with it.
    """
    lesson, at = _found(lessons, key, place)
    if lesson is None:
        return _refused(GONE)
    try:
        _check(catalogue, model, text or "")
        lesson.write_label(at, text or "")
    except CaptchaLabError as error:
        return _refused(str(error))
    return _next(lesson, at, f"{lesson.label(at)} is the label of {lesson.cards[at].name}.")


def leave_out(lessons: Lessons, key: str | None, place: float | None) -> list[Any]:
    """Learn nothing from a picture, and show the next."""
    lesson, at = _found(lessons, key, place)
    if lesson is None:
        return _refused(GONE)
    lesson.leave_out(at)
    return _next(lesson, at, f"{lesson.cards[at].name} is left out.")


def go_back(lessons: Lessons, key: str | None, place: float | None) -> list[Any]:
    """Show the picture before."""
    lesson, at = _found(lessons, key, place)
    return _refused(GONE) if lesson is None else shown(lesson, lesson.before(at))


def go_to(lessons: Lessons, key: str | None, name: str | None) -> list[Any]:
    """Show a picture by its name."""
    lesson = lessons.get(key)
    at = None if lesson is None else lesson.named_place(name)
    return _refused(GONE) if lesson is None or at is None else shown(lesson, at)


def take_names(lessons: Lessons, key: str | None, use: bool) -> list[Any]:
    """Take the names of files for labels, or no longer; other labels stay."""
    lesson = lessons.get(key)
    if lesson is None:
        return _refused(GONE)
    lesson.use_names(use)
    return shown(lesson, lesson.first())


def _found(lessons: Lessons, key: str | None, place: float | None) -> tuple[Lesson | None, int]:
    lesson, at = lessons.get(key), place or 0
    # It comes from the browser, so that it may be any number.
    return (lesson, int(at)) if lesson is not None and 0 <= at < len(lesson.cards) else (None, 0)


def _next(lesson: Lesson, at: int, said: str) -> list[Any]:
    if not lesson.is_waiting:
        said = f"{said} Nothing is left to label."
    return shown(lesson, lesson.open_after(at), said_html(said))


def _refused(why: str) -> list[Any]:
    """Leave everything as it is and say why."""
    return [gr.skip(), gr.skip(), gr.skip(), notice_html(why), gr.skip()]


def _check(catalogue: ModelCatalogue, model: str | None, text: str) -> None:
    """Refuse at once what the chosen model cannot write, before a hundred more are typed.

    Raises:
        CaptchaLabError: Naming the characters, or the length.
    """
    meta, alphabet = (reader := catalogue[model]).meta, reader.alphabet
    if missing := alphabet.missing([alphabet.fold("".join(text.split()))]):
        raise CorrectionError(f"The model cannot write {missing!r}; it has {alphabet.symbols}.")
    if len(text.strip()) > meta.max_length:
        raise CorrectionError(f"The model writes at most {meta.max_length} characters; this text has more.")
