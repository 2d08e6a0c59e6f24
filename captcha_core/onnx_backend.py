"""Running an exported network with onnxruntime, where there is no torch: numpy in, numpy out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captcha_core.checkpoint_meta import HEADER_KEY, CheckpointMeta, parse_meta
from captcha_core.decoding import SCHEMES
from captcha_core.errors import CaptchaLabError, CheckpointError

SUFFIX = ".onnx"
INSTALL = "pip install onnxruntime==1.31.1"

# The names that captcha_core.export gives to what goes in and out, and to what it writes beside the description.
IMAGES, LOGITS, SECOND = "images", "logits", "second"
SCHEME_KEY = f"{HEADER_KEY}_scheme"
SECOND_SCHEME_KEY = f"{HEADER_KEY}_second_scheme"
SOURCE_KEY = f"{HEADER_KEY}_source"
_EXTERNAL = b"location"


class OnnxModel:
    """A network that ``export.py`` wrote, on the CPU.

    Nothing changes after construction, so threads may share one.

    Attributes:
        path: The file.
        meta: What the checkpoint that it was exported from says about itself.
        scheme: How its logits are read; see :func:`captcha_core.decoding.decode`.
        second_scheme: How the logits of its second opinion are read; None if it has none.
        source: Fingerprint of the checkpoint that it was exported from.
    """

    def __init__(self, path: str | Path, threads: int | None = None) -> None:
        """Load a file.

        Args:
            path: The file.
            threads: How many threads one picture's layers may use; None leaves it to onnxruntime.

        Raises:
            CaptchaLabError: If onnxruntime is not installed.
            CheckpointError: If the file is missing, damaged, not one of this project, or from a newer version.
        """
        self.path = Path(path)
        self._session, header = _opened(self.path, threads)
        if HEADER_KEY not in header:
            raise CheckpointError(
                f"{path} holds a network but no Captcha Lab description. Give a file made by export.py."
            )
        self.meta: CheckpointMeta = parse_meta(path, header[HEADER_KEY])
        self.scheme: str = header.get(SCHEME_KEY, "")
        self.second_scheme: str | None = header.get(SECOND_SCHEME_KEY)
        self.source: str = header.get(SOURCE_KEY, "")
        self._check_ends()

    def __call__(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits (B, T, classes) of normalised pictures (B, C, H, W).

        Raises:
            CheckpointError: If the network cannot take pictures of this size, or gives something else than logits.
        """
        return self._run([LOGITS], images)[0]

    def both(self, images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the logits and those of the second opinion.

        Raises:
            CheckpointError: As for the logits alone.
        """
        logits, second = self._run([LOGITS, SECOND], images)
        return logits, second

    def _check_ends(self) -> None:
        """Raise unless pictures go in and what the schemes promise comes out."""
        schemes = [self.scheme] if self.second_scheme is None else [self.scheme, self.second_scheme]
        if not set(schemes) <= set(SCHEMES):
            raise CheckpointError(
                f"{self.path} writes texts by a scheme {schemes!r} unknown to this version. Update Captcha Lab."
            )
        inputs = {end.name: (end.type, len(end.shape)) for end in self._session.get_inputs()}
        outputs = {end.name: (end.type, len(end.shape)) for end in self._session.get_outputs()}
        expected = dict.fromkeys([LOGITS, SECOND][: len(schemes)], ("tensor(float)", 3))
        if inputs != {IMAGES: ("tensor(float)", 4)} or not expected.items() <= outputs.items():
            raise CheckpointError(
                f"{self.path} maps {sorted(inputs)} to {sorted(outputs)}, which is not a network that reads pictures. "
                "Give a file made by export.py."
            )

    def _run(self, names: Sequence[str], images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        try:
            outputs = self._session.run(list(names), {IMAGES: images})
        except Exception as error:  # What onnxruntime raises has no other base.
            raise CheckpointError(
                f"{self.path} cannot read a picture of shape {images.shape[1:]}, as its own description has it "
                f"({_reason(error)}). Export it again: python export.py CHECKPOINT"
            ) from error
        if any(output.ndim != 3 or len(output) != len(images) for output in outputs):
            raise CheckpointError(
                f"{self.path} gives {[output.shape for output in outputs]} for {len(images)} pictures, which are no "
                "logits. Export it again: python export.py CHECKPOINT"
            )
        return list(outputs)


def _opened(path: Path, threads: int | None) -> tuple[Any, dict[str, str]]:
    """Return onnxruntime's session over a file, and the file's metadata.

    Raises:
        CaptchaLabError: If onnxruntime is not installed.
        CheckpointError: If the file is missing or cannot be loaded.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise CaptchaLabError(f"Reading with {path.name} needs onnxruntime. Install it: {INSTALL}") from error
    if not os.path.isfile(path):
        raise CheckpointError(f"There is no file at {path}. Make it: python export.py CHECKPOINT --output {path}")
    _check_alone(path)
    options = onnxruntime.SessionOptions()
    # What goes wrong is raised; the log would say it a second time.
    options.log_severity_level = 4
    if threads is not None:
        options.intra_op_num_threads = threads
    try:
        # A fallback would print its reason, and there is none for the CPU.
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"], enable_fallback=False
        )
        return session, session.get_modelmeta().custom_metadata_map
    except Exception as error:  # What onnxruntime raises has no other base.
        raise CheckpointError(
            f"{path} is not a whole ONNX file that onnxruntime can run ({_reason(error)}). Take a fresh copy or "
            "export it again: python export.py CHECKPOINT"
        ) from error


def _check_alone(path: Path) -> None:
    """Refuse a network that takes weights from another file, or from an address in memory.

    Each such weight has an entry by this name (ONNX, "External Data"), in whatever way the rest is encoded; names of
    layers and what ``export.py`` writes never hold it.

    Raises:
        CheckpointError: If it may be one.
    """
    try:
        found = _EXTERNAL in path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be opened ({error.strerror}); check its permissions.") from error
    if found:
        raise CheckpointError(
            f"{path} names another file for its weights, which is not read. "
            "Export it again: python export.py CHECKPOINT"
        )


def _reason(error: Exception) -> str:
    """Return what onnxruntime says in its first line, without codes and paths."""
    first = (str(error).splitlines() or [""])[0]
    return first.rpartition(" : ")[2].rpartition("failed:")[2].strip(" .")[:200] or type(error).__name__
