"""From a checkpoint to predictions: for a picture, a batch, or a stream that may be longer than memory."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import torch
from PIL import Image
from torch import nn

from captcha_core.alphabet import Alphabet
from captcha_core.checkpoint import CheckpointMeta, fingerprint, latest_checkpoint, load_checkpoint
from captcha_core.decoding import decode_positions
from captcha_core.errors import CaptchaLabError, CheckpointError, ImageError
from captcha_core.imaging import load_image
from captcha_core.models import build_model
from captcha_core.prediction import Prediction
from captcha_core.transforms import build_transform

DEFAULT_MODELS = Path(__file__).resolve().parent.parent / "saved_models"

Source = str | Path | bytes | BinaryIO | Image.Image


class NamedSource(NamedTuple):
    """A picture and what messages shall call it.

    Attributes:
        name: A path, or a file and a row.
        source: The picture, or why there is none, for :meth:`Recognizer.stream` to pass on in its place.
    """

    name: str
    source: Source | CaptchaLabError


def default_checkpoint() -> Path:
    """Return the latest of the checkpoints in ``DEFAULT_MODELS``.

    Raises:
        CheckpointError: If there is none; the text says how to make one.
    """
    return latest_checkpoint(DEFAULT_MODELS)


class Recognizer:
    """A loaded checkpoint that reads pictures, on the CPU.

    Nothing changes after construction, so threads may share one.

    Attributes:
        meta: What the checkpoint says about itself.
        alphabet: The characters that it can read.
        model_id: The checkpoint's file name without ending, ``@``, and its fingerprint.
    """

    def __init__(self, checkpoint: str | Path, threads: int | None = None) -> None:
        """Load a checkpoint.

        Args:
            checkpoint: Path of the file.
            threads: How many threads torch uses; this holds for the whole process. None leaves it as it is.

        Raises:
            CheckpointError: If the file is missing, damaged or does not fit this version.
        """
        if threads is not None:
            torch.set_num_threads(threads)
        tensors, self.meta = load_checkpoint(checkpoint)
        self.alphabet = Alphabet(self.meta.alphabet)
        self.model_id = f"{Path(checkpoint).stem}@{fingerprint(checkpoint)}"
        self._path = Path(checkpoint)
        try:
            self._transform = build_transform(self.meta.transform)
            self._model = _rebuild(self.meta, tensors)
        except CheckpointError as error:
            raise CheckpointError(f"{checkpoint} cannot be used: {error}") from error

    def read(self, source: Source) -> Prediction:
        """Read one picture; ``latency_ms`` includes opening it.

        Args:
            source: Anything that :func:`captcha_core.imaging.load_image` takes.

        Raises:
            ImageError: If it is not a picture.
        """
        started = time.perf_counter()
        return self._predict([self._transform(load_image(source))], started)[0]

    def read_batch(self, images: Sequence[Image.Image]) -> list[Prediction]:
        """Read RGB pictures in one pass of the model; for more than memory holds, use :meth:`stream`."""
        started = time.perf_counter()
        return self._predict([self._transform(image) for image in images], started)

    def stream(
        self, sources: Iterable[Source | NamedSource], batch_size: int = 32
    ) -> Iterator[Prediction | CaptchaLabError]:
        """Read pictures one batch at a time, in order.

        Args:
            sources: Anything that :func:`captcha_core.imaging.load_image` takes, with a name or without.
            batch_size: Pictures per pass of the model; no more than these are in memory.

        Yields:
            Per source, what was read or why it could not be opened.

        Raises:
            ValueError: If the batch size is below 1.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size={batch_size} must be at least 1")
        remaining = iter(sources)
        while True:
            started = time.perf_counter()
            opened = [self._open(source) for source in islice(remaining, batch_size)]
            if not opened:
                return
            predictions = iter(self._predict([o for o in opened if isinstance(o, torch.Tensor)], started))
            yield from (o if isinstance(o, CaptchaLabError) else next(predictions) for o in opened)

    def model_view(self, image: Image.Image) -> Image.Image:
        """Return an RGB picture as the model sees it, after the checkpoint's preprocessing."""
        return self._transform.to_image(self._transform(image))

    def _open(self, source: Source | NamedSource) -> torch.Tensor | CaptchaLabError:
        """Turn a source into the model's input (3, H, W), or into the reason why not."""
        name, picture = source if isinstance(source, NamedSource) else (None, source)
        if isinstance(picture, CaptchaLabError):
            return picture
        try:
            return self._transform(load_image(picture, name))
        except ImageError as error:
            return error

    def _predict(self, inputs: list[torch.Tensor], started: float) -> list[Prediction]:
        """Read inputs of shape (3, H, W); work on them began at ``started`` of ``perf_counter``."""
        if not inputs:
            return []
        logits = self._logits(inputs)
        if logits.shape[-1] != len(self.alphabet) + 1:
            raise CheckpointError(
                f"{self._path} scores {logits.shape[-1] - 1} characters but its alphabet has {len(self.alphabet)}. "
                "Take a fresh copy or train again."
            )
        decoded = decode_positions(logits, self.alphabet, self.meta.temperature)
        latency_ms = (time.perf_counter() - started) * 1000 / len(inputs)
        return [
            Prediction(d.text, d.confidence, d.char_confidences, d.alternatives, latency_ms, self.model_id)
            for d in decoded
        ]

    def _logits(self, inputs: list[torch.Tensor]) -> torch.Tensor:
        """Run the model once per size of input, so that a picture reads the same in any company."""
        by_size: dict[torch.Size, list[int]] = {}
        for number, tensor in enumerate(inputs):
            by_size.setdefault(tensor.shape, []).append(number)
        numbers = [number for same_size in by_size.values() for number in same_size]
        with torch.inference_mode():
            parts = [self._model(torch.stack([inputs[i] for i in same_size])) for same_size in by_size.values()]
            return torch.cat(parts)[torch.tensor(numbers).argsort()]


def _rebuild(meta: CheckpointMeta, tensors: dict[str, torch.Tensor]) -> nn.Module:
    """Return the checkpoint's model, ready to read.

    Raises:
        CheckpointError: If the description or the weights do not fit the architecture.
    """
    if not (isinstance(meta.temperature, int | float) and 0 < meta.temperature < math.inf):
        raise CheckpointError(f"its temperature {meta.temperature!r} is not a number above 0. Take a fresh copy.")
    try:
        # Fresh weights are drawn before they are replaced; the caller's random numbers stay as they were. The meta
        # device would draw none, but its first use imports more than a second of torch.
        with torch.random.fork_rng(devices=[]):
            model = build_model(meta.arch, **meta.arch_args)
        model.load_state_dict(tensors)
    except (RuntimeError, TypeError, ArithmeticError) as error:
        # Torch's own message lists every tensor by name, over many lines.
        raise CheckpointError(
            f"its weights do not fit the architecture {meta.arch!r} with {meta.arch_args!r}. Take a fresh copy."
        ) from error
    return model.eval().requires_grad_(False)
