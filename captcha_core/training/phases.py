"""The two phases of training, each as a source of batches and a way to turn them into logits."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from captcha_core.augment import augment_batch
from captcha_core.data.parquet import ParquetRows
from captcha_core.errors import CaptchaLabError
from captcha_core.generator.mixture import Mixture
from captcha_core.training.dataset import PictureRows, batches, epoch_order, mixed_order
from captcha_core.training.ranks import Ranks
from captcha_core.transforms import Preprocess

# The head has few parameters and needs no more rows than this to learn to read frozen features.
FROZEN_ROWS = 4096
# Batches of drawn pictures, which have all widths, that are opened together and sorted.
_TOGETHER = 4

Batch = tuple[Any, torch.Tensor]


@dataclass
class Phase:
    """One stretch of training.

    Attributes:
        name: ``frozen`` or ``full``.
        steps: How many steps it takes.
        batch_size: Pictures per step.
        learning_rate: Peak of its schedule.
        batches: Given a step, yields the inputs and targets of that step and all later ones.
        forward: Turns inputs into logits (B, T, classes), or into two of them, the second a second opinion's.
    """

    name: str
    steps: int
    batch_size: int
    learning_rate: float
    batches: Callable[[int], Iterator[Batch]]
    forward: Callable[[Any], torch.Tensor | tuple[torch.Tensor, torch.Tensor]]

    def rate(self, step: int) -> float:
        """Return the learning rate of a step: linear warm-up over 3% of the steps, then a cosine to 1% of the peak."""
        warm_up = min(500, max(1, round(0.03 * self.steps)))
        if step < warm_up:
            return self.learning_rate * (step + 1) / warm_up
        done = (step - warm_up) / max(1, self.steps - warm_up)
        return self.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


class PictureSource:
    """Augmented, normalised batches of pictures, the same for the same seed and step."""

    def __init__(
        self,
        rows: ParquetRows,
        chosen: np.ndarray,
        encode: Callable[[list[str]], torch.Tensor],
        transform: Preprocess,
        batch_size: int,
        seed: int,
        workers: int,
        device: torch.device,
        augmented: float,
        ranks: Ranks,
    ) -> None:
        """Keep what a batch is made from: ``chosen`` row numbers, of which a share of ``augmented`` is changed."""
        self._ranks = ranks
        self._rows, self._chosen, self._encode, self._transform = rows, chosen, encode, transform
        self._seed, self._workers, self._device, self._augmented = seed, workers, device, augmented
        self.batch_size = min(batch_size, len(chosen))
        self.steps_per_epoch = len(chosen) // self.batch_size
        self._pictures = PictureRows(rows, transform)
        self._mixed: np.ndarray | None = None
        self._together = 1

    def add_drawn(self, drawn: Mixture, count: int, epochs: int) -> None:
        """Make it all one epoch: the rows so many times, and evenly among them so many pictures drawn once each."""
        orders = [epoch_order(self._rows, self._chosen, self._seed, epoch) for epoch in range(epochs)]
        numbers = np.arange(len(self._rows), len(self._rows) + count)
        self._mixed = mixed_order(np.concatenate([numbers[:0], *orders]), numbers, self._seed)
        self._pictures = PictureRows(self._rows, self._transform, drawn)
        self.steps_per_epoch = len(self._mixed) // self.batch_size
        self._together = _TOGETHER

    def batches(self, step: int) -> Iterator[Batch]:
        """Yield inputs (B, C, H, W) and targets of a step and all later ones, without end.

        The rows that are left when an epoch does not divide into batches wait for the next, which is shuffled anew.
        """
        while True:
            epoch, start = divmod(step, self.steps_per_epoch)
            order = self._order(epoch)[: self.steps_per_epoch * self.batch_size]
            order, size = self._ranks.share(order, self.batch_size), self._ranks.own(self.batch_size)
            for pixels, labels in batches(self._pictures, order, size, self._workers, start, self._together):
                generator = torch.Generator().manual_seed(self._ranks.seed(self._seed * 1_000_003 + step))
                inputs = augment_batch(pixels.to(self._device), generator, self._augmented)
                inputs = self._transform.normalise(inputs)
                yield inputs.contiguous(memory_format=torch.channels_last), self._encode(labels).to(self._device)
                step += 1

    def _order(self, epoch: int) -> np.ndarray:
        if self._mixed is not None:
            return self._mixed
        return epoch_order(self._rows, self._chosen, self._seed, epoch)


class FeatureSource:
    """The frozen backbone's maps of plain pictures, computed once and kept on disk as float16."""

    def __init__(
        self, folder: Path, targets: torch.Tensor, batch_size: int, seed: int, device: torch.device, ranks: Ranks
    ) -> None:
        """Keep where the maps lie; :meth:`fill` makes them."""
        self._folder, self._targets, self._seed, self._device = folder, targets, seed, device
        self._ranks = ranks
        self.batch_size = min(batch_size, len(targets))
        self.steps_per_epoch = len(targets) // self.batch_size
        self._maps: list[np.memmap[Any, Any]] = []

    def fill(self, features: Callable[[torch.Tensor], list[torch.Tensor]], pixels: Iterator[torch.Tensor]) -> None:
        """Run the backbone over all pictures.

        Args:
            features: Turns normalised pictures (B, C, H, W) into maps.
            pixels: Batches of normalised pictures, in the order of the targets.

        Raises:
            CaptchaLabError: If the disk has no room for them; then none is left there.
        """
        if self._ranks.rank == 0:
            try:
                self._compute(features, pixels)
            except BaseException:
                self.remove()
                raise
        self._ranks.wait()
        paths = sorted(self._folder.glob("features_*.npy"))
        self._maps = [np.load(path, mmap_mode="r") for path in paths]

    def _compute(self, features: Callable[[torch.Tensor], list[torch.Tensor]], pixels: Iterator[torch.Tensor]) -> None:
        made: list[np.memmap[Any, Any]] = []
        start = 0
        for inputs in pixels:
            maps = [m.to("cpu", torch.float16).numpy() for m in features(inputs.to(self._device))]
            if not made:
                made = [self._allocate(i, m.shape[1:]) for i, m in enumerate(maps)]
            for cache, values in zip(made, maps, strict=True):
                cache[start : start + len(values)] = values
            start += len(inputs)
        for cache in made:
            cache.flush()

    def batches(self, step: int) -> Iterator[Batch]:
        """Yield maps and targets of a step and all later ones, without end."""
        while True:
            epoch, start = divmod(step, self.steps_per_epoch)
            order = np.random.default_rng([self._seed, 3, epoch]).permutation(len(self._targets))
            for position in range(start, self.steps_per_epoch):
                numbers = np.sort(order[position * self.batch_size : (position + 1) * self.batch_size])
                numbers = self._ranks.share(numbers, self.batch_size)
                maps = [torch.from_numpy(cache[numbers]).float().to(self._device) for cache in self._maps]
                yield maps, self._targets[numbers].to(self._device)
                step += 1

    def remove(self) -> None:
        """Delete the maps from the disk."""
        self._maps = []
        if self._ranks.rank == 0:
            for path in self._folder.glob("features_*.npy"):
                path.unlink()

    def _allocate(self, number: int, shape: tuple[int, ...]) -> np.memmap[Any, Any]:
        path = self._folder / f"features_{number}.npy"
        try:
            maps = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=(len(self._targets), *shape))
            if hasattr(os, "posix_fallocate"):
                # Reserved now: writing into mapped memory on a full disk would end the process without a word.
                with path.open("r+b") as file:
                    os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError as error:
            raise CaptchaLabError(
                f"Cannot write {path}: {error.strerror or error}. The frozen phase keeps its features there; free some "
                "space, or leave the phase out with --frozen-epochs 0."
            ) from error
        return maps
