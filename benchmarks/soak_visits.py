"""What the clients of benchmarks/soak.py do: use the page as people and programs do, and as nobody should."""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "captcha_core" / "ui" / "examples").glob("*.png"))
_PNG = EXAMPLES[0].read_bytes()
# Of 60,000 pixels on a side, as its header says.
_HUGE = _PNG[:16] + (60_000).to_bytes(4, "big") * 2 + _PNG[24:]
_BROKEN = {"half.png": _PNG[: len(_PNG) // 2], "huge.png": _HUGE, "text.png": b"no picture", "a.svg": b"<svg/>"}
_ODD: list[Any] = [None, -1, 1e308, "x" * 10_000, [], {"path": "/etc/passwd"}, "<img src=x onerror=alert(1)>", "\0"]

Visit = Callable[[httpx.AsyncClient, random.Random], Awaitable[None]]


class UnexpectedError(Exception):
    """An answer that is not the right one."""


class BusyError(Exception):
    """The page says that it is busy."""


def expect(right: bool, answer: str) -> None:
    """Go on if an answer is the right one.

    Raises:
        UnexpectedError: If it is not.
    """
    if not right:
        raise UnexpectedError(answer[:300])


async def uploaded(client: httpx.AsyncClient, name: str, data: bytes) -> dict[str, Any]:
    """Upload a file and return how an endpoint takes it."""
    answer = await client.post("gradio_api/upload", files={"files": (name, data)})
    expect(answer.status_code == 200, answer.text)
    return {"path": answer.json()[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}


async def begun(client: httpx.AsyncClient, name: str, data: list[Any]) -> str:
    """Call an endpoint and return where its answer will be.

    Raises:
        BusyError: If it takes no more at the moment.
    """
    answer = await client.post(f"gradio_api/call/{name}", json={"data": data})
    if answer.status_code == 503:
        raise BusyError(answer.text)
    expect(answer.status_code == 200, answer.text)
    return f"gradio_api/call/{name}/{answer.json()['event_id']}"


async def called(client: httpx.AsyncClient, name: str, data: list[Any], event: str = "complete") -> Any:
    """Call an endpoint and return its answer, which must be of a kind."""
    stream = (await client.get(await begun(client, name, data))).text
    kind, _, answer = stream.rpartition("event: ")[2].partition("\ndata: ")
    expect(kind == event, stream)
    return json.loads(answer)


async def read(client: httpx.AsyncClient, rng: random.Random) -> None:
    """Read a picture."""
    example = rng.choice(EXAMPLES)
    picture = await uploaded(client, example.name, example.read_bytes())
    [answer] = await called(client, "read", [picture, None, None, None, None, None])
    expect(answer["text"] == example.stem, f"{example.stem} was read as {answer['text']}")


async def batch(client: httpx.AsyncClient, rng: random.Random) -> None:
    """Read a few pictures together, one of them broken."""
    name = rng.choice(list(_BROKEN))
    pictures = [await uploaded(client, path.name, path.read_bytes()) for path in rng.sample(EXAMPLES, 2)]
    pictures.append(await uploaded(client, name, _BROKEN[name]))
    [answer] = await called(client, "batch", [pictures, None])
    rows = answer["rows"]
    expect([row["error"] is None for row in rows] == [True, True, False], str(rows))


async def generate(client: httpx.AsyncClient, rng: random.Random) -> None:
    """Draw two pictures."""
    described = (await client.get("gradio_api/info")).json()["named_endpoints"]["/generate"]["parameters"]
    known = {"count": 2, "seed": rng.randrange(1000)}
    data = [known.get(one["parameter_name"], one.get("parameter_default")) for one in described]
    [answer] = await called(client, "generate", data)
    expect(len(answer) == 2, str(answer))


async def open_page(client: httpx.AsyncClient, rng: random.Random) -> None:
    """Open the page."""
    answer = await client.get("/")
    expect(answer.status_code == 200 and "Captcha Lab" in answer.text, answer.text)


async def broken_picture(client: httpx.AsyncClient, rng: random.Random) -> None:
    """Have something read that is no picture."""
    name = rng.choice(list(_BROKEN))
    picture = await uploaded(client, name, _BROKEN[name])
    answer = await called(client, "read", [picture, None, None, None, None, None], "error")
    expect(str(answer["error"]).startswith(name), str(answer))


async def wrong_kind(client: httpx.AsyncClient, rng: random.Random) -> None:
    """Send values of any kind."""
    data = [rng.choice(_ODD) for _ in range(rng.randrange(7))]
    answer = await called(client, rng.choice(["read", "batch"]), data, "error")
    expect(str(answer["error"]).endswith(".") or "not in the list" in str(answer["error"]), str(answer))


async def forbidden(client: httpx.AsyncClient, rng: random.Random) -> None:
    """Ask for what is not there for anybody."""
    path = rng.choice(["gradio_api/file=/etc/passwd", "gradio_api/file=http://127.0.0.1:9/x", "monitoring", "none"])
    answer = await client.get(path)
    expect(answer.status_code in (403, 404), answer.text)


async def broken_upload(client: httpx.AsyncClient, rng: random.Random) -> None:
    """Upload something that is no form."""
    answer = await client.post("gradio_api/upload", content=b"--x\r\nno form", headers={"content-type": "text/html"})
    expect(answer.status_code == 400, answer.text)


async def leave(client: httpx.AsyncClient, rng: random.Random) -> None:
    """Go away before the answer is there, with or without having asked for it."""
    picture = await uploaded(client, EXAMPLES[0].name, _PNG)
    place = await begun(client, "read", [picture, None, None, None, None, None])
    if rng.random() < 0.5:
        async with client.stream("GET", place) as stream:
            expect(stream.status_code == 200, place)


VISITS: dict[Visit, int] = {
    read: 60,
    batch: 4,
    generate: 4,
    open_page: 4,
    broken_picture: 10,
    wrong_kind: 8,
    forbidden: 4,
    broken_upload: 2,
    leave: 4,
}
"""Each with how many of a hundred are of it."""
