"""Pictures of many visitors in one pass of the model.

One thread runs the models. What has come in while it was at work it takes together, so that nobody waits for company
and a crowd is read at the speed of batches. Gradio's own batching would answer a whole batch with one error.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PIL import Image

from captcha_core.constraint import Constraint
from captcha_core.errors import CaptchaLabError
from captcha_core.prediction import Prediction

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer

MOST_AT_ONCE = 16
MOST_WAITING = 256


class BusyError(CaptchaLabError):
    """More pictures are waiting than can be read soon."""


@dataclass(frozen=True)
class _Request:
    recognizer: Recognizer
    image: Image.Image
    constraint: Constraint | None
    answer: Future[Prediction] = field(default_factory=Future)

    def goes_with(self, other: _Request) -> bool:
        return self.recognizer is other.recognizer and self.constraint == other.constraint


class Batcher:
    """Reads the pictures of many threads together."""

    def __init__(self) -> None:
        """Start the thread that reads; it ends with the process."""
        self._waiting: deque[_Request] = deque()
        self._arrived = threading.Condition()
        threading.Thread(target=self._work, name="reading", daemon=True).start()

    def read(self, recognizer: Recognizer, image: Image.Image, constraint: Constraint | None = None) -> Prediction:
        """Read one RGB picture, together with those that others ask for at the same time; wait for the answer.

        Raises:
            BusyError: If too many pictures are waiting.
            CaptchaLabError: As :meth:`captcha_core.recognizer.Recognizer.read_batch`.
        """
        request = _Request(recognizer, image, constraint)
        with self._arrived:
            if len(self._waiting) >= MOST_WAITING:
                raise BusyError(f"{MOST_WAITING} pictures are waiting to be read; try again in a few seconds.")
            self._waiting.append(request)
            self._arrived.notify()
        return request.answer.result()

    def _work(self) -> None:
        while True:
            with self._arrived:
                self._arrived.wait_for(lambda: self._waiting)
                together = self._take()
            _answer(together)

    def _take(self) -> list[_Request]:
        """Take the first request and what may go with it, in the order in which they came."""
        first = self._waiting[0]
        together = [r for r in self._waiting if r.goes_with(first)][:MOST_AT_ONCE]
        taken = {id(r) for r in together}
        self._waiting = deque(r for r in self._waiting if id(r) not in taken)
        return together


def _answer(requests: list[_Request]) -> None:
    first = requests[0]
    try:
        predictions = first.recognizer.read_batch([r.image for r in requests], first.constraint)
    except Exception as error:  # Whoever asked is told; the thread goes on for the others.
        for request in requests:
            request.answer.set_exception(error)
        return
    for request, prediction in zip(requests, predictions, strict=True):
        request.answer.set_result(prediction)
