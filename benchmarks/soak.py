"""Whether the page keeps working while many use it for long, rightly and wrongly.

    python benchmarks/soak.py

Starts app.py and lets 32 clients use it for ten minutes through plain HTTP, each beginning anew when it is done: they
read pictures, draw some, open the page, send broken pictures and values of wrong kinds, ask for what is closed, and go
away before the answer is there (benchmarks/soak_visits.py, from a seed). Meanwhile it looks every second at the
resident memory of the server, its open files and what lies in its temporary folder (/proc, so Linux only); the first
fifth is warm-up. Writes benchmarks/results/soak.json, and leaves with 1 where an answer was wrong, memory grew by 5% or
more, or open or temporary files became more. The limit to an address's requests is off, since all clients have one
address.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.soak_visits import VISITS, BusyError, UnexpectedError  # noqa: E402 - found from ROOT

RESULT = ROOT / "benchmarks" / "results" / "soak.json"
CLIENTS = 32
MINUTES = 10.0
MOST_GROWTH = 0.05
WARM_UP = 0.2
START_SECONDS = 120.0


class Look(NamedTuple):
    """The server at a moment: when, its resident memory in MB, its open files, and files in its temporary folder."""

    second: float
    rss_mb: float
    handles: int
    files: int


@dataclass
class Record:
    """What happened.

    Attributes:
        seconds: How long each visit took, by its name.
        busy: Visits that were told that the page is busy.
        errors: How often each wrong answer came, by its text.
        looks: The server, every second.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    busy: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    looks: list[Look] = field(default_factory=list)


@contextmanager
def served(port: int, folder: Path) -> Iterator[int]:
    """Run app.py with a temporary folder of its own; yields the number of its process when it answers."""
    environment = os.environ | {"TMPDIR": str(folder), "CAPTCHA_LAB_REQUESTS_PER_MINUTE": "0"}
    with subprocess.Popen([sys.executable, "app.py", "--port", str(port)], cwd=ROOT, env=environment) as server:
        try:
            until = time.monotonic() + START_SECONDS
            while not answers(port):
                if server.poll() is not None or time.monotonic() > until:
                    sys.exit("error: app.py did not start")
                time.sleep(0.2)
            yield server.pid
        finally:
            server.terminate()


def answers(port: int) -> bool:
    """Return whether the page is there."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/config", trust_env=False, timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def look(pid: int, folder: Path, started: float) -> Look:
    """Look at the server."""
    status = Path(f"/proc/{pid}/status").read_text()
    rss_kb = int(status.partition("VmRSS:")[2].split()[0])
    handles = len(os.listdir(f"/proc/{pid}/fd"))
    files = sum(len(names) for _, _, names in os.walk(folder))
    return Look(time.monotonic() - started, rss_kb / 1024, handles, files)


async def watch(pid: int, folder: Path, started: float, record: Record) -> None:
    """Look every second."""
    while True:
        record.looks.append(look(pid, folder, started))
        await asyncio.sleep(1)


async def visit_on(port: int, seed: int, until: float, record: Record) -> None:
    """Be one client: make one visit after the other, each with connections of its own half of the time."""
    rng = random.Random(seed)
    visits, weights = list(VISITS), list(VISITS.values())
    while time.monotonic() < until:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:
            while time.monotonic() < until:
                visit = rng.choices(visits, weights)[0]
                begun = time.monotonic()
                try:
                    await visit(client, rng)
                    record.seconds[visit.__name__].append(time.monotonic() - begun)
                except BusyError:
                    record.busy += 1
                except (UnexpectedError, httpx.HTTPError, ValueError, LookupError) as error:
                    record.errors[f"{visit.__name__}: {type(error).__name__}: {error}"[:300]] += 1
                if rng.random() < 0.5:
                    break


async def soaked(port: int, pid: int, folder: Path, minutes: float, clients: int) -> Record:
    """Let the clients visit and return what happened."""
    record, started = Record(), time.monotonic()
    watching = asyncio.create_task(watch(pid, folder, started, record))
    until = started + 60 * minutes
    await asyncio.gather(*(visit_on(port, seed, until, record) for seed in range(clients)))
    watching.cancel()
    return record


def figures(record: Record, minutes: float, clients: int) -> dict[str, Any]:
    """Return what is written."""
    all_seconds = [one for times in record.seconds.values() for one in times]
    return {
        "minutes": minutes,
        "clients": clients,
        "visits": len(all_seconds),
        "visits_a_second": round(len(all_seconds) / (60 * minutes), 1),
        "latency_ms": {name: percentiles(times) for name, times in sorted(record.seconds.items())},
        "errors": sum(record.errors.values()),
        "errors_by_kind": dict(record.errors.most_common(20)),
        "busy": record.busy,
        "server": growth(record.looks),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return the number of times, and three of their percentiles in milliseconds."""
    ordered = sorted(seconds)
    at = {f"p{p}": round(1000 * ordered[min(len(ordered) - 1, p * len(ordered) // 100)], 1) for p in (50, 95, 99)}
    return {"visits": len(ordered), **at}


def growth(looks: Sequence[Look]) -> dict[str, Any]:
    """Return the server after the warm-up and at the end, each the median of a tenth of the time."""
    count = max(1, len(looks) // 10)
    warm = int(WARM_UP * len(looks))
    before, after = looks[warm : warm + count], looks[-count:]
    found: dict[str, Any] = {}
    for name in ("rss_mb", "handles", "files"):
        first, last = (statistics.median(getattr(one, name) for one in some) for some in (before, after))
        found[name] = {"after_warm_up": round(first, 1), "at_the_end": round(last, 1)}
    found["memory_growth"] = round(found["rss_mb"]["at_the_end"] / found["rss_mb"]["after_warm_up"] - 1, 4)
    return found


def faults(result: dict[str, Any]) -> list[str]:
    """Return what is not as it should be."""
    server, found = result["server"], []
    if result["errors"]:
        found.append(f"{result['errors']} answers were wrong: {result['errors_by_kind']}")
    if server["memory_growth"] >= MOST_GROWTH:
        found.append(f"memory grew by {server['memory_growth']:.1%}, not under {MOST_GROWTH:.0%}")
    # Every client may have a connection and an upload under way.
    for name in ("handles", "files"):
        before, after = server[name]["after_warm_up"], server[name]["at_the_end"]
        if after > before + CLIENTS:
            found.append(f"{name} became more: {before} after the warm-up, {after} at the end")
    return found


def main() -> None:
    """Soak, print and write the figures; leave with 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"how long (default {MINUTES:.0f})")
    parser.add_argument("--clients", type=int, default=CLIENTS, help=f"how many at once (default {CLIENTS})")
    parser.add_argument("--port", type=int, default=7898, help="where to serve the page (default 7898)")
    parser.add_argument("--output", type=Path, default=RESULT, help="where to write the figures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with served(options.port, folder) as pid:
            record = asyncio.run(soaked(options.port, pid, folder, options.minutes, options.clients))
    result = figures(record, options.minutes, options.clients)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    if found := faults(result):
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
