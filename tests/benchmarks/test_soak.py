"""The figures of a soak, from what was seen."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.soak import CLIENTS, Look, Record, faults, figures, growth, percentiles


def looks(rss: list[float], handles: list[int] | None = None, files: list[int] | None = None) -> list[Look]:
    count = len(rss)
    return [Look(i, rss[i], (handles or [9] * count)[i], (files or [3] * count)[i]) for i in range(count)]


def result(record: Record) -> dict[str, Any]:
    return figures(record, 1.0, 2)


def test_growth_is_from_the_end_of_the_warm_up_to_the_end() -> None:
    seen = growth(looks([50.0] * 20 + [100.0] * 10 + [500.0] * 60 + [104.0] * 10))
    assert seen["rss_mb"] == {"after_warm_up": 100.0, "at_the_end": 104.0}
    assert seen["memory_growth"] == 0.04


def test_percentiles() -> None:
    assert percentiles([i / 1000 for i in range(100, 0, -1)]) == {"visits": 100, "p50": 51.0, "p95": 96.0, "p99": 100.0}
    assert percentiles([0.5]) == {"visits": 1, "p50": 500.0, "p95": 500.0, "p99": 500.0}


def test_a_soak_in_which_nothing_is_wrong() -> None:
    record = Record(looks=looks([100.0] * 100))
    record.seconds["read"] = [0.1] * 120
    seen = result(record)
    assert faults(seen) == []
    assert (seen["visits"], seen["visits_a_second"], seen["errors"]) == (120, 2.0, 0)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (Record(looks=looks([100.0] * 90 + [106.0] * 10)), "memory grew by 6.0%"),
        (Record(looks=looks([100.0] * 100, handles=[9] * 90 + [10 + CLIENTS] * 10)), "handles became more"),
        (Record(looks=looks([100.0] * 100, files=[9] * 90 + [10 + CLIENTS] * 10)), "files became more"),
    ],
)
def test_what_is_wrong_is_told(record: Record, said: str) -> None:
    [fault] = faults(result(record))
    assert fault.startswith(said)


def test_a_wrong_answer_is_told_with_its_text() -> None:
    record = Record(looks=looks([100.0] * 10))
    record.errors["read: UnexpectedError: no text"] += 2
    [fault] = faults(result(record))
    assert fault.startswith("2 answers were wrong") and "no text" in fault
