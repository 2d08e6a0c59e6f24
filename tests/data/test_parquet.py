"""Parquet is written to the contract, streamed, combined, and read at random for training."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captcha_core.data import parquet
from captcha_core.data.parquet import (
    ParquetRows,
    ParquetWriter,
    iter_parquet,
    iter_pictures,
    parquet_to_parquet,
    splits_to_read,
)
from captcha_core.data.schema import SCHEMA, SPLIT_SCHEMA, Sample
from captcha_core.errors import CaptchaLabError, DataError
from tests.data.samples import png, sample, write, write_split

ROOT = Path(__file__).resolve().parent.parent.parent


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    samples = write(tmp_path / "new" / "x.parquet")
    assert list(iter_parquet(tmp_path / "new" / "x.parquet")) == samples


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.binary(min_size=1), st.text(min_size=1, max_size=6)), max_size=9), st.integers(1, 4))
def test_any_bytes_and_any_text_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[bytes, str]], row_group_size: int
) -> None:
    path = tmp_path_factory.mktemp("any") / "x.parquet"
    samples = [Sample(image, label, f"{i}.png", "s") for i, (image, label) in enumerate(rows)]
    with ParquetWriter(path, row_group_size=row_group_size) as writer:
        for one in samples:
            writer.write(one)
    assert list(iter_parquet(path)) == samples


@settings(max_examples=30, deadline=None)
@given(
    parts=st.lists(st.lists(st.sampled_from(["train", "test"]), max_size=6), min_size=1, max_size=3),
    row_group_size=st.integers(1, 4),
)
def test_parts_combine_to_the_same_rows_and_splits_part_them(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[str]], row_group_size: int
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    written: list[tuple[Sample, str]] = []
    paths = [folder / f"{number}.parquet" for number in range(len(parts))]
    for path, splits in zip(paths, parts, strict=True):
        with ParquetWriter(path, row_group_size, SPLIT_SCHEMA) as writer:
            for split in splits:
                one = Sample(bytes([len(written)]), f"{len(written):04d}", f"{len(written)}.png", path.stem)
                writer.write(one, split)
                written.append((one, split))
    for split in ("train", "test", "all"):
        if any(split not in (*splits, "all") for splits in parts):
            continue  # Refused, as another test has it.
        wanted = [one for one, its in written if split in (its, "all")]
        assert parquet_to_parquet(paths, folder / "x.parquet", split=split) == len(wanted)
        assert list(iter_parquet(folder / "x.parquet")) == wanted
        if wanted:
            rows = ParquetRows(paths, split=split)
            assert [one for i in range(len(rows.row_groups)) for one in rows.read_group(i)] == wanted


def test_the_file_keeps_to_the_contract(tmp_path: Path) -> None:
    write(tmp_path / "x.parquet", count=5)
    with pq.ParquetFile(tmp_path / "x.parquet") as file:
        assert file.schema_arrow.equals(SCHEMA)
        assert file.schema_arrow.metadata[b"huggingface"] == SCHEMA.metadata[b"huggingface"]
        assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [2, 2, 1]
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_row_groups_are_of_1000_rows(tmp_path: Path) -> None:
    with ParquetWriter(tmp_path / "x.parquet") as writer:
        for _ in range(1001):
            writer.write(Sample(b"x", "a", "x.png", "s"))
    metadata = pq.read_metadata(tmp_path / "x.parquet")
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [1000, 1]


def test_big_pictures_close_a_row_group_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "GROUP_BYTES", 100)
    with ParquetWriter(tmp_path / "x.parquet") as writer:
        for _ in range(5):
            writer.write(Sample(bytes(60), "a", "x.png", "s"))
    metadata = pq.read_metadata(tmp_path / "x.parquet")
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [2, 2, 1]


def test_a_failed_block_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    old = write(path)
    with pytest.raises(KeyError), ParquetWriter(path, row_group_size=1) as writer:
        writer.write(sample(99))
        raise KeyError
    assert list(iter_parquet(path)) == old
    assert os.listdir(tmp_path) == ["x.parquet"]


def test_an_error_at_the_last_row_group_leaves_the_old_file_too(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    old = write(path)
    with pytest.raises(pa.ArrowTypeError), ParquetWriter(path) as writer:
        writer.write(Sample(b"x", 12, "x.png", "s"))  # type: ignore[arg-type]
    assert list(iter_parquet(path)) == old
    assert os.listdir(tmp_path) == ["x.parquet"]


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(CaptchaLabError, match=r"Cannot write .*file/x\.parquet"),
        ParquetWriter(tmp_path / "file" / "x.parquet"),
    ):
        pass


def test_the_split_goes_with_its_schema_only(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not fit the columns"), ParquetWriter(tmp_path / "x.parquet") as writer:
        writer.write(sample(1), split="train")
    with pytest.raises(ValueError, match="does not fit"), ParquetWriter(tmp_path / "x", schema=SPLIT_SCHEMA) as writer:
        writer.write(sample(1))


def test_foreign_layouts_are_read(tmp_path: Path) -> None:
    path = tmp_path / "kaggle.parquet"
    table = {"png": pa.array([png(1), png(2)], pa.large_binary()), "text": pa.array(["0012", "ab"]).dictionary_encode()}
    pq.write_table(pa.table(table), path)
    expected = [
        Sample(png(1), "0012", "kaggle.parquet#0", "kaggle"),
        Sample(png(2), "ab", "kaggle.parquet#1", "kaggle"),
    ]
    assert list(iter_parquet(path, label_column="text")) == expected
    assert list(iter_parquet(path, image_column="png", label_column="text")) == expected
    assert ParquetRows([path], label_column="text").read_group(0) == expected


def test_rows_without_picture_name_or_label_come_empty(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    images: list[Any] = [None, {"bytes": None, "path": "a.png"}, {"bytes": b"x", "path": None}]
    pq.write_table(pa.table({"image": images, "label": pa.array([None, "", "a"])}), path)
    rows = [Sample(b"", "", "x.parquet#0", "x"), Sample(b"", "", "a.png", "x"), Sample(b"x", "a", "x.parquet#2", "x")]
    assert list(iter_parquet(path)) == rows


def test_pictures_are_read_without_any_label(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"image": [png(1)], "label": [12]}), path)
    assert list(iter_pictures(path)) == [Sample(png(1), "", "x.parquet#0", "x")]


def test_a_split_must_be_chosen_where_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    samples = write_split(path, "rreer")
    for read in (lambda: list(iter_parquet(path)), lambda: list(iter_pictures(path)), lambda: ParquetRows([path])):
        with pytest.raises(DataError, match=r"x\.parquet has a column 'split' with 'test', 'train'; .*--split NAME"):
            read()
    assert list(iter_parquet(path, split="all")) == samples
    assert list(iter_parquet(path, split="train")) == [samples[0], samples[1], samples[4]]
    assert list(iter_pictures(path, split="test")) == [s._replace(label="") for s in samples[2:4]]
    with pytest.raises(DataError, match=r"has no rows of split 'tset'; it has 'test', 'train'"):
        list(iter_parquet(path, split="tset"))


def test_rows_without_a_name_are_called_by_their_number_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    columns = {"image": [b"a"] * 150, "label": ["a"] * 150, "split": ["train", "test", "train"] * 50}
    pq.write_table(pa.table(columns), path, row_group_size=100)
    for split, numbers in [("all", range(150)), ("test", range(1, 150, 3))]:
        names = [f"x.parquet#{number}" for number in numbers]
        rows = ParquetRows([path], split=split)
        assert [s.path for s in iter_parquet(path, split=split)] == names
        assert [s.path for group in range(2) for s in rows.read_group(group)] == names


def test_a_split_that_no_file_has_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "plain.parquet")
    write_split(tmp_path / "split.parquet", "re")
    plain, split = tmp_path / "plain.parquet", tmp_path / "split.parquet"
    assert splits_to_read([plain, split], "test") == [None, "test"]
    assert splits_to_read([plain], "all") == [None]
    for read in (lambda: list(iter_parquet(plain, split="test")), lambda: ParquetRows([plain], split="test")):
        with pytest.raises(DataError, match=r"no column 'split' in .*plain\.parquet.*leave --split out"):
            read()


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is not a whole Parquet file"), (b"PAR1 no PAR1", "is not a whole Parquet file"), (None, "does not exist")],
)
def test_files_that_are_not_parquet_are_one_sentence(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    if content is not None:
        path.write_bytes(content)
    for read in (lambda: list(iter_parquet(path)), lambda: ParquetRows([path])):
        with pytest.raises(DataError, match=message) as caught:
            read()
        assert str(caught.value).count(str(path)) == 1


def test_a_parquet_cut_in_half_or_damaged_inside_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    write(path, count=40)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match="is not a whole Parquet file"):
        list(iter_parquet(path))
    path.write_bytes(data[:10] + bytes(len(data) // 2) + data[10 + len(data) // 2 :])
    with pytest.raises(DataError, match=r"x\.parquet is not a whole Parquet file"):
        list(iter_parquet(path))


def test_a_folder_in_place_of_a_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a whole Parquet file") as caught:
        list(iter_parquet(tmp_path))
    assert str(caught.value).count(str(tmp_path)) == 1


def test_files_are_combined_in_order(tmp_path: Path) -> None:
    samples = write(tmp_path / "a.parquet", 3) + write(tmp_path / "b.parquet", 4, start=3)
    output = tmp_path / "all.parquet"
    assert parquet_to_parquet([tmp_path / "a.parquet", tmp_path / "b.parquet"], output) == 7
    assert list(iter_parquet(output)) == samples
    assert pq.read_metadata(output).num_row_groups == 1


def test_combining_takes_one_split_and_may_replace_its_own_input(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    samples = write_split(path, "rer")
    assert parquet_to_parquet([path], path, split="train") == 2
    assert list(iter_parquet(path)) == [samples[0], samples[2]]


def test_nothing_is_written_when_a_part_is_bad(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", 3)
    output = tmp_path / "all.parquet"
    old = write(output)
    pq.write_table(pa.table({"x": [1]}), tmp_path / "bad.parquet")
    with pytest.raises(DataError, match=r"bad\.parquet has no column 'label'; its columns are x \(int64\)"):
        parquet_to_parquet([tmp_path / "a.parquet", tmp_path / "bad.parquet"], output)
    assert list(iter_parquet(output)) == old
    assert sorted(os.listdir(tmp_path)) == ["a.parquet", "all.parquet", "bad.parquet"]


def test_reading_holds_few_pictures_of_a_big_row_group(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    noise = np.random.default_rng(0)
    with ParquetWriter(path) as writer:
        for _ in range(600):
            writer.write(Sample(noise.bytes(100_000), "a", "a.png", "s"))
    assert pq.read_metadata(path).num_row_groups == 1
    code = (
        "import sys, pyarrow\nfrom captcha_core.data.parquet import iter_parquet\n"
        "assert sum(len(s.image) for s in iter_parquet(sys.argv[1])) == 60_000_000\n"
        "print(pyarrow.default_memory_pool().max_memory())\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], cwd=ROOT, check=True, capture_output=True, text=True)
    assert int(done.stdout) < 30_000_000
