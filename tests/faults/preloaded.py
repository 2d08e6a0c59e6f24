"""What the process that children are forked from imports, and nothing that it does: it must not have threads."""

from __future__ import annotations

import matplotlib.figure  # noqa: F401 - imported once for all children
import onnxruntime  # noqa: F401
import torch
from torch import onnx  # noqa: F401

import captcha_core.adaptation
import captcha_core.evaluation.report  # noqa: F401
import captcha_core.export
import captcha_core.recognizer
import captcha_core.training  # noqa: F401
import captcha_generator  # noqa: F401
import evaluate  # noqa: F401
import export  # noqa: F401
import make_dataset  # noqa: F401
import predict  # noqa: F401
import train
from captcha_core.adaptation import adapt
from captcha_core.adaptation.plan import Plan

torch.set_num_threads(1)


def train_in_small(arguments: list[str]) -> int:
    """Run train.py, with adaptations so short that they take seconds."""
    adapt.plan_for = lambda count: Plan(head_steps=1, full_steps=3, new=4, old=2, replay=4)
    adapt._JUDGING = 2
    return train.main(arguments)
