"""Rows that would spoil a data set are kept back and counted."""

from __future__ import annotations

from collections.abc import Iterable

from captcha_core.data import check
from captcha_core.data.check import Checker, Problems
from captcha_core.data.digests import digested
from captcha_core.data.schema import Sample
from captcha_core.data.split import pixel_digest
from captcha_core.errors import CaptchaLabError, DataError
from tests.data.samples import encoded, picture, sample


def checked(checker: Checker, rows: Iterable[Sample | CaptchaLabError]) -> list[tuple[Sample, bytes]]:
    return list(checker.checked(map(digested, rows)))


def test_good_rows_pass_with_the_digest_of_their_pixels() -> None:
    samples = [sample(seed) for seed in range(3)]
    checker = Checker()
    assert checked(checker, samples) == [(s, pixel_digest(picture(i))) for i, s in enumerate(samples)]
    assert (checker.duplicates.count, checker.conflicts.count, checker.unreadable.count) == (0, 0, 0)


def test_the_same_pixels_and_label_pass_once_however_compressed() -> None:
    again = Sample(encoded(picture(1), "BMP"), "a", "again.bmp", "other")
    checker = Checker()
    assert [s.path for s, _ in checked(checker, [sample(1, "a"), again, sample(1, "a"), sample(2, "a")])] == [
        "1.png",
        "2.png",
    ]
    assert (checker.duplicates.count, checker.conflicts.count) == (2, 0)


def test_the_same_pixels_with_another_label_are_a_conflict_and_the_first_is_kept() -> None:
    checker = Checker()
    kept = [s.label for s, _ in checked(checker, [sample(1, "ab"), sample(1, "aB"), sample(1, "ab")])]
    assert kept == ["ab"]
    assert (checker.duplicates.count, checker.conflicts.count) == (1, 1)
    assert checker.conflicts.examples == ["1.png is labelled 'aB', the same picture before it 'ab'"]


def test_unreadable_rows_are_counted_in_words() -> None:
    rows: list[Sample | CaptchaLabError] = [
        DataError("line 3 has no label."),
        sample(1)._replace(image=b""),
        sample(2)._replace(image=b"text"),
        sample(3),
    ]
    checker = Checker()
    assert [s.label for s, _ in checked(checker, rows)] == ["0003"]
    assert checker.unreadable.count == 3
    assert checker.unreadable.examples[0] == "line 3 has no label."
    assert checker.unreadable.examples[1].startswith("1.png is empty")
    assert checker.unreadable.examples[2].startswith("2.png is not a readable image")


def test_only_the_first_problems_are_listed() -> None:
    problems = Problems()
    assert list(problems.lines("bad rows")) == []
    for number in range(check.LISTED + 1300):
        problems.add(f"row {number}")
    lines = list(problems.lines("bad rows"))
    assert lines[0] == "1,320 bad rows:"
    assert lines[1:-1] == [f"  row {number}" for number in range(check.LISTED)]
    assert lines[-1] == "  ... and 1,300 more"
    one = Problems()
    one.add("row 0")
    assert list(one.lines("bad rows")) == ["1 bad rows:", "  row 0"]
