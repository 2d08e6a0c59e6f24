from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_core.errors import DataError
from captcha_core.pictures import find_pictures, natural_key, picture_jobs, shown


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def names_in(folder: Path, *paths: Path) -> list[str]:
    return [str(Path(p.name).relative_to(folder)) for p in find_pictures(paths or [folder])]


def test_a_folder_is_its_pictures_in_natural_order_with_sub_folders(tmp_path: Path) -> None:
    make(tmp_path, "10.png", "2.PNG", "1.jpeg", "b/1.png", "a10/1.webp", "a9/1.gif")
    make(tmp_path, "labels.csv", "Thumbs.db", ".hidden.png", ".git/1.png", "part.parquet")
    assert names_in(tmp_path) == ["1.jpeg", "2.PNG", "10.png", "a9/1.gif", "a10/1.webp", "b/1.png"]


def test_a_folder_without_pictures_is_its_parquet_files(tmp_path: Path) -> None:
    for number in (10, 9):
        pq.write_table(pa.table({"image": pa.array([b"x"])}), tmp_path / f"part{number}.parquet")
    assert names_in(tmp_path) == ["part9.parquet#0", "part10.parquet#0"]


def test_a_folder_without_either_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    (entry,) = find_pictures([tmp_path / "nothing"])
    assert isinstance(entry.source, DataError) and "nothing" in str(entry.source)


def test_an_archive_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    make(tmp_path, "pictures.ZIP")
    (entry,) = find_pictures([tmp_path / "pictures.ZIP"])
    assert isinstance(entry.source, DataError)
    assert str(entry.source) == f"{tmp_path / 'pictures.ZIP'} is an archive; unpack it and give the folder."


def test_paths_keep_their_order_and_a_named_file_is_taken_as_it_is(tmp_path: Path) -> None:
    make(tmp_path, "b.png", "a/1.png", "notes.txt", ".hidden.png")
    paths = [tmp_path / name for name in ("notes.txt", "b.png", "a", "gone.png", ".hidden.png")]
    assert names_in(tmp_path, *paths) == ["notes.txt", "b.png", "a/1.png", "gone.png", ".hidden.png"]


def test_parquet_rows_are_numbered_through_all_splits_and_need_no_labels(tmp_path: Path) -> None:
    path = tmp_path / "part.parquet"
    rows = {"image": pa.array([b"one", None, b"three"]), "split": pa.array(["train", "test", "train"])}
    pq.write_table(pa.table(rows), path, row_group_size=2)
    assert [(p.name, p.source) for p in find_pictures([path])] == [
        (f"{path}#0", b"one"),
        (f"{path}#1", b""),
        (f"{path}#2", b"three"),
    ]


def test_another_image_column_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "part.pq"
    pq.write_table(pa.table({"a": pa.array([b"one"]), "b": pa.array([b"two"])}), path)
    assert [p.source for p in find_pictures([path], image_column="b")] == [b"two"]
    (entry,) = find_pictures([path])
    assert isinstance(entry.source, DataError) and entry.name == str(path) and "--image-column" in str(entry.source)


@pytest.mark.parametrize("content", [None, b"", b"not Parquet at all"])
def test_a_parquet_file_that_cannot_be_read_does_not_stop_the_rest(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "bad.parquet"
    if content is not None:
        path.write_bytes(content)
    first, second = find_pictures([path, tmp_path / "a.png"])
    assert isinstance(first.source, DataError) and "bad.parquet" in str(first.source)
    assert second.source == tmp_path / "a.png"


def test_jobs_are_read_in_any_folder_and_keep_the_names_that_were_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "set/1.png")
    pq.write_table(pa.table({"image": pa.array([b"one"])}), tmp_path / "part.parquet")
    monkeypatch.chdir(tmp_path)
    jobs = list(picture_jobs([Path("set"), Path("gone.png"), Path("part.parquet")]))
    monkeypatch.chdir("/")
    found = [picture for job in jobs for picture, _ in job.pictures()]
    assert [name for name, _ in found] == [os.path.join("set", "1.png"), "gone.png", "part.parquet#0"]
    assert [source for _, source in found] == [tmp_path / "set" / "1.png", tmp_path / "gone.png", b"one"]


# On Windows names are Unicode: this Path cannot be made there, and no file can have it.
@pytest.mark.skipif(os.name != "posix", reason="only POSIX file names are bytes")
def test_a_name_that_is_no_text_can_be_printed() -> None:
    assert shown(Path(os.fsdecode(b"a\xff.png"))) == "a\N{REPLACEMENT CHARACTER}.png"


@given(st.lists(st.text("aB01é²٣ ", max_size=6), max_size=6))
def test_natural_order_is_an_order(names: list[str]) -> None:
    keys = sorted(map(natural_key, names))
    assert sorted(keys, reverse=True) == keys[::-1]


def test_natural_order_counts() -> None:
    assert sorted(["a10", "A9", "a1b2", "a1b10", ""], key=natural_key) == ["", "a1b2", "a1b10", "A9", "a10"]
