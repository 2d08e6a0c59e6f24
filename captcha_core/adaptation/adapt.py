"""Adapting a trained model to a new captcha, from labelled pictures to a checkpoint with its card."""

from __future__ import annotations

import logging
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from captcha_core.adaptation.card import write_card
from captcha_core.adaptation.examples import (
    Example,
    check_samples,
    fingerprint_of,
    open_examples,
    read_samples,
)
from captcha_core.adaptation.expectation import expected_texts
from captcha_core.adaptation.fold import Fold, Start, fold_numbers
from captcha_core.adaptation.held_out import write_held_out
from captcha_core.adaptation.look_alikes import draw_like, estimate_settings
from captcha_core.adaptation.options import OPTIONS_FILE, AdaptOptions
from captcha_core.adaptation.plan import Plan, plan_for
from captcha_core.adaptation.rounds import Round, self_train, train_round
from captcha_core.adaptation.scores import old_scores, scores_of
from captcha_core.adaptation.unlabelled import most_telling, open_unlabelled, write_proposals
from captcha_core.checkpoint import CheckpointMeta, load_checkpoint, save_checkpoint
from captcha_core.data.load import load_rows
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError
from captcha_core.generator.mixture import general_mixture
from captcha_core.imaging import load_image
from captcha_core.transforms import build_transform

logger = logging.getLogger(__name__)

RESULT = "adapted.safetensors"
"""Name of the adapted checkpoint in the output folder."""

HELD_OUT = "held_out.csv"
"""Name of the table of what was read in the labelled pictures before and after."""

PROPOSALS = "label_next.csv"
"""Name of the list of pictures to label next."""

# Pictures of what the model read before, other than those repeated, that tell what it has forgotten.
_JUDGING = 200


def adapt_model(options: AdaptOptions, progress_bar: Callable[..., Any], resume: bool = False) -> Path:
    """Teach a trained model a new captcha.

    Each of three trainings learns from two thirds of the pictures and is judged by the rest. The adapted model has the
    mean of their weights (Wortsman et al. 2022, arXiv:2203.05482), which start from the same place and so lie close
    together; it has learned from all pictures, and what the three read of the pictures that they had not seen is its
    score.

    Args:
        options: Which model learns from which pictures.
        progress_bar: Called as tqdm is.
        resume: Continue the adaptation in ``options.output``.

    Returns:
        Path of the adapted checkpoint. Its card lies beside it.

    Raises:
        CaptchaLabError: If the model or the pictures cannot be used, or the folder holds another run.
    """
    folder = Path(options.output)
    # A killed process may have left hidden temporary files.
    if folder.exists() and any(not path.name.startswith(".") for path in folder.iterdir()) and not resume:
        remedy = f"continue it with --resume {folder} or " if (folder / OPTIONS_FILE).exists() else ""
        raise CaptchaLabError(f"{folder} is not empty; {remedy}name another --output.")
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    adaptation = Adaptation(options)
    options.save()
    return adaptation.run(progress_bar)


class Adaptation:
    """The pictures, the model and the trainings.

    Attributes:
        start: The model that learns.
        samples: The pictures to learn from as they were given, each once.
        new: The same, opened, in the same order.
        expected: What texts the new captcha can have.
    """

    def __init__(self, options: AdaptOptions) -> None:
        """Open and check the pictures.

        Raises:
            CaptchaLabError: If the model or the pictures cannot be used.
        """
        self.options, self.folder = options, Path(options.output)
        tensors, meta = load_checkpoint(options.checkpoint)
        self.start = Start(tensors, meta, build_transform(meta.transform))
        if meta.expected:
            # What it was adapted to before says nothing of the new captcha.
            self.start = replace(self.start, meta=replace(meta, expected={}))
        self.samples = self._samples(options.data)
        check_samples(self.samples, self.start.alphabet, self.start.meta.max_length)
        self.new = open_examples(self.samples, self.start.alphabet, self.start.transform)
        self.expected = expected_texts([e.label for e in self.new], self.start.alphabet)
        self.plan: Plan = plan_for(len(self.new))
        self.old, self.judging = self._old()
        self.alike = self._alike() if self.plan.alike else []
        unlabelled = options.unlabelled
        self.unlabelled = open_unlabelled(unlabelled, self.new, self.start.transform) if unlabelled else []
        logger.info(
            "Pictures: %d to learn from, %d of what the model read before. Texts: %s characters of %r.",
            len(self.new),
            len(self.old),
            self.expected.lengths.removesuffix(" characters"),
            self.expected.allowed,
        )

    def run(self, progress_bar: Callable[..., Any]) -> Path:
        """Train, and write the adapted model and its card; return the model's path."""
        before = scores_of(self.start, self.new, self.expected), old_scores(self.start, self.judging)
        best, rounds = self.train(progress_bar), list[Round]()
        if self.unlabelled:
            labels = len(self.new)
            best, rounds = self_train(
                best, self.unlabelled, labels, self._folds, self.start, self.expected, progress_bar
            )
            self._propose(best)
        tensors = mean_weights([fold.weights(best.share) for fold in best.folds])
        meta = self._meta(best)
        after = best.scores, old_scores(replace(self.start, tensors=tensors), self.judging)
        result = self.folder / RESULT
        write_held_out(self.folder / HELD_OUT, self.new, self.start, best, self.expected)
        save_checkpoint(result, tensors, meta)
        write_card(result.with_suffix(".md"), self.options, meta, before, after, best.share, rounds)
        for what, old, new in (("the new captcha", before[0], after[0]), ("what it read before", before[1], after[1])):
            logger.info("Exact match on %s, in any case: %.1f%%, was %.1f%%", what, 100 * new.folded, 100 * old.folded)
        return result

    def train(self, progress_bar: Callable[..., Any]) -> Round:
        """Train from the labels, as far as it is not done yet."""
        return train_round(1, [[]] * self.plan.folds, self._folds, self.start, self.expected, progress_bar)

    def _propose(self, best: Round) -> None:
        readings = [fold.read_others(self.unlabelled, best.share) for fold in best.folds]
        labels = [example.label for example in self.new]
        proposals = most_telling(readings, labels, self.start.alphabet, self.expected, best.temperature)
        write_proposals(self.folder / PROPOSALS, proposals)
        logger.info("%s names the %d pictures to label next.", self.folder / PROPOSALS, len(proposals))

    def _samples(self, paths: Sequence[str]) -> list[Sample]:
        options = self.options
        columns = {"image_column": options.image_column, "label_column": options.label_column, "split": options.split}
        return read_samples(load_rows(paths, **columns))

    def _replay(self) -> list[Example]:
        """Return the given pictures to repeat that the model can write."""
        alphabet = self.start.alphabet
        samples = self._samples(self.options.replay) if self.options.replay else []
        known = [s for s in samples if not alphabet.missing([alphabet.fold(s.label)])]
        return open_examples(known[: self.plan.replay // 2], alphabet, self.start.transform)

    def _old(self) -> tuple[list[Example], list[Example]]:
        """Return pictures to repeat and others to judge by: drawn ones, and half of the first from files if given."""
        mixture = general_mixture(self.start.meta.alphabet, self.start.meta.max_length, (), self.options.seed)
        drawn = [
            Example(self.start.transform.pixels(captcha.image), self.start.alphabet.fold(captcha.text), "drawn")
            for captcha in map(mixture.draw, range(self.plan.replay + _JUDGING))
        ]
        judging, old = drawn[:_JUDGING], drawn[_JUDGING:]
        given = self._replay()
        return given + old[len(given) :], judging

    def _alike(self) -> list[Example]:
        """Return drawn pictures that look like the new captcha; none where no font at hand has its characters."""
        meta, seed = self.start.meta, self.options.seed
        images = [load_image(sample.image, sample.path) for sample in self.samples]
        try:
            found = estimate_settings(images, self.expected, meta.max_length, seed, self.plan.search)
        except CaptchaLabError as error:
            logger.info("No look-alikes are drawn: %s", error)
            return []
        drawn = draw_like(found, self.plan.drawn_alike, seed)
        alphabet, pixels = self.start.alphabet, self.start.transform.pixels
        return [Example(pixels(captcha.image), alphabet.fold(captcha.text), "drawn") for captcha in drawn]

    def _folds(self, round_number: int, beside: Sequence[list[Example]]) -> list[Fold]:
        part = fold_numbers(len(self.new), self.plan.folds, self.options.seed)
        return [self._fold(number, part == number, round_number, extra) for number, extra in enumerate(beside)]

    def _fold(self, number: int, is_judged: np.ndarray, round_number: int, beside: list[Example]) -> Fold:
        learned = [e for e, held in zip(self.new, is_judged, strict=True) if not held] + beside
        judged = [e for e, held in zip(self.new, is_judged, strict=True) if held]
        folder = self.folder if round_number == 1 else self.folder / f"round-{round_number}"
        plan = plan_for(len(self.new) + len(beside))
        seed = self.options.seed * 10 + number
        return Fold(self.start, learned, judged, self.old, self.alike, plan, folder / f"fold-{number + 1}", seed)

    def _meta(self, best: Round) -> CheckpointMeta:
        pictures = sum(fold.pictures for fold in best.folds)
        names = ", ".join(Path(path).name for path in self.options.data)
        data = {"name": names, "rows": len(self.new), "fingerprint": fingerprint_of(self.new), "adapted": True}
        return replace(
            self.start.meta,
            temperature=best.temperature,
            metrics={"val_exact_match": best.scores.exact, "val_cer": best.scores.cer},
            epoch=self.start.meta.epoch + pictures // len(self.new),
            training_data=[*self.start.meta.training_data, data],
            versions={"python": platform.python_version(), "torch": torch.__version__},
            expected=asdict(self.expected),
        )


def mean_weights(states: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Return the mean of the weights of networks of one kind; what is no fraction is the first's."""
    return {
        name: torch.stack([state[name] for state in states]).mean(dim=0) if value.is_floating_point() else value
        for name, value in states[0].items()
    }
