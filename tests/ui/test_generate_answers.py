"""What the Generate tab answers, without a server."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image

from captcha_core.checkpoint_meta import CheckpointMeta
from captcha_core.errors import CaptchaLabError, CheckpointError
from captcha_core.generator import Captcha, GeneratorSettings, Style, generate_captcha
from captcha_core.generator.difficulty import DIFFICULTIES
from captcha_core.prediction import Prediction
from captcha_core.ui import generate_answers
from captcha_core.ui.generate_answers import (
    SHOWN,
    command_for_page,
    draw_for_page,
    file_for_page,
)
from captcha_core.ui.generate_pictures import grid_html, summary_html
from tests.ui.helpers import GreyReader, context_of

NAMES = [item.name for item in fields(GeneratorSettings)]


def wish(style: Any = "default", seed: Any = 0, **settings: Any) -> list[Any]:
    """Return what the browser sends: style, seed and the value of every control."""
    values = {item.name: item.default for item in fields(GeneratorSettings)} | settings
    return [style, seed, *(list(v) if isinstance(v, tuple) else v for v in values.values())]


def drawn(read: Any = False, *, reader: Any = None, **settings: Any) -> list[tuple[Any, str, Any]]:
    return list(draw_for_page(context_of(reader), NAMES, read, None, 50, "parquet", *wish(**settings)))


def prediction(text: str, latency_ms: float = 8.0) -> Prediction:
    return Prediction(text, 0.5, (0.5,) * len(text), latency_ms=latency_ms)


def captcha(text: str) -> Captcha:
    return Captcha(Image.new("RGB", (40, 20)), text)


def test_the_grid_has_the_first_pictures_of_the_seed() -> None:
    [(grid, command, difficulty)] = drawn(seed=7, lines=3)
    sources = re.findall(r'src="data:image/png;base64,([^"]+)"', grid)
    assert len(sources) == SHOWN
    shown = Image.open(io.BytesIO(base64.b64decode(sources[4])))
    expected = generate_captcha(GeneratorSettings(lines=3), 7, 4)
    assert shown.tobytes() == expected.image.tobytes()
    assert f"<b>{expected.text}</b>" in grid
    assert command == "python captcha_generator.py --count 50 --seed 7 --output captchas.parquet --lines 3"
    assert difficulty["value"] is None


def test_the_difficulty_is_told_by_the_settings() -> None:
    assert drawn(**DIFFICULTIES["Hard"])[0][2]["value"] == "Hard"


def test_large_pictures_are_fewer() -> None:
    [(grid, _, _)] = drawn(width=1024, height=512)
    assert 1 <= grid.count("<li") < SHOWN


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"min_length": 9}, "“Shortest text” 9 is above"),
        ({"alphabet": "<b>"}, ""),
        ({"alphabet": "aa<"}, "repeats &#x27;a"),
        ({"seed": None}, "“Seed”"),
        ({"style": "<script>"}, "no style &#x27;&lt;script&gt;"),
        ({"style": ["default"]}, "There is no style"),
        ({"fonts": ["/etc/passwd"]}, "no font"),
        ({"text_colors": ["<i>"]}, "&lt;i&gt;"),
    ],
)
def test_what_does_not_fit_is_said_in_the_place_of_the_pictures(settings: dict[str, Any], said: str) -> None:
    [(grid, command, _)] = drawn(**settings)
    assert "<script" not in grid and "<b><b>" not in grid
    if said:
        assert said in grid
        assert 'role="alert"' in grid
        assert command == ""


def test_readings_come_after_the_pictures() -> None:
    first, second = drawn(True, reader=GreyReader())
    assert "read right" not in first[0]
    assert f"of {SHOWN} read right" in second[0]
    assert second[0].count("<img") == SHOWN
    assert first[1:] == second[1:]


def test_without_a_model_the_pictures_are_shown_all_the_same() -> None:
    [(grid, _, _)] = drawn(True)
    assert "<img" in grid


def test_a_model_that_fails_is_told_above_the_pictures_without_its_path() -> None:
    class Broken(GreyReader):
        def read_batch(self, images: list[Image.Image], constraint: object = None) -> list[Prediction]:
            raise CheckpointError("/secret/model.safetensors is damaged")

    grid = drawn(True, reader=Broken())[1][0]
    assert "cannot read at the moment" in grid
    assert "/secret" not in grid
    assert "<img" in grid


def test_right_and_wrong_have_a_sign_and_words_and_a_colour() -> None:
    grid = grid_html([captcha("ab"), captcha("aB"), captcha("x<y")], [prediction(t) for t in ("ab", "ab", "<i>")])
    right, case, wrong = grid.split("<li")[1:]
    assert "✓" in right and "right" in right and "cl-sure" in right
    assert "✗" in case and "wrong case" in case and "cl-guess" in case
    assert "✗" in wrong and "&lt;i&gt;" in wrong and "x&lt;y" in wrong
    assert "nothing" in grid_html([captcha("a")], [prediction("")])


def test_the_summary_counts_exact_matches_and_what_the_model_cannot_write() -> None:
    meta = cast(CheckpointMeta, GreyReader.meta)
    captchas = [captcha(t) for t in ("AB", "ab", "CD", "ABCDA")]
    summary = summary_html(captchas, [prediction(t, 10.0) for t in ("AB", "AB", "DC", "ABCD")], meta)
    assert "<strong>1 of 4 read right</strong>" in summary
    assert "2 if upper and lower case count as one" in summary
    assert "10 ms for each" in summary
    assert "2 of the texts are beyond this model" in summary


def test_the_command_follows_count_and_format() -> None:
    assert "--count 9 --seed 3 --output captchas" in command_for_page(NAMES, 9, "zip", *wish(seed=3))
    assert command_for_page(NAMES, 9, "zip", *wish(seed="x")) == ""


@pytest.mark.parametrize(("form", "name"), [("parquet", "captchas.parquet"), ("zip", "captchas.zip")])
def test_a_file_is_there_until_the_page_has_taken_it(form: str, name: str) -> None:
    answers = file_for_page(NAMES, cast(Any, lambda *_, **__: None), 21, form, *wish(seed=4))
    note, button = next(answers)
    path = Path(button["value"])
    assert path.name == name and path.stat().st_size > 1000
    assert f"21 pictures of seed 4, {name}" in note
    assert list(answers) == []
    assert not path.parent.exists()


@pytest.mark.parametrize(
    ("count", "form", "settings", "said"),
    [
        (0, "zip", {}, "from 1 to 2,000"),
        (2001, "zip", {}, "from 1 to 2,000"),
        (None, "zip", {}, "whole number"),
        (2000, "zip", {"width": 1024, "height": 512}, "too many for this page"),
        (2, "<exe>", {}, "no format &#x27;&lt;exe&gt;"),
        (2, "zip", {"lines": 101}, "“Lines”"),
    ],
)
def test_a_file_that_cannot_be_made_is_one_sentence(count: Any, form: Any, settings: dict[str, Any], said: str) -> None:
    [(note, button)] = file_for_page(NAMES, cast(Any, None), count, form, *wish(**settings))
    assert said in note and 'role="alert"' in note
    assert not button["visible"]


def test_a_full_disk_is_told_without_a_place_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(style: Style, count: int, seed: int, form: str, folder: Path, told: object) -> Path:
        raise CaptchaLabError(f"Cannot write {folder / 'captchas'}: No space left on device.")

    monkeypatch.setattr(generate_answers, "write_file", full)
    [(note, _)] = file_for_page(NAMES, cast(Any, None), 2, "zip", *wish())
    assert "the server’s log" in note.replace("&#x27;", "’")
    assert "captchas" not in note
