from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from captcha_core import recognizer as module
from captcha_core import torch_backend
from captcha_core.agreement import agreed
from captcha_core.checkpoint import load_checkpoint, save_checkpoint
from captcha_core.constraint import Constraint
from captcha_core.decoding import decode, position_probabilities
from captcha_core.errors import AlphabetError, CaptchaLabError, CheckpointError, DataError, ImageError
from captcha_core.prediction import Prediction
from captcha_core.recognizer import NamedSource, Recognizer, Source, default_checkpoint
from captcha_core.torch_backend import TorchModel
from captcha_core.transforms import build_transform, square_pad_spec
from tests.helpers import (
    ALPHABET,
    MAX_LENGTH,
    Columns,
    draw_picture,
    png_bytes,
    save_columns,
    save_tiny_checkpoint,
    tiny_meta,
)

PICTURES = [draw_picture(text, seed) for seed, text in enumerate(["abc", "12345", "x", "0o0o", "zz9"])]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_checkpoint(tmp_path_factory.mktemp("model") / "tiny.safetensors", temperature=0.05)


@pytest.fixture(scope="module")
def recognizer(checkpoint: Path) -> Recognizer:
    return Recognizer(checkpoint)


def same(a: Prediction, b: Prediction) -> bool:
    """Tell whether two predictions agree but for the time they took and rounding."""
    return a.text == b.text and a.confidence == pytest.approx(b.confidence, rel=0.03)


def test_it_says_what_it_is(recognizer: Recognizer) -> None:
    assert recognizer.alphabet.symbols == ALPHABET
    assert recognizer.meta == tiny_meta(temperature=0.05)
    name, _, fingerprint = recognizer.model_id.partition("@")
    assert name == "tiny" and len(fingerprint) == 12


def test_every_kind_of_source_reads_the_same(recognizer: Recognizer, tmp_path: Path) -> None:
    data = png_bytes(PICTURES[1])
    path = tmp_path / "picture.png"
    path.write_bytes(data)
    readings = [recognizer.read(source) for source in (PICTURES[1], data, io.BytesIO(data), path, str(path))]
    assert all(same(reading, readings[0]) for reading in readings)
    assert readings[0].model_id == recognizer.model_id
    assert readings[0].latency_ms > 0
    assert set(readings[0].text) <= set(ALPHABET) and len(readings[0].text) <= MAX_LENGTH + 1


def test_a_batch_reads_as_its_pictures_do_alone(recognizer: Recognizer) -> None:
    batch = recognizer.read_batch(PICTURES)
    assert len({p.text for p in batch}) > 1, "the model gives one text whatever the picture; the test shows nothing"
    assert all(same(p, recognizer.read(picture)) for p, picture in zip(batch, PICTURES, strict=True))


def test_shapes_may_mix_in_a_batch(tmp_path: Path) -> None:
    path = save_tiny_checkpoint(tmp_path / "tiny.safetensors", temperature=0.05, transform=square_pad_spec(64))
    recognizer = Recognizer(path)
    shapes = [(40, 100), (90, 90), (30, 100), (100, 40)]
    pictures = [draw_picture(str(i), i, size) for i, size in enumerate(shapes)]
    assert len({recognizer.model_view(picture).size for picture in pictures}) == 3
    batch = recognizer.read_batch(pictures)
    assert all(same(p, recognizer.read(picture)) for p, picture in zip(batch, pictures, strict=True))
    assert len({p.confidence for p in batch}) == 4


def test_nothing_in_nothing_out(recognizer: Recognizer) -> None:
    assert recognizer.read_batch([]) == []
    assert list(recognizer.stream([])) == []


@pytest.mark.parametrize("batch_size", [1, 2, 5, 50])
def test_a_stream_keeps_the_order_around_what_cannot_be_opened(recognizer: Recognizer, batch_size: int) -> None:
    missing, named, given = Path("gone.png"), NamedSource("part.parquet#3", b"text"), DataError("part.parquet is cut")
    cut = NamedSource("part.parquet", given)
    sources: list[Source | NamedSource] = [PICTURES[0], missing, PICTURES[1], named, cut, PICTURES[2]]
    outcomes = list(recognizer.stream(iter(sources), batch_size))
    assert len(outcomes) == len(sources)
    for place, picture in ((0, PICTURES[0]), (2, PICTURES[1]), (5, PICTURES[2])):
        outcome = outcomes[place]
        assert isinstance(outcome, Prediction) and same(outcome, recognizer.read(picture))
    assert isinstance(outcomes[1], ImageError) and "gone.png" in str(outcomes[1])
    assert isinstance(outcomes[3], ImageError) and "part.parquet#3" in str(outcomes[3])
    assert outcomes[4] is given


def test_a_constraint_holds_for_its_call_and_no_longer(recognizer: Recognizer) -> None:
    digits = Constraint("0123456789", 3, 3)
    free = recognizer.read(PICTURES[0])
    assert not free.text.isdigit(), "the constraint would change nothing"
    read = recognizer.read(PICTURES[0], digits)
    batch = recognizer.read_batch(PICTURES, digits)
    stream = list(recognizer.stream(PICTURES, 2, digits))
    for prediction in (read, *batch, *stream):
        assert isinstance(prediction, Prediction) and prediction.text.isdigit() and len(prediction.text) == 3
    assert same(batch[0], read) and batch[1].text == stream[1].text  # type: ignore[union-attr]
    assert same(recognizer.read(PICTURES[0]), free)


def test_what_the_model_cannot_write_is_refused(recognizer: Recognizer) -> None:
    with pytest.raises(AlphabetError, match="'!'"):
        recognizer.read(PICTURES[0], Constraint("a!"))
    with pytest.raises(CaptchaLabError, match="6 time steps"):
        recognizer.read_batch(PICTURES, Constraint(min_length=7))


def test_a_stream_takes_no_more_than_a_batch_at_a_time(recognizer: Recognizer) -> None:
    taken = 0

    def many() -> Iterator[Image.Image]:
        nonlocal taken
        for _ in range(20):
            taken += 1
            yield PICTURES[0]

    stream = recognizer.stream(many(), batch_size=3)
    for _ in range(4):
        next(stream)
    assert taken == 6


def test_a_stream_passes_at_most_a_batch_to_the_model(recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    logits = recognizer.logits

    def counting(images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        sizes.append(len(images))
        return logits(images)

    monkeypatch.setattr(recognizer, "logits", counting)
    list(recognizer.stream(PICTURES, batch_size=2))
    assert sizes == [2, 2, 1]


def test_a_batch_size_of_nothing_is_refused(recognizer: Recognizer) -> None:
    with pytest.raises(ValueError, match="batch_size=0"):
        list(recognizer.stream(PICTURES, batch_size=0))


def test_a_bad_picture_raises_when_it_is_read_alone(recognizer: Recognizer) -> None:
    with pytest.raises(ImageError):
        recognizer.read(b"")


def test_threads_may_share_one(recognizer: Recognizer) -> None:
    alone = [recognizer.read(picture) for picture in PICTURES]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(recognizer.read, PICTURES * 4))
    assert all(same(p, alone[i % len(PICTURES)]) for i, p in enumerate(together))


def test_the_model_view_is_the_preprocessed_picture(recognizer: Recognizer) -> None:
    view = recognizer.model_view(PICTURES[0])
    assert view.size == (32, 32) and view.mode == "RGB"
    assert view.getpixel((16, 0)) == (255, 255, 255), "a wide picture has white above it"
    assert view.getpixel((16, 16)) != (255, 255, 255)


def test_the_temperature_of_the_checkpoint_counts(recognizer: Recognizer, tmp_path: Path) -> None:
    soft = Recognizer(save_tiny_checkpoint(tmp_path / "soft.safetensors", temperature=5.0))
    assert soft.read(PICTURES[0]).text == recognizer.read(PICTURES[0]).text
    assert soft.read(PICTURES[0]).confidence < recognizer.read(PICTURES[0]).confidence


def test_loading_leaves_the_random_numbers_alone_and_reading_builds_no_graph(checkpoint: Path) -> None:
    before = torch.random.get_rng_state()
    recognizer = Recognizer(checkpoint)
    assert torch.equal(before, torch.random.get_rng_state())
    assert isinstance(recognizer._model, TorchModel)
    network = recognizer._model.module
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())


def test_threads_are_set_only_when_asked_for(checkpoint: Path) -> None:
    before = torch.get_num_threads()
    try:
        Recognizer(checkpoint)
        assert torch.get_num_threads() == before
        Recognizer(checkpoint, threads=1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    "changes",
    [
        {"alphabet": "abc"},
        {"arch_args": {"num_classes": 36, "max_length": 5, "hidden": 32, "heads": 2}},
        {"arch_args": {"no_such_argument": 1}},
        {"arch_args": ["num_classes"]},
        {"arch": "gone"},
        {"temperature": 0},
        {"temperature": "warm"},
        {"transform": {"name": "gone"}},
    ],
)
def test_a_description_that_does_not_fit_is_one_error_with_the_file_s_name(checkpoint, tmp_path, changes) -> None:
    tensors, _ = load_checkpoint(checkpoint)
    path = tmp_path / "odd.safetensors"
    arch_args = {"arch_args": tiny_meta().arch_args}
    save_checkpoint(path, tensors, tiny_meta(**(arch_args | changes)))
    with pytest.raises(CheckpointError, match="odd.safetensors") as raised:
        Recognizer(path).read(PICTURES[0])
    assert "\n" not in str(raised.value)


def test_weights_that_are_no_numbers_are_one_error(checkpoint: Path, tmp_path: Path) -> None:
    tensors, meta = load_checkpoint(checkpoint)
    broken = {name: torch.full_like(t, float("nan")) if name.endswith("bias") else t for name, t in tensors.items()}
    save_checkpoint(tmp_path / "nan.safetensors", broken, meta)
    with pytest.raises(CheckpointError, match="NaN"):
        Recognizer(tmp_path / "nan.safetensors").read(PICTURES[0])


def test_the_default_is_the_latest_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DEFAULT_MODELS", tmp_path)
    with pytest.raises(CheckpointError, match=r"train\.py"):
        default_checkpoint()
    latest = save_tiny_checkpoint(tmp_path / "a10.safetensors", epoch=10)
    save_tiny_checkpoint(tmp_path / "a9.safetensors", epoch=9)
    assert default_checkpoint() == latest


def test_preprocessing_overrides_the_checkpoint_s_and_nothing_else(recognizer: Recognizer, checkpoint: Path) -> None:
    strong = Recognizer(checkpoint, preprocessing={"strong": True, "invert": "always"})
    assert strong.meta == recognizer.meta and strong.model_id == recognizer.model_id
    transform = build_transform({**square_pad_spec(32), "strong": True, "invert": "always"})
    assert torch.equal(strong.transform(PICTURES[0]), transform(PICTURES[0]))
    assert strong.read(PICTURES[0]).confidence != recognizer.read(PICTURES[0]).confidence
    for nothing in (None, {}, {"strong": False}):
        same_again = Recognizer(checkpoint, preprocessing=nothing)
        assert torch.equal(same_again.transform(PICTURES[0]), recognizer.transform(PICTURES[0]))


@pytest.mark.parametrize("preprocessing", [{"strength": True}, {"auto_crop": "no"}])
def test_an_override_that_does_not_fit_is_refused(checkpoint: Path, preprocessing: dict[str, object]) -> None:
    with pytest.raises(CheckpointError, match=next(iter(preprocessing))):
        Recognizer(checkpoint, preprocessing=preprocessing)


@pytest.mark.parametrize(("scheme", "more"), [("positions", 1), ("heads", 0), ("ctc", 1)])
def test_logits_are_read_by_the_model_s_scheme(scheme, more, tmp_path, monkeypatch) -> None:
    recognizer = Recognizer(save_columns(tmp_path / "m.safetensors", scheme, len(ALPHABET) + more, monkeypatch))
    logits = recognizer._model(np.stack([recognizer.transform.array(picture) for picture in PICTURES]))
    expected = decode(logits, recognizer.alphabet, scheme)
    assert [p.text for p in recognizer.read_batch(PICTURES)] == [d.text for d in expected]
    assert recognizer.model_view(PICTURES[0]).mode == "RGB"


@pytest.mark.parametrize(("scheme", "more"), [("positions", 0), ("heads", 1), ("ctc", 0), ("ctc", 2)])
def test_a_wrong_number_of_classes_for_the_scheme_is_refused(scheme, more, tmp_path, monkeypatch) -> None:
    recognizer = Recognizer(save_columns(tmp_path / "odd.safetensors", scheme, len(ALPHABET) + more, monkeypatch))
    with pytest.raises(CheckpointError, match=r"odd\.safetensors scores 3\d classes"):
        recognizer.read(PICTURES[0])


class TwoColumns(Columns):
    """The same with a second opinion at the first four time steps."""

    second_scheme = "positions"

    def both(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        first = self(images)
        return first, 2 * first[:, :4]


@pytest.mark.parametrize("constraint", [None, Constraint("abc123", 1, 2)])
def test_a_second_opinion_changes_the_confidences_and_not_the_text(tmp_path, monkeypatch, constraint) -> None:
    path = save_columns(tmp_path / "m.safetensors", "ctc", len(ALPHABET) + 1, monkeypatch)
    alone = Recognizer(path).read_batch(PICTURES, constraint)
    monkeypatch.setattr(torch_backend, "build_model", lambda arch, **arch_args: TwoColumns("ctc", len(ALPHABET) + 1))
    recognizer = Recognizer(path)
    first, second = recognizer._model.both(np.stack([recognizer.transform.array(p) for p in PICTURES]))
    readings = decode(first, recognizer.alphabet, "ctc", constraint=constraint)
    probabilities = position_probabilities(second, recognizer.alphabet, constraint=constraint)
    expected = [agreed(d, p, recognizer.alphabet) for d, p in zip(readings, probabilities, strict=True)]
    for found, wanted, before in zip(recognizer.read_batch(PICTURES, constraint), expected, alone, strict=True):
        assert found.text == wanted.text == before.text
        assert found.confidence == pytest.approx(wanted.confidence) != before.confidence
        assert found.char_confidences == pytest.approx(wanted.char_confidences)
