"""Reading the pictures of many visitors together."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from PIL import Image

from captcha_core.constraint import Constraint
from captcha_core.errors import CheckpointError
from captcha_core.prediction import Prediction
from captcha_core.ui import batching
from captcha_core.ui.batching import Batcher, BusyError
from tests.ui.helpers import GreyReader, grey_picture


class SlowReader(GreyReader):
    """Waits at its first batch until it is let go, and keeps what it was asked."""

    def __init__(self) -> None:
        self.batches: list[tuple[int, object]] = []
        self.started, self.go_on = threading.Event(), threading.Event()

    def read_batch(self, images: list[Image.Image], constraint: object = None) -> list[Prediction]:
        self.batches.append((len(images), constraint))
        self.started.set()
        assert self.go_on.wait(10)
        return super().read_batch(images)


def wait_for(count: int, batcher: Batcher) -> None:
    """Wait until so many requests wait."""
    while len(batcher._waiting) < count:
        threading.Event().wait(0.001)


def test_what_comes_while_the_model_works_is_read_together_and_everybody_gets_their_own() -> None:
    reader, batcher, texts = SlowReader(), Batcher(), ["ADBC", "AAAA", "DCBA", "BBBB"]
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(batcher.read, cast(Any, reader), grey_picture(texts[0]))]
        assert reader.started.wait(10)
        answers += [pool.submit(batcher.read, cast(Any, reader), grey_picture(text)) for text in texts[1:]]
        wait_for(3, batcher)
        reader.go_on.set()
        assert [answer.result().text for answer in answers] == texts
    assert reader.batches == [(1, None), (3, None)]


def test_only_the_same_model_and_constraint_go_together() -> None:
    reader, other, batcher = SlowReader(), SlowReader(), Batcher()
    other.go_on.set()
    wishes = [(reader, None), (reader, Constraint("AB")), (other, None), (reader, Constraint("AB"))]
    with ThreadPoolExecutor(5) as pool:
        answers = [pool.submit(batcher.read, cast(Any, reader), grey_picture())]
        assert reader.started.wait(10)
        for count, (wished, constraint) in enumerate(wishes, start=1):
            answers.append(pool.submit(batcher.read, cast(Any, wished), grey_picture(), constraint))
            wait_for(count, batcher)
        reader.go_on.set()
        assert {answer.result().text for answer in answers} == {"ADBC"}
    assert reader.batches == [(1, None), (1, None), (2, Constraint("AB"))]
    assert other.batches == [(1, None)]


def test_a_batch_has_a_limit_and_so_has_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(batching, "MOST_WAITING", 3)
    reader, batcher = SlowReader(), Batcher()
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(batcher.read, cast(Any, reader), grey_picture())]
        assert reader.started.wait(10)
        answers += [pool.submit(batcher.read, cast(Any, reader), grey_picture()) for _ in range(3)]
        wait_for(3, batcher)
        with pytest.raises(BusyError, match="try again"):
            batcher.read(cast(Any, reader), grey_picture())
        reader.go_on.set()
        assert all(answer.result().text == "ADBC" for answer in answers)
    assert [size for size, _ in reader.batches] == [1, 2, 1]


def test_a_failure_reaches_those_who_asked_and_nobody_else() -> None:
    class Broken(GreyReader):
        def read_batch(self, images: list[Image.Image], constraint: object = None) -> list[Prediction]:
            raise CheckpointError("damaged")

    batcher = Batcher()
    with pytest.raises(CheckpointError, match="damaged"):
        batcher.read(cast(Any, Broken()), grey_picture())
    assert batcher.read(cast(Any, GreyReader()), grey_picture()).text == "ADBC"
