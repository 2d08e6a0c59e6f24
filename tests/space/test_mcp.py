"""The page as an MCP server, used by the protocol's own client: `make test-space`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from tests.space.helpers import EXAMPLES, install, started


@pytest.fixture(scope="module")
def answers(folder: Path, python: Path) -> Any:
    """Have an agent use the page, and return what it was told."""
    install(python, f"gradio[mcp]=={gr.__version__}")
    with started(folder, python, GRADIO_MCP_SERVER="true") as address:
        command = [str(python), str(Path(__file__).with_name("agent.py")), f"{address}gradio_api/mcp/"]
        done = subprocess.run([*command, str(EXAMPLES[0])], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_agent_finds_tools_by_name_and_reads_what_they_are_for(answers: Any) -> None:
    tools = answers["tools"]
    for name in ("read_captcha", "read_captchas", "draw_captchas", "check_captcha_lab"):
        [description] = [told for tool, told in tools.items() if tool.endswith(name)]
        assert len(description) > 40, name


def test_an_agent_has_a_picture_read(answers: Any) -> None:
    answer = json.loads(answers["answer"][0])
    assert answer["text"] == EXAMPLES[0].stem and 0.0 < answer["confidence"] <= 1.0


def test_an_agent_cannot_have_an_address_fetched(answers: Any) -> None:
    is_error, texts = answers["refused"]
    assert is_error and "secret" not in " ".join(texts)
