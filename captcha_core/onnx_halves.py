"""Storing the weights of an ONNX file as 16-bit floats, which is half of its size."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

# Smaller tensors are not worth a node of their own.
_SMALLEST = 1024


def store_halves(network: onnx.ModelProto) -> None:
    """Store large weights as float16 where that loses nothing, each with a cast to float32 in the graph.

    A checkpoint holds its matrices as float16 already, so that this is so of nearly all. A runtime casts them once,
    when it loads the file, and computes as before.

    Args:
        network: Is changed.
    """
    graph = network.graph
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < _SMALLEST:
            continue
        values = numpy_helper.to_array(tensor)
        # What is beyond float16's range becomes infinite, which is not equal.
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), values):
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}_half"))
        casts.append(onnx.helper.make_node("Cast", [tensor.name], [name], name=f"{name}_cast", to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
