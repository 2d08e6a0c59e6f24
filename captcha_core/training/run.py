"""One training run from options to checkpoints."""

from __future__ import annotations

import logging
import platform
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from captcha_core.alphabet import Alphabet
from captcha_core.checkpoint import CheckpointMeta, save_checkpoint
from captcha_core.data.parquet import ParquetRows
from captcha_core.errors import CaptchaLabError
from captcha_core.generator.mixture import Mixture, general_mixture
from captcha_core.models import build_model, set_requires_grad
from captcha_core.recipes import Recipe, get_recipe
from captcha_core.training.dataset import (
    PictureRows,
    Split,
    batches,
    hold_out,
    hold_out_files,
    lost_worker_explained,
    stack,
)
from captcha_core.training.initial import Start, initialise
from captcha_core.training.loop import AveragedModel, Trainer, TrainerSettings
from captcha_core.training.options import TrainOptions
from captcha_core.training.phases import FROZEN_ROWS, FeatureSource, Phase, PictureSource
from captcha_core.training.ranks import Ranks, joined_ranks
from captcha_core.training.state import Progress, load_progress, load_state
from captcha_core.training.targets import encode_labels
from captcha_core.training.teacher import Teacher, load_teacher
from captcha_core.training.validation import Check, Held
from captcha_core.transforms import build_transform

logger = logging.getLogger(__name__)


def train_model(options: TrainOptions, progress_bar: Callable[..., Any], resume: bool = False) -> Path:
    """Train a recogniser.

    The folder ``options.output`` receives ``best.safetensors`` (chosen on held-out rows of the training data),
    ``last.safetensors``, ``metrics.csv``, ``curves.png``, ``options.json`` and ``state.safetensors``.

    Args:
        options: What to train on what.
        progress_bar: Called as tqdm is.
        resume: Continue the run in ``options.output``; the losses are the same to the bit as without the break.

    Returns:
        Path of the best checkpoint.

    Raises:
        CaptchaLabError: If data, start or options cannot be used, the loss is no longer a number, or a process that
            opens pictures is ended from outside.
    """
    folder = Path(options.output)
    state = folder / "state.safetensors"
    ranks = joined_ranks(options.device)
    if state.exists() and not (resume or ranks.restarted):
        raise CaptchaLabError(
            f"{folder} holds a run already; continue it with --resume {folder} or name another --output."
        )
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    progress = load_progress(state) if state.exists() else None
    if resume and progress is None:
        logger.info("%s was stopped before its first check; it starts from the beginning.", folder)
    if ranks.rank:
        logger.setLevel(logging.WARNING)
        progress_bar = partial(progress_bar, disable=True)
    run = _Run(options, progress, ranks)
    if ranks.rank == 0:
        options.save(folder / "options.json")
    with lost_worker_explained(run.progress, folder):
        run.train(folder, state, progress_bar)
    ranks.wait()
    return folder / "best.safetensors"


class _Run:
    """Everything that the options stand for."""

    def __init__(self, options: TrainOptions, progress: Progress | None, ranks: Ranks) -> None:
        self.options, self.ranks = options, ranks
        self.recipe: Recipe = get_recipe(options.recipe)
        self.alphabet = Alphabet.named(str(options.alphabet))
        self.max_length = int(options.max_length or 0)
        self.rows = ParquetRows(
            [*options.data, *options.validation_data],
            image_column=options.image_column,
            label_column=options.label_column,
            split=options.split,
        )
        self.split = self._split()
        self.spec = self.recipe.transform(*(options.size or ()))
        self.transform = build_transform(self.spec)
        self.device = ranks.device(options.device)
        own = {"num_classes": len(self.alphabet), "max_length": self.max_length}
        if clash := own.keys() & options.arch_args.keys():
            raise CaptchaLabError(f"--arch-arg {min(clash)}: it follows from --alphabet and --max-length.")
        self.arch_args = own | options.arch_args
        torch.manual_seed(options.seed)
        self.model = build_model(self.recipe.arch, **self.arch_args)
        self.scheme = str(self.model.scheme)
        self.time_steps = self._time_steps()
        self.targets = self._encode(self.rows.labels)
        self.drawn = self._drawn() if options.draw else None
        if progress is None:
            self.start = initialise(self.model, self.alphabet, options.init_from)
            progress = Progress(fingerprint=self.rows.fingerprint(), start=asdict(self.start))
        elif progress.fingerprint != self.rows.fingerprint():
            raise CaptchaLabError(
                f"The data of {options.output} has changed since the run began; bring it back or start a new run."
            )
        self.start = Start(**progress.start)
        self.progress = progress
        self.model.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        logger.info(
            "Data: %d rows to learn from, %d held out. Network: %s, %.1f million parameters, on %s.",
            len(self.split.train),
            len(self.split.validation),
            self.recipe.arch,
            sum(p.numel() for p in self.model.parameters()) / 1e6,
            self.device,
        )

    def train(self, folder: Path, state: Path, progress_bar: Callable[..., Any]) -> None:
        progress = self.progress
        ema = AveragedModel(self.model, self.recipe.ema_decay)
        self.ranks.normalise_together(self.model)
        teacher = None if self.options.teacher is None else self._teacher(self.options.teacher)
        parts = (self.model, ema, self._held(), folder, progress, self._save)
        trainer = Trainer(*parts, self._settings(), progress_bar, teacher, self.ranks)
        phases = [self._frozen_phase, self._full_phase]
        resumed = state.exists()
        for number, prepare in enumerate(phases):
            if number < progress.phase:
                continue
            set_requires_grad(self.model.backbone, prepare == self._full_phase)  # type: ignore[arg-type]
            optimizer = trainer.optimizer()
            if resumed:
                load_state(state, self.model, ema.module, optimizer)
                resumed = False
            phase, clean_up = prepare(folder)
            try:
                trainer.run(phase, optimizer)
            finally:
                clean_up()
            progress.phase, progress.step = number + 1, 0

    def _settings(self) -> TrainerSettings:
        return TrainerSettings(
            seed=self.options.seed,
            check_every=self.options.check_every,
            weight_decay=self.recipe.weight_decay,
            label_smoothing=self.recipe.label_smoothing,
            autocast=torch.autocast(self.device.type, torch.bfloat16, enabled=self.ranks.bfloat16(self._bfloat16())),
            accumulate=self.options.accumulate,
        )

    def _frozen_phase(self, folder: Path) -> tuple[Phase, Callable[[], None]]:
        epochs = int(self.options.frozen_epochs or 0) if self.start.pretrained else 0
        rows = self._frozen_rows()
        source = FeatureSource(
            folder, self.targets[rows], int(self.options.batch_size or 0), self.options.seed, self.device, self.ranks
        )
        steps = epochs * source.steps_per_epoch
        if self.progress.step < steps:
            logger.info("Frozen phase: features of %d rows, computed once, %d epochs of the head.", len(rows), epochs)
            self.model.eval()
            with torch.inference_mode():
                source.fill(self.model.features, self._normalised(rows))  # type: ignore[arg-type]
        rate = self.recipe.frozen_learning_rate
        forward = self._forward(self.model.head, steps)
        return Phase("frozen", steps, source.batch_size, rate, source.batches, forward), source.remove

    def _full_phase(self, folder: Path) -> tuple[Phase, Callable[[], None]]:
        options = self.options
        source = PictureSource(
            self.rows,
            self.split.train,
            self._encode,
            self.transform,
            int(options.batch_size or 0),
            options.seed,
            options.workers,
            self.device,
            options.augment,
            self.ranks,
        )
        epochs = int(options.epochs or 0)
        if self.drawn is not None:
            source.add_drawn(self.drawn, options.draw, epochs)
            epochs = 1
        rate = float(options.learning_rate or 0)
        steps = epochs * source.steps_per_epoch
        forward = self._forward(getattr(self.model, "both", self.model), steps)
        return Phase("full", steps, source.batch_size, rate, source.batches, forward), lambda: None

    def _forward(self, forward: Any, steps: int) -> Callable[[Any], Any]:
        """Return the forward pass of a phase; only one that has steps has gradients to share."""
        return self.ranks.wrapped(self.model, forward) if steps else forward

    def _frozen_rows(self) -> np.ndarray:
        rng = np.random.default_rng([self.options.seed, 4])
        return np.sort(rng.permutation(self.split.train)[:FROZEN_ROWS])

    def _normalised(self, rows: np.ndarray) -> Iterator[torch.Tensor]:
        pictures = PictureRows(self.rows, self.transform)
        # All of one size, since their maps share one array; the rows are few enough to hold as bytes.
        opened = [p for batch in batches(pictures, rows, 1, self.options.workers) for p in batch.pixels]
        for pixels in stack(opened).split(32):
            yield self.transform.normalise(pixels).contiguous(memory_format=torch.channels_last)

    def _held(self) -> Held:
        """Open the held-out pictures once, sorted by width; as bytes they are small enough to keep."""
        pictures = PictureRows(self.rows, self.transform)
        opened = batches(pictures, self.split.validation, 1, self.options.workers)
        pixels = [batch.pixels[0] for batch in opened]
        order = np.argsort([p.shape[2] for p in pixels], kind="stable")
        rows = self.split.validation[order]

        def inputs(start: int, stop: int) -> torch.Tensor:
            stacked = stack([pixels[i] for i in order[start:stop]])
            normalised = self.transform.normalise(stacked.to(self.device))
            return normalised.contiguous(memory_format=torch.channels_last)

        return Held(inputs, [self.rows.labels[i] for i in rows], self.targets[rows], self.alphabet, self.scheme)

    def _split(self) -> Split:
        options = self.options
        if not options.validation_data:
            return hold_out(self.rows.origins, options.validation, options.seed)
        files = len(options.data)
        return hold_out_files(self.rows.origins, self.rows.counts, files, options.validation, options.seed)

    def _teacher(self, path: str) -> Teacher:
        return load_teacher(path, self.alphabet.symbols, self.spec, self.device)

    def _encode(self, labels: list[str]) -> torch.Tensor:
        return encode_labels(labels, self.alphabet, self.max_length, self.scheme, self.time_steps)

    def _drawn(self) -> Mixture:
        return general_mixture(self.alphabet.symbols, self.max_length, self.options.fonts, self.options.seed)

    def _time_steps(self) -> int:
        """Return how many time steps the model gives at least: for a picture that is not wide."""
        blank = self.transform(Image.new("RGB", (50, 50), "white"))
        with torch.inference_mode():
            return int(self.model.eval()(blank[None]).shape[1])

    def _bfloat16(self) -> bool:
        return self.device.type == "cuda" or self.recipe.cpu_bfloat16

    def _save(self, path: Path, model: nn.Module, check: Check, pictures: int) -> None:
        times = Counter(Path(p).name for p in self.options.data)
        data = {
            "name": ", ".join(name if n == 1 else f"{name} ({n} times)" for name, n in times.items()),
            "rows": len(self.split.train),
            "fingerprint": self.rows.fingerprint(),
        }
        if self.options.validation_data:
            data["held_out"] = ", ".join(Path(p).name for p in self.options.validation_data)
        meta = CheckpointMeta(
            recipe=self.recipe.name,
            arch=self.recipe.arch,
            arch_args=self.arch_args,
            alphabet=self.alphabet.symbols,
            max_length=self.max_length,
            transform=self.spec,
            temperature=check.temperature,
            metrics={"val_exact_match": check.exact_match, "val_cer": check.cer, "val_loss": check.loss},
            epoch=self.start.epoch + -(-pictures // max(1, len(self.split.train))),
            training_data=[*self.start.training_data, data, *self._drawn_data(pictures)],
            versions={"python": platform.python_version(), "torch": torch.__version__},
        )
        save_checkpoint(path, model.state_dict(), meta)

    def _drawn_data(self, pictures: int) -> list[dict[str, Any]]:
        """Say how many pictures were drawn for the first so many, as a checkpoint records data."""
        if self.drawn is None:
            return []
        total = self.options.draw + int(self.options.epochs or 0) * len(self.split.train)
        return [{"name": "drawn while training", "rows": round(pictures * self.options.draw / total)}]
