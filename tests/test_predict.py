from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import predict
from captcha_core import recognizer
from captcha_core.recognizer import Recognizer
from tests.helpers import (
    assert_plain,
    draw_picture,
    huge_png_header,
    opened_threads,
    png_bytes,
    read_csv,
    run_command,
    save_tiny_checkpoint,
    save_tiny_net,
    write_numbered_pictures,
)

ROOT = Path(__file__).resolve().parent.parent
GOOD = png_bytes(draw_picture("abc12"))
BAD_PICTURES = {
    "truncated.png": GOOD[: len(GOOD) // 2],
    "huge.png": huge_png_header(),
    "empty.png": b"",
    "text.png": b"this is text\n" * 20,
}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_checkpoint(tmp_path_factory.mktemp("model") / "tiny.safetensors")


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_net(tmp_path_factory.mktemp("net"))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_numbered_pictures(tmp_path / "pictures")


def test_lines_on_the_screen(checkpoint, pictures, capsys) -> None:
    assert run_command(predict.main, pictures, "--checkpoint", checkpoint) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [str(pictures / name) for name in ("1.png", "2.png", "10.png")]
    expected = Recognizer(checkpoint).read(pictures / "1.png")
    assert lines[0].split()[1:] == [expected.text, f"{expected.confidence:.1%}"]


@pytest.mark.parametrize(("words", "threads"), [([], None), (["--workers", "1"], 1)])
def test_a_command_by_itself_reads_with_all_cores(checkpoint, pictures, monkeypatch, words, threads) -> None:
    opened = opened_threads(monkeypatch)
    assert run_command(predict.main, pictures, "--checkpoint", checkpoint, *words) == 0
    assert opened == [threads]


@pytest.mark.parametrize("batch_size", [1, 2, 32])
def test_csv_has_a_row_per_picture_in_order(checkpoint, pictures, tmp_path, batch_size) -> None:
    (pictures / "3.png").write_bytes(BAD_PICTURES["truncated.png"])
    output = tmp_path / "out" / "x.csv"
    arguments = [pictures, pictures / "2.png", "--checkpoint", checkpoint, "--output", output]
    assert run_command(predict.main, *arguments, "--batch-size", batch_size) == 1
    rows = read_csv(output)
    assert list(rows[0]) == ["file", "prediction", "confidence", "char_confidences", "error"]
    assert [Path(row["file"]).name for row in rows] == ["1.png", "2.png", "3.png", "10.png", "2.png"]
    assert [bool(row["error"]) for row in rows] == [False, False, True, False, False]
    model = Recognizer(checkpoint)
    for row in rows:
        if row["error"]:
            assert row["prediction"] == row["confidence"] == row["char_confidences"] == ""
            assert_plain(row["error"], "3.png")
        else:
            expected = model.read(row["file"])
            assert row["prediction"] == expected.text
            assert float(row["confidence"]) == pytest.approx(expected.confidence, abs=1e-3)
            assert len(row["char_confidences"].split()) == len(expected.text)


def test_json_lines_and_parquet_say_the_same(checkpoint, pictures, tmp_path) -> None:
    (pictures / "3.png").write_bytes(b"")
    for name in ("x.jsonl", "x.parquet"):
        assert run_command(predict.main, pictures, "--checkpoint", checkpoint, "--output", tmp_path / name) == 1
    lines = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text(encoding="utf-8").splitlines()]
    assert pq.read_table(tmp_path / "x.parquet").to_pylist() == lines
    assert len(lines) == 4 and all(len(r["char_confidences"]) == len(r["prediction"]) for r in lines if not r["error"])
    assert [r["prediction"] for r in lines if r["error"]] == [None]


def test_parquet_rows_with_a_bad_one(checkpoint, tmp_path) -> None:
    part, output = tmp_path / "part.parquet", tmp_path / "x.csv"
    images = pa.array([GOOD, b"text", None, GOOD])
    pq.write_table(pa.table({"image": images, "label": pa.array(["a", "b", "c", "d"])}), part)
    assert run_command(predict.main, part, "--checkpoint", checkpoint, "--output", output) == 1
    rows = read_csv(output)
    assert [row["file"] for row in rows] == [f"{part}#{i}" for i in range(4)]
    assert [bool(row["error"]) for row in rows] == [False, True, True, False]
    assert_plain(rows[1]["error"], "part.parquet#1")


@pytest.mark.parametrize("name", [*BAD_PICTURES, "missing.png"])
def test_one_bad_picture_is_one_plain_sentence_and_exit_code_2(checkpoint, tmp_path, capsys, name) -> None:
    if name in BAD_PICTURES:
        (tmp_path / name).write_bytes(BAD_PICTURES[name])
    assert run_command(predict.main, tmp_path / name, "--checkpoint", checkpoint) == 2
    printed = capsys.readouterr()
    assert_plain(printed.out + printed.err, name)
    assert len(printed.out.splitlines()) == 1


@pytest.mark.parametrize("name", [*BAD_PICTURES, "missing.png", "columns.parquet", "cut.parquet"])
def test_when_nothing_can_be_read_the_output_stays_as_it_was(checkpoint, tmp_path, capsys, name) -> None:
    bad, output = tmp_path / name, tmp_path / "x.csv"
    output.write_text("before")
    if name in BAD_PICTURES:
        bad.write_bytes(BAD_PICTURES[name])
    elif name.endswith(".parquet"):
        pq.write_table(pa.table({"text": pa.array(["a"])}), bad)
        bad.write_bytes(bad.read_bytes()[: None if name == "columns.parquet" else 40])
    assert run_command(predict.main, bad, "--checkpoint", checkpoint, "--output", output) == 2
    error = capsys.readouterr().err.rpartition("error: ")[2]
    assert_plain(error, name, "x.csv is not written")
    assert output.read_text() == "before"
    assert not list(tmp_path.glob(".*"))


def test_a_good_picture_among_bad_ones_is_read(checkpoint, pictures, tmp_path, capsys) -> None:
    bad = []
    for name, content in BAD_PICTURES.items():
        bad.append(tmp_path / name)
        bad[-1].write_bytes(content)
    assert run_command(predict.main, *bad, pictures / "1.png", "--checkpoint", checkpoint) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(bad) + 1
    assert all("error: " in line for line in lines[:-1]) and lines[-1].startswith(str(pictures / "1.png"))


@pytest.mark.parametrize("kind", ["cut", "missing", "text", "empty"])
def test_a_bad_checkpoint_is_one_plain_sentence(checkpoint, pictures, tmp_path, capsys, kind) -> None:
    path, output = tmp_path / "model.safetensors", tmp_path / "x.csv"
    content = {"cut": checkpoint.read_bytes()[: checkpoint.stat().st_size // 2], "text": b"hello " * 50, "empty": b""}
    if kind in content:
        path.write_bytes(content[kind])
    output.write_text("before")
    assert run_command(predict.main, pictures, "--checkpoint", path, "--output", output) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.startswith("error: ") and len(printed.err.splitlines()) == 1
    assert_plain(printed.err, "model.safetensors")
    assert output.read_text() == "before"


def test_no_checkpoint_at_all_says_what_to_run(pictures, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(recognizer, "DEFAULT_MODELS", tmp_path)
    assert run_command(predict.main, pictures) == 2
    assert_plain(capsys.readouterr().err, "train.py")


def test_the_default_checkpoint_is_the_latest(checkpoint, pictures, capsys, monkeypatch) -> None:
    monkeypatch.setattr(recognizer, "DEFAULT_MODELS", checkpoint.parent)
    assert run_command(predict.main, pictures) == 0


def test_an_unknown_output_is_refused_before_any_work(pictures, tmp_path, capsys) -> None:
    output = tmp_path / "x.xlsx"
    assert run_command(predict.main, pictures, "--checkpoint", tmp_path / "gone", "--output", output) == 2
    assert_plain(capsys.readouterr().err, "x.xlsx", ".csv, .jsonl, .parquet")
    assert not output.exists()


def test_an_output_that_is_an_input_is_refused(checkpoint, tmp_path, capsys) -> None:
    part = tmp_path / "part.parquet"
    pq.write_table(pa.table({"image": pa.array([GOOD])}), part)
    before = part.read_bytes()
    assert run_command(predict.main, part, "--checkpoint", checkpoint, "--output", tmp_path / "." / "part.parquet") == 2
    assert_plain(capsys.readouterr().err, "part.parquet", "name another file")
    assert part.read_bytes() == before


@pytest.mark.parametrize(("limit", "read"), [(1, 1), (2, 2), (3, 3), (99, 3)])
def test_a_limit_reads_only_the_first_pictures(checkpoint, pictures, capsys, limit, read) -> None:
    assert run_command(predict.main, pictures, "--checkpoint", checkpoint, "--limit", limit) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [Path(line.split()[0]).name for line in lines] == ["1.png", "2.png", "10.png"][:read]


def test_a_limit_opens_no_picture_beyond_it(checkpoint, pictures, tmp_path) -> None:
    (pictures / "3.png").write_bytes(b"")
    output = tmp_path / "x.csv"
    arguments = [pictures, "--checkpoint", checkpoint, "--output", output]
    assert run_command(predict.main, *arguments, "--limit", 2) == 0
    assert run_command(predict.main, *arguments, "--limit", 3) == 1
    assert len(read_csv(output)) == 3


@pytest.mark.parametrize("flag", ["--batch-size", "--limit"])
@pytest.mark.parametrize("number", ["0", "-1"])
def test_a_number_of_pictures_below_one_is_refused(pictures, capsys, flag, number) -> None:
    assert run_command(predict.main, pictures, flag, number) == 2
    assert_plain(capsys.readouterr().err, f"{flag} {number}")


@pytest.mark.parametrize(
    ("name", "flags"),
    [("tiny.onnx", []), ("tiny.onnx", ["--backend", "onnx"]), ("tiny.safetensors", ["--backend", "onnx"])],
)
def test_with_onnx_the_output_is_the_same(net, pictures, capsys, name, flags) -> None:
    (pictures / "3.png").write_bytes(BAD_PICTURES["truncated.png"])
    assert run_command(predict.main, pictures, "--checkpoint", net) == 1
    expected = capsys.readouterr().out
    assert run_command(predict.main, pictures, "--checkpoint", net.with_name(name), *flags) == 1
    assert capsys.readouterr().out == expected


def test_a_backend_that_cannot_read_the_file_is_one_plain_sentence(net, checkpoint, pictures, capsys) -> None:
    cases = ((net.with_suffix(".onnx"), "torch", "exported from"), (checkpoint, "onnx", f"export.py {checkpoint}"))
    for path, backend, named in cases:
        assert run_command(predict.main, pictures, "--checkpoint", path, "--backend", backend) == 2
        printed = capsys.readouterr()
        assert printed.out == "" and len(printed.err.splitlines()) == 1
        assert_plain(printed.err, path.with_suffix(".onnx").name, named)


def test_without_onnxruntime_it_says_what_to_install(net, pictures, capsys, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert run_command(predict.main, pictures, "--checkpoint", net.with_suffix(".onnx")) == 2
    printed = capsys.readouterr()
    assert len(printed.err.splitlines()) == 1
    assert_plain(printed.err, "tiny.onnx", "pip install onnxruntime==1.31.1")


def test_as_a_program(checkpoint, pictures, tmp_path) -> None:
    (tmp_path / "cut.png").write_bytes(BAD_PICTURES["truncated.png"])
    done = subprocess.run(
        [sys.executable, "predict.py", pictures / "1.png", tmp_path / "cut.png", "--checkpoint", checkpoint],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    assert_plain(done.stdout + done.stderr, "1.png", "cut.png")
    assert done.stderr == "" and len(done.stdout.splitlines()) == 2
