"""One of the trainings of an adaptation: it learns from all pictures but a part, by which it is judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from captcha_core.adaptation.examples import Example, by_width
from captcha_core.adaptation.mixing import MixedSource
from captcha_core.adaptation.plan import Plan
from captcha_core.adaptation.reading import forward_all, held
from captcha_core.alphabet import Alphabet
from captcha_core.checkpoint import CheckpointMeta, load_checkpoint, save_checkpoint
from captcha_core.models import build_model, set_requires_grad
from captcha_core.recipes import get_recipe
from captcha_core.training.loop import AveragedModel, Trainer, TrainerSettings
from captcha_core.training.phases import Phase
from captcha_core.training.state import Progress, load_progress, load_state
from captcha_core.training.targets import encode_labels
from captcha_core.training.validation import Check, Held, read_held
from captcha_core.transforms import Preprocess

_WEIGHT_DECAY = 0.01
# Of a fold, so that it is known after which of them the held-out part was read best.
_CHECKS = 3
_STATE = "state.safetensors"


@dataclass(frozen=True)
class Start:
    """The model that learns.

    Attributes:
        tensors: Its weights.
        meta: Its description.
        transform: Its preprocessing.
    """

    tensors: dict[str, torch.Tensor]
    meta: CheckpointMeta
    transform: Preprocess

    @property
    def alphabet(self) -> Alphabet:
        """Its characters."""
        return Alphabet(self.meta.alphabet)

    def model(self) -> nn.Module:
        """Return the network, with these weights."""
        model = build_model(self.meta.arch, **self.meta.arch_args)
        model.load_state_dict(self.tensors)
        return model.to(memory_format=torch.channels_last)


@dataclass(frozen=True)
class Reading:
    """What a model says of examples.

    Attributes:
        examples: The pictures.
        scheme: How the logits are read.
        logits: Of each, (N, T, classes).
        second: Those of a second opinion, where the model has one.
    """

    examples: list[Example]
    scheme: str
    logits: torch.Tensor
    second: torch.Tensor | None


def fold_numbers(count: int, folds: int, seed: int) -> np.ndarray:
    """Return for every picture the number of the fold that does not learn from it; the folds are of like size."""
    return np.random.default_rng([seed, 7]).permutation(count) % folds


class Fold:
    """One training, with its own folder, from which it goes on after a break."""

    def __init__(
        self,
        start: Start,
        learned: Sequence[Example],
        judged: Sequence[Example],
        old: Sequence[Example],
        alike: Sequence[Example],
        plan: Plan,
        folder: Path,
        seed: int,
    ) -> None:
        """Prepare the training.

        Args:
            start: What learns.
            learned: Pictures of the new captcha to learn from.
            judged: Others of the same captcha, of which nothing is learned.
            old: Pictures such as the model has read before.
            alike: Drawn pictures that look like the new captcha.
            plan: How long it learns.
            folder: Where its results and its state go.
            seed: Where its randomness starts.
        """
        self._start, self._plan, self._folder, self._seed = start, plan, folder, seed
        self._model = start.model()
        self._steps = _time_steps(self._model, judged[0], start.transform)
        self._source = MixedSource(learned, old, alike, plan, start.transform, self._encode, seed)
        self._judged = by_width(judged)
        self._held = self._as_held(self._judged)

    @property
    def best(self) -> Path:
        """The checkpoint that read the held-out pictures best."""
        return self._folder / "best.safetensors"

    @property
    def pictures(self) -> int:
        """How many pictures the whole training takes."""
        return (self._plan.head_steps + self._plan.full_steps) * self._source.batch_size

    def train(self, progress_bar: Callable[..., Any]) -> None:
        """Take the steps that are not done yet."""
        state = self._folder / _STATE
        resumed = state.exists()
        progress = load_progress(state) if resumed else Progress()
        ema = AveragedModel(self._model, self._plan.ema_decay)
        trainer = self._trainer(ema, progress, progress_bar)
        for number, phase in enumerate(self._phases()):
            if number < progress.phase:
                continue
            set_requires_grad(self._model.backbone, number > 0)  # type: ignore[arg-type]
            optimizer = trainer.optimizer()
            if resumed:
                load_state(state, self._model, ema.module, optimizer)
                resumed = False
            trainer.run(phase, optimizer)
            if number == 0:
                progress.phase, progress.step = 1, 0

    def weights(self, share: float) -> dict[str, torch.Tensor]:
        """Return weights between those of the start (a share of 0) and the best ones of the training (1)."""
        learned, start = load_checkpoint(self.best)[0], self._start.tensors
        return {
            name: torch.lerp(start[name], value, share) if value.is_floating_point() else value
            for name, value in learned.items()
        }

    def read(self, share: float) -> Reading:
        """Read the held-out pictures with weights of a share."""
        return self.read_others(self._judged, share)

    def read_others(self, examples: Sequence[Example], share: float) -> Reading:
        """Read any pictures with weights of a share."""
        return read_examples(replace(self._start, tensors=self.weights(share)), examples)

    def _trainer(self, ema: AveragedModel, progress: Progress, progress_bar: Callable[..., Any]) -> Trainer:
        settings = TrainerSettings(
            seed=self._seed,
            check_every=-(-self._plan.full_steps // _CHECKS),
            weight_decay=_WEIGHT_DECAY,
            label_smoothing=0.0,
            autocast=torch.autocast("cpu", torch.bfloat16, enabled=get_recipe(self._start.meta.recipe).cpu_bfloat16),
            keep_statistics=True,
        )
        return Trainer(self._model, ema, self._held, self._folder, progress, self._save, settings, progress_bar)

    def _phases(self) -> list[Phase]:
        forward = forward_all(self._model)
        size, rate = self._source.batch_size, self._plan.learning_rate
        return [
            Phase("frozen", self._plan.head_steps, size, rate, self._source.batches, forward),
            # Its pictures come in another order than the head's.
            Phase("full", self._plan.full_steps, size, rate, self._later, forward),
        ]

    def _later(self, step: int) -> Any:
        return self._source.batches(step + self._plan.head_steps)

    def _as_held(self, examples: list[Example]) -> Held:
        targets = self._encode([example.label for example in examples])
        return held(examples, targets, self._start.transform, self._model, self._start.alphabet)

    def _encode(self, labels: list[str]) -> torch.Tensor:
        meta = self._start.meta
        return encode_labels(labels, self._start.alphabet, meta.max_length, str(self._model.scheme), self._steps)

    def _save(self, path: Path, model: nn.Module, check: Check, pictures: int) -> None:
        metrics = {"val_exact_match": check.exact_match, "val_cer": check.cer, "val_loss": check.loss}
        meta = replace(self._start.meta, temperature=check.temperature, metrics=metrics)
        save_checkpoint(path, model.state_dict(), meta)


@torch.inference_mode()
def read_examples(start: Start, examples: Sequence[Example]) -> Reading:
    """Read examples with a model as it is; the reading has them in the order of their widths."""
    model, ordered = start.model().eval(), by_width(examples)
    nothing = torch.zeros(len(ordered), 0)
    logits, second = read_held(model, held(ordered, nothing, start.transform, model, start.alphabet))
    return Reading(ordered, str(model.scheme), logits, second)


@torch.inference_mode()
def _time_steps(model: nn.Module, example: Example, transform: Preprocess) -> int:
    """Return how many time steps a model gives for a picture as wide as an example."""
    # In training mode the picture would go into the statistics.
    return int(model.eval()(transform.normalise(example.pixels[None])).shape[1])
