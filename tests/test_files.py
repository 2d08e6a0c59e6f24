"""A file appears whole under its name, or what was there before stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from captcha_core.errors import CaptchaLabError
from captcha_core.files import atomic_path


def test_the_file_takes_its_name_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "new" / "deeper" / "x.txt"
    with atomic_path(target) as temporary:
        assert temporary.parent == target.parent
        assert temporary.suffix == target.suffix
        temporary.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert os.listdir(target.parent) == ["x.txt"]


def test_an_older_file_is_there_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "x.txt"
    target.write_text("old")
    with atomic_path(str(target)) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, CaptchaLabError])
def test_a_failed_block_leaves_the_old_file_and_passes_its_error_on(kind: type[BaseException], tmp_path: Path) -> None:
    target = tmp_path / "x.txt"
    target.write_text("old")
    with pytest.raises(kind, match="mine"), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise kind("mine")
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.txt"]


def test_a_full_disk_is_one_sentence_without_the_temporary_path(tmp_path: Path) -> None:
    target = tmp_path / "x.txt"
    with pytest.raises(CaptchaLabError) as caught, atomic_path(target) as temporary:
        raise OSError(28, "No space left on device", str(temporary))
    assert str(caught.value).startswith(f"Cannot write {target}: No space left on device. Choose another place")
    assert temporary.name not in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CaptchaLabError, match=r"Cannot write .*file/x\.txt"), atomic_path(tmp_path / "file" / "x.txt"):
        pass


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(CaptchaLabError, match="Cannot write"), atomic_path(tmp_path / "x") as temporary:
        temporary.write_text("new")
    assert os.listdir(tmp_path) == ["x"]


def test_others_may_read_the_file_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with atomic_path(tmp_path / "x.txt") as temporary:
            temporary.write_text("new")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert (tmp_path / "x.txt").stat().st_mode & 0o777 == 0o640
