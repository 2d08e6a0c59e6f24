"""Several processes that train one model together, through Accelerate; without ``accelerate launch`` there is one.

The ranks share every batch: each reads its own rows of it, and losses and gradients are weighted so that they are those
of the whole batch. Normalisation takes the statistics of the whole batch too. So a run has the same losses whatever the
number of ranks, but for the order of the sums, and for augmentation, dropout and the widths of pictures, which a rank
draws and chooses for its own rows.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import nn

from captcha_core.errors import CaptchaLabError

# What the launchers of Accelerate and torch tell the processes that they start.
_LAUNCHED = ("ACCELERATE_MIXED_PRECISION", "TORCHELASTIC_RUN_ID")


class Ranks:
    """One process by itself.

    Attributes:
        rank: The number of this process, from 0; number 0 alone writes.
        count: How many there are.
        restarted: Whether the launcher started them again after one had died.
    """

    rank = 0
    count = 1
    restarted = False

    def seed(self, seed: int) -> int:
        """Return a seed of this rank's own, which is the given one for rank 0."""
        return seed + self.rank * 1_000_000_007

    def device(self, name: str) -> torch.device:
        """Return where this process computes.

        Args:
            name: As in :class:`captcha_core.training.options.TrainOptions`.

        Raises:
            CaptchaLabError: If there is no such device.
        """
        if name == "cuda" and not torch.cuda.is_available():
            raise CaptchaLabError("--device cuda: no CUDA device can be used here; give --device cpu.")
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        return torch.device(name)

    def bfloat16(self, recipe: bool) -> bool:
        """Return whether to compute in bf16, given what the recipe says."""
        return recipe

    def share(self, order: np.ndarray, batch_size: int) -> np.ndarray:
        """Return this rank's rows of an order of whole batches."""
        return order

    def own(self, batch_size: int) -> int:
        """Return how many rows of a batch are this rank's."""
        return batch_size

    def fewest(self, batch_size: int) -> int:
        """Return how many rows of a batch the rank with the fewest has.

        Raises:
            CaptchaLabError: If it has none.
        """
        return batch_size

    def normalise_together(self, model: nn.Module) -> None:
        """Let batch normalisation take its statistics from all ranks."""

    def wrapped(self, model: nn.Module, forward: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return the forward pass, whose gradients are then the mean of those of all ranks."""
        return forward

    def sum(self, value: int) -> float:
        """Return the sum of a number of every rank's."""
        return value

    def keeping_gradients(self, forward: Any) -> AbstractContextManager[Any]:
        """Return a block in which gradients are not shared yet."""
        return nullcontext()

    def total(self, loss: torch.Tensor) -> torch.Tensor:
        """Return the mean of the ranks' losses."""
        return loss

    def wait(self) -> None:
        """Wait for all ranks."""


class AcceleratedRanks(Ranks):
    """Processes that ``accelerate launch`` or ``torchrun`` started."""

    def __init__(self, device: str) -> None:
        """Join the others.

        Args:
            device: As in :class:`captcha_core.training.options.TrainOptions`.

        Raises:
            CaptchaLabError: If Accelerate is not installed, or the precision is none that training has.
        """
        try:
            from accelerate import Accelerator
        except ImportError as error:
            raise CaptchaLabError(
                "Several processes train through Accelerate: pip install -r requirements-cluster.txt -c constraints.txt"
            ) from error
        self.restarted = int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0)) > 0
        if self.restarted:
            _meet_anew(device)
        self._accelerator = Accelerator(cpu=device == "cpu")
        if self._accelerator.mixed_precision not in ("no", "bf16"):
            raise CaptchaLabError(
                f"--mixed_precision {self._accelerator.mixed_precision}: training has bf16, which needs no scaling of "
                "the loss, and no; give one of them."
            )
        self.rank, self.count = self._accelerator.process_index, self._accelerator.num_processes

    def device(self, name: str) -> torch.device:
        """Return the rank's own."""
        return torch.device(self._accelerator.device)

    def bfloat16(self, recipe: bool) -> bool:
        """Return what accelerate launch was told; torchrun does not ask."""
        if "ACCELERATE_MIXED_PRECISION" not in os.environ:
            return recipe
        return bool(self._accelerator.mixed_precision == "bf16")

    def share(self, order: np.ndarray, batch_size: int) -> np.ndarray:
        """Return every ``count``-th row of each batch."""
        return order.reshape(-1, batch_size)[:, self.rank :: self.count].ravel()

    def own(self, batch_size: int) -> int:
        """Return how many rows of a batch are this rank's."""
        return len(range(self.rank, batch_size, self.count))

    def fewest(self, batch_size: int) -> int:
        """Return how many rows of a batch the rank with the fewest has.

        Raises:
            CaptchaLabError: If it has none.
        """
        if batch_size < self.count:
            raise CaptchaLabError(f"{self.count} ranks cannot share a batch of {batch_size}; raise --batch-size.")
        return batch_size // self.count

    def normalise_together(self, model: nn.Module) -> None:
        """Put :class:`SharedBatchNorm` in the place of every batch normalisation."""
        if self.count == 1:
            return
        for module in model.modules():
            if type(module) is nn.BatchNorm2d:
                module.__class__ = SharedBatchNorm

    def wrapped(self, model: nn.Module, forward: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return the forward pass in torch's DistributedDataParallel."""
        prepared: Callable[[Any], Any] = self._accelerator.prepare_model(_Forward(model, forward))
        return prepared

    def sum(self, value: int) -> float:
        """Return the sum over the ranks."""
        own = torch.tensor(float(value), device=self._accelerator.device)
        return float(self._accelerator.reduce(own, "sum"))

    def keeping_gradients(self, forward: Any) -> AbstractContextManager[Any]:
        """Return a block in which DistributedDataParallel only adds up what this rank has."""
        block: AbstractContextManager[Any] = self._accelerator.no_sync(forward)
        return block

    def total(self, loss: torch.Tensor) -> torch.Tensor:
        """Return the mean over the ranks."""
        reduced: torch.Tensor = self._accelerator.reduce(loss, "mean")
        return reduced

    def wait(self) -> None:
        """Wait for all ranks."""
        self._accelerator.wait_for_everyone()


def joined_ranks(device: str) -> Ranks:
    """Return the ranks that a launcher started, or this process by itself.

    Raises:
        CaptchaLabError: As :class:`AcceleratedRanks`.
    """
    return AcceleratedRanks(device) if any(name in os.environ for name in _LAUNCHED) else Ranks()


def _meet_anew(device: str) -> None:
    """Join the ranks that were started again.

    The launcher's store still has the addresses of those that died, and a rank that is early would look for the others
    there; so every start has keys of its own.
    """
    given = os.environ
    store = torch.distributed.TCPStore(  # type: ignore[attr-defined]
        given["MASTER_ADDR"], int(given["MASTER_PORT"]), is_master=False
    )
    torch.distributed.init_process_group(
        "nccl" if device != "cpu" and torch.cuda.is_available() else "gloo",
        store=torch.distributed.PrefixStore(  # type: ignore[attr-defined]
            f"start {given['TORCHELASTIC_RESTART_COUNT']}", store
        ),
        rank=int(given["RANK"]),
        world_size=int(given["WORLD_SIZE"]),
    )


class SharedBatchNorm(nn.BatchNorm2d):
    """Batch normalisation by the statistics of all ranks, as torch's SyncBatchNorm does, which CPUs have not."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Normalise (B, C, H, W)."""
        if not self.training:
            return super().forward(input)
        values = input.float()
        rows = values.new_tensor([values.numel() / values.shape[1]])
        sums = _Sum.apply(torch.cat([values.sum((0, 2, 3)), rows]))
        count, mean = sums[-1], sums[:-1] / sums[-1]
        centred = values - mean[:, None, None]
        variance = _Sum.apply(centred.square().sum((0, 2, 3))) / count
        self._remember(mean.detach(), (variance * count / (count - 1)).detach())
        normalised = centred * (variance + self.eps).rsqrt()[:, None, None]
        if self.affine:
            normalised = normalised * self.weight[:, None, None] + self.bias[:, None, None]
        return normalised.to(input.dtype)

    def _remember(self, mean: torch.Tensor, variance: torch.Tensor) -> None:
        """Move the statistics for reading towards those of this batch."""
        assert self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        share = 1.0 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


class _Sum(torch.autograd.Function):
    """The sum over all ranks, of values and of gradients."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor) -> torch.Tensor:
        total = values.clone()
        torch.distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        total = gradients[0].clone(memory_format=torch.contiguous_format)
        torch.distributed.all_reduce(total)
        return total


class _Forward(nn.Module):
    """A forward pass as a module, which is what gradients are averaged for."""

    def __init__(self, model: nn.Module, forward: Callable[[Any], Any]) -> None:
        super().__init__()
        self.model = model
        # Not as an attribute that torch would take for a module of its own: a head is one already.
        self._pass = (forward,)

    def forward(self, inputs: Any) -> Any:
        return self._pass[0](inputs)
