"""Ranks that accelerate launch starts, with real gloo: they train as one process does, and outlive a killed one."""

import csv
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from unittest import mock

import psutil
import pytest
import torch

from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import Sample
from captcha_core.training import TrainOptions, train_model
from captcha_core.training.ranks import Ranks, joined_ranks
from tests.data.samples import encoded
from tests.helpers import draw_picture

pytest.importorskip("accelerate", reason="pip install -r requirements-cluster.txt -c constraints.txt")

ROOT = Path(__file__).resolve().parents[2]
STEPS, CHECK_EVERY = 50, 10
# What could see only its own rows is in it: batch normalisation, CTC's mean over texts, the queries' over places.
NET: dict[str, Any] = {
    "recipe": "captcha-net",
    "alphabet": "ab3",
    "max_length": 4,
    "size": (32, 48, 160),
    "arch_args": {"dropout": 0, "width": 8, "last": 16, "depth": 1},
    "batch_size": 7,
    "epochs": 10,
    "augment": 0.0,
    "validation": 5,
    "check_every": CHECK_EVERY,
    "device": "cpu",
    "threads": 1,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "train.parquet"
    with ParquetWriter(path, row_group_size=10) as writer:
        for number in range(40):
            text = "".join("ab3"[number // 3**place % 3] for place in range(4))
            writer.write(Sample(encoded(draw_picture(text)), text, f"{number}.png", "test"))
    return path


def words(data: Path, output: Path) -> list[str]:
    """Return the command line of a run."""
    line = ["train.py", "--data", str(data), "--output", str(output)]
    for name, value in (NET | {"arch_args": {}}).items():
        values = value if isinstance(value, tuple) else (value,)
        line += [f"--{name.replace('_', '-')}", *map(str, values)] if value != {} else []
    return line + [word for name, value in NET["arch_args"].items() for word in ("--arch-arg", f"{name}={value}")]


def launched(data: Path, output: Path) -> subprocess.Popen[str]:
    """Start two ranks."""
    launcher = ["--multi_gpu", "--num_processes", "2", "--num_machines", "1", "--mixed_precision", "no"]
    launcher += ["--dynamo_backend", "no", "--main_process_port", "0", "--max_restarts", "1"]
    line = [sys.executable, "-m", "accelerate.commands.launch", *launcher, *words(data, output)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GLIBC_TUNABLES": ""}
    return subprocess.Popen(line, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)


def losses(output: Path) -> list[tuple[int, float, float]]:
    with (output / "metrics.csv").open() as table:
        return [(int(row["step"]), float(row["train_loss"]), float(row["val_loss"])) for row in csv.DictReader(table)]


def test_two_ranks_have_the_losses_of_one_and_a_killed_rank_loses_nothing(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = launched(data, tmp_path / "two")
    try:
        monkeypatch.setattr(Ranks, "bfloat16", lambda self, recipe: False)
        train_model(TrainOptions(data=(str(data),), output=str(tmp_path / "one"), **NET), mock.MagicMock())
        kill_a_rank(process, tmp_path / "two" / "state.safetensors")
        _, errors = process.communicate(timeout=600)
    finally:
        process.kill()
    assert process.returncode == 0, errors[-6000:]
    one, two = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert [step for step, *_ in one] == list(range(CHECK_EVERY, STEPS + 1, CHECK_EVERY))
    assert one[0][1] - one[-1][1] > 0.1, "nothing was learned, so nothing is compared"
    for a, b in zip(one, two, strict=True):
        assert b == pytest.approx(a, abs=1e-3)
    assert not [file.name for file in (tmp_path / "two").iterdir() if file.name.startswith(".")]


def kill_a_rank(launcher: subprocess.Popen[str], state: Path) -> None:
    """Kill a rank at a moment after the first state was written."""
    while not state.exists():
        assert launcher.poll() is None
        time.sleep(0.02)
    time.sleep(random.Random(1).random() / 5)
    os.kill(rank_of(launcher.pid, 1), signal.SIGKILL)


def rank_of(launcher: int, rank: int) -> int:
    """Return the process number of a rank."""
    for child in psutil.Process(launcher).children(recursive=True):
        if child.environ().get("RANK") == str(rank) and "train.py" in " ".join(child.cmdline()):
            return int(child.pid)
    raise AssertionError(f"there is no rank {rank}")


def test_a_process_by_itself_does_not_import_accelerate() -> None:
    code = "import sys; from captcha_core.training.ranks import joined_ranks; joined_ranks('cpu')"
    code += "; print('accelerate' in sys.modules)"
    names = ("ACCELERATE_MIXED_PRECISION", "TORCHELASTIC_RUN_ID")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def test_one_process_keeps_everything_as_it_is() -> None:
    alone = joined_ranks("cpu")
    assert type(alone) is Ranks
    assert (alone.seed(7), alone.own(5), alone.bfloat16(True)) == (7, 5, True)
    loss = torch.tensor(2.0)
    assert alone.sum(3) == 3 and alone.total(loss) is loss
