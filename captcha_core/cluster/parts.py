"""What an interrupted run had finished, kept so that the same command goes on from there."""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from captcha_core.cluster.engine import Engine, Stage
from captcha_core.files import atomic_path

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)

# Jobs whose rows are put aside together, as one file; a run of fewer leaves nothing behind.
_JOBS = 32

Rows = Iterable[tuple[Any, ...]]


class Parts:
    """An engine that puts finished rows aside, beside the output that they are for.

    They lie in the folder ``OUTPUT.parts`` as Arrow files, which take their names when they are whole: hashes of the
    stage and the jobs that they are the rows of. So nothing can be taken for the part of another run, and a part that
    fits is right whichever engine made it.
    """

    def __init__(self, engine: Engine, output: Path) -> None:
        """Put aside what the engine does.

        Args:
            engine: What does the work.
            output: The file or folder that the rows are for.
        """
        self._engine = engine
        self._folder = output.with_name(output.name + ".parts")

    def run(self, stage: Stage, jobs: Iterable[Any]) -> Generator[Rows, None, None]:
        """Yield the rows of every job, first those that were put aside; see :meth:`Engine.run`."""
        remaining = iter(jobs)
        found = 0
        while group := list(islice(remaining, _JOBS)):
            path = self._path(stage, group)
            if not path.exists():
                break
            found += len(group)
            yield from _read(path)
        if found:
            logger.info("%s: %d jobs were done before.", self._folder, found)
        yield from self._work(stage, chain(group, remaining))

    def remove(self) -> None:
        """Remove what was put aside: the output is complete."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _work(self, stage: Stage, jobs: Iterator[Any]) -> Generator[Rows, None, None]:
        """Do the jobs, and put the rows of every full group aside."""
        taken: deque[Any] = deque()

        def watched() -> Iterator[Any]:
            for job in jobs:
                taken.append(job)
                yield job

        group: list[Any] = []
        finished: list[list[tuple[Any, ...]]] = []
        with closing(self._engine.run(stage, watched())) as results:
            for result in results:
                rows = list(result)
                group.append(taken.popleft())
                finished.append(rows)
                if len(group) == _JOBS:
                    _write(self._path(stage, group), finished, stage.schema)
                    group, finished = [], []
                yield rows

    def _path(self, stage: Stage, group: list[Any]) -> Path:
        digest = hashlib.blake2b(repr((stage, group)).encode("utf-8", "surrogateescape"), digest_size=16)
        return self._folder / f"{digest.hexdigest()}.arrow"


def _as_batch(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _write(path: Path, finished: list[list[tuple[Any, ...]]], schema: pa.Schema) -> None:
    """Write a batch per job."""
    # A run too short for parts need not wait for this import.
    import pyarrow as pa

    with atomic_path(path) as temporary, pa.ipc.new_file(str(temporary), schema) as writer:
        for rows in finished:
            writer.write_batch(_as_batch(rows, schema))


def _read(path: Path) -> Iterator[list[tuple[Any, ...]]]:
    import pyarrow as pa

    with pa.OSFile(str(path)) as source, pa.ipc.open_file(source) as reader:
        for number in range(reader.num_record_batches):
            columns = [column.to_pylist() for column in reader.get_batch(number).columns]
            yield list(zip(*columns, strict=True))
