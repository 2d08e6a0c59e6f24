"""The tables of docs/benchmarks.md that set readers side by side, out of accuracy.json and speed.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

ALL_STYLES = "zoo_dev"
STYLES = f"{ALL_STYLES}/"
# How the figures call a checkpoint, and one that is told which characters the texts are made of.
OWN, MASKED = (".safetensors", ".onnx"), ", masked"
TABLES = (
    ("exact_match_folded", "Texts read exactly, case ignored"),
    ("exact_match", "Texts read exactly, case included"),
    ("cer", "Character error rate"),
    ("ece", "Calibration error of the confidence, of the readers that give one"),
)


def mean_of_styles(
    figures: Mapping[str, Mapping[str, Any]], sets: Iterable[str], figure: str = "exact_match_folded"
) -> float | None:
    """Return the mean of a figure over the unseen styles among the sets.

    Args:
        figures: A reader's figures by set.
        sets: Names of sets.
        figure: Which; by default the share of texts read exactly with case ignored.

    Returns:
        None when there is no style, or the reader has not read all of them or has no such figure.
    """
    styles = [name for name in sets if name.startswith(STYLES)]
    if not styles or any(figure not in figures.get(name, {}) for name in styles):
        return None
    return fmean(figures[name][figure] for name in styles)


def accuracy_tables(results: Mapping[str, Any]) -> list[str]:
    """Return a table for every figure: a row per set, a column per reader, a dash where nothing was measured."""
    lines: list[str] = []
    for figure, title in TABLES:
        readers = {
            name: entry["figures"]
            for name, entry in results["readers"].items()
            if any(figure in values for values in entry["figures"].values())
        }
        if readers:
            lines += [f"{title}:", "", *_table(results["sets"], readers, figure), ""]
    trusted = {name: e["figures"][ALL_STYLES] for name, e in results["readers"].items() if ALL_STYLES in e["figures"]}
    if trusted:
        lines += ["How far confidences can be trusted, over all unseen styles together, case ignored:", ""]
        lines += [*trust_table(trusted), ""]
    return lines[:-1]


def trust_table(figures: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return calibration, and how well the confidences choose what to accept, a row per reader."""
    heads = ["reader", "pictures", "ECE", "area under the risk-coverage curve", "coverage at 99% precision"]
    rows = [
        [name, f"{of['n']:,}", *(_percent(of[figure]) for figure in ("ece", "aurc", "coverage_at_99"))]
        for name, of in figures.items()
    ]
    return _lines(heads, rows)


def _table(
    sets: Mapping[str, Mapping[str, Any]], readers: Mapping[str, Mapping[str, Mapping[str, Any]]], figure: str
) -> list[str]:
    """Return one table; where case is told, sets that are scored without are left out."""
    shown = [name for name, about in sets.items() if not (figure == "exact_match" and about["folded"])]
    rows = []
    for name in shown:
        measured = [figures[name] for figures in readers.values() if name in figures]
        title = f"{sets[name]['shown']} ({measured[0]['n']:,})" if measured else sets[name]["shown"]
        rows.append([title, *(_percent(figures.get(name, {}).get(figure)) for figures in readers.values())])
    if figure == "exact_match_folded":
        means = [mean_of_styles(figures, sets) for figures in readers.values()]
        rows.append(["mean of the unseen styles", *map(_percent, means)])
    return _lines(["pictures", *readers], rows)


def checkpoint_table(results: Mapping[str, Any], name: str) -> list[str]:
    """Return what one checkpoint reads, beside the best of the readers that are not this project's.

    Args:
        results: As benchmarks/accuracy.py writes them.
        name: The checkpoint's, of which there are figures with the characters told, too.
    """
    readers = {reader: entry["figures"] for reader, entry in results["readers"].items()}
    plain, told = readers[name], readers[f"{name}{MASKED}"]
    others = [figures for reader, figures in readers.items() if not reader.removesuffix(MASKED).endswith(OWN)]
    rows = []
    for set_name, about in results["sets"].items():
        if set_name not in plain:
            continue
        best = max((figures[set_name]["exact_match_folded"] for figures in others if set_name in figures), default=None)
        exact = None if about["folded"] else plain[set_name]["exact_match"]
        shares = (plain[set_name]["exact_match_folded"], told[set_name]["exact_match_folded"], best)
        calibration = [figures[set_name].get("ece") for figures in (plain, told)]
        rows.append([f"{about['shown']} ({plain[set_name]['n']:,})", *map(_percent, (exact, *shares, *calibration))])
    means = [mean_of_styles(figures, results["sets"]) for figures in (plain, told, *others)]
    best = max((mean for mean in means[2:] if mean is not None), default=None)
    errors = [mean_of_styles(figures, results["sets"], "ece") for figures in (plain, told)]
    rows.append(["mean of the unseen styles", "-", *map(_percent, (*means[:2], best, *errors))])
    heads = [
        "pictures",
        "exact",
        "case ignored",
        "the same, told",
        "best of the others, case ignored",
        "ECE",
        "ECE, told",
    ]
    return _lines(heads, rows)


def reader_speed_table(results: Mapping[str, Any]) -> list[str]:
    """Return how long each reader takes for a picture, and how many times as fast as each of the others' it is."""
    readers = results["readers"]
    rivals = list(next(iter(readers.values()))["times_as_fast_as"])
    rows = []
    for name, figures in readers.items():
        ratios = (f"{figures['times_as_fast_as'][rival]:.2f}" for rival in rivals)
        rows.append([name, f"{figures['median_ms']:.1f}", *ratios])
    return [
        f"{results['pictures']} pictures in {results['rounds']} rounds, one core, one thread, one picture at a time, "
        "from the PNG file in memory to the text:",
        "",
        *_lines(["reader", "ms a picture, median", *(f"times as fast as {rival}" for rival in rivals)], rows),
    ]


def _lines(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    """Return a table in Markdown."""
    return [
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
        *("| " + " | ".join(row) + " |" for row in rows),
    ]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"
