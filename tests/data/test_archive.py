"""Folders as zip files."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from captcha_core.data.archive import zip_folder


def a_folder(place: Path) -> Path:
    folder = place / "set"
    folder.mkdir(parents=True)
    for name in ("b.png", "a_\u3042.png", "labels.csv"):
        (folder / name).write_bytes(name.encode() * 10)
    (folder / "deeper").mkdir()
    return folder


def test_the_same_files_give_the_same_bytes_whenever_they_were_written(tmp_path: Path) -> None:
    first, second = a_folder(tmp_path / "1"), a_folder(tmp_path / "2")
    os.utime(second / "b.png", (0, 0))
    for folder in (first, second):
        zip_folder(folder, folder.with_suffix(".zip"))
    assert first.with_suffix(".zip").read_bytes() == second.with_suffix(".zip").read_bytes()


def test_all_files_are_in_it_as_they_are(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    zip_folder(folder, tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["set/a_\u3042.png", "set/b.png", "set/labels.csv"]
        archive.extractall(tmp_path / "out")
    for file in folder.glob("*.*"):
        assert (tmp_path / "out" / "set" / file.name).read_bytes() == file.read_bytes()
