"""A training from the pictures of a visitor to what is taken home, beside the page; one at a time."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import time
import weakref
from enum import Enum
from pathlib import Path

from captcha_core.checkpoint_meta import SUFFIX
from captcha_core.errors import CaptchaLabError
from captcha_core.onnx_backend import SUFFIX as ONNX
from captcha_core.recognizer import Recognizer
from captcha_core.ui.shelf import Shelf
from captcha_core.ui.teach_process import BoundedProcess, Commands
from captcha_core.ui.teach_progress import Point, TrainingProgress, curves
from captcha_core.ui.teach_results import Taught, compare, write_predictions
from captcha_core.ui.teach_set import FEWEST_LABELLED, Lesson

# Of these the files stay on the disk.
_MOST_KEPT = 4

logger = logging.getLogger(__name__)


class Stage(Enum):
    """Where a training stands, in the words of the page."""

    PREPARING = "Checking the pictures and measuring what the model reads now"
    LEARNING = "Learning"
    SCORING = "Measuring what the taught model reads"
    EXPORTING = "Writing the ONNX file"
    READING = "Reading the pictures with the taught model"
    DONE = "Done"
    FAILED = "Failed"


class Job:
    """One training. Its folder is removed with it, at the latest when the page ends.

    Attributes:
        model: What the page's menu calls the model that learns.
        stage: Where it stands.
        progress: Where the learning stands.
        taught: What came of it; None until it is done.
        problem: Why nothing came of it, in a sentence; empty as long as it goes well.
    """

    def __init__(self, lesson: Lesson, checkpoint: Path, commands: Commands) -> None:
        """Write the labelled pictures into a new folder; nothing runs yet."""
        self._lesson: Lesson | None = lesson
        # What broke off can go on as long as its pictures are kept anyway.
        self._kept_lesson = weakref.ref(lesson)
        self.model = checkpoint.stem
        self._checkpoint, self._commands = checkpoint, commands
        self.folder = Path(tempfile.mkdtemp(prefix="captcha-lab-teach-"))
        self._process: list[BoundedProcess] = []
        self._removed = weakref.finalize(self, _remove, self.folder, self._process)
        self.data, self.run_folder = self.folder / "pictures.parquet", self.folder / "run"
        lesson.write(self.data)
        self.stage, self.progress = Stage.PREPARING, TrainingProgress()
        self.taught: Taught | None = None
        self.problem, self._broke_off, self._cancelled = "", False, False
        # Kept from the folder of the run, which goes first.
        self._curves: dict[int, list[Point]] = {}

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.stage not in (Stage.DONE, Stage.FAILED)

    @property
    def can_go_on(self) -> bool:
        """Whether it can be continued from where it broke off."""
        return self._broke_off and self._kept_lesson() is not None

    def start(self) -> None:
        """Run, in a thread of its own, from the beginning or from where it broke off."""
        self._lesson = self._kept_lesson()
        self.stage, self.progress = Stage.PREPARING, TrainingProgress()
        self.problem, self._broke_off, self._curves = "", False, {}
        self._process[:] = [BoundedProcess(self.folder, self._commands)]
        threading.Thread(target=self._work, name="teaching", daemon=True).start()

    def cancel(self) -> None:
        """End it; nothing is kept but the labels."""
        self._cancelled = True
        for process in self._process:
            process.stop()

    def is_of(self, lesson: Lesson) -> bool:
        """Return whether it learns from these pictures."""
        return self._kept_lesson() is lesson

    def remove(self) -> None:
        """Remove its folder, with the pictures in it."""
        self._removed()

    def curves(self) -> dict[int, list[Point]]:
        """Return the checks of every training so far."""
        return self._curves or curves(self.run_folder)

    def _work(self) -> None:
        started, stage = time.monotonic(), Stage.FAILED
        try:
            self._learn()
            self.taught = self._results(started)
            stage = Stage.DONE
        except CaptchaLabError as error:
            # The visitor knows neither place.
            self.problem = str(error).replace(f"{self.folder}/", "").replace(f"{self._checkpoint.parent}/", "")
        except Exception:  # The page shows a sentence and goes on.
            logger.exception("A training on the page failed.")
            self.problem = "The training failed; the server's log says why."
        self._process[0].stop()
        if not self._broke_off:
            self._curves = {} if self._cancelled and self.taught is None else curves(self.run_folder)
            shutil.rmtree(self.run_folder, ignore_errors=True)
        # Up to 48 MB, which are only kept for who labels them.
        self._lesson = None
        # Last, since it lets another begin.
        self.stage = stage

    def _learn(self) -> None:
        """Run the training.

        Raises:
            CaptchaLabError: If nothing comes of it.
        """
        if (self.run_folder / "adapt.json").exists():
            arguments = ["--resume", str(self.run_folder)]
        else:
            shutil.rmtree(self.run_folder, ignore_errors=True)
            arguments = ["--adapt", str(self._checkpoint), "--data", str(self.data), "--output", str(self.run_folder)]
        code = self._process[0].run([*self._commands.train, *arguments], self._told)
        if code != 0:
            raise self._why(code)

    def _told(self, line: str) -> None:
        self.progress.take(line)
        share = self.progress.share
        self.stage = Stage.SCORING if share == 1 else Stage.LEARNING if self.progress.training else Stage.PREPARING

    def _why(self, code: int | None) -> CaptchaLabError:
        process = self._process[0]
        if self._cancelled:
            return CaptchaLabError("Cancelled; nothing was learned. The labels are still here.")
        if process.out_of_time:
            return CaptchaLabError(
                f"The training was ended after {self._commands.most_seconds / 60:.0f} minutes, which is the most that "
                "this page gives; use python train.py --adapt on a machine that is less busy."
            )
        if code == 2 and self.progress.error:
            return CaptchaLabError(self.progress.error)
        logger.error("A training on the page ended with code %s:\n%s", code, "\n".join(process.last_lines))
        if any("allocate memory" in line or "MemoryError" in line for line in process.last_lines):
            return CaptchaLabError(
                f"The training asked for more than {self._commands.most_memory / 2**30:.0f} GB of memory, which is the "
                "most that this page gives; send smaller pictures, or use python train.py --adapt."
            )
        self._broke_off = (self.run_folder / "adapt.json").exists()
        return CaptchaLabError("The training broke off; the server's log says why. The labels are still here.")

    def _results(self, started: float) -> Taught:
        """Make what is taken home.

        Raises:
            CaptchaLabError: If it was cancelled or is out of time.
        """
        adapted = self.folder / f"adapted{SUFFIX}"
        for suffix in (SUFFIX, ".md"):
            (self.run_folder / f"adapted{suffix}").replace(adapted.with_suffix(suffix))
        files, notes = [adapted], []
        self.stage = Stage.EXPORTING
        onnx, said = adapted.with_suffix(ONNX), TrainingProgress()
        code = self._process[0].run([*self._commands.export, str(adapted), "--output", str(onnx)], said.take)
        if code is None:
            raise self._why(code)
        if code == 0:
            files.append(onnx)
        else:
            logger.error("A taught model was not exported:\n%s", "\n".join(self._process[0].last_lines))
            notes.append("There is no ONNX file: " + (said.error or "the server's log says why."))
        self.stage = Stage.READING
        assert self._lesson is not None
        tables = [self.folder / "predictions.csv", self.folder / "predictions.parquet"]
        write_predictions(self._lesson, Recognizer(adapted), tables)
        compared = compare(self.run_folder, self._lesson)
        if self._cancelled:
            raise self._why(None)
        # Its title is the file's name.
        card = adapted.with_suffix(".md").read_text(encoding="utf8").partition("\n")[2]
        named = {path.name: path for path in (*files, *tables, self.data)}
        return Taught(card, compared, named, notes, time.monotonic() - started)


class Classroom:
    """The trainings of a page: one at a time, by keys that only those know who began them.

    Args:
        commands: What is run.
    """

    def __init__(self, commands: Commands | None = None) -> None:
        """Begin with none."""
        self._commands = commands or Commands()
        self._jobs: Shelf[Job] = Shelf(_MOST_KEPT)
        self._current: Job | None = None
        self._lock = threading.Lock()

    def begin(self, lesson: Lesson, checkpoint: Path) -> str:
        """Begin a training and return its key.

        Args:
            lesson: What is learned from.
            checkpoint: The model that learns.

        Raises:
            CaptchaLabError: If another goes on, there are too few labels, or the model is no checkpoint.
        """
        if checkpoint.suffix != SUFFIX:
            raise CaptchaLabError(f"{checkpoint.stem} is an exported model, which cannot learn; choose another.")
        if lesson.labelled < FEWEST_LABELLED:
            raise CaptchaLabError(_too_few(lesson.labelled, len(lesson.cards)))
        with self._lock:
            self._check_free()
            self._current = Job(lesson, checkpoint, self._commands)
            self._current.start()
            return self._jobs.put(self._current)

    def go_on(self, key: str | None) -> None:
        """Continue a training that broke off.

        Raises:
            CaptchaLabError: If another goes on, or it cannot be continued.
        """
        job = self._jobs.get(key)
        if job is None or not job.can_go_on:
            raise CaptchaLabError("This training cannot be continued; begin it again.")
        with self._lock:
            self._check_free()
            self._current = job
            job.start()

    def job(self, key: str | None) -> Job | None:
        """Return a training by its key; None where there is none, or others have taken its place."""
        return self._jobs.get(key)

    def learns_from(self, lesson: Lesson | None) -> bool:
        """Return whether a training of these pictures goes on."""
        job = self._current
        return job is not None and lesson is not None and job.running and job.is_of(lesson)

    def forget(self, key: str | None) -> bool:
        """Let a training go, with its folder and what came of it; return whether it is gone: one that runs is not."""
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and job.running:
                return False
            self._jobs.drop(key)
            if job is not None:
                job.remove()
                self._current = None if job is self._current else self._current
            return True

    def _check_free(self) -> None:
        if self._current is None or not self._current.running:
            return
        left = self._current.progress.seconds_left
        when = "in a few minutes" if left is None else f"in {minutes(left)}"
        raise CaptchaLabError(f"Another training goes on, and one is done at a time; try again {when}.")


def _too_few(labelled: int, total: int) -> str:
    needed = f"at least {FEWEST_LABELLED} labelled ones are needed"
    if labelled == total:
        there = "is only 1 picture" if total == 1 else f"are only {total} pictures"
        return f"There {there}; {needed}. Send more."
    have = f"Only {labelled} of the {total:,} pictures {'has a label' if labelled == 1 else 'have labels'}"
    return f"{have if labelled else 'No picture has a label yet'}; {needed}. Label more of them, or send more."


def minutes(seconds: float) -> str:
    """Return a time in words, no more precise than it is known."""
    if seconds < 50:
        return "less than a minute"
    return "a minute" if seconds < 90 else f"{seconds / 60:.0f} minutes"


def _remove(folder: Path, processes: list[BoundedProcess]) -> None:
    for process in processes:
        process.stop()
    shutil.rmtree(folder, ignore_errors=True)
