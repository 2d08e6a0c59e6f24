"""What runs a network: torch, or onnxruntime where there is no torch."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from captcha_core.checkpoint_meta import CheckpointMeta, fingerprint, latest_checkpoint
from captcha_core.errors import CaptchaLabError, CheckpointError
from captcha_core.onnx_backend import SUFFIX, OnnxModel

BACKENDS = ("torch", "onnx")


class Model(Protocol):
    """A network that reads pictures on the CPU; threads may share one.

    Attributes:
        path: The file that it was loaded from.
        meta: What the checkpoint says about itself.
        scheme: How its logits are read; see :func:`captcha_core.decoding.decode`.
        second_scheme: How the logits of its second opinion are read; None if it has none.
    """

    path: Path
    meta: CheckpointMeta
    scheme: str
    second_scheme: str | None

    def __call__(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits (B, T, classes) of normalised pictures (B, C, H, W)."""
        ...

    def both(self, images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the logits and those of the second opinion, which there must be."""
        ...


def open_model(checkpoint: str | Path, backend: str | None = None, threads: int | None = None) -> Model:
    """Load a network; only a checkpoint that torch reads imports torch.

    Args:
        checkpoint: A checkpoint (safetensors) or a file that ``export.py`` wrote (ONNX).
        backend: ``torch`` or ``onnx``; None chooses by the file. ``onnx`` reads a checkpoint with the ONNX file of the
            same name beside it.
        threads: How many threads may work on a batch, for torch in the whole process; None leaves it to the library.

    Raises:
        CaptchaLabError: If the library is not installed.
        CheckpointError: If the file is missing or damaged, does not fit this version, or cannot be read by the backend.
        ValueError: If there is no such backend.
    """
    path = Path(checkpoint)
    exported = path.suffix.lower() == SUFFIX
    if backend not in (None, *BACKENDS):
        raise ValueError(f"backend={backend!r} is none of {', '.join(BACKENDS)}")
    if exported and backend == "torch":
        raise CheckpointError(f"torch cannot read {path}; give the checkpoint that it was exported from.")
    if exported:
        return OnnxModel(path, threads)
    return _beside(path, threads) if backend == "onnx" else _with_torch(path, threads)


def latest_model(folder: str | Path) -> Path:
    """Return the latest checkpoint of a folder; where there are only exported ones, as in a Space, the latest of these.

    Raises:
        CheckpointError: If there is neither.
    """
    try:
        return latest_checkpoint(folder)
    except CheckpointError:
        found: list[tuple[int, str, Path]] = []
        for path in sorted(Path(folder).glob(f"*{SUFFIX}")):
            with suppress(CaptchaLabError):
                found.append((OnnxModel(path).meta.epoch, path.name, path))
        if not found:
            raise
        return max(found)[2]


def _beside(checkpoint: Path, threads: int | None) -> OnnxModel:
    """Load the ONNX file beside a checkpoint.

    Raises:
        CheckpointError: If there is none, or it was exported from another checkpoint.
    """
    path, export = checkpoint.with_suffix(SUFFIX), f"python export.py {checkpoint}"
    if not os.path.isfile(checkpoint):
        raise CheckpointError(f"There is no checkpoint at {checkpoint}. Give the path of one, or of an {SUFFIX} file.")
    if not os.path.isfile(path):
        raise CheckpointError(f"There is no {path} to read with. Make it: {export}")
    model = OnnxModel(path, threads)
    if model.source != fingerprint(checkpoint):
        raise CheckpointError(f"{path} was exported from another checkpoint than {checkpoint}. Export again: {export}")
    return model


def _with_torch(checkpoint: Path, threads: int | None) -> Model:
    try:
        # Here and not above: torch takes seconds to import.
        from captcha_core.torch_backend import TorchModel
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise CaptchaLabError(
            f"Reading with {checkpoint} needs torch. Install it: pip install -r requirements.txt. Or export it where "
            f"torch is, python export.py {checkpoint}, and read with the {SUFFIX} file."
        ) from error
    return TorchModel(checkpoint, threads)
