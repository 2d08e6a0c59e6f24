"""A command in a process of its own, bounded in time and memory and after everything else in priority.

It writes into a pipe that this process reads. So when the page is killed, the command ends too, at its next line.
"""

from __future__ import annotations

import codecs
import os
import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from captcha_core.ui.teach_switch import EXPORT, TRAIN

MOST_SECONDS = 30 * 60.0
MOST_MEMORY = 8 << 30
"""Bytes that a command may allocate; an adaptation of a shipped model takes less than half of it."""

_NICENESS = 10
_LINES_KEPT = 60


@dataclass(frozen=True)
class Commands:
    """What is run, and how long and large it may be.

    Attributes:
        train: The program that adapts, without arguments.
        export: The program that writes ONNX.
        most_seconds: Time for all of a training.
        most_memory: Bytes that a command may allocate.
    """

    train: tuple[str, ...] = (sys.executable, str(TRAIN))
    export: tuple[str, ...] = (sys.executable, str(EXPORT))
    most_seconds: float = MOST_SECONDS
    most_memory: int = MOST_MEMORY


class BoundedProcess:
    """Runs commands one after the other until it is stopped or out of time.

    Attributes:
        out_of_time: Whether the time was up before all was done.
        last_lines: What the last command wrote at the end.
    """

    def __init__(self, folder: Path, commands: Commands) -> None:
        """Prepare commands that run in a folder; their time begins now."""
        self._folder, self._most_memory = folder, commands.most_memory
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._stopped = self.out_of_time = False
        self.last_lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self._clock = threading.Timer(commands.most_seconds, self._time_is_up)
        self._clock.daemon = True
        self._clock.start()

    def run(self, command: Sequence[str], told: Callable[[str], object]) -> int | None:
        """Run a command and wait for it.

        Args:
            command: The program and its arguments.
            told: Called with every line of its output; a line that is written over counts, too.

        Returns:
            Its exit code, negative if a signal ended it; None if it was stopped or out of time.
        """
        with self._lock:
            if self._stopped:
                return None
            self.last_lines.clear()
            self._process = subprocess.Popen(
                command,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                # What ends the page at its terminal is dealt with by the page.
                start_new_session=True,
                env={**os.environ, "TMPDIR": str(self._folder)},
            )
        _restrain(self._process.pid, self._most_memory)
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in _lines(output.fileno()):
                self.last_lines.append(line)
                told(line)
        code = self._process.wait()
        return None if self._stopped else code

    def stop(self) -> None:
        """End the command at once, and begin no other."""
        with self._lock:
            self._stopped = True
            if self._process is not None and self._process.poll() is None:
                self._process.kill()
        self._clock.cancel()

    def _time_is_up(self) -> None:
        self.out_of_time = True
        self.stop()


def _restrain(pid: int, most_memory: int) -> None:
    """Put a process behind all others and bound its memory, where the system can do that."""
    try:
        if sys.platform != "win32":
            own = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, pid, min(own + _NICENESS, 19))
        if sys.platform == "linux":
            import resource

            # Memory that can be written to; RLIMIT_AS would count what the libraries only reserve.
            resource.prlimit(pid, resource.RLIMIT_DATA, (most_memory, most_memory))
    except OSError:
        return  # It has ended already.


def _lines(descriptor: int) -> Iterator[str]:
    """Yield what is written to a pipe, line by line, as soon as a line is whole."""
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    rest = ""
    while block := os.read(descriptor, 1 << 16):
        *whole, rest = re.split(r"[\r\n]+", rest + decode(block))
        yield from (line for line in whole if line)
    if rest:
        yield rest
