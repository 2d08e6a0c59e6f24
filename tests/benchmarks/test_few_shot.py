import json
from pathlib import Path

import pytest

from benchmarks import few_shot
from benchmarks.labelled_sets import PUBLISHED
from captcha_core.data.load import load_data
from captcha_core.errors import CaptchaLabError
from tests.benchmarks.samples import write_data
from tests.helpers import assert_plain, run_command, save_tiny_checkpoint, tiny_net


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return save_tiny_checkpoint(tmp_path / "tiny.safetensors", **tiny_net())


@pytest.fixture
def adapted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, list[str]]]:
    """Let nothing be learned; collect which model was to learn from which pictures."""
    asked = []

    def adapt(options, bar):
        asked.append((Path(options.checkpoint).name, [s.path for s in load_data(options.data)]))
        return options.checkpoint

    monkeypatch.setattr(few_shot, "adapt_model", adapt)
    monkeypatch.setattr(few_shot, "RESULT", tmp_path / "few_shot.json")
    monkeypatch.setattr(few_shot, "TESTED", 1)
    return asked


def test_an_early_stop_leaves_something_of_every_style() -> None:
    styles = PUBLISHED[:2]
    found = [(s.name, size, draw, scratch) for s, size, draw, scratch in few_shot.cases(styles, [25, 100], 2, True)]
    one, two = (s.name for s in styles)
    assert found[:4] == [(one, 25, 0, False), (one, 25, 0, True), (two, 25, 0, False), (two, 25, 0, True)]
    assert found[8:] == [(one, 25, 1, False), (two, 25, 1, False), (one, 100, 1, False), (two, 100, 1, False)]


def test_pictures_that_are_learned_from_are_not_read_and_draws_differ(tmp_path, checkpoint, adapted) -> None:
    write_data(tmp_path)
    flags = ["--data", tmp_path, "--checkpoint", checkpoint, "--sizes", 2, "--draws", 2]
    assert run_command(few_shot.main, *flags) == 0
    entries = json.loads((tmp_path / "few_shot.json").read_text())["entries"]
    assert [len(paths) for _, paths in adapted] == [2] * len(entries)
    assert adapted[0] != adapted[-1]
    assert all(0 <= e["after"]["exact"] <= e["after"]["folded"] <= 1 and e["pictures"] >= 1 for e in entries)
    assert all(set(e["old_after"]) == {s.name for s in PUBLISHED} for e in entries)


def test_what_was_measured_is_not_measured_again(tmp_path, checkpoint, adapted) -> None:
    write_data(tmp_path)
    flags = ["--data", tmp_path, "--checkpoint", checkpoint, "--sizes", 2, "--draws", 1]
    assert run_command(few_shot.main, *flags) == 0
    before = (tmp_path / "few_shot.json").read_text()
    count = len(adapted)
    assert run_command(few_shot.main, *flags) == 0
    assert len(adapted) == count and (tmp_path / "few_shot.json").read_text() == before
    assert run_command(few_shot.main, *flags, "--scratch") == 0
    assert {name for name, _ in adapted[count:]} == {"random.safetensors"}


def test_too_few_pictures_and_unknown_styles_are_refused(tmp_path, checkpoint, adapted, capsys, monkeypatch) -> None:
    write_data(tmp_path)
    flags = ["--data", tmp_path, "--checkpoint", checkpoint]
    assert run_command(few_shot.main, *flags, "--styles", "nonsense") == 2
    assert_plain(capsys.readouterr().err, "nonsense")
    monkeypatch.setattr(few_shot, "TESTED", 1000)
    with pytest.raises(CaptchaLabError, match="fewer than 1000"):
        few_shot.measure([], 3, 0, checkpoint, None, False, {})
