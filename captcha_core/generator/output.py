"""Writing sets of drawn captchas: new ones, additions, and test sets that share no picture with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from captcha_core.cluster.engine import Engine, LocalEngine
from captcha_core.data.schema import Sample
from captcha_core.data.split import pixel_digest
from captcha_core.errors import CaptchaLabError, DataError, ImageError
from captcha_core.generator.base import Style
from captcha_core.generator.generate import Drawn, numbered_captchas, unseen_captchas
from captcha_core.generator.sets import DataSet, Writer, data_set
from captcha_core.imaging import load_image

Rows = Iterable[Sample | CaptchaLabError]

# The number in the name of a drawn picture; a longer one was not made here.
_NUMBER = re.compile(r"_(\d{1,12})\.\w+$")


@dataclass(frozen=True)
class Order:
    """What to draw, and where it goes.

    A set and the test set beside it never share a picture (told by the pixels): pictures of a test set that is there
    are left out of the set, those of the set out of the test set, whichever of them is written or added to.

    Attributes:
        style: How the pictures look.
        target: The set to write or to add to.
        count: How many pictures.
        seed: Where they come from. A new set begins with the seed's picture number 0; an addition goes on after the
            highest number in the names of the set and its test set.
        engine: What draws.
        extend: Add to the target instead of writing it anew; no picture is repeated.
        test: Pictures of a new test set beside the target, drawn after those of the set; 0 for none.
    """

    style: Style
    target: DataSet
    count: int
    seed: int = 0
    engine: Engine = LocalEngine()
    extend: bool = False
    test: int = 0


class Known:
    """What new pictures may not repeat.

    Attributes:
        digests: 16 bytes for every picture that is there, about 100 in memory.
        next_number: One more than the highest number in a picture's name.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self.digests: set[bytes] = set()
        self.next_number = 0

    def add(self, rows: Rows, names: Iterable[str]) -> None:
        """Remember the pictures and the names of a set; a picture that cannot be read cannot be repeated."""
        for row in rows:
            if isinstance(row, Sample):
                self._add_name(row.path)
                with suppress(ImageError):
                    self.digests.add(pixel_digest(load_image(row.image)))
        for name in names:
            self._add_name(name)

    def _add_name(self, name: str) -> None:
        match = _NUMBER.search(name)
        if match:
            self.next_number = max(self.next_number, int(match[1]) + 1)


def generate_captcha_data(
    settings: Style, count: int, output: str | Path, seed: int = 0, workers: int = 1
) -> Generator[str, None, None]:
    """Write ``count`` pictures to a Parquet file or a folder, yielding each text as it is written.

    Args:
        settings: How they look.
        count: How many.
        output: The file, or the folder; it takes its name only when it is complete.
        seed: Same seed, same bytes.
        workers: Processes that draw.

    Raises:
        CaptchaLabError: As :func:`write_captchas`.
    """
    with closing(write_captchas(Order(settings, data_set(output), count, seed, LocalEngine(workers)))) as drawing:
        for drawn in drawing:
            yield drawn.text


def write_captchas(order: Order, watch: Callable[[Rows], Rows] = iter) -> Generator[Drawn, None, None]:
    """Draw and write, yielding each picture as it is written: those of the set, then those of the test set.

    Everything takes its name at the end. When the generator is closed before, or fails, all is as it was.

    Args:
        order: What to draw.
        watch: Called with the rows of every set that has to be read first, and returns them; for a progress bar.

    Raises:
        CaptchaLabError: If the target is missing (``extend``) or in the way, the test set is there already, something
            cannot be read or written, or the settings cannot give as many different pictures.
    """
    _check(order)
    test, test_is_there = order.target.test_set(), False
    try:
        with order.target.extended() if order.extend else order.target.created() as writer:
            known = Known()
            for other in [*([order.target] if order.extend else []), *order.target.companions()]:
                known.add(watch(other.rows()), other.names())
            # Equal pictures of a new set both stay: a test set, or its absence, does not change the set.
            own = known.digests if order.extend else set()
            last = yield from _write(order, _pictures(order, known), writer, own)
            if order.test:
                pictures = unseen_captchas(order.style, order.test, order.seed, order.engine, last + 1, own)
                with test.created() as beside:
                    yield from _write(order, pictures, beside, own)
                test_is_there = True
    except BaseException:
        if test_is_there:
            # The set itself could not be finished, and the next try would find the test set in its way.
            test.remove()
        raise


def _pictures(order: Order, known: Known) -> Generator[Drawn, None, None]:
    """Return the pictures of the set itself; digests are computed only where something may be repeated."""
    if order.extend or order.test or known.digests:
        start = known.next_number if order.extend else 0
        return unseen_captchas(order.style, order.count, order.seed, order.engine, start, known.digests)
    return numbered_captchas(order.style, order.count, order.seed, order.engine)


def _write(
    order: Order, pictures: Generator[Drawn, None, None], writer: Writer, digests: set[bytes]
) -> Generator[Drawn, None, int]:
    """Write pictures, add their digests to those given, and return the last number."""
    last = -1
    source = f"{order.style.source}-seed{order.seed}"
    with closing(pictures):
        for drawn in pictures:
            writer.write(Sample(drawn.image, drawn.text, f"{drawn.text}_{drawn.number}.png", source))
            digests.add(drawn.digest)
            last = drawn.number
            yield drawn
    return last


def _check(order: Order) -> None:
    target, test = order.target.path, order.target.test_set().path
    if order.extend and not target.exists():
        raise DataError(
            f"{target} does not exist, so nothing can be added to it; write it with --output {target} first."
        )
    if order.test and test.exists():
        raise DataError(
            f"{test} exists already, and a test set is not replaced; leave --test out to keep it, or move it away."
        )
