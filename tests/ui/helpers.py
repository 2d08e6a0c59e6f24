"""A recogniser simple enough to know what it must answer."""

from __future__ import annotations

import asyncio
import io
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import gradio as gr
import numpy as np
from PIL import Image

from captcha_core.alphabet import Alphabet
from captcha_core.constraint import Constraint
from captcha_core.data_url import data_url
from captcha_core.errors import CaptchaLabError, ImageError
from captcha_core.imaging import load_image
from captcha_core.prediction import Prediction
from captcha_core.recognizer import NamedSource
from captcha_core.ui.catalogue import ModelCatalogue
from captcha_core.ui.context import PageContext
from captcha_core.ui.teach_set import Card, Lesson
from captcha_core.uploads import Upload
from tests.helpers import png_bytes

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer

ROOT = Path(__file__).resolve().parents[2]
GREYS = (0, 85, 170, 255)
LETTERS = "ABCD"


class GreyReader:
    """Reads a picture of four grey blocks: black is A, white is D. Any change of the pixels on the way shows."""

    model_id = "grey@0123456789ab"
    meta = SimpleNamespace(
        alphabet=LETTERS, max_length=4, metrics={"val_exact_match": 0.5}, training_data=[], temperature=1.0
    )
    alphabet = Alphabet(LETTERS)
    scheme = "heads"
    confidences = (0.99, 0.9, 0.7, 0.4)

    def __init__(self) -> None:
        self.transform = SimpleNamespace(array=lambda image: np.array(image.convert("L"), np.float32)[None])

    def read(self, image: Image.Image, constraint: Constraint | None = None) -> Prediction:
        """Read the nearest of the allowed letters, and no more than allowed."""
        assert image.mode == "RGB", "the page must hand over clean RGB"
        assert image.width > image.height, "the picture was not turned upright"
        constraint = constraint or Constraint()
        possible = list(zip(GREYS, LETTERS, constraint.choose(self.alphabet), strict=True))
        greys = image.convert("L").resize((4, 1), Image.Resampling.BOX)
        nearest = [min((abs(grey - v), letter) for grey, letter, may in possible if may)[1] for v in greys.tobytes()]
        text = "".join(nearest[: constraint.max_length])
        if len(text) < constraint.min_length:
            raise CaptchaLabError(f"The model writes 4 characters, and the text shall have {constraint.lengths}.")
        return Prediction(text, 0.5, self.confidences[: len(text)], ((("D", 0.01),),) * len(text), 12.3, self.model_id)

    def read_batch(self, images: list[Image.Image], constraint: Constraint | None = None) -> list[Prediction]:
        return [self.read(image, constraint) for image in images]

    def logits(self, images: Any) -> tuple[Any, None]:
        blocks = images.reshape(len(images), images.shape[2], 4, -1).mean(axis=(1, 3))
        return -np.abs(blocks[..., None] - np.array(GREYS)) / 20, None

    def stream(self, sources: Iterable[NamedSource], batch_size: int = 32) -> Iterator[Prediction | CaptchaLabError]:
        for name, source in sources:
            try:
                yield source if isinstance(source, CaptchaLabError) else self.read(load_image(source, name))
            except ImageError as error:
                yield error

    def model_view(self, image: Image.Image) -> Image.Image:
        return image


class Misreader(GreyReader):
    """Takes every D for B."""

    model_id = "mis@0123456789ab"

    def read(self, image: Image.Image, constraint: Constraint | None = None) -> Prediction:
        right = super().read(image, constraint)
        return replace(right, text=right.text.replace("D", "B"), confidence=0.9, model_id=self.model_id)


def catalogue_of(reader: Recognizer | None = None, **others: Any) -> ModelCatalogue:
    """Return a catalogue of one model, of none, or of others too, by their names."""
    catalogue = ModelCatalogue({})
    readers = ({} if reader is None else {"grey": reader}) | others
    catalogue.names = list(readers)
    cast(Any, catalogue)._current = lambda name: readers[name]
    cast(Any, catalogue)._checkpoints = {name: Path(f"/nowhere/{name}.grey") for name in readers}
    return catalogue


def context_of(reader: Recognizer | None = None, **others: Any) -> PageContext:
    """Return what a tab is given on a page that reads with it."""
    return PageContext(catalogue_of(reader, **others), gr.Dropdown())


def grey_picture(text: str = "ADBC") -> Image.Image:
    """Return an RGB picture, 64 x 16 pixels, that GreyReader reads as the text."""
    picture = Image.new("RGB", (64, 16))
    for i, letter in enumerate(text):
        grey = GREYS[LETTERS.index(letter)]
        picture.paste((grey, grey, grey), (16 * i, 0, 16 * i + 16, 16))
    return picture


def named_files(folder: Path, *names: str) -> list[Upload]:
    """Return grey pictures, each of the text that its name begins with; others hold no picture."""
    files = []
    for name in names:
        text = name.split(".")[0]
        path = folder / name
        path.write_bytes(png_bytes(grey_picture(text)) if set(text) <= set("ABCD") else b"none")
        files.append(Upload(path, name))
    return files


def zip_of(files: list[Upload], labels: str = "") -> Upload:
    """Return a zip of files, with a ``labels.csv`` of this text if there is one."""
    path = files[0].path.parent / "mine.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file.path, file.name)
        if labels:
            archive.writestr("labels.csv", labels)
    return Upload(path, path.name)


def picture_url() -> str:
    """Return such a picture as a ``data:`` URL."""
    buffer = io.BytesIO()
    grey_picture().save(buffer, "PNG")
    return data_url(buffer.getvalue())


def assert_no_path(text: str) -> None:
    """Check that an answer shows no place on the server's disk."""
    for place in (str(ROOT), tempfile.gettempdir(), str(Path.home()) + "/", "site-packages"):
        assert place not in text, text


def in_loop(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function inside an event loop; Gradio makes loops of its own where none runs, and never closes them."""

    async def call_it() -> Any:
        return function(*args, **kwargs)

    return asyncio.run(call_it())


def lesson_of(
    labels: Sequence[str | None], confidences: Sequence[float] = (), labels_from: Sequence[str] = ()
) -> Lesson:
    """Return pictures to teach with, 0.png and so on, that all differ and in which GreyReader reads ADBC."""
    cards = []
    for place, label in enumerate(labels):
        picture = grey_picture()
        picture.putpixel((0, 0), (place + 1, 0, 0))
        confidence = confidences[place] if confidences else 0.5
        reading = Prediction("ADBC", confidence, (confidence,) * 4, model_id=GreyReader.model_id)
        cards.append(Card(f"{place}.png", png_bytes(picture), reading, label, "".join(labels_from[:1])))
    return Lesson(cards, labels_from=labels_from)
