from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from captcha_core.errors import CaptchaLabError
from captcha_core.stage_files import StageFiles, check_stage_folder, safe_name
from tests.helpers import assert_plain

STAGES = [("original", Image.new("RGB", (20, 10), "red")), ("grey", Image.new("L", (20, 10), 7))]


def test_every_stage_is_a_numbered_file_in_the_picture_s_folder(tmp_path: Path) -> None:
    StageFiles(tmp_path / "new" / "debug").write("pictures/a.png", STAGES)
    folder = tmp_path / "new" / "debug" / "a.png"
    assert sorted(path.name for path in folder.iterdir()) == ["1_original.png", "2_grey.png"]
    for path, (_, image) in zip(sorted(folder.iterdir()), STAGES, strict=True):
        with Image.open(path) as written:
            assert written.mode == image.mode and written.tobytes() == image.tobytes()


def test_equal_names_get_folders_of_their_own(tmp_path: Path) -> None:
    files = StageFiles(tmp_path)
    for name in ("a/1.png", "b/1.png", "c/1.PNG", "1.png_2", "d.parquet#0", "d.parquet#1", "d.parquet_1"):
        files.write(name, STAGES)
    expected = ["1.png", "1.png_2", "1.PNG_3", "1.png_2_2", "d.parquet_0", "d.parquet_1", "d.parquet_1_2"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(expected)


@given(st.text(max_size=300))
def test_a_name_is_safe(text: str) -> None:
    name = safe_name(text)
    assert re.fullmatch(r"[\w.-]+", name) and not name.startswith(".") and not name.endswith(".")
    assert len(name.encode()) <= 240
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/b/c d.png", "c_d.png"),
        (r"C:\pictures\x.png", "x.png"),
        ("x.parquet#12", "x.parquet_12"),
        ("..", "picture"),
        ("../../etc/.passwd", "passwd"),
        ("a\x00b\n.png", "a_b_.png"),
        ("Zürich.png", "Zürich.png"),
        ("Zu\u0308rich.png", "Zürich.png"),
        ("ä" * 300 + ".png", "ä" * 60),
        ("", "picture"),
    ],
)
def test_names_of_pictures_as_folders(path: str, name: str) -> None:
    assert safe_name(path) == name


def test_a_new_or_empty_folder_may_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "inputs").mkdir()
    for folder in ("empty", "new", "new/deeper"):
        check_stage_folder(tmp_path / folder, [tmp_path / "inputs", tmp_path / "a.png"])
    assert not (tmp_path / "new").exists()


def test_a_folder_with_something_of_the_user_s_is_refused(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / ".notes").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    for name in ("full", "file", "link"):
        with pytest.raises(CaptchaLabError) as raised:
            check_stage_folder(tmp_path / name, [])
        assert_plain(str(raised.value), name, "name a new one")


@pytest.mark.parametrize("folder", ["inputs", "inputs/debug", "other/../inputs/a/b"])
def test_a_folder_inside_an_input_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "inputs").mkdir()
    with pytest.raises(CaptchaLabError, match="lies inside"):
        check_stage_folder(tmp_path / folder, [tmp_path / "inputs"])


def test_a_folder_that_cannot_be_made_is_one_plain_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CaptchaLabError, match=r"Cannot make .*file.*Choose another"):
        StageFiles(tmp_path / "file" / "debug").write("a.png", STAGES)
    assert (tmp_path / "file").read_text() == "mine"
