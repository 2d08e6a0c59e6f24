"""A Parquet file is written again with its rows as they are and new ones after them."""

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

from captcha_core.data.parquet import ParquetWriter, iter_parquet
from captcha_core.data.schema import SCHEMA, SPLIT_SCHEMA, Sample
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.generator import parquet_extension
from captcha_core.generator.parquet_extension import ParquetExtension
from tests.data.samples import png, sample, write, write_split
from tests.helpers import assert_plain

ROOT = Path(__file__).resolve().parent.parent.parent


def extend(path: Path, *seeds: int) -> None:
    with ParquetExtension(path) as writer:
        for seed in seeds:
            writer.write(sample(seed))


def test_old_rows_come_first_and_new_ones_after(tmp_path: Path) -> None:
    old = write(tmp_path / "x.parquet", count=5)
    extend(tmp_path / "x.parquet", 7, 8)
    assert list(iter_parquet(tmp_path / "x.parquet")) == [*old, sample(7), sample(8)]
    assert os.listdir(tmp_path) == ["x.parquet"]


def test_the_file_is_the_one_that_is_written_at_once(tmp_path: Path) -> None:
    write(tmp_path / "once.parquet", count=70, row_group_size=1000)
    write(tmp_path / "twice.parquet", count=67, row_group_size=1000)
    extend(tmp_path / "twice.parquet", 67, 68, 69)
    assert (tmp_path / "twice.parquet").read_bytes() == (tmp_path / "once.parquet").read_bytes()


def test_new_rows_of_a_split_file_are_for_learning(tmp_path: Path) -> None:
    write_split(tmp_path / "x.parquet", "rer")
    old = pq.read_table(tmp_path / "x.parquet")
    extend(tmp_path / "x.parquet", 7)
    new = pq.read_table(tmp_path / "x.parquet")
    assert new.schema.equals(SPLIT_SCHEMA, check_metadata=True)
    assert new.slice(0, 3).equals(old)
    assert new.column("split").to_pylist() == ["train", "test", "train", "train"]


@pytest.mark.parametrize(
    ("image", "label"),
    [
        (pa.array([png(0)], pa.large_binary()), pa.array(["0000"], pa.large_string())),
        (pa.array([png(0)], pa.binary()), pa.array(["0000"]).dictionary_encode()),
        (pa.array([{"bytes": png(0)}], pa.struct([("bytes", pa.binary())])), pa.array([None], pa.string())),
    ],
)
def test_columns_of_others_keep_their_types_and_values(image: pa.Array, label: pa.Array, tmp_path: Path) -> None:
    columns: dict[str, Any] = {"label": label, "difficulty": pa.array([3], pa.int32()), "picture": image}
    old = pa.table(columns).replace_schema_metadata({"made by": "somebody"})
    pq.write_table(old, tmp_path / "x.parquet")
    extend(tmp_path / "x.parquet", *range(1, 100))
    new = pq.read_table(tmp_path / "x.parquet")
    assert new.schema.equals(old.schema, check_metadata=True)
    assert new.slice(0, 1).to_pylist() == old.to_pylist()
    assert new.column("difficulty").to_pylist() == [3] + [None] * 99
    assert new.column("label").to_pylist()[1:] == [f"{seed:04d}" for seed in range(1, 100)]


def test_row_groups_stay_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "x.parquet", count=30, row_group_size=30)
    monkeypatch.setattr(parquet_extension, "_GROUP_ROWS", 12)
    extend(tmp_path / "x.parquet", *range(30, 37))
    with pq.ParquetFile(tmp_path / "x.parquet") as file:
        assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [12, 12, 12, 1]
    assert [row.label for row in iter_parquet(tmp_path / "x.parquet")] == [f"{i:04d}" for i in range(37)]


def test_memory_does_not_grow_with_the_pictures(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    noise = np.random.default_rng(0)
    with ParquetWriter(path, row_group_size=50) as writer:
        for number in range(600):
            writer.write(Sample(noise.bytes(100_000), "a", f"{number}.png", "s"))
    code = (
        "import sys, pyarrow\n"
        "from captcha_core.data.schema import Sample\n"
        "from captcha_core.generator import parquet_extension\n"
        "parquet_extension.GROUP_BYTES = 5_000_000\n"
        "with parquet_extension.ParquetExtension(sys.argv[1]) as writer:\n"
        "    writer.write(Sample(b'x', 'a', 'a.png', 's'))\n"
        "print(pyarrow.default_memory_pool().max_memory())\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], cwd=ROOT, check=True, capture_output=True, text=True)
    assert path.stat().st_size > 60_000_000
    assert int(done.stdout) < 40_000_000


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError])
def test_an_interrupted_block_leaves_the_old_file(stop: type[BaseException], tmp_path: Path) -> None:
    write(tmp_path / "x.parquet")
    before = (tmp_path / "x.parquet").read_bytes()
    with pytest.raises(stop), ParquetExtension(tmp_path / "x.parquet") as writer:
        writer.write(sample(9))
        raise stop
    assert (tmp_path / "x.parquet").read_bytes() == before
    assert os.listdir(tmp_path) == ["x.parquet"]


def test_a_full_disk_is_not_taken_for_a_broken_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "x.parquet")
    before = (tmp_path / "x.parquet").read_bytes()
    monkeypatch.setattr(parquet_extension, "_GROUP_ROWS", 2)

    class Full(pq.ParquetWriter):
        def write_table(self, *_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "ParquetWriter", Full)
    with pytest.raises(CaptchaLabError) as caught:
        extend(tmp_path / "x.parquet", 9)
    assert_plain(str(caught.value), f"Cannot write {tmp_path / 'x.parquet'}", "No space left")
    assert (tmp_path / "x.parquet").read_bytes() == before
    assert os.listdir(tmp_path) == ["x.parquet"]


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        (pa.schema([("image", pa.binary()), ("text", pa.string())]), "columns image, text"),
        (pa.schema([("label", pa.string())]), "columns label"),
        (pa.schema([("image", pa.binary()), ("label", pa.int64())]), "text column 'label'"),
        (pa.schema([*SCHEMA, pa.field("difficulty", pa.int8(), nullable=False)]), "difficulty"),
    ],
)
def test_a_file_that_cannot_take_a_picture_is_told(schema: pa.Schema, named: str, tmp_path: Path) -> None:
    pq.write_table(schema.empty_table(), tmp_path / "x.parquet")
    before = (tmp_path / "x.parquet").read_bytes()
    with pytest.raises(DataError) as caught:
        extend(tmp_path / "x.parquet", 1)
    assert_plain(str(caught.value), "x.parquet", named, "make_dataset.py")
    assert (tmp_path / "x.parquet").read_bytes() == before


def test_what_is_no_parquet_is_told_and_left(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"no Parquet")
    with pytest.raises(DataError, match="not a whole Parquet file"):
        extend(tmp_path / "x.parquet", 1)
    assert (tmp_path / "x.parquet").read_bytes() == b"no Parquet"
