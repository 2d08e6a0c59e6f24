"""Commands on a Ray cluster that is there already: several nodes, started elsewhere, of which one goes away."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from captcha_core.generator.fonts import find_font

pytest.importorskip("ray", reason="pip install -r requirements-cluster.txt -c constraints.txt")

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120.0


@dataclass(frozen=True)
class Nodes:
    """A running cluster: its address, what its machines share, and the pipes of tests/cluster/ray_nodes.py."""

    address: str
    environment: dict[str, str]
    told: IO[str]
    said: IO[str]

    def lose_one(self) -> str:
        """Take a node away and return what is said of those left."""
        self.told.write("\n")
        self.told.flush()
        return answer(self.said, "left ")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Start a cluster as somebody does who works in another folder."""
    environment = os.environ | {"RAY_AUTH_TOKEN": secrets.token_hex(32), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.cluster.ray_nodes"],
        cwd=tmp_path_factory.mktemp("elsewhere"),
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        yield Nodes(answer(process.stdout, "address "), environment, process.stdin, process.stdout)
        process.stdin.close()


def answer(lines: IO[str], start: str) -> str:
    """Return the rest of the next line that begins so; what Ray itself prints is passed over."""
    return next(line.removeprefix(start).strip() for line in lines if line.startswith(start))


def drawing(
    folder: Path, name: str, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    """Begin to draw 6,000 captchas into a file, in a folder with a font of its own."""
    if not (folder / "fonts").exists():
        (folder / "fonts").mkdir()
        shutil.copy(find_font("DejaVuSans"), folder / "fonts" / "mine.ttf")
    command = [sys.executable, str(ROOT / "captcha_generator.py"), "--count", "6000", "--width", "60", "--height", "24"]
    command += ["--max-length", "4", "--fonts", "fonts/mine.ttf", "--output", name, *arguments]
    return subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)


def finished(process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors


def test_a_cluster_elsewhere_draws_the_bytes_of_this_machine_though_a_node_goes_away(
    cluster: Nodes, tmp_path: Path
) -> None:
    finished(drawing(tmp_path, "local.parquet"))
    there = drawing(
        tmp_path, "there.parquet", "--engine", "ray", "--address", cluster.address, environment=cluster.environment
    )
    until = time.monotonic() + PATIENCE_S
    while not list((tmp_path / "there.parquet.parts").glob("*")) and time.monotonic() < until:
        assert there.poll() is None, "it ended before a part was there"
        time.sleep(0.02)
    assert cluster.lose_one() == "2", "the head and the other node"
    assert there.poll() is None, "it ended before the node did"
    finished(there)
    assert (tmp_path / "there.parquet").read_bytes() == (tmp_path / "local.parquet").read_bytes()
