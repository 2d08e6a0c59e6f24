"""Read labelled pictures with a model and put figures to it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from captcha_core.alphabet import Alphabet
from captcha_core.cluster.reading import Read
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError, DataError, ImageError
from captcha_core.evaluation.metrics import Metrics, evaluate_predictions
from captcha_core.prediction import Prediction
from captcha_core.recognizer import NamedSource, Recognizer


@dataclass(frozen=True)
class Evaluation:
    """What a model read in labelled pictures.

    Attributes:
        files: Name of every picture.
        labels: Its true text.
        predictions: What was read, or why the picture could not be opened.
        metrics: The figures.
        images_per_second: Pictures per second of the whole way, from reading the data to the text.
    """

    files: list[str]
    labels: list[str]
    predictions: list[Prediction | CaptchaLabError]
    metrics: Metrics
    images_per_second: float


def evaluate_model(recognizer: Recognizer, samples: Iterable[Sample], batch_size: int = 32) -> Evaluation:
    """Read every sample and measure the readings; pictures are not kept.

    Args:
        recognizer: The model.
        samples: The labelled pictures.
        batch_size: Pictures per pass of the model.

    Raises:
        DataError: If there are no samples, or none of them can be opened.
    """
    files: list[str] = []
    labels: list[str] = []

    def pictures() -> Iterator[NamedSource]:
        for sample in samples:
            files.append(sample.path)
            labels.append(sample.label)
            yield NamedSource(sample.path, sample.image)

    started = time.perf_counter()
    predictions = list(recognizer.stream(pictures(), batch_size))
    return _evaluation(files, labels, predictions, time.perf_counter() - started)


def evaluate_reads(reads: Iterable[Read], model_id: str) -> Evaluation:
    """Measure labelled pictures that the stage of predict.py reads, perhaps on many machines.

    Args:
        reads: What became of them, each with its label; they are read while this takes them.
        model_id: What reads.

    Raises:
        DataError: As :func:`evaluate_model`.
    """
    files: list[str] = []
    labels: list[str] = []
    predictions: list[Prediction | CaptchaLabError] = []
    started = time.perf_counter()
    for read in reads:
        files.append(read.file)
        labels.append(read.label or "")
        if read.text is None or read.confidence is None or read.char_confidences is None:
            predictions.append(ImageError(read.error))
        else:
            confidences = tuple(read.char_confidences)
            predictions.append(Prediction(read.text, read.confidence, confidences, model_id=model_id))
    return _evaluation(files, labels, predictions, time.perf_counter() - started)


def _evaluation(
    files: list[str], labels: list[str], predictions: list[Prediction | CaptchaLabError], seconds: float
) -> Evaluation:
    if not any(isinstance(p, Prediction) for p in predictions):
        first = f" The first: {predictions[0]}" if predictions else ""
        raise DataError(
            f"None of the {len(predictions)} pictures can be opened, so there is nothing to measure.{first}"
        )
    metrics = evaluate_predictions(labels, predictions)
    return Evaluation(files, labels, predictions, metrics, len(labels) / seconds)


def alphabet_note(labels: Sequence[str], alphabet: Alphabet) -> str | None:
    """Say which labels the model can never write, or return None when it can write them all."""
    impossible = sum(bool(alphabet.missing([label])) for label in labels)
    if not impossible:
        return None
    note = (
        f"{impossible} of {len(labels)} labels have characters that the model's alphabet has not "
        f"({alphabet.missing(labels)!r}); they count as wrong in exact_match."
    )
    by_case = sum(not alphabet.missing([alphabet.fold(label)]) for label in labels if alphabet.missing([label]))
    if by_case:
        note += f" {by_case} of them differ only in case: exact_match_folded is the fair figure for this model."
    return note
