"""The command line of train.py; whole runs are in tests/training/test_run.py."""

from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

import train
from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import Sample
from captcha_core.training import TrainOptions
from tests.helpers import assert_plain, draw_picture, png_bytes, run_command, save_tiny_checkpoint


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with ParquetWriter(tmp_path / "data.parquet") as writer:
        for i in range(12):
            writer.write(Sample(png_bytes(draw_picture("ab", i, (20, 40))), "ab", f"{i}.png", "test"))
    return tmp_path / "data.parquet"


def given_options(*arguments: object) -> tuple[TrainOptions, bool]:
    """Return what the command hands to the training."""
    with mock.patch("captcha_core.training.train_model", return_value=Path("best")) as training:
        assert run_command(train.main, *arguments) == 0
    return training.call_args.args[0], training.call_args.kwargs["resume"]


def test_flags_reach_the_run(data: Path) -> None:
    options, resume = given_options("--data", data, data, "--epochs", 3, "--init-from", "imagenet", "--workers", 2)
    assert options == TrainOptions(
        (str(data), str(data)), "runs/efficientnet", epochs=3, init_from="imagenet", workers=2
    )
    assert not resume


def test_numbers_reach_the_run(data: Path) -> None:
    options, _ = given_options(
        "--data", data, "--recipe", "cnn-lstm", "--size", 32, 80, "--arch-arg", "hidden=8", "--arch-arg", "dropout=0.5"
    )
    assert (options.size, options.arch_args) == ((32, 80), {"hidden": 8, "dropout": 0.5})


@pytest.mark.parametrize(("rank", "lines"), [(None, 1), ("0", 1), ("3", 0)])
def test_one_rank_alone_says_where_the_best_checkpoint_is(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], rank: str | None, lines: int
) -> None:
    monkeypatch.delenv("RANK", raising=False)
    if rank is not None:
        monkeypatch.setenv("RANK", rank)
    given_options("--data", data)
    assert capsys.readouterr().out.count("best is the best checkpoint") == lines


def test_resume_takes_the_runs_own_settings(data: Path, tmp_path: Path) -> None:
    chosen = TrainOptions((str(data),), str(tmp_path), epochs=7)
    chosen.save(tmp_path / "options.json")
    moved = tmp_path / "moved"
    moved.mkdir()
    (tmp_path / "options.json").rename(moved / "options.json")
    assert given_options("--resume", moved) == (replace(chosen, output=str(moved)), True)


def test_resume_with_other_settings_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(train.main, "--resume", tmp_path, "--epochs", 3) == 2
    assert_plain(capsys.readouterr().err, "--epochs")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "--data"),
        (["--recipe", "soup"], "'soup'"),
        (["--data", "none.parquet"], "none.parquet"),
        (["--size", "100"], "--size 100"),
        (["--recipe", "cnn-lstm", "--size", "100"], "--size 100"),
        (["--arch-arg", "hidden"], "--arch-arg hidden"),
        (["--arch-arg", "max_length=3"], "max_length"),
        (["--arch-arg", "colour=3"], "colour"),
        (["--recipe", "resnet50-heads"], "shortest has 2"),
        (["--alphabet", "xyz"], "'ab'"),
        (["--max-length", "1"], "longest has 2"),
        (["--init-from", "none.safetensors"], "none.safetensors"),
        (["--label-column", "words"], "words"),
        (["--split", "train"], "split"),
        (["--resume", "nowhere"], "nowhere"),
        (["--resume", "data.parquet"], "data.parquet"),
        (["--seed", "-1"], "--seed -1"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    arguments: list[str], named: str, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(data.parent)
    default = [] if named in {"--data", "none.parquet", "nowhere", "data.parquet"} else ["--data", str(data)]
    assert run_command(train.main, *default, *arguments) == 2
    assert_plain(capsys.readouterr().err, named)
    assert list(data.parent.iterdir()) == [data]


def test_a_start_cut_in_half_is_refused(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start = save_tiny_checkpoint(tmp_path / "start.safetensors")
    start.write_bytes(start.read_bytes()[: start.stat().st_size // 2])
    code = run_command(train.main, "--data", data, "--output", tmp_path / "run", "--init-from", start)
    assert code == 2
    assert_plain(capsys.readouterr().err, "start.safetensors")
