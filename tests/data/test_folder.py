"""Labels are told from file names and from CSV, or asked for, never guessed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from captcha_core.data.folder import iter_csv, iter_files, iter_folder, picture_files, visible_entries
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError, DataError
from tests.data.samples import png, write_files


def labels(rows: Iterable[Sample | CaptchaLabError]) -> list[str]:
    return [row.label if isinstance(row, Sample) else f"error: {row}" for row in rows]


def table(folder: Path, text: str | bytes, name: str = "labels.csv") -> Path:
    """Write pictures 1.png to 3.png and a mapping beside them."""
    write_files(folder, "1.png", "2.png", "3.png")
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder / name


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["aB3xQ.png", "0012.jpg"], ["0012", "aB3xQ"]),
        (["aB3xQ_17.png", "aB3xQ_18.png", "0012_3.png"], ["0012", "aB3xQ", "aB3xQ"]),
        (["aB3xQ.png", "aB3xQ_1.png"], ["aB3xQ", "aB3xQ"]),
        (["17_aB3xQ.png", "18_0012.png"], ["aB3xQ", "0012"]),
        (["1234.png", "1234_2.png"], ["1234", "1234"]),
        (["a.b.png"], ["a.b"]),
        (["été.png"], ["été"]),
    ],
)
def test_labels_are_told_from_names(names: list[str], expected: list[str], tmp_path: Path) -> None:
    assert labels(iter_folder(write_files(tmp_path, *names))) == expected


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["1234_5678.png", "12_34.png"], r"1234_5678\.png may be either number in its name; .*--pattern"),
        (["aB3xQ.png", "a_b_c.png"], r"cannot be told from the name of .*a_b_c\.png; .*--pattern"),
        (["17_aB3xQ.png", "aB3xQ_17.png"], r"cannot be told from the name of"),
        (["a (1).png"], r"cannot be told from the name of .*a \(1\)\.png"),
        (["img_1.png", "img_2.png", "img_3.png"], r"All names like .*img_1\.png would give the same label"),
    ],
)
def test_unclear_names_are_refused_with_the_remedy(names: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        list(iter_folder(write_files(tmp_path, *names)))


def test_a_pattern_says_where_the_label_is(tmp_path: Path) -> None:
    write_files(tmp_path, "x-1234-5678.png", "x-ab_c-1.png", "other.png")
    rows = labels(iter_folder(tmp_path, r"x-(?P<label>.+)-\d+"))
    assert rows[1:] == ["1234", "ab_c"]
    assert "other.png does not fit the pattern" in rows[0]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [("(", r"'\(' is not a regular expression"), (".*", r"'\.\*' has no group \(\?P<label>")],
)
def test_a_pattern_that_is_none_is_one_sentence(pattern: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        list(iter_folder(write_files(tmp_path, "a.png"), pattern))


def test_a_folders_rows_are_whole_samples_in_the_order_of_names(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "mine", "b.png", "a.png")
    assert list(iter_folder(folder)) == [Sample(png(1), "a", "a.png", "mine"), Sample(png(0), "b", "b.png", "mine")]


def test_only_visible_pictures_count(tmp_path: Path) -> None:
    write_files(tmp_path, "a.PNG", ".hidden.png", "._a.png")
    write_files(tmp_path / "sub", "c.png")
    write_files(tmp_path / "dir.png", "d.png")
    (tmp_path / "Thumbs.db").write_text("")
    assert [file.name for file in picture_files(tmp_path)] == ["a.PNG"]


def test_a_folder_without_pictures_says_where_there_may_be_some(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no pictures; name one that does"):
        picture_files(tmp_path)
    write_files(tmp_path / "train", "a.png")
    with pytest.raises(DataError, match=r"holds no pictures; name its folders instead: train"):
        picture_files(tmp_path)
    with pytest.raises(DataError, match=r"gone cannot be listed \(No such file"):
        visible_entries(tmp_path / "gone")


def test_an_empty_picture_file_is_an_error_in_its_place(tmp_path: Path) -> None:
    write_files(tmp_path, "a.png", "c.png")
    (tmp_path / "b.png").write_bytes(b"")
    assert labels(iter_folder(tmp_path)) == [
        "a",
        "error: b.png is empty (0 bytes); save or upload it again.",
        "c",
    ]


def test_a_name_that_is_not_unicode_is_an_error_in_its_place(tmp_path: Path) -> None:
    name = os.fsdecode(b"a\xff.png")
    # Linux takes any bytes; APFS and NTFS refuse such a name themselves, so there is nothing to read there.
    try:
        write_files(tmp_path, name)
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    assert "has a name that is not Unicode" in labels(iter_files([tmp_path / name]))[0]


def test_labels_csv_names_the_pictures_of_its_folder(tmp_path: Path) -> None:
    table(tmp_path / "set", "file,label\n2.png,0012\n1.png,ab\n")
    assert list(iter_folder(tmp_path / "set")) == [
        Sample(png(1), "0012", "2.png", "set"),
        Sample(png(0), "ab", "1.png", "set"),
    ]
    assert labels(iter_folder(tmp_path / "set", "(?P<label>.)")) == ["1", "2", "3"]


@pytest.mark.parametrize(
    "text",
    [
        "file,label\n1.png,0012\n2.png,ab\n",
        "file;label\n1.png;0012\n2.png;ab\n",
        "file\tlabel\n1.png\t0012\n2.png\tab\n",
        "label,n,file\r\n0012,1,1.png\r\nab,2,2.png\r\n",
        "\ufefffile,label\n1.png,0012\n\n2.png,ab",
        'file, label\n"1.png", 0012 \n2.png,"ab"\n',
    ],
)
def test_every_usual_table_is_read(text: str, tmp_path: Path) -> None:
    assert labels(iter_csv(table(tmp_path, text))) == ["0012", "ab"]


def test_quoted_labels_may_hold_commas_and_quotes(tmp_path: Path) -> None:
    assert labels(iter_csv(table(tmp_path, 'file,label\n1.png,"a,b"\n2.png,"a""b"\n'))) == ["a,b", 'a"b']


def test_columns_may_have_other_names_and_files_other_folders(tmp_path: Path) -> None:
    write_files(tmp_path / "pictures", "x.png")
    path = table(tmp_path, f"image,text\npictures/x.png,ab\n{tmp_path}/1.png,cd\n", "map.tsv")
    rows = list(iter_csv(path, file_column="image", label_column="text"))
    assert rows[0] == Sample(png(0), "ab", "pictures/x.png", "map")
    assert labels(rows) == ["ab", "cd"]


def test_bad_rows_are_errors_in_their_place_that_name_the_line(tmp_path: Path) -> None:
    path = table(tmp_path, "file,label\n1.png,ab\ngone.png,cd\n2.png,\n,x\n3.png,a,b\n3.png,ef\n")
    rows = labels(iter_csv(path))
    assert (rows[0], rows[5]) == ("ab", "ef")
    assert rows[1] == f"error: {path}, line 3: gone.png does not exist; check the path."
    assert rows[2] == f"error: {path}, line 4 has no label; fill it in."
    assert rows[3] == f"error: {path}, line 5 has no file; fill it in."
    assert "line 6 has 3 fields where the first line has 2" in rows[4]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"labels\.csv has no column 'file'; its first line names none\. .*--image-column"),
        ("file,text\n1.png,a\n", r"has no column 'label'; its first line names file, text\. .*--label-column"),
        ("1.png,ab\n2.png,cd\n", r"has no column 'file'; its first line names 1\.png, ab"),
        ("file,label\n1.png,é\n".encode("latin-1"), "is not UTF-8 text; save it as CSV in UTF-8"),
        ("file,label\n1.png,a\n".encode("utf-16"), "is not UTF-8 text"),
        ('file,label\n1.png,"ab\n', r"labels\.csv, line 2: unexpected end of data"),
    ],
)
def test_what_is_no_table_is_one_sentence(text: str | bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        list(iter_csv(table(tmp_path, text)))


def test_a_table_that_cannot_be_opened_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.csv does not exist"):
        list(iter_csv(tmp_path / "gone.csv"))
    with pytest.raises(DataError, match=r"cannot be opened \(Is a directory\)"):
        list(iter_csv(tmp_path))
