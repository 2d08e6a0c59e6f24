"""make_dataset.py, from its arguments to its files and exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import make_dataset
from captcha_core.data.parquet import ParquetWriter, iter_parquet
from captcha_core.data.schema import SCHEMA, SPLIT_SCHEMA
from captcha_core.data.split import split_of
from captcha_core.errors import DataError
from captcha_core.imaging import load_image
from tests.data.samples import encoded, picture, png, png_header, sample, write_files

ROOT = Path(__file__).resolve().parent.parent


def parquet(path: Path, *seeds: int, split: str | None = None) -> Path:
    with ParquetWriter(path, schema=SCHEMA if split is None else SPLIT_SCHEMA) as writer:
        for seed in seeds:
            writer.write(sample(seed), split)
    return path


def run(*arguments: object) -> None:
    assert make_dataset.main([str(argument) for argument in arguments]) == 0


def command(*arguments: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(ROOT / "make_dataset.py"), *map(str, arguments)]
    return subprocess.run(line, cwd=cwd, capture_output=True, text=True)


def test_any_mix_becomes_one_parquet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_files(tmp_path / "folder", "ab.png")
    (folder / "map.csv").write_text("file,label\nab.png,ab\n")
    mapped = write_files(tmp_path / "mapped", "x.png", "y.png")
    (mapped / "labels.csv").write_text("file,label\ny.png,0012\n")
    output = tmp_path / "all.parquet"
    run(parquet(tmp_path / "a.parquet", 7, 8), folder, folder / "map.csv", mapped, "--output", output)
    rows = list(iter_parquet(output))
    assert [(row.label, row.source) for row in rows] == [
        ("0007", "noise"),
        ("0008", "noise"),
        ("ab", "folder"),
        ("0012", "mapped"),
    ]
    assert [row.image for row in rows] == [png(7), png(8), png(0), png(1)]
    printed = capsys.readouterr()
    assert printed.out == f"wrote {output}: 4 rows; left out 1 duplicates, 0 conflicts, 0 unreadable\n"
    assert printed.err.splitlines() == [
        "1 duplicates (an earlier picture again, with the same label):",
        "  ab.png (label 'ab')",
    ]


def test_what_is_left_out_is_counted_and_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_files(tmp_path / "folder", "a.png", "b.png")
    (folder / "again.png").write_bytes(encoded(picture(0), "BMP"))
    (folder / "c.png").write_bytes(png(0)[:200])
    (folder / "d.png").write_bytes(b"text")
    (folder / "e.png").write_bytes(b"")
    (folder / "f.png").write_bytes(png_header(60_000, 60_000))
    table = "file,label\na.png,a\nagain.png,a\nb.png,b\nagain.png,x\nc.png,c\nd.png,d\ne.png,e\nf.png,f\ngone.png,g\n"
    (folder / "labels.csv").write_text(table)
    run(folder, "--output", tmp_path / "all.parquet")
    printed = capsys.readouterr()
    assert ": 2 rows; left out 1 duplicates, 1 conflicts, 5 unreadable" in printed.out
    lines = printed.err.splitlines()
    assert lines[:3] == [
        "1 duplicates (an earlier picture again, with the same label):",
        "  again.png (label 'a')",
        "5 unreadable rows:",
    ]
    for text in ("c.png is truncated", "d.png is not a readable image", "e.png is empty", "f.png is far larger"):
        assert sum(text in line for line in lines) == 1
    assert "line 10: gone.png does not exist" in printed.err
    assert lines[-2:] == [
        "1 conflicts (one picture, two labels; the first is kept):",
        "  again.png is labelled 'x', the same picture before it 'a'",
    ]


def test_long_lists_are_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = [png(1)] + [b"text"] * 30
    pq.write_table(pa.table({"image": images, "label": ["a"] * 31}), tmp_path / "x.parquet")
    run(tmp_path / "x.parquet", "--output", tmp_path / "all.parquet")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 22
    assert lines[-1] == "  ... and 10 more"


def test_duplicates_never_straddle_train_and_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / "first.parquet", tmp_path / "second.parquet"
    pq.write_table(
        pa.table({"image": [encoded(picture(i), "BMP") for i in range(20, 60)], "label": ["a"] * 40}),
        tmp_path / "others.parquet",
    )
    run(parquet(tmp_path / "x.parquet", *range(40)), "--split", "0.5", "--output", first)
    run(tmp_path / "others.parquet", "--split", "0.5", "--output", second)
    sides: dict[bytes, set[str]] = defaultdict(set)
    for path in (first, second):
        for side in ("train", "test"):
            for row in iter_parquet(path, split=side):
                assert split_of(row.image, 0.5) == side
                sides[load_image(row.image).tobytes()].add(side)
    assert len(sides) == 60
    assert all(len(found) == 1 for found in sides.values())
    assert pq.read_schema(first).names == ["image", "label", "source", "split"]
    train = len(list(iter_parquet(first, split="train")))
    assert f"40 rows (train {train}, test {40 - train});" in capsys.readouterr().out


def test_a_split_of_the_input_is_chosen_by_its_own_option(tmp_path: Path) -> None:
    path = parquet(tmp_path / "x.parquet", 1, 2, split="train")
    with pytest.raises(DataError, match=r"column 'split' with 'train'.*make_dataset\.py: --from-split"):
        run(path, "--split", "0.9", "--output", tmp_path / "all.parquet")
    run(path, "--from-split", "train", "--output", tmp_path / "all.parquet")
    assert pq.read_schema(tmp_path / "all.parquet").names == ["image", "label", "source"]


def test_other_columns_and_patterns_can_be_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"png": [png(5)], "text": ["p"]}), tmp_path / "x.parquet")
    folder = write_files(tmp_path / "folder", "1_2.png")
    arguments = ["--label-column", "text", "--image-column", "png", "--pattern", "(?P<label>.)_."]
    run(tmp_path / "x.parquet", folder, *arguments, "--output", tmp_path / "all.parquet")
    assert [row.label for row in iter_parquet(tmp_path / "all.parquet")] == ["p", "1"]


def test_an_input_may_be_replaced_by_the_output(tmp_path: Path) -> None:
    path = parquet(tmp_path / "x.parquet", 1, 1, 2)
    run(path, "--output", path)
    assert [row.label for row in iter_parquet(path)] == ["0001", "0002"]


def test_hugging_face_opens_the_pictures_and_both_splits_are_named(tmp_path: Path) -> None:
    output = tmp_path / "all.parquet"
    run(parquet(tmp_path / "x.parquet", 1), "--split", "0.9", "--output", output)
    features = json.loads(pq.read_schema(output).metadata[b"huggingface"])["info"]["features"]
    assert features["image"] == {"_type": "Image"}
    assert list(features) == ["image", "label", "source", "split"]


def bad_inputs(folder: Path) -> dict[str, tuple[list[object], str]]:
    """Return, for every kind of bad input, the arguments and a piece of the sentence to expect."""
    pq.write_table(pa.table({"x": [1]}), folder / "columns.parquet")
    pq.write_table(pa.table({"image": [png(1)], "label": [12]}), folder / "numbers.parquet")
    half = parquet(folder / "half.parquet", *range(9)).read_bytes()
    (folder / "half.parquet").write_bytes(half[: len(half) // 2])
    write_files(folder / "unreadable")
    (folder / "unreadable" / "a.png").write_bytes(b"text")
    (folder / "empty.csv").write_text("")
    (folder / "nothing").mkdir()
    good = parquet(folder / "good.parquet", 1)
    inputs = {
        "columns.parquet": "has no column 'label'; its columns are x (int64)",
        "numbers.parquet": "leading zeros are lost",
        "half.parquet": "is not a whole Parquet file",
        "gone.parquet": "does not exist; check the path",
        "unreadable": "No row could be read from",
        "empty.csv": "has no column 'file'",
        "nothing": "holds no pictures",
    }
    return {name: ([good, folder / name] if name != "unreadable" else [folder / name], t) for name, t in inputs.items()}


def test_bad_input_is_one_sentence_and_overwrites_nothing(tmp_path: Path) -> None:
    output = parquet(tmp_path / "out" / "all.parquet", 42)
    before = output.read_bytes()
    for name, (arguments, sentence) in bad_inputs(tmp_path).items():
        with pytest.raises(DataError) as caught:
            run(*arguments, "--output", output)
        assert name in str(caught.value)
        assert sentence in str(caught.value)
        assert "\n" not in str(caught.value)
        assert output.read_bytes() == before, name
        assert os.listdir(output.parent) == ["all.parquet"], name


def test_the_command_exits_with_2_and_one_line_without_a_trace(tmp_path: Path) -> None:
    done = command(tmp_path / "gone.parquet", "--output", tmp_path / "all.parquet")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {tmp_path / 'gone.parquet'} does not exist; check the path.\n"


def test_the_command_exits_with_0(tmp_path: Path) -> None:
    write_files(tmp_path / "pictures", "ab.png", "cd.png")
    done = command("pictures", "--output", "all.parquet", "--split", "0.9", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("wrote all.parquet: 2 rows (train ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--split", "0"], "0 is not between 0 and 1; 0.9 puts nine of ten pictures in train"),
        (["--split", "train"], "train is not between 0 and 1"),
        (["--output"], "expected one argument"),
    ],
)
def test_wrong_arguments_exit_with_2(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        make_dataset.main(["x.parquet", "--output", "all.parquet", *arguments])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_the_output_must_be_named_parquet(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"all\.csv is Parquet; give it a name that ends in \.parquet"):
        run(parquet(tmp_path / "x.parquet", 1), "--output", tmp_path / "all.csv")
