"""Opening one Parquet file and turning its rows into samples, for :mod:`captcha_core.data.parquet`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from captcha_core.data.schema import ALL_SPLITS, SPLIT_COLUMN, Sample, choose_image_column
from captcha_core.errors import DataError
from captcha_core.urls import named, opened_url, url_of

_BATCH_ROWS = 64
# So much a batch may take, even if each of its rows is as long as everything in the file's largest row group: a value
# that many rows share is stored once, and unpacked for each.
_BATCH_BYTES = 128 << 20
# Of any list in the file's footer: row groups, or columns. At 1,000 rows each these are 100 million pictures.
_MOST_PARTS = 100_000


@dataclass(frozen=True)
class Layout:
    """Which column of one file plays which part, and which rows are wanted."""

    where: str
    image: str
    label: str | None
    source: str | None
    split_column: str | None
    split: str | None

    @property
    def columns(self) -> list[str]:
        """The columns that have to be read."""
        parts = (self.image, self.label, self.source, self.split_column)
        return list(dict.fromkeys(column for column in parts if column is not None))


@contextmanager
def opened(path: str | Path, name: str | None = None) -> Iterator[pq.ParquetFile]:
    """Open a file for streaming, and give every way of being unreadable one plain sentence.

    Args:
        path: The file, or its URL.
        name: What messages shall call it; None calls it by its path.

    Raises:
        DataError: If it cannot be read.
    """
    url = url_of(path)
    # buffer_size streams the pages of a column, where the default would read a row group's pictures whole.
    with (
        plain_errors(named(path), name),
        opened_url(url) if url else nullcontext(path) as source,
        pq.ParquetFile(source, buffer_size=1 << 20, pre_buffer=False, thrift_container_size_limit=_MOST_PARTS) as file,
    ):
        yield file


@contextmanager
def plain_errors(path: str, name: str | None = None) -> Iterator[None]:
    """Raise what goes wrong with a file as one plain sentence; the arguments are those of :func:`opened`.

    Raises:
        DataError: If anything does.
    """
    name = name or path
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"{name} does not exist; check the path.") from error
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].replace(path, "it").rstrip(".")
        if "Exceeded size limit" in reason:
            raise DataError(
                f"{name} has more than {_MOST_PARTS:,} row groups or columns; write it again in larger ones."
            ) from error
        raise DataError(f"{name} is not a whole Parquet file ({reason}); make or copy it again.") from error


def layout_of(
    file: pq.ParquetFile, path: str | Path, image_column: str | None, label: str | None, split: str | None
) -> Layout:
    """Find the columns of an open file, and check that the wanted split is clear and has rows.

    Args:
        file: The open file.
        path: Its path, for messages.
        image_column: The column of the encoded pictures, if it is not the obvious one.
        label: The column of the labels; ``None`` to do without.
        split: The wanted value of the ``split`` column, ``"all"``, or ``None`` when nobody chose.

    Raises:
        DataError: If there is no such column, or a choice of the split is missing or matches no row.
    """
    schema = file.schema_arrow
    image = choose_image_column(schema, named(path), image_column)
    source = "source" if "source" in schema.names else None
    has_split = SPLIT_COLUMN in schema.names
    if has_split and split != ALL_SPLITS:
        _check_split(file, named(path), split)
    narrowed = has_split and split != ALL_SPLITS
    return Layout(named(path), image, label, source, SPLIT_COLUMN if narrowed else None, split if narrowed else None)


def _check_split(file: pq.ParquetFile, where: str, split: str | None) -> None:
    """Raise unless a split is chosen and occurs: train and test rows must never be mixed by oversight."""
    values: set[str] = set()
    for batch in file.iter_batches(batch_size=_batch_rows(file), columns=[SPLIT_COLUMN], use_threads=False):
        values.update(map(str, pc.unique(batch.column(0)).to_pylist()))
    seen = ", ".join(repr(value) for value in sorted(values)) or "no rows"
    if split is None:
        raise DataError(
            f"{where} has a column 'split' with {seen}; say which rows to read with --split NAME or --split all "
            "(make_dataset.py: --from-split)."
        )
    if split not in values:
        raise DataError(f"{where} has no rows of split {split!r}; it has {seen}.")


def stream(file: pq.ParquetFile, layout: Layout) -> Iterator[Sample]:
    """Yield all wanted rows of an open file, holding few of them at a time."""
    first = 0
    for batch in file.iter_batches(batch_size=_batch_rows(file), columns=layout.columns, use_threads=False):
        yield from samples_of(batch, layout, first)
        first += batch.num_rows


def _batch_rows(file: pq.ParquetFile) -> int:
    """Return how many rows a batch of any row group may have."""
    groups = (file.metadata.row_group(number) for number in range(file.num_row_groups))
    return batch_rows(max((group.total_byte_size for group in groups), default=0))


def batch_rows(size: int) -> int:
    """Return how many rows a batch of a row group of so many bytes may have."""
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES // max(1, size)))


def wanted_rows(rows: pa.Table | pa.RecordBatch, layout: Layout) -> tuple[pa.Table | pa.RecordBatch, list[int]]:
    """Return the rows of the wanted split, and their places in ``rows``."""
    if layout.split_column is None:
        return rows, list(range(rows.num_rows))
    splits = rows.column(layout.split_column).to_pylist()
    places = [i for i, value in enumerate(splits) if str(value) == layout.split]
    return rows.take(pa.array(places, pa.int64())), places


def samples_of(rows: pa.Table | pa.RecordBatch, layout: Layout, first: int) -> Iterator[Sample]:
    """Yield the wanted rows as samples; ``first`` is the number, in the file, of the first of ``rows``."""
    rows, places = wanted_rows(rows, layout)
    images, paths = _pictures(rows.column(layout.image))
    blank: list[str | None] = [None] * len(places)
    labels = rows.column(layout.label).to_pylist() if layout.label else blank
    sources = rows.column(layout.source).to_pylist() if layout.source else blank
    here = Path(layout.where)
    for place, image, path, label, source in zip(places, images, paths, labels, sources, strict=True):
        yield Sample(
            image or b"", label or "", path or f"{here.name}#{first + place}", str(source) if source else here.stem
        )


def _pictures(column: pa.Array | pa.ChunkedArray) -> tuple[list[bytes | None], list[str | None]]:
    """Return the bytes and the names of a struct column or of a plain binary one."""
    if not pa.types.is_struct(column.type):
        return column.to_pylist(), [None] * len(column)
    has_path = column.type.get_field_index("path") >= 0
    paths = pc.struct_field(column, "path").to_pylist() if has_path else [None] * len(column)
    return pc.struct_field(column, "bytes").to_pylist(), paths
