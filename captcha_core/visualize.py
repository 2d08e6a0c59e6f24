"""Predictions as figures, and classes and logits as texts, for notebooks and scripts.

Every figure is a matplotlib ``Figure`` of its own: no window opens, pyplot's global state is not touched, and a
notebook shows what the functions return. With a ``path`` the figure is written as well.

Example:
    visualizer = CaptchaVisualizer("runs/first/best.safetensors")
    visualizer.visualize_image("captcha.png", "captcha_read.png")
    visualizer.visualize_predictions(load_data(["data/test.parquet"]), "grid.png")
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from PIL import Image

from captcha_core.alphabet import Alphabet
from captcha_core.checkpoint import latest_checkpoint
from captcha_core.decoding import IGNORED, Decoded, decode
from captcha_core.errors import CaptchaLabError, CheckpointError, DataError, ImageError
from captcha_core.evaluation.figures import Cell, draw_grid, draw_reading
from captcha_core.evaluation.marking import RIGHT, thumbnail
from captcha_core.evaluation.plots import check_figure_path, save_figure
from captcha_core.imaging import load_image
from captcha_core.pictures import find_pictures
from captcha_core.prediction import Prediction
from captcha_core.recognizer import NamedSource, Recognizer, Source, default_checkpoint

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from captcha_core.data.schema import Sample

MOST_PICTURES = 100
"""Most pictures in one grid, unless another limit is given."""


class CaptchaVisualizer:
    """Shows what a model reads and how sure it is."""

    def __init__(self, model: Recognizer | Alphabet | str | Path | None = None) -> None:
        """Choose the model.

        Args:
            model: A recogniser, the path of a checkpoint, or a folder, whose latest checkpoint is taken; None for the
                latest of the shipped ones, loaded when it is needed. An alphabet is enough for labels, and for
                logits if their scheme is named.

        Raises:
            CheckpointError: If there is no such checkpoint or it cannot be used.
        """
        self._alphabet = model if isinstance(model, Alphabet) else None
        self._recognizer: Recognizer | None = None
        if isinstance(model, Recognizer):
            self._recognizer = model
        elif isinstance(model, str | Path):
            self._recognizer = Recognizer(latest_checkpoint(model) if Path(model).is_dir() else model)

    @property
    def recognizer(self) -> Recognizer:
        """The model.

        Raises:
            CheckpointError: If there is only an alphabet, or no shipped checkpoint.
        """
        if self._recognizer is None:
            if self._alphabet is not None:
                raise CheckpointError(
                    "This visualizer has an alphabet and no model. Load one with load_latest_model(FOLDER), or name "
                    "the scheme of the logits."
                )
            self._recognizer = Recognizer(default_checkpoint())
        return self._recognizer

    @property
    def alphabet(self) -> Alphabet:
        """The characters in class order: those of the model, or those that were given."""
        return self.recognizer.alphabet if self._alphabet is None else self._alphabet

    def load_latest_model(self, folder: str | Path) -> Recognizer:
        """Load the checkpoint of a folder with the highest recorded epoch, use it from now on, and return it.

        Raises:
            CheckpointError: If the folder holds none, or it cannot be used.
        """
        self._recognizer = Recognizer(latest_checkpoint(folder))
        self._alphabet = None
        return self._recognizer

    def create_index_to_char_mapping(self) -> dict[int, str]:
        """Return the character of every class; the end class or blank, which follows the last, has none."""
        return dict(enumerate(self.alphabet.symbols))

    def decode_labels(self, targets: torch.Tensor) -> list[str]:
        """Return the texts of targets, as training makes them.

        Args:
            targets: Classes, shape (B, T). ``IGNORED`` and the class after the last character, which is the end class
                or the blank, stand for no character.

        Raises:
            AlphabetError: If another class is outside the alphabet.
        """
        none = (IGNORED, len(self.alphabet))
        return [self.alphabet.decode([c for c in row if c not in none]) for row in targets.tolist()]

    def decode_predictions(self, logits: torch.Tensor, scheme: str | None = None) -> list[str]:
        """Return the texts that logits stand for.

        Args:
            logits: Shape (B, T, classes), as a model of this scheme returns them.
            scheme: ``positions``, ``heads`` or ``ctc``; by default the model's.

        Raises:
            CheckpointError: If the logits hold NaN or infinity, or no scheme is named and there is no model.
            ValueError: If the scheme is unknown or the shape does not fit the alphabet.
        """
        return [decoded.text for decoded in self._decode(logits, scheme)]

    def get_confidence_per_char(
        self, predictions: torch.Tensor | Prediction | Iterable[Prediction], scheme: str | None = None
    ) -> list[list[tuple[str, float]]]:
        """Return, per picture, each character that was read with its confidence in 0..1.

        Args:
            predictions: Logits (B, T, classes), one prediction, or several.
            scheme: For logits, as in :meth:`decode_predictions`.

        Raises:
            CheckpointError: As :meth:`decode_predictions`.
            ValueError: As :meth:`decode_predictions`.
        """
        if isinstance(predictions, torch.Tensor):
            read: Iterable[Decoded | Prediction] = self._decode(predictions, scheme)
        else:
            read = [predictions] if isinstance(predictions, Prediction) else predictions
        return [list(zip(one.text, one.char_confidences, strict=True)) for one in read]

    def visualize_image(self, source: Source, path: str | Path | None = None) -> Figure:
        """Draw a picture, what the model sees of it, and a bar per character that was read.

        Args:
            source: Anything that :func:`captcha_core.imaging.load_image` takes.
            path: Where to write the figure as well; the ending chooses the format.

        Raises:
            CaptchaLabError: If the figure cannot be written.
            ImageError: If the source is not a picture.
        """
        if path is not None:
            check_figure_path(path)
        picture = load_image(source)
        prediction = self.recognizer.read(picture)
        figure = draw_reading(picture, self.recognizer.model_view(picture), prediction)
        if path is not None:
            save_figure(figure, path)
        return figure

    def visualize_predictions(
        self,
        samples: Iterable[Sample | tuple[Source, str]],
        path: str | Path | None = None,
        columns: int = 4,
        limit: int = MOST_PICTURES,
    ) -> Figure:
        """Draw a grid of labelled pictures with what was read, right and wrong marked.

        Args:
            samples: Pictures with their true texts, as :func:`captcha_core.data.load.load_data` yields them or as
                pairs (picture, text); they are streamed.
            path: Where to write the figure as well; the ending chooses the format.
            columns: Pictures in a row.
            limit: Most pictures; the title says that there are more.

        Raises:
            CaptchaLabError: If the figure cannot be written.
            DataError: If there are no pictures, or none of them can be opened.
        """
        pictures = (_labelled(sample, number) for number, sample in enumerate(samples, start=1))
        return self._grid(pictures, path, columns, limit)

    def _decode(self, logits: torch.Tensor, scheme: str | None) -> list[Decoded]:
        scores = logits.detach().cpu()
        if scheme is not None and self._alphabet is not None:
            # Without a model there is no temperature; it changes no text.
            return decode(scores, self._alphabet, scheme)
        recognizer = self.recognizer
        return decode(scores, recognizer.alphabet, scheme or recognizer.scheme, recognizer.meta.temperature)

    def _grid(
        self, pictures: Iterable[tuple[NamedSource, str | None]], path: str | Path | None, columns: int, limit: int
    ) -> Figure:
        """Read pictures, whose true texts may be known, and draw them."""
        if path is not None:
            check_figure_path(path)
        remaining = iter(pictures)
        cells = self._read_cells(islice(remaining, limit))
        if not any(isinstance(cell.read, Prediction) for cell in cells):
            first = f" The first: {cells[0].read}" if cells else ""
            raise DataError(f"None of the {len(cells)} pictures can be opened, so there is nothing to show.{first}")
        more = any(True for _ in remaining)
        title = (
            f"{self.recognizer.model_id}: {'the first ' if more else ''}{len(cells)} picture{'s'[: len(cells) != 1]}"
        )
        if all(cell.label is not None for cell in cells):
            title += f", {sum(cell.outcome == RIGHT for cell in cells)} read right"
        figure = draw_grid(cells, columns, title)
        if path is not None:
            save_figure(figure, path)
        return figure

    def _read_cells(self, pictures: Iterable[tuple[NamedSource, str | None]]) -> list[Cell]:
        """Read pictures in batches; of each only a thumbnail is kept."""
        opened: list[tuple[str, str | None, Image.Image | None]] = []

        def sources() -> Iterator[NamedSource]:
            for (name, source), label in pictures:
                try:
                    picture = source if isinstance(source, CaptchaLabError) else load_image(source, name)
                except ImageError as error:
                    picture = error
                opened.append((name, label, None if isinstance(picture, CaptchaLabError) else thumbnail(picture)))
                yield NamedSource(name, picture)

        reads = list(self.recognizer.stream(sources(), batch_size=16))
        return [Cell(*place, read) for place, read in zip(opened, reads, strict=True)]


def show_all_images_with_predictions(
    folder_or_file: str | Path,
    checkpoint: str | Path | None = None,
    path: str | Path | None = None,
    columns: int = 4,
    limit: int = MOST_PICTURES,
) -> Figure:
    """Draw a grid of the pictures of a folder or a Parquet file, or of one picture, with what is read in each.

    No labels are needed and none are looked for; :meth:`CaptchaVisualizer.visualize_predictions` marks right and wrong.

    Args:
        folder_or_file: As ``predict.py`` takes it.
        checkpoint: The model, or a folder with several; None for the latest of the shipped ones.
        path: Where to write the figure as well; the ending chooses the format.
        columns: Pictures in a row.
        limit: Most pictures; the title says that there are more.

    Raises:
        CaptchaLabError: If the figure cannot be written.
        CheckpointError: If there is no such checkpoint or it cannot be used.
        DataError: If there are no pictures, or none of them can be opened.
    """
    pictures = ((picture, None) for picture in find_pictures([Path(folder_or_file)]))
    return CaptchaVisualizer(checkpoint)._grid(pictures, path, columns, limit)


def _labelled(sample: Sample | tuple[Source, str], number: int) -> tuple[NamedSource, str]:
    """Return a sample's picture with a name, and its label."""
    if len(sample) == 4:
        return NamedSource(sample.path, sample.image), sample.label
    source, label = sample
    return NamedSource(Path(source).name if isinstance(source, str | Path) else f"#{number}", source), label
