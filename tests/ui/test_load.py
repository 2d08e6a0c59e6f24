"""The page when too many come, when somebody goes away, and when it is told to end."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.serving import free_port, running
from tests.ui.helpers import ROOT, picture_url


@contextmanager
def slow_page(seconds: float, **environment: str) -> Iterator[tuple[httpx.Client, subprocess.Popen[bytes]]]:
    """Serve a page that takes so long for each picture of a set; yield a client and the process."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"CAPTCHA_LAB_TEST_SECONDS": str(seconds), **environment}.items():
            patch.setenv(name, value)
        port = free_port()
        command = [sys.executable, "-m", "tests.ui.served", str(port)]
        with (
            running(command, port, cwd=ROOT) as (address, server),
            httpx.Client(base_url=address, trust_env=False, timeout=60) as client,
        ):
            yield client, server


def begin(client: httpx.Client, pictures: int = 1) -> httpx.Response:
    """Ask for a set to be read; there is one place for that."""
    picture = base64.b64decode(picture_url().partition(",")[2])
    files = [("files", (f"{number}.png", picture)) for number in range(pictures)]
    paths = client.post("gradio_api/upload", files=files).json()
    data = [{"path": path, "orig_name": "x.png", "meta": {"_type": "gradio.FileData"}} for path in paths]
    return client.post("gradio_api/call/batch", json={"data": [data, None]})


def answer(client: httpx.Client, begun: httpx.Response) -> str:
    return client.get(f"gradio_api/call/batch/{begun.json()['event_id']}").text


def waiting(client: httpx.Client) -> int:
    """Return how many wait, without those that are running."""
    return int(client.get("gradio_api/queue/status").json()["queue_size"])


def wait_for(count: int, client: httpx.Client) -> None:
    until = time.monotonic() + 20
    while waiting(client) != count:
        assert time.monotonic() < until, f"{waiting(client)} wait, not {count}"
        time.sleep(0.05)


def leave(client: httpx.Client, begun: httpx.Response) -> None:
    """Begin to listen for an answer, and go away."""
    with client.stream("GET", f"gradio_api/call/batch/{begun.json()['event_id']}") as stream:
        assert stream.status_code == 200
        time.sleep(0.3)


def test_a_full_queue_says_so_at_once_and_the_page_still_opens() -> None:
    with slow_page(3, CAPTCHA_LAB_WAITING="2") as (client, _):
        first = begin(client)
        wait_for(0, client)
        others = [begin(client), begin(client)]
        assert [event.status_code for event in (first, *others)] == [200, 200, 200]
        started = time.monotonic()
        refused = client.post("gradio_api/call/read", json={"data": [None] * 6})
        assert time.monotonic() - started < 1
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert refused.json()["detail"] == "The page is busy; try again in a few seconds."
        assert client.get("/").status_code == 200


def test_a_client_that_goes_away_frees_its_place_in_the_queue_and_at_work() -> None:
    with slow_page(0.5) as (client, _):
        long = begin(client, 100)
        wait_for(0, client)
        second, third = begin(client), begin(client)
        assert waiting(client) == 2
        leave(client, second)
        wait_for(1, client)
        # The set would take 50 seconds.
        started = time.monotonic()
        leave(client, long)
        assert "event: complete" in answer(client, third)
        assert time.monotonic() - started < 15


def test_told_to_end_the_page_finishes_what_is_running_and_takes_nothing_more() -> None:
    with slow_page(2) as (client, server), httpx.Client(base_url=client.base_url, trust_env=False) as other:
        begun = begin(client)
        with client.stream("GET", f"gradio_api/call/batch/{begun.json()['event_id']}", timeout=30) as stream:
            wait_for(0, other)
            server.send_signal(signal.SIGTERM)
            started = time.monotonic()
            time.sleep(0.8)
            refused = other.post("gradio_api/call/read", json={"data": [None] * 6})
            assert (refused.status_code, "closing" in refused.text) == (503, True)
            assert "event: complete" in stream.read().decode()
        server.wait(10)
        assert time.monotonic() - started < 10
        assert server.returncode == 0


def test_told_to_end_during_a_long_set_the_page_gives_what_it_has_read() -> None:
    with slow_page(0.2) as (client, server):
        begun = begin(client, 100)
        time.sleep(1)
        server.send_signal(signal.SIGTERM)
        started = time.monotonic()
        stream = answer(client, begun)
        server.wait(10)
        assert time.monotonic() - started < 10
        rows = json.loads(stream.rpartition("data: ")[2])[0]
        assert 0 < len(rows["rows"]) < 100
        assert "Reading stopped since the page is closing" in rows["notes"][0]


def test_the_uploads_are_gone_when_the_page_is(tmp_path: Path) -> None:
    with slow_page(0, TMPDIR=str(tmp_path)) as (client, server):
        answer(client, begin(client))
        [folder] = tmp_path.glob("captcha-lab-*")
        assert any(path.is_file() for path in folder.rglob("*.png"))
        server.send_signal(signal.SIGTERM)
        server.wait(10)
        assert not folder.exists()
