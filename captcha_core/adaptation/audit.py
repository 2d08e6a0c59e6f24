"""Which labels of a captcha are probably wrong: those that models which learned from other labels contradict."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import Any

from captcha_core.adaptation.adapt import Adaptation
from captcha_core.adaptation.options import AdaptOptions
from captcha_core.adaptation.scores import decoded
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError
from captcha_core.evaluation.measure import Evaluation
from captcha_core.evaluation.metrics import evaluate_predictions
from captcha_core.prediction import Prediction


def audit_labels(options: AdaptOptions, progress_bar: Callable[..., Any]) -> tuple[Evaluation, list[Sample]]:
    """Let each third of labelled pictures be read by a model that has learned from the other two.

    What such a model reads with confidence and the label contradicts is probably a wrong label: an honest mistake of
    the model tends to be unsure (confident learning, Northcutt et al. 2021, arXiv:1911.00068, for whole texts).

    Args:
        options: As for :func:`captcha_core.adaptation.adapt_model`; ``output`` is not written.
        progress_bar: Called as tqdm is.

    Returns:
        The readings, and the pictures in the same order, each once.

    Raises:
        CaptchaLabError: If the model or the pictures cannot be used.
    """
    with TemporaryDirectory() as folder:
        adaptation = Adaptation(replace(options, output=folder))
        started = time.perf_counter()
        trained = adaptation.train(progress_bar)
        readings = [fold.read(trained.share) for fold in trained.folds]
        seconds = time.perf_counter() - started
    alphabet, expected = adaptation.start.alphabet, adaptation.expected
    read = {
        id(example): Prediction(d.text, d.confidence, d.char_confidences, d.alternatives)
        for reading in readings
        for example, d in zip(reading.examples, decoded(reading, alphabet, expected, trained.temperature), strict=True)
    }
    predictions: list[Prediction | CaptchaLabError] = [read[id(example)] for example in adaptation.new]
    labels = [alphabet.fold(sample.label) for sample in adaptation.samples]
    samples = [s._replace(label=label) for s, label in zip(adaptation.samples, labels, strict=True)]
    metrics = evaluate_predictions(labels, predictions)
    files = [sample.path for sample in samples]
    return Evaluation(files, labels, predictions, metrics, len(labels) / seconds), samples
