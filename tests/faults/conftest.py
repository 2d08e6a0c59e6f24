"""Small inputs for every command that writes."""

from pathlib import Path

import pytest

from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import Sample
from tests.helpers import draw_picture, png_bytes, save_tiny_checkpoint, save_tiny_net, tiny_net

LABELS = ["1a2", "2b1", "ab12", "b12a", "12ab", "a1b2", "21ba", "bb1", "aa2", "1221", "abab", "b2a"]


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data.parquet, start.safetensors (and as .onnx) and other.safetensors; it is only read."""
    folder = tmp_path_factory.mktemp("inputs")
    save_tiny_net(folder).rename(folder / "start.safetensors")
    (folder / "tiny.onnx").rename(folder / "start.onnx")
    save_tiny_checkpoint(folder / "other.safetensors", **tiny_net(), temperature=2.0)
    with ParquetWriter(folder / "data.parquet") as writer:
        for number in range(48):
            label = LABELS[number % len(LABELS)]
            writer.write(Sample(png_bytes(draw_picture(label, number)), label, f"{number}.png", "test"))
    return folder
