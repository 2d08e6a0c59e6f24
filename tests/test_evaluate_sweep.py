"""evaluate.py --sweep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import evaluate
from captcha_core.alphabet import NAMED_ALPHABETS
from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import Sample
from tests.helpers import assert_plain, draw_picture, png_bytes, run_command, save_tiny_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_checkpoint(tmp_path_factory.mktemp("model") / "tiny.safetensors")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "SWEEP_STEPS", 1)


def figures_of(path: Path) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {name: value for name, value in figures.items() if name != "seconds"}


def test_the_generators_style(checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two, report = tmp_path / "one.json", tmp_path / "two.json", tmp_path / "report"
    words = ["--sweep", "--checkpoint", checkpoint, "--count", 2, "--seed", 3, "--set", "lines=7"]
    assert run_command(evaluate.main, *words, "--json", one, "--report", report) == 0
    assert {path.name for path in report.iterdir()} == {"sweep.html", "sweep.png"}
    printed = capsys.readouterr()
    assert "The generator's style lines=7: 2 pictures" in printed.out and "Written: " in printed.out
    assert "sweeping" in printed.err
    assert run_command(evaluate.main, *words, "--json", two) == 0
    assert figures_of(one) == figures_of(two), "the same seed gives the same figures"
    assert figures_of(one)["n"] == 2 and len(figures_of(one)["curves"]) == 9


def test_given_pictures_and_two_models(checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = save_tiny_checkpoint(tmp_path / "other.safetensors", alphabet=NAMED_ALPHABETS["digits"])
    data, result = tmp_path / "mine.parquet", tmp_path / "out.json"
    with ParquetWriter(data) as writer:
        for text in ("abc", "xyz", "12a"):
            writer.write(Sample(png_bytes(draw_picture(text)), text, f"{text}.png", "test"))
    models = ["--checkpoint", checkpoint, "--checkpoint", other]
    assert run_command(evaluate.main, data, "--sweep", *models, "--count", 2, "--json", result) == 0
    figures = figures_of(result)
    assert figures["n"] == 2 and figures["title"] == "mine.parquet" and len(figures["models"]) == 2
    assert len(figures["curves"]) == 2 * 8
    assert "choosing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "DATA"),
        (["x.parquet", "--checkpoint", "a", "--checkpoint", "b"], "--checkpoint"),
        (["x.parquet", "--set", "lines=1"], "--set"),
        (["--sweep", "x.parquet", "--set", "lines=1"], "--set"),
        (["--sweep", "--set", "lines=x"], "lines=x"),
        (["--sweep", "--view", "x.html"], "--view"),
        (["--sweep", "--count", "0"], "--count 0"),
        (["--sweep", "--seed", "-1"], "--seed -1"),
        (["--sweep", *["--checkpoint", "a"] * 7], "at most 6"),
        (["--sweep", "x.parquet", "--json", "x.parquet"], "--json"),
    ],
)
def test_what_does_not_go_together_is_one_plain_sentence(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(evaluate.main, *words) == 2
    error = capsys.readouterr().err
    assert_plain(error, "error: ", said)
    assert len(error.splitlines()) == 1
