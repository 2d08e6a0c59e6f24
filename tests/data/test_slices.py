"""Slices of Parquet files: any process may read any of them, and none reads a file more often than it must."""

import os
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_core.data import cutting, slices
from captcha_core.data.jobs import labelled_jobs
from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.reading import opened
from captcha_core.data.schema import SPLIT_SCHEMA, Sample
from captcha_core.data.slices import Slice, labelled_slices, picture_slices
from captcha_core.errors import DataError
from captcha_core.files import version_of


@pytest.fixture
def parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file of three row groups of 7, 7 and 6 rows, which are cut into jobs of at most 3."""
    monkeypatch.setattr(cutting, "JOB_ROWS", 3)
    with ParquetWriter(tmp_path / "x.parquet", row_group_size=7) as writer:
        for number in range(20):
            writer.write(Sample(b"picture", f"{number}", f"{number}.png", "test"))
    return tmp_path / "x.parquet"


@pytest.fixture
def openings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which every opening of a file by a slice is added."""
    seen: list[str] = []

    @contextmanager
    def noted(path: Any, name: str | None = None) -> Iterator[Any]:
        seen.append(str(path))
        with opened(path, name) as file:
            yield file

    monkeypatch.setattr(slices, "opened", noted)
    return seen


def cut(path: Path) -> list[Slice]:
    return list(labelled_slices(path, None, None, None))


def numbers(part: Slice) -> list[int]:
    return [int(sample.label) for sample in part.samples()]


def test_slices_cover_all_rows_once_and_no_border_of_a_row_group(parquet: Path) -> None:
    assert [numbers(part) for part in cut(parquet)] == [
        [0, 1, 2], [3, 4, 5], [6], [7, 8, 9], [10, 11, 12], [13], [14, 15, 16], [17, 18, 19]
    ]  # fmt: skip
    assert [(p.first, p.stop) for p in picture_slices(parquet, None)] == [(p.first, p.stop) for p in cut(parquet)]


def test_slices_in_order_open_the_file_once_and_close_it(parquet: Path, openings: list[str]) -> None:
    parts = cut(parquet)
    openings.clear()
    for part in parts:
        numbers(part)
    assert openings == [str(parquet)] and not slices._kept


def test_a_worker_that_gets_some_of_them_opens_the_file_once_too(parquet: Path, openings: list[str]) -> None:
    parts = cut(parquet)[::3]
    openings.clear()
    assert [numbers(part) for part in parts] == [[0, 1, 2], [7, 8, 9], [14, 15, 16]]
    assert len(openings) == 1


@given(order=st.permutations(range(8)), rows=st.integers(1, 5))
def test_any_order_gives_the_same_rows(order: list[int], rows: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("set") / "x.parquet"
    table = pa.table({"image": [b"picture"] * 16, "label": [str(number) for number in range(16)]})
    pq.write_table(table, path, row_group_size=8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutting, "JOB_ROWS", 2)
        patch.setattr("captcha_core.data.reading._BATCH_ROWS", rows)
        parts = cut(path)
    assert [numbers(parts[place]) for place in order] == [[2 * place, 2 * place + 1] for place in order]


def test_two_that_are_read_at_once_do_not_disturb_each_other(parquet: Path) -> None:
    first, second = cut(parquet)[:2]
    assert [(int(a.label), int(b.label)) for a, b in zip(first.samples(), second.samples(), strict=True)] == [
        (0, 3),
        (1, 4),
        (2, 5),
    ]
    assert numbers(second) == [3, 4, 5]


def test_one_that_is_left_half_read_keeps_nothing_open(parquet: Path) -> None:
    first, second, *_ = cut(parquet)
    reading = first.samples()
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert not slices._kept and numbers(second) == [3, 4, 5]


def test_a_split_is_taken_from_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "JOB_ROWS", 3)
    with ParquetWriter(tmp_path / "x.parquet", row_group_size=7, schema=SPLIT_SCHEMA) as writer:
        for number in range(20):
            writer.write(Sample(b"picture", f"{number}", "", "test"), split="train" if number % 2 else "test")
    parts = list(labelled_slices(tmp_path / "x.parquet", None, None, "train"))
    assert [number for part in parts for number in numbers(part)] == list(range(1, 20, 2))


def test_jobs_are_cut_by_bytes_where_pictures_are_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "JOB_BYTES", 1000)
    pictures = [os.urandom(300) for _ in range(10)]
    pq.write_table(pa.table({"image": pictures, "label": ["a"] * 10}), tmp_path / "x.parquet")
    assert {part.stop - part.first for part in cut(tmp_path / "x.parquet")} <= {1, 2, 3}
    for number, picture in enumerate(pictures):
        (tmp_path / f"{number}.png").write_bytes(picture)
    (tmp_path / "x.csv").write_text("file,label\n" + "".join(f"{n}.png,a\n" for n in range(10)))
    assert [len(list(job.rows())) for job in labelled_jobs([tmp_path / "x.csv"])] == [3, 3, 3, 1]


def test_a_large_row_group_is_not_held(tmp_path: Path) -> None:
    pictures = [os.urandom(1 << 18) for _ in range(200)]
    table = pa.table({"image": pictures, "label": ["a"] * 200})
    pq.write_table(table, tmp_path / "x.parquet", write_batch_size=4)
    del table, pictures
    parts = cut(tmp_path / "x.parquet")
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    most = max(pa.total_allocated_bytes() for part in parts for _ in part.samples())
    assert tracemalloc.get_traced_memory()[1] + most - before < 40 << 20
    tracemalloc.stop()
    assert len(parts) > 5


def test_jobs_are_read_in_any_folder_and_keep_the_names_that_were_given(
    tmp_path: Path, parquet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "ab.png").write_bytes(b"picture")
    (tmp_path / "set" / "cd.png").write_bytes(b"")
    (tmp_path / "x.csv").write_text("file,label\nset/ab.png,ab\n")
    monkeypatch.chdir(tmp_path)
    jobs = list(labelled_jobs(["x.parquet", "set", "x.csv", "set/ab.png"]))
    here = [str(row) for job in jobs for row in job.rows()]
    monkeypatch.chdir("/")
    assert [str(row) for job in jobs for row in job.rows()] == here
    assert "cd.png is empty" in here[21]


def test_a_file_that_is_gone_or_was_changed_is_called_as_it_was_given(
    tmp_path: Path, parquet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    *_, last = cut(Path("x.parquet"))
    pq.write_table(pq.read_table("x.parquet").slice(0, 3), "x.parquet")
    with pytest.raises(DataError, match=r"^x\.parquet was changed while it was read; start again\.$"):
        numbers(last)
    parquet.unlink()
    with pytest.raises(DataError, match=r"^x\.parquet does not exist"):
        numbers(last)


def test_a_file_that_was_replaced_has_other_slices(parquet: Path) -> None:
    before = cut(parquet)
    os.utime(parquet, ns=(1, 1))
    assert before[0].version != version_of(parquet) and cut(parquet) != before
