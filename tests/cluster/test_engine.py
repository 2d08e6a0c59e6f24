from collections.abc import Iterator
from pathlib import Path

import pytest

from captcha_core.cluster.engine import LocalEngine
from captcha_core.errors import CaptchaLabError, DataError
from tests.cluster.stages import Squares, expected


def results(engine: LocalEngine, stage: Squares, jobs: int) -> list[list[tuple[int, int]]]:
    return [list(rows) for rows in engine.run(stage, range(jobs))]


@pytest.mark.parametrize("workers", [1, 2])
def test_rows_come_in_the_order_of_the_jobs(workers: int) -> None:
    assert results(LocalEngine(workers), Squares(), 30) == expected(30)


@pytest.mark.parametrize("workers", [1, 2])
def test_few_jobs_are_taken_ahead(workers: int) -> None:
    taken = []

    def jobs() -> Iterator[int]:
        for job in range(1000):
            taken.append(job)
            yield job

    running = LocalEngine(workers).run(Squares(), jobs())
    list(next(running))
    running.close()
    assert len(taken) <= 4 * workers + 1


def test_a_killed_worker_loses_and_repeats_nothing(tmp_path: Path) -> None:
    assert results(LocalEngine(2), Squares(dies_in=tmp_path), 30) == expected(30)
    assert any(tmp_path.iterdir()), "no worker died"


def test_a_job_that_always_kills_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(CaptchaLabError, match="died 3 times"):
        results(LocalEngine(2), Squares(dies_in=tmp_path, always=True), 30)


def test_what_a_worker_refuses_reaches_the_caller() -> None:
    with pytest.raises(DataError, match="job 3 cannot be done"):
        results(LocalEngine(2), Squares(refuses=3), 30)
