"""All that a run needs to continue as if it had never stopped, in one safetensors file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from captcha_core.errors import CaptchaLabError
from captcha_core.files import atomic_path


@dataclass
class Progress:
    """Where a run stands.

    Attributes:
        phase: Number of the phase, from 0.
        step: Steps done in it.
        best: Validation exact match and negative loss of the best checkpoint, compared in this order.
        history: One row per check, as in metrics.csv.
        fingerprint: That of the data, which must be the same when the run goes on.
        start: What the run began with, as :class:`captcha_core.training.initial.Start` holds it.
    """

    phase: int = 0
    step: int = 0
    best: tuple[float, float] | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    fingerprint: str = ""
    start: dict[str, Any] = field(default_factory=dict)


def save_state(
    path: Path, progress: Progress, model: nn.Module, ema: nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Write progress, weights, averaged weights and the optimiser's moments, atomically."""
    tensors = {f"model.{k}": v for k, v in model.state_dict().items()}
    tensors |= {f"ema.{k}": v for k, v in ema.state_dict().items()}
    for number, values in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{k}": torch.as_tensor(v) for k, v in values.items()}
    with atomic_path(path) as temporary:
        plain = {k: v.detach().cpu().contiguous() for k, v in tensors.items()}
        temporary.write_bytes(save(plain, metadata={"progress": json.dumps(asdict(progress))}))


def load_progress(path: Path) -> Progress:
    """Read where a run stands.

    Raises:
        CaptchaLabError: If the file is damaged.
    """
    try:
        with safe_open(path, framework="pt") as handle:
            values = json.loads((handle.metadata() or {})["progress"])
        best = values["best"]
        return Progress(**{**values, "best": None if best is None else (best[0], best[1])})
    except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        raise _damaged(path, error) from error


def load_state(path: Path, model: nn.Module, ema: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Fill model, averaged model and optimiser from a file that :func:`save_state` wrote.

    Raises:
        CaptchaLabError: If the file is damaged or belongs to another model.
    """
    try:
        with safe_open(path, framework="pt") as handle:
            tensors = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118 - not a mapping
        model.load_state_dict(_part(tensors, "model."))
        ema.load_state_dict(_part(tensors, "ema."))
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, tensor in _part(tensors, "optimizer.").items():
            number, key = name.split(".", 1)
            moments.setdefault(int(number), {})[key] = tensor
        optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
        _like_their_parameters(optimizer)
    except (SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise _damaged(path, error) from error


def _like_their_parameters(optimizer: torch.optim.Optimizer) -> None:
    """Lay the moments out in memory as their parameters are; fused AdamW walks both in storage order."""
    for parameter, values in optimizer.state.items():
        for name, tensor in values.items():
            if tensor.shape == parameter.shape:
                values[name] = torch.empty_like(parameter).copy_(tensor)


def _part(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def _damaged(path: Path, error: Exception) -> CaptchaLabError:
    return CaptchaLabError(
        f"{path} cannot be resumed from ({error}); start again from best.safetensors with --init-from."
    )
