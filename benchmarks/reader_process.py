"""One reader in a process of its own: pictures come in by a pipe, readings go out by another.

    python -m benchmarks.reader_process checkpoint saved_models/efficientnet.safetensors

benchmarks/readers.py starts it; so two versions of a package can be compared in one run. A message is a line of JSON.
The first one out is ``{"reader": ID}``; then each ``{"alphabet": CHARACTERS, "ignore_case": BOOL, "pictures": [PNG in
base64, ...]}`` is answered by ``{"readings": [{"text": TEXT, "seconds": SECONDS}, ...]}``, in order. The last one is
``{"error": TEXT}``.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

from benchmarks.adapters import OPENERS, Read
from captcha_core.errors import CaptchaLabError


def serve(opener: Callable[[], tuple[str, Read]]) -> None:
    """Open a reader and answer messages until there are no more.

    Args:
        opener: Returns what the reader calls itself, and the reader.
    """
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as answers:
        # What a package prints must not come between the answers.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        try:
            identity, read = opener()
            _say(answers, {"reader": identity})
            for line in sys.stdin.buffer:
                _say(answers, _answer(read, json.loads(line)))
        except CaptchaLabError as error:
            _say(answers, {"error": str(error)})


def _say(answers: TextIO, message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def _answer(read: Read, request: dict[str, Any]) -> dict[str, Any]:
    """Read the pictures of a message one at a time, each timed from the PNG file in memory to the text."""
    readings = []
    for packed in request["pictures"]:
        picture = base64.b64decode(packed)
        started = time.perf_counter()
        reading = read(picture, request["alphabet"], request["ignore_case"])
        readings.append(reading | {"seconds": time.perf_counter() - started})
    return {"readings": readings}


if __name__ == "__main__":
    serve(lambda: OPENERS[sys.argv[1]](sys.argv[2]))
