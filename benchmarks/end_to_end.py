"""Many drawn pictures, from drawing to the figures, for benchmarks/scaling.py; an interrupted run goes on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.watched import Usage, watch
from captcha_core.files import atomic_path

_PARTS = 10
_KEPT_EVERY = 5.0


@dataclass(frozen=True)
class Step:
    """One command.

    Attributes:
        name: What it does.
        words: Its words, after the interpreter.
        spent: What the next steps no longer need; deleted when it is done, since a million pictures take gigabytes.
    """

    name: str
    words: list[str]
    spent: Path | None = None


def steps_of(count: int, checkpoint: Path, folder: Path, engine: list[str]) -> Iterator[Step]:
    """Yield the steps: draw in parts, combine and split, predict, evaluate.

    Args:
        count: Pictures.
        checkpoint: What reads them.
        folder: Where everything goes.
        engine: The words that choose the engine.
    """
    parts, joined = folder / "parts", folder / "all.parquet"
    for number in range(_PARTS):
        share = (number + 1) * count // _PARTS - number * count // _PARTS
        words = ["captcha_generator.py", "--count", str(share), "--seed", str(number)]
        yield Step(f"generate {number}", [*words, "--output", str(parts / f"{number}.parquet"), *engine])
    words = ["make_dataset.py", str(parts), "--split", "0.9", "--output", str(joined), *engine]
    yield Step("combine and split", words, parts)
    reading = [str(joined), "--checkpoint", str(checkpoint), *engine]
    yield Step("predict", ["predict.py", *reading, "--output", str(folder / "predictions.parquet")])
    yield Step("evaluate", ["evaluate.py", *reading, "--split", "all", "--json", str(folder / "figures.json")])


def run_end_to_end(count: int, checkpoint: Path, work: Path, engine: list[str]) -> dict[str, Any]:
    """Take the steps that are not done, and return what all took, interrupted attempts included."""
    # Another engine's steps would be another run's times.
    folder = work / "-".join([str(count), checkpoint.stem, *(word.lstrip("-") for word in engine)])
    folder.mkdir(parents=True, exist_ok=True)
    book = Book(folder / "steps.json")
    for step in steps_of(count, checkpoint, folder, engine):
        book.take(step, folder)
    figures = json.loads((folder / "figures.json").read_text(encoding="utf-8"))
    summary = {
        "asked": count,
        "pictures": figures["n"],
        "exact_match": figures["exact_match"],
        "checkpoint": checkpoint.name,
        "bytes": {name: (folder / name).stat().st_size for name in ("all.parquet", "predictions.parquet")},
        **book.summary(),
    }
    # What is whole is not taken for the beginning of the next run.
    shutil.rmtree(folder)
    return summary


class Book:
    """What every step took so far, kept on disk."""

    def __init__(self, path: Path) -> None:
        """Open the book that an interrupted run left, or a new one."""
        self._path = path
        self._steps: dict[str, dict[str, Any]] = json.loads(path.read_text()) if path.exists() else {}

    def take(self, step: Step, folder: Path) -> None:
        """Take a step, unless it is done."""
        before = self._steps.get(step.name, {"seconds": 0.0, "peak_bytes": 0, "interruptions": -1, "done": False})
        if before["done"]:
            return
        before = before | {"interruptions": before["interruptions"] + 1}
        kept = 0.0

        def note(usage: Usage) -> None:
            nonlocal kept
            if usage.seconds - kept >= _KEPT_EVERY:
                kept = usage.seconds
                self._write(step.name, before, usage, done=False)

        print(f"{step.name} ...", flush=True)
        self._write(step.name, before, Usage(0.0, 0, 0.0, 0.0), done=False)
        usage = watch(step.words, folder / "log.txt", note)
        self._write(step.name, before, usage, done=True)
        if step.spent is not None:
            shutil.rmtree(step.spent, ignore_errors=True)

    def summary(self) -> dict[str, Any]:
        """Return the figures of all steps; those of drawing together."""
        steps: dict[str, dict[str, Any]] = {}
        for name, taken in self._steps.items():
            together = steps.setdefault(name.rstrip(" 0123456789"), {"seconds": 0.0, "peak_bytes": 0})
            together["seconds"] = round(together["seconds"] + taken["seconds"], 1)
            together["peak_bytes"] = max(together["peak_bytes"], taken["peak_bytes"])
        return {
            "steps": steps,
            "seconds": round(sum(step["seconds"] for step in steps.values()), 1),
            "peak_bytes": max(step["peak_bytes"] for step in steps.values()),
            "interruptions": sum(taken["interruptions"] for taken in self._steps.values()),
        }

    def _write(self, name: str, before: dict[str, Any], usage: Usage, done: bool) -> None:
        self._steps[name] = {
            "seconds": before["seconds"] + usage.seconds,
            "peak_bytes": max(before["peak_bytes"], usage.peak_bytes),
            "interruptions": before["interruptions"],
            "done": done,
        }
        with atomic_path(self._path) as temporary:
            temporary.write_text(json.dumps(self._steps, indent=2) + "\n", encoding="utf-8")
