"""The commands that write, each in a form of about a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.children import run

TRAIN = "tests.faults.preloaded:train_in_small"
GENERATE = "captcha_generator:main"

Words = list[object]


@dataclass(frozen=True)
class Command:
    """A command that writes.

    Attributes:
        name: For the names of tests.
        main: What runs, as ``module:function``.
        words: Its arguments, given the folder of the inputs and the folder to write into.
        before: What is in that folder before, made by another command of the same kind; empty for nothing.
    """

    name: str
    main: str
    words: Callable[[Path, Path], Words]
    before: Callable[[Path, Path], Words] | None = None

    def prepare(self, inputs: Path, folder: Path) -> None:
        """Make what is there before."""
        folder.mkdir()
        if self.before is not None:
            outcome = run(self.main, self.before(inputs, folder))
            assert outcome.code == 0, outcome.output


def _train(inputs: Path, folder: Path) -> Words:
    net: Words = ["--arch-arg", "width=8", "--arch-arg", "last=16", "--arch-arg", "depth=1", "--alphabet", "ab12"]
    size: Words = ["--batch-size", 8, "--check-every", 3, "--epochs", 1, "--validation", 8, "--max-length", 5]
    return ["--recipe", "captcha-net", "--data", inputs / "data.parquet", "--output", folder / "run", *net, *size]


def _adapt(inputs: Path, folder: Path) -> Words:
    return ["--adapt", inputs / "start.safetensors", "--data", inputs / "data.parquet", "--output", folder / "run"]


def _generate(*words: object) -> Callable[[Path, Path], Words]:
    """Return a command of the generator in which ``*x`` stands for x in the folder to write into."""

    def arguments(inputs: Path, folder: Path) -> Words:
        given = [folder / word[1:] if isinstance(word, str) and word.startswith("*") else word for word in words]
        return [*given, "--width", 40, "--height", 24]

    return arguments


def _dataset(seed: float) -> Callable[[Path, Path], Words]:
    return lambda inputs, folder: [inputs / "data.parquet", "--split", seed, "--output", folder / "all.parquet"]


def _predict(model: str, ending: str) -> Callable[[Path, Path], Words]:
    return lambda inputs, folder: [
        *(inputs / "data.parquet", "--checkpoint", inputs / f"{model}.safetensors"),
        *("--output", folder / f"read.{ending}", "--batch-size", 4),
    ]


def _export(model: str) -> Callable[[Path, Path], Words]:
    return lambda inputs, folder: [inputs / f"{model}.safetensors", "--output", folder / "net.onnx"]


TRAINING = Command("train", TRAIN, _train)
ADAPTING = Command("adapt", TRAIN, _adapt)
NEW_FILE = Command(
    "generate-file",
    GENERATE,
    _generate("--count", 40, "--output", "*x.parquet", "--grid", "*x.png"),
    _generate("--count", 9, "--seed", 5, "--output", "*x.parquet", "--grid", "*x.png"),
)
NEW_FOLDER = Command("generate-folder", GENERATE, _generate("--count", 40, "--output", "*x"))
MORE_FILE = Command(
    "extend-file",
    GENERATE,
    _generate("--count", 40, "--extend", "*x.parquet"),
    _generate("--count", 9, "--output", "*x.parquet"),
)
MORE_FOLDER = Command(
    "extend-folder", GENERATE, _generate("--count", 40, "--extend", "*x"), _generate("--count", 9, "--output", "*x")
)
DATASET = Command("make_dataset", "make_dataset:main", _dataset(0.5), _dataset(0.2))
PREDICT = Command("predict-csv", "predict:main", _predict("start", "csv"), _predict("other", "csv"))
PREDICT_PARQUET = Command("predict-parquet", "predict:main", _predict("start", "parquet"), _predict("other", "parquet"))
EXPORT = Command("export", "tests.faults.preloaded:export_translated", _export("start"), _export("other"))
EVALUATE = Command(
    "evaluate",
    "evaluate:main",
    lambda inputs, folder: [
        *(inputs / "data.parquet", "--checkpoint", inputs / "start.safetensors"),
        *("--json", folder / "x.json", "--view", folder / "x.html"),
    ],
    lambda inputs, folder: [
        *(inputs / "data.parquet", "--checkpoint", inputs / "other.safetensors"),
        *("--json", folder / "x.json", "--view", folder / "x.html"),
    ],
)
QUICK = [NEW_FILE, NEW_FOLDER, MORE_FILE, MORE_FOLDER, DATASET, PREDICT, PREDICT_PARQUET, EXPORT, EVALUATE]
"""All that do not train."""
