"""Random access to the rows of Parquet files, for training."""

from __future__ import annotations

import logging
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captcha_core.data import parquet
from captcha_core.data.parquet import (
    ParquetRows,
    ParquetWriter,
)
from captcha_core.errors import DataError
from tests.data.samples import sample, write, write_split


def test_training_rows_are_those_of_the_files_in_order(tmp_path: Path) -> None:
    samples = write(tmp_path / "a.parquet", 5) + write(tmp_path / "b.parquet", 3, start=5)
    rows = ParquetRows([tmp_path / "a.parquet", tmp_path / "b.parquet"])
    assert len(rows) == 8
    assert rows.labels == [s.label for s in samples]
    assert rows.row_groups == [(0, 2), (2, 4), (4, 5), (5, 7), (7, 8)]
    for index in (4, 0, 2, 1, 3, 0):
        start, stop = rows.row_groups[index]
        assert rows.read_group(index) == samples[start:stop]


def test_training_rows_of_one_split_skip_row_groups_without_any(tmp_path: Path) -> None:
    samples = write_split(tmp_path / "x.parquet", "rreere")
    rows = ParquetRows([tmp_path / "x.parquet"], split="train")
    assert rows.labels == [samples[i].label for i in (0, 1, 4)]
    assert rows.row_groups == [(0, 2), (2, 3)]
    assert rows.read_group(1) == [samples[4]]


@settings(max_examples=20, deadline=None)
@given(splits=st.text("re", min_size=1, max_size=9), plain=st.integers(0, 3))
def test_row_groups_cover_all_rows_and_only_those(
    tmp_path_factory: pytest.TempPathFactory, splits: str, plain: int
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    samples = write_split(folder / "x.parquet", splits + "r")
    others = write(folder / "y.parquet", plain)
    rows = ParquetRows([folder / "x.parquet", folder / "y.parquet"], split="train")
    wanted = [s for s, letter in zip(samples, splits + "r", strict=True) if letter == "r"] + others
    assert [s for i in range(len(rows.row_groups)) for s in rows.read_group(i)] == wanted
    assert rows.labels == [s.label for s in wanted]
    assert [stop for _, stop in rows.row_groups[:-1]] == [start for start, _ in rows.row_groups[1:]]


def test_training_rows_need_labels_and_rows(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"image": [b"a", b"b"], "label": ["a", None]}), path)
    with pytest.raises(DataError, match=r"x\.parquet has rows without a label; make_dataset\.py"):
        ParquetRows([path])
    write(path, 0)
    with pytest.raises(DataError, match=r"no rows in .*x\.parquet"):
        ParquetRows([path])
    with pytest.raises(DataError, match="no rows in no files"):
        ParquetRows([])


def test_training_rows_serve_threads_and_processes(tmp_path: Path) -> None:
    samples = write(tmp_path / "x.parquet", 20)
    rows = ParquetRows([tmp_path / "x.parquet"])
    with ThreadPoolExecutor(4) as pool:
        groups = list(pool.map(rows.read_group, range(10)))
    assert [s for group in groups for s in group] == samples
    assert pickle.loads(pickle.dumps(rows)).read_group(9) == samples[18:]


def test_a_file_that_went_away_is_one_sentence(tmp_path: Path) -> None:
    write(tmp_path / "x.parquet")
    rows = ParquetRows([tmp_path / "x.parquet"])
    (tmp_path / "x.parquet").unlink()
    with pytest.raises(DataError, match=r"x\.parquet does not exist"):
        rows.read_group(0)


def test_a_huge_row_group_is_pointed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(parquet, "_LARGE_GROUP_BYTES", 100)
    write(tmp_path / "x.parquet", 2)
    with caplog.at_level(logging.WARNING):
        ParquetRows([tmp_path / "x.parquet"])
    assert "has a row group of" in caplog.text


def test_the_fingerprint_changes_with_labels_rows_and_files_only(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"

    def fingerprint(*labels: str, name: str = "x") -> str:
        with ParquetWriter(path) as writer:
            for label in labels:
                writer.write(sample(1, label))
        path.rename(tmp_path / f"{name}.parquet")
        return ParquetRows([tmp_path / f"{name}.parquet"]).fingerprint()

    first = fingerprint("ab", "c")
    assert len(first) == 12
    assert int(first, 16) >= 0
    assert fingerprint("ab", "c") == first
    assert len({first, fingerprint("a", "bc"), fingerprint("ab"), fingerprint("ab", "c", name="y")}) == 4
