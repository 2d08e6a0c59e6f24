from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from captcha_core.adaptation import AdaptOptions, adapt_model, rounds, unlabelled
from captcha_core.adaptation.examples import Example
from captcha_core.adaptation.fold import Reading
from captcha_core.adaptation.scores import Scores
from captcha_core.adaptation.unlabelled import most_telling, open_unlabelled, sure_examples
from captcha_core.alphabet import Alphabet
from captcha_core.checkpoint import read_meta
from captcha_core.constraint import Constraint
from captcha_core.errors import DataError
from captcha_core.transforms import build_transform, keep_aspect_spec
from tests.helpers import draw_picture
from tests.training.test_run import Bar

AB = Alphabet("ab")
FREE = Constraint()
TRANSFORM = build_transform(keep_aspect_spec(32, 48, 160))


def reading(sure: list[tuple[str, float]]) -> Reading:
    """Return what a model with one head per place, of two classes, says: texts, each with its certainty per place."""
    logits = np.zeros((len(sure), 2, 2))
    for row, (text, certainty) in enumerate(sure):
        for place, c in enumerate(text):
            logits[row, place, AB.encode(c)[0]] = np.log(certainty / (1 - certainty))
    examples = [Example(torch.full((3, 4, 4), i, dtype=torch.uint8), "", f"{i}.png") for i in range(len(sure))]
    return Reading(examples, "heads", torch.tensor(logits), None)


def test_what_a_model_is_sure_of_becomes_labels_the_surest_first() -> None:
    found = sure_examples(reading([("ab", 0.98), ("ba", 0.9), ("bb", 0.999)]), AB, FREE, 1.0, most=9)
    assert [(e.path, e.label) for e in found] == [("2.png", "bb"), ("0.png", "ab")]
    assert len(sure_examples(reading([("ab", 0.99)] * 5), AB, FREE, 1.0, most=3)) == 3


def test_the_temperature_decides_what_is_sure() -> None:
    assert sure_examples(reading([("ab", 0.98)]), AB, FREE, 2.0, most=9) == []


def test_the_least_sure_is_proposed_first_also_where_the_models_differ() -> None:
    one = reading([("ab", 0.99), ("ab", 0.7), ("ab", 0.99)])
    two = reading([("ab", 0.99), ("ab", 0.7), ("bb", 0.99)])
    proposals = most_telling([one, two], ["ab"] * 50, AB, FREE, 1.0)
    assert [p.file for p in proposals] == ["1.png", "2.png", "0.png"]
    assert [p.guess for p in proposals] == ["ab", "ab", "ab"]
    assert [p.confidence for p in proposals[:2]] == pytest.approx([0.49, 0.49], abs=0.01)


def test_of_pictures_as_unsure_those_with_rare_characters_come_first() -> None:
    proposals = most_telling([reading([("aa", 0.7), ("bb", 0.7)])], ["aa"] * 9, AB, FREE, 1.0)
    assert [p.guess for p in proposals] == ["bb", "aa"]


def test_no_more_are_proposed_than_one_labels_at_a_time() -> None:
    assert len(most_telling([reading([("ab", 0.8)] * 50)], ["ab"], AB, FREE, 1.0)) == unlabelled.TO_LABEL


def test_labelled_repeated_and_broken_pictures_are_left_out(tmp_path: Path) -> None:
    for name, text in (("1", "a"), ("2", "a"), ("3", "b"), ("4", "known")):
        draw_picture(text).save(tmp_path / f"{name}.png")
    (tmp_path / "5.png").write_bytes(b"no picture")
    known = [Example(TRANSFORM.pixels(draw_picture("known")), "known", "")]
    found = open_unlabelled([str(tmp_path)], known, TRANSFORM)
    assert [Path(e.path).name for e in found] == ["1.png", "3.png"]


def test_nothing_new_to_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw_picture("a").save(tmp_path / "1.png")
    known = [Example(TRANSFORM.pixels(draw_picture("a")), "a", "")]
    with pytest.raises(DataError, match="no new picture"):
        open_unlabelled([str(tmp_path)], known, TRANSFORM)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="folder without pictures"):
        open_unlabelled([str(tmp_path / "empty")], [], TRANSFORM)
    monkeypatch.setattr(unlabelled, "MOST", 0)
    with pytest.raises(DataError, match="more than 0 pictures"):
        open_unlabelled([str(tmp_path / "1.png")], [], TRANSFORM)


@pytest.fixture
def others(tmp_path: Path) -> str:
    (tmp_path / "others").mkdir()
    for number in range(6):
        draw_picture("ab12", 100 + number).save(tmp_path / "others" / f"{number}.png")
    return str(tmp_path / "others")


def test_rounds_go_on_while_they_help_and_the_best_is_kept(
    options: AdaptOptions, others: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = iter([0.5, 0.7, 0.6])
    monkeypatch.setattr(rounds, "pooled_scores", lambda *_: (Scores(12, s := next(scores), s, 0.1), 1.0))
    monkeypatch.setattr(unlabelled, "SURE", 0.0)
    result = adapt_model(replace(options, unlabelled=(others,)), Bar)
    folder = Path(options.output)
    folders = sorted(path.name for path in folder.iterdir() if path.is_dir())
    assert folders == ["fold-1", "fold-2", "fold-3", "round-2", "round-3"]
    assert read_meta(result).metrics["val_exact_match"] == 0.7
    card = result.with_suffix(".md").read_text()
    assert "| 1 | 0 | 50.0% |" in card and "| 2 | 6 | 70.0% |" in card and "| 3 | 6 | 60.0% |" in card
    lines = (folder / "label_next.csv").read_text().splitlines()
    assert lines[0] == "file,guess,confidence" and len(lines) == 7


def test_without_a_sure_reading_there_is_one_round(
    options: AdaptOptions, others: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unlabelled, "SURE", 1.1)
    adapt_model(replace(options, unlabelled=(others,)), Bar)
    assert not (Path(options.output) / "round-2").exists()
