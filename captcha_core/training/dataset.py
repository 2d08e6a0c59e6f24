"""Batches for training: which rows in which order is a function of seed and epoch alone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from captcha_core.data.parquet import ParquetRows
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError, DataError, ImageError
from captcha_core.imaging import load_image
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


class PictureRows(Dataset[torch.Tensor | DataError]):
    """Rows as uint8 pixels (C, H, W); row groups that were just used stay in memory, still encoded.

    A row that cannot be opened comes as the error that says why: raised in a worker process it would reach the
    user with that process's stack trace in its text.
    """

    def __init__(self, rows: ParquetRows, transform: Preprocess) -> None:
        """Keep where the rows are and how a picture becomes pixels."""
        self._rows = rows
        self._transform = transform
        self._starts = np.array([start for start, _ in rows.row_groups])
        self._groups: OrderedDict[int, list[Sample]] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def __getitem__(self, row: int) -> torch.Tensor | DataError:
        """Open one picture."""
        group = int(np.searchsorted(self._starts, row, side="right")) - 1
        sample = self._group(group)[row - int(self._starts[group])]
        try:
            return self._transform.pixels(load_image(sample.image, sample.path))
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
    pictures: PictureRows, order: np.ndarray, batch_size: int, workers: int = 0, start: int = 0
) -> Iterator[tuple[np.ndarray, torch.Tensor]]:
    """Yield row numbers and pixels (B, C, H, W) of the batches from number ``start`` on.

    Args:
        pictures: Where the pictures come from.
        order: Row numbers in order.
        batch_size: Rows per batch; the last may have fewer.
        workers: Processes that open pictures; 0 means this one.
        start: Batches to pass over without opening anything.

    Raises:
        DataError: If a picture cannot be read.
    """
    plan = [order[i : i + batch_size] for i in range(start * batch_size, len(order), batch_size)]
    options: dict[str, object] = {"multiprocessing_context": "spawn", "prefetch_factor": 4} if workers else {}
    sampler = [b.tolist() for b in plan]
    loader = DataLoader(pictures, batch_sampler=sampler, num_workers=workers, collate_fn=_collate, **options)  # type: ignore[arg-type]
    for numbers, pixels in zip(plan, loader, strict=True):
        if isinstance(pixels, DataError):
            raise pixels
        yield numbers, pixels


def _collate(rows: list[torch.Tensor | DataError]) -> torch.Tensor | DataError:
    """Return the batch, or the first error in it."""
    return next((row for row in rows if isinstance(row, DataError)), None) or stack_padded(rows)  # type: ignore[arg-type]


def stack_padded(pictures: list[torch.Tensor]) -> torch.Tensor:
    """Stack uint8 pictures (C, H, W), each centred in the largest height and width, on white."""
    height, width = (max(p.shape[axis] for p in pictures) for axis in (1, 2))
    stacked = torch.full((len(pictures), pictures[0].shape[0], height, width), 255, dtype=torch.uint8)
    for canvas, picture in zip(stacked, pictures, strict=True):
        top, left = (height - picture.shape[1]) // 2, (width - picture.shape[2]) // 2
        canvas[:, top : top + picture.shape[1], left : left + picture.shape[2]] = picture
    return stacked
