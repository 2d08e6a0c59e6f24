"""Whole adaptations, of a network so small that they take seconds."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from captcha_core.adaptation import AdaptOptions, adapt_model
from captcha_core.adaptation.adapt import mean_weights
from captcha_core.adaptation.fold import fold_numbers
from captcha_core.checkpoint import load_checkpoint, read_meta
from captcha_core.constraint import Constraint
from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.recognizer import Recognizer
from tests.adaptation.conftest import LABELS
from tests.helpers import draw_picture, png_bytes
from tests.training.test_run import Bar, stopping_bar


def test_an_adapted_model_says_what_it_learned_from_and_what_it_expects(options: AdaptOptions, data: Path) -> None:
    before = Path(options.checkpoint).read_bytes()
    result = adapt_model(options, Bar)
    meta = read_meta(result)
    assert meta.training_data[-1]["rows"] == len(LABELS) and meta.training_data[-1]["name"] == "new.parquet"
    assert meta.alphabet == read_meta(options.checkpoint).alphabet
    assert meta.constraint() == Constraint("12ab", 2, 5)
    assert Path(options.checkpoint).read_bytes() == before, "the old model is only read"
    old, new = (load_checkpoint(path)[0] for path in (options.checkpoint, result))
    moved = {name for name in old if not torch.allclose(old[name], new[name])}
    assert moved and not any("running_" in name for name in moved), "few pictures must not change the statistics"
    reader = Recognizer(result)
    picture = draw_picture("zzz")
    assert set(reader.read(picture).text) <= set("12ab") and reader.expected == meta.constraint()
    assert reader.read(picture, Constraint()).text == reader.read(picture, Constraint(meta.alphabet)).text
    card = result.with_suffix(".md").read_text()
    assert "12 labelled pictures (new.parquet" in card and "2 to 5 characters, of `12ab`" in card
    with (result.parent / "held_out.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [(row["file"], row["label"]) for row in rows] == [(f"{n}.png", label) for n, label in enumerate(LABELS)]
    assert all(set(row["before"] + row["after"]) <= set("12ab") and 0 <= float(row["confidence"]) <= 1 for row in rows)
    exact, was = (100 * sum(row[when] == row["label"] for row in rows) / 12 for when in ("after", "before"))
    assert f"| exact match, before | {was:.1f}% |" in card and f"| exact match, after | {exact:.1f}% |" in card
    assert "| | the new captcha | drawn, of any look |" in card and "| pictures | 12 | 2 |" in card


def test_a_stopped_adaptation_goes_on_as_if_it_had_not_stopped(options: AdaptOptions, tmp_path: Path) -> None:
    whole = load_checkpoint(adapt_model(options, Bar))
    stopped = replace(options, output=str(tmp_path / "stopped"))
    for after in (2, 3):
        with pytest.raises(KeyboardInterrupt):
            adapt_model(stopped, stopping_bar(after), resume=after == 3)
        assert not (tmp_path / "stopped" / "adapted.safetensors").exists()
    assert AdaptOptions.load(tmp_path / "stopped") == stopped
    tensors, meta = load_checkpoint(adapt_model(stopped, Bar, resume=True))
    assert replace(meta, versions={}) == replace(whole[1], versions={})
    assert all(torch.equal(tensors[name], value) for name, value in whole[0].items())


def test_an_adapted_model_can_be_adapted_again_to_other_texts(options: AdaptOptions, tmp_path: Path) -> None:
    first = adapt_model(options, Bar)
    with ParquetWriter(tmp_path / "other.parquet") as writer:
        for number in range(30):
            label = "xy"[number % 2] * 2
            writer.write(Sample(png_bytes(draw_picture(label, number)), label, f"{number}.png", "test"))
    again = AdaptOptions(str(first), (str(tmp_path / "other.parquet"),), str(tmp_path / "again"))
    meta = read_meta(adapt_model(again, Bar))
    assert meta.constraint() == Constraint("xy", 2, 2)
    assert [run["name"] for run in meta.training_data] == ["new.parquet", "other.parquet"]


def test_pictures_to_repeat_may_be_given(options: AdaptOptions, data: Path, tmp_path: Path) -> None:
    result = adapt_model(replace(options, replay=(str(data),)), Bar)
    assert "among drawn\npictures and from new.parquet" in result.with_suffix(".md").read_text()


def test_a_folder_that_holds_something_is_left_alone(options: AdaptOptions) -> None:
    folder = Path(options.output)
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(CaptchaLabError, match="is not empty; name another --output"):
        adapt_model(options, Bar)
    options.save()
    with pytest.raises(CaptchaLabError, match="continue it with --resume .* or name another"):
        adapt_model(options, Bar)
    assert (folder / "mine.txt").read_text() == "mine"


def test_what_a_killed_process_left_is_passed_over(options: AdaptOptions) -> None:
    Path(options.output).mkdir()
    (Path(options.output) / ".adapt.json.1").write_text("{")
    assert adapt_model(options, Bar).exists()


def test_nothing_is_written_where_nothing_can_be_learned(options: AdaptOptions, tmp_path: Path) -> None:
    draw_picture("a1").save(tmp_path / "a1.png")
    with pytest.raises(DataError, match="only 1 labelled pictures"):
        adapt_model(replace(options, data=(str(tmp_path / "a1.png"),)), Bar)
    assert not Path(options.output).exists()


def test_folds_are_of_like_size_and_hold_every_picture_once() -> None:
    numbers = fold_numbers(11, 3, seed=5)
    assert sorted((numbers == k).sum() for k in range(3)) == [3, 4, 4]
    assert (numbers != fold_numbers(11, 3, seed=6)).any()


def test_the_mean_of_weights_is_that_of_each() -> None:
    states = [
        {"a": torch.tensor([1.0, 2.0]), "n": torch.tensor(3)},
        {"a": torch.tensor([3.0, 6.0]), "n": torch.tensor(3)},
    ]
    mean = mean_weights(states)
    assert mean["a"].tolist() == [2.0, 4.0] and mean["n"] == 3


@pytest.mark.parametrize(
    ("changes", "said"), [({"data": ()}, "--data"), ({"seed": -1}, "--seed -1"), ({"threads": 0}, "--threads 0")]
)
def test_settings_that_cannot_be_meant_are_refused(options: AdaptOptions, changes: dict, said: str) -> None:
    with pytest.raises(CaptchaLabError, match=said):
        replace(options, **changes)


def test_a_damaged_options_file_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "adapt.json").write_text("{")
    with pytest.raises(CaptchaLabError, match="adapt.json cannot be read"):
        AdaptOptions.load(tmp_path)
