"""The page as it is served: through gradio_client, and through the bare protocol where a client would be too polite."""

from __future__ import annotations

import base64
import io
import json
import socket
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import huggingface_hub.constants
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from captcha_core.errors import CaptchaLabError
from captcha_core.ui import blocks
from captcha_core.ui.blocks import PROMISE, build_page, serve
from captcha_core.ui.upload_folder import own_folder
from tests.helpers import huge_png_header
from tests.serving import free_port, serving
from tests.ui.helpers import ROOT, assert_no_path, catalogue_of, grey_picture, in_loop


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a page in a process of its own and return its address; at the end it must have asked for no other host."""
    log = tmp_path_factory.mktemp("served") / "stderr"
    port = free_port()
    with log.open("w") as errors:
        command = [sys.executable, "-m", "tests.ui.served", str(port)]
        with serving(command, port, cwd=ROOT, stderr=errors) as address:
            yield address
    assert "asked for" not in log.read_text()


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[Client]:
    with pytest.MonkeyPatch.context() as patch:
        # gradio_client reports to Hugging Face unless both are set; its own analytics_enabled=False does not help.
        patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        patch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
        client = Client(address, verbose=False)
        yield client
        client.close()


def save(format: str, picture: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


def transparent_png() -> bytes:
    """White becomes black pixels that cannot be seen, as many drawing programs write it."""
    picture = grey_picture()
    mask = picture.convert("L").point(lambda v: 0 if v == 255 else 255)
    picture.paste((0, 0, 0), (16, 0, 32, 16))
    picture.putalpha(mask)
    return save("PNG", picture)


def sixteen_bit_png() -> bytes:
    picture = grey_picture().convert("L")
    wide = Image.new("I;16", picture.size)
    wide.putdata([v * 257 for v in picture.tobytes()])
    return save("PNG", wide)


def rotated_jpeg() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise to be upright
    return save("JPEG", grey_picture().transpose(Image.Transpose.ROTATE_90), exif=exif, quality=95)


def animated_gif() -> bytes:
    return save("GIF", grey_picture(), save_all=True, append_images=[grey_picture("AAAA")])


PICTURES: dict[str, Callable[[], bytes]] = {
    "plain.png": lambda: save("PNG", grey_picture()),
    "transparent.png": transparent_png,
    "animated.gif": animated_gif,
    "sixteen-bit.png": sixteen_bit_png,
    "cmyk.jpg": lambda: save("JPEG", grey_picture().convert("CMYK"), quality=95),
    "rotated.jpg": rotated_jpeg,
    "palette.png": lambda: save("PNG", grey_picture().convert("P")),
    "grey.bmp": lambda: save("BMP", grey_picture().convert("L")),
}
BAD_FILES: dict[str, Callable[[], bytes]] = {
    "truncated.png": lambda: save("PNG", Image.effect_noise((64, 64), 90))[:900],
    "text.png": lambda: b"this is no picture",
    "empty.png": lambda: b"",
    "huge.png": huge_png_header,
    "tiny.png": lambda: save("PNG", Image.new("RGB", (1, 1))),
    "large.png": lambda: save("PNG", grey_picture()) + bytes(5 << 20),
    "drawing.svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>',
}


def call(address: str, payload: Any, endpoint: str = "read") -> str:
    """Send a bare payload as any HTTP client could, and return the stream of events as text."""
    with httpx.Client(base_url=f"{address}gradio_api/call/", trust_env=False) as http:
        rest = [None] * (5 if endpoint == "read" else 1)
        event = http.post(endpoint, json={"data": [payload, *rest]}).json()["event_id"]
        return http.get(f"{endpoint}/{event}").text


@pytest.mark.parametrize("name", PICTURES)
def test_every_kind_of_picture_reads_like_the_plain_one(client: Client, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(PICTURES[name]())
    answer = client.predict(handle_file(file), api_name="/read")
    assert answer["text"] == "ADBC"
    assert answer["char_confidences"] == [0.99, 0.9, 0.7, 0.4]
    assert_no_path(json.dumps(answer))


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_gives_one_plain_sentence(client: Client, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(BAD_FILES[name]())
    with pytest.raises(AppError) as caught:
        client.predict(handle_file(file), api_name="/read")
    assert caught.value.message.startswith(f"{name} is ")
    assert caught.value.message.endswith(".")
    assert_no_path(caught.value.message)


def test_a_set_of_every_kind_of_picture_and_bad_file_is_read_row_by_row(client: Client, tmp_path: Path) -> None:
    files = []
    for name, make in (PICTURES | BAD_FILES).items():
        (tmp_path / name).write_bytes(make())
        files.append(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("in/1.png", PICTURES["plain.png"]())
        archive.writestr("labels.csv", "file,label\nin/1.png,ADBA\n")
    answer = client.predict([handle_file(file) for file in (*files, tmp_path / "set.zip")], api_name="/batch")
    rows = {row["file"]: row for row in answer["rows"]}
    assert list(rows) == [*PICTURES, *BAD_FILES, "in/1.png"]
    assert {rows[name]["prediction"] for name in (*PICTURES, "in/1.png")} == {"ADBC"}
    for name in BAD_FILES:
        assert rows[name]["error"].startswith(f"{name} is ") and rows[name]["error"].endswith(".")
    assert (rows["in/1.png"]["label"], answer["exact_match"]) == ("ADBA", 0.0)
    assert_no_path(json.dumps(answer))


@pytest.mark.parametrize("name", ["<b>.zip", "x.parquet"])
def test_a_set_that_cannot_be_opened_gives_one_plain_sentence(client: Client, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"nothing of the kind")
    with pytest.raises(AppError, match="is not a whole") as caught:
        client.predict([handle_file(tmp_path / name)], api_name="/batch")
    assert_no_path(caught.value.message)
    assert "<b>" not in caught.value.message


def test_a_file_of_the_server_is_no_set(address: str) -> None:
    for meta in ({}, {"meta": {"_type": "gradio.FileData"}}):
        for path in (str(ROOT / "captcha_core/ui/examples/j7di.png"), "http://127.0.0.1:9/x.png"):
            answer = call(address, [{"path": path, **meta}], "batch")
            assert "event: error" in answer
            assert_no_path(answer)


def test_no_picture_gives_one_plain_sentence(client: Client) -> None:
    with pytest.raises(AppError, match="There is no picture"):
        client.predict(None, api_name="/read")


def test_the_documented_endpoints_are_these(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(endpoints) == {"/batch", "/generate", "/health", "/read"}


def test_health_answers_the_client_and_plain_http(client: Client, address: str) -> None:
    assert client.predict(api_name="/health")["status"] == "ok"
    with httpx.Client(base_url=f"{address}gradio_api/call/", trust_env=False) as http:
        answer = http.get(f"health/{http.post('health', json={'data': []}).json()['event_id']}").text
    assert '"status": "ok"' in answer
    assert_no_path(answer)


def test_generate_answers_labelled_pictures_or_one_sentence(client: Client) -> None:
    answer = client.predict(count=2, alphabet="xy", max_length=4, api_name="/generate")
    assert [set(picture) for picture in answer] == [{"label", "image"}] * 2
    assert set(answer[0]["label"]) <= set("xy")
    assert_no_path(json.dumps(answer))
    for wrong in ({"fonts": ["/etc/passwd"]}, {"count": 10**6}, {"rotation": "much"}):
        with pytest.raises(AppError) as caught:
            client.predict(api_name="/generate", **wrong)
        assert caught.value.message.endswith((".", "..."))
        assert_no_path(caught.value.message)


def test_a_data_url_is_read(address: str) -> None:
    picture = base64.b64encode(save("PNG", grey_picture())).decode()
    answer = call(address, {"url": f"data:image/png;base64,{picture}"})
    assert '"text": "ADBC"' in answer
    assert_no_path(answer)


@pytest.mark.parametrize("meta", [{}, {"meta": {"_type": "gradio.FileData"}}])
def test_a_picture_on_the_server_cannot_be_named(address: str, meta: dict[str, Any]) -> None:
    for path in (ROOT / "captcha_core/ui/examples/j7di.png", Path("captcha_core/ui/examples/j7di.png")):
        answer = call(address, {"path": str(path), **meta})
        assert "event: error" in answer
        assert_no_path(answer)


@pytest.mark.parametrize("meta", [{}, {"meta": {"_type": "gradio.FileData"}}])
@pytest.mark.parametrize("field", ["path", "url"])
@pytest.mark.parametrize("stream", [False, True])
def test_an_address_is_never_fetched(address: str, meta: dict[str, Any], field: str, stream: bool) -> None:
    asked: list[str] = []

    class Bait(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            asked.append(self.path)
            self.send_error(404)

    with HTTPServer(("127.0.0.1", 0), Bait) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        bait = f"http://127.0.0.1:{server.server_port}/captcha.png"
        answer = call(address, {"path": "", field: bait, "is_stream": stream, **meta})
        server.shutdown()
    assert "event: error" in answer
    assert not asked


def test_an_upload_has_a_limit(address: str) -> None:
    with httpx.Client(trust_env=False) as http:
        answer = http.post(f"{address}gradio_api/upload", files={"files": ("big.zip", bytes((64 << 20) + 1))})
    assert answer.status_code == 413
    assert_no_path(answer.text)


def test_the_page_has_the_promise_and_no_path_of_the_project(address: str) -> None:
    with httpx.Client(trust_env=False) as http:
        page = http.get(address).text
        monitoring = http.get(f"{address}monitoring")
    assert PROMISE in page
    assert str(ROOT) not in page
    assert monitoring.status_code != 200


def test_without_a_model_the_page_is_built_and_says_what_to_run() -> None:
    config = json.dumps(in_loop(build_page, catalogue_of()).get_config_file(), default=str)
    assert "python train.py --recipe efficientnet --data data/train.parquet" in config


def test_uploads_do_not_stay_for_ever_and_nothing_is_reported() -> None:
    page = in_loop(build_page, catalogue_of())
    assert page.delete_cache == (3600, 3600)
    assert page.analytics_enabled is False


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_is_refused_at_once(host: str) -> None:
    with pytest.raises(CaptchaLabError, match=f"{host}.*--host"):
        in_loop(lambda: serve(build_page(catalogue_of()), host, free_port(), block=False))


def test_a_taken_port_is_refused_with_the_remedy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CaptchaLabError, match=f"{port}.*--port"):
            in_loop(lambda: serve(build_page(catalogue_of()), "127.0.0.1", port, block=False))
    with pytest.raises(CaptchaLabError, match="99999.*--port"):
        in_loop(lambda: serve(build_page(catalogue_of()), "127.0.0.1", 99999, block=False))


@pytest.mark.parametrize(("port", "said"), [(None, "No port from 7860 is free on"), (4321, "Port 4321 cannot be used")])
def test_a_port_that_is_taken_at_the_last_moment_is_named(
    monkeypatch: pytest.MonkeyPatch, port: int | None, said: str
) -> None:
    def taken(*_: object, **__: object) -> None:
        raise OSError

    def served() -> None:
        with own_folder():
            serve(build_page(catalogue_of()), "127.0.0.1", port, block=False)

    monkeypatch.setattr(blocks, "_check_free", lambda *_: None)
    monkeypatch.setattr(gr.Blocks, "launch", taken)
    with pytest.raises(CaptchaLabError, match=f"{said}.*--port"):
        in_loop(served)
