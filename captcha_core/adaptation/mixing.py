"""Batches of new pictures, drawn ones like them, and such as the model has read before; the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from captcha_core.adaptation.examples import Example, by_width
from captcha_core.adaptation.plan import Plan
from captcha_core.augment import augment_batch
from captcha_core.training.dataset import stack
from captcha_core.transforms import Preprocess

MixedBatch = tuple[list[torch.Tensor], torch.Tensor]
"""Normalised pictures, (B, C, H, W) of each width, and their targets in the same order."""


class MixedSource:
    """Draws the batches of all steps."""

    def __init__(
        self,
        new: Sequence[Example],
        old: Sequence[Example],
        alike: Sequence[Example],
        plan: Plan,
        transform: Preprocess,
        encode: Callable[[list[str]], torch.Tensor],
        seed: int,
    ) -> None:
        """Keep the pictures; ``encode`` turns labels into targets. All but ``new`` may be empty."""
        given = [(new, plan.new), (by_width(old), plan.old), (by_width(alike), plan.alike)]
        self._groups = [(group, min(size, len(group))) for group, size in given]
        self._plan, self._transform, self._encode, self._seed = plan, transform, encode, seed

    @property
    def batch_size(self) -> int:
        """How many pictures a step has."""
        return sum(size for _, size in self._groups)

    def batches(self, step: int) -> Iterator[MixedBatch]:
        """Yield the batch of a step and all later ones, without end."""
        while True:
            generator = torch.Generator().manual_seed(self._seed * 1_000_003 + step)
            inputs, labels = [], []
            for number, (group, size) in enumerate(self._groups):
                if not size:
                    continue
                chosen = [group[i] for i in self._chosen(number, len(group), size, step)]
                pixels = augment_batch(stack([e.pixels for e in chosen]), generator, self._plan.augment)
                inputs.append(self._transform.normalise(pixels).contiguous(memory_format=torch.channels_last))
                labels += [e.label for e in chosen]
            yield inputs, self._encode(labels)
            step += 1

    def _chosen(self, group: int, count: int, size: int, step: int) -> np.ndarray:
        """Return which of a group's pictures a step has: each once per pass, neighbours together in the others.

        Those are sorted by width, and pictures of a batch are stretched to one.
        """
        blocks = count // size
        epoch, position = divmod(step, blocks)
        rng = np.random.default_rng([self._seed, 6, group, epoch])
        if group == 0:
            return rng.permutation(count)[position * size : (position + 1) * size]
        # Where the blocks begin changes from pass to pass, so that the last pictures come too.
        start = int(rng.integers(count % size + 1)) + int(rng.permutation(blocks)[position]) * size
        return np.arange(start, start + size)
