import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import accuracy
from benchmarks.labelled_sets import PUBLISHED, LabelledSet, Pictures
from benchmarks.readers import Reader, Reading
from captcha_core.errors import CaptchaLabError
from tests.benchmarks.samples import fake_reader, write_data, write_set
from tests.helpers import assert_plain, run_command, save_tiny_checkpoint

DIGITS = Pictures(LabelledSet("digits", "Digits", "d.parquet"), [b""] * 2, ["12", "34"], "0123456789", "aaa")
LETTERS = Pictures(LabelledSet("letters", "Letters", "l.parquet", folded=True), [b""] * 2, ["ab", "CD"], "abCD", "bbb")


def empty() -> dict[str, Any]:
    return {"sets": {}, "runs": {}, "readers": {}}


def test_case_counts_unless_the_set_is_scored_without() -> None:
    readings = [Reading("AB", 0.75, 1.0), Reading("cx", 0.25, 1.0)]
    figures = accuracy.score(LETTERS, readings)
    assert figures == {"n": 2, "exact_match": 0.0, "exact_match_folded": 0.5, "cer": 0.25, "ece": 0.25}
    told = Pictures(LabelledSet("letters", "Letters", "l.parquet"), *(LETTERS.images, LETTERS.labels, "abCD", "bbb"))
    figures = accuracy.score(told, readings)
    assert figures == {"n": 2, "exact_match": 0.0, "exact_match_folded": 0.5, "cer": 1.0, "ece": 0.5}


def test_no_calibration_without_confidences() -> None:
    figures = accuracy.score(DIGITS, [Reading("12", None, 1.0), Reading("漢字34", None, 1.0)])
    assert figures == {"n": 2, "exact_match": 0.5, "exact_match_folded": 0.5, "cer": 0.5}


def test_confidences_are_judged_over_all_styles_with_case_ignored() -> None:
    figures = accuracy.trust(["ab", "CD"], [Reading("AB", 1.0, 1.0), Reading("cx", 0.5, 1.0)])
    assert figures == {"n": 2, "ece": 0.25, "aurc": 0.25, "coverage_at_99": 0.5}


def test_figures_of_another_run_stay_and_say_where_they_are_from() -> None:
    results = empty()
    accuracy.add_figures(results, "monday", ("a", "a 1"), {"digits": {"cer": 0.5}, "letters": {"cer": 0.1}}, [DIGITS])
    accuracy.add_figures(results, "tuesday", ("b", "b 1"), {"digits": {"cer": 0.2}}, [DIGITS])
    accuracy.add_figures(results, "friday", ("a", "a 1"), {"digits": {"cer": 0.4}}, [DIGITS])
    assert results["readers"] == {
        "a": {
            "id": "a 1",
            "figures": {"digits": {"cer": 0.4, "run": "friday"}, "letters": {"cer": 0.1, "run": "monday"}},
        },
        "b": {"id": "b 1", "figures": {"digits": {"cer": 0.2, "run": "tuesday"}}},
    }
    assert set(results["runs"]) == {"monday", "tuesday", "friday"}
    assert results["sets"]["digits"]["fingerprint"] == "aaa"


def test_a_reader_that_has_changed_loses_its_earlier_figures() -> None:
    results = empty()
    accuracy.add_figures(results, "monday", ("a", "a 1"), {"digits": {}, "letters": {}}, [DIGITS, LETTERS])
    accuracy.add_figures(results, "friday", ("a", "a 2"), {"digits": {}}, [DIGITS])
    assert results["readers"] == {"a": {"id": "a 2", "figures": {"digits": {"run": "friday"}}}}
    assert set(results["runs"]) == {"friday"}


def test_other_pictures_under_the_same_name_are_refused_unless_all_readers_read_them() -> None:
    results = empty()
    accuracy.add_figures(results, "monday", ("a", "a 1"), {"digits": {}}, [DIGITS])
    accuracy.add_figures(results, "monday", ("b", "b 1"), {"letters": {}}, [LETTERS])
    other = Pictures(DIGITS.set, DIGITS.images, DIGITS.labels, DIGITS.alphabet, "ccc")
    a, b = Reader("a", ()), Reader("b", ())
    accuracy.check_same_pictures(results, [DIGITS, LETTERS], [b])
    accuracy.check_same_pictures(results, [other], [a])
    with pytest.raises(CaptchaLabError, match="pictures of digits are not those that a read"):
        accuracy.check_same_pictures(results, [LETTERS, other], [b])


@pytest.fixture
def result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have two fake rivals measured, and the figures written into a folder of the test."""
    monkeypatch.setattr(accuracy, "RESULT", tmp_path / "accuracy.json")
    readers = [fake_reader(tmp_path, "good"), fake_reader(tmp_path, "loud", "upper")]
    monkeypatch.setattr(accuracy, "rivals", lambda folder: list(readers))
    write_data(tmp_path / "data")
    return tmp_path / "accuracy.json"


def test_every_reader_reads_every_set(result, tmp_path, capsys) -> None:
    options = ("--data", tmp_path / "data", "--rivals", tmp_path)
    assert run_command(accuracy.main, *options) == 0
    results = json.loads(result.read_text(encoding="utf-8"))
    assert list(results["readers"]) == ["good", "loud"]
    assert list(results["sets"]) == [s.name for s in PUBLISHED] + ["zoo_dev/first", "zoo_dev/second"]
    style = results["readers"]["loud"]["figures"]["zoo_dev/first"]
    assert (style["n"], style["exact_match"], style["exact_match_folded"], style["cer"]) == (3, 0.0, 1.0, 0.0)
    assert results["readers"]["good"]["figures"]["pycaptcha_digits4"]["ece"] == 0.25
    (run,) = results["runs"]
    assert {f["run"] for r in results["readers"].values() for f in r["figures"].values()} == {run}
    printed = capsys.readouterr().out
    assert "loud, mean of the unseen styles: exact_match_folded 100.00%" in printed
    assert results["readers"]["good"]["figures"]["zoo_dev"]["n"] == 6
    assert "good, all of zoo_dev: 6 pictures, ece 25.00%, aurc 0.00%, coverage_at_99 100.00%" in printed
    assert "good, pycaptcha_digits4: 3 pictures, exact_match 100.00%" in printed


def test_checkpoints_are_added_to_the_rivals(result, tmp_path, monkeypatch) -> None:
    ours = fake_reader(tmp_path, "tiny.safetensors")
    monkeypatch.setattr(accuracy, "checkpoints", lambda paths, folder, masked: [ours] * (len(paths) - masked))
    options = ("--data", tmp_path / "data", "--only", "zoo_dev/first")
    assert run_command(accuracy.main, *options, "--rivals", tmp_path) == 0
    before = json.loads(result.read_text(encoding="utf-8"))
    assert run_command(accuracy.main, *options, "--checkpoint", ours.name) == 0
    after = json.loads(result.read_text(encoding="utf-8"))
    # Confidences are judged over all styles or not at all.
    added = after["readers"].pop("tiny.safetensors")
    assert (added["id"], list(added["figures"])) == ("tiny.safetensors@1", ["zoo_dev/first"])
    assert after["readers"] == before["readers"]


def test_a_limited_run_writes_nothing(result, tmp_path, capsys) -> None:
    options = ("--data", tmp_path / "data", "--only", "zoo_dev", "--rivals", tmp_path)
    assert run_command(accuracy.main, *options, "--limit", 2) == 0
    assert "good, zoo_dev/first: 2 pictures" in capsys.readouterr().out
    assert not result.exists()


def test_what_cannot_be_done_is_told_in_a_line(result, tmp_path, capsys) -> None:
    data = tmp_path / "data"
    assert run_command(accuracy.main, "--data", data) == 2
    assert_plain(capsys.readouterr().err, "--rivals FOLDER", "--checkpoint FILE")
    assert run_command(accuracy.main, "--data", data, "--rivals", tmp_path, "--only", "zoo_dev/first") == 0
    write_set(data / "zoo_dev" / "first.parquet", ["other"])
    checkpoint = save_tiny_checkpoint(tmp_path / "tiny.safetensors")
    capsys.readouterr()
    assert run_command(accuracy.main, "--data", data, "--checkpoint", checkpoint) == 2
    assert_plain(capsys.readouterr().err, "zoo_dev/first", "good, loud", "accuracy.json")
