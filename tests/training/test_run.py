"""Whole runs, with a backbone small enough that they take seconds."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from captcha_core.checkpoint import load_checkpoint, read_meta
from captcha_core.data.parquet import ParquetRows, ParquetWriter, iter_parquet
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.generator import GeneratorSettings, generate_captcha_data
from captcha_core.models import efficientnet
from captcha_core.recognizer import Recognizer
from captcha_core.training import TrainOptions, train_model
from captcha_core.training.dataset import hold_out
from captcha_core.training.state import load_progress
from captcha_core.training.validation import Check
from tests.helpers import draw_picture, png_bytes

PICTURE = draw_picture("ab3")


class Bar:
    """A progress bar that shows nothing and may stop the run after so many updates."""

    stop_after: int | None = None

    def __init__(self, **options: Any) -> None:
        self.updates = 0

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *error: Any) -> None:
        pass

    def update(self, count: int) -> None:
        self.updates += 1
        if self.updates == self.stop_after:
            raise KeyboardInterrupt

    def set_postfix(self, **values: str) -> None:
        pass


def stopping_bar(after: int) -> type[Bar]:
    return type("StoppingBar", (Bar,), {"stop_after": after})


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("data") / "train.parquet"
    style = GeneratorSettings(alphabet="ab3", min_length=1, max_length=2, width=40, height=32, spots=0, lines=0)
    list(generate_captcha_data(style, 40, path, seed=1))
    return str(path)


class SmallBackbone(nn.Module):
    """Maps of the strides and widths of EfficientNet's, after one layer each."""

    def __init__(self) -> None:
        super().__init__()
        widths = {"reduction_3": 40, "reduction_4": 112, "reduction_6": 1280}
        self.layers = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Conv2d(3, width, 3, padding=1), nn.BatchNorm2d(width))
                for name, width in widths.items()
            }
        )

    def extract_endpoints(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        strides = zip(self.layers.items(), (8, 16, 32), strict=True)
        return {name: layer(functional.avg_pool2d(images, stride)) for (name, layer), stride in strides}


@pytest.fixture(scope="module", autouse=True)
def small_network() -> Iterator[None]:
    with mock.patch.object(efficientnet, "build_backbone", SmallBackbone):
        yield


def options(data: str, output: Path, **changes: Any) -> TrainOptions:
    values: dict[str, Any] = {"size": (32,), "epochs": 1, "frozen_epochs": 1, "batch_size": 8, "check_every": 2}
    return TrainOptions((data,), str(output), **(values | {"validation": 8, "alphabet": "ab3"} | changes))


@pytest.fixture(scope="module")
def first(data: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run from random weights."""
    folder = tmp_path_factory.mktemp("first")
    train_model(options(data, folder), Bar)
    return folder


def test_pictures_are_drawn_while_training_and_a_teacher_is_heard(data: str, tmp_path: Path) -> None:
    net = {"recipe": "captcha-net", "arch_args": {"width": 8, "last": 16, "depth": 1}, "fonts": ("DejaVuSans",)}
    common = net | {"alphabet": "ab3", "max_length": 4, "batch_size": 8, "check_every": 2, "draw": 20, "epochs": 1}
    first = TrainOptions((data,), str(tmp_path / "first"), validation=8, **common)  # type: ignore[arg-type]
    best = train_model(first, Bar)
    drawn = read_meta(tmp_path / "first" / "last.safetensors").training_data[-1]
    assert drawn["name"] == "drawn while training"
    assert 15 <= drawn["rows"] <= 20
    # Another file's rows are held out, so all of this one's are learned from.
    style = GeneratorSettings(alphabet="ab3", min_length=1, max_length=2, width=40, height=32)
    list(generate_captcha_data(style, 12, tmp_path / "other.parquet", seed=2))
    small = common | {"validation_data": (str(tmp_path / "other.parquet"),), "teacher": str(best)}
    options = TrainOptions((data,), str(tmp_path / "second"), validation=8, **small)  # type: ignore[arg-type]
    meta = read_meta(train_model(options, Bar))
    assert meta.training_data[-2]["rows"] == 40
    assert meta.training_data[-2]["held_out"] == "other.parquet"
    assert Recognizer(tmp_path / "second" / "best.safetensors").read(PICTURE).confidence <= 1.0


def test_a_run_that_draws_goes_on_as_if_it_had_not_stopped(data: str, tmp_path: Path) -> None:
    net = {"recipe": "captcha-net", "arch_args": {"width": 8, "last": 16, "depth": 1}, "fonts": ("DejaVuSans",)}
    common = net | {"alphabet": "ab3", "max_length": 4, "batch_size": 8, "check_every": 2, "draw": 40, "validation": 8}
    whole, broken = (TrainOptions((data,), str(tmp_path / name), **common, epochs=1) for name in ("whole", "broken"))  # type: ignore[arg-type]
    train_model(whole, Bar)
    with pytest.raises(KeyboardInterrupt):
        train_model(broken, stopping_bar(5))
    train_model(broken, Bar, resume=True)
    tensors = [load_checkpoint(tmp_path / name / "last.safetensors")[0] for name in ("whole", "broken")]
    assert all(torch.equal(tensors[0][name], tensors[1][name]) for name in tensors[0])


def test_a_run_leaves_everything_that_belongs_to_it(first: Path, data: str) -> None:
    names = {p.name for p in first.iterdir()}
    assert names == {
        "best.safetensors",
        "last.safetensors",
        "metrics.csv",
        "curves.png",
        "options.json",
        "state.safetensors",
    }
    meta = read_meta(first / "last.safetensors")
    assert (meta.recipe, meta.alphabet, meta.max_length, meta.epoch) == ("efficientnet", "ab3", 8, 1)
    rows = ParquetRows([data])
    learned_from = len(hold_out(rows.origins, 8, seed=0).train)
    assert meta.training_data == [{"name": "train.parquet", "rows": learned_from, "fingerprint": rows.fingerprint()}]
    assert set(meta.metrics) == {"val_exact_match", "val_cer", "val_loss"}
    assert Recognizer(first / "best.safetensors").meta.temperature > 0


def test_the_best_checkpoint_has_the_lowest_loss(data: str, tmp_path: Path) -> None:
    checks = [Check(loss, exact, 0.5, 1.0) for loss, exact in ((3.0, 0.2), (1.0, 0.4), (2.0, 0.6), (2.5, 0.1))]
    with mock.patch("captcha_core.training.loop.validate", side_effect=checks):
        train_model(options(data, tmp_path, check_every=1, frozen_epochs=0), Bar)
    assert read_meta(tmp_path / "best.safetensors").metrics["val_loss"] == 1.0
    assert read_meta(tmp_path / "last.safetensors").metrics["val_loss"] == 2.5


def test_random_weights_are_not_frozen_and_the_log_says_so(
    data: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        train_model(options(data, tmp_path), Bar)
    assert "nothing worth freezing" in caplog.text
    assert {row["phase"] for row in load_progress(tmp_path / "state.safetensors").history} == {"full"}


def test_the_backbone_stands_still_in_the_frozen_phase_and_the_head_learns(
    first: Path, data: str, tmp_path: Path
) -> None:
    start, _ = load_checkpoint(first / "last.safetensors")
    train_model(options(data, tmp_path, epochs=0, init_from=str(first / "last.safetensors")), Bar)
    after, meta = load_checkpoint(tmp_path / "last.safetensors")
    assert all(torch.equal(after[k], start[k]) for k in start if k.startswith("backbone."))
    assert not torch.equal(after["head.classifier.weight"], start["head.classifier.weight"])
    assert meta.epoch == 2, "epochs count on from the start's"
    assert len(meta.training_data) == 2
    assert not list(tmp_path.glob("features_*"))


@pytest.mark.parametrize("stop_after", [2, 7])
def test_a_resumed_run_is_the_unbroken_run_to_the_bit(first: Path, data: str, tmp_path: Path, stop_after: int) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    start = str(first / "best.safetensors")
    train_model(options(data, whole, init_from=start), Bar)
    with pytest.raises(KeyboardInterrupt):
        _train_and_stop(options(data, broken, init_from=start), stop_after)
    train_model(TrainOptions.load(broken / "options.json"), Bar, resume=True)
    expected, got = (load_progress(f / "state.safetensors").history for f in (whole, broken))
    for one, other in zip(expected, got, strict=True):
        assert {k: v for k, v in one.items() if k != "seconds"} == {k: v for k, v in other.items() if k != "seconds"}
    expected_tensors, got_tensors = (load_checkpoint(f / "last.safetensors")[0] for f in (whole, broken))
    assert all(torch.equal(expected_tensors[k], got_tensors[k]) for k in expected_tensors)


def _train_and_stop(chosen: TrainOptions, stop_after: int) -> None:
    """Stop after so many steps, counted through both phases."""
    frozen_steps = 4
    if stop_after <= frozen_steps:
        train_model(chosen, stopping_bar(stop_after))
        return
    bars: Iterator[type[Bar]] = iter([Bar, stopping_bar(stop_after - frozen_steps)])
    train_model(chosen, lambda **kwargs: next(bars)(**kwargs))


def test_a_run_goes_on_in_a_folder_that_was_moved(first: Path, data: str, tmp_path: Path) -> None:
    start = str(first / "best.safetensors")
    with pytest.raises(KeyboardInterrupt):
        _train_and_stop(options(data, tmp_path / "old", init_from=start), 7)
    assert not list((tmp_path / "old").glob("features_*"))
    (tmp_path / "old").rename(tmp_path / "new")
    with mock.patch("captcha_core.training.run.initialise", side_effect=AssertionError("the state has it all")):
        chosen = TrainOptions.load(tmp_path / "new" / "options.json")
        train_model(replace(chosen, output=str(tmp_path / "new")), Bar, resume=True)
    assert read_meta(tmp_path / "new" / "last.safetensors").epoch == 3, "one of the start, one frozen, one full"
    assert not (tmp_path / "old").exists()


def test_a_run_does_not_go_on_with_other_data(first: Path, data: str, tmp_path: Path) -> None:
    copy = tmp_path / "train.parquet"
    style = GeneratorSettings(alphabet="ab3", min_length=1, max_length=2, width=40, height=32)
    list(generate_captcha_data(style, 40, copy, seed=1))
    train_model(options(str(copy), tmp_path / "run"), Bar)
    list(generate_captcha_data(style, 40, copy, seed=2))
    with pytest.raises(CaptchaLabError, match="has changed"):
        train_model(options(str(copy), tmp_path / "run"), Bar, resume=True)


def test_a_run_is_not_overwritten(first: Path, data: str) -> None:
    before = (first / "last.safetensors").read_bytes()
    with pytest.raises(CaptchaLabError, match="--resume"):
        train_model(options(data, first), Bar)
    assert (first / "last.safetensors").read_bytes() == before


def test_a_loss_that_is_no_number_stops_the_run_with_a_remedy(data: str, tmp_path: Path) -> None:
    no_number = mock.patch(
        "torch.nn.functional.cross_entropy", return_value=torch.tensor(float("nan"), requires_grad=True)
    )
    with no_number, pytest.raises(CaptchaLabError, match="--learning-rate"):
        train_model(options(data, tmp_path), Bar)


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A block on the left is an "a", one on the right a "b"."""
    data = tmp_path_factory.mktemp("blocks") / "blocks.parquet"
    with ParquetWriter(data) as writer:
        for i in range(60):
            text = ("ab", "b", "a")[i % 3]
            picture = Image.new("RGB", (64, 64), (230, 230, 255 - i))
            for letter, place in (("a", (4, 8, 28, 56)), ("b", (36, 8, 60, 56))):
                if letter in text:
                    picture.paste((i, 40, 40), place)
            writer.write(Sample(png_bytes(picture), text, f"{i}.png", "blocks"))
    return str(data)


def test_a_network_learns_what_it_is_shown(blocks: str, tmp_path: Path) -> None:
    wanted = options(blocks, tmp_path / "run", size=(64,), epochs=40, learning_rate=1e-3, check_every=240)
    train_model(wanted, Bar)
    assert load_progress(tmp_path / "run" / "state.safetensors").history[-1]["val_exact_match"] == 1.0


def test_ctc_learns_from_one_grey_channel_and_its_checkpoint_reads(blocks: str, tmp_path: Path) -> None:
    wanted = options(
        blocks,
        tmp_path / "run",
        recipe="cnn-lstm",
        size=(32, 64),
        arch_args={"height": 32, "hidden": 32, "width": 16},
        epochs=40,
        learning_rate=5e-3,
        augment=0.0,
        check_every=60,
    )
    best = train_model(wanted, Bar)
    losses = [row["val_loss"] for row in load_progress(tmp_path / "run" / "state.safetensors").history]
    # CTC writes nothing but blanks at first, and that takes longer to leave than a test may take.
    assert losses == sorted(losses, reverse=True) and losses[-1] < 0.9 * losses[0]
    meta = read_meta(best)
    assert (meta.recipe, meta.arch_args["hidden"], meta.transform["name"]) == ("cnn-lstm", 32, "grey_resize")
    assert 0.0 < Recognizer(best).read(next(iter(iter_parquet(Path(blocks)))).image).confidence < 1.0


def test_every_problem_of_the_labels_is_listed_before_anything_is_written(blocks: str, tmp_path: Path) -> None:
    wanted = options(blocks, tmp_path / "run", recipe="resnet50-heads", size=(32, 64), alphabet="a3", max_length=3)
    with pytest.raises(DataError, match="'b' are not in the alphabet.*shortest has 1"):
        train_model(wanted, Bar)
    assert not (tmp_path / "run").exists()
