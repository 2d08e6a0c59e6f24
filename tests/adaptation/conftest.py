"""A model and a captcha so small that an adaptation takes seconds."""

from pathlib import Path

import pytest

from captcha_core.adaptation import AdaptOptions
from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import Sample
from tests.helpers import draw_picture, png_bytes, save_tiny_checkpoint, tiny_net
from tests.short_adaptation import shorten

LABELS = ["1a2", "2b1", "ab12", "b12a", "12ab", "a1b2", "21ba", "bb1", "aa2", "1221", "abab", "b2a"]


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch.setattr)


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_checkpoint(tmp_path_factory.mktemp("model") / "tiny.safetensors", **tiny_net())


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "new.parquet"
    with ParquetWriter(path) as writer:
        for number, label in enumerate(LABELS):
            writer.write(Sample(png_bytes(draw_picture(label, number)), label, f"{number}.png", "test"))
    return path


@pytest.fixture
def options(checkpoint: Path, data: Path, tmp_path: Path) -> AdaptOptions:
    return AdaptOptions(str(checkpoint), (str(data),), str(tmp_path / "run"), seed=3)
