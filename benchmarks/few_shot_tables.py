"""The figures of benchmarks/few_shot.py as a table and as learning curves."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from captcha_core.files import atomic_path

Entry = dict[str, Any]


def few_shot_table(results: dict[str, Any]) -> list[str]:
    """Return a row per size: what all styles together read before and after, and what was forgotten."""
    lines = [
        "| labelled pictures | styles x draws | as it was | told what texts to expect | adapted (worst to best style) "
        "| spread between draws | from random weights | minutes | what it read before, loss |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    entries, before = results["entries"], results["old_before"]
    for size in sorted({e["size"] for e in entries}):
        own = [e for e in entries if e["size"] == size and not e["scratch"]]
        if not own:
            continue
        styles = _by_style(own)
        after = [_mean(e["after"]["folded"] for e in of_one) for of_one in styles.values()]
        lost = _mean(_mean(before.values()) - _mean(e["old_after"].values()) for e in own)
        scratch = [e["after"]["folded"] for e in entries if e["size"] == size and e["scratch"]]
        reached = f"**{statistics.fmean(after):.1%}** ({min(after):.1%} to {max(after):.1%})"
        lines.append(
            f"| {size} | {len(styles)} x {len(own) / len(styles):g} | {_percent(own, 'before')} "
            f"| {_percent(own, 'before_told')} | {reached} "
            f"| {_spread(styles)} | {f'{statistics.fmean(scratch):.1%}' if scratch else '-'} "
            f"| {statistics.median(e['seconds'] for e in own) / 60:.1f} | {100 * lost:.1f} points |"
        )
    return [
        *lines,
        "",
        f"Exact match with case ignored, on pictures that were not learned from; {results['threads']} threads.",
    ]


def plot_few_shot(results: dict[str, Any], path: Path) -> None:
    """Draw a learning curve per style, and their mean where every style was measured."""
    from matplotlib.figure import Figure

    own = [e for e in results["entries"] if not e["scratch"]]
    styles = _by_style(own)
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axis = figure.subplots()
    markers = "osD^v<>P"
    for (style, entries), marker in zip(styles.items(), markers, strict=False):
        axis.plot(*_curve(entries), marker=marker, linewidth=1, label=style.partition("/")[2])
    sizes = [n for n in sorted({e["size"] for e in own}) if {e["style"] for e in own if e["size"] == n} == set(styles)]
    means = [_mean(_value(of_one, n) for of_one in styles.values()) for n in [0, *sizes]]
    axis.plot([0, *sizes], means, color="black", linewidth=3, label="mean")
    axis.set(xlabel="labelled pictures to learn from", ylabel="exact match, case ignored", ylim=(0, 1.02))
    axis.grid(alpha=0.3)
    axis.legend(fontsize="small", ncols=2, loc="lower right")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png")


def _by_style(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    styles: dict[str, list[Entry]] = {}
    for entry in entries:
        styles.setdefault(entry["style"], []).append(entry)
    return dict(sorted(styles.items()))


def _curve(entries: Sequence[Entry]) -> tuple[list[int], list[float]]:
    """Return sizes and mean scores of a style, from the model as it was (0) on."""
    sizes = [0, *sorted({e["size"] for e in entries})]
    return sizes, [_value(entries, size) for size in sizes]


def _value(entries: Sequence[Entry], size: int) -> float:
    if size == 0:
        return _mean(e["before"]["folded"] for e in entries)
    return _mean(e["after"]["folded"] for e in entries if e["size"] == size)


def _percent(entries: Sequence[Entry], which: str) -> str:
    return f"{_mean(_mean(e[which]['folded'] for e in of_one) for of_one in _by_style(entries).values()):.1%}"


def _spread(styles: dict[str, list[Entry]]) -> str:
    """Return the mean over styles of the standard deviation between draws; a dash where there is one draw."""
    several = [[e["after"]["folded"] for e in of_one] for of_one in styles.values() if len(of_one) > 1]
    return f"{100 * _mean(statistics.stdev(scores) for scores in several):.1f} points" if several else "-"


def _mean(values: Iterable[float]) -> float:
    return statistics.fmean(values)
