"""The example server with real processes on a real port."""

import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from captcha_core.recognizer import Recognizer
from tests.helpers import draw_picture, png_bytes, save_tiny_net
from tests.serving import LOCAL, free_port, running

ROOT = Path(__file__).resolve().parents[2]
PICTURES = [png_bytes(draw_picture(f"ab{number}", number)) for number in range(4)]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_net(tmp_path_factory.mktemp("net")).with_suffix(".onnx")


@pytest.fixture(scope="module")
def address(checkpoint: Path) -> Iterator[str]:
    port = free_port()
    words = ["--checkpoint", str(checkpoint), "--replicas", "2", "--port", str(port)]
    with running([sys.executable, "examples/serve_processes.py", *words], port, cwd=ROOT) as (served, _):
        yield served


def sent(address: str, picture: bytes) -> dict[str, Any]:
    request = urllib.request.Request(f"{address}read", picture, {"Content-Type": "image/png"})
    with LOCAL.open(request, timeout=60) as answer:
        return dict(json.loads(answer.read()))


def test_replicas_read_what_the_reader_reads_and_outlive_one_of_them(address: str, checkpoint: Path) -> None:
    recognizer = Recognizer(checkpoint, threads=1)
    expected = [recognizer.read(picture) for picture in PICTURES]
    with ThreadPoolExecutor(4) as senders:
        answers = list(senders.map(sent, [address] * 4, PICTURES))
    assert [(a["text"], a["model"]) for a in answers] == [(e.text, recognizer.model_id) for e in expected]
    assert [a["confidence"] for a in answers] == pytest.approx([e.confidence for e in expected], abs=1e-5)

    killed = int(answers[0]["replica"])
    os.kill(killed, signal.SIGKILL)
    end = time.monotonic() + 60
    while True:
        try:
            other = sent(address, PICTURES[0])
            break
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < end
            time.sleep(0.1)
    assert other["text"] == expected[0].text and other["replica"] != killed


@pytest.mark.parametrize(
    ("picture", "status", "word"), [(b"no picture", 422, "picture"), (bytes(6 << 20), 413, "smaller")]
)
def test_what_cannot_be_read_is_a_sentence(address: str, picture: bytes, status: int, word: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        sent(address, picture)
    assert error.value.code == status and word in json.loads(error.value.read())["error"]
