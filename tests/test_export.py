from __future__ import annotations

import importlib.util
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import export as command
from captcha_core import export as module
from captcha_core import torch_backend
from captcha_core.alphabet import Alphabet
from captcha_core.checkpoint import save_checkpoint
from captcha_core.checkpoint_meta import fingerprint, read_meta
from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import SPLIT_SCHEMA, Sample
from captcha_core.decoding import decode
from captcha_core.errors import CaptchaLabError
from captcha_core.export import export_int8, export_onnx
from captcha_core.generator import GeneratorSettings, generate_captcha
from captcha_core.generator.generate import encode_png
from captcha_core.imaging import load_image
from captcha_core.models import efficientnet
from captcha_core.onnx_backend import OnnxModel
from captcha_core.torch_backend import TorchModel
from captcha_core.transforms import build_transform, grey_resize_spec, square_pad_spec
from tests.helpers import (
    ALPHABET,
    MAX_LENGTH,
    assert_plain,
    run_command,
    save_columns,
    save_tiny_checkpoint,
    save_tiny_net,
    tiny_meta,
)

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_net(tmp_path_factory.mktemp("net"))


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    settings = GeneratorSettings(width=90, height=30, min_length=3, max_length=4)
    return [encode_png(generate_captcha(settings, seed=5, index=i).image) for i in range(module.FEWEST_PICTURES)]


def random_inputs(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def left(folder: Path, *expected: str) -> None:
    """Check that a folder holds these files and no other, hidden or not."""
    assert sorted(file.name for file in folder.iterdir()) == sorted(expected)


@pytest.mark.parametrize(("batch", "width"), [(1, 48), (1, 160), (2, 64), (5, 112)])
def test_both_answers_are_torch_s_for_any_batch_and_width(checkpoint: Path, batch: int, width: int) -> None:
    model, exported = TorchModel(checkpoint), OnnxModel(checkpoint.with_suffix(".onnx"))
    images = random_inputs(batch, 3, 32, width)
    (logits, second), (expected, expected_second) = exported.both(images), model.both(images)
    assert logits.shape == (batch, width // 4, len(ALPHABET) + 1) and logits.dtype == np.float32
    assert second.shape == (batch, MAX_LENGTH + 1, len(ALPHABET) + 1)
    np.testing.assert_allclose(logits, expected, atol=1e-4)
    np.testing.assert_allclose(second, expected_second, atol=1e-4)
    assert np.array_equal(exported(images), logits)


def test_the_description_travels_and_nothing_of_this_machine(checkpoint: Path) -> None:
    exported = OnnxModel(checkpoint.with_suffix(".onnx"))
    assert exported.meta == read_meta(checkpoint)
    assert (exported.scheme, exported.second_scheme) == ("ctc", "positions")
    assert exported.source == fingerprint(checkpoint)
    content = checkpoint.with_suffix(".onnx").read_bytes()
    assert not re.search(rb"\.py\b|site-packages|stack_trace", content)
    assert str(ROOT).encode() not in content and b"captcha_core" not in content


LSTM: dict[str, Any] = {
    "arch": "cnn-lstm",
    "arch_args": {"num_classes": len(ALPHABET), "height": 16, "width": 8, "hidden": 8},
    "transform": grey_resize_spec(16, 48),
}


class Maps(nn.Module):
    """A backbone that gives EfficientNet's maps with three convolutions, and so is exported in seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv2d(3, channels, 3, 8 * 2**i, 1) for i, channels in enumerate((40, 112, 1280))
        )

    def extract_endpoints(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        names = ("reduction_3", "reduction_4", "reduction_6")
        return {name: layer(images) for name, layer in zip(names, self.layers, strict=True)}


QUERIES: dict[str, Any] = {
    "arch_args": {"num_classes": len(ALPHABET), "max_length": MAX_LENGTH, "hidden": 8, "heads": 2},
    "transform": square_pad_spec(64),
}


@pytest.mark.parametrize(
    ("changes", "shapes"),
    [
        (LSTM, [(1, 16, 48)]),
        # Blank rows are left out, so either side is what the picture makes it.
        (QUERIES, [(3, 32, 64), (3, 64, 32), (3, 64, 64)]),
    ],
    ids=["cnn-lstm", "efficientnet"],
)
def test_other_designs_read_every_shape_that_their_preprocessing_makes(tmp_path, monkeypatch, changes, shapes) -> None:
    monkeypatch.setattr(efficientnet, "build_backbone", Maps)
    path = save_tiny_checkpoint(tmp_path / "m.safetensors", **changes)
    assert export_onnx(path, tmp_path / "m.onnx") <= module.TOLERANCE
    model, exported = TorchModel(path), OnnxModel(tmp_path / "m.onnx")
    assert exported.second_scheme is None
    for batch in (1, 4):
        for shape in shapes:
            images = random_inputs(batch, *shape)
            np.testing.assert_allclose(exported(images), model(images), atol=1e-3)


@pytest.fixture
def columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the checkpoint of a network that is exported in no time."""
    return save_columns(tmp_path / "columns.safetensors", "heads", len(ALPHABET), monkeypatch)


def test_parallel_heads_are_exported(columns: Path) -> None:
    export_onnx(columns, columns.with_suffix(".onnx"))
    exported = OnnxModel(columns.with_suffix(".onnx"))
    images = random_inputs(3, 1, 8, 24)
    assert exported.scheme == "heads"
    np.testing.assert_allclose(exported(images), TorchModel(columns)(images), atol=1e-5)


@pytest.mark.parametrize("older", [None, b"older"])
def test_logits_too_far_from_torch_s_leave_no_file(columns: Path, monkeypatch: pytest.MonkeyPatch, older) -> None:
    output = columns.with_suffix(".onnx")
    if older:
        output.write_bytes(older)
    monkeypatch.setattr(OnnxModel, "__call__", lambda self, images: TorchModel(columns)(images) + np.float32(0.5))
    with pytest.raises(CaptchaLabError) as caught:
        export_onnx(columns, output)
    assert_plain(str(caught.value), "columns.onnx is not written", "0.5", "columns.safetensors")
    left(columns.parent, columns.name, *(["columns.onnx"] if older else []))
    assert not older or output.read_bytes() == older


def test_a_network_of_no_numbers_is_not_exported(columns: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OnnxModel, "__call__", lambda self, images: TorchModel(columns)(images) * np.float32("nan"))
    with pytest.raises(CaptchaLabError, match="nan"):
        export_onnx(columns, columns.with_suffix(".onnx"))


def test_exporting_twice_gives_the_same_bytes_and_leaves_torch_and_the_log_as_they_were(columns: Path) -> None:
    fast, level = torch.backends.mha.get_fastpath_enabled(), logging.getLogger().level
    for name in ("a.onnx", "b.onnx"):
        export_onnx(columns, columns.with_name(name))
    assert (torch.backends.mha.get_fastpath_enabled(), logging.getLogger().level) == (fast, level)
    assert columns.with_name("a.onnx").read_bytes() == columns.with_name("b.onnx").read_bytes()


class Ink(nn.Module):
    """A network of parallel heads that tells much ink from little in three parts of a grey picture."""

    scheme = "heads"

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Conv2d(1, 8, 3, 2, 1)
        self.by_channel = nn.Conv2d(8, 8, 3, 1, 1, groups=8)
        self.classifier = nn.Linear(8, 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.by_channel(self.dense(images).relu()).relu()
        return self.classifier(maps.mean(dim=2).unflatten(2, (3, -1)).mean(dim=3).transpose(1, 2))


@pytest.fixture
def ink(tmp_path: Path, pictures, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(torch_backend, "build_model", lambda arch, **arch_args: Ink())
    transform = grey_resize_spec(32, 96)
    arrays = [build_transform(transform)(load_image(picture)) for picture in pictures]
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(1)
        model = Ink()
        model.classifier.bias.sub_(model(torch.stack(arrays)).mean(dim=(0, 1)))
    save_checkpoint(tmp_path / "ink.safetensors", model.state_dict(), tiny_meta(alphabet="ab", transform=transform))
    return tmp_path / "ink.safetensors"


def test_eight_bits_read_nearly_as_torch_does(ink: Path, pictures, monkeypatch) -> None:
    # Little and much ink have no gap between them, so that rounding changes more texts than it would of characters.
    monkeypatch.setattr(module, "AGREEMENT", 0.8)
    path = ink.with_name("small.onnx")
    share = export_int8(ink, path, pictures)
    left(ink.parent, ink.name, "small.onnx")
    model, exported = TorchModel(ink), OnnxModel(path)
    assert (exported.meta, exported.scheme, exported.source) == (model.meta, "heads", fingerprint(ink))
    assert b"site-packages" not in path.read_bytes()
    transform, alphabet = build_transform(exported.meta.transform), Alphabet("ab")
    read = []
    for picture in pictures:
        array = transform.array(load_image(picture))[None]
        read.append([decode(network(array), alphabet, "heads")[0].text for network in (exported, model)])
    assert len({ours for ours, _ in read}) > 4, "nearly one text whatever the picture; the test shows nothing"
    assert share == sum(ours == torchs for ours, torchs in read) / len(pictures) >= 0.8


def test_what_reads_too_little_as_torch_does_is_tried_with_more_care_and_leaves_no_file(
    ink: Path, pictures, monkeypatch, caplog
) -> None:
    # More than all of them.
    monkeypatch.setattr(module, "AGREEMENT", 1.01)
    with caplog.at_level(logging.INFO, "captcha_core"), pytest.raises(CaptchaLabError) as caught:
        export_int8(ink, ink.with_name("small.onnx"), pictures)
    tried = [record.getMessage() for record in caplog.records if record.name == "captcha_core.export"]
    shares = [re.findall(r"([\d.]+)%", line)[0] for line in tried]
    assert len(tried) == 2 and "linear layers" in tried[0] and "dense" in tried[1]
    best = max(shares, key=float)
    assert_plain(str(caught.value), "small.onnx is not written", f"{best}%", "100 pictures", "101%", "without --int8")
    left(ink.parent, ink.name)


def test_few_pictures_are_not_enough_to_calibrate_with(checkpoint: Path, pictures, tmp_path: Path) -> None:
    with pytest.raises(CaptchaLabError, match="only 99 pictures"):
        export_int8(checkpoint, tmp_path / "small.onnx", pictures[:-1])
    left(tmp_path)


def test_the_command_writes_beside_the_checkpoint(columns: Path, capsys) -> None:
    assert run_command(command.main, columns) == 0
    left(columns.parent, columns.name, "columns.onnx")
    printed = capsys.readouterr()
    assert re.fullmatch(r".*columns\.onnx: 0\.0 MB, logits within \d\.\de[+-]\d\d of torch's\n", printed.out)
    assert printed.err == ""


def test_the_command_calibrates_with_rows_of_every_split(columns: Path, pictures, capsys, monkeypatch) -> None:
    given: list[Sequence[bytes]] = []

    def export(checkpoint: Path, output: Path, drawn: Sequence[bytes]) -> float:
        given.append(drawn)
        output.write_bytes(bytes(1_200_000))
        return 0.98765

    monkeypatch.setattr(module, "export_int8", export)
    data = columns.parent / "data.parquet"
    with ParquetWriter(data, schema=SPLIT_SCHEMA) as writer:
        for number, picture in enumerate(pictures):
            writer.write(Sample(picture, "abc", f"{number}.png", "test"), "train" if number % 2 else "test")
    assert run_command(command.main, columns, "--int8", "--calibrate", data) == 0
    assert list(given[0]) == pictures
    assert "columns.int8.onnx: 1.2 MB, 98.7% of 100 pictures read as with torch" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--int8"], ["--calibrate"]),
        (["--calibrate", "data.parquet"], ["--int8"]),
        (["--output", "model.pt"], ["model.pt", ".onnx"]),
        ([], ["gone.safetensors"]),
        (["--int8", "--calibrate", "gone.parquet"], ["gone.parquet"]),
    ],
)
def test_what_cannot_be_meant_is_one_plain_sentence(tmp_path: Path, capsys, arguments, named) -> None:
    assert run_command(command.main, tmp_path / "gone.safetensors", *arguments) == 2
    assert_plain(capsys.readouterr().err, *named)
    left(tmp_path)


def test_without_the_packages_it_says_what_to_install(columns: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnxscript" else object())
    assert run_command(command.main, columns) == 2
    error = capsys.readouterr().err
    assert_plain(error, "needs onnxscript.", "pip install onnx==")
    pins = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    assert all(f"\n{pin}  #" in pins for pin in re.findall(r"\w+==[\d.]+", error))


def test_pictures_are_drawn_evenly_from_a_stream() -> None:
    samples = [Sample(bytes([number]), "abc", "", "") for number in range(200)]
    drawn = command.drawn_evenly(iter(samples), 100)
    assert len(set(drawn)) == 100
    assert 35 < sum(picture[0] < 100 for picture in drawn) < 65
    assert command.drawn_evenly(iter(samples), 300) == [sample.image for sample in samples]
