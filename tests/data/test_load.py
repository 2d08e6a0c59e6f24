"""Every kind of input is one stream."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from captcha_core.data.load import load_data, load_rows
from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import SPLIT_SCHEMA
from captcha_core.errors import DataError, ImageError
from tests.data.samples import png, sample, write_files


def parquet(path: Path, *labels: str, split: str | None = None) -> Path:
    """Write one row per label, with a split column if a split is given."""
    schema = {} if split is None else {"schema": SPLIT_SCHEMA}
    with ParquetWriter(path, **schema) as writer:
        for seed, label in enumerate(labels):
            writer.write(sample(seed, label), split)
    return path


def test_any_mix_is_one_stream_in_order(tmp_path: Path) -> None:
    part = parquet(tmp_path / "x.parquet", "p1", "p2")
    folder = write_files(tmp_path / "folder", "f1.png", "f2_3.png")
    mapped = write_files(tmp_path / "mapped", "1.png")
    (mapped / "labels.csv").write_text("file,label\n1.png,0012\n")
    (tmp_path / "map.TSV").write_text("file\tlabel\nmapped/1.png\tt1\n")
    inputs: list[str | Path] = [part, str(folder), mapped, tmp_path / "map.TSV", folder / "f2_3.png"]
    assert [s.label for s in load_data(inputs)] == ["p1", "p2", "f1", "f2", "0012", "t1", "f2"]


def test_a_folder_of_parts_is_read_in_order(tmp_path: Path) -> None:
    parquet(tmp_path / "parts" / "b.parquet", "b")
    parquet(tmp_path / "parts" / "a.pq", "a")
    parquet(tmp_path / "parts" / ".hidden.parquet", "h")
    assert [s.label for s in load_data([tmp_path / "parts"])] == ["a", "b"]
    write_files(tmp_path / "parts", "picture.png")
    assert [s.label for s in load_data([tmp_path / "parts"])] == ["picture"]


def test_columns_and_patterns_reach_their_readers(tmp_path: Path) -> None:
    pq.write_table(pa.table({"png": [png(1)], "raw": [b""], "text": ["p"]}), tmp_path / "x.parquet")
    folder = write_files(tmp_path / "folder", "1-f.png")
    (tmp_path / "map.csv").write_text("png,text\nfolder/1-f.png,c\n")
    inputs = [tmp_path / "x.parquet", tmp_path / "map.csv", folder]
    rows = load_data(inputs, image_column="png", label_column="text", pattern=r"\d-(?P<label>.)")
    assert [s.label for s in rows] == ["p", "c", "f"]


def test_a_split_is_taken_from_files_that_have_one(tmp_path: Path) -> None:
    plain = parquet(tmp_path / "plain.parquet", "a")
    train = parquet(tmp_path / "train.parquet", "b", split="train")
    folder = write_files(tmp_path / "folder", "c.png")
    assert [s.label for s in load_data([plain, train, folder], split="train")] == ["a", "b", "c"]
    with pytest.raises(DataError, match=r"train\.parquet has a column 'split' with 'train'"):
        list(load_data([plain, train]))
    for inputs in ([plain, folder], [folder]):
        with pytest.raises(DataError, match="no column 'split' in"):
            list(load_data(inputs, split="train"))


def test_bad_rows_are_errors_in_their_place_or_raised(tmp_path: Path) -> None:
    part = parquet(tmp_path / "x.parquet", "a", "", "b")
    folder = write_files(tmp_path / "folder", "c.png")
    (folder / "d.png").write_bytes(b"")
    rows = list(load_rows([part, folder]))
    assert [type(row).__name__ for row in rows] == ["Sample", "DataError", "Sample", "Sample", "ImageError"]
    assert str(rows[1]) == f"1.png in {part} has no label."
    stream = load_data([part])
    assert next(stream).label == "a"
    with pytest.raises(DataError, match="has no label"):
        next(stream)
    with pytest.raises(ImageError, match=r"d\.png is empty"):
        list(load_data([folder]))


def test_all_inputs_are_looked_at_before_the_first_row(tmp_path: Path) -> None:
    part = parquet(tmp_path / "x.parquet", "a")
    with pytest.raises(DataError, match=r"gone\.csv does not exist; check the path"):
        next(load_data([part, tmp_path / "gone.csv"]))
    (tmp_path / "bad.parquet").write_bytes(b"text")
    with pytest.raises(DataError, match=r"bad\.parquet is not a whole Parquet file"):
        next(load_data([part, tmp_path / "bad.parquet"]))
    (tmp_path / "x.txt").write_bytes(b"")
    with pytest.raises(DataError, match=r"x\.txt is no kind of data that can be read; give Parquet"):
        next(load_data([part, tmp_path / "x.txt"]))
    (tmp_path / "x.zip").write_bytes(b"")
    with pytest.raises(DataError, match=r"x\.zip is an archive; unpack it and give the folder"):
        next(load_data([part, tmp_path / "x.zip"]))
    assert len(list(islice(load_data([part]), 1))) == 1
