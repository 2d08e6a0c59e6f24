from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_core.errors import CaptchaLabError
from captcha_core.tables import check_table_path, csv_cell, open_table

COLUMNS = {"file": str, "times": int, "confidence": float, "values": tuple}
ROWS = [("=1+1", 3, 0.25, (0.5, 1.0)), ('a,"b"\nü\'', 0, 1.0, ()), ("none", None, None, None)]


def write_rows(path: Path, rows: list[tuple]) -> None:
    with open_table(path, COLUMNS) as write:
        for row in rows:
            write(row)


def test_csv(tmp_path: Path) -> None:
    write_rows(tmp_path / "x.csv", ROWS)
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as handle:
        header, *rows = csv.reader(handle)
    assert header == list(COLUMNS)
    assert rows == [
        ["'=1+1", "3", "0.250000", "0.500000 1.000000"],
        ['a,"b"\nü\'', "0", "1.000000", ""],
        ["none", "", "", ""],
    ]


def test_json_lines(tmp_path: Path) -> None:
    write_rows(tmp_path / "x.JSONL", ROWS)
    lines = (tmp_path / "x.JSONL").read_text(encoding="utf-8").splitlines()
    assert [tuple(json.loads(line).values()) for line in lines] == [
        ("=1+1", 3, 0.25, [0.5, 1.0]),
        ('a,"b"\nü\'', 0, 1.0, []),
        ("none", None, None, None),
    ]
    assert list(json.loads(lines[0])) == list(COLUMNS)


def test_parquet_in_row_groups(tmp_path: Path) -> None:
    write_rows(tmp_path / "x.parquet", [("f", i, 0.5, (0.1,) * (i % 3)) for i in range(2500)] + ROWS)
    with pq.ParquetFile(tmp_path / "x.parquet") as file:
        assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [1000, 1000, 503]
        rows = file.read().to_pylist()
    assert rows[1001] == {"file": "f", "times": 1001, "confidence": 0.5, "values": [0.1, 0.1]}
    assert rows[-1] == {"file": "none", "times": None, "confidence": None, "values": None}


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.parquet"])
def test_a_table_without_rows_has_its_columns(tmp_path: Path, name: str) -> None:
    write_rows(tmp_path / name, [])
    if name == "x.csv":
        assert (tmp_path / name).read_text() == "file,times,confidence,values\n"
    elif name == "x.parquet":
        assert pq.read_schema(tmp_path / name).names == list(COLUMNS)
    else:
        assert (tmp_path / name).read_text() == ""


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.parquet"])
def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("before")
    with pytest.raises(RuntimeError), open_table(tmp_path / name, COLUMNS) as write:
        write(ROWS[0])
        raise RuntimeError
    assert (tmp_path / name).read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["x.xlsx", "x", ".csv", "csv"])
def test_an_unknown_ending_names_the_known_ones(tmp_path: Path, name: str) -> None:
    for refuse in (check_table_path, lambda path: open_table(path, COLUMNS).__enter__()):
        with pytest.raises(CaptchaLabError, match=r"\.csv, \.jsonl, \.parquet"):
            refuse(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@given(st.text("=+-@\t\r\n'a1", max_size=5))
def test_no_cell_is_a_formula_and_the_text_comes_back(text: str) -> None:
    cell = csv_cell(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell.removeprefix("'") == text
