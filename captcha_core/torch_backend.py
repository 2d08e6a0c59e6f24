"""Running a checkpoint with torch: numpy in, numpy out."""

from __future__ import annotations

import reprlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from captcha_core.checkpoint import load_checkpoint
from captcha_core.checkpoint_meta import CheckpointMeta
from captcha_core.errors import CheckpointError
from captcha_core.models import build_model

# Most weights of layers that a constructor makes and drops, such as EfficientNet's own classifier with 1.3 million.
_DROPPED = 4 << 20


class TorchModel:
    """A checkpoint's network on the CPU.

    Nothing changes after construction, so threads may share one.

    Attributes:
        path: The file.
        meta: What the checkpoint says about itself.
        module: The network, ready to read.
        scheme: How its logits are read; see :func:`captcha_core.decoding.decode`.
        second_scheme: How the logits of its second opinion are read; None if it has none.
    """

    def __init__(self, path: str | Path, threads: int | None = None) -> None:
        """Load a checkpoint.

        Args:
            path: The file.
            threads: How many threads torch uses; this holds for the whole process. None leaves it as it is.

        Raises:
            CheckpointError: If the file is missing or damaged, or its description or weights do not fit the
                architecture.
        """
        if threads is not None:
            torch.set_num_threads(threads)
        self.path = Path(path)
        tensors, self.meta = load_checkpoint(path)
        try:
            self.module = _rebuild(self.meta, tensors)
        except CheckpointError as error:
            raise CheckpointError(f"{path} cannot be used: {error}") from error
        self.scheme = str(self.module.scheme)
        self.second_scheme: str | None = getattr(self.module, "second_scheme", None)

    def __call__(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits (B, T, classes) of normalised pictures (B, C, H, W)."""
        with torch.inference_mode():
            return np.asarray(self.module(torch.from_numpy(images)))

    def both(self, images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the logits and those of the second opinion."""
        network: Any = self.module
        with torch.inference_mode():
            logits, second = network.both(torch.from_numpy(images))
        return np.asarray(logits), np.asarray(second)


def _rebuild(meta: CheckpointMeta, tensors: dict[str, torch.Tensor]) -> nn.Module:
    """Return the checkpoint's model, ready to read.

    Raises:
        CheckpointError: If the description or the weights do not fit the architecture.
    """
    try:
        # Fresh weights are drawn before they are replaced; the caller's random numbers stay as they were. The meta
        # device would draw none, but its first use imports more than a second of torch.
        with torch.random.fork_rng(devices=[]), _at_most(sum(tensor.numel() for tensor in tensors.values())):
            model = build_model(meta.arch, **meta.arch_args)
        model.load_state_dict(tensors)
    except CheckpointError:
        raise
    except Exception as error:  # Arguments from a file can make a constructor raise anything.
        # Torch's own message lists every tensor by name, over many lines.
        raise CheckpointError(
            f"its weights do not fit the architecture {reprlib.repr(meta.arch)} with {reprlib.repr(meta.arch_args)}. "
            "Take a fresh copy."
        ) from error
    return model.eval().requires_grad_(False)


@contextmanager
def _at_most(weights: int) -> Iterator[None]:
    """Let this thread build a network of about so many weights, as the file has; a larger one ends the building.

    A weight is counted when a layer has reserved its memory and has not written to it, so a few words in a
    description, such as a width of a million, take none.

    Raises:
        CheckpointError: If there are more.
    """
    thread, left = threading.get_ident(), weights + _DROPPED

    def count(module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        nonlocal left
        if parameter is None or threading.get_ident() != thread:
            return
        left -= parameter.numel()
        if left < 0:
            raise CheckpointError(f"its description asks for more weights than its {weights:,}. Take a fresh copy.")

    hook = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        hook.remove()
