"""What stands before the routes, around a small application in place of Gradio's."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from captcha_core.ui.guard import MOST_BODY, MOST_LOGINS, MOST_OPEN, Guard
from captcha_core.ui.headers import STEADY
from captcha_core.ui.settings import PageSettings
from captcha_core.ui.upload_folder import UploadFolder

HERE = "http://lab.example"
READ = "/gradio_api/call/read"


async def page(request: Request) -> Response:
    return HTMLResponse("<script>one</script><p>text</p><script src='x.js'></script>")


async def echo(request: Request) -> Response:
    return JSONResponse({"length": len(await request.body())})


async def stumble(request: Request) -> Response:
    raise {"key": KeyError("named"), "other": RuntimeError("at /srv/secret.py")}[request.path_params["what"]]


class Served(Starlette):
    """An application with the routes that the tests ask for."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.queue: list[int] = []
        self.closing = threading.Event()
        room = UploadFolder(folder, settings.get("uploads_mb", 1) << 20)
        guard = Middleware(Guard, settings=PageSettings(**settings), folder=room, closing=self.closing)
        routes = [Route("/", page, methods=["GET", "HEAD"]), Route("/theme.css", lambda _: PlainTextResponse(""))]
        routes += [Route(path, echo, methods=["POST"]) for path in (READ, "/login", "/gradio_api/upload")]
        routes += [Route("/gradio_api/call/{what}", stumble, methods=["POST"]), Route("/open", echo)]
        super().__init__(routes=routes, middleware=[guard])

    def get_blocks(self) -> Any:
        return type("Blocks", (), {"_queue": self.queue})


@pytest.fixture
def served(tmp_path: Path) -> Callable[..., Served]:
    return lambda **settings: Served(tmp_path, **settings)


def ask(app: Starlette, *requests: tuple[str, str], address: str = "1.2.3.4", **options: Any) -> list[httpx.Response]:
    """Send requests, such as ``("POST", "/login")``, one after the other."""

    async def send() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url=options.pop("base", HERE)) as client:
            return [await client.request(method, path, **options) for method, path in requests]

    return asyncio.run(send())


@pytest.mark.parametrize("path", ["/", "/theme.css", "/no/such", "/gradio_api/call/key", "/gradio_api/monitoring"])
def test_every_answer_has_the_headers(served: Callable[..., Served], path: str) -> None:
    [answer] = ask(served(), ("POST" if "call" in path else "GET", path))
    for name, value in STEADY.items():
        assert answer.headers[name.decode()] == value.decode()
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'self' https://huggingface.co https://*.hf.space" in policy
    assert "object-src 'none'" in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]


def test_the_pages_own_scripts_run_and_no_others(served: Callable[..., Served]) -> None:
    first, second = ask(served(), ("GET", "/"), ("GET", "/"))
    nonce = re.search(r"'nonce-([^']+)'", first.headers["content-security-policy"])
    assert nonce
    assert re.findall(r'<script nonce="([^"]+)"', first.text) == [nonce[1]] * 2
    assert int(first.headers["content-length"]) == len(first.content)
    assert first.headers["content-security-policy"] != second.headers["content-security-policy"]


def test_the_answer_to_head_is_that_of_get_without_a_page(served: Callable[..., Served]) -> None:
    [answer] = ask(served(), ("HEAD", "/"))
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_route_that_the_page_does_not_need_is_closed(served: Callable[..., Served]) -> None:
    [answer] = ask(served(), ("GET", "/open"))
    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is nothing at this address."


def test_an_upload_without_a_name_is_done(served: Callable[..., Served]) -> None:
    progress = "/gradio_api/upload_progress?upload_id="
    none, one = ask(served(), ("GET", progress), ("GET", f"{progress}x"))
    assert (none.status_code, none.text) == (200, 'data: {"msg": "done"}\n\n')
    assert none.headers["content-type"] == "text/event-stream"
    assert one.status_code == 404, "Gradio's own route answers that"


def test_a_body_has_a_limit_whatever_it_says_of_itself(served: Callable[..., Served]) -> None:
    async def parts() -> Any:
        for _ in range(9):
            yield bytes(MOST_BODY // 8)

    [whole] = ask(served(), ("POST", READ), content=bytes(MOST_BODY))
    assert whole.json() == {"length": MOST_BODY}
    [longer] = ask(served(), ("POST", READ), content=parts())
    assert longer.status_code == 413


def test_uploads_get_the_room_that_is_left(served: Callable[..., Served], tmp_path: Path) -> None:
    app = served(uploads_mb=12, upload_mb=12)
    upload = ("POST", "/gradio_api/upload")
    assert ask(app, upload, content=bytes(10 << 20))[0].status_code == 200
    (tmp_path / "set.zip").write_bytes(bytes(4 << 20))
    assert ask(app, upload, content=bytes(10 << 20))[0].status_code == 413


def test_an_address_has_so_many_requests(served: Callable[..., Served]) -> None:
    app = served(requests_per_minute=2)
    answers = ask(app, *[("POST", READ)] * 3)
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 20 < int(answers[2].headers["retry-after"]) <= 30
    assert "try again in" in answers[2].json()["error"]
    assert ask(app, ("POST", READ), address="1.2.3.5")[0].status_code == 200
    assert ask(app, ("GET", "/theme.css"))[0].status_code == 200
    assert ask(app, ("GET", "/"))[0].status_code == 429


def test_passwords_cannot_be_tried_quickly(served: Callable[..., Served]) -> None:
    answers = ask(served(requests_per_minute=0), *[("POST", "/login")] * (MOST_LOGINS + 1))
    assert [answer.status_code for answer in answers] == [200] * MOST_LOGINS + [429]


def test_a_full_queue_and_a_closing_page_say_so_before_the_body_is_read(served: Callable[..., Served]) -> None:
    app = served(waiting=1)
    app.queue.append(1)
    [answer] = ask(app, ("POST", READ), content=bytes(MOST_BODY + 1))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["detail"] == "The page is busy; try again in a few seconds."
    assert ask(app, ("GET", "/"))[0].status_code == 200
    app.closing.set()
    assert "closing" in ask(app, ("POST", READ))[0].json()["detail"]


@pytest.mark.parametrize(
    ("accounts", "base", "origin", "status"),
    [
        ((), HERE, "https://evil.example", 200),
        ((("ann", "pw"),), HERE, "https://evil.example", 403),
        ((("ann", "pw"),), HERE, "null", 403),
        ((("ann", "pw"),), HERE, HERE, 200),
        ((), "http://127.0.0.1:7860", "https://evil.example", 403),
        ((), "http://localhost:7860", "http://localhost:7860", 200),
        ((), "http://[::1]:7860", "https://evil.example", 403),
    ],
)
def test_the_page_of_another_site_cannot_use_accounts_or_what_runs_on_this_machine(
    served: Callable[..., Served], accounts: Any, base: str, origin: str, status: int
) -> None:
    [answer] = ask(served(accounts=accounts), ("POST", READ), base=base, headers={"origin": origin})
    assert answer.status_code == status


@pytest.mark.parametrize(("what", "status"), [("key", 400), ("other", 500)])
def test_a_failure_is_one_sentence(served: Callable[..., Served], what: str, status: int) -> None:
    [answer] = ask(served(), ("POST", f"/gradio_api/call/{what}"))
    assert answer.status_code == status
    assert answer.json()["detail"].endswith(".")
    assert "secret" not in answer.text and "Traceback" not in answer.text


def test_an_address_has_so_many_requests_open(served: Callable[..., Served]) -> None:
    app = served(requests_per_minute=0)

    async def crowd() -> list[int]:
        transport = httpx.ASGITransport(app, client=("1.2.3.4", 1))
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            held = asyncio.Event()

            async def body() -> Any:
                await held.wait()
                yield b""

            waiting = [asyncio.create_task(client.post(READ, content=body())) for _ in range(MOST_OPEN)]
            await asyncio.sleep(0.1)
            refused = await client.get("/theme.css")
            held.set()
            await asyncio.gather(*waiting)
            return [refused.status_code, (await client.get("/theme.css")).status_code]

    assert asyncio.run(crowd()) == [429, 200]
