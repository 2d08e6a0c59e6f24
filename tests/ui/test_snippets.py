"""The code that the page offers gives the page's answer, and a replaced checkpoint another one: on a served page."""

from __future__ import annotations

import ast
import base64
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from captcha_core.constraint import Constraint
from captcha_core.recognizer import Recognizer
from captcha_core.ui.read_tab import EXAMPLES
from captcha_core.ui.restriction import Restriction, chosen
from captcha_core.ui.snippets import Snippets
from tests.helpers import ALPHABET, draw_picture, save_tiny_checkpoint
from tests.serving import free_port, serving
from tests.ui.test_blocks import call, save

ROOT = Path(__file__).resolve().parents[2]
QUIET = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
RESTRICTION = Restriction("0123456789a", 2, 3, ignore_case=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where somebody has the model, the picture and predict.py."""
    folder = tmp_path_factory.mktemp("user")
    save_tiny_checkpoint(folder / "tiny.safetensors", temperature=0.05)
    draw_picture("abc12").save(folder / "captcha.png")
    (folder / "predict.py").write_text((ROOT / "predict.py").read_text())
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.ui.served", str(port := free_port()), str(folder / "tiny.safetensors")]
    with serving(command, port, cwd=ROOT) as address:
        yield address


def run(folder: Path, *command: str) -> str:
    environment = os.environ | QUIET | {"PYTHONPATH": str(ROOT), "no_proxy": "127.0.0.1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_curl_python_and_the_command_line_give_the_same_answer(address: str, folder: Path) -> None:
    snippets = Snippets(address.rstrip("/"), "tiny", "tiny.safetensors", RESTRICTION)
    expected = Recognizer(folder / "tiny.safetensors").read(
        folder / "captcha.png", Constraint("0123456789a", 2, 3, ignore_case=True)
    )
    assert expected.text != Recognizer(folder / "tiny.safetensors").read(folder / "captcha.png").text
    [answer] = json.loads(run(folder, "bash", "-c", snippets.curl()).rpartition("data: ")[2])
    assert (answer["text"], answer["confidence"]) == (expected.text, pytest.approx(expected.confidence, rel=1e-3))
    text, confidence = run(folder, sys.executable, "-c", snippets.python()).split()[-2:]
    assert (text, float(confidence)) == (expected.text, pytest.approx(expected.confidence, rel=1e-3))
    command = [sys.executable, *shlex.split(snippets.command())[1:]]
    last = run(folder, *command).splitlines()[-1]
    assert last.split() == ["captcha.png", expected.text, f"{expected.confidence:.1%}"]


def test_the_code_logs_in_where_there_are_accounts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAPTCHA_LAB_AUTH", "ann:pa+ss & word")
    command = [sys.executable, "-m", "tests.ui.served", str(port := free_port()), str(folder / "tiny.safetensors")]
    with serving(command, port, cwd=ROOT) as address:
        snippets = Snippets(address.rstrip("/"), "tiny", "tiny.safetensors", RESTRICTION, has_accounts=True)
        curl = snippets.curl().replace("NAME", "ann").replace("=PASSWORD", "='pa+ss & word'")
        assert '"text"' in run(folder, "bash", "-c", curl)
        python = snippets.python().replace("NAME", "ann").replace("PASSWORD", "pa+ss & word")
        assert len(run(folder, sys.executable, "-c", python).split()) >= 2


def test_a_replaced_checkpoint_changes_the_answer_for_an_example_at_once(address: str, folder: Path) -> None:
    example = sorted(EXAMPLES.glob("*.png"))[0]

    def answer() -> dict[str, Any]:
        data = base64.b64encode(example.read_bytes()).decode()
        return json.loads(call(address, {"url": f"data:image/png;base64,{data}"}).rpartition("data: ")[2])[0]

    before = answer()
    kept = (folder / "tiny.safetensors").read_bytes()
    save_tiny_checkpoint(folder / "tiny.safetensors", temperature=0.05, alphabet=ALPHABET[::-1])
    after = answer()
    assert after["model_id"] != before["model_id"]
    mirrored = before["text"].translate(str.maketrans(ALPHABET, ALPHABET[::-1]))
    assert after["text"] == mirrored != before["text"]
    (folder / "tiny.safetensors").write_bytes(kept)
    assert answer()["text"] == before["text"]


@pytest.mark.parametrize("characters", ["'\"%s", "\\n%d$HOME`", "PICTURE-!"])
def test_any_characters_survive_the_shell_json_and_python(characters: str, folder: Path) -> None:
    restriction = chosen("own", characters, 0, 4)
    assert set(restriction.alphabet or "") == set(characters)
    snippets = Snippets("http://page", None, None, restriction)
    printf = snippets.curl().partition("$(")[2].partition(" |\n")[0]
    payload = json.loads(run(folder, "bash", "-c", printf))
    assert payload["alphabet"] == restriction.alphabet
    assert payload["picture"]["url"].startswith("data:image/png;base64,iVBOR")
    tree = ast.parse(snippets.python())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    values = [ast.literal_eval(k.value) for call in calls for k in call.keywords if k.arg == "alphabet"]
    assert values == [restriction.alphabet]
    assert f"--allow={restriction.alphabet}" in shlex.split(snippets.command())


@pytest.mark.parametrize(
    ("shortest", "longest", "said"), [(None, None, None), (4, None, "4-"), (None, 6, "0-6"), (5, 5, "5"), (4, 6, "4-6")]
)
def test_the_length_is_said_as_predict_takes_it(shortest: int | None, longest: int | None, said: str | None) -> None:
    words = shlex.split(Snippets("", None, None, Restriction("", shortest, longest)).command())
    assert words[3:] == ([] if said is None else ["--length", said])


def test_a_picture_too_large_for_a_command_line_is_sent(address: str, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "captcha.png").write_bytes(save("BMP", draw_picture("abc12", size=(300, 600))))
    snippets = Snippets(address.rstrip("/"), None, None, Restriction())
    assert '"text"' in run(tmp_path, "bash", "-c", snippets.curl())
