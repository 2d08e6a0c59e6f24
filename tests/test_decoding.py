"""The contract that every decoder keeps, and what is particular to the one over positions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from captcha_core.alphabet import Alphabet
from captcha_core.constraint import Constraint
from captcha_core.decoding import (
    SCHEMES,
    Decoded,
    class_count,
    class_probabilities,
    decode,
    decode_ctc,
    decode_heads,
    decode_positions,
    log_confidence,
    position_probabilities,
    possible_scores,
)
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


@pytest.mark.parametrize(
    ("decoder", "scheme"), [(decode_positions, "positions"), (decode_heads, "heads"), (decode_ctc, "ctc")]
)
def test_by_default_nothing_is_made_less_sure_and_three_alternatives_are_given(decoder, scheme) -> None:
    alphabet = Alphabet("abcdef")
    logits = torch.randn(3, 4, class_count(alphabet, scheme), generator=torch.Generator().manual_seed(4))
    assert decoder(logits, alphabet) == decode(logits, alphabet, scheme) == decode(logits, alphabet, scheme, 1.0, 3)


def test_probabilities_at_each_position_are_the_model_s_by_default() -> None:
    logits = torch.randn(3, 4, 4, generator=torch.Generator().manual_seed(5))
    assert (position_probabilities(logits, ABC) == class_probabilities(logits, 4, 1.0)).all()


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
    with pytest.raises(ValueError, match="'words' is none of positions, heads, ctc$"):
        decode(torch.zeros(1, 2, 4), ABC, "words")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_scores_that_are_no_numbers_are_refused_in_plain_words(scheme, bad) -> None:
    logits = torch.zeros(2, 3, class_count(ABC, scheme))
    logits[1, 2, 0] = bad
    with pytest.raises(CheckpointError) as caught:
        decode(logits, ABC, scheme)
    assert str(caught.value) == (
        "The model's answer holds NaN or infinity instead of scores: its weights are damaged or its training diverged. "
        "Take a fresh copy of the checkpoint or train again with a lower learning rate."
    )


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


def test_a_longest_text_leaves_nothing_for_longer_ones() -> None:
    logits = logits_of([[0.6, 0.1, 0.1, 0.2], [0.3, 0.1, 0.1, 0.5], [0.7, 0.1, 0.1, 0.1]])
    (item,) = decode_positions(logits, ABC, constraint=Constraint(max_length=1))
    assert item.text == "a"
    # Either the end comes at once, with 0.2, or after one of the characters.
    assert item.confidence == pytest.approx(0.6 * 0.5 / (0.2 + 0.8 * 0.5))


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


def test_single_precision_is_widened_before_anything_is_summed() -> None:
    single = torch.zeros(1, 60, 10)
    assert class_probabilities(single, 10, 1.0).max(axis=2).prod() == pytest.approx(1e-60)
    assert possible_scores(single, Alphabet("0123456789"), "heads", Constraint("12")).dtype == np.float64


def test_characters_that_tie_come_in_the_order_of_the_alphabet() -> None:
    (read,) = decode(np.zeros((1, 1, 36)), Alphabet.named("lower36"), "heads", top_k=35)
    assert read.text + "".join(c for c, _ in read.alternatives[0]) == Alphabet.named("lower36").symbols


@pytest.mark.parametrize("shape", [(3, 4), (1, 0, 4), (1, 3, 3)])
def test_a_shape_that_does_not_fit_is_named(shape) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        decode_positions(torch.zeros(shape), ABC)


def test_a_temperature_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="temperature=0"):
        decode_positions(torch.zeros(1, 2, 4), ABC, temperature=0)
