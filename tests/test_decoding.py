"""The contract that every decoder keeps, and what is particular to the one over positions."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from captcha_core.alphabet import Alphabet
from captcha_core.decoding import Decoded, decode_positions, text_lengths
from captcha_core.errors import CheckpointError

DECODERS = [decode_positions]
ABC = Alphabet("abc")


def logits_of(*rows: list[list[float]]) -> torch.Tensor:
    return torch.tensor(rows).log()


@pytest.mark.parametrize("decode", DECODERS)
@settings(max_examples=60, deadline=None)
@given(
    batch=st.integers(0, 5),
    positions=st.integers(1, 6),
    symbols=st.sampled_from(["a", "ab", "0123456789", "aAbB€ß"]),
    scale=st.sampled_from([0.0, 1.0, 30.0, 1e4]),
    temperature=st.floats(0.05, 20.0),
    top_k=st.integers(0, 4),
    seed=st.integers(0, 2**31),
)
def test_contract(decode, batch, positions, symbols, scale, temperature, top_k, seed) -> None:
    alphabet = Alphabet(symbols)
    logits = torch.randn(batch, positions, len(alphabet) + 1, generator=torch.Generator().manual_seed(seed)) * scale
    decoded = decode(logits, alphabet, temperature, top_k)
    assert len(decoded) == batch
    for item in decoded:
        assert set(item.text) <= set(symbols)
        assert len(item.text) <= positions
        assert len(item.char_confidences) == len(item.alternatives) == len(item.text)
        assert 0.0 <= item.confidence <= 1.0
        assert all(0.0 <= value <= 1.0 for value in item.char_confidences)
        assert item.confidence <= min(item.char_confidences, default=1.0) + 1e-12
        for character, best, others in zip(item.text, item.char_confidences, item.alternatives, strict=True):
            assert len(others) == min(top_k, len(alphabet) - 1)
            assert character not in [c for c, _ in others] and {c for c, _ in others} <= set(symbols)
            assert len({c for c, _ in others}) == len(others)
            values = [p for _, p in others]
            assert values == sorted(values, reverse=True)
            assert all(0.0 <= p <= best for p in values)


@pytest.mark.parametrize("decode", DECODERS)
def test_a_picture_reads_the_same_alone_and_in_a_batch(decode) -> None:
    logits = torch.randn(4, 5, 4, generator=torch.Generator().manual_seed(1))
    assert [decode(row[None], ABC)[0] for row in logits] == decode(logits, ABC)


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_scores_that_are_no_numbers_are_refused_in_plain_words(decode, bad) -> None:
    logits = torch.zeros(2, 3, 4)
    logits[1, 2, 0] = bad
    with pytest.raises(CheckpointError, match="NaN or infinity.*Take a fresh copy"):
        decode(logits, ABC)


def test_text_stops_at_the_first_end_and_confidence_includes_it() -> None:
    logits = logits_of(
        [[0.7, 0.2, 0.05, 0.05], [0.1, 0.6, 0.2, 0.1], [0.1, 0.1, 0.3, 0.5], [0.97, 0.01, 0.01, 0.01]],
    )
    (item,) = decode_positions(logits, ABC, top_k=2)
    assert item.text == "ab"
    assert item.char_confidences == pytest.approx((0.7, 0.6))
    assert item.confidence == pytest.approx(0.7 * 0.6 * 0.5)
    assert [[c for c, _ in others] for others in item.alternatives] == [["b", "c"], ["c", "a"]]
    assert [p for _, p in item.alternatives[1]] == pytest.approx([0.2, 0.1])


def test_an_empty_text_is_as_sure_as_its_end() -> None:
    (item,) = decode_positions(logits_of([[0.1, 0.1, 0.2, 0.6], [0.9, 0.05, 0.04, 0.01]]), ABC)
    assert item == Decoded("", item.confidence, (), ())
    assert item.confidence == pytest.approx(0.6)


def test_a_text_without_an_end_takes_every_position() -> None:
    (item,) = decode_positions(logits_of([[0.8, 0.1, 0.05, 0.05], [0.1, 0.1, 0.7, 0.1]]), ABC)
    assert item.text == "ac"
    assert item.confidence == pytest.approx(0.8 * 0.7)


def test_a_forbidden_class_may_score_minus_infinity() -> None:
    (item,) = decode_positions(torch.tensor([[[-math.inf, 1.0, 0.0, 0.0]]]), ABC)
    assert item.text == "b"


def test_temperature_changes_the_confidence_and_not_the_text() -> None:
    logits = torch.randn(8, 5, 4, generator=torch.Generator().manual_seed(2))
    sharp, soft = decode_positions(logits, ABC, 0.5), decode_positions(logits, ABC, 3.0)
    assert [d.text for d in sharp] == [d.text for d in soft]
    assert all(a.confidence > b.confidence for a, b in zip(sharp, soft, strict=True))
    by_hand = (logits[0, 0] / 0.5).softmax(0).max()
    if sharp[0].text:
        assert sharp[0].char_confidences[0] == pytest.approx(float(by_hand), abs=1e-6)


def test_half_precision_is_widened() -> None:
    logits = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(3))
    half, full = decode_positions(logits.bfloat16(), ABC), decode_positions(logits.bfloat16().double(), ABC)
    assert half == full


@pytest.mark.parametrize("shape", [(3, 4), (1, 0, 4), (1, 3, 3)])
def test_a_shape_that_does_not_fit_is_named(shape) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        decode_positions(torch.zeros(shape), ABC)


def test_a_temperature_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="temperature=0"):
        decode_positions(torch.zeros(1, 2, 4), ABC, temperature=0)


def test_text_lengths() -> None:
    classes = torch.tensor([[0, 3, 1, 1, 3], [3, 0, 0, 0, 0], [1, 2, 0, 1, 2], [1, 2, 0, 1, 3]])
    assert text_lengths(classes, end=3).tolist() == [1, 0, 5, 4]
