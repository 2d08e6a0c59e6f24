"""Whole numbers in place of floats in an ONNX network: a smaller file, and often a faster one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.quant_utils import add_pre_process_metadata

from captcha_core.onnx_backend import IMAGES


@dataclass(frozen=True)
class Plan:
    """What becomes whole numbers.

    Attributes:
        name: What messages call it.
        operators: Kinds of nodes, in ONNX's words.
        dense: Leave out convolutions channel by channel and those over a single cell: few weights, and much lost.
        mean_ranges: Take the mean of the pictures' ranges of activations, where a few pictures have far larger ones
            than the rest, and not the range of them all.
    """

    name: str
    operators: tuple[str, ...]
    dense: bool
    mean_ranges: bool


# From the smallest file to the most careful. Attention (products of two activations), normalisation and recurrent
# layers stay floats in both: they hold few weights, and their errors add up.
PLANS = (
    Plan("convolutions and linear layers", ("Conv", "Gemm", "MatMul"), dense=False, mean_ranges=False),
    Plan("dense convolutions", ("Conv",), dense=True, mean_ranges=True),
)


def quantise(network: onnx.ModelProto, target: Path, plan: Plan, inputs: Iterable[NDArray[np.float32]]) -> None:
    """Write a network with 8-bit weights (one scale per channel) and activations, in ONNX's QDQ form.

    Nagel et al. (2021), "A white paper on neural network quantization", arXiv:2106.08295. The weights use 7 of their 8
    bits: processors without VNNI add two products in 16 bits, which would overflow, and the file would read worse there
    than where it was checked.

    Args:
        network: As the exporter made it; it stays as it is.
        target: Where to write.
        plan: What becomes whole numbers.
        inputs: Pictures (C, H, W), as the network is given them, to see the ranges of the activations in.
    """
    # What the tool would have done beforehand, folding constants and normalisation, the exporter has done.
    prepared = onnx.ModelProto()
    prepared.CopyFrom(network)
    add_pre_process_metadata(prepared)
    quantize_static(
        prepared,
        target,
        _Pictures(inputs),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=list(plan.operators),
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=_delicate(network.graph) if plan.dense else [],
        extra_options={"MatMulConstBOnly": True, "CalibMovingAverage": plan.mean_ranges},
    )


class _Pictures(CalibrationDataReader):
    """Gives one picture at a time, since their sizes differ."""

    def __init__(self, inputs: Iterable[NDArray[np.float32]]) -> None:
        self._inputs = iter(inputs)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        array = next(self._inputs, None)
        return None if array is None else {IMAGES: array[None]}


def _delicate(graph: onnx.GraphProto) -> list[str]:
    """Return the names of the convolutions channel by channel and of those over a single cell."""
    sizes = {value.name: _sides(value) for value in graph.value_info}
    return [
        node.name
        for node in graph.node
        if node.op_type == "Conv" and (_groups(node) > 1 or sizes.get(node.input[0]) == [1, 1])
    ]


def _sides(value: onnx.ValueInfoProto) -> Sequence[int]:
    """Return the sizes behind batch and channels; 0 where it is not fixed."""
    return [dimension.dim_value for dimension in value.type.tensor_type.shape.dim][2:]


def _groups(node: onnx.NodeProto) -> int:
    return next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)
