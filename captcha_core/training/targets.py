"""Labels as the numbers that a model learns from, and the loss between the two.

How a label is written down depends on the model's scheme (see :func:`captcha_core.decoding.decode`).
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F  # noqa: N812 - the field's usual name

from captcha_core.alphabet import Alphabet
from captcha_core.ctc import time_steps_needed
from captcha_core.decoding import IGNORED
from captcha_core.errors import DataError


def encode_labels(labels: list[str], alphabet: Alphabet, max_length: int, scheme: str, steps: int) -> torch.Tensor:
    """Return targets (N, places): the classes of each label, then ``IGNORED``.

    With the scheme ``positions`` the end class stands once after the label.

    Args:
        labels: Texts; each is folded to the alphabet's case.
        alphabet: The characters in class order.
        max_length: Longest text of the model, in characters.
        scheme: The model's.
        steps: Time steps that the model gives for these pictures.

    Raises:
        DataError: If labels do not fit the model; all problems at once.
    """
    folded = [alphabet.fold(label) for label in labels]
    if problems := list(_problems(folded, alphabet, max_length, scheme, steps)):
        raise DataError("The labels do not fit the recipe: " + "; ".join(problems) + ".")
    targets = torch.full((len(folded), max_length + (scheme == "positions")), IGNORED, dtype=torch.long)
    for row, text in enumerate(folded):
        classes = alphabet.encode(text)
        if scheme == "positions":
            classes.append(len(alphabet))
        targets[row, : len(classes)] = torch.tensor(classes)
    return targets


def with_end(targets: torch.Tensor, end: int) -> torch.Tensor:
    """Return targets of the scheme ``ctc`` (N, places) as those of ``positions`` (N, places + 1)."""
    longer = F.pad(targets, (0, 1), value=IGNORED)
    return longer.scatter(1, (targets != IGNORED).sum(dim=1, keepdim=True), end)


def sequence_loss(logits: torch.Tensor, targets: torch.Tensor, scheme: str, smoothing: float = 0.0) -> torch.Tensor:
    """Return the mean loss of a batch.

    Cross-entropy over the places of the texts, with label smoothing (Szegedy et al. 2016), or the CTC loss (Graves
    et al. 2006) per character.

    Args:
        logits: Shape (B, T, classes).
        targets: From :func:`encode_labels`.
        scheme: The model's.
        smoothing: Share of the target that goes to all classes alike; CTC has none.
    """
    if scheme != "ctc":
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, label_smoothing=smoothing)
    lengths = (targets != IGNORED).sum(dim=1)
    steps = torch.full_like(lengths, logits.shape[1])
    scores = logits.log_softmax(dim=2).transpose(0, 1)
    return F.ctc_loss(scores, targets.clamp(min=0), steps, lengths, blank=logits.shape[2] - 1)


def counted(targets: torch.Tensor, scheme: str) -> int:
    """Return over how many things :func:`sequence_loss` is the mean: places of the texts or, with CTC, texts."""
    return len(targets) if scheme == "ctc" else int((targets != IGNORED).sum())


def _problems(labels: list[str], alphabet: Alphabet, max_length: int, scheme: str, steps: int) -> Iterator[str]:
    """Yield what is wrong with folded labels, each problem once with its remedy."""
    if missing := alphabet.missing(labels):
        yield f"characters {missing!r} are not in the alphabet {alphabet.symbols!r} (choose --alphabet)"
    longest = max(labels, key=len, default="")
    if len(longest) > max_length:
        yield (
            f"the longest has {len(longest)} characters ({longest!r}), the model writes {max_length} "
            "(raise --max-length)"
        )
    shortest = min(labels, key=len, default="")
    if scheme == "heads" and len(shortest) < max_length:
        yield (
            f"the shortest has {len(shortest)} characters ({shortest!r}), the model writes exactly {max_length} "
            "(choose a recipe for texts of any length)"
        )
    neediest = max(labels, key=time_steps_needed, default="")
    if scheme == "ctc" and (needed := time_steps_needed(neediest)) > steps:
        yield (
            f"{neediest!r} needs {needed} time steps, one more for each character that repeats the one before, and the "
            f"model has {steps} (widen its input with --size)"
        )
