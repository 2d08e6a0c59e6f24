"""How many pictures a job has: few enough to be held and handed over at once, enough that doing so does not count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

JOB_ROWS = 256
"""Pictures of a job, at most."""

JOB_BYTES = 8 << 20
"""A job is also cut where its pictures come to so many bytes."""

_T = TypeVar("_T")


def rows_of_a_job(rows: int, size: int) -> int:
    """Return how many rows a job takes of a row group of so many rows and bytes."""
    return max(1, min(JOB_ROWS, JOB_BYTES * rows // max(1, size)))


def in_jobs(entries: Iterable[tuple[_T, tuple[int, int]]]) -> Iterator[tuple[tuple[_T, tuple[int, int]], ...]]:
    """Cut a stream of picture files into jobs; of each its version is given, see ``captcha_core.files.version_of``."""
    job: list[tuple[_T, tuple[int, int]]] = []
    total = 0
    for entry, version in entries:
        if job and (len(job) == JOB_ROWS or total + version[0] > JOB_BYTES):
            yield tuple(job)
            job, total = [], 0
        job.append((entry, version))
        total += version[0]
    if job:
        yield tuple(job)
