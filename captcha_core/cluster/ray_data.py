"""Stages on a Ray cluster, through Ray Data: it streams, keeps the order and does again what a dead worker did.

A job and its rows cross the cluster as one row each, so that Ray Data, which splits and joins blocks as it likes,
cannot lose the border between two jobs.
"""

from __future__ import annotations

import logging
import pickle
import socket
from collections.abc import Generator, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from captcha_core.cluster.engine import Stage
from captcha_core.errors import CaptchaLabError

# Jobs of one Ray data set: so many that starting its workers does not count, so few that their list does not.
_JOBS = 10_000
_PACKAGE = Path(__file__).resolve().parent.parent


class RayEngine:
    """A Ray cluster, or one that is started on this machine and stopped with this process.

    Every machine has to see the same files under the same paths, and to have the packages of ``requirements.txt``;
    Ray brings this project's own modules along.
    """

    def __init__(self, workers: int | None = None, address: str | None = None) -> None:
        """Connect.

        Args:
            workers: Processes that work; None is one per core of the cluster.
            address: ``host:port`` of the cluster; None uses the one that this process is connected to, or starts one.

        Raises:
            CaptchaLabError: If Ray is not installed, or there is no cluster.
        """
        try:
            import ray
            import ray.data
        except ImportError as error:
            raise CaptchaLabError(
                f"--engine ray needs Ray ({error}): pip install -r requirements-cluster.txt -c constraints.txt"
            ) from error
        if not ray.is_initialized():
            _connect(ray, workers, address)
        self._ray = ray
        self._workers = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))

    def run(self, stage: Stage, jobs: Iterable[Any]) -> Generator[list[tuple[Any, ...]], None, None]:
        """Yield the rows of every job; see :class:`captcha_core.cluster.engine.Engine`."""
        remaining = iter(jobs)
        while together := list(islice(remaining, _JOBS)):
            yield from self._run(stage, together)

    def _run(self, stage: Stage, jobs: list[Any]) -> Generator[list[tuple[Any, ...]], None, None]:
        data = self._ray.data
        context = data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        # One block per job: a block is what Ray Data gives to a worker, and does again if that dies.
        rows = data.from_items([{"job": pickle.dumps(job)} for job in jobs], override_num_blocks=len(jobs))
        workers = data.ActorPoolStrategy(size=min(self._workers, len(jobs)))
        done = rows.map(_Worker, fn_constructor_args=(pickle.dumps(stage),), compute=workers, num_cpus=1)
        for row in done.iter_rows():
            result = pickle.loads(row["rows"])
            if isinstance(result, CaptchaLabError):
                raise result
            yield result


class _Worker:
    """Lives in a process of the cluster and keeps its stage, with what that has loaded."""

    def __init__(self, stage: bytes) -> None:
        self._stage = pickle.loads(stage)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"rows": pickle.dumps(list(self._stage(pickle.loads(row["job"]))))}
        except CaptchaLabError as error:
            # Raised here it would reach the user inside Ray's own error, with a stack trace.
            return {"rows": pickle.dumps(error)}


def _connect(ray: Any, workers: int | None, address: str | None) -> None:
    quiet = {"logging_level": logging.ERROR, "log_to_driver": False}
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    if address is None:
        ray.init(num_cpus=workers, include_dashboard=False, **quiet)
        return
    try:
        if ":" in address:
            # Ray itself waits for minutes for a cluster that is not there.
            host, _, port = address.removeprefix("ray://").rpartition(":")
            socket.create_connection((host, int(port)), timeout=5).close()
        ray.init(address=address, runtime_env={"py_modules": [str(_PACKAGE)]}, **quiet)
    except (OSError, ValueError, RuntimeError) as error:
        raise CaptchaLabError(
            f"There is no Ray cluster at --address {address} ({str(error).splitlines()[0]}); start one with ray start "
            "--head, or leave --address out for one on this machine."
        ) from error
