"""Which models the page reads with."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from captcha_core import recognizer as recognizer_module
from captcha_core.errors import CheckpointError
from captcha_core.ui import catalogue as catalogue_module
from captcha_core.ui.catalogue import ModelCatalogue, open_catalogue
from tests.helpers import save_tiny_checkpoint


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder in the place of the shipped models."""
    folder = tmp_path / "saved_models"
    folder.mkdir()
    monkeypatch.setattr(recognizer_module, "DEFAULT_MODELS", folder)
    return folder


def test_a_named_checkpoint_comes_first_and_must_work(shipped: Path, tmp_path: Path) -> None:
    save_tiny_checkpoint(shipped / "some.safetensors")
    good = save_tiny_checkpoint(tmp_path / "good.safetensors")
    catalogue = open_catalogue(good)
    assert catalogue.names == ["good", "some"]
    assert catalogue[None].model_id.startswith("good@") and catalogue["some"].model_id.startswith("some@")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    with pytest.raises(CheckpointError, match="broken"):
        open_catalogue(broken)


def test_the_shipped_ones_are_listed_with_the_latest_first_and_damaged_ones_left_out(shipped: Path) -> None:
    save_tiny_checkpoint(shipped / "a.safetensors", epoch=1)
    save_tiny_checkpoint(shipped / "b.safetensors", epoch=7)
    (shipped / "c.safetensors").write_bytes(b"half")
    (shipped / "small").mkdir()
    save_tiny_checkpoint(shipped / "small" / "d.safetensors", epoch=9)
    catalogue = open_catalogue(None)
    # What lies in a folder of its own is there to be chosen, and never the default.
    assert catalogue.names == ["b", "a", "d"]
    assert catalogue.meta("b").epoch == 7


def test_there_may_be_none(shipped: Path, caplog: pytest.LogCaptureFixture) -> None:
    catalogue = open_catalogue(None)
    assert catalogue.names == []
    assert "without a model" in caplog.text
    with pytest.raises(CheckpointError, match=r"Train one: python train\.py"):
        catalogue[None]


def test_an_unknown_name_is_refused_with_the_known_ones(shipped: Path) -> None:
    save_tiny_checkpoint(shipped / "some.safetensors")
    with pytest.raises(CheckpointError, match="'other'.*: some"):
        open_catalogue(None)["other"]


def test_a_replaced_file_is_read_anew_and_a_damaged_one_leaves_the_old_model_serving(
    shipped: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = save_tiny_checkpoint(shipped / "some.safetensors", temperature=1.0)
    catalogue = open_catalogue(None)
    first = catalogue[None]
    assert catalogue[None] is first
    os.replace(save_tiny_checkpoint(tmp_path / "new.safetensors", temperature=2.0), path)
    second = catalogue[None]
    assert second.meta.temperature == 2.0 and second.model_id != first.model_id
    path.write_bytes(b"half")
    assert catalogue[None] is second
    assert str(path) in caplog.text


def test_what_cannot_be_used_is_told_without_its_path(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    catalogue = ModelCatalogue({"gone": tmp_path / "gone.safetensors"})
    with pytest.raises(CheckpointError) as caught:
        catalogue["gone"]
    assert str(tmp_path) not in str(caught.value) and "gone" in str(caught.value)
    assert str(tmp_path) in caplog.text


def test_a_broken_file_is_opened_and_logged_once_until_it_changes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "some.safetensors"
    path.write_bytes(b"half")
    catalogue = ModelCatalogue({"some": path})
    for _ in range(3):
        with pytest.raises(CheckpointError, match="some cannot be used"):
            catalogue["some"]
    assert len(caplog.records) == 1
    save_tiny_checkpoint(path)
    assert catalogue["some"].model_id.startswith("some@")


class Gate:
    """Stands in for PageRecognizer: loading a model waits until it is let through."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.open = threading.Event(), threading.Event()
        self.loads = 0
        monkeypatch.setattr(catalogue_module, "PageRecognizer", self.load)

    def load(self, path: Path) -> str:
        self.loads += 1
        self.reached.set()
        assert self.open.wait(10)
        return f"{path.name} {path.read_text()}"


def test_a_model_that_is_being_loaded_keeps_nobody_waiting_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = tmp_path / "slow", tmp_path / "quick"
    slow.write_text("1")
    quick.write_text("1")
    catalogue: Any = ModelCatalogue({"slow": slow, "quick": quick})
    gate = Gate(monkeypatch)
    gate.open.set()
    assert catalogue["quick"] == "quick 1"
    gate.open.clear()
    gate.reached.clear()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(lambda: catalogue["slow"])
        assert gate.reached.wait(10)
        second = pool.submit(lambda: catalogue["slow"])
        assert pool.submit(lambda: catalogue["quick"]).result(5) == "quick 1"
        gate.open.set()
        assert first.result(5) == second.result(5) == "slow 1"
    assert gate.loads == 2


def test_while_a_replaced_file_is_loaded_the_old_model_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "some"
    path.write_text("old")
    catalogue: Any = ModelCatalogue({"some": path})
    gate = Gate(monkeypatch)
    gate.open.set()
    assert catalogue[None] == "some old"
    gate.open.clear()
    gate.reached.clear()
    path.write_text("newer")
    with ThreadPoolExecutor() as pool:
        loading = pool.submit(lambda: catalogue[None])
        assert gate.reached.wait(10)
        assert pool.submit(lambda: catalogue[None]).result(5) == "some old"
        gate.open.set()
        assert loading.result(5) == catalogue[None] == "some newer"


def test_a_card_is_what_stands_beside_the_model(tmp_path: Path) -> None:
    catalogue = ModelCatalogue({"some": tmp_path / "some.safetensors"})
    assert catalogue.card("some") is None
    (tmp_path / "some.md").write_text("# Title\n\nText.\n")
    assert catalogue.card("some") == "\nText.\n"
