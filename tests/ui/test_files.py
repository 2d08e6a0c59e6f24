"""The input for sets takes uploads and nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import gradio as gr
import pytest
from gradio.data_classes import FileData, ListFiles

from captcha_core.errors import CaptchaLabError
from captcha_core.ui.files import MOST_FILES, files_input
from captcha_core.uploads import Upload


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_uploads_come_with_the_names_that_their_sender_gave(cache: Path) -> None:
    files = [FileData(path=str(cache / "a" / "x.png"), orig_name=name) for name in ("../1.png", "2.zip")]
    received = files_input("x").preprocess(ListFiles(root=files))
    assert isinstance(received, list)
    assert [(file.path.name, file.name) for file in received] == [("x.png", "1.png"), ("x.png", "2.zip")]


def test_one_file_alone_is_taken_too(cache: Path) -> None:
    one = files_input("x", file_count="single", file_types=[".parquet"])
    assert one.preprocess(FileData(path=str(cache / "x.parquet"))) == [Upload(cache / "x.parquet", "x.parquet")]
    refused = one.preprocess(FileData(path="/etc/secret.parquet"))
    assert isinstance(refused, CaptchaLabError) and "/etc" not in str(refused)
    config = one.get_config()
    assert (config["file_count"], config["file_types"]) == ("single", [".parquet"])
    assert one.get_block_class() == "file"


def test_nothing_is_nothing(cache: Path) -> None:
    assert files_input("x").preprocess(None) is None
    assert files_input("x").preprocess(ListFiles(root=[])) is None


@pytest.mark.parametrize("path", ["/etc/passwd", "app.py", "http://127.0.0.1/x.png", "{cache}/../x.png"])
def test_what_was_not_uploaded_is_refused(cache: Path, path: str) -> None:
    received = files_input("x").preprocess(ListFiles(root=[FileData(path=path.format(cache=cache))]))
    assert isinstance(received, CaptchaLabError) and "passwd" not in str(received)


def test_an_address_is_not_fetched(cache: Path) -> None:
    with pytest.raises(gr.Error, match="fetches nothing"):
        asyncio.run(files_input("x").async_move_resource_to_block_cache("http://127.0.0.1:1/x.png"))


def test_too_many_files_are_refused(cache: Path) -> None:
    file = FileData(path=str(cache / "x.png"))
    received = files_input("x").preprocess(ListFiles(root=[file] * (MOST_FILES + 1)))
    assert isinstance(received, CaptchaLabError) and "at most 2,000" in str(received)


def test_the_browser_is_told_what_the_input_takes(cache: Path) -> None:
    config = files_input("Pictures", height=150).get_config()
    assert (config["label"], config["file_count"], config["height"]) == ("Pictures", "multiple", 150)
