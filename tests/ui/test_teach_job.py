"""Trainings of a page: from labelled pictures to what is taken home, with what stands for train.py and once with it."""

from __future__ import annotations

import csv
import gc
import sys
import time
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from captcha_core.adaptation.examples import FEWEST
from captcha_core.checkpoint import read_meta
from captcha_core.constraint import Constraint
from captcha_core.errors import CaptchaLabError
from captcha_core.recognizer import Recognizer
from captcha_core.ui.teach_job import Classroom, Job, Stage
from captcha_core.ui.teach_process import Commands
from captcha_core.ui.teach_set import FEWEST_LABELLED, Card, Lesson
from tests.adaptation.conftest import LABELS
from tests.helpers import draw_picture, png_bytes, save_tiny_checkpoint, tiny_net

FAKE = Path(__file__).with_name("fake_train.py")
# Stands for export.py: it is told FILE --output FILE.
EXPORTS = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[3])"
REFUSES = "import sys; print('error: There is no onnx.'); sys.exit(2)"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_checkpoint(tmp_path_factory.mktemp("model") / "tiny.safetensors", **tiny_net())


@pytest.fixture(scope="module")
def model(checkpoint: Path) -> Recognizer:
    return Recognizer(checkpoint)


@pytest.fixture(scope="module")
def lesson(model: Recognizer) -> Lesson:
    """Return twelve pictures, the last of them without a label."""
    cards = []
    for number, label in enumerate(LABELS):
        picture = draw_picture(label, number)
        given = label if number < len(LABELS) - 1 else None
        cards.append(Card(f"{number}.png", png_bytes(picture), model.read(picture), given))
    return Lesson(cards)


@pytest.fixture
def rooms() -> Iterator[list[Classroom]]:
    """Return a place for what must have ended when the test has."""
    kept: list[Classroom] = []
    yield kept
    for room in kept:
        if room._current is not None:
            room._current.cancel()
            wait(room._current)


def commands(mode: str, export: str = EXPORTS) -> Commands:
    return Commands((sys.executable, str(FAKE), mode), (sys.executable, "-c", export))


def begun(rooms: list[Classroom], lesson: Lesson, checkpoint: Path, what: Commands) -> tuple[Classroom, str, Job]:
    room = Classroom(what)
    rooms.append(room)
    key = room.begin(lesson, checkpoint)
    job = room.job(key)
    assert job is not None
    return room, key, job


def wait(job: Job, until: Stage | None = None) -> None:
    end = time.monotonic() + 120
    while job.running and job.stage is not until:
        assert time.monotonic() < end, job.stage
        time.sleep(0.01)


def test_what_is_taken_home(rooms: list[Classroom], lesson: Lesson, checkpoint: Path) -> None:
    _, _, job = begun(rooms, lesson, checkpoint, commands("learn"))
    wait(job)
    assert job.problem == "" and job.stage is Stage.DONE
    taught = job.taught
    assert taught is not None and "| pictures | 9 |" in taught.card and not taught.notes
    names = ["adapted.safetensors", "adapted.onnx", "predictions.csv", "predictions.parquet", "pictures.parquet"]
    assert list(taught.files) == names and all(path.is_file() for path in taught.files.values())
    with taught.files["predictions.csv"].open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["file"] for row in rows] == [card.name for card in lesson.cards], "those without a label too"
    assert rows[0]["prediction"].lstrip("'") == lesson.cards[0].reading.text
    assert {c.name: c.label for c in taught.compared} == {card.name: card.given for card in lesson.cards[:-1]}
    assert all(c.before == ("=x", 0.25) and c.after == (c.label, 0.75) and c.thumbnail for c in taught.compared)
    assert {number: points[-1].exact_match for number, points in job.curves().items()} == {1: 0.1, 2: 0.2, 3: 0.3}
    assert not job.run_folder.exists(), "what only the training needs is gone"


def test_a_job_takes_its_folder_with_it(rooms: list[Classroom], lesson: Lesson, checkpoint: Path) -> None:
    room, _, job = begun(rooms, lesson, checkpoint, commands("learn"))
    wait(job)
    folder = job.folder
    assert folder.is_dir()
    rooms.clear()
    del room, job
    until = time.monotonic() + 10
    while folder.exists() and time.monotonic() < until:
        gc.collect()  # The thread that worked may let it go a moment later.
    assert not folder.exists()


@pytest.mark.parametrize("mode", ["learn", "refuse", "break"])
def test_a_training_that_has_ended_keeps_no_pictures(
    rooms: list[Classroom], lesson: Lesson, checkpoint: Path, mode: str
) -> None:
    own = Lesson(lesson.cards)
    pictures = weakref.ref(own)
    room, key, job = begun(rooms, own, checkpoint, commands(mode))
    wait(job)
    assert job.can_go_on == (mode == "break"), "its pictures are still kept elsewhere"
    del own
    until = time.monotonic() + 10
    while pictures() is not None and time.monotonic() < until:
        gc.collect()  # The thread that worked may let it go a moment later.
    assert pictures() is None and not job.can_go_on
    with pytest.raises(CaptchaLabError, match="cannot be continued"):
        room.go_on(key)


def test_without_onnx_there_is_all_else(rooms: list[Classroom], lesson: Lesson, checkpoint: Path) -> None:
    _, _, job = begun(rooms, lesson, checkpoint, commands("learn", REFUSES))
    wait(job)
    assert job.taught is not None and "adapted.onnx" not in job.taught.files
    assert job.taught.notes == ["There is no ONNX file: There is no onnx."]


def test_a_refusal_is_the_sentence_of_the_library_without_a_path(
    rooms: list[Classroom], lesson: Lesson, checkpoint: Path
) -> None:
    room, _, job = begun(rooms, lesson, checkpoint, commands("refuse"))
    wait(job)
    assert job.problem == "The pictures cannot be learned from: 1 labels ... in pictures.parquet."
    assert job.stage is Stage.FAILED and not job.can_go_on and job.taught is None
    room.begin(lesson, checkpoint)  # The next may begin.


def test_one_at_a_time(rooms: list[Classroom], lesson: Lesson, checkpoint: Path) -> None:
    room, key, job = begun(rooms, lesson, checkpoint, commands("wait"))
    with pytest.raises(CaptchaLabError, match="one is done at a time; try again in"):
        room.begin(lesson, checkpoint)
    assert room.job("another key") is None and room.job(key) is job


def test_it_is_cancelled_at_once(rooms: list[Classroom], lesson: Lesson, checkpoint: Path) -> None:
    _, _, job = begun(rooms, lesson, checkpoint, commands("wait"))
    wait(job, Stage.LEARNING)
    until = time.monotonic() + 10
    while not job.curves():
        assert time.monotonic() < until
        time.sleep(0.01)
    job.cancel()
    wait(job)
    assert job.problem.startswith("Cancelled; nothing was learned.") and not job.can_go_on
    assert not job.run_folder.exists() and lesson.labelled == len(LABELS) - 1
    assert job.curves() == {}, "of what was learned from nothing"


def test_a_training_that_is_killed_can_be_continued(rooms: list[Classroom], lesson: Lesson, checkpoint: Path) -> None:
    room, key, job = begun(rooms, lesson, checkpoint, commands("break"))
    wait(job)
    assert job.problem.startswith("The training broke off") and job.can_go_on
    assert sorted(job.curves()) == [1, 2]
    room.go_on(key)
    wait(job)
    assert job.stage is Stage.DONE and job.taught is not None
    with pytest.raises(CaptchaLabError, match="cannot be continued"):
        room.go_on(key)


def test_too_much_time_and_memory_are_told(rooms: list[Classroom], lesson: Lesson, checkpoint: Path) -> None:
    _, _, job = begun(rooms, lesson, checkpoint, replace(commands("wait"), most_seconds=1.0))
    wait(job)
    assert "ended after 0 minutes" in job.problem and not job.can_go_on
    if sys.platform == "linux":
        _, _, job = begun(rooms, lesson, checkpoint, replace(commands("grow"), most_memory=1 << 30))
        wait(job)
        assert "more than 1 GB of memory" in job.problem and not job.can_go_on


def test_what_cannot_learn_is_refused(lesson: Lesson, checkpoint: Path) -> None:
    with pytest.raises(CaptchaLabError, match="net is an exported model"):
        Classroom().begin(lesson, Path("/x/net.onnx"))


@pytest.mark.parametrize(
    ("labelled", "said"),
    [
        (0, "No picture has a label yet; at least 10"),
        (1, "Only 1 of the 12 pictures has a label;"),
        (9, "Only 9 of the 12 pictures have labels; at least 10 labelled ones are needed. Label more of them"),
    ],
)
def test_too_few_labels_are_told_before_a_training(lesson: Lesson, checkpoint: Path, labelled: int, said: str) -> None:
    assert FEWEST_LABELLED == FEWEST
    cards = [replace(card, given=card.given if place < labelled else None) for place, card in enumerate(lesson.cards)]
    with pytest.raises(CaptchaLabError, match=said):
        Classroom().begin(Lesson(cards), checkpoint)
    if labelled > 1:
        with pytest.raises(
            CaptchaLabError, match="There are only 9 pictures; at least 10 labelled ones are needed. Send"
        ):
            Classroom().begin(Lesson(cards[:labelled]), checkpoint)


def test_what_is_being_learned_from_is_not_forgotten_and_what_was_learned_can_be(
    rooms: list[Classroom], lesson: Lesson, checkpoint: Path
) -> None:
    room, key, job = begun(rooms, lesson, checkpoint, commands("wait"))
    assert room.learns_from(lesson) and not room.learns_from(Lesson(lesson.cards)) and not room.learns_from(None)
    assert not room.forget(key) and job.folder.is_dir()
    job.cancel()
    wait(job)
    assert not room.learns_from(lesson)
    assert room.forget(key) and room.forget("no such") and room.job(key) is None
    assert not job.folder.exists(), "the pictures in it are gone with it"


def test_a_real_adaptation(rooms: list[Classroom], lesson: Lesson, checkpoint: Path) -> None:
    before = checkpoint.read_bytes()
    _, _, job = begun(rooms, lesson, checkpoint, commands("real"))
    wait(job)
    assert job.stage is Stage.DONE and job.taught is not None, job.problem
    assert "11 labelled pictures (pictures.parquet" in job.taught.card
    meta = read_meta(job.taught.files["adapted.safetensors"])
    assert meta.constraint() == Constraint("12ab", 2, 5)
    assert len(job.taught.compared) == 11, "each was held out once"
    assert sorted(job.curves()) == [1, 2, 3] and job.progress.share == 1
    assert checkpoint.read_bytes() == before


def test_a_real_refusal(rooms: list[Classroom], lesson: Lesson, checkpoint: Path) -> None:
    few = Lesson([replace(lesson.cards[place % 5], given="11") for place in range(10)])
    _, _, job = begun(rooms, few, checkpoint, commands("real"))
    wait(job)
    assert "only 5 labelled pictures" in job.problem and "all pictures have the label '11'" in job.problem
