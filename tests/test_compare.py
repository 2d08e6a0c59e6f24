"""What most models say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_core.batch import Reading
from captcha_core.compare import Attempt, Verdict, agrees, verdict_of, verdicts
from captcha_core.errors import ImageError
from captcha_core.prediction import Prediction

BAD = ImageError("x.png is damaged.")


def read(text: str, confidence: float = 0.5, latency_ms: float = 0.0) -> Prediction:
    return Prediction(text, confidence, (confidence,) * len(text), latency_ms=latency_ms)


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([], Verdict(None, 0, 0)),
        ([BAD, BAD], Verdict(None, 0, 0)),
        ([read("ab")], Verdict("ab", 1, 1)),
        ([read("ab"), read("cd")], Verdict(None, 1, 2)),
        ([read("ab"), read("cd"), read("ab")], Verdict("ab", 2, 3)),
        ([read("ab", 0.4), read("Ab", 0.9), read("cd")], Verdict("Ab", 2, 3)),
        ([read(""), read(""), read("x")], Verdict("", 2, 3)),
        ([read("a"), read("a"), read("b"), read("b"), read("c")], Verdict(None, 2, 5)),
        ([read("ab"), BAD, read("ab")], Verdict("ab", 2, 2)),
    ],
)
def test_most_voices_win_and_a_tie_is_none(outcomes: list[object], verdict: Verdict) -> None:
    assert verdict_of(outcomes) == verdict


@given(st.lists(st.sampled_from(["a", "A", "b", "ab", ""]), max_size=8))
def test_a_verdict_counts_what_agrees_with_it(texts: list[str]) -> None:
    outcomes = [read(text) for text in texts]
    verdict = verdict_of(outcomes)
    if verdict.text is not None:
        assert sum(agrees(outcome, verdict) for outcome in outcomes) == verdict.votes
    assert verdict.unanimous == (bool(texts) and len({text.casefold() for text in texts}) == 1)


def test_nothing_agrees_where_there_is_no_verdict() -> None:
    assert not agrees(read("ab"), Verdict(None, 1, 2))
    assert not agrees(BAD, Verdict("ab", 1, 1))


def test_attempts_are_judged_picture_by_picture() -> None:
    first = Attempt("x", [Reading("1", None, read("a", latency_ms=10), b""), Reading("2", None, BAD, b"")])
    second = Attempt("y", [Reading("1", None, read("a", latency_ms=30), b""), Reading("2", None, read("b"), b"")])
    assert verdicts([first, second]) == [Verdict("a", 2, 2), Verdict("b", 1, 1)]
    assert (first.mean_latency_ms, second.mean_latency_ms) == (10, 15)
    assert Attempt("z", [Reading("2", None, BAD, b"")]).mean_latency_ms == 0
