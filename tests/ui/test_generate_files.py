"""What the page gives away is what its command writes, byte for byte."""

from __future__ import annotations

import shlex
import zipfile
from pathlib import Path
from typing import Any

import pytest

import captcha_generator
from captcha_core.generator.choice import chosen_style, command_for
from captcha_core.ui.generate_files import PARQUET, ZIP, output_of, write_file

SETTINGS: dict[str, dict[str, Any]] = {
    "default": {"rotation": 33.0, "alphabet": "aB3", "text_colors": ["navy", "#804000"], "width": 90},
    "pycaptcha": {"height": 40, "max_length": 5},
    "varied": {"alphabet": "digits", "fonts": ["DejaVuSans", "DejaVuSerif"]},
}
COUNT, SEED = 25, 91


@pytest.mark.parametrize("style", SETTINGS)
@pytest.mark.parametrize("form", [PARQUET, ZIP])
def test_the_file_is_what_the_shown_command_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, style: str, form: str
) -> None:
    chosen = chosen_style(style, SETTINGS[style])
    told: list[int] = []
    (tmp_path / "page").mkdir()
    file = write_file(chosen, COUNT, SEED, form, tmp_path / "page", told.append)
    assert told == [20]

    monkeypatch.chdir(tmp_path)
    command = command_for(chosen, count=COUNT, seed=SEED, output=output_of(form))
    assert captcha_generator.main(shlex.split(command)[2:]) == 0
    if form == PARQUET:
        assert file.read_bytes() == (tmp_path / "captchas.parquet").read_bytes()
        return
    with zipfile.ZipFile(file) as archive:
        archive.extractall(tmp_path / "unpacked")
    written = {path.name: path.read_bytes() for path in (tmp_path / "captchas").iterdir()}
    unpacked = {path.name: path.read_bytes() for path in (tmp_path / "unpacked" / "captchas").iterdir()}
    assert unpacked == written
    assert len(written) == COUNT + 1


def test_the_same_wish_gives_the_same_bytes(tmp_path: Path) -> None:
    files = []
    for name in ("1", "2"):
        (tmp_path / name).mkdir()
        files.append(write_file(chosen_style("default", {}), 9, 3, ZIP, tmp_path / name, lambda done: None))
    assert files[0].read_bytes() == files[1].read_bytes()
