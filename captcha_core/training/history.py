"""The course of a run as a table and as curves."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from captcha_core.files import atomic_path

COLUMNS = (
    "phase",
    "step",
    "pictures",
    "learning_rate",
    "train_loss",
    "val_loss",
    "val_exact_match",
    "val_cer",
    "seconds",
)


def write_history(history: list[dict[str, Any]], folder: Path) -> None:
    """Write ``metrics.csv`` and ``curves.png`` of a run.

    Args:
        history: Rows with the keys ``COLUMNS``, in order.
        folder: The run's folder.
    """
    with atomic_path(folder / "metrics.csv") as temporary, temporary.open("w", newline="", encoding="utf8") as handle:
        writer = csv.DictWriter(handle, COLUMNS)
        writer.writeheader()
        writer.writerows(history)
    with atomic_path(folder / "curves.png") as temporary:
        _plot(history, temporary)


def _plot(history: list[dict[str, Any]], path: Path) -> None:
    """Draw loss and accuracy over pictures seen; the frozen phase is shaded."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    seen = [row["pictures"] for row in history]
    loss.plot(seen, [row["train_loss"] for row in history], label="training", marker=".")
    loss.plot(seen, [row["val_loss"] for row in history], label="validation", marker=".")
    loss.set(xlabel="pictures seen", ylabel="cross-entropy per time step", yscale="log")
    accuracy.plot(seen, [row["val_exact_match"] for row in history], label="exact match", marker=".")
    accuracy.plot(seen, [1 - row["val_cer"] for row in history], label="1 - CER", marker=".")
    accuracy.set(xlabel="pictures seen", ylabel="validation", ylim=(0, 1.02))
    frozen = [row["pictures"] for row in history if row["phase"] == "frozen"]
    for axis in (loss, accuracy):
        if frozen:
            axis.axvspan(0, frozen[-1], color="0.9", label="CNN frozen")
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(path, dpi=100)
