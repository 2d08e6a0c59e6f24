"""One self-describing file per model: weights and all that is needed to use them.

A checkpoint is a safetensors file whose header carries a JSON object under the key ``captcha_lab``
(:class:`captcha_core.checkpoint_meta.CheckpointMeta`). Nothing in it is ever unpickled, so a file from a stranger can
be opened.

Weights with two or more dimensions are stored as float16, the rest (biases, normalisation statistics,
whose variances would underflow) as float32, which halves the size.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from captcha_core.checkpoint_meta import (
    FORMAT_VERSION,
    HEADER_KEY,
    SUFFIX,
    CheckpointMeta,
    damaged,
    fingerprint,
    latest_checkpoint,
    read_meta,
)
from captcha_core.files import atomic_path

__all__ = [
    "FORMAT_VERSION",
    "SUFFIX",
    "CheckpointMeta",
    "fingerprint",
    "latest_checkpoint",
    "load_checkpoint",
    "read_meta",
    "save_checkpoint",
]


def save_checkpoint(path: str | Path, tensors: Mapping[str, torch.Tensor], meta: CheckpointMeta) -> None:
    """Write a checkpoint; what was at ``path`` stays whole until the new file is complete.

    Args:
        path: Where to write, by custom ``*.safetensors``.
        tensors: The model's ``state_dict()``.
        meta: What the file says about itself.

    Raises:
        CaptchaLabError: If the file cannot be written.
    """
    stored = {name: _storable(tensor) for name, tensor in tensors.items()}
    with atomic_path(path) as temporary:
        # Not save_file, which makes the file anew with permissions of its own.
        temporary.write_bytes(save(stored, metadata={HEADER_KEY: json.dumps(asdict(meta))}))


def load_checkpoint(path: str | Path) -> tuple[dict[str, torch.Tensor], CheckpointMeta]:
    """Read weights (floating ones as float32, on the CPU) and description.

    Raises:
        CheckpointError: If the file is missing, damaged, not a checkpoint of this project, or from a newer version.
    """
    meta = read_meta(path)
    try:
        with safe_open(path, framework="pt") as handle:
            tensors = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError) as error:
        raise damaged(path, error) from error
    return {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}, meta


def _storable(tensor: torch.Tensor) -> torch.Tensor:
    tensor = tensor.detach().cpu()
    if tensor.is_floating_point():
        tensor = tensor.to(torch.float16 if tensor.dim() > 1 else torch.float32)
    return tensor.contiguous()
