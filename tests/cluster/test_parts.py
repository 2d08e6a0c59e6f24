import re
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from captcha_core.cluster import parts as parts_module
from captcha_core.cluster.engine import LocalEngine, Stage
from captcha_core.cluster.parts import Parts
from captcha_core.errors import DataError
from tests.cluster.stages import Squares, expected


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "_JOBS", 4)
    monkeypatch.setattr(parts_module, "_ROWS", 1)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


def run(parts: Parts, stage: Stage, jobs: Iterable[Any]) -> list[tuple[Any, ...]]:
    return list(chain.from_iterable(parts.run(stage, jobs)))


def squares(jobs: int) -> list[tuple[int, int]]:
    return list(chain.from_iterable(expected(jobs)))


def done(notes: Path) -> list[int]:
    """Return the jobs that were done since the last call."""
    names = sorted(int(file.name) for file in notes.iterdir())
    for file in notes.iterdir():
        file.unlink()
    return names


@pytest.mark.parametrize(("stop", "kept"), [(0, 0), (3, 0), (4, 4), (7, 4), (8, 8)])
def test_an_interrupted_run_goes_on_from_the_last_whole_part(tmp_path: Path, notes: Path, stop: int, kept: int) -> None:
    output, stage = tmp_path / "out.parquet", Squares(notes=notes)
    running = Parts(LocalEngine(), output).run(stage, range(10))
    for _ in range(stop):
        next(running)
    running.close()
    done(notes)
    assert run(Parts(LocalEngine(2), output), stage, range(10)) == squares(10)
    assert done(notes) == list(range(kept, 10))


def test_what_another_stage_or_other_jobs_gave_is_not_taken(tmp_path: Path, notes: Path) -> None:
    output = tmp_path / "out.parquet"
    run(Parts(LocalEngine(), output), Squares(notes=notes), range(8))
    done(notes)
    again = Squares(notes=notes, refuses=99)
    assert run(Parts(LocalEngine(), output), again, range(8)) == squares(8)
    assert done(notes) == list(range(8))
    jobs = range(1, 9)
    assert run(Parts(LocalEngine(), output), again, jobs) == [row for job in jobs for row in again(job)]


def test_what_another_version_gave_is_not_taken(tmp_path: Path, notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output, stage = tmp_path / "out.parquet", Squares(notes=notes)
    run(Parts(LocalEngine(), output), stage, range(8))
    done(notes)
    monkeypatch.setattr(parts_module, "__version__", "99")
    run(Parts(LocalEngine(), output), stage, range(8))
    assert done(notes) == list(range(8))


def test_a_part_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    output = tmp_path / "out.parquet"
    with pytest.raises(DataError):
        run(Parts(LocalEngine(), output), Squares(refuses=6), range(8))
    assert [re.fullmatch(r"[0-9a-f]{32}\.arrow", file.name) is not None for file in folder_of(output)] == [True]


def test_a_short_run_leaves_nothing(tmp_path: Path) -> None:
    parts = Parts(LocalEngine(), tmp_path / "out.parquet")
    run(parts, Squares(), range(3))
    assert list(tmp_path.iterdir()) == []
    run(parts, Squares(), range(8))
    parts.remove()
    assert list(tmp_path.iterdir()) == []


def test_only_parts_are_removed_and_what_a_killed_run_left_of_one(tmp_path: Path) -> None:
    output = tmp_path / "out.parquet"
    parts = Parts(LocalEngine(), output)
    run(parts, Squares(), range(8))
    whole = folder_of(output)[0]
    (whole.parent / f".{whole.name}.{'0' * 12}.arrow").write_bytes(b"half")
    (whole.parent / "mine.arrow").write_bytes(b"")
    (whole.parent / "thesis.txt").write_bytes(b"")
    parts.remove()
    assert [file.name for file in folder_of(output)] == ["mine.arrow", "thesis.txt"]


@dataclass(frozen=True)
class Pictures:
    """Yields so many pictures of a megabyte each."""

    schema = pa.schema([("image", pa.binary())])

    def __call__(self, job: int) -> Iterator[tuple[bytes]]:
        yield from ((bytes(1 << 20),) for _ in range(job))


def test_memory_grows_neither_with_a_job_nor_with_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "_ROWS", 1000)
    monkeypatch.setattr(parts_module, "_BYTES", 3 << 20)
    tracemalloc.start()
    for rows in Parts(LocalEngine(), tmp_path / "out.parquet").run(Pictures(), [40] * 4):
        assert 1 <= len(rows) <= 3
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 10 << 20


def folder_of(output: Path) -> list[Path]:
    return sorted(output.with_name(f"{output.name}.parts").iterdir())
