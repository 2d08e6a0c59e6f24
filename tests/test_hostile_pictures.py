"""Thousands of damaged and hostile files: each is read or refused in a sentence, soon and in little memory."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import zipfile
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast

import gradio as gr
import pytest
from gradio.data_classes import ImageData

import predict
from captcha_core.ui.picture import PictureInput
from captcha_core.ui.reading import read_for_api
from tests.helpers import assert_plain, run_command, save_tiny_checkpoint, tiny_net
from tests.hostile_pictures import READ, REFUSED, corpus, write_corpus
from tests.ui.helpers import GreyReader, context_of

ROOT = Path(__file__).resolve().parent.parent
SEED = 20
# As captcha_core.cli has it.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL", "ignore:Image size")
MEMORY = 300_000  # Kilobytes.


class Outcome(NamedTuple):
    """What became of the corpus: what was said of each file, None where it was read, and the memory in kilobytes."""

    said: dict[str, str | None]
    kilobytes: int


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "corpus.zip"
    write_corpus(path, SEED)
    return path


@pytest.fixture(scope="module")
def outcome(archive: Path) -> Outcome:
    """Open every file in a process of its own, which a crash or a file that takes too long would end."""
    command = [sys.executable, "-W", "error", "-m", "tests.hostile_pictures", str(archive)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"ended by {done.returncode} at {lines[-1:]}: {done.stderr[-2000:]}"
    said = {line["name"]: line["said"] for line in lines if "name" in line}
    return Outcome(said, lines[-1]["kilobytes"])


def assert_one_sentence(said: str, name: str) -> None:
    assert_plain(said, name)
    assert said.startswith(name) and said.endswith(".") and "\n" not in said and len(said) < 200, said


def test_the_corpus_is_the_same_for_the_same_seed_only() -> None:
    one, same, other = (list(islice(corpus(seed), 100)) for seed in (1, 1, 2))
    assert one == same != other


def test_no_file_crashes_hangs_or_raises_anything_but_the_one_error(outcome: Outcome, archive: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        names = file.namelist()
    assert list(outcome.said) == names
    assert len(set(names)) > 2500


def test_every_refusal_is_one_plain_sentence(outcome: Outcome) -> None:
    refused = {name: said for name, said in outcome.said.items() if said is not None}
    assert len(refused) > 1000
    for name, said in refused.items():
        assert_one_sentence(said, name)


def test_what_must_be_refused_is_and_what_is_only_odd_is_read(outcome: Outcome) -> None:
    assert [name for name in REFUSED if outcome.said[name] is None] == []
    odd = [*READ, *(name for name in outcome.said if name.endswith("-whole"))]
    assert {name: outcome.said[name] for name in odd if outcome.said[name] is not None} == {}


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of another process is in Linux's /proc alone")
def test_memory_stays_within_300_mb(outcome: Outcome) -> None:
    assert 100_000 < outcome.kilobytes < MEMORY


def sample(archive: Path) -> dict[str, bytes]:
    """Return every twentieth of the damaged files, and the hostile ones but for those that are many pixels."""
    with zipfile.ZipFile(archive) as file:
        hostile = [name for name in (*REFUSED, *READ) if not re.search("bomb|pixels|scans", name)]
        return {name: file.read(name) for name in dict.fromkeys([*file.namelist()[::20], *hostile])}


def test_the_command_line_goes_on_after_each(
    archive: Path, outcome: Outcome, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, table = tmp_path / "pictures", tmp_path / "out.csv"
    folder.mkdir()
    files = sample(archive)
    for name, data in files.items():
        (folder / f"{name}.png").write_bytes(data)
    checkpoint = save_tiny_checkpoint(tmp_path / "tiny.safetensors", **tiny_net())
    assert run_command(predict.main, folder, "--checkpoint", checkpoint, "--output", table) == 1
    assert "Traceback" not in capfd.readouterr().err
    with table.open(encoding="utf-8", newline="") as text:
        rows = {Path(row["file"]).stem: row for row in csv.DictReader(text)}
    assert set(rows) == set(files) and len(files) > 100
    for name, row in rows.items():
        assert bool(row["error"]) == (outcome.said[name] is not None), name
        if row["error"]:
            assert "\n" not in row["error"] and row["error"].endswith("."), row


def test_the_api_refuses_the_same_ones(archive: Path, outcome: Outcome, tmp_path: Path) -> None:
    reader = cast(Any, GreyReader())
    component = PictureInput()
    component.GRADIO_CACHE = str(tmp_path)
    context = context_of(reader)
    stored = tmp_path / "stored"
    for name, data in sample(archive).items():
        stored.write_bytes(data)
        picture = component.preprocess(ImageData(path=str(stored), orig_name=f"{name}.png"))
        if outcome.said[name] is None:
            assert not isinstance(picture, Exception), picture
            continue
        with pytest.raises(gr.Error) as caught:
            read_for_api(context, picture)
        assert_one_sentence(str(caught.value.message), f"{name}.png")
