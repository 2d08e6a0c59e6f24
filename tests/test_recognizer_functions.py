"""The functions that users of other captcha readers look for by their names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from captcha_core import recognizer as module
from captcha_core.checkpoint import load_checkpoint, save_checkpoint
from captcha_core.errors import CheckpointError, ImageError
from captcha_core.recognizer import (
    Recognizer,
    detect_captcha,
    load_model,
    predict_captcha,
    preprocess_image,
)
from tests.helpers import ALPHABET, draw_picture, png_bytes, save_tiny_checkpoint

PICTURE = draw_picture("12345", 1)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_checkpoint(tmp_path_factory.mktemp("model") / "tiny.safetensors")


@pytest.fixture(scope="module")
def recognizer(checkpoint: Path) -> Recognizer:
    return Recognizer(checkpoint)


def test_load_model_takes_a_path_or_the_latest(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_model(checkpoint).model_id == load_model(str(checkpoint)).model_id
    monkeypatch.setattr(module, "DEFAULT_MODELS", checkpoint.parent)
    assert load_model().model_id == load_model(checkpoint).model_id
    with pytest.raises(CheckpointError, match="gone"):
        load_model(checkpoint.parent / "gone.safetensors")


def test_preprocess_image_is_a_batch_of_one(recognizer: Recognizer) -> None:
    batch = preprocess_image(png_bytes(PICTURE), recognizer)
    assert batch.shape == (1, 3, 32, 32) and batch.dtype == torch.float32
    assert torch.equal(batch[0], recognizer.transform(PICTURE))
    with pytest.raises(ImageError):
        preprocess_image(b"text", recognizer)


def test_predict_captcha_reads_as_the_recogniser_does(recognizer: Recognizer) -> None:
    ours, its = predict_captcha(PICTURE, recognizer), recognizer.read(PICTURE)
    assert replace(ours, latency_ms=0.0) == replace(its, latency_ms=0.0)


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Count what is loaded, from an empty memory."""
    loaded: list[str] = []

    def counting(path: str) -> Recognizer:
        loaded.append(path)
        return Recognizer(path)

    monkeypatch.setattr(module, "load_model", counting)
    module._kept_model.cache_clear()
    yield loaded
    module._kept_model.cache_clear()


def test_detect_captcha_goes_from_a_file_to_its_text_and_keeps_the_model(
    checkpoint: Path, tmp_path: Path, loads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = tmp_path / "picture.png"
    PICTURE.save(picture)
    expected = Recognizer(checkpoint).read(picture).text
    assert detect_captcha(picture, checkpoint) == detect_captcha(str(picture), str(checkpoint)) == expected
    monkeypatch.chdir(checkpoint.parent)
    monkeypatch.setattr(module, "DEFAULT_MODELS", Path())
    assert detect_captcha(picture, checkpoint.name) == detect_captcha(picture) == expected
    assert len(loads) == 1


def test_detect_captcha_loads_a_changed_checkpoint_anew(checkpoint: Path, tmp_path: Path, loads: list[str]) -> None:
    picture, path = tmp_path / "picture.png", tmp_path / "model.safetensors"
    PICTURE.save(picture)
    tensors, meta = load_checkpoint(checkpoint)
    texts = []
    for time, alphabet in enumerate([ALPHABET, ALPHABET[::-1]]):
        save_checkpoint(path, tensors, replace(meta, alphabet=alphabet))
        os.utime(path, ns=(10**18 + time * 10**10,) * 2)
        texts += [detect_captcha(picture, path), detect_captcha(picture, path)]
    assert texts[0] == texts[1] != texts[2] == texts[3]
    assert len(loads) == 2


def test_detect_captcha_says_what_is_missing(checkpoint: Path, tmp_path: Path, loads: list[str]) -> None:
    with pytest.raises(ImageError, match=r"gone\.png"):
        detect_captcha(tmp_path / "gone.png", checkpoint)
    with pytest.raises(CheckpointError, match=r"gone\.safetensors"):
        detect_captcha(tmp_path / "gone.png", tmp_path / "gone.safetensors")
