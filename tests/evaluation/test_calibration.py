from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from captcha_core.agreement import agreed
from captcha_core.alphabet import Alphabet
from captcha_core.decoding import SCHEMES, class_count, decode, decode_positions, position_probabilities
from captcha_core.evaluation.calibration import (
    TEMPERATURE_RANGE,
    expected_calibration_error,
    fit_temperature,
    reliability_bins,
)

DIGITS = Alphabet("0123456789")


def drawn_from_the_model(count: int, seed: int = 0) -> tuple[torch.Tensor, list[str]]:
    """Logits whose softmax at temperature 1 is by construction the truth, and labels drawn from it."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(count, 4, 11, generator=generator) * 4
    logits[:, :3, 10] = -20.0
    logits[:, 3, 10] = 20.0
    probabilities = logits.softmax(-1)
    drawn = torch.multinomial(probabilities.view(-1, 11), 1, generator=generator).view(count, 4)
    return logits, [DIGITS.decode(row[:3].tolist()) for row in drawn]


def test_bins_by_hand() -> None:
    bins = reliability_bins([0.0, 0.5, 0.51, 1.0], [False, True, False, True], bins=2)
    assert [(b.lower, b.upper, b.count) for b in bins] == [(0.0, 0.5, 2), (0.5, 1.0, 2)]
    assert (bins[0].confidence, bins[0].accuracy) == pytest.approx((0.25, 0.5))
    assert (bins[1].confidence, bins[1].accuracy) == pytest.approx((0.755, 0.5))


def test_error_by_hand() -> None:
    # Three readings at 0.9 of which two are right, one at 0.3 that is wrong.
    error = expected_calibration_error([0.9, 0.9, 0.9, 0.3], [True, True, False, False])
    assert error == pytest.approx(0.75 * abs(0.9 - 2 / 3) + 0.25 * 0.3)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40), st.integers(1, 20))
def test_error_is_a_share_and_every_reading_is_in_one_bin(readings, bins) -> None:
    confidences, correct = [c for c, _ in readings], [r for _, r in readings]
    assert 0.0 <= expected_calibration_error(confidences, correct, bins) <= 1.0 + 1e-9
    sorted_in = reliability_bins(confidences, correct, bins)
    assert sum(b.count for b in sorted_in) == len(readings)
    assert all(b.lower - 1e-9 <= b.confidence <= b.upper + 1e-9 for b in sorted_in if b.count)


@pytest.mark.parametrize(("confidences", "correct"), [([0.5], []), ([1.5], [True]), ([float("nan")], [True])])
def test_what_is_no_forecast_is_refused(confidences, correct) -> None:
    with pytest.raises(ValueError):
        expected_calibration_error(confidences, correct)


@pytest.mark.parametrize("distortion", [0.4, 1.0, 3.0])
def test_temperature_undoes_a_known_distortion(distortion) -> None:
    logits, labels = drawn_from_the_model(3000)
    temperature = fit_temperature(logits * distortion, labels, DIGITS, "positions")
    assert temperature == pytest.approx(distortion, rel=0.15)


@settings(max_examples=15)
@given(st.integers(0, 1000), st.floats(0.4, 2.5), st.sampled_from(SCHEMES))
def test_scores_times_a_factor_have_the_temperature_times_it_and_the_same_confidences(seed, factor, scheme) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = 5 * torch.randn(60, 3, class_count(DIGITS, scheme), generator=generator, dtype=torch.float64)
    chances = torch.rand(60, generator=generator).tolist()
    read = decode(logits, DIGITS, scheme)
    labels = [d.text if chance < d.confidence else "x" for d, chance in zip(read, chances, strict=True)]
    plain, scaled = (fit_temperature(scores, labels, DIGITS, scheme) for scores in (logits, logits * factor))
    assert scaled == pytest.approx(plain * factor, rel=1e-2)
    pairs = zip(decode(logits, DIGITS, scheme, plain), decode(logits * factor, DIGITS, scheme, scaled), strict=True)
    assert all(a.text == b.text and a.confidence == pytest.approx(b.confidence, abs=1e-2) for a, b in pairs)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=20), st.randoms(use_true_random=False))
def test_the_error_does_not_depend_on_the_order_of_the_readings(readings, rng) -> None:
    shuffled = rng.sample(readings, len(readings))
    errors = [expected_calibration_error([c for c, _ in some], [r for _, r in some]) for some in (readings, shuffled)]
    assert errors[0] == pytest.approx(errors[1])


def test_temperature_lowers_the_calibration_error() -> None:
    logits, labels = drawn_from_the_model(1500, seed=1)
    logits = logits * 4

    def error(temperature: float) -> float:
        decoded = decode_positions(logits, DIGITS, temperature)
        correct = [d.text == label for d, label in zip(decoded, labels, strict=True)]
        return expected_calibration_error([d.confidence for d in decoded], correct)

    assert error(fit_temperature(logits, labels, DIGITS, "positions")) < 0.05 < 0.2 < error(1.0)


def test_a_model_without_a_mistake_on_few_pictures_is_not_declared_infallible() -> None:
    logits = torch.zeros(20, 4, 11)
    logits[:, :3, 7] = logits[:, 3, 10] = 9.0
    temperature = fit_temperature(logits, ["777"] * 20, DIGITS, "positions")
    confidences = {d.confidence for d in decode_positions(logits, DIGITS, temperature)}
    assert TEMPERATURE_RANGE[0] < temperature
    assert list(confidences) == [pytest.approx(21 / 22, abs=1e-3)]


def test_a_wrong_text_never_counts_as_right_because_a_label_cannot_be_written() -> None:
    logits, labels = drawn_from_the_model(50)
    assert fit_temperature(logits, ["x" * 9] * 50, DIGITS, "positions") > fit_temperature(
        logits, labels, DIGITS, "positions"
    )


def test_labels_are_folded_to_the_alphabet_s_case() -> None:
    lower = Alphabet("ab")
    logits = torch.tensor([[[4.0, 0.0, -9.0], [-9.0, -9.0, 9.0]]]).repeat(30, 1, 1)
    assert fit_temperature(logits, ["A"] * 30, lower, "positions") == fit_temperature(
        logits, ["a"] * 30, lower, "positions"
    )
    assert fit_temperature(logits, ["A"] * 30, lower, "positions") < fit_temperature(
        logits, ["b"] * 30, lower, "positions"
    )


def test_no_pictures_leave_the_confidence_as_it_is() -> None:
    assert fit_temperature(torch.zeros(0, 4, 11), [], DIGITS, "positions") == 1.0


def test_labels_that_do_not_line_up_are_refused() -> None:
    with pytest.raises(ValueError, match="2 labels for 1 rows"):
        fit_temperature(torch.zeros(1, 4, 11), ["1", "2"], DIGITS, "positions")


@pytest.mark.parametrize("scheme", ["heads", "ctc"])
def test_an_overconfident_model_of_any_scheme_is_cooled(scheme: str) -> None:
    logits = 6 * torch.randn(1000, 6, class_count(DIGITS, scheme), generator=torch.Generator().manual_seed(5))
    drawn = decode(logits, DIGITS, scheme)
    # Every label is drawn with the confidence of its text, so that temperature 1 is right.
    chances = torch.rand(1000, generator=torch.Generator().manual_seed(6))
    labels = [d.text if chance < d.confidence else "x" for d, chance in zip(drawn, chances.tolist(), strict=True)]
    assert fit_temperature(logits * 4, labels, DIGITS, scheme) == pytest.approx(4.0, rel=0.2)


def two_opinions(count: int) -> tuple[torch.Tensor, torch.Tensor, list[str], list[float]]:
    """Return CTC logits, those of positions that mostly agree, the texts and the confidences of both."""
    generator = torch.Generator().manual_seed(7)
    logits = 8 * torch.randn(count, 6, 11, generator=generator)
    texts = [d.text for d in decode(logits, DIGITS, "ctc")]
    second = 2 * torch.randn(count, 7, 11, generator=generator)
    for row, text in zip(second, texts, strict=True):
        row[range(len(text) + 1), [*DIGITS.encode(text), 10]] += 6
    probabilities = position_probabilities(second, DIGITS)
    pairs = zip(decode(logits, DIGITS, "ctc"), probabilities, strict=True)
    return logits, second, texts, [agreed(d, p, DIGITS).confidence for d, p in pairs]


def test_of_two_opinions_the_agreed_confidence_is_calibrated() -> None:
    logits, second, texts, confidences = two_opinions(500)
    # Every label is drawn with the confidence of both, so that temperature 1 is right.
    chances = torch.rand(500, generator=torch.Generator().manual_seed(8)).tolist()
    labels = [text if chance < c else "x" for text, c, chance in zip(texts, confidences, chances, strict=True)]
    assert 100 < labels.count("x") < 400
    both = fit_temperature(logits * 4, labels, DIGITS, "ctc", second * 4)
    assert both == pytest.approx(4.0, rel=0.15)
    assert fit_temperature(logits * 4, labels, DIGITS, "ctc") != pytest.approx(4.0, rel=0.15)
