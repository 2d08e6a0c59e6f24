"""How far a training is, by what it writes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from tqdm import tqdm

from captcha_core.training.history import COLUMNS
from captcha_core.ui.teach_progress import Point, TrainingProgress, curves


def bar(phase: str, done: int, total: int) -> list[str]:
    """Return what train.py's bar writes of a phase."""
    written = io.StringIO()
    with tqdm(total=total, unit="picture", desc=phase, file=written, mininterval=0, smoothing=0.05) as shown:
        shown.update(done)
        shown.set_postfix(loss="1.2", exact="3.0%")
    return written.getvalue().replace("\n", "\r").split("\r")


def taken(*lines: str) -> TrainingProgress:
    progress = TrainingProgress()
    for line in lines:
        progress.take(line)
    return progress


def test_the_share_is_of_all_trainings_and_phases() -> None:
    progress = taken("Pictures: 60 to learn from", "Round 1, training 1 of 3", *bar("frozen", 32, 32))
    assert (progress.training, progress.trainings, progress.share) == (1, 3, 0.0), "how long it is, is not known yet"
    for line in bar("full", 48, 96):
        progress.take(line)
    assert progress.share == pytest.approx((32 + 48) / 128 / 3)
    for line in ("Round 1, training 3 of 3", *bar("frozen", 16, 32)):
        progress.take(line)
    assert progress.share == pytest.approx((2 * 128 + 16) / 128 / 3)
    for line in bar("full", 96, 96):
        progress.take(line)
    assert progress.share == 1


def test_the_time_left_goes_by_the_speed_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("captcha_core.ui.teach_progress.time.monotonic", lambda: now)
    progress = taken("Round 1, training 1 of 2", *bar("full", 0, 100))
    assert progress.seconds_left is None
    now = 30.0
    for line in bar("full", 50, 100):
        progress.take(line)
    assert progress.seconds_left == pytest.approx(90)


def test_what_is_resumed_in_the_middle_is_told_too() -> None:
    progress = taken("Round 1, training 1 of 3", "Round 1, training 2 of 3", *bar("full", 48, 96))
    assert progress.share == pytest.approx(0.5)


def test_a_refusal_is_kept_as_its_sentence_and_other_lines_do_no_harm() -> None:
    progress = taken(
        "error: There is no such file.", "full: nothing", "Round 1, training x of 3", "", "frozen:|  1/0 ["
    )
    assert progress.error == "There is no such file." and progress.share == 0


def test_the_curves_are_those_in_the_folders(tmp_path: Path) -> None:
    assert curves(tmp_path) == {}
    for number in (1, 2):
        (tmp_path / f"fold-{number}").mkdir()
    (tmp_path / "fold-2" / "metrics.csv").write_text(f"{','.join(COLUMNS)}\nfull,3,128,0.1,1.0,0.5,0.75,0.2,1.0\n")
    assert curves(tmp_path) == {2: [Point(128, 0.75, 0.5)]}
