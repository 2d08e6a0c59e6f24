"""Commands in child processes that are forked from one which has imported everything, so that a trial takes no seconds.

A child may be killed at a moment that is chosen beforehand: after a time, or just before its n-th step on the disk
(opening for writing, renaming, deleting, making a folder), which is where a fault does harm.
"""

from __future__ import annotations

import ctypes
import importlib
import multiprocessing
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

SECONDS = 120
"""No command of these tests may take longer; it would hang."""

_STEPS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree"}


@dataclass(frozen=True)
class Limits:
    """What goes wrong in a child.

    Attributes:
        kill_at_step: It ends like a killed process just before this step on the disk, from 1; 0 for none.
        kill_after: It is killed after so many seconds.
        largest_file: Bytes that a file may have; more fails as on a full disk.
        no_privileges: Root's right to write everywhere is given up.
    """

    kill_at_step: int = 0
    kill_after: float | None = None
    largest_file: int | None = None
    no_privileges: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a child ended.

    Attributes:
        code: Its exit code; -9 where it was killed.
        output: What it wrote on both streams.
        steps: How many steps on the disk it took; -1 where it was killed.
        seconds: How long it ran.
    """

    code: int | None
    output: str
    steps: int
    seconds: float


def run(command: str, arguments: Sequence[object], limits: Limits = Limits()) -> Outcome:  # noqa: B008 - frozen
    """Run ``module:function`` of a command line in a child, and wait for its end."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.preloaded"])
    reader, writer = context.Pipe(duplex=False)
    counter = context.Value("i", -1, lock=False)
    words = [str(argument) for argument in arguments]
    child = context.Process(target=_child, args=(command, words, limits, writer, counter))
    child.start()
    writer.close()
    started = time.perf_counter()
    output = _read(reader, child.pid or 0, started, limits.kill_after)
    child.join(SECONDS)
    seconds = time.perf_counter() - started
    if child.exitcode is None:
        child.kill()
        raise AssertionError(f"{command} {words} did not end: {output}")
    return Outcome(child.exitcode, output, counter.value, seconds)


def _read(reader: Connection, pid: int, started: float, kill_after: float | None) -> str:
    """Read what a child says until it ends, and kill it when its time has come."""
    parts: list[bytes] = []
    end = started + SECONDS
    kill = end if kill_after is None else started + kill_after
    while True:
        left = kill - time.perf_counter()
        if left > 0 and not select.select([reader], [], [], left)[0]:
            continue
        if left <= 0 and kill < end:
            os.kill(pid, signal.SIGKILL)
            kill = end
        elif left <= 0:
            os.kill(pid, signal.SIGKILL)
            break
        elif part := os.read(reader.fileno(), 1 << 16):
            parts.append(part)
        else:
            break
    reader.close()
    return b"".join(parts).decode()


def _child(command: str, words: list[str], limits: Limits, writer: Connection, counter: ctypes.c_int) -> None:
    os.dup2(writer.fileno(), 1)
    os.dup2(writer.fileno(), 2)
    writer.close()
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    if limits.no_privileges:
        give_up_privileges()
    if limits.largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits.largest_file, limits.largest_file))
    module, _, function = command.partition(":")
    main: Callable[[list[str]], int] = getattr(importlib.import_module(module), function)
    from captcha_core import cli

    steps = _count_steps(limits.kill_at_step)
    sys.argv = [module, *words]
    try:
        cli.run(main)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        counter.value = steps[0]


def _count_steps(kill_at: int) -> list[int]:
    """Count the steps on the disk in a list of one number, and die at one of them."""
    count = [0]

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if writes or event in _STEPS:
            count[0] += 1
            if count[0] == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    return count


def give_up_privileges() -> None:
    """Let the permissions of files hold for root too, by giving up all capabilities (capset(2), Linux)."""
    if os.geteuid():
        return
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(header, nothing):
        raise OSError(ctypes.get_errno(), "capset")


def visible(folder: Path) -> dict[str, bytes]:
    """Return every file that has a name of its own, with its content; temporary ones begin with a dot."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    }
