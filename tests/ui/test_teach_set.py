"""The pictures that a visitor teaches with, and their labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from captcha_core.batch import Reading, read_items
from captcha_core.corrections import CorrectionError
from captcha_core.data.parquet import iter_parquet
from captcha_core.errors import DataError
from captcha_core.ui.teach_set import Kept, Lesson
from captcha_core.uploads import FROM_NAMES, FROM_TABLE, Item, PictureSet, Upload, gather
from tests.helpers import png_bytes
from tests.ui.helpers import GreyReader, grey_picture, lesson_of

PICTURE = png_bytes(grey_picture("ABCD"))


def kept_lesson(items: list[Item], labels_from: tuple[str, ...] = (), most_bytes: int = 10**6) -> Lesson:
    kept = Kept(PictureSet(len(items), ("a note",), labels_from, lambda: iter(items)), most_bytes)
    readings: list[Reading] = list(read_items(GreyReader(), kept.found.items()))  # type: ignore[arg-type]
    return kept.lesson(readings, kept.found.notes)


def shown_in_order(lesson: Lesson) -> list[int]:
    order = [lesson.first()]
    for _ in lesson.cards[1:]:
        lesson.write_label(order[-1], "A") if lesson.label(order[-1]) is None else None
        order.append(lesson.open_after(order[-1]))
    return order


def test_the_doubtful_come_first_and_what_has_a_label_last() -> None:
    lesson = lesson_of([None, "AB", None, None, "CD"], [0.9, 0.1, 0.2, 0.5, 0.1])
    assert shown_in_order(lesson) == [2, 3, 0, 1, 4]
    assert not lesson.is_waiting and lesson.labelled == 5
    assert lesson.open_after(4) == 2, "after the last comes the first"
    assert lesson.before(3) == 2 and lesson.before(2) == 4


def test_where_all_have_labels_the_doubtful_come_first_too() -> None:
    lesson = lesson_of(["AB", "CD", "BB"], [0.9, 0.1, 0.5])
    assert lesson.first() == 1 and [lesson.open_after(place) for place in (1, 2, 0)] == [2, 0, 1]
    assert lesson.model == "grey"


def test_what_is_passed_over_is_shown_before_what_has_a_label() -> None:
    lesson = lesson_of([None, None, "AB"], [0.1, 0.2, 0.3])
    lesson.write_label(1, "CC")
    assert lesson.open_after(1) == 0 and lesson.is_waiting
    lesson.leave_out(0)
    assert lesson.is_left_out(0) and lesson.label(0) is None and not lesson.is_waiting
    lesson.write_label(0, "AA")
    assert not lesson.is_left_out(0) and lesson.label(0) == "AA"


def test_a_typed_label_takes_the_place_of_a_given_one_and_bad_ones_are_refused() -> None:
    lesson = lesson_of(["AB", "CD"])
    lesson.write_label(0, " BA ")
    assert lesson.label(0) == "BA"
    for text in ("", "A B", "A" * 40):
        with pytest.raises(CorrectionError):
            lesson.write_label(1, text)
    assert lesson.label(1) == "CD"


def test_names_can_be_taken_back_and_what_was_typed_stays() -> None:
    lesson = lesson_of(["AB", "CD", None], [0.9, 0.5, 0.7], labels_from=(FROM_NAMES,))
    lesson.write_label(2, "DD")
    assert lesson.named and lesson.labelled == 3
    lesson.use_names(False)
    assert [lesson.label(place) for place in range(3)] == [None, None, "DD"]
    assert lesson.first() == 1, "now the least sure of all"
    lesson.use_names(True)
    assert lesson.labelled == 3


def test_labels_that_are_no_names_stay_when_names_are_taken_back() -> None:
    items = [Item("AB.png", PICTURE, "AB", FROM_NAMES), Item("scan.png", PICTURE, "CD", FROM_TABLE)]
    lesson = kept_lesson(items, (FROM_NAMES, FROM_TABLE))
    assert lesson.labels_from == [FROM_NAMES, FROM_TABLE]
    lesson.use_names(False)
    assert [lesson.label(place) for place in range(2)] == [None, "CD"]
    assert lesson.labels_from == [FROM_TABLE] and lesson.named and lesson.first() == 0


def test_names_that_look_like_numbered_ones_are_told_apart_too() -> None:
    for names in (["a.png", "a.png", "a.png (2)"], ["a.png (2)", "a.png", "a.png", "a.png"]):
        told = [card.name for card in kept_lesson([Item(name, PICTURE) for name in names]).cards]
        assert len(set(told)) == len(names)


def test_what_cannot_be_read_is_a_note_and_names_are_told_apart() -> None:
    bad = Item("x.png", b"no picture", "AB")
    lesson = kept_lesson([Item("a.png", PICTURE, "AB"), bad, Item("a.png", PICTURE, None)], (FROM_TABLE,))
    assert [card.name for card in lesson.cards] == ["a.png", "a.png (2)"]
    assert [card.given for card in lesson.cards] == ["AB", None]
    assert lesson.notes[0] == "a note"
    assert lesson.notes[1].startswith("Left out: x.png is not a readable image")
    assert lesson.cards[0].reading.text == "ABCD" and not lesson.named
    assert lesson.named_place("a.png (2)") == 1 and lesson.named_place("b") is None
    with pytest.raises(DataError, match="None of the pictures can be read"):
        kept_lesson([bad])


def test_more_bytes_than_may_stay_in_memory_are_refused() -> None:
    items = [Item("a.png", PICTURE), Item("b.png", PICTURE)]
    assert len(kept_lesson(items, most_bytes=2 * len(PICTURE)).cards) == 2
    with pytest.raises(DataError, match="MB together; send fewer"):
        kept_lesson(items, most_bytes=2 * len(PICTURE) - 1)


def test_labelled_pictures_are_written_as_they_were_sent(tmp_path: Path) -> None:
    (tmp_path / "upload").write_bytes(PICTURE)
    names = ("ABCD.png", "DDDD.png")
    kept = Kept(gather([Upload(tmp_path / "upload", name) for name in names], 10))
    lesson = kept.lesson(list(read_items(GreyReader(), kept.found.items())), ())  # type: ignore[arg-type]
    lesson.leave_out(0)
    assert lesson.write(tmp_path / "set.parquet") == 1
    [sample] = iter_parquet(tmp_path / "set.parquet")
    assert (sample.image, sample.label, sample.path) == (PICTURE, "DDDD", "DDDD.png")
