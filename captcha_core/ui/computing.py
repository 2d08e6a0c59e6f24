"""One thread in which all models of the page compute."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from captcha_core.recognizer import Recognizer

_COMPUTING = ThreadPoolExecutor(1, thread_name_prefix="computing")


class PageRecognizer(Recognizer):
    """A recogniser whose network computes in one thread, whoever asks.

    Torch keeps megabytes for every thread that has computed as long as it lives, and a server's visitors come in dozens
    of them. Passes after one another are as fast as at the same time, since each has all cores.
    """

    def logits(self, images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Return what :meth:`captcha_core.recognizer.Recognizer.logits` does; what it raises is raised here."""
        return _COMPUTING.submit(super().logits, images).result()
