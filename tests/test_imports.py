"""What an import brings along: reading a picture must not wait for libraries that it does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from captcha_core.recognizer import Recognizer
from tests.helpers import draw_picture, save_tiny_net

ROOT = Path(__file__).resolve().parent.parent
NOT_FOR_READING = (
    *("cv2", "gradio", "torchvision", "pandas", "matplotlib", "pyarrow", "jiwer", "scipy"),
    "captcha_core.training",
)


def loaded_after(*modules: str) -> list[set[str]]:
    """Import modules one after the other in a fresh interpreter; return which unwanted ones are there after each."""
    names = ("torch", *NOT_FOR_READING)
    steps = [f"import {module}; print(*[name for name in {names!r} if name in sys.modules])" for module in modules]
    code = "import sys; " + "; ".join(steps)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return [set(line.split()) for line in done.stdout.splitlines()]


def test_reading_is_light_and_a_report_loads_the_plots_only_when_it_draws() -> None:
    imaging, reading, torch_reading, report = loaded_after(
        "captcha_core.imaging",
        "captcha_core.recognizer, captcha_core.pictures",
        "captcha_core.torch_backend",
        "captcha_core.evaluation.report",
    )
    assert imaging == set()
    assert reading == set(), "torch is imported with the first checkpoint that needs it"
    assert torch_reading == {"torch"}
    assert "matplotlib" not in report


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_net(tmp_path_factory.mktemp("net"))


@pytest.mark.parametrize("arguments", [["tiny.onnx"], ["tiny.safetensors", "--backend", "onnx"]])
def test_reading_with_onnx_never_imports_torch(checkpoint: Path, tmp_path: Path, arguments: list[str]) -> None:
    picture = draw_picture("abc12")
    picture.save(tmp_path / "picture.png")
    path, *flags = arguments
    words = ["predict.py", str(tmp_path / "picture.png"), "--checkpoint", str(checkpoint.with_name(path)), *flags]
    code = f"""
import runpy, sys
sys.argv = {words!r}
try:
    runpy.run_path("predict.py", run_name="__main__")
except SystemExit as left:
    print(left.code, *[name for name in {("torch", *NOT_FOR_READING)!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    read, left = done.stdout.splitlines()
    assert left == "0", f"{left}\n{done.stderr}"
    assert read.split()[1] == (Recognizer(checkpoint).read(picture).text or "(no")


@pytest.mark.parametrize("script", ["predict", "evaluate", "export"])
def test_help_does_not_wait_for_torch(script: str) -> None:
    assert loaded_after(script) == [set()]
