"""What an interrupted run had finished, kept so that the same command goes on from there."""

from __future__ import annotations

import hashlib
import logging
import re
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from captcha_core import __version__
from captcha_core.cluster.engine import Engine, Stage
from captcha_core.files import atomic_path

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)

# Jobs whose rows are put aside together, as one file; a run of fewer leaves nothing behind.
_JOBS = 32
# Rows are taken and written so many at a time, or fewer where their pictures and texts come to so many bytes.
_ROWS = 64
_BYTES = 8 << 20
# A part, or what is left of one that was being written when the process was killed.
_NAME = re.compile(r"[0-9a-f]{32}\.arrow|\.[0-9a-f]{32}\.arrow\.[0-9a-f]{12}\.arrow")

Rows = list[tuple[Any, ...]]


class Parts:
    """An engine that puts finished rows aside, beside the output that they are for.

    They lie in the folder ``OUTPUT.parts`` as Arrow files, which take their names when they are whole: hashes of this
    version, the stage and the jobs that they are the rows of. So nothing can be taken for the part of another run, and
    a part that fits is right whichever engine made it. Rows are written as they come; few are in memory.
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
        """Yield the rows of all jobs, few at a time, first those that were put aside; see :meth:`Engine.run`."""
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
        """Remove what was put aside: the output is complete. What else lies there, stays."""
        with suppress(OSError):
            for path in list(self._folder.iterdir()):
                if _NAME.fullmatch(path.name):
                    path.unlink()
            self._folder.rmdir()

    def _work(self, stage: Stage, jobs: Iterator[Any]) -> Generator[Rows, None, None]:
        """Do the jobs, and put the rows of every full group aside."""
        groups: deque[list[Any]] = deque()

        def watched() -> Iterator[Any]:
            while group := list(islice(jobs, _JOBS)):
                groups.append(group)
                yield from group

        with closing(self._engine.run(stage, watched())) as results:
            while (first := next(results, None)) is not None:
                group = groups.popleft()
                together = chain([first], islice(results, len(group) - 1))
                with ExitStack() as stack:
                    # A group that is not full is the last one, whose end is that of the run.
                    write = None
                    if len(group) == _JOBS:
                        write = stack.enter_context(_written(self._path(stage, group), stage.schema))
                    for rows in _few_at_a_time(chain.from_iterable(together)):
                        if write is not None:
                            write(rows)
                        yield rows

    def _path(self, stage: Stage, group: list[Any]) -> Path:
        told = repr((__version__, stage, group)).encode("utf-8", "surrogateescape")
        return self._folder / f"{hashlib.blake2b(told, digest_size=16).hexdigest()}.arrow"


def _few_at_a_time(rows: Iterable[tuple[Any, ...]]) -> Iterator[Rows]:
    taken: Rows = []
    size = 0
    for row in rows:
        taken.append(row)
        size += sum(len(value) for value in row if isinstance(value, bytes | str))
        if len(taken) == _ROWS or size >= _BYTES:
            yield taken
            taken, size = [], 0
    if taken:
        yield taken


def _as_batch(rows: Rows, schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


@contextmanager
def _written(path: Path, schema: pa.Schema) -> Iterator[Callable[[Rows], None]]:
    """Give a function that writes rows to a file, which takes its name when the block is left without error."""
    # A run too short for parts need not wait for this import.
    import pyarrow as pa

    with atomic_path(path) as temporary, pa.ipc.new_file(str(temporary), schema) as writer:
        yield lambda rows: writer.write_batch(_as_batch(rows, schema))


def _read(path: Path) -> Iterator[Rows]:
    import pyarrow as pa

    with pa.OSFile(str(path)) as source, pa.ipc.open_file(source) as reader:
        for number in range(reader.num_record_batches):
            columns = [column.to_pylist() for column in reader.get_batch(number).columns]
            yield list(zip(*columns, strict=True))
