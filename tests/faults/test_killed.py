"""Commands that are killed (SIGKILL) at 50 moments drawn from a seed."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from safetensors.torch import load

from captcha_core.data.load import load_data
from captcha_core.imaging import load_image
from captcha_core.training.state import load_progress
from tests.faults.children import Limits, Outcome, run, visible
from tests.faults.commands import (
    ADAPTING,
    DATASET,
    EXPORT,
    MORE_FILE,
    MORE_FOLDER,
    NEW_FILE,
    NEW_FOLDER,
    PREDICT,
    PREDICT_PARQUET,
    TRAINING,
    Command,
)

KILLS = {
    TRAINING: 8,
    ADAPTING: 6,
    NEW_FILE: 6,
    NEW_FOLDER: 5,
    MORE_FILE: 4,
    MORE_FOLDER: 4,
    DATASET: 6,
    PREDICT: 8,
    PREDICT_PARQUET: 4,
    EXPORT: 5,
}


def moments(command: Command, whole: Outcome) -> list[Limits]:
    """Draw when to kill: half of them by the clock, half by what is done on the disk."""
    rng = random.Random(f"kill {command.name}")
    steps = rng.sample(range(1, whole.steps + 1), min(whole.steps, KILLS[command] // 2))
    times = [Limits(kill_after=rng.random() * whole.seconds) for _ in range(KILLS[command] - len(steps))]
    return [Limits(kill_at_step=step) for step in steps] + times


@dataclass(frozen=True)
class Story:
    """A command undisturbed: how it ended, and the visible files before and after."""

    outcome: Outcome
    before: dict[str, bytes]
    after: dict[str, bytes]


def undisturbed(command: Command, inputs: Path, tmp_path: Path) -> Story:
    """Run a command; what was there before stays in the folder ``before``."""
    command.prepare(inputs, tmp_path / "before")
    shutil.copytree(tmp_path / "before", tmp_path / "whole")
    outcome = run(command.main, command.words(inputs, tmp_path / "whole"))
    assert outcome.code == 0, outcome.output
    story = Story(outcome, visible(tmp_path / "before"), visible(tmp_path / "whole"))
    assert story.before != story.after
    return story


def kills(command: Command, story: Story, inputs: Path, tmp_path: Path) -> Iterator[tuple[Limits, Path, Outcome]]:
    """Start the command from what was there before and kill it, moment after moment."""
    for number, limits in enumerate(moments(command, story.outcome)):
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / "before", folder)
        outcome = run(command.main, command.words(inputs, folder), limits)
        # A clock may come late; a step on the disk does not.
        assert outcome.code == -9 or (limits.kill_after and outcome.code == 0), outcome
        yield limits, folder, outcome


def test_there_are_fifty_kills_beside_those_of_an_adaptation() -> None:
    assert sum(KILLS.values()) - KILLS[ADAPTING] == 50


@pytest.mark.parametrize(
    "command", [NEW_FILE, MORE_FILE, DATASET, PREDICT, PREDICT_PARQUET, EXPORT], ids=lambda c: c.name
)
def test_a_killed_command_leaves_each_file_old_or_new_and_can_be_run_again(
    command: Command, inputs: Path, tmp_path: Path
) -> None:
    story = undisturbed(command, inputs, tmp_path)
    for limits, folder, _ in kills(command, story, inputs, tmp_path):
        now = visible(folder)
        for name in {*now, *story.before}:
            assert now.get(name) in (story.before.get(name), story.after.get(name)), f"{name} after {limits}"
        if now == story.before:
            assert run(command.main, command.words(inputs, folder)).code == 0
            assert visible(folder) == story.after, f"again after {limits}"


def test_a_new_folder_is_there_whole_or_not_at_all(inputs: Path, tmp_path: Path) -> None:
    story = undisturbed(NEW_FOLDER, inputs, tmp_path)
    for limits, folder, _ in kills(NEW_FOLDER, story, inputs, tmp_path):
        now = visible(folder)
        assert now in ({}, story.after), limits
        if not now:
            assert run(NEW_FOLDER.main, NEW_FOLDER.words(inputs, folder)).code == 0
            assert visible(folder) == story.after, f"again after {limits}"


def test_a_folder_that_was_being_added_to_reads_as_before_or_after(inputs: Path, tmp_path: Path) -> None:
    story = undisturbed(MORE_FOLDER, inputs, tmp_path)
    read = {name: samples(tmp_path / name / "x") for name in ("before", "whole")}
    for limits, folder, _ in kills(MORE_FOLDER, story, inputs, tmp_path):
        now = samples(folder / "x")
        assert now in (read["before"], read["whole"]), limits
        assert story.before.items() - {("x/labels.csv", story.before["x/labels.csv"])} <= visible(folder).items()
        # Pictures may lie there that labels.csv does not name yet; adding again takes others.
        assert run(MORE_FOLDER.main, MORE_FOLDER.words(inputs, folder)).code == 0
        assert len(samples(folder / "x")) == len(now) + 40


def samples(folder: Path) -> list[tuple[str, bytes]]:
    return [(sample.label, sample.image) for sample in load_data([folder])]


def test_a_killed_training_is_resumed_to_the_same_bits(inputs: Path, tmp_path: Path) -> None:
    story = undisturbed(TRAINING, inputs, tmp_path)
    expected = lasting(tmp_path / "whole" / "run")
    assert any(name.endswith("best.safetensors") for name in expected)
    for limits, folder, _ in kills(TRAINING, story, inputs, tmp_path):
        run_folder = folder / "run"
        for name, content in visible(run_folder).items():
            check_whole(name, content)
        words = ["--resume", run_folder] if (run_folder / "options.json").exists() else TRAINING.words(inputs, folder)
        outcome = run(TRAINING.main, words)
        assert outcome.code == 0, f"{limits}: {outcome.output}"
        assert lasting(run_folder) == expected, limits


def test_a_killed_adaptation_leaves_the_old_model_and_is_resumed_to_the_same_bits(inputs: Path, tmp_path: Path) -> None:
    model = (inputs / "start.safetensors").read_bytes()
    story = undisturbed(ADAPTING, inputs, tmp_path)
    expected = adapted(story.after)
    assert any(name.endswith("adapted.safetensors") for name in expected)
    for limits, folder, _ in kills(ADAPTING, story, inputs, tmp_path):
        run_folder = folder / "run"
        for name, content in visible(run_folder).items():
            check_whole(name, content)
        words = ["--resume", run_folder] if visible(run_folder) else ADAPTING.words(inputs, folder)
        outcome = run(ADAPTING.main, words)
        assert outcome.code == 0, f"{limits}: {outcome.output}"
        assert adapted(visible(folder)) == expected, limits
        assert (inputs / "start.safetensors").read_bytes() == model


def adapted(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return what an adaptation gives: weights, card and readings, and not what tells the time of day."""
    endings = ("t.safetensors", "adapted.safetensors", ".md", "held_out.csv")
    return {name: content for name, content in files.items() if name.endswith(endings)}


def lasting(folder: Path) -> dict[str, object]:
    """Return the weights of a run, and its losses, without what tells the time of day."""
    kept: dict[str, object] = {n: c for n, c in visible(folder).items() if n.endswith((".md", "t.safetensors"))}
    for file in folder.rglob("state.safetensors"):
        rows = load_progress(file).history
        kept[str(file.relative_to(folder))] = [{k: v for k, v in row.items() if k != "seconds"} for row in rows]
    return kept


def check_whole(name: str, content: bytes) -> None:
    """Check that a file can be opened to its end."""
    if name.endswith(".safetensors"):
        load(content)
    elif name.endswith(".json"):
        json.loads(content)
    elif name.endswith(".png"):
        load_image(content)
    else:
        assert content.endswith(b"\n"), name
