from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks.few_shot_tables import few_shot_table, plot_few_shot


def entry(style: str, size: int, draw: int, after: float, scratch: bool = False) -> dict[str, Any]:
    return {
        "style": f"zoo_dev/{style}",
        "size": size,
        "draw": draw,
        "scratch": scratch,
        "seconds": 90.0,
        "before": {"folded": 0.5},
        "before_told": {"folded": 0.6},
        "after": {"folded": after},
        "old_after": {"a": 0.8, "b": 0.88},
    }


RESULTS = {
    "threads": 2,
    "old_before": {"a": 0.8, "b": 0.9},
    "entries": [
        entry("one", 25, 0, 0.8),
        entry("one", 25, 1, 0.9),
        entry("two", 25, 0, 0.7),
        entry("two", 25, 1, 0.7),
        entry("one", 25, 0, 0.1, scratch=True),
        entry("two", 100, 0, 0.95),
    ],
}


def test_a_row_has_the_mean_over_styles_and_the_spread_between_draws() -> None:
    lines = few_shot_table(RESULTS)
    assert lines[2] == (
        "| 25 | 2 x 2 | 50.0% | 60.0% | **77.5%** (70.0% to 85.0%) | 3.5 points | 10.0% | 1.5 | 1.0 points |"
    )
    assert lines[3] == "| 100 | 1 x 1 | 50.0% | 60.0% | **95.0%** (95.0% to 95.0%) | - | - | 1.5 | 1.0 points |"
    assert "2 threads" in lines[-1]


def test_the_curves_are_a_picture(tmp_path: Path) -> None:
    plot_few_shot(RESULTS, tmp_path / "x.png")
    with Image.open(tmp_path / "x.png") as picture:
        assert picture.size == pytest.approx((880, 495), abs=2)
