from typing import Any

import pytest

from benchmarks.labelled_sets import STYLES as FOLDER
from benchmarks.reader_tables import STYLES, accuracy_tables, checkpoint_table, mean_of_styles, reader_speed_table


def figures(exact: float, folded: float, **more: float) -> dict[str, Any]:
    return {"n": 1200, "exact_match": exact, "exact_match_folded": folded, "cer": 0.25, "run": "2026"} | more


def results() -> dict[str, Any]:
    return {
        "sets": {
            "plain": {"shown": "Plain", "folded": False},
            "zoo_dev/a": {"shown": "style a", "folded": True},
            "zoo_dev/b": {"shown": "style b", "folded": True},
        },
        "readers": {
            "rival": {
                "id": "rival 9",
                "figures": {
                    "plain": figures(0.5, 0.625),
                    "zoo_dev/a": figures(0.0, 0.25),
                    "zoo_dev/b": figures(0.0, 0.5),
                },
            },
            "ours": {"id": "ours@1", "figures": {"zoo_dev/a": figures(0.0, 1.0, ece=0.0125)}},
        },
    }


def test_a_table_for_each_figure_with_a_dash_where_nothing_was_measured() -> None:
    text = "\n".join(accuracy_tables(results()))
    folded, exact, cer, ece = [part.partition("\n")[2].strip() for part in text.split("\n\n")[1::2]]
    assert folded.splitlines() == [
        "|---|---|---|",
        "| Plain (1,200) | 62.50% | - |",
        "| style a (1,200) | 25.00% | 100.00% |",
        "| style b (1,200) | 50.00% | - |",
        "| mean of the unseen styles | 37.50% | - |",
    ]
    assert exact.splitlines() == ["|---|---|---|", "| Plain (1,200) | 50.00% | - |"]
    assert cer.splitlines()[2] == "| style a (1,200) | 25.00% | 25.00% |"
    assert "| pictures | rival | ours |" in text
    assert ece.splitlines()[1:3] == ["| Plain | - |", "| style a (1,200) | 1.25% |"]
    assert "| pictures | ours |" in text


def test_the_mean_is_over_all_styles_or_not_given() -> None:
    readers = results()["readers"]
    sets = results()["sets"]
    assert f"{FOLDER}/" == STYLES
    assert mean_of_styles(readers["rival"]["figures"], sets) == pytest.approx(0.375)
    assert mean_of_styles(readers["ours"]["figures"], sets) is None
    assert mean_of_styles(readers["ours"]["figures"], ["zoo_dev/a"]) == 1.0
    assert mean_of_styles(readers["rival"]["figures"], ["plain"]) is None


def test_no_table_for_a_figure_that_nobody_has() -> None:
    without = results()
    del without["readers"]["ours"]
    assert "Calibration" not in "\n".join(accuracy_tables(without))


def test_confidences_over_all_styles_stand_in_a_table_of_their_own() -> None:
    found = results()
    found["readers"]["ours"]["figures"]["zoo_dev"] = {"n": 2400, "ece": 0.05, "aurc": 0.1, "coverage_at_99": 0.4}
    assert accuracy_tables(found)[-3:] == [
        "| reader | pictures | ECE | area under the risk-coverage curve | coverage at 99% precision |",
        "|---|---|---|---|---|",
        "| ours | 2,400 | 5.00% | 10.00% | 40.00% |",
    ]


def test_a_checkpoint_stands_beside_the_best_of_the_others() -> None:
    found = results()
    readers = found["readers"]
    both = {"zoo_dev/a": figures(0.5, 0.75, ece=0.02), "zoo_dev/b": figures(0.5, 0.25), "plain": figures(0.5, 0.6)}
    told = {name: figures(0.9, 0.9, ece=0.01) for name in both if name != "plain"} | {"plain": figures(0.9, 0.9)}
    readers |= {"my.onnx": {"figures": both}, "my.onnx, masked": {"figures": told}}
    readers["other.safetensors"] = {"figures": {"plain": figures(1.0, 1.0)}}
    assert checkpoint_table(found, "my.onnx")[2:] == [
        "| Plain (1,200) | 50.00% | 60.00% | 90.00% | 62.50% | - | - |",
        "| style a (1,200) | - | 75.00% | 90.00% | 100.00% | 2.00% | 1.00% |",
        "| style b (1,200) | - | 25.00% | 90.00% | 50.00% | - | 1.00% |",
        "| mean of the unseen styles | - | 50.00% | 90.00% | 37.50% | - | 1.00% |",
    ]


def test_the_speed_table_has_a_ratio_for_every_ddddocr() -> None:
    ratios = {"ddddocr 1": 1.0, "ddddocr 2": 2.0}
    readers = {
        "ddddocr 1": {"id": "x", "median_ms": 12.34, "times_as_fast_as": ratios},
        "ours": {"id": "y", "median_ms": 4.0, "times_as_fast_as": {"ddddocr 1": 3.085, "ddddocr 2": 6.17}},
    }
    lines = reader_speed_table({"pictures": 200, "rounds": 5, "readers": readers})
    assert lines[0].startswith("200 pictures in 5 rounds")
    assert lines[2:] == [
        "| reader | ms a picture, median | times as fast as ddddocr 1 | times as fast as ddddocr 2 |",
        "|---|---|---|---|",
        "| ddddocr 1 | 12.3 | 1.00 | 2.00 |",
        "| ours | 4.0 | 3.08 | 6.17 |",
    ]
