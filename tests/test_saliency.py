"""Where a model looks."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from captcha_core.alphabet import Alphabet
from captcha_core.constraint import Constraint
from captcha_core.recognizer import Recognizer
from captcha_core.saliency import occlusion_maps, overlay
from tests.helpers import draw_picture, save_columns, save_tiny_checkpoint, save_tiny_net


class Corners:
    """Reads "ab": whether there is ink in the left and in the right quarter of the picture, and nothing else."""

    alphabet = Alphabet("ab")
    scheme = "heads"
    meta = SimpleNamespace(temperature=1.0)
    expected = None

    def __init__(self) -> None:
        self.transform = SimpleNamespace(array=lambda image: np.array(image.convert("L"), np.float32)[None])
        self.seen = 0

    def logits(self, images: np.ndarray) -> tuple[np.ndarray, None]:
        self.seen += len(images)
        quarter = images.shape[3] // 4
        ink = [(part < 128).mean(axis=(1, 2)) for part in (images[:, 0, :, :quarter], images[:, 0, :, -quarter:])]
        scores = np.zeros((len(images), 2, 2))
        scores[:, 0, 0], scores[:, 1, 1] = 12 * ink[0] - 2, 12 * ink[1] - 2
        return scores, None


def two_blots(width: int = 80, height: int = 24) -> Image.Image:
    picture = Image.new("RGB", (width, height), "white")
    for left in (4, width - 16):
        picture.paste((0, 0, 0), (left, 6, left + 12, 18))
    return picture


@pytest.mark.parametrize("size", [(80, 24), (81, 23), (40, 90)])
def test_a_map_is_strong_where_the_model_looks_and_nowhere_else(size: tuple[int, int]) -> None:
    maps = occlusion_maps(cast(Any, Corners()), two_blots(*size), "ab")
    assert maps.shape == (2, size[1], size[0])
    for one, near, far in ((maps[0], np.s_[6:18, 4:16], np.s_[:, -8:]), (maps[1], np.s_[6:18, -16:-4], np.s_[:, :8])):
        assert one[near].mean() > 0.3
        assert one[far].max() < 0.2 * one[near].mean()


def test_windows_over_nothing_are_not_asked_about() -> None:
    asked, empty = Corners(), Corners()
    done: list[float] = []
    occlusion_maps(cast(Any, asked), two_blots(), "ab", progress=done.append)
    assert done == sorted(done) and done[0] == 0 and done[-1] < 1
    assert not occlusion_maps(cast(Any, empty), Image.new("RGB", (80, 24), "white"), "ab").any()
    assert empty.seen == 1 < asked.seen < 80


def test_a_text_of_nothing_has_no_maps() -> None:
    assert occlusion_maps(cast(Any, Corners()), two_blots(), "").shape == (0, 24, 80)


def check(recognizer: Recognizer, constraint: Constraint | None = None) -> np.ndarray:
    image = draw_picture("abc12")
    text = recognizer.read(image, constraint).text
    maps = occlusion_maps(recognizer, image, text, constraint)
    view = recognizer.model_view(image)
    assert maps.shape == (len(text), view.height, view.width)
    assert np.isfinite(maps).all() and maps.any()
    return maps


@pytest.mark.parametrize("constraint", [None, Constraint("0123456789", 2, 3)])
def test_torch_and_onnx_give_the_same_maps(tmp_path: Path, constraint: Constraint | None) -> None:
    checkpoint = save_tiny_net(tmp_path)
    torch, onnx = (Recognizer(path) for path in (checkpoint, checkpoint.with_suffix(".onnx")))
    assert np.allclose(check(torch, constraint), check(onnx, constraint), atol=1e-2)


def test_the_maps_start_from_the_confidences_that_were_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recognizer, image = Recognizer(save_tiny_net(tmp_path)), draw_picture("abc12")
    prediction = recognizer.read(image)
    seen: list[np.ndarray] = []
    log = np.log

    def seeing(values: np.ndarray) -> np.ndarray:
        seen.append(values)
        return log(values)

    monkeypatch.setattr("captcha_core.saliency.np.log", seeing)
    occlusion_maps(recognizer, image, prediction.text)
    [first] = [values for values in seen if values.shape == (1, len(prediction.text))][:1]
    assert first[0] == pytest.approx(prediction.char_confidences, abs=1e-5)


@pytest.mark.parametrize("scheme", ["positions", "heads", "ctc"])
def test_every_scheme_has_maps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    path = save_columns(tmp_path / "x.safetensors", scheme, 36 + (scheme != "heads"), monkeypatch)
    recognizer = Recognizer(path)
    text = "ab"
    assert occlusion_maps(recognizer, draw_picture("ab"), text).any()


def test_the_shipped_kind_of_network_has_maps(tmp_path: Path) -> None:
    check(Recognizer(save_tiny_checkpoint(tmp_path / "tiny.safetensors", temperature=0.2)))


def test_colour_stands_where_the_map_is_strong() -> None:
    view = Image.new("RGB", (20, 10), "white")
    saliency = np.zeros((10, 20), np.float32)
    saliency[:, 10:] = 3.0
    coloured = np.asarray(overlay(view, saliency))
    assert (coloured[:, :10] == 255).all()
    assert (coloured[:, 10:, 0] > coloured[:, 10:, 2].astype(int) + 150).all()


def test_a_map_of_next_to_nothing_stays_pale() -> None:
    saliency = np.full((10, 20), 0.01, np.float32)
    assert np.asarray(overlay(Image.new("RGB", (20, 10), "white"), saliency)).min() > 245
    assert np.asarray(overlay(Image.new("L", (20, 10)), -saliency)).max() < 100
