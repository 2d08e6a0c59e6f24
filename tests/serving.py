"""Servers of the page that run as long as a test needs them."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Opens addresses of this machine, whatever proxy the environment names."""

# Generous, since other work may have the processor.
_SECONDS = 120.0


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(command: Sequence[str], port: int, **options: Any) -> Iterator[str]:
    """Run a server of the page, yield its address as soon as it answers, and end it.

    Args:
        command: What runs it.
        port: Where it listens.
        options: More of ``subprocess.Popen``.

    Raises:
        AssertionError: If it does not start.
    """
    with running(command, port, **options) as (address, _):
        yield address


@contextmanager
def running(command: Sequence[str], port: int, **options: Any) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Do as :func:`serving`, and yield the process beside the address."""
    address = f"http://127.0.0.1:{port}/"
    server = subprocess.Popen(command, **options)
    try:
        _wait_until_served(f"{address}config", server)
        yield address, server
    finally:
        server.terminate()
        server.wait()


def _wait_until_served(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            LOCAL.open(address, timeout=10).close()
            return
        except urllib.error.HTTPError:  # A page with accounts.
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise AssertionError(f"the page did not start at {address}")
