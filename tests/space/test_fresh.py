"""The Space's folder by itself, in an environment made from its requirements.txt alone: `make test-space`.

Not part of `make test`, since it installs packages.
"""

from __future__ import annotations

import base64
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import LOCAL
from tests.space.helpers import EXAMPLES, started


@pytest.fixture(scope="module")
def address(folder: Path, python: Path) -> Iterator[str]:
    # As a Space says where it runs.
    with started(folder, python, SPACE_ID="somebody/captcha-lab") as address:
        yield address


def called(address: str, name: str, *given: Any) -> Any:
    """Call an endpoint over plain HTTP, with the defaults of what is not given, and return its answer."""
    parameters = json.loads(LOCAL.open(f"{address}gradio_api/info").read())["named_endpoints"][f"/{name}"]["parameters"]
    data = [*given, *(parameter["parameter_default"] for parameter in parameters[len(given) :])]
    request = urllib.request.Request(
        f"{address}gradio_api/call/{name}", json.dumps({"data": data}).encode(), {"Content-Type": "application/json"}
    )
    event = json.loads(LOCAL.open(request).read())["event_id"]
    stream = LOCAL.open(f"{address}gradio_api/call/{name}/{event}", timeout=60).read().decode()
    assert "event: complete" in stream, stream
    return json.loads(stream.rpartition("data: ")[2])[0]


def test_the_folder_holds_no_more_than_a_space_needs(folder: Path) -> None:
    assert {entry.name for entry in folder.iterdir()} == {
        "LICENSE",
        "README.md",
        "app.py",
        "captcha_core",
        "requirements.txt",
        "saved_models",
    }
    assert not [file for file in folder.rglob("*") if file.suffix in (".safetensors", ".pyc", ".pyi")]
    assert sum(file.stat().st_size for file in folder.rglob("*")) < 100_000_000


def test_a_picture_is_read_there_without_torch(address: str) -> None:
    health = called(address, "health")
    assert health["status"] == "ok" and "torch" not in health["versions"]
    for example in EXAMPLES:
        url = f"data:image/png;base64,{base64.b64encode(example.read_bytes()).decode()}"
        answer = called(address, "read", {"url": url}, health["models"][0])
        assert answer["text"] == example.stem


def test_captchas_are_drawn_there(address: str) -> None:
    for style in ("default", "varied", "pycaptcha"):
        assert len(called(address, "generate", 2, 7, style)) == 2


def test_a_style_is_measured_there_without_torch(folder: Path, python: Path) -> None:
    script = (
        "from captcha_core.evaluation.sweep import SweepRun\n"
        "from captcha_core.evaluation.sweep_page import sweep_html\n"
        "from captcha_core.evaluation.sweep_sheet import report_page\n"
        "from captcha_core.evaluation.sweep_plots import figure_png\n"
        "from captcha_core.evaluation.sweep_style import PRESETS, DrawnStyle\n"
        "from captcha_core.ui.catalogue import open_catalogue\n"
        "style, models = DrawnStyle(PRESETS['default'][1], 0, 1, 'default'), {'m': open_catalogue(None)[None]}\n"
        "run = SweepRun(style, models, 1, 20.0)\n"
        "assert len(list(run)) > 1 and '<html' in sweep_html(run.result())\n"
        "assert figure_png(report_page(run.result()))\n"
    )
    subprocess.run([python, "-c", script], cwd=folder, check=True)


def test_every_tab_is_there_but_the_one_that_trains(address: str) -> None:
    from captcha_core.ui.blocks import TABS, TEACH

    config = json.loads(LOCAL.open(f"{address}config").read())
    tabs = [component["props"].get("id") for component in config["components"] if component["type"] == "tabitem"]
    assert [tab for tab in tabs if isinstance(tab, str)] == [name for name, *_ in TABS if name != TEACH]
