"""Running a command while its time, and the memory and processor time of every process below it, are taken."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
_EVERY = 0.2


@dataclass(frozen=True)
class Usage:
    """What a command took.

    Attributes:
        seconds: Wall time.
        peak_bytes: Largest resident set that any one of its processes was seen with.
        own_seconds: Processor time of the command's own process.
        other_seconds: Processor time of all processes below it.
    """

    seconds: float
    peak_bytes: int
    own_seconds: float
    other_seconds: float


def watch(words: list[str], log: Path, note: Callable[[Usage], None] = lambda usage: None) -> Usage:
    """Run Python with these words in the project's folder, every process with one thread, and return what it took.

    Args:
        words: A script or module, and its arguments.
        log: Where its output goes.
        note: Called with what it took so far, several times a second.

    Raises:
        SystemExit: If the command fails; with the end of its output.
    """
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    started = time.perf_counter()
    processor: dict[tuple[int, float], float] = {}
    peak = 0
    with log.open("wb") as output:
        command = psutil.Popen(
            [sys.executable, *words], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        own = (command.pid, command.create_time())
        try:
            while command.poll() is None:
                peak = max(peak, _look(command, processor))
                note(_usage(started, peak, own, processor))
                with suppress(psutil.TimeoutExpired):
                    command.wait(_EVERY)
        finally:
            if command.poll() is None:
                command.terminate()
                command.wait()
    if command.returncode:
        sys.exit(f"{' '.join(words)} ended with {command.returncode}:\n{log.read_text(errors='replace')[-2000:]}")
    return _usage(started, peak, own, processor)


def _look(command: psutil.Popen, processor: dict[tuple[int, float], float]) -> int:
    """Note the processor time of every process of the tree, and return the largest resident set."""
    peak = 0
    with suppress(psutil.NoSuchProcess):
        for process in [command, *command.children(recursive=True)]:
            # One may end between the two looks.
            with suppress(psutil.NoSuchProcess), process.oneshot():
                times = process.cpu_times()
                processor[process.pid, process.create_time()] = times.user + times.system
                peak = max(peak, process.memory_info().rss)
    return peak


def _usage(started: float, peak: int, own: tuple[int, float], processor: dict[tuple[int, float], float]) -> Usage:
    others = sum(seconds for process, seconds in processor.items() if process != own)
    return Usage(time.perf_counter() - started, peak, processor.get(own, 0.0), others)
