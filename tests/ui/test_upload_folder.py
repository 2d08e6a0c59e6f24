"""The folder of a page's uploads and downloads."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from captcha_core.errors import CaptchaLabError
from captcha_core.ui.upload_folder import AGE_S, FOLDER_VARIABLE, UploadFolder, own_folder, page_folder


def put(path: Path, age_s: float = 0.0, size: int = 100) -> Path:
    """Write a file that was changed so long ago, in a folder of the same age."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    then = time.time() - age_s
    os.utime(path, (then, then))
    os.utime(path.parent, (then, then))
    return path


def test_what_is_old_goes_and_its_folder_when_it_is_seen_empty(tmp_path: Path) -> None:
    old, young = put(tmp_path / "a/x.png", AGE_S + 9), put(tmp_path / "b/y.png", AGE_S - 9)
    broken, arriving = put(tmp_path / "tmp1", 400), put(tmp_path / "tmp2", 100)
    folder = UploadFolder(tmp_path, 1000)
    assert folder.room() == 800
    assert [path.exists() for path in (old, young, broken, arriving)] == [False, True, False, True]
    os.utime(old.parent, (0, 0))
    folder.room()
    assert not old.parent.exists()


def test_the_oldest_give_way_but_not_what_has_just_come(tmp_path: Path) -> None:
    ages = (5, 10, 100, 200, 300)
    files = [put(tmp_path / str(age) / "x.zip", age) for age in ages]
    assert UploadFolder(tmp_path, 350).room() == 50
    assert [file.exists() for file in files] == [True, True, True, False, False]
    assert UploadFolder(tmp_path, 150).room() == 0
    assert [file.exists() for file in files[:3]] == [True, True, False]


def test_the_examples_stay_and_take_no_room(tmp_path: Path) -> None:
    example = put(tmp_path / "e/j7di.png", 1e6)
    assert UploadFolder(tmp_path, 1000, {str(example)}).room() == 1000
    assert example.exists()


def test_a_folder_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    assert UploadFolder(tmp_path / "none", 1000).room() == 1000


def test_a_page_has_a_folder_of_its_own_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    with own_folder():
        folder = Path(os.environ[FOLDER_VARIABLE])
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        put(folder / "a/x.png")
    assert not folder.exists()
    assert FOLDER_VARIABLE not in os.environ


def test_what_else_lies_in_a_folder_that_the_owner_names_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    mine = [put(tmp_path / "corrections/x.parquet", AGE_S + 9), put(tmp_path / "notes.txt", 1e6)]
    with own_folder():
        folder = page_folder()
        assert folder.parent == tmp_path and str(folder) == os.environ[FOLDER_VARIABLE]
        old = put(folder / "a/x.png", AGE_S + 9)
        UploadFolder(folder, 1).room()
        assert not old.exists()
    assert all(file.exists() for file in mine) and not folder.exists()
    assert os.environ[FOLDER_VARIABLE] == str(tmp_path)


def test_a_folder_that_is_not_the_pages_own_is_never_cleared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(RuntimeError, match="own_folder"):
        page_folder()


def test_a_place_for_uploads_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    taken = put(tmp_path / "taken")
    monkeypatch.setenv(FOLDER_VARIABLE, str(taken))
    with pytest.raises(CaptchaLabError, match=f"{taken}.*{FOLDER_VARIABLE}"), own_folder():
        pass
