import pytest
import torch
from torch import nn

from captcha_core.alphabet import Alphabet
from captcha_core.evaluation.calibration import fit_temperature
from captcha_core.training.targets import encode_labels
from captcha_core.training.validation import Held, validate

AB = Alphabet("ab")


class Answers(nn.Module):
    """Gives out the scores that it is shown."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs


def held(labels: list[str], texts: list[str]) -> Held:
    """Return pictures whose scores spell the texts."""
    classes = encode_labels(texts, AB, 2, "positions", 3).clamp(min=0)
    scores = nn.functional.one_hot(classes, 3).float() * 5
    return Held(
        lambda start, stop: scores[start:stop], labels, encode_labels(labels, AB, 2, "positions", 3), AB, "positions"
    )


def test_validation_counts_texts_and_characters_and_folds_case() -> None:
    check = validate(Answers(), held(["ab", "B", "a", "bb"], ["ab", "b", "b", "b"]), batch_size=3)
    assert check.exact_match == 0.5
    assert check.cer == pytest.approx(2 / 6)
    assert check.loss > 0 and check.temperature > 0


class TwoAnswers(Answers):
    """Has a second opinion, which is as sure of the opposite."""

    def both(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return inputs, -inputs


def test_a_second_opinion_counts_for_the_temperature_alone() -> None:
    pictures = held(["ab", "b", "a", "bb"], ["ab", "b", "b", "b"])
    one, two = validate(Answers(), pictures, batch_size=3), validate(TwoAnswers(), pictures, batch_size=3)
    assert (one.loss, one.exact_match, one.cer) == (two.loss, two.exact_match, two.cer)
    logits = pictures.inputs(0, 4)
    assert one.temperature == fit_temperature(logits, pictures.labels, AB, "positions")
    assert two.temperature == fit_temperature(logits, pictures.labels, AB, "positions", -logits) != one.temperature


def test_a_better_model_has_a_lower_loss() -> None:
    labels = ["ab", "b", "a"]
    assert validate(Answers(), held(labels, labels)).loss < validate(Answers(), held(labels, ["b", "a", "b"])).loss
