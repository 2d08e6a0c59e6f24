import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession

from captcha_core.onnx_halves import store_halves

RNG = np.random.default_rng(0)
EXACT = RNG.standard_normal((64, 32)).astype(np.float16).astype(np.float32)
SMALL = EXACT[:4]


def network(weights: np.ndarray) -> onnx.ModelProto:
    """Return a network that multiplies by a matrix."""
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", len(weights)])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", weights.shape[1]])],
        [numpy_helper.from_array(weights, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def run(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    return InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


def test_the_file_is_half_as_large_and_computes_the_same() -> None:
    plain, halved = network(EXACT), network(EXACT)
    store_halves(halved)
    onnx.checker.check_model(halved, full_check=True)
    assert len(halved.SerializeToString()) < 0.6 * len(plain.SerializeToString())
    x = RNG.standard_normal((3, 64)).astype(np.float32)
    assert np.array_equal(run(halved, x), run(plain, x))


@pytest.mark.parametrize(
    "weights",
    [
        np.where(np.arange(32) == 5, np.float32(1 + 2**-20), EXACT),
        np.where(np.arange(32) == 5, np.float32(1e6), EXACT),
        np.full((64, 32), np.nan, np.float32),
        SMALL,
    ],
    ids=["finer", "beyond", "nan", "small"],
)
def test_what_would_lose_something_or_gain_nothing_stays(weights: np.ndarray) -> None:
    halved = network(weights)
    store_halves(halved)
    assert halved == network(weights) or np.isnan(weights).all()
    assert halved.graph.initializer[0].data_type == TensorProto.FLOAT
