"""Anything at all sent to every endpoint and event of the page, by the page's own description of them."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.serving import free_port, serving
from tests.ui.helpers import ROOT, assert_no_path, picture_url

NAMES = ["read", "batch", "generate", "health"]
EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

PLACES = [
    "/etc/passwd",
    "../../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "captcha_core/ui/examples/j7di.png",
    "file:///etc/passwd",
    "http://127.0.0.1:9/x.png",
    "//127.0.0.1/share/x.png",
    "/proc/self/environ",
    "\0",
    "",
    ".",
]
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["<img src=x onerror=alert(1)>", "=1+1", "\0\x1b[2J\r\n", "\u202e", "default", "lower"]),
    st.sampled_from(["x", "\0", "é"]).map(lambda character: 100_000 * character),
    st.sampled_from(PLACES),
)  # fmt: skip
NUMBERS = st.one_of(
    st.integers(-5, 30),
    st.sampled_from([2**31, 2**63, -(2**63), 10**30, 10**400, 1e308, -0.5, 5e-324, float("inf"), float("nan")]),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
FILES = st.fixed_dictionaries(
    {},
    optional={
        "path": st.one_of(st.sampled_from(PLACES), SCALARS),
        "url": st.one_of(st.sampled_from([*PLACES, picture_url()]), SCALARS),
        "orig_name": SCALARS,
        "size": SCALARS,
        "mime_type": SCALARS,
        "is_stream": SCALARS,
        "meta": st.one_of(st.just({"_type": "gradio.FileData"}), SCALARS),
    },
)
ANYTHING = st.recursive(
    st.one_of(SCALARS, FILES),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=2)),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Path]]:
    """Serve a page that sets no limit to requests; return a client, and what the server wrote to standard error."""
    log = tmp_path_factory.mktemp("served") / "stderr"
    port = free_port()
    command = [sys.executable, "-m", "tests.ui.served", str(port)]
    with (
        log.open("w") as errors,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("CAPTCHA_LAB_REQUESTS_PER_MINUTE", "0")
        with (
            serving(command, port, cwd=ROOT, stderr=errors) as address,
            httpx.Client(base_url=address, trust_env=False, timeout=60) as client,
        ):
            yield client, log


def sent(client: httpx.Client, path: str, body: Any) -> httpx.Response:
    """Post JSON as Python writes it, with numbers that JSON does not have."""
    return client.post(f"gradio_api/{path}", content=json.dumps(body), headers={"content-type": "application/json"})


def answered(client: httpx.Client, name: str, data: Any) -> str:
    """Call an endpoint, and return its answer when it has been checked."""
    begun = sent(client, f"call/{name}", {"data": data})
    assert begun.status_code == 200, begun.text
    stream = client.get(f"gradio_api/call/{name}/{begun.json()['event_id']}").text
    assert_no_path(stream)
    # What is sent at the end; before it may stand signs of life.
    _, _, last = stream.rpartition("event: ")
    event, _, answer = last.partition("\ndata: ")
    assert event in ("complete", "error")
    if event == "error":
        assert_plain(json.loads(answer)["error"])
    return stream


def assert_plain(sentence: Any) -> None:
    """Check that a refusal is a sentence, without traces, and without tags that a page would render."""
    assert isinstance(sentence, str) and len(sentence) > 10
    assert "Traceback" not in sentence and "<" not in sentence and "Error:" not in sentence


def as_documented(client: httpx.Client, name: str) -> list[Any]:
    """Return a value for each parameter of an endpoint, which it takes."""
    described = client.get("gradio_api/info").json()["named_endpoints"][f"/{name}"]["parameters"]
    picture = {"url": picture_url(), "orig_name": "x.png"}
    known = {"picture": picture, "files": None, "model": "grey", "count": 1}
    return [known.get(p["parameter_name"], p.get("parameter_default")) for p in described]


@pytest.mark.parametrize("name", NAMES)
@EXAMPLES
@given(data=st.data())
def test_one_value_of_any_kind_in_place_of_a_right_one(
    served: tuple[httpx.Client, Path], name: str, data: st.DataObject
) -> None:
    client, log = served
    values = as_documented(client, name)
    if values:
        values[data.draw(st.integers(0, len(values) - 1))] = data.draw(ANYTHING)
    else:
        values.append(data.draw(ANYTHING))
    answered(client, name, values)
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize("name", NAMES)
@EXAMPLES
@given(values=st.lists(ANYTHING, max_size=6))
def test_values_of_any_kind_and_number(served: tuple[httpx.Client, Path], name: str, values: list[Any]) -> None:
    client, log = served
    answered(client, name, values)
    assert "Traceback" not in log.read_text()
    assert log.stat().st_size < 10_000, "what visitors send must not fill the log"


@EXAMPLES
@given(body=st.one_of(ANYTHING, st.dictionaries(st.sampled_from(["data", "session_hash", "fn_index"]), ANYTHING)))
@pytest.mark.parametrize("path", [f"{way}/{name}" for way in ("call", "call/v2", "api") for name in ("read", "none")])
def test_a_body_of_any_kind(served: tuple[httpx.Client, Path], path: str, body: Any) -> None:
    client, log = served
    answer = sent(client, path, body)
    assert answer.status_code < 500
    assert_no_path(answer.text.replace("/etc/passwd", ""))
    assert "Traceback" not in answer.text + log.read_text()


def events(client: httpx.Client) -> list[tuple[int, int]]:
    """Return the number of each event of the page that the server runs, and of its inputs."""
    found = client.get("config").json()["dependencies"]
    return [(event["id"], len(event["inputs"])) for event in found if event["backend_fn"]]


@EXAMPLES
@given(data=st.data())
def test_the_pages_own_events_take_values_of_any_kind(served: tuple[httpx.Client, Path], data: st.DataObject) -> None:
    client, _ = served
    event, count = data.draw(st.sampled_from(events(client)))
    session = secrets.token_hex(5)
    body = {"session_hash": session, "fn_index": event, "data": [data.draw(ANYTHING) for _ in range(count)]}
    answer = sent(client, "queue/join", body)
    assert answer.status_code == 200, answer.text
    stream = client.get("gradio_api/queue/data", params={"session_hash": session}).text
    assert_no_path(stream)
    messages = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]
    [done] = [message for message in messages if message["msg"] == "process_completed"]
    if not done["success"]:
        assert_plain(done["output"]["error"])
