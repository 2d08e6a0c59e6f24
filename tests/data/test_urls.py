"""Data that lies elsewhere: the memory of fsspec stands for a store of objects."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

import make_dataset
from captcha_core.data.jobs import labelled_jobs
from captcha_core.data.load import load_data
from captcha_core.data.parquet import ParquetRows, ParquetWriter, iter_parquet
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.files import version_of
from captcha_core.pictures import find_pictures
from captcha_core.urls import url_of
from tests.data.samples import encoded
from tests.helpers import draw_picture

URL = "memory://bucket/set.parquet"


@pytest.fixture
def local(tmp_path: Path) -> Path:
    with ParquetWriter(tmp_path / "set.parquet", row_group_size=2) as writer:
        for number in range(5):
            text = f"ab{number}"
            writer.write(Sample(encoded(draw_picture(text, number)), text, f"{number}.png", "test"))
    return tmp_path / "set.parquet"


@pytest.fixture
def store(local: Path) -> Iterator[MemoryFileSystem]:
    store = MemoryFileSystem()
    store.pipe("/bucket/set.parquet", local.read_bytes())
    yield store
    store.rm("/bucket", recursive=True)


@pytest.mark.parametrize(
    ("path", "url"),
    [
        (Path("s3://bucket/a.parquet"), "s3://bucket/a.parquet"),
        ("s3://bucket/a.parquet", "s3://bucket/a.parquet"),
        (Path("file:///data/a.parquet"), "file:///data/a.parquet"),
        (Path("https://host/a.parquet?x=1"), "https://host/a.parquet?x=1"),
        ("C:/data/a.parquet", None),
        ("data/a:b.parquet", None),
        ("odd:", None),
    ],
)
def test_a_path_that_stands_for_a_url_is_told_from_a_file(path: str | Path, url: str | None) -> None:
    assert url_of(path) == url


def test_every_reader_gives_the_rows_of_the_file_itself(store: MemoryFileSystem, local: Path) -> None:
    rows = list(iter_parquet(local))
    assert list(iter_parquet(URL)) == list(load_data([Path(URL)])) == rows
    assert [row for job in labelled_jobs([URL]) for row in job.rows()] == rows
    assert [picture.source for picture in find_pictures([Path(URL)])] == [row.image for row in rows]
    elsewhere, here = ParquetRows([URL]), ParquetRows([local])
    assert [elsewhere.read_group(group) for group in range(3)] == [here.read_group(group) for group in range(3)]
    assert elsewhere.fingerprint() == here.fingerprint()


def test_a_file_that_was_replaced_has_another_version(store: MemoryFileSystem, local: Path) -> None:
    before = version_of(URL)
    assert before == version_of(URL) and before[0] == local.stat().st_size
    store.pipe("/bucket/set.parquet", local.read_bytes())
    assert version_of(URL) != before


@pytest.mark.parametrize("key", ["\u00e9 not hex", '"etag-7"', 12345, ("a", 1)])
def test_whatever_a_store_tells_versions_by_is_a_version(
    store: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch, key: object
) -> None:
    before = version_of(URL)
    monkeypatch.setattr(MemoryFileSystem, "ukey", lambda self, path: key)
    size, number = version_of(URL)
    assert size == before[0] and 0 <= number < 2**63 and number != before[1]


def test_rows_and_messages_name_the_url(store: MemoryFileSystem, local: Path) -> None:
    assert [picture.name for picture in find_pictures([Path(URL)])] == [f"{URL}#{number}" for number in range(5)]
    with ParquetWriter(local) as writer:
        writer.write(Sample(b"x", "", "x.png", "test"))
    store.pipe("/bucket/set.parquet", local.read_bytes())
    with pytest.raises(DataError, match=f"x.png in {URL} has no label"):
        list(load_data([Path(URL)]))
    with pytest.raises(DataError, match=f"{URL} has no column 'text'"):
        list(load_data([Path(URL)], label_column="text"))


def test_one_that_cannot_be_opened_does_not_stop_the_rest(tmp_path: Path) -> None:
    first, second = find_pictures([Path("nowhere://bucket/set.parquet"), tmp_path / "a.png"])
    assert first.name == "nowhere://bucket/set.parquet" and isinstance(first.source, DataError)
    assert second.source == tmp_path / "a.png"


def test_make_dataset_reads_one(local: Path, tmp_path: Path) -> None:
    assert make_dataset.main([local.as_uri(), "--output", str(tmp_path / "made.parquet")]) == 0
    assert list(iter_parquet(tmp_path / "made.parquet")) == list(iter_parquet(local))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("memory://bucket/missing.parquet", "memory://bucket/missing.parquet does not exist"),
        ("memory://bucket/pictures", "by URL only those are read"),
        ("nowhere://bucket/set.parquet", r"nowhere://bucket/set.parquet cannot be opened .*install fsspec"),
    ],
)
def test_what_cannot_be_opened_is_named(url: str, message: str) -> None:
    with pytest.raises(CaptchaLabError, match=message):
        list(load_data([Path(url)]))


def test_a_damaged_file_is_named(store: MemoryFileSystem) -> None:
    store.pipe("/bucket/set.parquet", b"PAR1 and no more")
    with pytest.raises(DataError, match="memory://bucket/set.parquet is not a whole Parquet file"):
        list(iter_parquet(URL))
