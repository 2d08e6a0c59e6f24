"""A disk that is full, and a folder that may not be written to: a sentence, exit code 2, and all as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.faults.children import Limits, run, visible
from tests.faults.commands import ADAPTING, QUICK, TRAINING, Command
from tests.helpers import assert_plain


@pytest.mark.parametrize("largest", [0, 300])
@pytest.mark.parametrize("command", [*QUICK, TRAINING, ADAPTING], ids=lambda c: c.name)
def test_a_full_disk_is_a_sentence_and_nothing_is_lost(
    command: Command, largest: int, inputs: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    command.prepare(inputs, folder)
    before = visible(folder)
    outcome = run(command.main, command.words(inputs, folder), Limits(largest_file=largest))
    assert outcome.code == 2, outcome.output
    assert_plain(outcome.output, "error: Cannot write", str(folder), "File too large")
    if command in QUICK:
        assert visible(folder) == before
        assert leftovers(folder) == []
    else:
        # What was written before there was no room left is whole: settings.
        assert {name.rpartition("/")[2] for name in visible(folder)} <= {"options.json", "adapt.json"}
        assert leftovers(folder) == []


@pytest.mark.parametrize("command", [*QUICK, TRAINING, ADAPTING], ids=lambda c: c.name)
def test_a_folder_that_may_not_be_written_to_is_a_sentence(command: Command, inputs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    command.prepare(inputs, folder)
    before = visible(folder)
    folders = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in folders:
        path.chmod(0o555)
    try:
        outcome = run(command.main, command.words(inputs, folder), Limits(no_privileges=True))
    finally:
        for path in folders:
            path.chmod(0o755)
    assert outcome.code == 2, outcome.output
    assert_plain(outcome.output, "error: ", str(folder), "Permission denied")
    assert visible(folder) == before
    assert leftovers(folder) == []


def test_a_training_whose_disk_fills_up_later_keeps_its_last_checkpoint_and_goes_on(
    inputs: Path, tmp_path: Path
) -> None:
    whole = run(TRAINING.main, TRAINING.words(inputs, tmp_path / "whole"))
    assert whole.code == 0, whole.output
    expected = visible(tmp_path / "whole")
    # Room for the checkpoints and not for the state, which is larger.
    room = (len(expected["run/last.safetensors"]) + len(expected["run/state.safetensors"])) // 2
    outcome = run(TRAINING.main, TRAINING.words(inputs, tmp_path / "full"), Limits(largest_file=room))
    assert outcome.code == 2, outcome.output
    assert_plain(outcome.output, "state.safetensors", "File too large")
    assert run(TRAINING.main, ["--resume", tmp_path / "full" / "run"]).code == 0
    now = visible(tmp_path / "full")
    assert now["run/last.safetensors"] == expected["run/last.safetensors"]
    shutil.rmtree(tmp_path / "full")


def leftovers(folder: Path) -> list[Path]:
    """Return what has a temporary name."""
    return list(folder.rglob(".*"))
