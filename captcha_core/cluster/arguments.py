"""The arguments by which a command is told what does its work."""

from __future__ import annotations

import argparse

from captcha_core.cluster.engine import Engine, LocalEngine
from captcha_core.errors import CaptchaLabError

ENGINES = ("local", "ray")


def add_engine_arguments(parser: argparse.ArgumentParser, verb: str) -> None:
    """Add ``--engine``, ``--address`` and ``--workers`` to a command that does something called ``verb``."""
    group = parser.add_argument_group("many processes, many machines", "the rows are the same and in the same order")
    group.add_argument("--engine", choices=ENGINES, default="local", help="this machine (default), or Ray")
    group.add_argument("--address", metavar="HOST:PORT", help="the Ray cluster; default: one on this machine, for now")
    workers_help = f"processes that {verb}, of one thread each (default: this one alone; with Ray one per core)"
    group.add_argument("--workers", type=int, metavar="N", help=workers_help)


def is_default(options: argparse.Namespace) -> bool:
    """Tell whether none of the arguments is given."""
    return options.engine == "local" and options.address is None and options.workers is None


def threads_of(options: argparse.Namespace) -> int | None:
    """Return how many threads a model has: one where processes share the cores, else None, its library's choice."""
    return None if is_default(options) else 1


def engine_of(options: argparse.Namespace) -> Engine:
    """Return the engine that the arguments ask for.

    Raises:
        CaptchaLabError: If they do not go together, or Ray is not installed.
    """
    if options.workers is not None and options.workers < 1:
        raise CaptchaLabError(f"--workers {options.workers}: it must be 1 or more.")
    if options.engine == "local":
        if options.address is not None:
            raise CaptchaLabError(f"--address {options.address} goes with --engine ray; add it, or leave it out.")
        return LocalEngine(options.workers or 1)
    from captcha_core.cluster.ray_data import RayEngine

    return RayEngine(options.workers, options.address)
