"""The one thread in which the page's models compute."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from captcha_core.errors import CheckpointError
from captcha_core.recognizer import Recognizer
from captcha_core.ui.computing import PageRecognizer
from tests.helpers import draw_picture, save_tiny_checkpoint


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return save_tiny_checkpoint(tmp_path / "tiny.safetensors")


def test_whoever_asks_the_network_computes_in_one_thread(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[str] = set()
    plain = Recognizer.logits

    def watched(self: Recognizer, images: np.ndarray) -> Any:
        threads.add(threading.current_thread().name)
        return plain(self, images)

    monkeypatch.setattr(Recognizer, "logits", watched)
    page, other = PageRecognizer(checkpoint), PageRecognizer(checkpoint)
    picture = draw_picture("abc12")
    with ThreadPoolExecutor(4) as pool:
        texts = list(pool.map(lambda reader: reader.read(picture).text, [page, other] * 4))
    assert set(texts) == {Recognizer(checkpoint).read(picture).text}
    assert len(threads - {threading.current_thread().name}) == 1


def test_what_goes_wrong_there_is_raised_here(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Recognizer, images: np.ndarray) -> Any:
        raise CheckpointError("it is damaged")

    monkeypatch.setattr(Recognizer, "logits", broken)
    with pytest.raises(CheckpointError, match="it is damaged"):
        PageRecognizer(checkpoint).read(draw_picture("abc12"))
