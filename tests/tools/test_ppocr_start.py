"""Filling the network with a published file's tensors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from captcha_core.errors import CaptchaLabError
from captcha_core.models import PPOCRRecognizer
from tests.helpers import assert_plain, run_command
from tools import ppocr_start

LISTED = ["#", *"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"]


def network(nodes: list[onnx.NodeProto], stored: dict[str, np.ndarray], **metadata: str) -> onnx.ModelProto:
    picture = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 3, 48, None])
    answer = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, None, None])
    tensors = [numpy_helper.from_array(array, name) for name, array in stored.items()]
    model = helper.make_model(helper.make_graph(nodes, "g", [picture], [answer], tensors))
    helper.set_model_props(model, metadata)
    return model


@pytest.fixture(scope="module")
def original() -> PPOCRRecognizer:
    torch.manual_seed(0)
    return PPOCRRecognizer(len(LISTED), step=2).eval()


def in_order(model: PPOCRRecognizer) -> list[np.ndarray]:
    """Return a network's tensors as a published file has them: for colours from blue to red, the blank first."""
    tensors = {n: t.numpy() for n, t in model.state_dict().items() if t.is_floating_point()}
    tensors["backbone.0.first.weight"] = tensors["backbone.0.first.weight"][:, ::-1]
    for name in ("head.classifier.weight", "head.classifier.bias"):
        tensors[name] = np.roll(tensors[name], 1, axis=0)
    return list(tensors.values())


def test_tensors_come_in_the_order_of_computation() -> None:
    stored: dict[str, np.ndarray] = {
        "z": np.ones((4, 3, 1, 1), np.float32),
        "bias": np.full((1, 4, 1, 1), 2, np.float32),
        "half": np.array(0.5, np.float32),
        "axes": np.array([2, 3], np.int64),
        "linear": np.arange(8, dtype=np.float32).reshape(4, 2),
    }
    nodes = [
        helper.make_node("Conv", ["x", "z"], ["a"]),
        helper.make_node("Add", ["a", "bias"], ["b"]),
        helper.make_node("Mul", ["b", "half"], ["c"]),
        helper.make_node("Reshape", ["c", "axes"], ["d"]),
        helper.make_node("MatMul", ["d", "linear"], ["y"]),
    ]
    weight, bias, linear = ppocr_start.tensors(network(nodes, stored))
    assert weight.shape == (4, 3, 1, 1) and bias.tolist() == [2, 2, 2, 2]
    assert linear.tolist() == [[0, 2, 4, 6], [1, 3, 5, 7]], "torch has outputs before inputs"


def test_the_letters_and_digits_and_the_blank_are_kept(original: PPOCRRecognizer) -> None:
    wanted = "aB9"
    classes = ppocr_start.kept_classes(["", *LISTED], wanted)
    filled = PPOCRRecognizer(len(wanted), step=2).eval()
    ppocr_start.fill(filled, in_order(original), classes)
    picture = torch.randn(1, 3, 48, 96)
    with torch.inference_mode():
        expected, found = original(picture), filled(picture)
    kept = [*(LISTED.index(character) for character in wanted), len(LISTED)]
    assert torch.allclose(found, expected[..., kept], atol=1e-5)


def test_another_network_is_refused(original: PPOCRRecognizer) -> None:
    published = in_order(original)
    with pytest.raises(CaptchaLabError, match="150 tensors, this network 151"):
        ppocr_start.fill(PPOCRRecognizer(3), published[:-1], [1, 2, 3, 0])
    published[3] = published[3][:-1]
    with pytest.raises(CaptchaLabError, match=r"backbone.0.second.bias has the shape \(24,\), the file's \(23,\)"):
        ppocr_start.fill(PPOCRRecognizer(3), published, [1, 2, 3, 0])


def test_a_difference_is_found(original: PPOCRRecognizer, tmp_path: Path) -> None:
    class Published(torch.nn.Module):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return torch.roll(original(pictures.flip(1)), 1, dims=2).softmax(dim=2)

    width = torch.export.Dim.AUTO
    example = (torch.randn(2, 3, 48, 96),)
    program = torch.onnx.export(Published().eval(), example, dynamo=True, dynamic_shapes=({3: width},), verbose=False)
    assert program is not None
    program.save(str(tmp_path / "published.onnx"))
    classes = [*range(1, len(LISTED) + 1), 0]
    assert ppocr_start.largest_difference(original, tmp_path / "published.onnx", classes) < 1e-5
    other = PPOCRRecognizer(len(LISTED), step=2)
    assert ppocr_start.largest_difference(other, tmp_path / "published.onnx", classes) > ppocr_start.TOLERANCE


def test_mistakes_are_said_plainly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "none.onnx").write_bytes(b"no network")
    onnx.save(network([], {}), str(tmp_path / "other.onnx"))
    for name, said in (("away", "tools/rivals.py"), ("none", "no ONNX file"), ("other", "list its characters")):
        assert run_command(ppocr_start.main, tmp_path / f"{name}.onnx", tmp_path / "start.safetensors") == 2
        assert_plain(capsys.readouterr().err, f"{name}.onnx", said)
    assert not (tmp_path / "start.safetensors").exists()
