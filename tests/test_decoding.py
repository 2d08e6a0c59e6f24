"""The contract that every decoder keeps, and what is particular to the one over positions."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from captcha_core.alphabet import Alphabet
from captcha_core.decoding import SCHEMES, Decoded, class_count, decode, decode_positions, log_confidence
from captcha_core.errors import CheckpointError

ABC = Alphabet("abc")


def logits_of(*rows: list[list[float]]) -> torch.Tensor:
    return torch.tensor(rows).log()


@pytest.mark.parametrize("scheme", SCHEMES)
@given(
    batch=st.integers(0, 5),
    positions=st.integers(1, 6),
    symbols=st.sampled_from(["a", "ab", "0123456789", "aAbB€ß"]),
    scale=st.sampled_from([0.0, 1.0, 30.0, 1e4]),
    temperature=st.floats(0.05, 20.0),
    top_k=st.integers(0, 4),
    seed=st.integers(0, 2**31),
)
def test_contract(scheme, batch, positions, symbols, scale, temperature, top_k, seed) -> None:
    alphabet = Alphabet(symbols)
    shape = batch, positions, class_count(alphabet, scheme)
    logits = torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * scale
    decoded = decode(logits, alphabet, scheme, temperature, top_k)
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
            # CTC's best path need not be its best text.
            assert all(0.0 <= p <= (1.0 if scheme == "ctc" else best) for p in values)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_picture_reads_the_same_alone_and_in_a_batch(scheme) -> None:
    logits = torch.randn(4, 5, class_count(ABC, scheme), generator=torch.Generator().manual_seed(1))
    assert [decode(row[None], ABC, scheme)[0] for row in logits] == decode(logits, ABC, scheme)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_log_confidence_is_the_confidence_of_what_is_read(scheme, temperature) -> None:
    logits = torch.randn(6, 5, class_count(ABC, scheme), generator=torch.Generator().manual_seed(2))
    confidences = [math.log(d.confidence) for d in decode(logits, ABC, scheme, temperature)]
    assert log_confidence(logits, scheme, temperature).tolist() == pytest.approx(confidences)


def test_heads_write_a_character_each() -> None:
    logits = logits_of([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
    (read,) = decode(logits, ABC, "heads")
    assert read.text == "ac"
    assert read.confidence == pytest.approx(0.42)
    assert read.char_confidences == pytest.approx((0.7, 0.6))
    assert read.alternatives[1][0] == ("b", pytest.approx(0.3))


def test_ctc_takes_out_repeats_and_blanks() -> None:
    step = {"a": [0.9, 0.0, 0.0, 0.1], "-": [0.1, 0.0, 0.0, 0.9]}
    (read,) = decode(logits_of([step[c] for c in "aa-a"]), ABC, "ctc")
    assert read.text == "aa"
    # The paths that read "aa" in four steps: aa-a, a--a, a-aa, -a-a and a-a-.
    paths = [
        0.9 * 0.9 * 0.9 * 0.9,
        0.9 * 0.1 * 0.9 * 0.9,
        0.9 * 0.1 * 0.1 * 0.9,
        0.1 * 0.9 * 0.9 * 0.9,
        0.9 * 0.1 * 0.1 * 0.1,
    ]
    assert read.confidence == pytest.approx(sum(paths))


def test_an_unknown_scheme_is_named() -> None:
    with pytest.raises(ValueError, match="'words' is none of"):
        decode(torch.zeros(1, 2, 4), ABC, "words")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_scores_that_are_no_numbers_are_refused_in_plain_words(scheme, bad) -> None:
    logits = torch.zeros(2, 3, class_count(ABC, scheme))
    logits[1, 2, 0] = bad
    with pytest.raises(CheckpointError, match="NaN or infinity.*Take a fresh copy"):
        decode(logits, ABC, scheme)


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
    half, full = decode_positions(logits.half(), ABC), decode_positions(logits.half().double(), ABC)
    assert half == full


@pytest.mark.parametrize("shape", [(3, 4), (1, 0, 4), (1, 3, 3)])
def test_a_shape_that_does_not_fit_is_named(shape) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        decode_positions(torch.zeros(shape), ABC)


def test_a_temperature_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="temperature=0"):
        decode_positions(torch.zeros(1, 2, 4), ABC, temperature=0)
