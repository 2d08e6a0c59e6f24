"""Batches for training: which rows in which order is a function of seed and epoch alone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, Sampler

from captcha_core.data.parquet import ParquetRows
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError, DataError, ImageError
from captcha_core.generator.mixture import Mixture
from captcha_core.imaging import load_image
from captcha_core.training.state import Progress
from captcha_core.transforms import Preprocess

# Row groups whose rows are mixed with one another; these are held in memory, still encoded.
_WINDOW = 16


@dataclass(frozen=True)
class Split:
    """Row numbers to learn from and row numbers held out."""

    train: np.ndarray
    validation: np.ndarray


def hold_out(origins: list[int], validation: int, seed: int) -> Split:
    """Choose rows for validation at random, at most a fifth of all.

    Rows of one origin stay together, so that a picture in a file that is named twice, to give it more weight, is
    never both learned from and held out.

    Args:
        origins: Which picture each row is.
        validation: How many rows are wanted.
        seed: Decides which.

    Raises:
        CaptchaLabError: If there are fewer than ten pictures.
    """
    pictures, groups, sizes = np.unique(np.array(origins), return_inverse=True, return_counts=True)
    if len(pictures) < 10:
        raise CaptchaLabError(f"There are only {len(pictures)} labelled pictures; training needs at least 10.")
    order = np.random.default_rng([seed, 1]).permutation(len(pictures))
    wanted = min(validation, len(origins) // 5)
    count = max(1, int(np.searchsorted(np.cumsum(sizes[order]), wanted, side="right")))
    held = np.isin(groups, order[:count])
    return Split(np.nonzero(~held)[0], np.nonzero(held)[0])


def hold_out_files(origins: list[int], counts: list[int], kept: int, validation: int, seed: int) -> Split:
    """Learn from all rows of the first files, and choose rows for validation at random from the others.

    Args:
        origins: Which picture each row is.
        counts: How many rows each file has.
        kept: How many files are learned from.
        validation: How many rows are wanted.
        seed: Decides which.

    Raises:
        CaptchaLabError: If a picture is in both.
    """
    border = sum(counts[:kept])
    if set(origins[:border]) & set(origins[border:]):
        raise CaptchaLabError("A file of --data is also one of --validation-data; name it once.")
    order = np.random.default_rng([seed, 1]).permutation(len(origins) - border)[:validation]
    return Split(np.arange(border), np.sort(order) + border)


def epoch_order(rows: ParquetRows, chosen: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """Return the chosen rows shuffled so that reading them needs few row groups at a time.

    Row groups come in random order; rows are mixed within windows of ``_WINDOW`` of them.
    """
    rng = np.random.default_rng([seed, 2, epoch])
    is_chosen = np.zeros(len(rows), bool)
    is_chosen[chosen] = True
    groups = [np.arange(*rows.row_groups[g]) for g in rng.permutation(len(rows.row_groups))]
    windows = [np.concatenate(groups[i : i + _WINDOW]) for i in range(0, len(groups), _WINDOW)]
    return np.concatenate([rng.permutation(window[is_chosen[window]]) for window in windows])


def mixed_order(order: np.ndarray, drawn: np.ndarray, seed: int) -> np.ndarray:
    """Return two orders merged evenly; each keeps its own sequence.

    Args:
        order: Numbers of rows.
        drawn: Numbers of pictures that are drawn while training.
        seed: Decides where exactly they meet.
    """
    rng = np.random.default_rng([seed, 5])
    keys = [(np.arange(len(part)) + rng.random(len(part))) / max(1, len(part)) for part in (order, drawn)]
    return np.concatenate([order, drawn])[np.argsort(np.concatenate(keys), kind="stable")]


class Opened(NamedTuple):
    """A picture as uint8 pixels (C, H, W), and its text."""

    pixels: torch.Tensor
    label: str


class Batch(NamedTuple):
    """Pictures as uint8 pixels (B, C, H, W), and their texts."""

    pixels: torch.Tensor
    labels: list[str]


class PictureRows(Dataset[Opened | DataError]):
    """Rows of files, and after the last one pictures that are drawn when they are asked for.

    Row groups that were just used stay in memory, still encoded. A row that cannot be opened comes as the error that
    says why: raised in a worker process it would reach the user with that process's stack trace in its text.
    """

    def __init__(self, rows: ParquetRows, transform: Preprocess, drawn: Mixture | None = None) -> None:
        """Keep where the rows are, how a picture becomes pixels, and what draws the numbers from ``len(rows)`` on."""
        self._rows = rows
        self._transform = transform
        self._drawn = drawn
        self._starts = np.array([start for start, _ in rows.row_groups])
        self._groups: OrderedDict[int, list[Sample]] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of rows in files."""
        return len(self._rows)

    def __getitem__(self, row: int) -> Opened | DataError:
        """Open one picture, or draw it."""
        if self._drawn is not None and row >= len(self._rows):
            captcha = self._drawn.draw(row - len(self._rows))
            return Opened(self._transform.pixels(captcha.image), captcha.text)
        group = int(np.searchsorted(self._starts, row, side="right")) - 1
        sample = self._group(group)[row - int(self._starts[group])]
        try:
            return Opened(self._transform.pixels(load_image(sample.image, sample.path)), sample.label)
        except ImageError as error:
            return DataError(f"Row {row} cannot be learned from: {error} make_dataset.py leaves such rows out.")

    def _group(self, index: int) -> list[Sample]:
        if index in self._groups:
            self._groups.move_to_end(index)
        else:
            self._groups[index] = self._rows.read_group(index)
            if len(self._groups) > _WINDOW + 1:
                self._groups.popitem(last=False)
        return self._groups[index]


def batches(
    pictures: PictureRows, order: np.ndarray, batch_size: int, workers: int = 0, start: int = 0, together: int = 1
) -> Iterator[Batch]:
    """Yield the batches from number ``start`` on.

    Args:
        pictures: Where the pictures come from.
        order: Row numbers in order.
        batch_size: Rows per batch; the last may have fewer.
        workers: Processes that open pictures; 0 means this one.
        start: Batches to pass over; of those opened with the first wanted one, ``together - 1`` at most are opened.
        together: Batches that are opened together and sorted by their pictures' widths, so that those of a batch are
            of like size.

    Raises:
        DataError: If a picture cannot be read.
    """
    size = batch_size * together
    sampler = _Plan(order, size, start // together)
    options: dict[str, object] = {"multiprocessing_context": "spawn", "prefetch_factor": 4} if workers else {}
    collate = partial(_collate, batch_size=batch_size)
    loader = DataLoader(pictures, batch_sampler=sampler, num_workers=workers, collate_fn=collate, **options)  # type: ignore[arg-type]
    passed = start % together
    for found in loader:
        if isinstance(found, DataError):
            raise found
        yield from found[passed:]
        passed = 0


class _Plan(Sampler[list[int]]):
    """Rows in groups of one size; as objects only when they are asked for, since there may be millions."""

    def __init__(self, order: np.ndarray, size: int, start: int) -> None:
        self._order, self._size, self._start = order, size, start

    def __len__(self) -> int:
        return -(-len(self._order) // self._size) - self._start

    def __iter__(self) -> Iterator[list[int]]:
        for first in range(self._start * self._size, len(self._order), self._size):
            yield self._order[first : first + self._size].tolist()


def _collate(rows: list[Opened | DataError], batch_size: int) -> list[Batch] | DataError:
    """Return the batches, or the first error in them."""
    opened = []
    for row in rows:
        if isinstance(row, DataError):
            return row
        opened.append(row)
    if len(opened) > batch_size:
        opened.sort(key=lambda row: row.pixels.shape[2])
    parts = [opened[i : i + batch_size] for i in range(0, len(opened), batch_size)]
    if len(parts) > 1:
        # From narrow to wide every time would be a rhythm; which comes when depends on the pictures alone.
        parts = parts[::2] + parts[1::2]
    return [Batch(stack([row.pixels for row in part]), [row.label for row in part]) for part in parts]


@contextmanager
def lost_worker_explained(progress: Progress, folder: Path) -> Iterator[None]:
    """Say in a sentence that a process which opens pictures was ended from outside.

    Args:
        progress: Where the run stands.
        folder: Where it can be continued.

    Raises:
        CaptchaLabError: If one was.
    """
    try:
        yield
    except RuntimeError as error:
        # PyTorch's handler of SIGCHLD raises this wherever the program is at that moment.
        if "DataLoader worker" not in str(error):
            raise
        raise CaptchaLabError(
            f"A process that opens pictures was ended from outside after step {progress.step} of phase "
            f"{progress.phase}, perhaps for want of memory. Continue with --resume {folder}; if it happens again, "
            "start with fewer --workers."
        ) from error


def stack(pictures: list[torch.Tensor]) -> torch.Tensor:
    """Stack uint8 pictures (C, H, W).

    Pictures of one height are stretched to their mean width, in multiples of 16 pixels; they are sorted by width where
    that matters, so that this changes little. Others are each centred in the largest height and width, on white.
    """
    heights, widths = {p.shape[1] for p in pictures}, {p.shape[2] for p in pictures}
    if len(heights) == len(widths) == 1:
        return torch.stack(pictures)
    if len(heights) > 1:
        return stack_padded(pictures)
    width = max(16, round(sum(p.shape[2] for p in pictures) / len(pictures) / 16) * 16)
    return torch.stack([_stretched(p, width) for p in pictures])


def _stretched(picture: torch.Tensor, width: int) -> torch.Tensor:
    if picture.shape[2] == width:
        return picture
    return F.interpolate(picture[None], (picture.shape[1], width), mode="bilinear", antialias=True)[0]


def stack_padded(pictures: list[torch.Tensor]) -> torch.Tensor:
    """Stack uint8 pictures (C, H, W), each centred in the largest height and width, on white."""
    height, width = (max(p.shape[axis] for p in pictures) for axis in (1, 2))
    stacked = torch.full((len(pictures), pictures[0].shape[0], height, width), 255, dtype=torch.uint8)
    for canvas, picture in zip(stacked, pictures, strict=True):
        top, left = (height - picture.shape[1]) // 2, (width - picture.shape[2]) // 2
        canvas[:, top : top + picture.shape[1], left : left + picture.shape[2]] = picture
    return stacked
