from pathlib import Path

import pytest

from captcha_core.cluster import parts as parts_module
from captcha_core.cluster.engine import LocalEngine
from captcha_core.cluster.parts import Parts
from captcha_core.errors import DataError
from tests.cluster.stages import Squares, expected


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "_JOBS", 4)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


def run(parts: Parts, stage: Squares, jobs: int) -> list[list[tuple[int, int]]]:
    return [list(rows) for rows in parts.run(stage, range(jobs))]


def done(notes: Path) -> list[int]:
    """Return the jobs that were done since the last call."""
    names = sorted(int(file.name) for file in notes.iterdir())
    for file in notes.iterdir():
        file.unlink()
    return names


@pytest.mark.parametrize("stop", [0, 3, 4, 9])
def test_an_interrupted_run_goes_on_from_the_last_whole_part(tmp_path: Path, notes: Path, stop: int) -> None:
    output, stage = tmp_path / "out.parquet", Squares(notes=notes)
    running = Parts(LocalEngine(), output).run(stage, range(10))
    for _ in range(stop):
        list(next(running))
    running.close()
    done(notes)
    assert run(Parts(LocalEngine(2), output), stage, 10) == expected(10)
    assert done(notes) == list(range(stop // 4 * 4, 10))


def test_what_another_stage_or_other_jobs_gave_is_not_taken(tmp_path: Path, notes: Path) -> None:
    output = tmp_path / "out.parquet"
    run(Parts(LocalEngine(), output), Squares(notes=notes), 8)
    done(notes)
    again = Squares(notes=notes, refuses=99)
    assert run(Parts(LocalEngine(), output), again, 8) == expected(8)
    assert done(notes) == list(range(8))
    jobs = range(1, 9)
    assert [list(rows) for rows in Parts(LocalEngine(), output).run(again, jobs)] == [list(again(job)) for job in jobs]


def test_a_part_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    output = tmp_path / "out.parquet"
    with pytest.raises(DataError):
        run(Parts(LocalEngine(), output), Squares(refuses=6), 8)
    assert [file.suffix for file in (tmp_path / "out.parquet.parts").iterdir()] == [".arrow"]


def test_a_short_run_leaves_nothing(tmp_path: Path) -> None:
    parts = Parts(LocalEngine(), tmp_path / "out.parquet")
    run(parts, Squares(), 3)
    assert list(tmp_path.iterdir()) == []
    run(parts, Squares(), 8)
    parts.remove()
    assert list(tmp_path.iterdir()) == []
