"""Reading examples with a network that is being adapted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from captcha_core.adaptation.examples import Example
from captcha_core.training.dataset import stack
from captcha_core.training.validation import Held, of_equal_steps
from captcha_core.transforms import Preprocess


def forward_all(model: nn.Module) -> Callable[[list[torch.Tensor]], Any]:
    """Return what maps pictures of several widths to logits, as ``model`` does those of one, or its ``both``."""
    forward: Any = getattr(model, "both", model)

    def run(inputs: list[torch.Tensor]) -> Any:
        outputs = [forward(pictures) for pictures in inputs]
        if isinstance(outputs[0], torch.Tensor):
            return torch.cat(of_equal_steps(outputs))
        first, second = zip(*outputs, strict=True)
        return torch.cat(of_equal_steps(list(first))), torch.cat(second)

    return run


def held(examples: Sequence[Example], targets: torch.Tensor, transform: Preprocess, model: Any, alphabet: Any) -> Held:
    """Return examples, sorted by width, as what is held out; ``targets`` has a row for each."""

    def inputs(start: int, stop: int) -> torch.Tensor:
        pixels = stack([example.pixels for example in examples[start:stop]])
        return transform.normalise(pixels).contiguous(memory_format=torch.channels_last)

    return Held(inputs, [example.label for example in examples], targets, alphabet, str(model.scheme))
