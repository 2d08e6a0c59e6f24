"""What does the work: this process, processes of this machine, or a Ray cluster; each gives the same rows.

Work is cut into jobs, descriptions of some hundred pictures each. A *stage* turns a job into rows, and what it makes of
one depends on nothing else, so that it does not matter which process did it, how many there are, or whether one died
and another did it again.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from captcha_core.errors import CaptchaLabError

if TYPE_CHECKING:
    import pyarrow as pa

# A job that kills so many processes one after the other will not get better.
_MOST_DEATHS = 3


class Stage(Protocol):
    """Turns jobs into rows: a value whose ``repr`` says all that the rows depend on beside the job.

    It is sent to the workers before it has done anything, so what it loads, it loads when it is first called.
    """

    @property
    def schema(self) -> pa.Schema:
        """The columns of its rows."""
        ...

    def __call__(self, job: Any) -> Iterable[tuple[Any, ...]]:
        """Yield the rows of a job."""
        ...


class Engine(Protocol):
    """Runs stages."""

    def run(self, stage: Stage, jobs: Iterable[Any]) -> Generator[Iterable[tuple[Any, ...]], None, None]:
        """Yield the rows of every job, in the order of the jobs; few jobs at a time are taken and held.

        Args:
            stage: What does the work; it can be pickled.
            jobs: What to do, each of which can be pickled and has a ``repr`` that tells it from every other.

        Raises:
            CaptchaLabError: If workers die again and again, and what the stage raises.
        """
        ...


@dataclass(frozen=True)
class LocalEngine:
    """This machine.

    Attributes:
        workers: Processes that work; with 1 it is this one.
    """

    workers: int = 1

    def run(self, stage: Stage, jobs: Iterable[Any]) -> Generator[Iterable[tuple[Any, ...]], None, None]:
        """Yield the rows of every job; see :class:`Engine`."""
        if self.workers > 1:
            yield from _in_processes(stage, iter(jobs), self.workers)
            return
        for job in jobs:
            yield stage(job)


def _in_processes(stage: Stage, jobs: Iterator[Any], workers: int) -> Generator[list[tuple[Any, ...]], None, None]:
    """Yield the rows of every job, of which four per worker are under way or waiting to be taken."""
    waiting: deque[_Waiting] = deque()
    pool = _new_pool(stage, workers)
    deaths = 0
    try:
        while True:
            waiting.extend(map(_Waiting, islice(jobs, 4 * workers - len(waiting))))
            if not waiting:
                return
            try:
                for item in waiting:
                    item.start(pool)
                rows = waiting[0].rows()
            except BrokenProcessPool as error:
                deaths += 1
                if deaths == _MOST_DEATHS:
                    raise CaptchaLabError(
                        f"Worker processes died {deaths} times over the same {len(waiting)} jobs, perhaps since the "
                        "memory is full; take fewer with --workers."
                    ) from error
                pool.shutdown(cancel_futures=True)
                pool = _new_pool(stage, workers)
                continue
            waiting.popleft()
            deaths = 0
            yield rows
    finally:
        # Whoever asked for enough does not wait for what was worked ahead.
        pool.shutdown(cancel_futures=True)


class _Waiting:
    """A job that was taken and whose rows were not."""

    def __init__(self, job: Any) -> None:
        self._job = job
        self._future: Future[list[tuple[Any, ...]]] | None = None

    def start(self, pool: ProcessPoolExecutor) -> None:
        """Give it to the pool, again if the pool that had it has died."""
        if self._future is None or (self._future.done() and self._lost()):
            self._future = pool.submit(_work, self._job)

    def rows(self) -> list[tuple[Any, ...]]:
        """Wait for its rows."""
        assert self._future is not None
        return self._future.result()

    def _lost(self) -> bool:
        assert self._future is not None
        return self._future.cancelled() or isinstance(self._future.exception(), BrokenProcessPool)


def _new_pool(stage: Stage, workers: int) -> ProcessPoolExecutor:
    """Return processes that start afresh: one that is forked from a process with threads may hang."""
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _adopt, (stage,))


_adopted: list[Callable[[Any], Iterable[tuple[Any, ...]]]] = []


def _adopt(stage: Stage) -> None:
    """Keep the stage of this worker process, so that it loads what it needs once."""
    _adopted[:] = [stage]
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    """End this process when its parent is gone: one that is killed cannot say so, and the pool would wait for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(job: Any) -> list[tuple[Any, ...]]:
    return list(_adopted[0](job))
