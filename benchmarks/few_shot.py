"""What ``train.py --adapt`` makes of few labelled pictures of a captcha that the model has never seen.

    python benchmarks/few_shot.py --data ../shared/data --sizes 25 100 --draws 5

For each unseen style (benchmarks/labelled_sets.py) pictures are drawn at random to learn from; the others are read by
the model as it was, by the adapted one, and by one that learned from the same pictures from random weights in the same
way. So that forgetting shows, both also read the published sets, knowing nothing of their texts. Writes
benchmarks/results/few_shot.json, one entry per style, size and draw; those that are there are not measured again, so a
run may be broken off and go on. benchmarks/readme_results.py makes a table and a plot of it in docs/.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - the packages lie beside this folder
import torch  # noqa: E402

from benchmarks.labelled_sets import PUBLISHED, STYLES, LabelledSet, sets_in  # noqa: E402
from captcha_core.adaptation import AdaptOptions, adapt_model  # noqa: E402
from captcha_core.checkpoint import fingerprint, load_checkpoint, save_checkpoint  # noqa: E402
from captcha_core.cli import run  # noqa: E402
from captcha_core.constraint import Constraint  # noqa: E402
from captcha_core.data.load import load_data  # noqa: E402
from captcha_core.data.parquet import ParquetWriter  # noqa: E402
from captcha_core.data.schema import Sample  # noqa: E402
from captcha_core.errors import CaptchaLabError  # noqa: E402
from captcha_core.files import atomic_path  # noqa: E402
from captcha_core.models import build_model  # noqa: E402
from captcha_core.prediction import Prediction  # noqa: E402
from captcha_core.recognizer import Recognizer  # noqa: E402

RESULT = ROOT / "benchmarks" / "results" / "few_shot.json"
SIZES = (10, 25, 50, 100, 200)
TESTED = 100
"""Fewest pictures that are not learned from."""

OLD = 100
"""Pictures of each published set that are read to see what was forgotten."""


class QuietBar:
    """A progress bar that shows nothing."""

    def __init__(self, **options: Any) -> None:
        """Take what tqdm takes."""

    def __enter__(self) -> QuietBar:
        """Begin."""
        return self

    def __exit__(self, *error: object) -> None:
        """End."""

    def update(self, count: int) -> None:
        """Pass over progress."""

    def set_postfix(self, **values: str) -> None:
        """Pass over figures."""


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled pictures")
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "saved_models" / "ppocr.safetensors", metavar="FILE")
    parser.add_argument("--styles", nargs="+", metavar="STYLE", help="only these of the unseen styles")
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES), metavar="N", help="pictures to learn from")
    parser.add_argument("--draws", type=int, default=5, metavar="N", help="random choices of pictures per size")
    parser.add_argument("--scratch", action="store_true", help="also learn from random weights")
    parser.add_argument("--threads", type=int, metavar="N", help="threads of the arithmetic")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Measure what is not measured yet; return the exit code."""
    options = parse_arguments(arguments)
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    styles = styles_in(options.data, options.styles)
    results = read_results(fingerprint(options.checkpoint))
    old = {s.name: samples_of(options.data, s)[:OLD] for s in PUBLISHED}
    if not results["old_before"]:
        results["old_before"] = old_scores(options.checkpoint, old)
    for case in cases(styles, options.sizes, options.draws, options.scratch):
        style, size, draw, scratch = case
        if not measured(results["entries"], case):
            samples = samples_of(options.data, style)
            entry = measure(samples, size, draw, options.checkpoint, options.threads, scratch, old)
            results["entries"].append({"style": style.name, "size": size, "draw": draw, "scratch": scratch} | entry)
            print(json.dumps(results["entries"][-1]), flush=True)
            write_results(results)
    return 0


def styles_in(data: Path, names: Sequence[str] | None) -> list[LabelledSet]:
    """Return the unseen styles, or those of them that are named.

    Raises:
        CaptchaLabError: If none is.
    """
    styles = [s for s in sets_in(data) if s.name.startswith(f"{STYLES}/")]
    if names is not None:
        styles = [s for s in styles if s.name.partition("/")[2] in names]
    if not styles:
        raise CaptchaLabError(f"There is no style {' '.join(names or ())!r} in {data / STYLES}.")
    return styles


def cases(
    styles: Sequence[LabelledSet], sizes: Sequence[int], draws: int, scratch: bool
) -> Iterator[tuple[LabelledSet, int, int, bool]]:
    """Yield what is to be measured, in an order in which an early stop leaves something of every style."""
    for draw in range(draws):
        for size in sizes:
            for style in styles:
                yield style, size, draw, False
                if scratch and draw == 0:
                    yield style, size, draw, True


def measured(entries: Iterable[dict[str, Any]], case: tuple[LabelledSet, int, int, bool]) -> bool:
    """Tell whether a case is among the entries."""
    style, size, draw, scratch = case
    wanted = (style.name, size, draw, scratch)
    return any((e["style"], e["size"], e["draw"], e["scratch"]) == wanted for e in entries)


def measure(
    samples: list[Sample],
    size: int,
    draw: int,
    checkpoint: Path,
    threads: int | None,
    scratch: bool,
    old: dict[str, list[Sample]],
) -> dict[str, Any]:
    """Adapt to some pictures and read the others; return the figures.

    Raises:
        CaptchaLabError: If too few pictures are left to read.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        others = put_aside(samples, size, draw, folder / "learned.parquet")
        start = random_weights(checkpoint, folder / "random.safetensors") if scratch else checkpoint
        began = time.perf_counter()
        adapted = adapt_model(
            AdaptOptions(str(start), (str(folder / "learned.parquet"),), str(folder / "run"), threads=threads), QuietBar
        )
        seconds = time.perf_counter() - began
        reader = Recognizer(adapted)
        entry = {
            "seconds": round(seconds, 1),
            "pictures": len(others),
            "before": scores(Recognizer(checkpoint), others, None),
            "before_told": scores(Recognizer(checkpoint), others, reader.expected),
            "after": scores(reader, others, None),
        }
        return entry if scratch else entry | {"old_after": old_scores(adapted, old)}


def put_aside(samples: list[Sample], size: int, draw: int, path: Path) -> list[Sample]:
    """Write pictures to learn from, chosen at random, and return the others.

    Raises:
        CaptchaLabError: If too few pictures are left to read.
    """
    if len(samples) < size + TESTED:
        raise CaptchaLabError(f"Of {len(samples)} pictures, {size} to learn from leave fewer than {TESTED} to read.")
    order = np.random.default_rng([draw, size]).permutation(len(samples))
    with ParquetWriter(path) as writer:
        for i in order[:size]:
            writer.write(samples[i])
    return [samples[i] for i in order[size:]]


def random_weights(checkpoint: Path, path: Path) -> Path:
    """Write a checkpoint of the same network that has learned nothing."""
    _, meta = load_checkpoint(checkpoint)
    torch.manual_seed(0)
    save_checkpoint(path, build_model(meta.arch, **meta.arch_args).state_dict(), replace(meta, training_data=[]))
    return path


def scores(reader: Recognizer, samples: Sequence[Sample], constraint: Constraint | None) -> dict[str, float]:
    """Return the shares of pictures that are read exactly, and exactly but for case."""
    read = [p for p in reader.stream((s.image for s in samples), constraint=constraint) if isinstance(p, Prediction)]
    texts = [p.text for p in read]
    labels = [s.label for s in samples]
    return {
        "exact": sum(a == b for a, b in zip(texts, labels, strict=True)) / len(labels),
        "folded": sum(a.casefold() == b.casefold() for a, b in zip(texts, labels, strict=True)) / len(labels),
    }


def old_scores(checkpoint: Path, old: dict[str, list[Sample]]) -> dict[str, float]:
    """Return the folded score of each published set, knowing nothing of its texts."""
    reader = Recognizer(checkpoint)
    return {name: scores(reader, samples, Constraint())["folded"] for name, samples in old.items()}


def samples_of(data: Path, labelled: LabelledSet) -> list[Sample]:
    """Return the pictures of a set."""
    return list(load_data([data / labelled.file], split=labelled.split))


def read_results(model_id: str) -> dict[str, Any]:
    """Return what was measured of this model before."""
    found = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    if found.get("checkpoint") != model_id:
        found = {"checkpoint": model_id, "threads": torch.get_num_threads(), "old_before": {}, "entries": []}
    return found


def write_results(results: dict[str, Any]) -> None:
    """Write the figures, atomically."""
    with atomic_path(RESULT) as temporary:
        temporary.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run(main)
