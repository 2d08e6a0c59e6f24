from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import evaluate
from captcha_core.alphabet import NAMED_ALPHABETS
from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import Sample
from captcha_core.evaluation.report import REPORT_FILES
from captcha_core.evaluation.view import VIEW_LIMITS
from captcha_core.recognizer import Recognizer
from tests.helpers import (
    assert_plain,
    draw_picture,
    huge_png_header,
    opened_threads,
    png_bytes,
    run_command,
    save_tiny_checkpoint,
)

GOOD = png_bytes(draw_picture("abc12"))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    return save_tiny_checkpoint(path, alphabet=NAMED_ALPHABETS["lower"])


@pytest.fixture
def data(checkpoint: Path, tmp_path: Path) -> Path:
    """Four rows: one read right, one right but for the label's case, one wrong, one that cannot be opened."""
    text = Recognizer(checkpoint).read(GOOD).text
    path = tmp_path / "data.parquet"
    with ParquetWriter(path) as writer:
        writer.write(Sample(GOOD, text, "right.png", "test"))
        writer.write(Sample(GOOD, text.upper(), "case.png", "test"))
        writer.write(Sample(GOOD, text[:-1] + "#", "wrong.png", "test"))
        writer.write(Sample(GOOD[:200], text, "cut.png", "test"))
    return path


def test_figures_tables_json_and_report(checkpoint, data, tmp_path, capsys) -> None:
    result, report = tmp_path / "out" / "result.json", tmp_path / "report"
    arguments = [data, "--checkpoint", checkpoint, "--json", result, "--report", report, "--batch-size", 3]
    assert run_command(evaluate.main, *arguments) == 0
    figures = json.loads(result.read_text(encoding="utf-8"))
    assert (figures["n"], figures["unreadable"]) == (4, 1)
    assert (figures["exact_match"], figures["exact_match_folded"]) == (0.25, 0.5)
    assert 0 < figures["char_accuracy"] < 1 and figures["cer"] > 0 and 0 <= figures["ece"] <= 1
    assert figures["images_per_second"] > 0
    assert 0 < figures["aurc"] < 1 and 0 <= figures["coverage_at_99"] < 1
    assert figures["model_id"].startswith("tiny@") and figures["data"] == [str(data)]
    assert {path.name for path in report.iterdir()} == set(REPORT_FILES)
    printed = capsys.readouterr()
    for shown in (
        "exact_match         25.00%",
        "coverage_at_99 ",
        "1 could not be opened",
        "Samples (4 of 4",
        "Worst pictures",
        "wrong.png",
        "cut.png",
    ):
        assert shown in printed.out
    assert "2 of 4 labels" in printed.out and "differ only in case" in printed.out
    assert "reading" in printed.err, "the progress bar"


def test_a_folder_named_by_label(checkpoint, tmp_path, capsys) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / f"{Recognizer(checkpoint).read(GOOD).text}.png").write_bytes(GOOD)
    assert run_command(evaluate.main, folder, "--checkpoint", checkpoint) == 0
    assert "exact_match         100.00%" in capsys.readouterr().out


def test_columns_and_split_by_name(checkpoint, tmp_path, capsys) -> None:
    path = tmp_path / "data.parquet"
    columns = {"picture": pa.array([GOOD] * 3), "text": pa.array(["a", "b", "c"])}
    pq.write_table(pa.table(columns | {"split": pa.array(["train", "test", "test"])}), path)
    named = [path, "--checkpoint", checkpoint, "--image-column", "picture", "--label-column", "text"]
    assert run_command(evaluate.main, *named) == 2
    assert_plain(capsys.readouterr().err, "data.parquet", "--split")
    assert run_command(evaluate.main, *named, "--split", "test") == 0
    assert "n                   2\n" in capsys.readouterr().out


@pytest.mark.parametrize(("words", "threads"), [([], None), (["--workers", "1"], 1)])
def test_a_command_by_itself_reads_with_all_cores(checkpoint, data, monkeypatch, words, threads) -> None:
    opened = opened_threads(monkeypatch)
    assert run_command(evaluate.main, data, "--checkpoint", checkpoint, *words) == 0
    assert opened == [threads]


@pytest.mark.parametrize(
    "content", [b"", GOOD[:200], huge_png_header(), b"text " * 50], ids=["empty", "cut", "huge", "text"]
)
def test_a_picture_alone_that_cannot_be_opened(checkpoint, tmp_path, capsys, content) -> None:
    (tmp_path / "abc.png").write_bytes(content)
    result = tmp_path / "result.json"
    result.write_text("before")
    assert run_command(evaluate.main, tmp_path / "abc.png", "--checkpoint", checkpoint, "--json", result) == 2
    assert_plain(capsys.readouterr().err, "error: ", "abc.png")
    assert result.read_text() == "before"


@pytest.mark.parametrize("kind", ["missing", "columns", "cut", "text"])
def test_data_that_is_none_is_one_plain_sentence(checkpoint, tmp_path, capsys, kind) -> None:
    path, result = tmp_path / "data.parquet", tmp_path / "result.json"
    result.write_text("before")
    if kind != "missing":
        pq.write_table(pa.table({"text": pa.array(["a"] * 100)}), path)
        whole = path.read_bytes()
        path.write_bytes({"columns": whole, "cut": whole[: len(whole) // 2], "text": b"hello"}[kind])
    assert run_command(evaluate.main, path, "--checkpoint", checkpoint, "--json", result) == 2
    error = capsys.readouterr().err.rpartition("error: ")[2]
    assert_plain(error, "data.parquet")
    assert len(error.splitlines()) == 1
    assert result.read_text() == "before"


@pytest.mark.parametrize("kind", ["missing", "cut"])
def test_a_checkpoint_that_is_none_is_one_plain_sentence(checkpoint, data, tmp_path, capsys, kind) -> None:
    path = tmp_path / "model.safetensors"
    if kind == "cut":
        path.write_bytes(checkpoint.read_bytes()[:1_000_000])
    assert run_command(evaluate.main, data, "--checkpoint", path) == 2
    error = capsys.readouterr().err
    assert_plain(error, "error: ", "model.safetensors")
    assert len(error.splitlines()) == 1


def test_a_batch_size_of_nothing_is_refused(data, capsys) -> None:
    assert run_command(evaluate.main, data, "--batch-size", "0") == 2
    assert_plain(capsys.readouterr().err, "--batch-size 0")


def test_figures_do_not_replace_the_data(data, capsys) -> None:
    before = data.read_bytes()
    assert run_command(evaluate.main, data, "--json", data) == 2
    assert_plain(capsys.readouterr().err, "--json", data.name)
    assert data.read_bytes() == before


def test_a_page_shows_each_picture_with_the_attempt(checkpoint, data, tmp_path, capsys) -> None:
    page = tmp_path / "new" / "view.html"
    assert run_command(evaluate.main, data, "--checkpoint", checkpoint, "--view", page) == 0
    text = page.read_text(encoding="utf-8")
    assert all(f">{name}.png</p>" in text for name in ("right", "case", "wrong", "cut"))
    assert all(words in text for words in ("Wrong: 2", "Not opened: 1", "Right: 1", "✗</span> wrong case"))
    assert "tiny@" in text and data.name in text and "differ only in case" in text
    printed = capsys.readouterr()
    assert f"Written: {page}" in printed.out and "showing" in printed.err


def test_a_contact_sheet_and_a_report(checkpoint, data, tmp_path, capsys) -> None:
    sheet, report = tmp_path / "view.PNG", tmp_path / "report"
    assert run_command(evaluate.main, data, "--checkpoint", checkpoint, "--view", sheet, "--report", report) == 0
    with Image.open(sheet) as picture:
        assert picture.format == "PNG" and picture.width > 1000
    printed = capsys.readouterr().out
    assert all(str(path) in printed for path in (sheet, *(report / name for name in REPORT_FILES)))


def test_the_view_follows_the_chosen_columns_and_split(checkpoint, tmp_path) -> None:
    path, page = tmp_path / "data.parquet", tmp_path / "view.html"
    columns = {"picture": pa.array([GOOD] * 3), "text": pa.array(["a", "b", "c"])}
    pq.write_table(pa.table(columns | {"split": pa.array(["train", "test", "test"])}), path)
    named = ["--image-column", "picture", "--label-column", "text", "--split", "test", "--view", page]
    assert run_command(evaluate.main, path, "--checkpoint", checkpoint, *named) == 0
    assert page.read_text(encoding="utf-8").count("<img") == 2


@pytest.mark.parametrize("name", ["view.pdf", "view", "view.html.gz"])
def test_a_view_of_no_known_kind_is_refused_before_the_model_is_loaded(data, tmp_path, capsys, name) -> None:
    missing = tmp_path / "missing.safetensors"
    assert run_command(evaluate.main, data, "--checkpoint", missing, "--view", tmp_path / name) == 2
    error = capsys.readouterr().err
    assert_plain(error, "--view", name, ".html", ".png")
    assert len(error.splitlines()) == 1


def test_a_view_never_replaces_a_picture_nor_lies_among_them(checkpoint, tmp_path, capsys) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "abc.png").write_bytes(GOOD)
    for where, view in ((folder / "abc.png", folder / "abc.png"), (folder, folder / "abc.png")):
        assert run_command(evaluate.main, where, "--checkpoint", checkpoint, "--view", view) == 2
        assert_plain(capsys.readouterr().err, "--view", "abc.png", "name another place")
    assert run_command(evaluate.main, folder, "--checkpoint", checkpoint, "--report", folder) == 2
    assert_plain(capsys.readouterr().err, "--report", "pictures")
    assert [path.read_bytes() for path in folder.iterdir()] == [GOOD]


def test_help_says_how_many_pictures_are_shown(capsys) -> None:
    with pytest.raises(SystemExit):
        evaluate.main(["--help"])
    text = capsys.readouterr().out
    assert all(f"(at most {limit}" in text for limit in VIEW_LIMITS.values())
