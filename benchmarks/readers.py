"""Which readers are compared, and how one is asked to read."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from captcha_core.errors import CaptchaLabError
from tools.rivals import FOLDERS, SHARED

ROOT = Path(__file__).resolve().parent.parent
AT_ONCE = 20
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Reader:
    """A reader and how its process is started.

    Attributes:
        name: What the figures call it.
        command: What Python is told to run; see benchmarks/reader_process.py.
        folders: Where its packages lie, beside the project's environment.
    """

    name: str
    command: tuple[str, ...]
    folders: tuple[Path, ...] = ()


class Reading(NamedTuple):
    """What a reader made of a picture.

    Attributes:
        text: The text.
        confidence: How sure it is, in 0..1; None when it does not say.
        seconds: From the PNG file in memory to the text.
    """

    text: str
    confidence: float | None
    seconds: float


def rivals(folder: Path) -> list[Reader]:
    """Return the readers of others, as tools/rivals.py installed them.

    Raises:
        CaptchaLabError: If one of them is not there.
    """
    if missing := [name for name in FOLDERS if not (folder / name).is_dir()]:
        raise CaptchaLabError(f"There is no {folder / missing[0]}; install it with: python tools/rivals.py {folder}")
    return [
        _rival("ddddocr 1.5.6", "ddddocr", "default", folder),
        _rival("ddddocr 1.5.6 beta", "ddddocr", "beta", folder),
        _rival("ddddocr 1.6.1", "ddddocr", "default", folder),
        _rival("ddddocr 1.6.1 beta", "ddddocr", "beta", folder),
        _rival("rapidocr 3.10.0", "rapidocr", "small", folder),
    ]


def checkpoints(paths: Sequence[Path], rival_folder: Path | None, masked: bool = False) -> list[Reader]:
    """Return the readers of this project, each named by its file.

    Args:
        paths: The checkpoints.
        rival_folder: Where the rivals are, if there are any; what needs onnxruntime then runs on theirs.
        masked: Whether they are told which characters the texts are made of, as rapidocr's recogniser is, and where
            case does not matter.

    Raises:
        CaptchaLabError: If a file is not there, or two have one name.
    """
    for number, path in enumerate(paths):
        if not path.is_file():
            raise CaptchaLabError(f"There is no checkpoint at {path}; check --checkpoint.")
        if path.name in {other.name for other in paths[:number]}:
            raise CaptchaLabError(f"Two checkpoints are called {path.name}; the figures could not tell them apart.")
    folders = () if rival_folder is None else (rival_folder.resolve() / SHARED,)
    kind, note = ("masked checkpoint", ", masked") if masked else ("checkpoint", "")
    return [Reader(f"{path.name}{note}", _process(kind, str(path.resolve())), folders) for path in paths]


def _rival(name: str, kind: str, model: str, folder: Path) -> Reader:
    package, release = name.split()[:2]
    places = (folder.resolve() / f"{package}-{release}", folder.resolve() / SHARED)
    return Reader(name, _process(kind, model), places)


def _process(kind: str, argument: str) -> tuple[str, ...]:
    return ("-m", "benchmarks.reader_process", kind, argument)


class ReaderProcess:
    """A reader at work in a process of its own, which ends with the ``with`` block.

    Attributes:
        name: The reader's.
        identity: What it calls itself: the packages' releases, or the checkpoint's fingerprint.
    """

    def __init__(self, reader: Reader) -> None:
        """Start the reader and wait until it is ready.

        Raises:
            CaptchaLabError: If it cannot be opened.
        """
        self.name = reader.name
        self._process = subprocess.Popen(
            [sys.executable, *reader.command],
            cwd=ROOT,
            env=os.environ | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(map(str, reader.folders))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            self.identity = str(self._receive()["reader"])
        except BaseException:
            self._stop()
            raise

    def __enter__(self) -> ReaderProcess:
        """Return the process."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        self._stop()

    def read(self, pictures: Sequence[bytes], alphabet: str, ignore_case: bool = False) -> Iterator[Reading]:
        """Read pictures one at a time, in order.

        Args:
            pictures: PNG files.
            alphabet: The characters that their texts are made of.
            ignore_case: Whether case does not matter in them.

        Yields:
            What was read in each.

        Raises:
            CaptchaLabError: If the reader ends before the pictures do.
        """
        for start in range(0, len(pictures), AT_ONCE):
            packed = [base64.b64encode(picture).decode() for picture in pictures[start : start + AT_ONCE]]
            self._send({"alphabet": alphabet, "ignore_case": ignore_case, "pictures": packed})
            for reading in self._receive()["readings"]:
                yield Reading(reading["text"], reading.get("confidence"), reading["seconds"])

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        # Why it ended is told by what it said last, or by its silence.
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise CaptchaLabError(f"{self.name} ended before it had read all; what it said stands above.")
        message: dict[str, Any] = json.loads(line)
        if "error" in message:
            raise CaptchaLabError(f"{self.name}: {message['error']}")
        return message

    def _stop(self) -> None:
        """End the process; it writes nothing that could be left half-way."""
        self._process.kill()
        with suppress(BrokenPipeError), self._process:
            pass
