"""The page as it is served, to somebody who means harm."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from captcha_core.ui.headers import STEADY
from tests.serving import free_port, serving
from tests.ui.helpers import ROOT, assert_no_path, grey_picture

OPEN = [
    "",
    "config",
    "theme.css",
    "gradio_api/info",
    "gradio_api/openapi.json",
    "gradio_api/queue/status",
    "manifest.json",
]
CLOSED = [
    "gradio_api/file=http://127.0.0.1:9/x.png",
    "gradio_api/file=https%3A//127.0.0.1/x.png",
    "gradio_api/file/etc/passwd",
    "gradio_api/proxy=http://127.0.0.1:9/x.png",
    "gradio_api/deep_link?session_hash=x",
    "gradio_api/runs",
    "gradio_api/vibe-code",
    "gradio_api/dev/reload",
    "monitoring",
    "monitoring/summary",
    "docs",
]
NAMED = ["app.py", str(ROOT / "app.py"), "/etc/passwd", "/proc/self/environ", str(ROOT / "saved_models"), ".", "/", "~"]
HIDDEN = [
    *NAMED,
    *(f"{{uploads}}/../../..{ROOT}/{name}" for name in ("app.py", "saved_models/v2.safetensors")),
    "{uploads}/../../../../../../etc/passwd",
    "{uploads}/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "{uploads}",
    "{uploads}/",
]
PNG = grey_picture().tobytes()


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    yield from _client()


@pytest.fixture(scope="module")
def locked() -> Iterator[httpx.Client]:
    """Visit a page with accounts, logged out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAPTCHA_LAB_AUTH", "ann:the password,bob:other")
        yield from _client()


def _client() -> Iterator[httpx.Client]:
    port = free_port()
    command = [sys.executable, "-m", "tests.ui.served", str(port)]
    with (
        serving(command, port, cwd=ROOT) as address,
        httpx.Client(base_url=address, trust_env=False, timeout=60) as client,
    ):
        yield client


def uploaded(client: httpx.Client, name: str, data: bytes = PNG) -> str:
    """Upload a file and return where the server keeps it."""
    answer = client.post("gradio_api/upload", files={"files": (name, data)})
    assert answer.status_code == 200
    return str(answer.json()[0])


def test_every_answer_has_the_headers(client: httpx.Client) -> None:
    file = f"gradio_api/file={uploaded(client, 'a.png')}"
    answers = [client.get(path) for path in [*OPEN, *CLOSED, file, "favicon.ico", "gradio_api/file=/etc/passwd"]]
    answers += [client.head("/"), client.post("gradio_api/call/none", json={"data": []}), client.post("login")]
    answers += [client.post("gradio_api/upload", content=b"no form"), client.get("gradio_api/heartbeat/../info")]
    for answer in answers:
        assert "frame-ancestors 'self'" in answer.headers["content-security-policy"], answer.url
        assert {name.decode() for name in STEADY} <= set(answer.headers), answer.url
    assert [answer.status_code for answer in answers[: len(OPEN)]] == [200] * len(OPEN)


@pytest.mark.parametrize("path", CLOSED)
def test_what_the_page_does_not_need_is_closed(client: httpx.Client, path: str) -> None:
    assert client.get(path).json()["detail"] == "There is nothing at this address."


def test_a_program_of_the_server_cannot_be_run_on_an_upload(client: httpx.Client) -> None:
    for path in ("process_recording", "component_server", "vibe-edit", "stream/x", "run-history/connect"):
        assert client.post(f"gradio_api/{path}", files={"files": ("x.mp4", b"x")}).status_code == 404


@pytest.mark.parametrize("place", HIDDEN)
def test_no_file_outside_the_uploads_can_be_had(client: httpx.Client, place: str) -> None:
    uploads = str(Path(uploaded(client, "a.png")).parent.parent)
    for path in (place.format(uploads=uploads), quote(place.format(uploads=uploads), safe="")):
        answer = client.get(f"gradio_api/file={path}")
        assert answer.status_code in (403, 404), path
        assert "import" not in answer.text and "root:" not in answer.text


def test_another_visitors_upload_cannot_be_guessed_even_from_what_is_in_it(client: httpx.Client) -> None:
    mine = Path(uploaded(client, "mine.png", b"my picture"))
    plain = mine.parents[1] / hashlib.sha256(b"my picture").hexdigest() / mine.name
    for guess in (plain, mine.parent, mine.with_name("other.png"), mine.parents[1] / ("0" * 64) / mine.name):
        assert client.get(f"gradio_api/file={guess}").status_code == 403
        data = [{"path": str(guess), "meta": {"_type": "gradio.FileData"}}, None, None, None, None, None]
        begun = client.post("gradio_api/call/read", json={"data": data}).json()["event_id"]
        answer = client.get(f"gradio_api/call/read/{begun}").text
        assert "event: error" in answer
        assert_no_path(answer)


def test_the_uploads_are_nobody_elses_on_this_machine(client: httpx.Client) -> None:
    folder = Path(uploaded(client, "mine.png")).parents[1]
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "name", ["../../../evil.py", "..\\evil.py", "/etc/evil", "a\0b", "\x1b[2J", "é" * 300, "", "."]
)
def test_an_uploads_name_leads_nowhere(client: httpx.Client, name: str) -> None:
    folder = Path(uploaded(client, "a.png")).parents[1]
    answer = client.post("gradio_api/upload", files={"files": (name, PNG)})
    if answer.status_code == 200 and answer.json():
        assert Path(answer.json()[0]).resolve().parents[1] == folder
    else:
        assert answer.status_code < 500
        assert_no_path(answer.text)


@pytest.mark.parametrize("name", ["x.html", "x.svg", "x.js", "x.xml"])
def test_an_upload_is_never_a_page_of_this_site(client: httpx.Client, name: str) -> None:
    answer = client.get(f"gradio_api/file={uploaded(client, name, b'<script>alert(1)</script>')}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_without_a_password_nothing_can_be_seen_or_used(locked: httpx.Client) -> None:
    page = locked.get("/")
    assert '"auth_required": true' in page.text or '"auth_required":true' in page.text
    assert "Captcha Lab" not in page.text
    for path in (
        "config",
        "gradio_api/info",
        "gradio_api/openapi.json",
        "gradio_api/file=x",
        "gradio_api/queue/status",
    ):
        assert locked.get(path).status_code == 401, path
    for path in ("call/read", "call/v2/read", "run/health", "api/health", "queue/join"):
        answer = locked.post(f"gradio_api/{path}", json={"data": [], "session_hash": "x"})
        assert answer.status_code == 401, path
    assert locked.post("gradio_api/upload", files={"files": ("x.png", PNG)}).status_code == 401
    assert locked.get("gradio_api/call/read/x").status_code == 401


def test_whoever_knows_a_password_gets_in(locked: httpx.Client) -> None:
    wrong = locked.post("login", data={"username": "ann", "password": "other"})
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (400, False)
    right = locked.post("login", data={"username": "bob", "password": "other"})
    assert right.status_code == 200
    assert "HttpOnly" in right.headers["set-cookie"]
    assert locked.get("config").status_code == 200
    locked.cookies.clear()
    assert locked.get("config").status_code == 401
