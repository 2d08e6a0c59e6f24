"""What the Teach tab shows, from plain values."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from xml.etree import ElementTree

import pytest

from captcha_core.ui.teach_curve import curves_svg
from captcha_core.ui.teach_job import Job, Stage, minutes
from captcha_core.ui.teach_progress import Point, TrainingProgress
from captcha_core.ui.teach_results import Compared, Read, Taught
from captcha_core.ui.teach_view import card_html, compared_html, job_html, lesson_html
from tests.ui.helpers import lesson_of

EVIL = "<img src=x onerror=alert(1)>"


def job_of(stage: Stage, problem: str = "", taught: Taught | None = None, **progress: Any) -> Job:
    values = {"training": 2, "trainings": 3, "share": 0.5, "seconds_left": None} | progress
    found = {
        "model": "grey",
        "stage": stage,
        "problem": problem,
        "taught": taught,
        "progress": SimpleNamespace(**values),
    }
    return cast(Job, SimpleNamespace(**found, curves=lambda: {}))


def read(text: str) -> Read:
    return Read(text, 0.9)


def test_a_set_says_how_many_labels_there_are_and_what_is_read_already() -> None:
    lesson = lesson_of(["adbc", "AAAA", None], labels_from=("labels.csv",))
    lesson.write_label(2, "CC")
    said = lesson_html(lesson)
    assert "3 of 3 pictures have labels</strong>: 2 from labels.csv, 1 typed." in said
    assert "</strong>: 2 from labels.csv, 1 typed. grey reads 1 of these now (33%), case ignored" in said
    lesson.notes = (EVIL, *(f"note {number}" for number in range(20)))
    assert EVIL not in lesson_html(lesson) and "13 more" in lesson_html(lesson)


def test_a_picture_is_shown_with_its_reading_and_its_label() -> None:
    lesson = lesson_of([EVIL, None], [0.3, 0.4])
    first, second = card_html(lesson, 0), card_html(lesson, 1)
    assert EVIL not in first and "&lt;img" in first and "30.0%" in first
    assert "no label yet" in second and 'src="data:image/png' in second
    lesson.leave_out(1)
    assert "left out" in card_html(lesson, 1)


def test_progress_names_the_training_the_share_and_the_time_left() -> None:
    assert "Teaching grey. Learning: training 2 of 3, 50%, the time left is not known yet" in job_html(
        job_of(Stage.LEARNING)
    )
    assert "50%, 4 minutes left" in job_html(job_of(Stage.LEARNING, seconds_left=240.0))
    preparing = job_html(job_of(Stage.PREPARING, share=0.0))
    assert Stage.PREPARING.value in preparing and "value=" not in preparing


def test_a_problem_is_an_escaped_alert() -> None:
    said = job_html(job_of(Stage.FAILED, f"{EVIL} cannot be used."))
    assert 'role="alert"' in said and EVIL not in said


def test_before_and_after_are_marked_right_and_wrong() -> None:
    compared = [Compared("a.png", b"", EVIL, read("abcd"), read(EVIL.upper()))]
    taught = Taught("", compared, {"x": Path("/x")}, [EVIL], 100.0)
    said = job_html(job_of(Stage.DONE, taught=taught)) + compared_html(compared)
    assert EVIL not in said and "/x" not in said and "Taught in 2 minutes</strong>, beginning with grey, which" in said
    assert said.index("✗ wrong") < said.index("✓ right")


@pytest.mark.parametrize(("seconds", "words"), [(3, "less than a minute"), (70, "a minute"), (100, "2 minutes")])
def test_times_are_in_words(seconds: float, words: str) -> None:
    assert minutes(seconds) == words


def test_curves_have_a_line_per_training_within_the_picture() -> None:
    points = [Point(32, 0.0, 3.0), Point(128, 1.0, 0.5)]
    drawn = curves_svg({1: points, 2: points[:1], 3: []})
    plots = [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", drawn)]
    assert len(plots) == 2
    for plot in plots:
        _, _, width, height = map(float, plot.attrib["viewBox"].split())
        lines = plot.findall("g")
        assert [line.attrib["class"] for line in lines] == ["cl-line cl-line-1", "cl-line cl-line-2"]
        for circle in plot.iter("circle"):
            assert 0 < float(circle.attrib["cx"]) < width and 0 < float(circle.attrib["cy"]) < height
    exact = [float(circle.attrib["cy"]) for circle in plots[0].findall("g")[0].iter("circle")]
    assert exact[1] < exact[0], "more is higher"
    assert "training 1: 100%; training 2: 0%" in drawn


def test_the_numbers_of_lines_that_end_together_stand_apart() -> None:
    drawn = curves_svg({number: [Point(32, 0.5 + number / 100, 1.0)] for number in (1, 2, 3)})
    for svg in re.findall(r"<svg.*?</svg>", drawn):
        heights = sorted(float(y) for y in re.findall(r'<text x="[\d.]+" y="([\d.]+)">[1-3]</text>', svg))
        assert len(heights) == 3 and min(b - a for a, b in zip(heights, heights[1:], strict=False)) >= 10.9


def test_without_a_check_there_are_no_curves() -> None:
    assert curves_svg({}) == curves_svg({1: []}) == ""
    assert TrainingProgress().share == 0.0
