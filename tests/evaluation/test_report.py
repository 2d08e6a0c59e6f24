from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from captcha_core.errors import ImageError
from captcha_core.evaluation.report import (
    REPORT_FILES,
    as_dict,
    format_details,
    format_figures,
    sample_rows,
    worst_readings,
    write_report,
)
from tests.evaluation.helpers import evaluation_of, read

MIXED = evaluation_of(
    ("right.png", "abc", read("abc", 0.95)),
    ("unsure.png", "abc", read("abd", 0.3)),
    ("gone.png", "abc", ImageError("gone.png is empty (0 bytes)")),
    ("sure.png", "0o0", read("0O", 0.99)),
    ("=formula.png", "abc", read("", 0.5)),
)
PERFECT = evaluation_of(("a.png", "abc", read("abc", 1.0)))


def test_the_worst_is_the_surest_mistake_and_the_unopened_come_last() -> None:
    mistakes = worst_readings(MIXED)
    assert [m.file for m in mistakes] == ["sure.png", "=formula.png", "unsure.png", "gone.png"]
    assert mistakes[0] == ("sure.png", "0o0", "0O", 0.99, 2, None)
    assert mistakes[-1] == ("gone.png", "abc", None, None, None, "gone.png is empty (0 bytes)")
    assert worst_readings(PERFECT) == []


def test_figures_name_what_could_not_be_opened() -> None:
    lines = format_figures(MIXED).splitlines()
    assert lines[0].split()[:2] == ["n", "5"] and "1 could not be opened" in lines[0]
    assert dict(line.split()[:2] for line in lines) == {
        "n": "5",
        "exact_match": "20.00%",
        "exact_match_folded": "20.00%",
        "char_accuracy": f"{MIXED.metrics.char_accuracy:.2%}",
        "cer": f"{MIXED.metrics.cer:.2%}",
        "ece": f"{MIXED.metrics.ece:.4f}",
        "aurc": f"{MIXED.metrics.aurc:.4f}",
        "coverage_at_99": "0.00%",
        "images_per_second": "12.3",
    }
    assert "opened" not in format_figures(PERFECT)


def test_details_are_aligned_and_cut() -> None:
    lines = format_details(MIXED, rows=2, samples=2).splitlines()
    assert lines[0] == "Samples (2 of 5, evenly spread)"
    assert [line.split() for line in lines[1:4]] == [
        ["label", "read", "confidence"],
        ["abc", "abc", "95.0%", "ok"],
        ["abc", "(not", "opened)", "-", "WRONG"],
    ]
    lines = lines[5:]
    assert lines[0] == "Worst pictures (2 of 4 mistakes, the surest first)"
    assert lines[2].split() == ["sure.png", "0o0", "0O", "99.0%"]
    assert lines[3].split() == ["=formula.png", "abc", "(nothing)", "50.0%"]
    assert lines[1].index("label") == lines[2].index("0o0") == lines[3].index("abc")
    assert lines[5].startswith("Confusions (2 of ")
    assert len(lines) == 9
    assert format_details(PERFECT).endswith("\n\nEvery picture was read exactly.")


def test_samples_are_evenly_spread_and_never_more_than_there_are() -> None:
    hundred = evaluation_of(*((f"{i}.png", str(i), read(str(i % 50))) for i in range(100)))
    assert [row[0] for row in sample_rows(hundred, 4)] == ["0", "25", "50", "75"]
    assert [row[3] for row in sample_rows(hundred, 4)] == ["ok", "ok", "WRONG", "WRONG"]
    assert len(sample_rows(MIXED, 9)) == 5


def test_a_label_cannot_break_a_table() -> None:
    hostile = evaluation_of(("a.png", "a\nb\x1b[2J", read("ab")))
    assert "a\ufffdb\ufffd[2J" in format_details(hostile)
    assert "\x1b" not in format_details(hostile)


def test_json_has_the_named_figures() -> None:
    figures = json.loads(json.dumps(as_dict(MIXED)))
    names = {"n", "exact_match", "exact_match_folded", "char_accuracy", "cer", "ece", "images_per_second", "unreadable"}
    names |= {"aurc", "coverage_at_99"}
    assert names <= set(figures)
    assert figures["confusions"][0].keys() == {"truth", "read", "times"}


def test_report_files(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "report"
    assert write_report(MIXED, folder) == [folder / name for name in REPORT_FILES]
    for name in ("reliability.png", "risk_coverage.png", "confusion_matrix.png"):
        with Image.open(folder / name) as plot:
            assert plot.format == "PNG" and min(plot.size) > 300
            assert len(plot.convert("RGB").getcolors(1 << 20) or []) > 10
    with (folder / "worst.csv").open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["file"] for row in rows] == ["sure.png", "'=formula.png", "unsure.png", "gone.png"]
    with (folder / "confusions.csv").open(newline="", encoding="utf-8") as handle:
        assert sum(int(row["times"]) for row in csv.DictReader(handle)) == 6
    assert not list(folder.glob(".*"))


def test_the_plot_follows_the_readings(tmp_path: Path) -> None:
    wrong = evaluation_of(("a.png", "abc", read("abd", 1.0)))
    for name, evaluation in (("right", PERFECT), ("wrong", wrong)):
        write_report(evaluation, tmp_path / name)
    for plot in ("reliability.png", "risk_coverage.png", "confusion_matrix.png"):
        first, second = ((tmp_path / name / plot).read_bytes() for name in ("right", "wrong"))
        assert first != second


def test_a_report_of_a_perfect_model_has_empty_tables(tmp_path: Path) -> None:
    write_report(PERFECT, tmp_path)
    assert len((tmp_path / "worst.csv").read_text().splitlines()) == 1


def test_a_report_can_be_written_without_any_reading(tmp_path: Path) -> None:
    nothing = replace(MIXED, predictions=[ImageError("gone")] * 5)
    write_report(nothing, tmp_path)
    assert len((tmp_path / "worst.csv").read_text().splitlines()) == 6


@pytest.mark.parametrize("name", REPORT_FILES)
def test_a_report_replaces_an_older_one(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("old")
    write_report(PERFECT, tmp_path)
    assert (tmp_path / name).read_bytes() != b"old"
