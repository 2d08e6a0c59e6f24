"""What an import brings along: reading a picture must not wait for libraries that it does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("script", ["predict", "evaluate"])
def test_help_does_not_wait_for_torch(script: str) -> None:
    assert loaded_after(script) == [set()]
