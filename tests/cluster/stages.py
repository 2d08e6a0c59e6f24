"""A stage that is quick, can be counted and can be made to die."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from captcha_core.errors import DataError


@dataclass(frozen=True)
class Squares:
    """Yields as many squares as the job says, from its number on.

    Attributes:
        dies_in: Folder in which the first worker that gets job 5 leaves a file before it kills itself.
        always: Whether every worker that gets job 5 kills itself.
        refuses: The job that is refused.
        notes: Folder in which every job that was done leaves a file.
    """

    dies_in: Path | None = None
    always: bool = False
    refuses: int | None = None
    notes: Path | None = None

    schema = pa.schema([("root", pa.int64()), ("square", pa.int64())])

    def __call__(self, job: int) -> Iterator[tuple[int, int]]:
        if job == self.refuses:
            raise DataError(f"job {job} cannot be done")
        if job == 5 and self.dies_in is not None and (self.always or not any(self.dies_in.iterdir())):
            (self.dies_in / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if self.notes is not None:
            (self.notes / str(job)).touch()
        yield from ((job + n, (job + n) ** 2) for n in range(job % 3))


def expected(jobs: int) -> list[list[tuple[int, int]]]:
    return [list(Squares()(job)) for job in range(jobs)]
