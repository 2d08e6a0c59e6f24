"""What stands before every route of the server: it lets in what the page needs, as much of it as is allowed.

Gradio's server has routes that this page has no use for; one fetches addresses from the web, one runs a program on an
upload. It reads bodies of any length, and tells about a full queue in terms of its own.
"""

from __future__ import annotations

import json
import logging
import math
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from gradio.route_utils import FnIndexInferError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from captcha_core.ui.headers import STEADY, content_policy, with_nonce
from captcha_core.ui.plain import FAILED
from captcha_core.ui.rate import RateLimit
from captcha_core.ui.routes import UPLOAD, is_costly, is_of_no_upload, is_open, is_work
from captcha_core.ui.settings import PageSettings
from captcha_core.ui.upload_folder import UploadFolder

MOST_BODY = 8 << 20
"""Longest body of a request that is no upload, in bytes; a picture in it takes a third more than by itself."""
MOST_LOGINS = 10
"""Tries to log in that one address has a minute."""
MOST_OPEN = 200
"""Requests of one address that are open at once; every visitor's browser holds one or two."""

_LOCAL = ("localhost", "127.0.0.1", "::1", "0.0.0.0")

logger = logging.getLogger(__name__)


class Refusal(NamedTuple):
    """Why a request is not answered.

    Attributes:
        status: Of HTTP.
        sentence: For whoever asked.
        retry_s: After how many seconds to ask again; 0 for never.
    """

    status: int
    sentence: str
    retry_s: int = 0


BUSY = Refusal(503, "The page is busy; try again in a few seconds.", 5)
CLOSING = Refusal(503, "The page is closing; try again in a minute.", 60)
_NO_ROUTE = Refusal(404, "There is nothing at this address.")
_CROWD = Refusal(429, "Too many requests of this address are open; try again when one is answered.", 5)
_FOREIGN = Refusal(403, "Another web site's page may not use this one.")
_BODY = Refusal(413, f"The request is too long; send files as uploads, and at most {MOST_BODY >> 20} MB beside them.")
_UNCLEAR = Refusal(400, "The request does not fit this address; /gradio_api/info describes what does.")
_FAILED = Refusal(500, FAILED)


class Guard:
    """An ASGI middleware around the routes of one page."""

    def __init__(self, app: ASGIApp, settings: PageSettings, folder: UploadFolder, closing: threading.Event) -> None:
        """Stand before an application.

        Args:
            app: What answers.
            settings: The limits.
            folder: Where uploads go.
            closing: Set when the server takes no more work.
        """
        self._app = app
        self._settings = settings
        self._folder = folder
        self._closing = closing
        self._open: Counter[str] = Counter()
        self._requests = RateLimit(settings.requests_per_minute)
        self._logins = RateLimit(MOST_LOGINS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        if is_of_no_upload(scope["path"], scope["query_string"]):
            # Gradio says 404 to its own camera, which the browser tells the visitor as an error.
            await answer.send_whole(200, b"text/event-stream", b'data: {"msg": "done"}\n\n')
            return
        address = _address(scope)
        refusal = self._refusal(scope) or (_CROWD if self._open[address] >= MOST_OPEN else None)
        if refusal is None:
            self._open[address] += 1
            try:
                most = await self._most_body(scope)
                refusal = await self._answered(scope, _counted(receive, most), answer)
            finally:
                self._open[address] -= 1
                self._open += Counter()  # Drops those with none.
        if refusal is not None:
            await answer.refuse(refusal)

    async def _most_body(self, scope: Scope) -> int:
        """Return how long a request may be."""
        if scope["path"].rstrip("/") != UPLOAD:
            return MOST_BODY
        return await run_in_threadpool(self._folder.room)

    async def _answered(self, scope: Scope, receive: Receive, answer: _Answer) -> Refusal | None:
        """Let the application answer; return what to say where it failed before it said anything."""
        try:
            await self._app(scope, receive, answer)
        except Exception as error:
            if answer.begun:
                raise
            # What an event raises does not come here: these are Gradio's routes, stumbling over what they were sent.
            if isinstance(error, LookupError | TypeError | ValueError | FnIndexInferError):
                logger.debug("%s %.200r cannot be answered: %s.", scope["method"], scope["path"], type(error).__name__)
                return _UNCLEAR
            logger.exception("%s %.200r failed.", scope["method"], scope["path"])
            return _FAILED
        return None

    def _refusal(self, scope: Scope) -> Refusal | None:
        """Return why a request is refused before its body is read, or None."""
        path, method = scope["path"], scope["method"]
        if not is_open(path):
            return _NO_ROUTE
        if method == "POST":
            headers = Headers(scope=scope)
            if _is_foreign(headers) and (self._settings.accounts or _is_local(headers)):
                return _FOREIGN
            if path.rstrip("/") == "/login":
                return _later(self._logins.wait(_address(scope)))
            if is_work(path) and self._closing.is_set():
                return CLOSING
            if is_work(path) and len(_queue(scope)) >= self._settings.waiting:
                return BUSY
        return _later(self._requests.wait(_address(scope))) if is_costly(path) else None


class _Answer:
    """Sends an answer with the headers of the page."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._page = b""
        self.begun = False

    async def __call__(self, message: Message) -> None:
        """Send a part of the answer; a page of HTML waits until it is whole, for the nonce of its scripts."""
        self.begun = True
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.raw.extend(STEADY.items())
            if headers.get("content-type", "").startswith("text/html"):
                self._start = message
                return
            headers.raw.append((b"content-security-policy", content_policy()))
        elif self._start is not None and message["type"] == "http.response.body":
            self._page += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_page(self._start)
            return
        await self._send(message)

    async def _send_page(self, start: Message) -> None:
        page, nonce = with_nonce(self._page)
        headers = MutableHeaders(scope=start)
        headers.raw.append((b"content-security-policy", content_policy(nonce)))
        # The answer to HEAD has the length of a page that is not sent.
        if self._page:
            headers["content-length"] = str(len(page))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": page})

    async def refuse(self, refusal: Refusal) -> None:
        """Send a refusal; Gradio's browser code looks under one of the names, its Python client under the other."""
        body = json.dumps({"detail": refusal.sentence, "error": refusal.sentence}).encode()
        later = [(b"retry-after", str(refusal.retry_s).encode())] if refusal.retry_s else []
        await self.send_whole(refusal.status, b"application/json", body, later)

    async def send_whole(
        self, status: int, kind: bytes, body: bytes, headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        """Send an answer as a whole."""
        all_headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *headers]
        await self({"type": "http.response.start", "status": status, "headers": all_headers})
        await self({"type": "http.response.body", "body": body})


def _counted(receive: Receive, most: int) -> Receive:
    """Return a ``receive`` that ends a request whose body is longer than ``most`` bytes."""
    left = most

    async def counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(_BODY.status, _BODY.sentence)
        return message

    return counted


def _later(seconds: float) -> Refusal | None:
    """Return the refusal for whoever must wait so long, None for no time."""
    if not seconds:
        return None
    whole = math.ceil(seconds)
    return Refusal(429, f"Too many requests from this address; try again in {whole} s.", whole)


def _address(scope: Scope) -> str:
    return str((scope.get("client") or ("", 0))[0])


def _queue(scope: Scope) -> Any:
    return scope["app"].get_blocks()._queue


def _is_foreign(headers: Headers) -> bool:
    """Return whether a browser says that another site's page asks."""
    origin = headers.get("origin")
    own = {headers.get("host"), headers.get("x-forwarded-host")}
    return origin is not None and urlsplit(origin).netloc not in own


def _is_local(headers: Headers) -> bool:
    """Return whether the page is one for whoever sits at this machine."""
    return urlsplit(f"//{headers.get('host', '')}").hostname in _LOCAL
