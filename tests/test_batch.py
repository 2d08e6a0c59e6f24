"""A set is read once, in bounded memory, and measured where labels are known."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, cast

import pytest
from PIL import Image

from captcha_core import batch
from captcha_core.batch import THUMBNAIL, Reading, evaluate_readings, read_items, thumbnail_of
from captcha_core.errors import ImageError
from captcha_core.prediction import Prediction
from captcha_core.recognizer import Recognizer
from captcha_core.uploads import Item
from tests.helpers import draw_picture, png_bytes, save_tiny_checkpoint
from tests.ui.helpers import GreyReader, grey_picture


def test_every_item_has_its_reading_in_order(tmp_path: Any) -> None:
    recognizer = Recognizer(save_tiny_checkpoint(tmp_path / "tiny.safetensors"))
    pictures = [draw_picture(text, seed) for seed, text in enumerate(("ab", "7", "xyz"))]
    items = [Item(f"{i}.png", png_bytes(picture), f"label{i}") for i, picture in enumerate(pictures)]
    items.insert(1, Item("bad.png", b"no picture"))
    items.insert(2, Item("gone.png", ImageError("gone.png is damaged.")))
    readings = list(read_items(recognizer, items, batch_size=2))
    assert [r.name for r in readings] == ["0.png", "bad.png", "gone.png", "1.png", "2.png"]
    assert [r.label for r in readings] == ["label0", None, None, "label1", "label2"]
    texts = [r.outcome.text for r in readings if isinstance(r.outcome, Prediction)]
    assert texts == [recognizer.read(picture).text for picture in pictures]
    assert [bool(r.thumbnail) for r in readings] == [True, False, False, True, True]


def test_of_a_set_no_more_than_a_batch_is_taken_ahead() -> None:
    taken = 0

    def items() -> Iterator[Item]:
        nonlocal taken
        for i in range(10):
            taken += 1
            yield Item(f"{i}.png", png_bytes(grey_picture()))

    readings = read_items(cast(Any, GreyReader()), items())
    next(readings)
    assert taken == 1


def test_a_reading_keeps_little(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = Image.effect_noise((1600, 600), 90).convert("RGB")
    monkeypatch.setattr(batch, "load_image", lambda data, name: picture)
    [reading] = read_items(cast(Any, GreyReader()), [Item("large.png", bytes(1 << 20))])
    assert isinstance(reading.outcome, Prediction) and reading.outcome.alternatives == ()
    assert len(reading.thumbnail) < 10_000


def test_a_thumbnail_is_small_and_keeps_the_shape() -> None:
    with Image.open(io.BytesIO(thumbnail_of(Image.new("RGB", (1600, 400))))) as small:
        assert small.size == (THUMBNAIL[0], THUMBNAIL[0] // 4)


def test_only_what_has_a_label_is_measured() -> None:
    readings = [
        Reading("a.png", "AB", Prediction("AB", 0.9, (0.9, 0.9)), b""),
        Reading("b.png", "CD", Prediction("CE", 0.9, (0.9, 0.9)), b""),
        Reading("c.png", None, Prediction("XY", 0.9, (0.9, 0.9)), b""),
        Reading("d.png", "EF", ImageError("d.png is damaged."), b""),
    ]
    evaluation = evaluate_readings(readings, 2.0)
    assert evaluation is not None
    assert evaluation.files == ["a.png", "b.png", "d.png"]
    assert evaluation.metrics.exact_match == pytest.approx(1 / 3)
    assert evaluation.metrics.cer == pytest.approx(3 / 6)
    assert evaluation.images_per_second == 2.0
    assert evaluate_readings(readings[2:3], 1.0) is None
