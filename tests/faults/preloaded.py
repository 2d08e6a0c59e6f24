"""What the process imports that children are forked from. It does nothing else: with threads it could not be forked."""

from __future__ import annotations

import matplotlib.backends.backend_agg  # noqa: F401 - imported once for all children
import onnx
import onnxruntime  # noqa: F401
import torch

import captcha_core.adaptation  # noqa: F401
import captcha_core.evaluation.report  # noqa: F401
import captcha_core.export
import captcha_core.recognizer  # noqa: F401
import captcha_core.training  # noqa: F401
import captcha_generator  # noqa: F401
import evaluate  # noqa: F401
import export  # noqa: F401
import make_dataset  # noqa: F401
import predict  # noqa: F401
import train
from captcha_core.export import Inputs
from captcha_core.torch_backend import TorchModel
from tests.short_adaptation import shorten

torch.set_num_threads(1)


def train_in_small(arguments: list[str]) -> int:
    """Run train.py, with adaptations so short that they take seconds, and with a blank picture for the curves."""
    shorten(setattr)
    return train.main(arguments)


def export_translated(arguments: list[str]) -> int:
    """Run export.py on a checkpoint that was translated before, since that takes most of the time."""

    def translated(model: TorchModel, inputs: Inputs) -> onnx.ModelProto:
        return captcha_core.export._described(onnx.load(model.path.with_name("start.onnx")), model)

    captcha_core.export._translated = translated
    return export.main(arguments)
