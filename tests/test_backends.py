from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captcha_core.backends import latest_model, open_model
from captcha_core.decoding import SCHEMES
from captcha_core.errors import CaptchaLabError, CheckpointError, ImageError
from captcha_core.export import export_onnx
from captcha_core.onnx_backend import OnnxModel
from captcha_core.prediction import Prediction
from captcha_core.recognizer import Recognizer, detect_captcha, load_model, predict_captcha
from captcha_core.torch_backend import TorchModel
from tests.helpers import ALPHABET, assert_plain, draw_picture, png_bytes, save_columns, save_tiny_net

SIZES = [(40, 100), (30, 30), (30, 300), (60, 60), (40, 100), (25, 140)]
PICTURES = [draw_picture(text, seed, size) for seed, (text, size) in enumerate(zip("a1b2c3", SIZES, strict=True))]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_net(tmp_path_factory.mktemp("net"))


@pytest.fixture(scope="module")
def both(checkpoint: Path) -> tuple[Recognizer, Recognizer]:
    return Recognizer(checkpoint), Recognizer(checkpoint.with_suffix(".onnx"))


def assert_same(ours: Prediction, torchs: Prediction) -> None:
    assert ours.text == torchs.text
    assert ours.confidence == pytest.approx(torchs.confidence, rel=1e-3, abs=1e-6)
    assert ours.char_confidences == pytest.approx(torchs.char_confidences, rel=1e-3, abs=1e-6)
    assert len(ours.alternatives) == len(torchs.alternatives)


def test_a_picture_reads_the_same_alone_and_in_batches_of_any_sizes(both: tuple[Recognizer, Recognizer]) -> None:
    torch_reads, onnx_reads = both
    expected = [torch_reads.read(picture) for picture in PICTURES]
    assert len({prediction.text for prediction in expected}) > 4, "one text whatever the picture shows nothing"
    for predictions in (
        [onnx_reads.read(png_bytes(picture)) for picture in PICTURES],
        onnx_reads.read_batch(PICTURES),
        list(onnx_reads.stream(PICTURES, batch_size=4)),
    ):
        for ours, torchs in zip(predictions, expected, strict=True):
            assert isinstance(ours, Prediction)
            assert_same(ours, torchs)
            assert ours.model_id == onnx_reads.model_id != torchs.model_id


@settings(max_examples=25)
@given(st.integers(8, 60), st.integers(8, 250), st.integers(0, 99))
def test_a_picture_of_any_size_reads_the_same(both: tuple[Recognizer, Recognizer], height, width, seed) -> None:
    picture = draw_picture("x7", seed, (height, width))
    torchs, ours = (recognizer.read(picture) for recognizer in both)
    assert_same(ours, torchs)


def test_all_else_of_a_recogniser_is_the_same(both: tuple[Recognizer, Recognizer]) -> None:
    torch_reads, onnx_reads = both
    assert onnx_reads.meta == torch_reads.meta and onnx_reads.scheme == torch_reads.scheme
    assert onnx_reads.alphabet.symbols == ALPHABET
    assert onnx_reads.model_view(PICTURES[0]) == torch_reads.model_view(PICTURES[0])
    assert onnx_reads.model_id.startswith("tiny@")
    assert onnx_reads.read_batch([]) == []
    outcomes = list(onnx_reads.stream([PICTURES[0], b"text", PICTURES[1]]))
    assert [isinstance(outcome, ImageError) for outcome in outcomes] == [False, True, False]


def test_preprocessing_can_be_overridden(both: tuple[Recognizer, Recognizer], checkpoint: Path) -> None:
    changes = {"auto_crop": False, "strong": True}
    torchs, ours = (
        Recognizer(checkpoint, preprocessing=changes, backend=backend).read(PICTURES[2])
        for backend in ("torch", "onnx")
    )
    assert_same(ours, torchs)
    assert ours.char_confidences != both[1].read(PICTURES[2]).char_confidences


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_reads_the_same(scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classes = len(ALPHABET) + (scheme != "heads")
    path = save_columns(tmp_path / "m.safetensors", scheme, classes, monkeypatch)
    export_onnx(path, tmp_path / "m.onnx")
    torch_reads, onnx_reads = Recognizer(path), Recognizer(tmp_path / "m.onnx")
    assert onnx_reads.scheme == scheme
    for ours, torchs in zip(onnx_reads.read_batch(PICTURES), torch_reads.read_batch(PICTURES), strict=True):
        assert_same(ours, torchs)


def test_the_functions_take_an_exported_file(checkpoint: Path, both: tuple[Recognizer, Recognizer], tmp_path) -> None:
    path = checkpoint.with_suffix(".onnx")
    PICTURES[0].save(tmp_path / "picture.png")
    expected = both[0].read(PICTURES[0]).text
    assert predict_captcha(PICTURES[0], load_model(path)).text == expected
    assert detect_captcha(tmp_path / "picture.png", path) == expected


def test_the_file_or_the_argument_chooses(checkpoint: Path, tmp_path: Path) -> None:
    exported = checkpoint.with_suffix(".onnx")
    assert isinstance(open_model(checkpoint), TorchModel)
    assert isinstance(open_model(str(checkpoint), "torch"), TorchModel)
    for path, backend in ((exported, None), (str(exported), "onnx"), (checkpoint, "onnx")):
        model = open_model(path, backend)
        assert isinstance(model, OnnxModel) and model.path == exported
    capital = tmp_path / "MODEL.ONNX"
    shutil.copy(exported, capital)
    assert isinstance(open_model(capital), OnnxModel)


def test_what_the_backend_cannot_read_is_one_plain_sentence(checkpoint: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.safetensors"
    shutil.copy(checkpoint, alone)
    cases = [
        (checkpoint.with_suffix(".onnx"), "torch", ["tiny.onnx", "exported from"]),
        (alone, "onnx", ["alone.onnx", f"python export.py {alone}"]),
        (tmp_path / "gone.safetensors", "onnx", ["gone.safetensors", ".onnx"]),
        (tmp_path / "gone.onnx", None, ["gone.onnx", "export.py"]),
    ]
    for path, backend, named in cases:
        with pytest.raises(CheckpointError) as caught:
            Recognizer(path, backend=backend)
        assert_plain(str(caught.value), *named)
    with pytest.raises(ValueError, match="backend='tensorflow'"):
        open_model(checkpoint, "tensorflow")


def test_an_export_of_another_checkpoint_is_not_taken_for_this_one_s(checkpoint: Path, tmp_path: Path) -> None:
    for name in ("tiny.safetensors", "tiny.onnx"):
        shutil.copy(checkpoint.with_name(name), tmp_path)
    with (tmp_path / "tiny.safetensors").open("ab") as file:
        file.write(b"more")
    with pytest.raises(CheckpointError) as caught:
        open_model(tmp_path / "tiny.safetensors", "onnx")
    assert_plain(str(caught.value), "tiny.onnx was exported from another checkpoint", "python export.py")
    assert isinstance(open_model(tmp_path / "tiny.onnx"), OnnxModel), "by its own name it is taken"


def test_without_torch_it_says_what_to_do(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "captcha_core.torch_backend")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(CaptchaLabError) as caught:
        open_model(checkpoint)
    assert_plain(str(caught.value), "tiny.safetensors", "requirements.txt", "export.py")
    assert np.isfinite(Recognizer(checkpoint.with_suffix(".onnx")).read(PICTURES[0]).confidence)


def test_the_latest_model_of_a_folder_is_a_checkpoint_if_there_is_one_else_an_exported_one(tmp_path: Path) -> None:
    checkpoint = save_tiny_net(tmp_path)
    assert latest_model(tmp_path) == checkpoint
    checkpoint.unlink()
    (tmp_path / "zero.onnx").write_bytes(b"")
    assert latest_model(tmp_path) == tmp_path / "tiny.onnx"
    (tmp_path / "tiny.onnx").unlink()
    with pytest.raises(CheckpointError, match="There is no checkpoint in"):
        latest_model(tmp_path)
