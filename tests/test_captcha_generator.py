from dataclasses import fields
from pathlib import Path

import pytest

import captcha_generator
from captcha_core.data.parquet import ParquetRows
from captcha_core.generator import GeneratorSettings
from tests.helpers import assert_plain, run_command


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
    assert {f.name for f in fields(GeneratorSettings)} <= set(options)
    assert captcha_generator.parse_arguments(["--fonts", "A", "B"]).fonts == ["A", "B"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--count", "0"], "--count 0"),
        (["--workers", "0"], "--workers 0"),
        (["--seed", "-1"], "--seed -1"),
        (["--alphabet", "a\u3042"], "has no '\u3042'"),
        (["--rotation", "400"], "rotation is 400"),
        (["--fonts", "NoSuchFont"], "NoSuchFont"),
        (["--grid", "x.nothing", "--count", "1"], "x.nothing"),
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
    assert_plain(capsys.readouterr().err, named)
    assert not list(tmp_path.iterdir())
