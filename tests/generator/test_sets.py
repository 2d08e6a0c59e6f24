from pathlib import Path

import pytest

from captcha_core.errors import DataError
from captcha_core.generator.sets import FolderSet, ParquetSet, data_set


@pytest.mark.parametrize(
    ("path", "kind", "test"),
    [
        ("x.parquet", ParquetSet, "x_test.parquet"),
        ("a/x.v2.PQ", ParquetSet, "a/x.v2_test.PQ"),
        ("a/pictures", FolderSet, "a/pictures_test"),
        (".hidden", FolderSet, ".hidden_test"),
    ],
)
def test_the_ending_decides_and_the_test_set_lies_beside(path: str, kind: type, test: str) -> None:
    assert type(data_set(path)) is kind
    assert data_set(path).path == Path(path)
    assert data_set(path).test_set() == kind(Path(test))


def test_a_folder_that_is_there_is_one_whatever_its_ending(tmp_path: Path) -> None:
    (tmp_path / "v1.2").mkdir()
    assert data_set(tmp_path / "v1.2").test_set().path == tmp_path / "v1.2_test"


def test_the_folder_one_is_in_has_a_test_set_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert data_set(".").test_set().path == tmp_path.with_name(tmp_path.name + "_test")


@pytest.mark.parametrize("path", ["x.zip", "x.csv", "pictures.v2"])
def test_another_ending_is_refused(path: str) -> None:
    with pytest.raises(DataError, match=rf"{path} ends in .*\.parquet"):
        data_set(path)


def test_a_set_and_its_test_set_know_each_other(tmp_path: Path) -> None:
    one, test = data_set(tmp_path / "x.parquet"), data_set(tmp_path / "x_test.parquet")
    assert one.companions() == test.companions() == []
    for file in (one.path, test.path):
        file.touch()
    assert one.companions() == [test]
    assert test.companions() == [one]


def test_only_a_folder_with_labels_is_a_companion(tmp_path: Path) -> None:
    one = data_set(tmp_path / "x")
    (tmp_path / "x_test").mkdir()
    (tmp_path / "x_test" / "test_something.py").touch()
    assert one.companions() == []
    (tmp_path / "x_test" / "labels.csv").touch()
    assert one.companions() == [data_set(tmp_path / "x_test")]


def test_a_name_that_is_nothing_but_the_suffix_has_no_companion(tmp_path: Path) -> None:
    (tmp_path / ".parquet").touch()
    assert data_set(tmp_path / "_test.parquet").companions() == []
