"""The training loop: steps and averaged weights."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from captcha_core.errors import CaptchaLabError
from captcha_core.training.history import write_history
from captcha_core.training.phases import Phase
from captcha_core.training.ranks import Ranks
from captcha_core.training.state import Progress, save_state
from captcha_core.training.targets import counted, sequence_loss, with_end
from captcha_core.training.teacher import Teacher, distillation_loss
from captcha_core.training.validation import Check, Held, validate

_MAX_GRADIENT = 5.0
# Weight of the second opinion's loss: enough to learn from, not so much that the first one suffers.
_SECOND_SHARE = 0.5


class AveragedModel:
    """An exponential moving average of a model's weights and statistics (Polyak averaging).

    The first steps count more, so that the random start is forgotten soon.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        """Copy the model as it is."""
        self.module = copy.deepcopy(model).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def update(self, model: nn.Module, steps: int) -> None:
        """Move the average towards the model; ``steps`` is how many steps of the phase came before."""
        keep = min(self._decay, (1 + steps) / (10 + steps))
        for average, value in zip(self.module.state_dict().values(), model.state_dict().values(), strict=True):
            if average.is_floating_point():
                average.lerp_(value, 1 - keep)
            else:
                average.copy_(value)


@dataclass(frozen=True)
class TrainerSettings:
    """How a :class:`Trainer` takes its steps.

    Attributes:
        seed: Decides dropout at every step.
        check_every: Steps between checks.
        weight_decay: AdamW's.
        label_smoothing: See :func:`captcha_core.training.targets.sequence_loss`.
        autocast: Precision of the forward pass.
        keep_statistics: Leave the statistics of batch normalisation as they are: those of a few pictures of one kind
            would spoil them.
        accumulate: Parts of a batch that are computed one after the other, to need less memory.
    """

    seed: int
    check_every: int
    weight_decay: float
    label_smoothing: float
    autocast: torch.autocast
    keep_statistics: bool = False
    accumulate: int = 1


class Trainer:
    """Runs phases; writes ``best``, ``last``, the table, the curves and the state at every check."""

    def __init__(
        self,
        model: nn.Module,
        ema: AveragedModel,
        held: Held,
        folder: Path,
        progress: Progress,
        save: Callable[[Path, nn.Module, Check, int], None],
        settings: TrainerSettings,
        progress_bar: Callable[..., Any],
        teacher: Teacher | None = None,
        ranks: Ranks | None = None,
    ) -> None:
        """Keep the parts of a run.

        Args:
            model: What learns.
            ema: Its average, which is checked and kept.
            held: The held-out pictures.
            folder: Where results go.
            progress: Where the run stands.
            save: Writes a checkpoint, given a path, the averaged model, a check and the pictures seen.
            settings: How the steps are taken.
            progress_bar: Called as tqdm is.
            teacher: Whose readings are learned too when everything is free.
            ranks: The processes that train this model together; None is this one alone.
        """
        self.model, self.ema, self.held, self.folder, self.progress = model, ema, held, folder, progress
        self._save, self._settings, self._progress_bar = save, settings, progress_bar
        self._teacher, self._ranks = teacher, ranks or Ranks()
        self._totals: dict[str, float] = {}

    def optimizer(self) -> torch.optim.Optimizer:
        """Return AdamW over the parameters that are free; vectors (biases, norms) do not decay."""
        free = [p for p in self.model.parameters() if p.requires_grad]
        matrices, vectors = [p for p in free if p.dim() > 1], [p for p in free if p.dim() <= 1]
        groups: list[dict[str, Any]] = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
        return torch.optim.AdamW(groups, weight_decay=self._settings.weight_decay, fused=True)

    def run(self, phase: Phase, optimizer: torch.optim.Optimizer) -> None:
        """Take the steps of a phase that are not done yet.

        Raises:
            CaptchaLabError: If a batch has fewer pictures than ranks or parts, or the loss is no longer a number.
        """
        if self.progress.step >= phase.steps:
            return
        if self._ranks.fewest(phase.batch_size) < self._settings.accumulate:
            raise CaptchaLabError(
                f"--accumulate {self._settings.accumulate}: a batch of {phase.batch_size} on {self._ranks.count} ranks "
                "cannot be cut into so many parts; give a smaller number, or a larger --batch-size."
            )
        source = phase.batches(self.progress.step)
        losses: list[torch.Tensor] = []
        started = time.perf_counter()
        total, done = phase.steps * phase.batch_size, self.progress.step * phase.batch_size
        with self._progress_bar(total=total, initial=done, unit="picture", desc=phase.name, smoothing=0.05) as bar:
            while self.progress.step < phase.steps:
                inputs, targets = next(source)
                losses.append(self._step(phase, optimizer, inputs, targets))
                self.progress.step += 1
                bar.update(phase.batch_size)
                if self.progress.step % self._settings.check_every == 0 or self.progress.step == phase.steps:
                    mean = float(torch.stack(losses).mean())
                    if self._ranks.rank == 0:
                        row = self._check(phase, optimizer, mean, time.perf_counter() - started)
                        bar.set_postfix(loss=f"{mean:.3f}", exact=f"{row.exact_match:.1%}", cer=f"{row.cer:.1%}")
                    losses, started = [], time.perf_counter()

    def _step(self, phase: Phase, optimizer: torch.optim.Optimizer, inputs: Any, targets: torch.Tensor) -> torch.Tensor:
        step = self.progress.step
        for group in optimizer.param_groups:
            group["lr"] = phase.rate(step)
        # Dropout depends on the step alone, so a resumed run draws what the unbroken one would.
        torch.manual_seed(self._ranks.seed(hash((self._settings.seed, self.progress.phase, step)) % 2**31))
        self.model.train()
        if phase.name == "frozen":
            self.model.backbone.eval()  # type: ignore[union-attr]
        if self._settings.keep_statistics:
            for module in self.model.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        loss = self._backward(phase, inputs, targets)
        norm = nn.utils.clip_grad_norm_([p for p in self.model.parameters() if p.requires_grad], _MAX_GRADIENT)
        if not (torch.isfinite(loss) and torch.isfinite(norm)):
            kept = f" {self.folder} still holds the last good checkpoint." if self.progress.history else ""
            raise CaptchaLabError(
                f"The loss is {float(loss)} and its gradient {float(norm)} at step {step} of phase "
                f"{phase.name!r}. Lower --learning-rate.{kept}"
            )
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        self.ema.update(self.model, step)
        return self._ranks.total(loss)

    def _backward(self, phase: Phase, inputs: Any, targets: torch.Tensor) -> torch.Tensor:
        """Add the gradients of a batch, part by part, and return its loss."""
        self._totals.clear()
        count = self._settings.accumulate
        parts = zip(_cut(inputs, count), targets.tensor_split(count), strict=True)
        loss = torch.zeros((), device=targets.device)
        for number, (pictures, texts) in enumerate(parts, 1):
            with self._ranks.keeping_gradients(phase.forward) if number < count else nullcontext():
                with self._settings.autocast:
                    outputs = phase.forward(pictures)
                    known = self._teacher(pictures) if self._teacher and phase.name == "full" else None
                partial = self._loss(outputs, texts, targets)
                if known is not None:
                    first = outputs if isinstance(outputs, torch.Tensor) else outputs[0]
                    partial = partial + self._share(texts, targets, "ctc") * distillation_loss(first, known)
                partial.backward()
            loss += partial.detach()
        return loss

    def _loss(
        self, outputs: torch.Tensor | tuple[torch.Tensor, torch.Tensor], texts: torch.Tensor, batch: torch.Tensor
    ) -> torch.Tensor:
        """Return a part's share of the loss of its batch, and of that of a second opinion where the model has one."""
        if isinstance(outputs, torch.Tensor):
            return self._sequence_loss(outputs, texts, batch, self.held.scheme, self._settings.label_smoothing)
        first, second = outputs
        longer, whole = (with_end(targets, second.shape[2] - 1) for targets in (texts, batch))
        extra = self._sequence_loss(second, longer, whole, "positions", self._settings.label_smoothing)
        return self._sequence_loss(first, texts, batch, self.held.scheme) + _SECOND_SHARE * extra

    def _sequence_loss(
        self, logits: torch.Tensor, texts: torch.Tensor, batch: torch.Tensor, scheme: str, smoothing: float = 0.0
    ) -> torch.Tensor:
        return self._share(texts, batch, scheme) * sequence_loss(logits.float(), texts, scheme, smoothing)

    def _share(self, texts: torch.Tensor, batch: torch.Tensor, scheme: str) -> float:
        """Return what a part's mean counts, so that the mean of the ranks' losses is that over the whole batch."""
        if scheme not in self._totals:
            # Once per step: asking the other ranks costs more than the loss itself.
            self._totals[scheme] = self._ranks.sum(counted(batch, scheme))
        return counted(texts, scheme) * self._ranks.count / self._totals[scheme]

    def _check(self, phase: Phase, optimizer: torch.optim.Optimizer, train_loss: float, seconds: float) -> Check:
        check = validate(self.ema.module, self.held)
        seen = self._seen_before(phase) + self.progress.step * phase.batch_size
        self._save(self.folder / "last.safetensors", self.ema.module, check, seen)
        # On a thousand rows the share of exact texts is as much luck as merit; the loss tells more.
        score = (-check.loss, check.exact_match)
        if self.progress.best is None or score > self.progress.best:
            self.progress.best = score
            self._save(self.folder / "best.safetensors", self.ema.module, check, seen)
        self.progress.history.append(
            {
                "phase": phase.name,
                "step": self.progress.step,
                "pictures": seen,
                "learning_rate": phase.rate(self.progress.step - 1),
                "train_loss": train_loss,
                "val_loss": check.loss,
                "val_exact_match": check.exact_match,
                "val_cer": check.cer,
                "seconds": round(seconds, 1),
            }
        )
        write_history(self.progress.history, self.folder)
        save_state(self.folder / "state.safetensors", self.progress, self.model, self.ema.module, optimizer)
        return check

    def _seen_before(self, phase: Phase) -> int:
        """Return how many pictures earlier phases took."""
        earlier = [row["pictures"] for row in self.progress.history if row["phase"] != phase.name]
        return earlier[-1] if earlier else 0


def _cut(inputs: Any, count: int) -> Iterable[Any]:
    """Return the inputs of a batch, pictures or maps, in so many parts."""
    if isinstance(inputs, torch.Tensor):
        return inputs.tensor_split(count)
    return zip(*(maps.tensor_split(count) for maps in inputs), strict=True)
