from __future__ import annotations

import pytest

from captcha_core.alphabet import Alphabet
from captcha_core.data.schema import Sample
from captcha_core.errors import DataError, ImageError
from captcha_core.evaluation.measure import alphabet_note, evaluate_model
from captcha_core.prediction import Prediction
from captcha_core.recognizer import Recognizer
from tests.helpers import draw_picture, png_bytes, save_tiny_checkpoint


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory: pytest.TempPathFactory) -> Recognizer:
    return Recognizer(save_tiny_checkpoint(tmp_path_factory.mktemp("model") / "tiny.safetensors"))


def samples(recognizer: Recognizer) -> list[Sample]:
    """Three pictures with the text that the model reads in them as the label, and one that cannot be opened."""
    drawn = [draw_picture(text, seed) for seed, text in enumerate(["abc", "12345", "zz9"])]
    labelled = [
        Sample(png_bytes(picture), recognizer.read(picture).text, f"{i}.png", "") for i, picture in enumerate(drawn)
    ]
    return [*labelled[:1], Sample(b"text", "abcd", "bad.png", ""), *labelled[1:]]


@pytest.mark.parametrize("batch_size", [1, 2, 32])
def test_readings_line_up_with_their_labels(recognizer: Recognizer, batch_size: int) -> None:
    evaluation = evaluate_model(recognizer, iter(samples(recognizer)), batch_size)
    assert evaluation.files == ["0.png", "bad.png", "1.png", "2.png"]
    assert evaluation.labels == [sample.label for sample in samples(recognizer)]
    assert [isinstance(p, Prediction) for p in evaluation.predictions] == [True, False, True, True]
    assert isinstance(evaluation.predictions[1], ImageError) and "bad.png" in str(evaluation.predictions[1])
    assert (evaluation.metrics.n, evaluation.metrics.unreadable) == (4, 1)
    assert evaluation.metrics.exact_match == 0.75
    assert evaluation.images_per_second > 0


def test_a_wrong_label_counts(recognizer: Recognizer) -> None:
    wrong = [sample._replace(label="nothing like it") for sample in samples(recognizer)]
    assert evaluate_model(recognizer, wrong).metrics.exact_match == 0.0


def test_nothing_to_measure_is_an_error(recognizer: Recognizer) -> None:
    with pytest.raises(DataError, match="None of the 0 pictures"):
        evaluate_model(recognizer, [])
    with pytest.raises(DataError, match="None of the 1 pictures.*bad.png"):
        evaluate_model(recognizer, [Sample(b"text", "abcd", "bad.png", "")])


def test_labels_that_the_model_can_never_write_are_said() -> None:
    lower = Alphabet("abc1")
    assert alphabet_note(["abc", "1", ""], lower) is None
    note = alphabet_note(["abc", "aXc", "ABC"], lower)
    assert note is not None
    assert note.startswith("2 of 3 labels") and "'ABCX'" in note
    assert "1 of them differ only in case" in note
    assert "case" not in str(alphabet_note(["aXc"], lower))
