"""Which model the page starts with."""

from __future__ import annotations

from pathlib import Path

import pytest

from captcha_core import recognizer as recognizer_module
from captcha_core.errors import CheckpointError
from captcha_core.ui.model import open_recognizer
from tests.helpers import save_tiny_checkpoint


def test_a_named_checkpoint_must_work(tmp_path: Path) -> None:
    good = save_tiny_checkpoint(tmp_path / "good.safetensors")
    assert open_recognizer(good) is not None
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    with pytest.raises(CheckpointError, match="broken"):
        open_recognizer(broken)


def test_the_shipped_checkpoint_may_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recognizer_module, "DEFAULT_MODELS", tmp_path)
    assert open_recognizer(None) is None
    assert "without a model" in caplog.text
    save_tiny_checkpoint(tmp_path / "some.safetensors")
    found = open_recognizer(None)
    assert found is not None
    assert found.model_id.startswith("some@")
