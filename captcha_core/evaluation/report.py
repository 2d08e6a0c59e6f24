"""An evaluation for people: the worst readings, the confusions, and the reliability plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from captcha_core.evaluation.calibration import ReliabilityBin, reliability_bins
from captcha_core.evaluation.measure import Evaluation
from captcha_core.evaluation.metrics import char_errors
from captcha_core.files import atomic_path
from captcha_core.prediction import Prediction
from captcha_core.tables import open_table


class Mistake(NamedTuple):
    """A picture whose text was not read exactly.

    Attributes:
        file: Name of the picture.
        label: Its true text.
        prediction: What was read; None when the picture could not be opened.
        confidence: How sure the model was; None when the picture could not be opened.
        char_errors: Wrong, missing and surplus characters; None when the picture could not be opened.
        error: Why the picture could not be opened; None when it could.
    """

    file: str
    label: str
    prediction: str | None
    confidence: float | None
    char_errors: int | None
    error: str | None


def worst_readings(evaluation: Evaluation) -> list[Mistake]:
    """Return every mistake, the worst first.

    The worst is the mistake that the model was surest of: it has the greatest log loss, passes every threshold
    unseen, and often is a wrong label. Pictures that could not be opened come last.
    """
    mistakes = []
    for file, label, read in zip(evaluation.files, evaluation.labels, evaluation.predictions, strict=True):
        if not isinstance(read, Prediction):
            mistakes.append(Mistake(file, label, None, None, None, str(read)))
        elif read.text != label:
            mistakes.append(Mistake(file, label, read.text, read.confidence, char_errors(label, read.text), None))
    return sorted(mistakes, key=lambda m: -1.0 if m.confidence is None else m.confidence, reverse=True)


def format_figures(evaluation: Evaluation) -> str:
    """Return the figures as lines of name and value."""
    metrics = evaluation.metrics
    unreadable = (
        f" (of which {metrics.unreadable} could not be opened and count as wrong)" if metrics.unreadable else ""
    )
    lines = [
        ("n", f"{metrics.n}{unreadable}"),
        ("exact_match", f"{metrics.exact_match:.2%}"),
        ("exact_match_folded", f"{metrics.exact_match_folded:.2%}  (case ignored)"),
        ("char_accuracy", f"{metrics.char_accuracy:.2%}"),
        ("cer", f"{metrics.cer:.2%}"),
        ("ece", f"{metrics.ece:.4f}"),
        ("images_per_second", f"{evaluation.images_per_second:.1f}"),
    ]
    return "\n".join(f"{name:<20}{value}" for name, value in lines)


def format_details(evaluation: Evaluation, rows: int = 10) -> str:
    """Return the worst readings and the most frequent confusions as aligned tables, ``rows`` of each."""
    mistakes = worst_readings(evaluation)
    confusions = evaluation.metrics.confusions
    if not mistakes:
        return "Every picture was read exactly."
    worst = [(m.file, m.label, *_reading(m)) for m in mistakes[:rows]]
    parts = [
        f"Worst pictures ({len(worst)} of {len(mistakes)} mistakes, the surest first)",
        *_table(("file", "label", "read", "confidence"), worst),
    ]
    if confusions:
        pairs = [(c.truth or "(nothing)", c.read or "(nothing)", str(c.times)) for c in confusions[:rows]]
        parts += ["", f"Confusions ({len(pairs)} of {len(confusions)})", *_table(("label", "read", "times"), pairs)]
    return "\n".join(parts)


def as_dict(evaluation: Evaluation) -> dict[str, Any]:
    """Return the figures and confusions as plain types, ready for JSON."""
    figures = asdict(evaluation.metrics)
    del figures["confusions"]
    confusions = [confusion._asdict() for confusion in evaluation.metrics.confusions]
    return figures | {"images_per_second": evaluation.images_per_second, "confusions": confusions}


def write_report(evaluation: Evaluation, folder: str | Path) -> list[Path]:
    """Write ``reliability.png``, ``worst.csv`` (every mistake) and ``confusions.csv`` into a folder.

    Args:
        evaluation: What to report.
        folder: Made if it is missing; files of these names are replaced.

    Returns:
        The paths written.

    Raises:
        CaptchaLabError: If a file cannot be written.
    """
    folder = Path(folder)
    plot, worst, confusions = folder / "reliability.png", folder / "worst.csv", folder / "confusions.csv"
    read = [
        (p.confidence, p.text == label)
        for p, label in zip(evaluation.predictions, evaluation.labels, strict=True)
        if isinstance(p, Prediction)
    ]
    plot_reliability(reliability_bins([c for c, _ in read], [r for _, r in read]), evaluation.metrics.ece, plot)
    columns = {"file": str, "label": str, "prediction": str, "confidence": float, "char_errors": int, "error": str}
    with open_table(worst, columns) as write:
        for mistake in worst_readings(evaluation):
            write(mistake)
    with open_table(confusions, {"label": str, "read": str, "times": int}) as write:
        for confusion in evaluation.metrics.confusions:
            write(confusion)
    return [plot, worst, confusions]


def plot_reliability(bins: Sequence[ReliabilityBin], ece: float, path: str | Path) -> None:
    """Draw accuracy over confidence, with how many readings each bar stands for below, as a PNG.

    The reliability diagram of Guo et al. (2017): bars on the diagonal mean that the confidence can be believed.

    Raises:
        CaptchaLabError: If the file cannot be written.
    """
    # A Figure without pyplot keeps no global state and needs no display; the import takes half a second.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 6), dpi=120, layout="constrained")
    accuracy, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    filled = [b for b in bins if b.count]
    edges, width = [b.lower for b in filled], 1 / len(bins)
    accuracy.bar(edges, [b.accuracy for b in filled], width, align="edge", edgecolor="white", label="share read right")
    accuracy.plot([0, 1], [0, 1], "--", color="grey", label="perfectly calibrated")
    accuracy.plot(
        [b.confidence for b in filled],
        [b.accuracy for b in filled],
        "o",
        color="black",
        markersize=3,
        label="mean confidence",
    )
    accuracy.set(ylabel="share read right", xlim=(0, 1), ylim=(0, 1), title=f"Reliability, ECE {ece:.4f}")
    accuracy.legend(loc="upper left", frameon=False)
    counts.bar(edges, [b.count for b in filled], width, align="edge", edgecolor="white", color="grey")
    counts.set(xlabel="confidence that the whole text is right", ylabel="pictures", yscale="log", ylim=(0.8, None))
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png")


def _reading(mistake: Mistake) -> tuple[str, str]:
    if mistake.confidence is None:
        return "(not opened)", "-"
    return mistake.prediction or "(nothing)", f"{mistake.confidence:.1%}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a header and rows as lines whose columns line up."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, *rows]
    return ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines]
