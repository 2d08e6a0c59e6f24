"""What opens each kind of reader, within its own process; every engine works with one thread.

A rival is used as its documentation says, with nothing of it changed but the number of threads and the messages about
the shapes of its network. rapidocr's recogniser knows 18,708 characters; a user who expects digits would not let it
write Chinese, so only the characters of the alphabet compete.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partialmethod
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captcha_core.ctc import collapse

Read = Callable[[bytes, str, bool], dict[str, Any]]
"""Takes a PNG file, the characters of which its text is made and whether case does not matter; returns ``text`` and, if
known, ``confidence``."""


def open_checkpoint(path: str) -> tuple[str, Read]:
    """Open a checkpoint of this project; it writes what its own alphabet has.

    Raises:
        CheckpointError: If it cannot be used.
    """
    # Torch takes seconds to import, and the rivals do without.
    from captcha_core.recognizer import Recognizer

    recognizer = Recognizer(path, threads=1)

    def read(picture: bytes, alphabet: str, ignore_case: bool) -> dict[str, Any]:
        prediction = recognizer.read(picture)
        return {"text": prediction.text, "confidence": prediction.confidence}

    return recognizer.model_id, read


def open_masked_checkpoint(path: str) -> tuple[str, Read]:
    """Open a checkpoint of this project; of its own alphabet it writes only what the texts are made of.

    Where case does not matter, it is told that too.

    Raises:
        CheckpointError: If it cannot be used.
    """
    from captcha_core.constraint import Constraint
    from captcha_core.recognizer import Recognizer

    recognizer = Recognizer(path, threads=1)
    own = recognizer.meta.alphabet

    def read(picture: bytes, alphabet: str, ignore_case: bool) -> dict[str, Any]:
        allowed = "".join(character for character in own if character in alphabet)
        prediction = recognizer.read(picture, Constraint(allowed or own, ignore_case=ignore_case))
        return {"text": prediction.text, "confidence": prediction.confidence}

    return recognizer.model_id, read


def open_ddddocr(model: str) -> tuple[str, Read]:
    """Open ddddocr; ``model`` is ``default`` or ``beta``. A plain reading is not told the characters."""
    _tame_onnxruntime()
    import ddddocr

    reader = ddddocr.DdddOcr(show_ad=False, beta=model == "beta")
    return _installed("ddddocr"), lambda picture, alphabet, ignore_case: {"text": reader.classification(picture)}


def open_rapidocr(model: str) -> tuple[str, Read]:
    """Open rapidocr's recogniser of single lines of PP-OCRv6; ``model`` is its size, such as ``small``."""
    _tame_onnxruntime()
    import cv2
    import rapidocr

    cv2.setNumThreads(1)
    engine = rapidocr.RapidOCR(
        params={
            "Global.use_det": False,
            "Global.use_cls": False,
            "Global.log_level": "error",
            "Rec.ocr_version": rapidocr.OCRVersion.PPOCRV6,
            "Rec.model_type": rapidocr.ModelType(model),
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
    engine(np.full((48, 160, 3), 255, np.uint8))  # It loads the network for its first picture.
    greedy = MaskedGreedy(engine.text_rec.postprocess_op.character)
    engine.text_rec.postprocess_op = greedy

    def read(picture: bytes, alphabet: str, ignore_case: bool) -> dict[str, Any]:
        greedy.write_only(alphabet)
        return {"text": engine(picture).txts[0]}

    return _installed("rapidocr"), read


OPENERS: dict[str, Callable[[str], tuple[str, Read]]] = {
    "checkpoint": open_checkpoint,
    "masked checkpoint": open_masked_checkpoint,
    "ddddocr": open_ddddocr,
    "rapidocr": open_rapidocr,
}
"""By kind; each returns what the reader calls itself, and the reader."""


class MaskedGreedy:
    """Greedy decoding of CTC over some of the characters that a network knows, in place of rapidocr's own decoder."""

    def __init__(self, characters: Sequence[str]) -> None:
        """Take the character of every class, class 0 being the blank; at first all may be written."""
        self._characters = tuple(characters)
        self._alphabet: str | None = None
        self._columns = np.arange(len(self._characters))

    def write_only(self, alphabet: str) -> None:
        """Choose the characters that may be written; those that the network does not know are left out."""
        if alphabet != self._alphabet:
            wanted = set(alphabet)
            self._alphabet = alphabet
            self._columns = np.array([0, *(i for i, c in enumerate(self._characters) if i and c in wanted)])

    def __call__(
        self, scores: NDArray[np.float32], *_: object, **__: object
    ) -> tuple[list[tuple[str, float]], list[None]]:
        """Return text and confidence, which is not worked out, of scores of shape (B, T, classes)."""
        texts, lengths = collapse(scores[:, :, self._columns].argmax(axis=2), blank=0)
        written = (self._columns[text[:length]] for text, length in zip(texts, lengths, strict=True))
        return [("".join(self._characters[c] for c in classes), 1.0) for classes in written], []


def _installed(package: str) -> str:
    return f"{package} {version(package)}, onnxruntime {version('onnxruntime')}"


def _tame_onnxruntime() -> None:
    """Give every session of onnxruntime one thread, unless it asks for another number, and let it report errors only.

    It would warn of the shapes of ddddocr's network at every picture.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession
    session.__init__ = partialmethod(session.__init__, sess_options=options)
