"""What each stage costs on one core, and what it gains by more processes, ranks and Ray.

    python benchmarks/scaling.py                                          # hours, on an idle machine
    python benchmarks/scaling.py --pictures 2000 --end-to-end 5000 --result build/trial.json

Every process has one thread. A stage is run twice as a user would run it, with few pictures and with many, and the
difference of the two counts, so that starting does not. "ranks" trains 50 steps with one rank and with two at the same
batch and compares the losses; "end-to-end" draws, combines, splits, predicts and evaluates, and goes on where it was
when it was interrupted. Figures go into benchmarks/results/scaling.json, where those of a part that is not run stay;
benchmarks/readme_results.py writes them into docs/scaling.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.end_to_end import run_end_to_end  # noqa: E402 - the package lies beside this folder
from benchmarks.watched import Usage, watch  # noqa: E402

RESULT = ROOT / "benchmarks" / "results" / "scaling.json"
PARTS = ("ranks", "stages", "ray", "end-to-end")
PROCESSES = (1, 2, 4)
STEPS = 50
# A small net and few characters: their number says nothing about the ranks, and a large loss has few digits after the
# point; without dropout, which ranks draw apart.
TEXTS = ["--alphabet", "0123", "--max-length", "4"]
SMALL_NET = ["width=8", "last=16", "depth=1", "dropout=0"]

Run = Callable[[int, int], tuple[int, int, Usage]]
"""Does a stage with so many pictures and processes; returns the pictures done, the bytes written and what it took."""


def main() -> None:
    """Measure what the arguments ask for, and write it down."""
    options = parse_arguments()
    result = json.loads(options.result.read_text()) if options.result.exists() else {}
    result["machine"] = {"cores": os.cpu_count(), "processor": processor(), "python": platform.python_version()}
    options.work.mkdir(parents=True, exist_ok=True)
    for part in options.only:
        with tempfile.TemporaryDirectory(dir=options.work) as name:
            result[part.replace("-", "_")] = measure(part, options, Stages(Path(name), options.checkpoint))
        options.result.parent.mkdir(parents=True, exist_ok=True)
        options.result.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="what to measure (default: all)")
    parser.add_argument("--pictures", type=int, default=20_000, help="pictures per run of a stage (default 20000)")
    parser.add_argument("--end-to-end", type=int, default=1_000_000, metavar="N", help="default: a million")
    parser.add_argument("--workers", type=int, default=2, help="processes of the end-to-end run (default 2)")
    parser.add_argument("--checkpoint", type=Path, help="what reads (default: the smallest shipped ONNX file)")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "scaling", help="folder for what is written")
    parser.add_argument("--result", type=Path, default=RESULT, metavar="FILE", help="where the figures go")
    options = parser.parse_args()
    if options.checkpoint is None:
        options.checkpoint = min((ROOT / "saved_models").rglob("*.onnx"), key=lambda path: path.stat().st_size)
    options.checkpoint, options.work = options.checkpoint.resolve(), options.work.resolve()
    return options


def measure(part: str, options: argparse.Namespace, stages: Stages) -> dict[str, Any]:
    """Return the figures of a part."""
    if part == "ranks":
        return compare_ranks(stages.folder)
    if part == "end-to-end":
        engine = ["--workers", str(options.workers)]
        figures = run_end_to_end(options.end_to_end, options.checkpoint, options.work, engine)
        return figures | {"workers": options.workers}
    runs: dict[str, Run] = {"drawing": stages.draw, "prediction": stages.predict}
    if part == "ray":
        stages.engine = ["--engine", "ray"]
        return {name: rate(name, run, options.pictures, 2) for name, run in runs.items()}
    runs |= {"making a data set": stages.join, "evaluation": stages.evaluate, "training": stages.train}
    return {
        name: {str(number): rate(name, run, options.pictures, number) for number in PROCESSES}
        for name, run in runs.items()
    }


def rate(name: str, run: Run, pictures: int, processes: int) -> dict[str, Any]:
    """Run a stage with a fifth of the pictures and with all, and return what the further ones took."""
    print(f"{name}, {processes} processes ...", flush=True)
    few, bytes_few, little = run(pictures // 5, processes)
    many, bytes_many, much = run(pictures, processes)
    # With few pictures on a busy machine the difference may be nothing, which is no rate.
    seconds = max(1e-6, (much.seconds - little.seconds) / (many - few))
    return {
        "pictures": many,
        "pictures_per_second": round(1 / seconds, 2),
        "start_seconds": round(little.seconds - few * seconds, 1),
        "own_seconds": (much.own_seconds - little.own_seconds) / (many - few),
        "other_seconds": (much.other_seconds - little.other_seconds) / (many - few),
        "bytes": (bytes_many - bytes_few) / (many - few),
        "peak_bytes": much.peak_bytes,
    }


class Stages:
    """The stages as commands, in a folder of their own.

    Attributes:
        folder: Where everything goes.
        engine: The words that choose the engine, without the number of workers.
    """

    def __init__(self, folder: Path, checkpoint: Path) -> None:
        """Keep where to write and what reads."""
        self.folder, self._checkpoint = folder, checkpoint
        self.engine: list[str] = []

    def draw(self, count: int, processes: int) -> tuple[int, int, Usage]:
        """Draw pictures."""
        output = self.folder / "drawn.parquet"
        words = ["captcha_generator.py", "--count", str(count), *self._workers(processes), "--output", str(output)]
        usage = self._watch(words)
        return count, output.stat().st_size, usage

    def join(self, count: int, processes: int) -> tuple[int, int, Usage]:
        """Check and split a file."""
        output = self.folder / "joined.parquet"
        words = ["make_dataset.py", str(self._pictures(count)), "--split", "0.9", "--output", str(output)]
        usage = self._watch([*words, *self._workers(processes)])
        return count, output.stat().st_size, usage

    def predict(self, count: int, processes: int) -> tuple[int, int, Usage]:
        """Read pictures."""
        output = self.folder / "read.parquet"
        words = ["predict.py", str(self._pictures(count)), "--checkpoint", str(self._checkpoint)]
        usage = self._watch([*words, "--output", str(output), *self._workers(processes)])
        return count, output.stat().st_size, usage

    def evaluate(self, count: int, processes: int) -> tuple[int, int, Usage]:
        """Read labelled pictures and compare."""
        words = ["evaluate.py", str(self._pictures(count)), "--checkpoint", str(self._checkpoint)]
        return count, 0, self._watch([*words, *self._workers(processes)])

    def train(self, count: int, processes: int) -> tuple[int, int, Usage]:
        """Train on a tenth of the pictures, which takes as long as anything else with all."""
        output = self.folder / "run"
        shutil.rmtree(output, ignore_errors=True)
        words = ["train.py", "--data", str(self._pictures(count // 10)), "--recipe", "captcha-net", "--epochs", "1"]
        words += ["--validation", "50", "--check-every", "1000000"]
        usage = self._watch(launched(words, processes, output))
        return int(history(output)[-1]["pictures"]), 0, usage

    def _pictures(self, count: int) -> Path:
        path = self.folder / f"pictures_{count}.parquet"
        if not path.exists():
            self._watch(["captcha_generator.py", "--count", str(count), "--output", str(path)])
        return path

    def _workers(self, processes: int) -> list[str]:
        return [*self.engine, "--workers", str(processes)]

    def _watch(self, words: list[str]) -> Usage:
        return watch(words, self.folder / "log.txt")


def launched(words: list[str], ranks: int, output: Path) -> list[str]:
    """Return the words that train with so many ranks on CPUs."""
    launcher = ["--multi_gpu"] if ranks > 1 else []
    launcher += ["--num_processes", str(ranks), "--num_machines", "1", "--mixed_precision", "no"]
    launcher += ["--dynamo_backend", "no", "--main_process_port", "0"]
    own = ["--output", str(output), "--device", "cpu", "--threads", "1"]
    return ["-m", "accelerate.commands.launch", *launcher, *words, *own]


def compare_ranks(folder: Path) -> dict[str, Any]:
    """Return how far the losses of one rank and two, at the same batch, ever lie apart."""
    data = folder / "train.parquet"
    watch(["captcha_generator.py", "--count", "200", *TEXTS, "--output", str(data)], folder / "log.txt")
    losses = []
    for ranks in (1, 2):
        print(f"ranks: {ranks} ...", flush=True)
        words = ["train.py", "--data", str(data), "--recipe", "captcha-net", *TEXTS, "--size", "32", "48", "160"]
        words += ["--batch-size", "32", "--augment", "0", "--validation", "40", "--check-every", "1"]
        # 160 rows to learn from are five batches. AdamW divides by the size of gradients, so at the recipe's rate it
        # would make real steps of rounding errors, and after some steps the two were two trainings.
        words += ["--epochs", str(STEPS // 5), "--learning-rate", "0.00005"]
        words += [word for argument in SMALL_NET for word in ("--arch-arg", argument)]
        watch(launched(words, ranks, folder / f"run{ranks}"), folder / "log.txt")
        losses.append([float(row["train_loss"]) for row in history(folder / f"run{ranks}")])
    apart = [abs(one - two) for one, two in zip(*losses, strict=True)]
    return {"steps": len(apart), "largest_difference": max(apart), "first": losses[0][0], "last": losses[0][-1]}


def history(run: Path) -> list[dict[str, str]]:
    """Return the table of a training."""
    with (run / "metrics.csv").open(encoding="utf-8") as table:
        return list(csv.DictReader(table))


def processor() -> str:
    """Return the processor's name."""
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
