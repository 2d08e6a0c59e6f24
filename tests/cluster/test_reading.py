import pickle
from pathlib import Path

import pytest

from captcha_core.cluster.engine import LocalEngine
from captcha_core.cluster.reading import Labelled, Read, ReadStage, read_pictures
from captcha_core.data.jobs import labelled_jobs
from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError
from captcha_core.pictures import find_pictures, limited, picture_jobs
from captcha_core.recognizer import Recognizer
from tests.data.samples import encoded
from tests.helpers import draw_picture, save_tiny_net


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_net(tmp_path_factory.mktemp("net"))


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of three row groups, one of them longer than a job, with a picture that cannot be read."""
    path = tmp_path_factory.mktemp("data") / "set.parquet"
    pictures = [encoded(draw_picture(text)) for text in ("ab12", "cd34", "ef56")]
    with ParquetWriter(path, row_group_size=300) as writer:
        for number in range(700):
            image = b"no picture" if number == 298 else pictures[number % 3]
            writer.write(Sample(image, str(number), f"{number}.png", "test"))
    return path


def reads(checkpoint: Path, jobs: object, workers: int = 1) -> list[Read]:
    stage = ReadStage.of(Recognizer(checkpoint, threads=1), checkpoint)
    return list(read_pictures(LocalEngine(workers), stage, jobs))  # type: ignore[arg-type]


def test_labelled_rows_come_once_each_and_in_order(checkpoint: Path, parquet: Path) -> None:
    found = reads(checkpoint, map(Labelled, labelled_jobs([parquet])))
    assert [(read.file, read.label) for read in found] == [(f"{n}.png", str(n)) for n in range(700)]
    assert [read.file for read in found if read.error] == ["298.png"]


def test_workers_give_the_rows_of_this_process(checkpoint: Path, parquet: Path) -> None:
    one, two = (reads(checkpoint, picture_jobs([parquet]), workers) for workers in (1, 2))
    assert [read.file for read in one] == [f"{parquet}#{n}" for n in range(700)]
    assert one == two


@pytest.mark.parametrize("count", [1, 255, 257, 301, 700, 900])
def test_a_limit_reads_no_more(parquet: Path, count: int) -> None:
    jobs = list(limited(picture_jobs([parquet]), count))
    names = [picture.name for job in jobs for picture, _ in job.pictures()]
    assert names == [picture.name for picture in find_pictures([parquet])][:count]


def test_the_model_is_not_sent_to_the_workers(checkpoint: Path) -> None:
    stage = ReadStage.of(Recognizer(checkpoint), checkpoint)
    assert len(pickle.dumps(stage)) < 2000
    assert repr(stage) == repr(pickle.loads(pickle.dumps(stage)))


def test_the_stage_of_another_model_has_another_name(checkpoint: Path, tmp_path: Path) -> None:
    other = tmp_path / checkpoint.name
    other.write_bytes(checkpoint.read_bytes())
    stages = [ReadStage.of(Recognizer(path), path) for path in (checkpoint, other)]
    assert repr(stages[0]) != repr(stages[1])


def test_what_was_read_with_other_threads_has_another_name(checkpoint: Path) -> None:
    stages = [ReadStage.of(Recognizer(checkpoint), checkpoint, threads=threads) for threads in (1, None)]
    assert repr(stages[0]) != repr(stages[1])


def test_a_label_that_is_missing_is_raised(checkpoint: Path, tmp_path: Path) -> None:
    with ParquetWriter(tmp_path / "x.parquet") as writer:
        writer.write(Sample(encoded(draw_picture("ab12")), "", "x.png", "test"))
    with pytest.raises(CaptchaLabError, match=r"x\.png .* has no label"):
        reads(checkpoint, map(Labelled, labelled_jobs([tmp_path / "x.parquet"])))
