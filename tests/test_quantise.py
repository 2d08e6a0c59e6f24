from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import onnx
import pytest

from captcha_core.onnx_backend import OnnxModel
from captcha_core.quantise import PLANS, Plan, quantise
from captcha_core.transforms import build_transform
from tests.helpers import draw_picture, save_tiny_net, tiny_net


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_net(tmp_path_factory.mktemp("net")).with_suffix(".onnx")


TRANSFORM = build_transform(tiny_net()["transform"])
INPUTS = [TRANSFORM.array(draw_picture("ab3x", seed, (40, 50 + 10 * seed))) for seed in range(20)]


def eight_bit_weights(path: Path) -> list[list[int]]:
    """Return the shapes of a network's weights that are 8-bit whole numbers."""
    weights = onnx.load(path).graph.initializer
    return [list(w.dims) for w in weights if w.data_type == onnx.TensorProto.INT8 and len(w.dims) > 1]


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_a_plan_gives_nearly_the_same_logits_from_smaller_weights(path: Path, tmp_path: Path, plan: Plan) -> None:
    network = onnx.load(path)
    before, target = network.SerializeToString(), tmp_path / "small.onnx"
    level = logging.getLogger().level
    quantise(network, target, plan, INPUTS)
    assert network.SerializeToString() == before and logging.getLogger().level == level
    exact, small = OnnxModel(path), OnnxModel(target)
    for answer in (0, 1):
        ours, exactly = (
            np.concatenate([model.both(array[None])[answer].ravel() for array in INPUTS]) for model in (small, exact)
        )
        # Of random weights in few channels, where rounding counts for more than in a trained network.
        assert 0.8 < np.corrcoef(ours, exactly)[0, 1] < 0.9999
    dense = [shape for shape in eight_bit_weights(target) if len(shape) == 4]
    linear = [shape for shape in eight_bit_weights(target) if len(shape) == 2]
    channelwise = [shape for shape in eight_bit_weights(target) if len(shape) == 3]
    assert len(dense) == 11 and all(bool(shapes) == (not plan.dense) for shapes in (linear, channelwise))


def test_weights_use_seven_bits(path: Path, tmp_path: Path) -> None:
    quantise(onnx.load(path), tmp_path / "small.onnx", PLANS[0], INPUTS)
    weights = onnx.load(tmp_path / "small.onnx").graph.initializer
    largest = [np.abs(onnx.numpy_helper.to_array(w)).max() for w in weights if w.data_type == onnx.TensorProto.INT8]
    assert max(largest) == 64
