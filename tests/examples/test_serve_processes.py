"""The example server with real processes on a real port."""

import asyncio
import importlib
import json
import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from starlette.requests import Request

from captcha_core.errors import ImageError
from captcha_core.recognizer import Recognizer
from examples.serve_processes import LARGEST, answer_to
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


class Noted:
    """A reader that notes in which thread it reads."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def read(self, picture: bytes) -> None:
        self.threads.append(threading.get_ident())
        raise ImageError("no picture")


def by_processes(request: Request, reader: Any) -> Any:
    return answer_to(request, reader)


def by_ray(request: Request, reader: Any) -> Any:
    """Answer as a replica of serve_ray.py does, without Ray Serve, which is in no requirements file."""
    serve = mock.Mock()
    serve.deployment.return_value = lambda replica: replica
    with mock.patch.dict(sys.modules, {"ray": mock.Mock(serve=serve)}):
        replica = object.__new__(importlib.import_module("examples.serve_ray").Reader)
    replica._recognizer = reader
    return replica(request)


def asked(server: Callable[..., Any], pieces: list[bytes]) -> tuple[int, int, list[int]]:
    """Send a body in pieces; return the status, how many pieces were taken and the threads that read it."""
    left, reader = list(pieces), Noted()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    answer = asyncio.run(server(request, reader))
    return answer.status_code, len(pieces) - len(left), reader.threads


@pytest.mark.parametrize("server", [by_processes, by_ray])
def test_no_more_of_a_request_is_taken_than_may_be_sent(server: Callable[..., Any]) -> None:
    assert asked(server, [bytes(LARGEST // 2)] * 9) == (413, 3, [])


@pytest.mark.parametrize("server", [by_processes, by_ray])
def test_other_requests_are_taken_while_a_picture_is_read(server: Callable[..., Any]) -> None:
    status, _, threads = asked(server, [b"no picture"])
    assert status == 422 and threads != [threading.get_ident()]
