"""The digests of pictures, by which make_dataset.py tells them apart; decoding them is most of its work."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pyarrow as pa

from captcha_core.cluster.engine import Engine
from captcha_core.data.jobs import LabelledJob
from captcha_core.data.schema import Sample
from captcha_core.data.split import pixel_digest
from captcha_core.errors import CaptchaLabError, DataError, ImageError
from captcha_core.imaging import load_image

Digested = tuple[Sample, bytes] | CaptchaLabError
"""A row with the digest of its pixels, or why there is none."""

_TEXTS = ("error", "label", "path", "source")


@dataclass(frozen=True)
class DigestStage:
    """Decodes the pictures of a :class:`captcha_core.data.jobs.LabelledJob`."""

    schema = pa.schema([*((name, pa.string()) for name in _TEXTS), ("image", pa.binary()), ("digest", pa.binary())])

    def __call__(self, job: LabelledJob) -> Iterator[tuple[Any, ...]]:
        """Yield a row for each picture: either why it cannot be read, or all the other columns."""
        for row in job.rows():
            found = digested(row)
            if isinstance(found, CaptchaLabError):
                yield str(found), None, None, None, None, None
            else:
                sample, digest = found
                yield None, sample.label, sample.path, sample.source, sample.image, digest


def digested_rows(engine: Engine, jobs: Iterable[LabelledJob]) -> Generator[Digested, None, None]:
    """Yield the rows of the jobs with their digests, which the engine computes."""
    with closing(engine.run(DigestStage(), jobs)) as results:
        for error, label, path, source, image, digest in chain.from_iterable(results):
            yield DataError(error) if error is not None else (Sample(image, label, path, source), digest)


def digested(row: Sample | CaptchaLabError) -> Digested:
    """Return a row with its digest, or why its picture cannot be read."""
    if isinstance(row, CaptchaLabError):
        return row
    try:
        return row, pixel_digest(load_image(row.image, name=row.path))
    except ImageError as error:
        return error
