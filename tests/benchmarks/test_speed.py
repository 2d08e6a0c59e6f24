import json
import os
from collections.abc import Iterator, Sequence
from types import SimpleNamespace

import pytest

from benchmarks import speed
from benchmarks.readers import Reading
from captcha_core.errors import CaptchaLabError
from tests.benchmarks.pixels import text_in
from tests.benchmarks.samples import fake_reader, write_data
from tests.helpers import assert_plain, run_command


def test_readers_take_turns_and_the_first_round_does_not_count() -> None:
    turns: list[tuple[str, int]] = []

    def reader(name: str) -> SimpleNamespace:
        def read(pictures: Sequence[bytes], alphabet: str) -> Iterator[Reading]:
            turns.append((name, len(pictures)))
            yield from (Reading("", None, float(len(turns))) for _ in pictures)

        return SimpleNamespace(name=name, read=read)

    pictures = [b""] * (speed.TURN + 3)
    seconds = speed.take_turns([reader("a"), reader("b")], pictures, rounds=2)  # type: ignore[list-item]
    assert turns == [("a", speed.TURN), ("b", speed.TURN), ("a", 3), ("b", 3)] * 3
    assert seconds["a"] == [5.0] * speed.TURN + [7.0] * 3 + [9.0] * speed.TURN + [11.0] * 3
    assert len(seconds["b"]) == 2 * len(pictures)


def test_ratios_are_of_the_medians() -> None:
    times = {"ddddocr 1": [0.01, 0.03, 0.02], "ddddocr 1 beta": [0.04] * 3, "x": [0.005, 0.005, 9.0]}
    compared = speed.compare(times, {name: f"{name}@1" for name in times})
    assert compared["x"] == {
        "id": "x@1",
        "median_ms": 5.0,
        "times_as_fast_as": {"ddddocr 1": 4.0, "ddddocr 1 beta": 8.0},
    }
    assert compared["ddddocr 1"]["times_as_fast_as"] == {"ddddocr 1": 1.0, "ddddocr 1 beta": 2.0}


def test_pictures_come_from_every_set_in_turn(tmp_path) -> None:
    write_data(tmp_path)
    texts = [text_in(picture) for picture in speed.some_pictures(tmp_path, 11)]
    assert texts == ["123"] * 7 + ["ab1"] * 2 + ["456"] * 2
    assert len(speed.some_pictures(tmp_path, 1000)) == 27


def test_the_core_is_one_of_those_that_may_be_used(monkeypatch) -> None:
    bound = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {1, 3}, raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", lambda process, cores: bound.append(cores), raising=False)
    speed.stay_on_one_core()
    assert bound == [{3}]
    monkeypatch.delattr(os, "sched_setaffinity")
    with pytest.raises(CaptchaLabError, match="run this on Linux"):
        speed.stay_on_one_core()


def test_the_figures_are_written(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(speed, "RESULT", tmp_path / "speed.json")
    monkeypatch.setattr(speed, "stay_on_one_core", lambda: None)
    monkeypatch.setattr(speed, "rivals", lambda folder: [fake_reader(tmp_path, "ddddocr 0")])
    options = ("--data", write_data(tmp_path / "data"), "--rivals", tmp_path)
    assert run_command(speed.main, *options, "--count", 12, "--rounds", 2) == 0
    result = json.loads((tmp_path / "speed.json").read_text(encoding="utf-8"))
    assert (result["pictures"], result["rounds"]) == (12, 2)
    assert result["readers"]["ddddocr 0"]["id"] == "ddddocr 0@1"
    assert result["readers"]["ddddocr 0"]["times_as_fast_as"] == {"ddddocr 0": 1.0}
    assert json.loads(capsys.readouterr().out) == result
    assert run_command(speed.main, *options, "--rounds", 0) == 2
    assert_plain(capsys.readouterr().err, "--rounds 0")
