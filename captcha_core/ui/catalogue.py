"""The models that the page can read with, each loaded when it is first asked for and again when its file changes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from captcha_core.checkpoint_meta import SUFFIX, CheckpointMeta, read_meta
from captcha_core.errors import CaptchaLabError, CheckpointError
from captcha_core.recognizer import DEFAULT_MODELS, Recognizer, default_checkpoint
from captcha_core.ui.computing import PageRecognizer

DATA_COMMAND = "python captcha_generator.py --count 20000 --output data/train.parquet"
TRAIN_COMMAND = "python train.py --recipe efficientnet --data data/train.parquet"
PAGE_COMMAND = "python app.py --checkpoint runs/efficientnet/best.safetensors"

logger = logging.getLogger(__name__)


class ModelCatalogue:
    """Checkpoints by name. Threads may share one.

    Attributes:
        names: The names, the default first; empty if there is no model.
    """

    def __init__(self, checkpoints: Mapping[str, Path]) -> None:
        """Keep the checkpoints by the names that the page shows; none is loaded yet."""
        self._checkpoints = dict(checkpoints)
        self.names = list(self._checkpoints)
        self._places = {name: _Place() for name in self.names}

    def __getitem__(self, name: str | None) -> Recognizer:
        """Return a model; None stands for the default.

        A file that was replaced is loaded anew; meanwhile the model that was read from it before goes on. If that fails
        it stays, and the log says why, once for each state of the file.

        Raises:
            CheckpointError: If there is no such model or it cannot be used. The text names no path of the server.
        """
        return self._current(self._known(name))

    def load(self) -> None:
        """Load the default before anybody asks for it.

        Raises:
            CheckpointError: If there is none or it cannot be used; unlike for a visitor, the text names the file.
        """
        name = self._known(None)
        path, place = self._checkpoints[name], self._places[name]
        state = _state(path)
        place.recognizer, place.state = PageRecognizer(path), state

    def meta(self, name: str) -> CheckpointMeta:
        """Return what a model says about itself; of a checkpoint, without loading its weights.

        Raises:
            CheckpointError: If there is no such model or it cannot be used.
        """
        path = self._checkpoints.get(name)
        return read_meta(path) if path is not None and path.suffix == SUFFIX else self[name].meta

    def card(self, name: str) -> str | None:
        """Return a model's card, Markdown that lies beside its file, without its title; None if there is none."""
        try:
            text = self._checkpoints[name].with_suffix(".md").read_text(encoding="utf-8")
        except OSError:
            return None
        return text.partition("\n")[2] if text.startswith("# ") else text

    def path(self, name: str | None) -> Path:
        """Return a model's file.

        Raises:
            CheckpointError: If there is no such model.
        """
        return self._checkpoints[self._known(name)].absolute()

    def file_name(self, name: str | None) -> str:
        """Return a model's file as a command line in the project's folder names it; of a file elsewhere, its name.

        Raises:
            CheckpointError: If there is no such model.
        """
        path = self.path(name)
        home = DEFAULT_MODELS.parent
        return str(path.relative_to(home)) if path.is_relative_to(DEFAULT_MODELS) else path.name

    def _known(self, name: str | None) -> str:
        if not self.names:
            raise CheckpointError(f"No model is loaded. Train one: {TRAIN_COMMAND}")
        name = name or self.names[0]
        if name not in self._checkpoints:
            raise CheckpointError(f"There is no model {name!r} here; choose one of: {', '.join(self.names)}.")
        return name

    def _current(self, name: str) -> Recognizer:
        path, place = self._checkpoints[name], self._places[name]
        # Who has a model does not wait for the new one.
        if place.state != _state(path) and place.lock.acquire(blocking=place.recognizer is None):
            try:
                self._load_anew(path, place)
            finally:
                place.lock.release()
        recognizer = place.recognizer
        if recognizer is None:
            raise CheckpointError(f"The model {name} cannot be used; the server's log says why.")
        return recognizer

    def _load_anew(self, path: Path, place: _Place) -> None:
        """Load what the file has now, unless another thread just did."""
        state = _state(path)
        if place.state == state:
            return
        try:
            place.recognizer = PageRecognizer(path)
        except (CaptchaLabError, OSError) as error:
            logger.error("%s", error)
        # Last, since it says that there is nothing to wait for.
        place.state = state


@dataclass
class _Place:
    """A model, and the state that its file was in when it was last opened, rightly or not."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    recognizer: Recognizer | None = None
    state: tuple[int, ...] = ()


def open_catalogue(checkpoint: str | Path | None) -> ModelCatalogue:
    """Return the named checkpoint, which is then the default, and the shipped ones, the latest first.

    Args:
        checkpoint: Path of a checkpoint; None leaves it at those in ``saved_models``.

    Raises:
        CheckpointError: If the named checkpoint cannot be used.
    """
    found = {} if checkpoint is None else {Path(checkpoint).stem: Path(checkpoint)}
    for path in _shipped():
        found.setdefault(path.stem, path)
    catalogue = ModelCatalogue(found)
    try:
        # The first visitor shall not wait for it.
        catalogue.load()
    except CheckpointError as error:
        if checkpoint is not None:
            raise
        logger.warning("The page starts without a model. %s", error)
    return catalogue


def _shipped() -> list[Path]:
    """Return the shipped checkpoints, in folders too, the latest first; damaged ones are passed over."""
    try:
        latest = default_checkpoint()
    except CheckpointError:
        return []
    return [latest, *filter(_is_usable, sorted(latest.parent.rglob(f"*{latest.suffix}")))]


def _is_usable(path: Path) -> bool:
    if path.suffix != SUFFIX:
        return True  # An exported network was checked when it was made.
    try:
        read_meta(path)
    except CheckpointError:
        return False
    return True


def _state(path: Path) -> tuple[int, ...]:
    """Return what changes when a file is replaced or written to; where there is none, what no file has."""
    try:
        stat = path.stat()
    except OSError:
        return (0,)
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
