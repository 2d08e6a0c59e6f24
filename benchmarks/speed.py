"""How fast the checkpoints of this project and other readers read, in turns on one core.

    python tools/rivals.py data/rivals
    python benchmarks/speed.py --data ../shared/data --rivals data/rivals --checkpoint saved_models/*.{safetensors,onnx}

Every reader has a process of its own with one thread (benchmarks/readers.py), all of them bound to the same core. They
take turns of a few pictures each, so that whatever else the machine does hits all alike; the first round warms them up
and is not counted. The pictures are the first ones of every set of benchmarks/labelled_sets.py, as PNG files in
memory, whose decoding counts. Writes benchmarks/results/speed.json; needs Linux, and memory for all readers at once.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.labelled_sets import load_pictures, sets_in  # noqa: E402 - the package lies in ROOT
from benchmarks.readers import ReaderProcess, checkpoints, rivals  # noqa: E402
from captcha_core.alphabet import NAMED_ALPHABETS  # noqa: E402
from captcha_core.cli import run  # noqa: E402
from captcha_core.errors import CaptchaLabError  # noqa: E402
from captcha_core.files import atomic_path  # noqa: E402

RESULT = ROOT / "benchmarks" / "results" / "speed.json"
TURN = 10
ALPHABET = NAMED_ALPHABETS["mixed62"]


def main(arguments: list[str]) -> int:
    """Time all readers, print and write the figures; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled pictures")
    parser.add_argument("--rivals", type=Path, required=True, metavar="FOLDER", help="made by tools/rivals.py")
    parser.add_argument("--checkpoint", type=Path, nargs="+", default=[], metavar="FILE", help="time these too")
    parser.add_argument("--count", type=int, default=200, help="pictures (default 200)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count (default 5)")
    options = parser.parse_args(arguments)
    if options.count < 1 or options.rounds < 1:
        raise CaptchaLabError(f"--count {options.count} and --rounds {options.rounds} must be 1 or more.")
    readers = rivals(options.rivals) + checkpoints(options.checkpoint, options.rivals)
    pictures = some_pictures(options.data, options.count)
    stay_on_one_core()
    with ExitStack() as stack:
        processes = [stack.enter_context(ReaderProcess(reader)) for reader in readers]
        times = take_turns(processes, pictures, options.rounds)
        identities = {process.name: process.identity for process in processes}
    result = {"pictures": len(pictures), "rounds": options.rounds, "readers": compare(times, identities)}
    with atomic_path(RESULT) as temporary:
        temporary.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
    return 0


def some_pictures(data: Path, count: int) -> list[bytes]:
    """Return the first pictures of every set, one of each set at a time."""
    sets = sets_in(data)
    each = -(-count // len(sets))
    columns = [load_pictures(data, labelled, each).images for labelled in sets]
    return [picture for row in itertools.zip_longest(*columns) for picture in row if picture is not None][:count]


def stay_on_one_core() -> None:
    """Bind this process, and all that it starts, to one core; not the first, where most interrupts go.

    Raises:
        CaptchaLabError: If the system cannot.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise CaptchaLabError(f"{sys.platform} cannot bind a process to a core; run this on Linux.")
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def take_turns(processes: Sequence[ReaderProcess], pictures: Sequence[bytes], rounds: int) -> dict[str, list[float]]:
    """Let every reader read all pictures so often, in turns; return their seconds per picture, by reader.

    Args:
        processes: The readers.
        pictures: PNG files.
        rounds: How often each picture counts; it is read once more before.
    """
    seconds: dict[str, list[float]] = {process.name: [] for process in processes}
    for counts in [False] + [True] * rounds:
        for start in range(0, len(pictures), TURN):
            for process in processes:
                readings = list(process.read(pictures[start : start + TURN], ALPHABET))
                if counts:
                    seconds[process.name] += [reading.seconds for reading in readings]
    return seconds


def compare(times: dict[str, list[float]], identities: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Return every reader's median, and how many times as fast as each ddddocr it is."""
    medians = {name: statistics.median(values) for name, values in times.items()}
    others = [name for name in times if name.startswith("ddddocr")]
    return {
        name: {
            "id": identities[name],
            "median_ms": round(median * 1000, 2),
            "times_as_fast_as": {other: round(medians[other] / median, 3) for other in others},
        }
        for name, median in medians.items()
    }


if __name__ == "__main__":
    run(main)
