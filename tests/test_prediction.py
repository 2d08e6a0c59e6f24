"""A prediction keeps its promises to every consumer."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_core.prediction import Prediction, percent

GOOD = Prediction("ab", 0.5, (0.9, 0.6), ((("o", 0.1),), ()), 12.5, "model@abc")


def test_confidences_line_up_with_the_text() -> None:
    for confidences in [(), (0.9,), (0.9, 0.9, 0.9)]:
        with pytest.raises(ValueError, match=f"{len(confidences)} confidences for the 2 characters of 'ab'"):
            Prediction("ab", 0.5, confidences)
    assert Prediction("", 0.5, ()).char_confidences == ()


def test_alternatives_line_up_with_the_text_or_are_left_out() -> None:
    with pytest.raises(ValueError, match="1 lists of alternatives for 2 characters"):
        Prediction("ab", 0.5, (0.9, 0.6), ((),))
    assert Prediction("ab", 0.5, (0.9, 0.6)).alternatives == ()


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), float("inf")])
def test_confidences_are_probabilities(value: float) -> None:
    with pytest.raises(ValueError, match=r"outside 0\.\.1"):
        Prediction("a", value, (0.5,))
    with pytest.raises(ValueError, match=r"outside 0\.\.1"):
        Prediction("a", 0.5, (value,))


def test_the_bounds_themselves_are_probabilities() -> None:
    assert Prediction("ab", 0.0, (0.0, 1.0)).confidence == 0.0


def test_a_prediction_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        GOOD.text = "cd"  # type: ignore[misc]


def test_a_prediction_goes_to_json_whole() -> None:
    assert json.loads(json.dumps(GOOD.as_dict())) == {
        "text": "ab",
        "confidence": 0.5,
        "char_confidences": [0.9, 0.6],
        "alternatives": [[["o", 0.1]], []],
        "latency_ms": 12.5,
        "model_id": "model@abc",
    }


def test_doubtful_positions_are_those_below_the_threshold() -> None:
    assert GOOD.doubtful(0.9) == [1]
    assert GOOD.doubtful(0.6) == []
    assert GOOD.doubtful(1.0) == [0, 1]


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [(1.0, 0, "100%"), (0.9999, 0, "99%"), (0.99999, 1, "99.9%"), (0.29, 0, "29%"), (0.0, 1, "0.0%")],
)
def test_percent_rounds_down(value: float, decimals: int, shown: str) -> None:
    assert percent(value, decimals) == shown


@given(st.floats(0.0, 1.0))
def test_only_certainty_shows_as_100(value: float) -> None:
    assert (percent(value) == "100%") == (value > 1 - 1e-10)


@pytest.mark.parametrize(
    ("confidence", "shown"), [(0.0, "0.0%"), (0.29, "29.0%"), (0.9999, "99.9%"), (1.0, "100.0%"), (0.0312, "3.1%")]
)
def test_only_certainty_shows_as_one_hundred(confidence: float, shown: str) -> None:
    assert percent(confidence, 1) == shown
