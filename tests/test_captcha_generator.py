"""The command line: what it writes, what it says, and what it refuses."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import captcha_generator
from captcha_core.data.load import load_data
from captcha_core.data.parquet import ParquetRows
from captcha_core.generator import STYLES, pycaptcha
from tests.generator.samples import digests_of, everything, rows_of
from tests.helpers import assert_plain, run_command

TINY = ("--width", 64, "--height", 24)


def generate(*arguments: object) -> int:
    return run_command(captcha_generator.main, *arguments, *TINY)


def in_grid(grid: Path, number: int) -> NDArray[np.uint8]:
    """Return what the contact sheet shows in a place of its first row."""
    left = 4 + number * (64 + 4)
    return np.asarray(Image.open(grid))[4 : 4 + 24, left : left + 64]


def test_writes_data_and_grid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, grid = tmp_path / "d" / "x.parquet", tmp_path / "g.png"
    code = run_command(
        captcha_generator.main, "--count", 7, "--output", data, "--grid", grid, "--alphabet", "xyz", "--width", 80
    )
    assert code == 0
    rows = ParquetRows([data])
    assert len(rows) == 7
    assert set("".join(rows.labels)) <= set("xyz")
    assert grid.stat().st_size > 1000
    assert "7" in capsys.readouterr().out


def test_without_a_name_it_writes_to_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(captcha_generator.main, "--count", 2) == 0
    assert len(ParquetRows(["data/captchas.parquet"])) == 2


def test_every_setting_is_a_flag() -> None:
    options = vars(captcha_generator.parse_arguments([]))
    assert {f.name for style in STYLES.values() for f in fields(style)} <= set(options)
    assert captcha_generator.parse_arguments(["--fonts", "A", "B"]).fonts == ["A", "B"]


def test_help_tells_ranges_defaults_and_what_the_options_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(captcha_generator.main, "--help") == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "None" not in words
    assert "in degrees; 0.0 to 90.0 (default 15.0)" in words
    for option in ("--extend adds", "--test N also draws", "--output NAME without", "pip install captcha==0.7.1"):
        assert option in words


@pytest.mark.parametrize("style", STYLES)
def test_the_grid_shows_what_was_written(style: str, tmp_path: Path) -> None:
    data, grid = tmp_path / "x.parquet", tmp_path / "grid.png"
    drawn = STYLES[style](width=64, height=24).draw(seed=0, start=0, count=6)
    assert generate("--style", style, "--count", 3, "--test", 2, "--output", data, "--grid", grid) == 0
    for number in range(3):
        assert np.array_equal(in_grid(grid, number), np.asarray(drawn[number].image))
    assert (in_grid(grid, 3) == 255).all(), "a picture of the test set"
    assert generate("--style", style, "--count", 1, "--extend", data, "--grid", grid) == 0
    assert rows_of(data)[3].label == drawn[5].text
    assert np.array_equal(in_grid(grid, 0), np.asarray(drawn[5].image))


def test_a_grid_alone_writes_no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert generate("--count", 3, "--grid", "grid.png", "--style", "pycaptcha") == 0
    assert list(everything(tmp_path)) == ["grid.png"]


@pytest.mark.parametrize("name", ["set.parquet", "set"])
def test_a_set_its_test_set_and_more(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, test = tmp_path / name, tmp_path / name.replace("set", "set_test")
    assert generate("--count", 4, "--output", one, "--test", 3) == 0
    assert generate("--count", 5, "--extend", one) == 0
    assert generate("--count", 5, "--extend", one) == 0
    assert len(set(digests_of(one) + digests_of(test))) == 4 + 3 + 5 + 5
    said = capsys.readouterr().out
    assert_plain(said, f"{one}: 4 captchas\n", f"{test}: 3 captchas\n", f"{one}: 5 captchas added\n")


def test_a_folder_can_be_read_by_every_command(tmp_path: Path) -> None:
    assert generate("--count", 6, "--output", tmp_path / "set", "--alphabet", "aA,'\"/", "--seed", 2) == 0
    assert generate("--count", 6, "--output", tmp_path / "set.parquet", "--alphabet", "aA,'\"/", "--seed", 2) == 0
    folder, parquet = (list(load_data([tmp_path / name])) for name in ("set", "set.parquet"))
    assert [(row.image, row.label) for row in folder] == [(row.image, row.label) for row in parquet]


def test_pycaptcha_takes_text_and_size(tmp_path: Path) -> None:
    code = run_command(
        captcha_generator.main,
        *("--style", "pycaptcha", "--count", 3, "--output", tmp_path / "x.parquet", "--alphabet", "upper"),
        *("--min-length", 6, "--max-length", 6, "--width", 250, "--height", 50),
    )
    assert code == 0
    rows = rows_of(tmp_path / "x.parquet")
    assert all(len(row.label) == 6 and row.label.isupper() for row in rows)


def test_without_the_captcha_package_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "captcha", None)
    pycaptcha._package.cache_clear()
    try:
        assert generate("--style", "pycaptcha", "--output", tmp_path / "x.parquet") == 2
        assert_plain(capsys.readouterr().err, "pip install captcha==0.7.1")
        # Who does not ask for that style does not need the package.
        assert generate("--count", 1, "--output", tmp_path / "x.parquet") == 0
    finally:
        pycaptcha._package.cache_clear()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--count", "0"], "--count 0"),
        (["--workers", "0"], "--workers 0"),
        (["--seed", "-1"], "--seed -1"),
        (["--test", "-1"], "--test -1"),
        (["--alphabet", "a\u3042"], "has no '\u3042'"),
        (["--rotation", "400"], "rotation is 400"),
        (["--fonts", "NoSuchFont"], "NoSuchFont"),
        (["--grid", "x.nothing", "--count", "1"], "x.nothing"),
        (["--grid", "x.nothing", "--output", "x.parquet"], "x.nothing"),
        (["--output", "x.zip"], "x.zip ends in .zip"),
        (["--extend", "x.csv"], "x.csv ends in .csv"),
        (["--extend", "x.parquet"], "x.parquet does not exist"),
        (["--output", "x.parquet", "--extend", "y.parquet"], "leave out either"),
        (["--grid", "g.png", "--test", "3"], "--output or --extend"),
        (["--style", "pycaptcha", "--spots", "30", "--fonts", "DejaVuSans"], "has no --fonts, --spots"),
        (["--style", "pycaptcha", "--lines", "0"], "has no --lines"),
        (["--style", "pycaptcha", "--alphabet", "a\u3042"], "'\u3042'"),
    ],
)
def test_bad_settings_are_one_sentence(
    arguments: list[str],
    named: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(captcha_generator.main, *arguments) == 2
    said = capsys.readouterr().err
    assert_plain(said, named)
    assert said.startswith("error: ") and said.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["set.parquet", "set"])
def test_an_interrupted_command_leaves_things_as_they_were(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert generate("--count", 3, "--output", tmp_path / name) == 0
    before = everything(tmp_path)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(captcha_generator, "load_image", interrupted)
    grid = tmp_path / "grid.png"
    assert generate("--count", 3, "--extend", tmp_path / name, "--test", 2, "--grid", grid) == 130
    assert everything(tmp_path) == before
