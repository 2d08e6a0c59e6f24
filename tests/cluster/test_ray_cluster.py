"""Commands on a Ray cluster that is there already: several nodes, started elsewhere, of which one goes away."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from captcha_core.cluster.engine import LocalEngine
from captcha_core.generator.fonts import find_font
from captcha_core.generator.generate import numbered_captchas
from tests.generator.samples import SMALL

ray = pytest.importorskip("ray", reason="pip install -r requirements-cluster.txt -c constraints.txt")

pytestmark = pytest.mark.filterwarnings("ignore")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Start a head and two nodes of one core each, as somebody does who works in another folder."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as elsewhere:
        elsewhere.chdir(tmp_path_factory.mktemp("elsewhere"))
        # Since 2.60 the machines of a cluster share one.
        elsewhere.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        for _ in range(2):
            cluster.add_node(num_cpus=1)
        yield cluster
        ray.shutdown()
        cluster.shutdown()


def run(command: str, folder: Path, *arguments: str) -> None:
    """Run a command of the project in a folder."""
    done = subprocess.run(
        [sys.executable, str(ROOT / command), *arguments], cwd=folder, capture_output=True, text=True, env=os.environ
    )
    assert done.returncode == 0, done.stderr


def test_a_cluster_elsewhere_draws_the_bytes_of_this_machine(cluster: Any, tmp_path: Path) -> None:
    (tmp_path / "fonts").mkdir()
    shutil.copy(find_font("DejaVuSans"), tmp_path / "fonts" / "mine.ttf")
    drawn = ["--count", "150", "--seed", "3", "--fonts", "fonts/mine.ttf"]
    run("captcha_generator.py", tmp_path, *drawn, "--output", "local.parquet")
    there = ["--output", "there.parquet", "--engine", "ray", "--address", cluster.address]
    run("captcha_generator.py", tmp_path, *drawn, *there)
    assert (tmp_path / "there.parquet").read_bytes() == (tmp_path / "local.parquet").read_bytes()


def test_a_node_that_goes_away_takes_no_row_with_it(cluster: Any) -> None:
    from captcha_core.cluster.ray_data import RayEngine

    drawing = numbered_captchas(SMALL, 1500, 4, RayEngine(workers=2, address=cluster.address))
    drawn = [next(drawing)]
    cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)
    drawn.extend(drawing)
    assert drawn == list(numbered_captchas(SMALL, 1500, 4, LocalEngine()))
    assert sum(node["Alive"] for node in ray.nodes()) == 2
