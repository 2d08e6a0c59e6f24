"""An evaluation for people: figures, samples, the worst readings, the confusions, and the plots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from captcha_core.evaluation.calibration import reliability_bins
from captcha_core.evaluation.marking import printable
from captcha_core.evaluation.measure import Evaluation
from captcha_core.evaluation.metrics import align, char_errors, character_pairs, outcomes
from captcha_core.evaluation.plots import plot_confusion_matrix, plot_reliability, plot_risk_coverage, save_figure
from captcha_core.evaluation.selective import risk_coverage
from captcha_core.prediction import Prediction, percent
from captcha_core.tables import open_table

REPORT_FILES = ("reliability.png", "risk_coverage.png", "confusion_matrix.png", "worst.csv", "confusions.csv")


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


class ReportLine(NamedTuple):
    """One figure of an evaluation as text.

    Attributes:
        name: Its name, as in the JSON file.
        value: The figure.
        remark: What one must know about it; mostly empty.
    """

    name: str
    value: str
    remark: str


def figures_of(evaluation: Evaluation) -> list[ReportLine]:
    """Return the figures as texts, in the order in which they are shown everywhere."""
    metrics = evaluation.metrics
    unreadable = f"(of which {metrics.unreadable} could not be opened and count as wrong)" if metrics.unreadable else ""
    return [
        ReportLine("n", str(metrics.n), unreadable),
        ReportLine("exact_match", f"{metrics.exact_match:.2%}", ""),
        ReportLine("exact_match_folded", f"{metrics.exact_match_folded:.2%}", "(case ignored)"),
        ReportLine("char_accuracy", f"{metrics.char_accuracy:.2%}", ""),
        ReportLine("cer", f"{metrics.cer:.2%}", ""),
        ReportLine("ece", f"{metrics.ece:.4f}", ""),
        ReportLine("aurc", f"{metrics.aurc:.4f}", ""),
        ReportLine("coverage_at_99", f"{metrics.coverage_at_99:.2%}", "(can be accepted with 99% right)"),
        ReportLine("images_per_second", f"{evaluation.images_per_second:.1f}", ""),
    ]


def format_figures(evaluation: Evaluation) -> str:
    """Return the figures as lines of name, value and remark."""
    return "\n".join(f"{f.name:<20}{f.value}  {f.remark}".rstrip() for f in figures_of(evaluation))


def format_details(evaluation: Evaluation, rows: int = 10, samples: int = 5) -> str:
    """Return samples, the worst readings and the most frequent confusions as aligned tables.

    Args:
        evaluation: What was read.
        rows: Most of the worst readings, and most confusions.
        samples: Pictures to show whatever became of them, evenly spread over the data.
    """
    mistakes, confusions = worst_readings(evaluation), evaluation.metrics.confusions
    shown = sample_rows(evaluation, samples)
    header = ("label", "read", "confidence", "")
    parts = [f"Samples ({len(shown)} of {len(evaluation.labels)}, evenly spread)", *_table(header, shown), ""]
    if not mistakes:
        return "\n".join([*parts, "Every picture was read exactly."])
    worst = [(m.file, m.label, *_reading(m.prediction, m.confidence)) for m in mistakes[:rows]]
    parts += [
        f"Worst pictures ({len(worst)} of {len(mistakes)} mistakes, the surest first)",
        *_table(("file", "label", "read", "confidence"), worst),
    ]
    if confusions:
        pairs = [(c.truth or "(nothing)", c.read or "(nothing)", str(c.times)) for c in confusions[:rows]]
        parts += ["", f"Confusions ({len(pairs)} of {len(confusions)})", *_table(("label", "read", "times"), pairs)]
    return "\n".join(parts)


def format_suspects(evaluation: Evaluation, rows: int = 20) -> str:
    """Return the labels that readings contradict as a table, the surest readings first."""
    suspects = [m for m in worst_readings(evaluation) if m.prediction is not None]
    if not suspects:
        return f"No reading contradicts any of the {len(evaluation.labels)} labels."
    worst = [(m.file, m.label, *_reading(m.prediction, m.confidence)) for m in suspects[:rows]]
    heading = f"{len(suspects)} of {len(evaluation.labels)} labels are contradicted"
    shown = f"; the surest {len(worst)}" if len(worst) < len(suspects) else ", the surest first"
    return "\n".join([f"{heading}{shown}", *_table(("file", "label", "read", "confidence"), worst)])


def sample_rows(evaluation: Evaluation, count: int) -> list[tuple[str, str, str, str]]:
    """Return label, reading, confidence and ``ok`` or ``WRONG`` of pictures evenly spread over the data."""
    total = len(evaluation.labels)
    rows = []
    for i in range(min(count, total)):
        place = i * total // min(count, total)
        label, read = evaluation.labels[place], evaluation.predictions[place]
        texts = _reading(read.text, read.confidence) if isinstance(read, Prediction) else _reading(None, None)
        right = isinstance(read, Prediction) and read.text == label
        rows.append((label, *texts, "ok" if right else "WRONG"))
    return rows


def as_dict(evaluation: Evaluation) -> dict[str, Any]:
    """Return the figures and confusions as plain types, ready for JSON."""
    figures = asdict(evaluation.metrics)
    del figures["confusions"]
    confusions = [confusion._asdict() for confusion in evaluation.metrics.confusions]
    return figures | {"images_per_second": evaluation.images_per_second, "confusions": confusions}


def write_report(evaluation: Evaluation, folder: str | Path) -> list[Path]:
    """Write the plots and tables of ``REPORT_FILES`` into a folder; ``worst.csv`` holds every mistake.

    Args:
        evaluation: What to report.
        folder: Made if it is missing; files of these names are replaced.

    Returns:
        The paths written.

    Raises:
        CaptchaLabError: If a file cannot be written.
    """
    reliability, selective, matrix, worst, confusions = paths = [Path(folder) / name for name in REPORT_FILES]
    pairs = zip(evaluation.labels, evaluation.predictions, strict=True)
    read = [(label, p) for label, p in pairs if isinstance(p, Prediction)]
    bins = reliability_bins([p.confidence for _, p in read], [p.text == label for label, p in read])
    save_figure(plot_reliability(bins, evaluation.metrics.ece), reliability)
    curve = risk_coverage(*outcomes(evaluation.labels, evaluation.predictions))
    save_figure(plot_risk_coverage(*curve, evaluation.metrics.aurc), selective)
    characters = Counter(character_pairs(align([label for label, _ in read], [p.text for _, p in read])))
    save_figure(plot_confusion_matrix(characters), matrix)
    columns = {"file": str, "label": str, "prediction": str, "confidence": float, "char_errors": int, "error": str}
    with open_table(worst, columns) as write:
        for mistake in worst_readings(evaluation):
            write(mistake)
    with open_table(confusions, {"label": str, "read": str, "times": int}) as write:
        for confusion in evaluation.metrics.confusions:
            write(confusion)
    return paths


def _reading(text: str | None, confidence: float | None) -> tuple[str, str]:
    """Return what was read and how sure the model was, as a table shows it; None stands for a picture not opened."""
    if text is None or confidence is None:
        return "(not opened)", "-"
    return text or "(nothing)", percent(confidence, 1)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a header and rows as lines whose columns line up."""
    lines = [[printable(cell) for cell in line] for line in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines]
