"""Processes that help a command, when they or the command are killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import pytest
import torch

from captcha_core.cluster.engine import LocalEngine
from captcha_core.errors import CaptchaLabError
from captcha_core.generator import GeneratorSettings
from captcha_core.generator.generate import numbered_captchas
from captcha_core.training import TrainOptions, run, train_model
from captcha_core.training.phases import FeatureSource
from captcha_core.training.ranks import Ranks
from tests.helpers import is_alive

DRAW = """
import multiprocessing, sys
from captcha_core.cluster.engine import LocalEngine
from captcha_core.generator import GeneratorSettings
from captcha_core.generator.generate import numbered_captchas

if __name__ == "__main__":
    drawing = numbered_captchas(GeneratorSettings(width=40, height=24), 10**6, 0, LocalEngine(2))
    next(drawing)
    print(*[child.pid for child in multiprocessing.active_children()], flush=True)
    sys.stdin.read()
"""

LOAD = """
import multiprocessing, os, signal, sys, time
import numpy as np
from captcha_core.data.parquet import ParquetRows
from captcha_core.training.dataset import PictureRows, batches
from captcha_core.transforms import build_transform, square_pad_spec

if __name__ == "__main__":
    rows = PictureRows(ParquetRows([sys.argv[1]]), build_transform(square_pad_spec(32)))
    opened = batches(rows, np.tile(np.arange(len(rows)), 400), 8, workers=1)
    next(opened)
    for child in multiprocessing.active_children():
        os.kill(child.pid, signal.SIGKILL)
    time.sleep(60)
"""


def test_a_drawing_process_that_is_killed_loses_no_picture() -> None:
    settings = GeneratorSettings(width=40, height=24)
    drawing = numbered_captchas(settings, 1000, 0, LocalEngine(2))
    drawn = [next(drawing)]
    for child in multiprocessing.active_children():
        os.kill(child.pid or 0, signal.SIGKILL)
    assert drawn + list(drawing) == list(numbered_captchas(settings, 1000, 0, LocalEngine(1)))


def test_drawing_processes_end_with_the_command_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "draw.py"
    script.write_text(DRAW, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    command = subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    with command:
        assert command.stdout is not None
        workers = [int(word) for word in command.stdout.readline().split()]
        assert len(workers) == 2
        command.kill()
    end = time.monotonic() + 20
    while alive := [pid for pid in workers if is_alive(pid)]:
        assert time.monotonic() < end, f"{alive} go on"
        time.sleep(0.05)


def test_a_loading_process_that_is_killed_ends_a_training_with_step_and_remedy(inputs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    options = TrainOptions((str(inputs / "data.parquet"),), str(folder), recipe="captcha-net", alphabet="ab12")
    killed = RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. ")
    with (
        mock.patch.object(run._Run, "train", side_effect=killed),
        pytest.raises(CaptchaLabError, match=rf"after step 0 of phase 0.*--resume {folder}.*--workers"),
    ):
        train_model(options, mock.Mock())


def test_pytorch_still_says_it_in_these_words(inputs: Path, tmp_path: Path) -> None:
    """The sentence above hangs on them; a process of its own that only waits, since PyTorch raises wherever one is."""
    script = tmp_path / "load.py"
    script.write_text(LOAD, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    line = [sys.executable, str(script), str(inputs / "data.parquet")]
    done = subprocess.run(line, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert done.returncode == 1 and "RuntimeError: DataLoader worker" in done.stderr


def test_features_that_do_not_fit_on_the_disk_are_refused_before_any_is_written(tmp_path: Path) -> None:
    source = FeatureSource(tmp_path, torch.zeros(8, 1), 4, 0, torch.device("cpu"), Ranks())
    full = OSError(28, "No space left on device")
    with (
        mock.patch("os.posix_fallocate", side_effect=[None, full]),
        pytest.raises(CaptchaLabError, match="features_1.npy: No space left on device.*--frozen-epochs 0"),
    ):
        source.fill(lambda pixels: [pixels, pixels], iter([torch.zeros(8, 3, 4, 4)]))
    assert list(tmp_path.iterdir()) == [], "what was reserved is free again"
