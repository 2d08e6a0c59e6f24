"""Distillation: a small model learns from what a larger one reads, beside the labels (Hinton et al. 2015).

Both give a distribution over the classes per time step; the small one is drawn towards the large one's, which also says
which characters are like which, and where each one stands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from captcha_core.checkpoint import load_checkpoint
from captcha_core.errors import CaptchaLabError
from captcha_core.models import build_model

Teacher = Callable[[torch.Tensor], torch.Tensor]
"""Maps normalised pictures (B, C, H, W) to logits (B, T, classes), without gradients."""


def load_teacher(path: str, alphabet: str, spec: dict[str, Any], device: torch.device) -> Teacher:
    """Load the larger model.

    Args:
        path: Its checkpoint.
        alphabet: The learner's characters, which must be the same.
        spec: The learner's preprocessing, which must be the same.
        device: Where it computes.

    Raises:
        CaptchaLabError: If the checkpoint cannot be used or does not fit.
    """
    tensors, meta = load_checkpoint(path)
    if meta.alphabet != alphabet or meta.transform != spec:
        raise CaptchaLabError(
            f"--teacher {path} has another alphabet or preprocessing than this run; train with those of the teacher."
        )
    model = build_model(meta.arch, **meta.arch_args)
    model.load_state_dict(tensors)
    model.eval().requires_grad_(False).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.no_grad()
    def read(images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = model(images)
        return logits

    return read


def distillation_loss(logits: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """Return the divergence of the learner's distributions from the teacher's: the sum of a picture's, their mean.

    So it weighs as much as CTC's loss, which is a picture's too.

    Args:
        logits: The learner's, shape (B, T, classes).
        known: The teacher's, of the same shape.

    Raises:
        CaptchaLabError: If the shapes differ.
    """
    if logits.shape != known.shape:
        raise CaptchaLabError(
            f"The teacher gives {tuple(known.shape[1:])} time steps and classes, the learner "
            f"{tuple(logits.shape[1:])}; choose a teacher of the same strides."
        )
    own, other = (values.float().log_softmax(dim=2) for values in (logits, known))
    return F.kl_div(own, other, reduction="batchmean", log_target=True)
