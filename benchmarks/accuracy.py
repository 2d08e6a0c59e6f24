"""What the checkpoints of this project and other readers read, on the same pictures.

    python tools/rivals.py data/rivals
    python benchmarks/accuracy.py --data ../shared/data --rivals data/rivals --checkpoint saved_models/*.safetensors
    python benchmarks/accuracy.py --data ../shared/data --checkpoint runs/first/best.safetensors

Every reader gets the same RGB pictures as PNG files, one at a time, in a process of its own (benchmarks/readers.py).
rapidocr is told which characters the texts are made of; a checkpoint reads once without knowing and once, masked, told:
that, and where case does not matter.
--data is a folder of Parquet files as benchmarks/labelled_sets.py names them. Writes benchmarks/results/accuracy.json,
where the figures of other readers and sets stay; each says from which run it comes, and a set's pictures must be the
same for all. benchmarks/readme_results.py makes tables of it in docs/benchmarks.md. For times see benchmarks/speed.py.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.labelled_sets import STYLES, Pictures, choose_sets, load_pictures, sets_in  # noqa: E402 - found from ROOT
from benchmarks.reader_tables import mean_of_styles  # noqa: E402
from benchmarks.readers import Reader, ReaderProcess, Reading, checkpoints, rivals  # noqa: E402
from captcha_core.cli import run  # noqa: E402
from captcha_core.errors import CaptchaLabError  # noqa: E402
from captcha_core.evaluation.metrics import Metrics, evaluate_predictions  # noqa: E402
from captcha_core.files import atomic_path  # noqa: E402
from captcha_core.prediction import Prediction  # noqa: E402

RESULT = ROOT / "benchmarks" / "results" / "accuracy.json"
Results = dict[str, Any]


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled pictures")
    parser.add_argument(
        "--rivals", type=Path, metavar="FOLDER", help="measure the readers that tools/rivals.py installed"
    )
    parser.add_argument("--checkpoint", type=Path, nargs="+", default=[], metavar="FILE", help="measure these")
    parser.add_argument("--only", nargs="+", metavar="SET", help="only these sets; zoo_dev names all unseen styles")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N pictures of a set; nothing is written")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Measure every reader on every set, print and write the figures; return the exit code."""
    options = parse_arguments(arguments)
    readers = [] if options.rivals is None else rivals(options.rivals)
    for masked in (False, True):
        readers += checkpoints(options.checkpoint, options.rivals, masked)
    if not readers:
        raise CaptchaLabError("There is nothing to measure; name --rivals FOLDER, --checkpoint FILE or both.")
    there = sets_in(options.data)
    chosen = choose_sets(there, options.only)
    every_style = all(labelled in chosen for labelled in there if labelled.name.startswith(f"{STYLES}/"))
    pictures = [load_pictures(options.data, labelled, options.limit) for labelled in chosen]
    results = read_results()
    if options.limit is None:
        check_same_pictures(results, pictures, readers)
    stamp = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    for reader in readers:
        with ReaderProcess(reader) as process:
            figures = measure_all(process, pictures, every_style)
        if options.limit is None:
            add_figures(results, stamp, (reader.name, process.identity), figures, pictures)
            write_results(results)
    return 0


def read_results() -> Results:
    """Return what earlier runs wrote."""
    if RESULT.exists():
        return dict(json.loads(RESULT.read_text(encoding="utf-8")))
    return {"sets": {}, "runs": {}, "readers": {}}


def write_results(results: Results) -> None:
    """Write the figures of all runs."""
    with atomic_path(RESULT) as temporary:
        temporary.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def check_same_pictures(results: Results, pictures: Iterable[Pictures], readers: Sequence[Reader]) -> None:
    """See to it that figures which stay come from the same pictures as those that are to come.

    Raises:
        CaptchaLabError: If they do not.
    """
    again = {reader.name for reader in readers}
    for new in pictures:
        name = new.set.name
        staying = [r for r, entry in results["readers"].items() if name in entry["figures"] and r not in again]
        if staying and results["sets"][name]["fingerprint"] != new.fingerprint:
            raise CaptchaLabError(
                f"The pictures of {name} are not those that {', '.join(staying)} read in {RESULT.name}; "
                "measure all of them in one call, or delete that file."
            )


def measure_all(process: ReaderProcess, pictures: Iterable[Pictures], every_style: bool) -> dict[str, dict[str, Any]]:
    """Return a reader's figures by set, and those of its confidences over the styles; print each.

    Args:
        process: The reader.
        pictures: The sets.
        every_style: Whether all unseen styles are among them; only then they are measured together, too.
    """
    figures: dict[str, dict[str, Any]] = {}
    labels: list[str] = []
    readings: list[Reading] = []
    for those in pictures:
        name = those.set.name
        read = list(process.read(those.images, those.alphabet, those.set.folded))
        figures[name] = score(those, read)
        show(process.name, name, figures[name])
        if name.startswith(f"{STYLES}/"):
            labels += those.labels
            readings += read
    mean = mean_of_styles(figures, figures)
    if mean is not None:
        print(f"{process.name}, mean of the unseen styles: exact_match_folded {mean:.2%}", flush=True)
    if every_style and all(reading.confidence is not None for reading in readings):
        figures[STYLES] = trust(labels, readings)
        show(process.name, f"all of {STYLES}", figures[STYLES])
    return figures


def show(reader: str, pictures: str, figures: dict[str, Any]) -> None:
    """Print figures in a line."""
    shown = ", ".join(f"{key} {v:.2%}" for key, v in figures.items() if isinstance(v, float))
    print(f"{reader}, {pictures}: {figures['n']} pictures, {shown}", flush=True)


def score(pictures: Pictures, readings: Sequence[Reading]) -> dict[str, Any]:
    """Return the figures of one reader on one set.

    ``cer`` and ``ece`` ignore case where the set is scored so. ``ece`` is there when the reader gives confidences.
    """
    plain = _metrics(pictures.labels, readings)
    scored = _metrics(*_folded(pictures.labels, readings)) if pictures.set.folded else plain
    figures: dict[str, Any] = {
        "n": plain.n,
        "exact_match": plain.exact_match,
        "exact_match_folded": plain.exact_match_folded,
        "cer": scored.cer,
    }
    if all(reading.confidence is not None for reading in readings):
        figures["ece"] = scored.ece
    return figures


def trust(labels: Sequence[str], readings: Sequence[Reading]) -> dict[str, Any]:
    """Return how far confidences can be trusted where styles are mixed, case ignored."""
    metrics = _metrics(*_folded(labels, readings))
    return {"n": metrics.n, "ece": metrics.ece, "aurc": metrics.aurc, "coverage_at_99": metrics.coverage_at_99}


def _folded(labels: Sequence[str], readings: Sequence[Reading]) -> tuple[list[str], list[Reading]]:
    """Return labels and readings in small letters."""
    return [x.casefold() for x in labels], [reading._replace(text=reading.text.casefold()) for reading in readings]


def _metrics(labels: Sequence[str], readings: Sequence[Reading]) -> Metrics:
    """Measure readings; the confidence of single characters, which no figure here needs, is left at 0."""
    predictions = [Prediction(r.text, r.confidence or 0.0, (0.0,) * len(r.text)) for r in readings]
    return evaluate_predictions(labels, predictions)


def add_figures(
    results: Results,
    stamp: str,
    reader: tuple[str, str],
    figures: dict[str, dict[str, Any]],
    pictures: Iterable[Pictures],
) -> None:
    """Put a reader's figures among those of earlier runs.

    Args:
        results: What there is; changed in place. A reader whose identity has changed loses its earlier figures.
        stamp: When this run began.
        reader: Its name and identity.
        figures: By set.
        pictures: Of these sets.
    """
    name, identity = reader
    entry = results["readers"].get(name)
    if entry is None or entry["id"] != identity:
        entry = results["readers"][name] = {"id": identity, "figures": {}}
    entry["figures"] |= {of_set: values | {"run": stamp} for of_set, values in figures.items()}
    for those in pictures:
        results["sets"][those.set.name] = {
            "shown": those.set.shown,
            "folded": those.set.folded,
            "alphabet": those.alphabet,
            "fingerprint": those.fingerprint,
        }
    results["runs"][stamp] = {"python": platform.python_version(), "pillow": version("pillow")}
    used = {values["run"] for kept in results["readers"].values() for values in kept["figures"].values()}
    results["runs"] = {when: about for when, about in results["runs"].items() if when in used}


if __name__ == "__main__":
    run(main)
