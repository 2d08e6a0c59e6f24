"""Evaluations without a model: what the tests of reports, pages and plots are made of."""

from __future__ import annotations

from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError
from captcha_core.evaluation.measure import Evaluation
from captcha_core.evaluation.metrics import evaluate_predictions
from captcha_core.prediction import Prediction
from tests.helpers import draw_picture, png_bytes

PICTURE = png_bytes(draw_picture("abc"))

Row = tuple[str, str, Prediction | CaptchaLabError]
"""A file's name, its label, and what was read."""


def read(text: str, confidence: float = 0.5) -> Prediction:
    return Prediction(text, confidence, (confidence,) * len(text))


def evaluation_of(*rows: Row) -> Evaluation:
    files, labels, predictions = [list(column) for column in zip(*rows, strict=True)]
    return Evaluation(files, labels, predictions, evaluate_predictions(labels, predictions), 12.34)


def samples_of(evaluation: Evaluation, image: bytes = PICTURE) -> list[Sample]:
    """Return the pictures that an evaluation is about."""
    return [Sample(image, label, file, "") for file, label in zip(evaluation.files, evaluation.labels, strict=True)]
