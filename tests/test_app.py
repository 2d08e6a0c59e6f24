"""The command that serves the page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import app
from tests.helpers import assert_plain, run_command, save_tiny_checkpoint

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Collect what would be served instead of serving it."""
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr(app, "build_page", lambda recognizer: recognizer)
    monkeypatch.setattr(app, "serve", lambda *arguments: calls.append(arguments))
    return calls


def test_the_arguments_reach_the_server(served: list[tuple[Any, ...]], tmp_path: Path) -> None:
    checkpoint = save_tiny_checkpoint(tmp_path / "tiny.safetensors")
    assert run_command(app.main, "--host", "0.0.0.0", "--port", 7000, "--checkpoint", checkpoint) == 0
    [(recognizer, host, port)] = served
    assert recognizer.model_id.startswith("tiny@")
    assert (host, port) == ("0.0.0.0", 7000)


def test_without_arguments_the_environment_and_the_shipped_model_decide(
    served: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "open_recognizer", lambda checkpoint: checkpoint)
    assert run_command(app.main) == 0
    assert served == [(None, None, None)]


def test_a_missing_checkpoint_is_one_sentence(
    served: list[tuple[Any, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(app.main, "--checkpoint", tmp_path / "none.safetensors") == 2
    assert_plain(capsys.readouterr().err, "error: ", "none.safetensors")
    assert not served


def test_a_checkpoint_cut_in_half_stops_the_command_before_it_serves(tmp_path: Path) -> None:
    checkpoint = save_tiny_checkpoint(tmp_path / "half.safetensors")
    checkpoint.write_bytes(checkpoint.read_bytes()[: checkpoint.stat().st_size // 2])
    done = subprocess.run(
        [sys.executable, "app.py", "--checkpoint", str(checkpoint)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert_plain(done.stderr, "error: ", "half.safetensors")
    assert len(done.stderr.splitlines()) == 1


def test_the_command_stays_thin() -> None:
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) < 40
