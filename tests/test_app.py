"""The command that serves the page."""

from __future__ import annotations

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
    monkeypatch.setattr(app, "build_page", lambda catalogue: catalogue)
    monkeypatch.setattr(app, "serve", lambda *arguments: calls.append(arguments))
    return calls


def test_the_arguments_reach_the_server(served: list[tuple[Any, ...]], tmp_path: Path) -> None:
    checkpoint = save_tiny_checkpoint(tmp_path / "tiny.safetensors")
    assert run_command(app.main, "--host", "0.0.0.0", "--port", 7000, "--checkpoint", checkpoint) == 0
    [(catalogue, host, port)] = served
    assert catalogue[None].model_id.startswith("tiny@")
    assert (host, port) == ("0.0.0.0", 7000)


def test_without_arguments_the_environment_and_the_shipped_model_decide(
    served: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "open_catalogue", lambda checkpoint: checkpoint)
    assert run_command(app.main) == 0
    assert served == [(None, None, None)]


@pytest.mark.parametrize("damage", ["missing", "half", "empty"])
def test_a_checkpoint_that_cannot_be_used_is_one_sentence_before_anything_is_served(
    served: list[tuple[Any, ...]], tmp_path: Path, capfd: pytest.CaptureFixture[str], damage: str
) -> None:
    checkpoint = tmp_path / f"{damage}.safetensors"
    if damage != "missing":
        whole = save_tiny_checkpoint(tmp_path / "whole.safetensors").read_bytes()
        checkpoint.write_bytes(whole[: len(whole) // 2] if damage == "half" else b"")
    assert run_command(app.main, "--checkpoint", checkpoint) == 2
    printed = capfd.readouterr()
    assert_plain(printed.err, "error: ", checkpoint.name)
    assert len(printed.err.splitlines()) == 1
    assert printed.out == ""
    assert not served


def test_the_command_stays_thin() -> None:
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) < 40
