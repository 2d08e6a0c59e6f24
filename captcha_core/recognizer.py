"""From a checkpoint to predictions: for a picture, a batch, or a stream that may be longer than memory."""

from __future__ import annotations

import functools
import math
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from captcha_core.agreement import agreed
from captcha_core.alphabet import Alphabet
from captcha_core.backends import latest_model, open_model
from captcha_core.checkpoint_meta import fingerprint
from captcha_core.constraint import Constraint
from captcha_core.decoding import Decoded, class_count, decode, position_probabilities
from captcha_core.errors import CaptchaLabError, CheckpointError, ImageError
from captcha_core.imaging import load_image
from captcha_core.prediction import Prediction
from captcha_core.transforms import build_transform, override_spec

if TYPE_CHECKING:
    import torch

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
    """Return the latest of the checkpoints in ``DEFAULT_MODELS``; see :func:`captcha_core.backends.latest_model`.

    Raises:
        CheckpointError: If there is none; the text says how to make one.
    """
    return latest_model(DEFAULT_MODELS)


class Recognizer:
    """A loaded checkpoint that reads pictures, on the CPU.

    A model with a second opinion reads by its first, and the confidences are those of both; see
    :mod:`captcha_core.agreement`.

    Nothing changes after construction, so threads may share one.

    Attributes:
        meta: What the checkpoint says about itself.
        alphabet: The characters that it can read.
        model_id: The name of the file that reads, without ending, ``@``, and its fingerprint.
        transform: The preprocessing: the checkpoint's, with what overrides it.
        scheme: How the model's logits are read; see :func:`captcha_core.decoding.decode`.
        expected: Which texts are possible where a caller says nothing of them; None means all.
    """

    def __init__(
        self,
        checkpoint: str | Path,
        threads: int | None = None,
        preprocessing: Mapping[str, Any] | None = None,
        backend: str | None = None,
    ) -> None:
        """Load a checkpoint.

        Args:
            checkpoint: Path of the file, or of what ``export.py`` made of it.
            threads: How many threads compute; with torch this holds for the whole process. None leaves it as it is.
            preprocessing: Overrides values of the checkpoint's transform, such as ``{"auto_crop": False}``, as
                :func:`captcha_core.transforms.build_transform` takes them; ``meta`` stays as it is.
            backend: What computes: ``torch``, or ``onnx`` (onnxruntime, without torch); None chooses by the file. See
                :func:`captcha_core.backends.open_model`.

        Raises:
            CaptchaLabError: If the backend is not installed.
            CheckpointError: If the file is missing, damaged or does not fit this version or the overriding values.
        """
        self._model = open_model(checkpoint, backend, threads)
        self.meta, self.scheme = self._model.meta, self._model.scheme
        self.alphabet, self.expected = Alphabet(self.meta.alphabet), self.meta.constraint()
        path = self._model.path
        self.model_id = f"{path.stem}@{fingerprint(path)}"
        try:
            _check_temperature(self.meta.temperature)
            self.transform = build_transform(override_spec(self.meta.transform, **preprocessing or {}))
        except CheckpointError as error:
            raise CheckpointError(f"{path} cannot be used: {error}") from error

    def read(self, source: Source, constraint: Constraint | None = None) -> Prediction:
        """Read one picture; ``latency_ms`` includes opening it.

        Args:
            source: Anything that :func:`captcha_core.imaging.load_image` takes.
            constraint: What is known of its text, see :func:`captcha_core.decoding.decode`; None means what the model
                expects.

        Raises:
            ImageError: If it is not a picture.
            CaptchaLabError: If the model can write no text that the constraint allows.
        """
        started = time.perf_counter()
        return self._predict([self.transform.array(load_image(source))], started, constraint)[0]

    def read_batch(self, images: Sequence[Image.Image], constraint: Constraint | None = None) -> list[Prediction]:
        """Read RGB pictures in one pass of the model; for more than memory holds, use :meth:`stream`.

        Args:
            images: The pictures.
            constraint: What is known of the text of each; None means what the model expects.

        Raises:
            CaptchaLabError: As :meth:`read`.
        """
        started = time.perf_counter()
        return self._predict([self.transform.array(image) for image in images], started, constraint)

    def stream(
        self, sources: Iterable[Source | NamedSource], batch_size: int = 32, constraint: Constraint | None = None
    ) -> Iterator[Prediction | CaptchaLabError]:
        """Read pictures one batch at a time, in order.

        Args:
            sources: Anything that :func:`captcha_core.imaging.load_image` takes, with a name or without.
            batch_size: Pictures per pass of the model; no more than these are in memory.
            constraint: What is known of the text of each; None means what the model expects.

        Yields:
            Per source, what was read or why it could not be opened.

        Raises:
            CaptchaLabError: As :meth:`read`.
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
            arrays = [o for o in opened if isinstance(o, np.ndarray)]
            predictions = iter(self._predict(arrays, started, constraint))
            yield from (o if isinstance(o, CaptchaLabError) else next(predictions) for o in opened)

    def model_view(self, image: Image.Image) -> Image.Image:
        """Return an RGB picture as the model sees it, after the preprocessing; always RGB, even where that is grey."""
        return self.transform.to_image(self.transform.array(image)).convert("RGB")

    def _open(self, source: Source | NamedSource) -> NDArray[np.float32] | CaptchaLabError:
        """Turn a source into the model's input (C, H, W), or into the reason why not."""
        name, picture = source if isinstance(source, NamedSource) else (None, source)
        if isinstance(picture, CaptchaLabError):
            return picture
        try:
            return self.transform.array(load_image(picture, name))
        except ImageError as error:
            return error

    def _predict(
        self, inputs: list[NDArray[np.float32]], started: float, constraint: Constraint | None
    ) -> list[Prediction]:
        """Read inputs of shape (C, H, W); work on them began at ``started`` of ``perf_counter``."""
        if not inputs:
            return []
        decoded = self._decoded(inputs, self.expected if constraint is None else constraint)
        latency_ms = (time.perf_counter() - started) * 1000 / len(inputs)
        return [
            Prediction(d.text, d.confidence, d.char_confidences, d.alternatives, latency_ms, self.model_id)
            for d in decoded
        ]

    def _decoded(self, inputs: list[NDArray[np.float32]], constraint: Constraint | None) -> list[Decoded]:
        """Run the model once per size of input, so that a picture reads the same in any company."""
        by_size: dict[tuple[int, ...], list[int]] = {}
        for number, array in enumerate(inputs):
            by_size.setdefault(array.shape, []).append(number)
        read: dict[int, Decoded] = {}
        for same_size in by_size.values():
            logits, second = self.logits(np.stack([inputs[i] for i in same_size]))
            if logits.shape[-1] != (expected := class_count(self.alphabet, self.scheme)):
                raise CheckpointError(
                    f"{self._model.path} scores {logits.shape[-1]} classes but its alphabet of {len(self.alphabet)} "
                    f"characters makes {expected}. Take a fresh copy or train again."
                )
            temperature = self.meta.temperature
            decoded = decode(logits, self.alphabet, self.scheme, temperature, constraint=constraint)
            if second is not None:
                probabilities = position_probabilities(second, self.alphabet, temperature, constraint)
                decoded = [agreed(d, p, self.alphabet) for d, p in zip(decoded, probabilities, strict=True)]
            read.update(zip(same_size, decoded, strict=True))
        return [read[number] for number in range(len(inputs))]

    def logits(self, images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Return the logits (B, T, classes) of images (B, C, H, W), and a second opinion's where the model has one."""
        return (self._model(images), None) if self._model.second_scheme is None else self._model.both(images)


def load_model(path: str | Path | None = None) -> Recognizer:
    """Load a model, ready to read.

    Args:
        path: The checkpoint; None takes the latest of the shipped ones.

    Raises:
        CheckpointError: If there is none or it cannot be used.
    """
    return Recognizer(default_checkpoint() if path is None else path)


def preprocess_image(source: Source, model: Recognizer) -> torch.Tensor:
    """Return a picture as a batch of one for the model: float32 of shape (1, C, H, W).

    Args:
        source: Anything that :func:`captcha_core.imaging.load_image` takes.
        model: Whose preprocessing is used; ``model.transform.array`` gives numpy, where there is no torch.

    Raises:
        ImageError: If it is not a picture.
    """
    return model.transform(load_image(source))[None]


def predict_captcha(source: Source, model: Recognizer) -> Prediction:
    """Read one picture; the same as :meth:`Recognizer.read`.

    Args:
        source: Anything that :func:`captcha_core.imaging.load_image` takes.
        model: What reads it.

    Raises:
        ImageError: If it is not a picture.
    """
    return model.read(source)


def detect_captcha(path: str | Path, checkpoint: str | Path | None = None) -> str:
    """Return the text in a picture file; the model is kept for the next call while its file stays as it is.

    Args:
        path: The picture.
        checkpoint: The model's file; None takes the latest of the shipped ones.

    Raises:
        CheckpointError: If there is no checkpoint or it cannot be used.
        ImageError: If there is no such picture or it cannot be read.
    """
    file = os.path.abspath(default_checkpoint() if checkpoint is None else checkpoint)
    # A file that is not there has no time; the recogniser then says so.
    changed = os.stat(file).st_mtime_ns if os.path.isfile(file) else None
    return _kept_model(file, changed).read(path).text


@functools.lru_cache(maxsize=1)
def _kept_model(path: str, changed: int | None) -> Recognizer:
    """Return the model of a checkpoint that was last changed at a time, in nanoseconds: a newer file is loaded anew."""
    return load_model(path)


def _check_temperature(temperature: Any) -> None:
    """Raise a CheckpointError unless logits can be divided by it."""
    if not (isinstance(temperature, int | float) and 0 < temperature < math.inf):
        raise CheckpointError(f"its temperature {temperature!r} is not a number above 0. Take a fresh copy.")
