"""What a model's file says about itself, and finding such files; reading it needs no torch."""

from __future__ import annotations

import hashlib
import json
import os
import reprlib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from captcha_core.alphabet import Alphabet
from captcha_core.constraint import Constraint
from captcha_core.errors import CaptchaLabError, CheckpointError

FORMAT_VERSION = 1
SUFFIX = ".safetensors"
HEADER_KEY = "captcha_lab"
"""Under which a file's header has the description, as JSON."""

# A description has a few thousand characters; the largest alphabets in use (all of Chinese) have some 20,000.
_LONGEST = 1 << 20
_MOST_CHARACTERS = 30_000
_LONGEST_TEXT = 1000
# What each field must be; arch_args and transform are looked at by those who build from them.
_KINDS: dict[str, type | tuple[type, ...]] = {
    "recipe": str,
    "arch": str,
    "arch_args": dict,
    "alphabet": str,
    "max_length": int,
    "transform": dict,
    "temperature": (int, float),
    "metrics": dict,
    "epoch": int,
    "training_data": list,
    "versions": dict,
    "format_version": int,
    "expected": dict,
}


@dataclass(frozen=True)
class CheckpointMeta:
    """All that a checkpoint says about itself.

    Attributes:
        recipe: Name of the recipe that trained it.
        arch: Name of the architecture in the registry.
        arch_args: Keyword arguments that rebuild the architecture.
        alphabet: The characters in class order.
        max_length: Longest text that the model can write, in characters.
        transform: Specification of the preprocessing, as :func:`captcha_core.transforms.build_transform` takes it.
        temperature: What logits are divided by before the softmax, so that confidences are calibrated.
        metrics: Figures on the held-out part of the training data.
        epoch: How many epochs the weights have seen; decides which checkpoint is the latest.
        training_data: One mapping per training run, oldest first: names of the files, rows, fingerprint, and
            ``held_out``, the names of other files where the metrics are theirs.
        versions: Versions of Python and the libraries at training time.
        format_version: Version of this file format.
        expected: Which texts the model reads unless it is told others, as
            :class:`captcha_core.constraint.Constraint` has it; empty for all that it can write.
    """

    recipe: str
    arch: str
    arch_args: dict[str, Any]
    alphabet: str
    max_length: int
    transform: dict[str, Any]
    temperature: float = 1.0
    metrics: dict[str, float] = field(default_factory=dict)
    epoch: int = 0
    training_data: list[dict[str, Any]] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION
    expected: dict[str, Any] = field(default_factory=dict)

    def constraint(self) -> Constraint | None:
        """Return what is expected of the texts; None where nothing is.

        Raises:
            CaptchaLabError: If no text can be so.
            TypeError: If it is not what a constraint has.
        """
        return Constraint(**self.expected) if self.expected else None


def read_meta(path: str | Path) -> CheckpointMeta:
    """Read only the description of a checkpoint.

    Raises:
        CheckpointError: If the file is missing, damaged, not a checkpoint of this project, or from a newer version.
    """
    if not os.path.isfile(path):
        raise CheckpointError(f"There is no checkpoint at {path}. Give the path of a {SUFFIX} file.")
    try:
        # "np" leaves torch alone; no tensor is read.
        with safe_open(path, framework="np") as handle:
            header = handle.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise damaged(path, error) from error
    if HEADER_KEY not in header:
        raise CheckpointError(
            f"{path} holds weights but no Captcha Lab description. Give a checkpoint made by train.py."
        )
    return parse_meta(path, header[HEADER_KEY])


def latest_checkpoint(folder: str | Path) -> Path:
    """Return the checkpoint with the highest recorded epoch; among equals the last by name.

    The number inside the file decides, not the file's name ("10" sorts before "9" as text) nor its date
    (a copy or a git checkout changes that). Files that are not checkpoints are passed over.

    Raises:
        CheckpointError: If the folder holds no checkpoint.
    """
    found: list[tuple[int, str, Path]] = []
    for path in sorted(Path(folder).glob(f"*{SUFFIX}")):
        try:
            found.append((read_meta(path).epoch, path.name, path))
        except CheckpointError:
            continue
    if not found:
        raise CheckpointError(
            f"There is no checkpoint in {folder}. Train one (python train.py --data FILE), then name it: --checkpoint."
        )
    return max(found)[2]


def fingerprint(path: str | Path) -> str:
    """Return the first 12 hexadecimal digits of the file's SHA-256."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()[:12]


def parse_meta(path: str | Path, text: str) -> CheckpointMeta:
    """Return the description that a file's header has as JSON.

    Raises:
        CheckpointError: If it is damaged or from a newer version; the text names the file.
    """
    try:
        if len(text) > _LONGEST:
            raise ValueError(f"it has {len(text):,} characters")
        values = json.loads(text)
        version = values["format_version"]
        if type(version) is int and version > FORMAT_VERSION:
            raise CheckpointError(
                f"{path} has format version {version}; this program reads up to {FORMAT_VERSION}. Update Captcha Lab."
            )
        known = {f.name for f in fields(CheckpointMeta)}
        meta = CheckpointMeta(**{key: value for key, value in values.items() if key in known})
        _check_values(meta)
        Alphabet(meta.alphabet)
    except CheckpointError:
        raise
    except (ValueError, TypeError, KeyError, RecursionError, CaptchaLabError) as error:
        raise CheckpointError(f"The description inside {path} is damaged ({error}). Take a fresh copy.") from error
    return meta


def _check_values(meta: CheckpointMeta) -> None:
    """Raise a ValueError if a field is not what it must be: what reads a description relies on it."""
    for name, kind in _KINDS.items():
        value = getattr(meta, name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(f"{name}={reprlib.repr(value)} is of the wrong type")
    if len(meta.alphabet) > _MOST_CHARACTERS:
        raise ValueError(f"an alphabet of {len(meta.alphabet):,} characters")
    if not 1 <= meta.max_length <= _LONGEST_TEXT:
        raise ValueError(f"max_length={reprlib.repr(meta.max_length)} is outside 1..{_LONGEST_TEXT}")
    if not all(isinstance(run, dict) for run in meta.training_data):
        raise ValueError(f"training_data={reprlib.repr(meta.training_data)} is of the wrong type")
    if not all(isinstance(figure, int | float) for figure in meta.metrics.values()):
        raise ValueError(f"metrics={reprlib.repr(meta.metrics)} are not numbers")
    if (expected := meta.constraint()) is not None:
        expected.choose(Alphabet(meta.alphabet))


def damaged(path: str | Path, error: Exception) -> CheckpointError:
    """Return what there is to say of a file that is no whole safetensors file."""
    return CheckpointError(f"{path} is not a whole safetensors file ({error}). Take a fresh copy or train again.")
