import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import look_alikes
from captcha_core.adaptation.plan import plan_for
from tests.benchmarks.samples import write_data
from tests.helpers import run_command, save_tiny_checkpoint


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    """Have figures that stand for adaptations, and the results in a folder of the test."""
    monkeypatch.setattr(look_alikes, "RESULT", tmp_path / "look_alikes.json")
    found = {"before": {"folded": 0.5}, "without": {"folded": 0.7}, "with": {"folded": 0.8}}
    monkeypatch.setattr(look_alikes, "measure", lambda samples, size, draw, checkpoint: found)
    write_data(tmp_path / "data")
    checkpoint = save_tiny_checkpoint(tmp_path / "tiny.safetensors")
    return "--data", tmp_path / "data", "--checkpoint", checkpoint


def test_every_style_is_measured_once_and_the_means_are_told(options, tmp_path, capsys) -> None:
    assert run_command(look_alikes.main, *options, "--draws", 1) == 0
    assert run_command(look_alikes.main, *options, "--draws", 2) == 0
    entries = json.loads((tmp_path / "look_alikes.json").read_text(encoding="utf-8"))["entries"]
    assert [(e["style"], e["draw"]) for e in entries] == [
        ("zoo_dev/first", 0),
        ("zoo_dev/second", 0),
        ("zoo_dev/first", 1),
        ("zoo_dev/second", 1),
    ]
    assert capsys.readouterr().out.endswith("before 50.00%, without 70.00%, with 80.00%\n")


def test_figures_of_another_model_are_not_taken_over(options, tmp_path) -> None:
    assert run_command(look_alikes.main, *options, "--draws", 1) == 0
    save_tiny_checkpoint(tmp_path / "tiny.safetensors", temperature=2.0)
    assert look_alikes.read_entries(tmp_path / "tiny.safetensors") == []


def test_only_one_of_the_plans_has_look_alikes() -> None:
    assert look_alikes.with_look_alikes(25).alike > 0 == plan_for(25).alike
