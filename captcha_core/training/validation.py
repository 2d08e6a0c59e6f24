"""Held-out pictures, and what a model in training makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from captcha_core.alphabet import Alphabet
from captcha_core.decoding import decode
from captcha_core.evaluation.calibration import fit_temperature
from captcha_core.evaluation.metrics import align
from captcha_core.training.targets import sequence_loss

# A logit that leaves no doubt at any temperature.
_CERTAIN = 1e3


@dataclass(frozen=True)
class Check:
    """Figures of the averaged weights on the held-out pictures."""

    loss: float
    exact_match: float
    cer: float
    temperature: float


@dataclass(frozen=True)
class Held:
    """Held-out pictures, normalised (N, C, H, W), with their labels and targets."""

    inputs: Callable[[int, int], torch.Tensor]
    labels: list[str]
    targets: torch.Tensor
    alphabet: Alphabet
    scheme: str


@torch.inference_mode()
def validate(model: nn.Module, held: Held, batch_size: int = 64) -> Check:
    """Read the held-out pictures and fit the temperature."""
    logits, second = read_held(model, held, batch_size)
    loss = sequence_loss(logits, held.targets, held.scheme)
    texts = [d.text for d in decode(logits, held.alphabet, held.scheme, top_k=0)]
    truth = [held.alphabet.fold(label) for label in held.labels]
    exact = sum(a == b for a, b in zip(texts, truth, strict=True)) / len(truth)
    temperature = fit_temperature(logits, held.labels, held.alphabet, held.scheme, second)
    return Check(float(loss), exact, float(align(truth, texts).cer), temperature)


def read_held(model: nn.Module, held: Held, batch_size: int = 64) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return the logits of all held-out pictures, and those of a second opinion where the model has one."""
    forward = getattr(model, "both", model)
    parts: list[torch.Tensor] = []
    seconds: list[torch.Tensor] = []
    for start in range(0, len(held.labels), batch_size):
        outputs = forward(held.inputs(start, min(start + batch_size, len(held.labels))))
        first, *second = (outputs,) if isinstance(outputs, torch.Tensor) else outputs
        parts.append(first.float().cpu())
        seconds += [logits.float().cpu() for logits in second]
    return torch.cat(of_equal_steps(parts)), torch.cat(seconds) if seconds else None


def of_equal_steps(parts: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return logits (B, T, classes) of pictures of several widths with equally many steps; the new are blank."""
    most = max(part.shape[1] for part in parts)
    blank = torch.full((1, 1, parts[0].shape[2]), -_CERTAIN)
    blank[..., -1] = _CERTAIN
    return [torch.cat([p, blank.expand(len(p), most - p.shape[1], -1)], dim=1) for p in parts]
