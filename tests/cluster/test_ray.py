"""The Ray engine against a real cluster on this machine, which these tests start and stop."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from captcha_core.cluster.engine import LocalEngine
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.generator.generate import numbered_captchas, unseen_captchas
from tests.cluster.stages import Squares, expected
from tests.generator.samples import SMALL

ray = pytest.importorskip("ray", reason="pip install -r requirements-cluster.txt -c constraints.txt")

# What Ray itself warns about is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def engine() -> Iterator[object]:
    from captcha_core.cluster.ray_data import RayEngine

    yield RayEngine(workers=2)
    ray.shutdown()


def test_rows_come_in_the_order_of_the_jobs_and_a_killed_worker_changes_nothing(engine, tmp_path: Path) -> None:
    found = [list(rows) for rows in engine.run(Squares(dies_in=tmp_path), range(30))]
    assert any(tmp_path.iterdir()), "no worker died"
    assert found == expected(30)


def test_what_a_worker_refuses_reaches_the_caller(engine) -> None:
    with pytest.raises(DataError, match="^job 3 cannot be done$"):
        list(engine.run(Squares(refuses=3), range(30)))


def test_pictures_are_the_bytes_of_the_local_engine(engine) -> None:
    local = list(numbered_captchas(SMALL, 150, 4, LocalEngine()))
    assert list(numbered_captchas(SMALL, 150, 4, engine)) == local
    seen = {drawn.digest for drawn in unseen_captchas(SMALL, 40, 4, LocalEngine(), 0, set())}
    both = [list(unseen_captchas(SMALL, 30, 4, one, 0, seen)) for one in (engine, LocalEngine())]
    assert both[0] == both[1]


def test_a_cluster_that_is_not_there_is_named() -> None:
    from captcha_core.cluster.ray_data import RayEngine

    ray.shutdown()
    with pytest.raises(CaptchaLabError, match="There is no Ray cluster at --address 127.0.0.1:1 "):
        RayEngine(address="127.0.0.1:1")
