"""Typing labels: what happens to the set, and what is shown next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from captcha_core.ui.catalogue import ModelCatalogue
from captcha_core.ui.teach_labels import GONE, Lessons, accept, go_back, go_to, leave_out, shown, take_names
from captcha_core.ui.teach_set import Lesson
from captcha_core.uploads import FROM_NAMES
from tests.ui.helpers import catalogue_of, lesson_of

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer


@pytest.fixture
def models(reader: Recognizer) -> ModelCatalogue:
    return catalogue_of(reader)


def kept(lesson: Lesson) -> tuple[Lessons, str]:
    lessons = Lessons()
    return lessons, lessons.put(lesson)


def is_left_as_it_was(answer: list[Any]) -> bool:
    return all(isinstance(update, dict) and update.get("__type__") == "update" for update in answer[:3])


def test_enter_accepts_the_guess_and_shows_the_next(models: ModelCatalogue) -> None:
    lesson = lesson_of([None, None, "AB"], [0.2, 0.1, 0.5])
    lessons, key = kept(lesson)
    _, text, place, _, summary = shown(lesson, lesson.first())
    assert (text, place) == ("ADBC", 1) and "1 of 3 pictures have labels" in summary
    picture, text, place, said, summary = accept(lessons, models, key, place, text, None)
    assert lesson.label(1) == "ADBC" and (text, place) == ("ADBC", 0)
    assert "0.png" in picture and "ADBC is the label of 1.png" in said and "2 of 3 pictures have labels" in summary
    *_, said, _ = accept(lessons, models, key, place, "CC", None)
    assert "Nothing is left to label" in said and lesson.label(0) == "CC"


def test_a_text_is_the_label_of_the_picture_under_which_it_was_typed(models: ModelCatalogue) -> None:
    lesson = lesson_of([None] * 3)
    lessons, key = kept(lesson)
    for _ in range(2):  # Enter twice, before the next picture came.
        accept(lessons, models, key, 0, "AA", None)
    assert [lesson.label(place) for place in range(3)] == ["AA", None, None]


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "Write what the picture says"), ("AX", "cannot write &#x27;X&#x27;"), ("AAAAA", "at most 4 characters")],
)
def test_a_text_that_can_be_no_label_changes_nothing(models: ModelCatalogue, text: str, said: str) -> None:
    lesson = lesson_of([None, None])
    lessons, key = kept(lesson)
    answer = accept(lessons, models, key, 0, text, None)
    assert said in answer[3] and is_left_as_it_was(answer)
    assert lesson.labelled == 0


def test_going_back_shows_what_was_typed_and_leaving_out_takes_it_away(models: ModelCatalogue) -> None:
    lesson = lesson_of([None, None], [0.1, 0.2])
    lessons, key = kept(lesson)
    accept(lessons, models, key, 0, "AA", None)
    picture, text, place, *_ = go_back(lessons, key, 1)
    assert (text, place) == ("AA", 0) and "label" in picture
    _, _, place, said, summary = leave_out(lessons, key, 0)
    assert place == 1 and "0.png is left out" in said and "0 of 2" in summary
    assert "left out" in go_to(lessons, key, "0.png")[0]


def test_names_of_files_are_taken_back() -> None:
    lesson = lesson_of(["AB", "CD"], labels_from=(FROM_NAMES,))
    lessons, key = kept(lesson)
    assert "0 of 2 pictures have labels" in take_names(lessons, key, False)[4]
    assert "2 of 2 pictures have labels" in take_names(lessons, key, True)[4]


def test_a_set_that_has_given_way_and_a_place_that_is_none_are_told(models: ModelCatalogue) -> None:
    lessons, key = kept(lesson_of([None]))
    answers = [
        accept(lessons, models, "gone", 0, "AA", None),
        accept(lessons, models, key, 7, "AA", None),
        leave_out(lessons, None, 0),
        go_back(lessons, key, -1),
        go_to(lessons, key, "no such"),
        take_names(lessons, "gone", True),
    ]
    assert all(GONE in answer[3] and is_left_as_it_was(answer) for answer in answers)
