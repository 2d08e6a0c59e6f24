import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import end_to_end, scaling
from benchmarks.end_to_end import Book, Step
from benchmarks.scaling_tables import hours, on_paper, scaling_tables
from benchmarks.watched import Usage, watch


def stage(*rates: float, own: float = 1e-4, size: float = 1000.0) -> dict[str, dict[str, Any]]:
    """Return figures for 1, 2 and 4 processes."""
    return {
        str(number): {
            "pictures": 1000,
            "pictures_per_second": rate,
            "start_seconds": 3.0,
            "own_seconds": own,
            "other_seconds": 1 / rates[0],
            "bytes": size,
            "peak_bytes": 2 * 10**8,
        }
        for number, rate in zip((1, 2, 4), rates, strict=True)
    }


RESULT = {
    "machine": {"cores": 2, "processor": "some"},
    "ranks": {"steps": 50, "largest_difference": 2e-5, "first": 4.0, "last": 1.0},
    "stages": {
        "drawing": stage(100, 190, 195),
        "making a data set": stage(500, 900, 900),
        "training": stage(50, 75, 75),
    },
    "ray": {"drawing": stage(150, 150, 150)["1"]},
    "end_to_end": {
        "asked": 1_000_000,
        "pictures": 999_990,
        "exact_match": 0.9,
        "checkpoint": "small.onnx",
        "workers": 2,
        "interruptions": 1,
        "steps": {"combine and split": {"seconds": 3600.0, "peak_bytes": 2 * 10**8 + 999_000 * 150}},
        "seconds": 7200.0,
        "peak_bytes": 10**9,
    },
}


def test_the_tables_say_gain_cost_and_what_follows_for_more() -> None:
    text = "\n".join(scaling_tables(RESULT))
    assert "never further apart than 2.0e-05" in text
    assert "| drawing | 100 | 190 | 195 | 1.90 (95%) | 1.95 (49%) | 2.8 h |" in text
    assert "| drawing | 100 s | 2.8 h | 100 | 10,000 | 3 s |" in text
    assert "The whole way of 1,000,000 pictures" in text and "interrupted 1 times" in text
    assert "| all | 2.0 h | 1,000 MB |" in text
    assert "150 bytes a picture in the one process that does it: 15 GB for 100 million and 150 GB for 1 billion" in text


def test_parts_without_figures_are_left_out() -> None:
    assert len(scaling_tables({"machine": RESULT["machine"]})) == 1
    assert not any("bytes a picture" in line for line in scaling_tables({k: RESULT[k] for k in ("machine", "stages")}))


def test_hours_on_paper_are_bound_by_the_cores_or_by_the_command_itself() -> None:
    # 10**8 / 100 s of work; 512 cores at 95%.
    assert on_paper(stage(100, 190, 195, own=1e-9), 10**8, 2, True) == ["278", "0.6", "100 GB"]
    assert on_paper(stage(100, 190, 195, own=1e-3), 10**8, 2, True) == ["278", "27.8", "100 GB"]
    assert on_paper(stage(100, 190, 195, own=1e-3, size=0), 10**8, 2, False) == ["278", "0.6", "none"]


def test_times_are_told_as_people_do() -> None:
    assert [hours(s) for s in (5, 600, 7200)] == ["5 s", "10 min", "2.0 h"]


def test_starting_does_not_count() -> None:
    def run(count: int, processes: int) -> tuple[int, int, Usage]:
        return count, 10 * count + 500, Usage(7 + count / 100, 10**8, 1.0 + count / 1000, count / 200)

    figures = scaling.rate("drawing", run, 1000, 2)
    assert (figures["pictures_per_second"], figures["start_seconds"]) == (100.0, 7.0)
    assert figures["own_seconds"] == pytest.approx(1e-3) and figures["other_seconds"] == pytest.approx(5e-3)
    assert figures["bytes"] == 10


CHILD = "import numpy as np, time; held = np.ones(60_000_000 // 8); time.sleep(1.5)"


def test_the_largest_process_of_the_tree_is_found(tmp_path: Path) -> None:
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}])"
    usage = watch(["-c", script], tmp_path / "log.txt")
    assert usage.peak_bytes > 60_000_000 and usage.seconds > 1.5 and usage.other_seconds > 0


def test_a_command_that_fails_ends_the_benchmark_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no such thing"):
        watch(["-c", "import sys; sys.exit('no such thing')"], tmp_path / "log.txt")


def test_an_interrupted_run_takes_only_what_is_missing_and_counts_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []

    def watched(words: list[str], log: Path, note: Any) -> Usage:
        taken.append(words[0])
        note(Usage(10.0, 5, 0, 0))
        if taken.count("b") == 1 and words[0] == "b":
            raise KeyboardInterrupt
        return Usage(20.0, 7, 0, 0)

    monkeypatch.setattr(end_to_end, "watch", watched)
    spent = tmp_path / "spent"
    spent.mkdir()
    steps = [Step("generate 0", ["a"]), Step("generate 1", ["b"], spent), Step("predict", ["c"])]
    with pytest.raises(KeyboardInterrupt):
        for step in steps:
            Book(tmp_path / "steps.json").take(step, tmp_path)
    assert spent.exists()
    book = Book(tmp_path / "steps.json")
    for step in steps:
        book.take(step, tmp_path)
    assert taken == ["a", "b", "b", "c"] and not spent.exists()
    assert book.summary() == {
        "steps": {"generate": {"seconds": 50.0, "peak_bytes": 7}, "predict": {"seconds": 20.0, "peak_bytes": 7}},
        "seconds": 70.0,
        "peak_bytes": 7,
        "interruptions": 1,
    }


def test_all_pictures_are_drawn_in_parts_of_other_seeds(tmp_path: Path) -> None:
    steps = list(end_to_end.steps_of(1003, tmp_path / "m.onnx", tmp_path, ["--workers", "2"]))
    drawn = [step.words for step in steps if step.name.startswith("generate")]
    assert sum(int(words[words.index("--count") + 1]) for words in drawn) == 1003
    assert len({words[words.index("--seed") + 1] for words in drawn}) == len(drawn) == 10


def test_the_parts_that_are_not_measured_keep_their_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = tmp_path / "scaling.json"
    result.write_text(json.dumps({"ray": {"old": 1}}))
    monkeypatch.setattr(scaling, "measure", lambda part, options, stages: {"new": part})
    words = ["scaling.py", "--only", "ranks", "--work", str(tmp_path / "work"), "--result", str(result)]
    monkeypatch.setattr(sys, "argv", words)
    scaling.main()
    written = json.loads(result.read_text())
    assert written["ray"] == {"old": 1} and written["ranks"] == {"new": "ranks"}
