"""The Teach tab without a server: from an upload to a training that is watched."""

from __future__ import annotations

import gc
import time
import weakref
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
import pytest

from captcha_core.errors import DataError
from captcha_core.ui.batch_reading import Run
from captcha_core.ui.teach_job import Classroom, Stage
from captcha_core.ui.teach_labels import Lessons, take_names
from captcha_core.ui.teach_layout import DOWNLOADS, build_parts
from captcha_core.ui.teach_results import Taught
from captcha_core.ui.teach_tab import _connect_training, bring, cancel, forget, go_on, opened, rejoin, teach, watch
from captcha_core.uploads import Upload
from tests.helpers import png_bytes, save_tiny_checkpoint
from tests.ui.helpers import context_of, grey_picture, in_loop, lesson_of
from tests.ui.test_teach_job import commands, wait

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer


@pytest.fixture(scope="module")
def parts() -> Any:
    return in_loop(lambda: built()[1])


def built() -> tuple[gr.Blocks, Any]:
    with gr.Blocks() as page:
        return page, build_parts("limits")


def connected(page: gr.Blocks, *connecting: Any) -> None:
    with page:
        _connect_training(*connecting)


@pytest.fixture
def context(reader: Recognizer, tmp_path: Path) -> Any:
    context: Any = context_of(reader)
    context.catalogue._checkpoints = {"grey": save_tiny_checkpoint(tmp_path / "grey.safetensors")}
    return context


@pytest.fixture
def room() -> Iterator[Classroom]:
    room = Classroom(commands("wait"))
    yield room
    if room._current is not None:
        room._current.cancel()
        ended(room)


def ended(room: Classroom) -> None:
    assert room._current is not None
    wait(room._current)


def brought(context: Any, parts: Any, files: Any) -> tuple[Lessons, dict[Any, Any]]:
    lessons = Lessons()
    *_, last = bring(context, lessons, parts, Run(files), None)
    return lessons, last


def test_a_zip_becomes_a_set_that_is_shown_with_the_doubtful_first(context: Any, parts: Any, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set", "w") as archive:
        for text in ("ABCD", "DDAA", "CCCC"):
            archive.writestr(f"in/{text}.png", png_bytes(grey_picture(text)))
        archive.writestr("in/labels.csv", "file,label\nABCD.png,ABCA\n")
        archive.writestr("in/bad.png", b"no picture")
    lessons, last = brought(context, parts, [Upload(tmp_path / "set", "set.zip")])
    assert last[parts.status] == ""
    _, text, place, _, summary, column, start, names, box, goto = opened(lessons, last[parts.lesson_key])
    assert (text, place) == ("CCCC", 1)
    assert "1 of 3 pictures have labels" in summary and "Left out: in/bad.png is not a readable image" in summary
    assert (column.visible, start.visible, names.visible, box.open) == (True, True, False, True)
    assert [name for name, _ in goto.choices] == ["in/ABCD.png", "in/CCCC.png", "in/DDAA.png"]


def test_names_are_labels_that_can_be_taken_back(context: Any, parts: Any, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(png_bytes(grey_picture("ABCD")))
    lessons, last = brought(context, parts, [Upload(tmp_path / "x", "ABCD.png")])
    *_, names, box, _ = opened(lessons, last[parts.lesson_key])
    assert names.visible and names.value and not box.open
    take_names(lessons, last[parts.lesson_key], False)
    *_, names, box, _ = opened(lessons, last[parts.lesson_key])
    assert names.visible and not names.value, "as it stood when the page was left"
    assert box.open


@pytest.mark.parametrize("name", ["bomb.zip", "x.7z"])
def test_what_cannot_be_opened_is_a_sentence(context: Any, parts: Any, tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "x", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("again.zip", bytes(10))
    _, last = brought(context, parts, [Upload(tmp_path / "x", name)])
    assert 'role="alert"' in last[parts.status] and name in last[parts.status]
    assert parts.lesson_key not in last
    _, last = brought(context, parts, DataError("These are 3,000 files."))
    assert "3,000 files" in last[parts.status]


def test_nothing_is_shown_of_a_set_that_is_gone() -> None:
    *_, column, start, _, _, _ = opened(Lessons(), "gone")
    assert not column.visible and not start.visible


def test_a_training_is_begun_watched_and_cancelled(context: Any, parts: Any, room: Classroom) -> None:
    lessons = Lessons()
    key = lessons.put(lesson_of(["ADBC"] * 10))
    begun = teach(context, lessons, room, parts, key, None)
    job_key = begun[parts.job_key]
    assert begun[parts.clock].active and begun[parts.cancel].visible and not begun[parts.start].interactive
    again = teach(context, lessons, room, parts, key, None)
    assert "one is done at a time" in again[parts.panel] and parts.job_key not in again
    assert "<progress" in watch(room, parts, job_key)[parts.panel]
    assert rejoin(room, job_key).active and not rejoin(room, "").active
    assert not cancel(room, job_key).interactive
    ended(room)
    seen = watch(room, parts, job_key)
    assert "Cancelled" in seen[parts.panel] and not seen[parts.clock].active and seen[parts.start].interactive
    assert not seen[parts.go_on].visible and parts.card not in seen
    assert "cannot be continued" in go_on(room, parts, job_key)[parts.panel]


def test_what_was_taught_is_shown_with_its_files(context: Any, room: Classroom, tmp_path: Path) -> None:
    page, parts = in_loop(built)
    lessons = Lessons()
    key = teach(context, lessons, room, parts, lessons.put(lesson_of(["ADBC"] * 10)), None)[parts.job_key]
    job = room.job(key)
    assert job is not None
    job.cancel()
    ended(room)
    job.taught = Taught("# card", [], {"adapted.safetensors": tmp_path / "adapted.safetensors"}, [], 3.0)
    job.stage = Stage.DONE
    seen = watch(room, parts, key)
    assert seen[parts.results].visible and seen[parts.card] == "# card"
    assert [seen[parts.downloads[name]].visible for name in DOWNLOADS] == [True, False, False, False, False]
    # Gradio refuses an answer with a component that its event has not named.
    in_loop(partial(connected, page, context, lessons, room, parts))
    [look] = [event for event in page.fns.values() if getattr(event.fn, "func", None) is watch]
    assert seen.keys() <= set(look.outputs)


def test_pictures_are_forgotten_but_not_while_they_are_learned_from(context: Any, room: Classroom) -> None:
    page, parts = in_loop(built)
    lessons = Lessons()
    pictures = weakref.ref(lesson := lesson_of(["ADBC"] * 10))
    key = lessons.put(lesson)
    del lesson
    job_key = teach(context, lessons, room, parts, key, None)[parts.job_key]
    assert "Teaching grey." in watch(room, parts, job_key)[parts.panel], "whatever the menu then shows"
    refused = forget(lessons, room, parts, key, "")
    assert "cancel the training first" in refused[parts.status] and list(refused) == [parts.status]
    cancel(room, job_key)
    ended(room)
    cleared = forget(lessons, room, parts, key, job_key)
    assert (cleared[parts.lesson_key], cleared[parts.job_key], cleared[parts.files]) == ("", "", None)
    assert (
        "are forgotten" in cleared[parts.status] and cleared[parts.panel] == "" and not cleared[parts.results].visible
    )
    assert lessons.get(key) is None and room.job(job_key) is None
    until = time.monotonic() + 10
    while pictures() is not None and time.monotonic() < until:
        gc.collect()  # The thread that worked may let it go a moment later.
    assert pictures() is None
    in_loop(partial(connected, page, context, lessons, room, parts))
    [event] = [event for event in page.fns.values() if getattr(event.fn, "func", None) is forget]
    assert cleared.keys() <= set(event.outputs)


def test_another_set_is_forgotten_while_a_training_goes_on(context: Any, parts: Any, room: Classroom) -> None:
    lessons = Lessons()
    job_key = teach(context, lessons, room, parts, lessons.put(lesson_of(["ADBC"] * 10)), None)[parts.job_key]
    key = lessons.put(lesson_of([None]))
    cleared = forget(lessons, room, parts, key, job_key)
    assert lessons.get(key) is None and room.job(job_key) is not None
    assert parts.job_key not in cleared and parts.panel not in cleared, "the training stays in sight"


def test_what_cannot_be_taught_is_a_sentence(context: Any, parts: Any, room: Classroom) -> None:
    lessons = Lessons()
    assert "send them again" in teach(context, lessons, room, parts, "gone", None)[parts.panel]
    unlabelled = lessons.put(lesson_of([None]))
    assert "No picture has a label yet" in teach(context, lessons, room, parts, unlabelled, None)[parts.panel]
    assert "There is no model" in teach(context, lessons, room, parts, unlabelled, "<b>")[parts.panel]
    assert not watch(room, parts, "gone")[parts.clock].active
