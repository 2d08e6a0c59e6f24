"""What a sweep says of itself: words, table, plots, page and files."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from captcha_core.evaluation.sweep import Sweep
from captcha_core.evaluation.sweep_intervals import Estimate, share_of
from captcha_core.evaluation.sweep_overlays import OVERLAYS
from captcha_core.evaluation.sweep_page import sweep_body, sweep_html
from captcha_core.evaluation.sweep_plots import COLOURS, figure_png, plot_sweep, spread
from captcha_core.evaluation.sweep_report import SWEEP_FILES, as_dict, format_sweep, write_json, write_sweep
from captcha_core.evaluation.sweep_words import LIMITS, NOT_ASKED, answer, conclusion, headline, listed, points, rows_of
from tests.evaluation.sweep_helpers import swept
from tests.ui.test_theme import contrast

EVIL = "<img src=x onerror=alert(1)>&\x1b[31m"


@pytest.fixture(scope="module")
def sweep() -> Sweep:
    return swept({"lines": 0.3, "rotation": 0.6}, count=12)


def about(sweep: Sweep) -> str:
    return "\n".join(conclusion(sweep))


def test_the_words_say_what_was_measured_and_what_was_not(sweep: Sweep) -> None:
    assert answer(sweep) == "model0 reads 100% (76–100) of these captchas as they are, case included."
    words = about(sweep)
    for said in (
        "12 pictures at each strength, the same texts at every one (seed 5)",
        "The largest fall of model0: lines. At 22 lines it reads 0% (0–24) instead of 100% (76–100)",
        "Not clearly less: turned.",
        "where pictures still looked much as before (SSIM 0.8 or more), model0 read no clearly smaller share of them",
        "(lines, 22 lines). That is a strongly changed picture.",
    ):
        assert said in words
    assert conclusion(sweep)[-2:] == [NOT_ASKED, LIMITS]


def test_a_distortion_that_buys_more_than_all_others_is_said_to(sweep: Sweep) -> None:
    one = swept({"rotation": 0.6}, count=40)
    assert headline(one) == "Turned: the largest fall, 100 (88 to 100) points at turns of up to 68°."
    assert "No other distortion comes near it within the intervals." in about(one)
    assert re.search(r"Even at the extreme, spots, lines, .* and less contrast took less than 10%", about(one))
    assert "Even at the extreme" not in about(sweep), "with 12 pictures that cannot be told"


def test_distortions_that_cannot_be_told_apart_are_named_and_none_is_crowned(sweep: Sweep) -> None:
    start = "Several distortions cost about the same, as far as 12 pictures can tell: "
    assert headline(sweep) == f"{start}lines and turned; the largest fall is 100 (66 to 100) points."
    five = dict.fromkeys(("lines", "rotation", "shear", "spots", "overlap"), 0.3)
    assert headline(swept(five)).startswith(f"{start}turned, slanted, overlap and 2 more; ")


def test_several_models_are_told_apart_in_what_is_said_first() -> None:
    two = swept(models=2)
    assert answer(two) == (
        "model0 reads 100% (76–100) of these captchas as they are, case included. model1 reads 100% (76–100)."
    )
    assert "; the largest fall of model0 is" in headline(two)


def test_what_is_read_with_case_ignored_is_said_where_it_is_more(sweep: Sweep) -> None:
    half = share_of(np.arange(12) < 6)
    assert answer(replace(sweep, as_it_is={"model0": half})) == (
        "model0 reads 50% (25–75) of these captchas as they are, case included (100% with case ignored)."
    )


def test_jpeg_keeps_its_capitals_in_a_sentence() -> None:
    assert {d.name: d.called for d in OVERLAYS if d.name in ("jpeg", "blur")} == {"jpeg": "JPEG", "blur": "blur"}


def test_a_heading_does_not_say_lines_twice(sweep: Sweep) -> None:
    body = sweep_body(sweep)
    assert "<h4>Lines</h4>" in body and "<h4>Turned <small>largest turn</small></h4>" in body
    assert body.index(answer(sweep)) < body.index(headline(sweep)) < body.index("<table>")


def test_a_fall_while_the_picture_is_little_changed_is_named() -> None:
    words = about(swept({"lines": 0.0}, count=12))
    assert re.search(
        r"much as before \(SSIM 0.8 or more\), the largest fall of model0 is \d+ .* points: lines, 2", words
    )


def test_no_difference_is_called_none() -> None:
    none = swept({"nothing": 1.0}, count=4)
    assert headline(none) == "No distortion made a difference that can be told from chance."
    assert "No distortion, at any strength" in about(none)
    assert "The largest fall" not in about(none)


def test_a_model_that_cannot_read_the_style_tells_nothing_of_it(sweep: Sweep) -> None:
    low = share_of(np.zeros(12, bool))
    curves = tuple(replace(c, points=tuple(replace(p, exact=low) for p in c.points)) for c in sweep.curves)
    words = about(replace(sweep, as_it_is={"model0": low}, curves=curves))
    assert "cannot tell what the distortions add" in words
    assert "The largest fall" not in words


def test_notes_are_part_of_the_conclusion(sweep: Sweep) -> None:
    assert "The time was up." in about(replace(sweep, notes=("The time was up.",)))


def test_the_table_has_the_largest_fall_first(sweep: Sweep) -> None:
    rows = rows_of(sweep)
    assert rows[0][1:6] == ("Lines", "100 (66 to 100)", "100% → 0%", "22 lines", "22")
    assert 0 < float(rows[0].ssim) < 0.8 and rows[1].ssim == "–"
    assert rows[1].label == "Turned" and rows[1].half == "68°"
    assert rows[2].half == "–" and len(rows) == 9


def test_figures_in_words() -> None:
    assert points(Estimate(-0.001, -0.254, 0.4)) == "0 (−25 to 40)"
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_labels_lie_apart_and_near_their_places(values: list[float]) -> None:
    gap = 0.17
    placed = spread(values, gap)
    ordered = sorted(placed)
    assert all(b - a >= gap - 1e-9 for a, b in zip(ordered, ordered[1:], strict=False))
    assert ordered[-1] <= 1 + 1e-9
    if len(values) == 1 or np.diff(sorted(values)).min() >= gap:
        assert placed == pytest.approx(values)


def test_the_lines_colours_can_be_seen_on_white_and_told_apart() -> None:
    assert all(contrast(colour, "#ffffff") >= 3 for colour in COLOURS)
    assert len(set(COLOURS)) == 6


@pytest.mark.parametrize("models", [1, 3])
def test_the_plots_fit_a_phone(models: int) -> None:
    with Image.open(io.BytesIO(figure_png(plot_sweep(swept(models=models, count=2))))) as picture:
        assert picture.width == 1000
        assert np.asarray(picture.convert("L")).std() > 10


class Tags(HTMLParser):
    """Collects what a page would load, run or leave open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag not in ("img", "meta"):
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href"):
                self.loads.append(value or "")
            if name.startswith("on") or tag == "script":
                self.scripts.append(f"{tag} {name}")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone_and_is_escaped(sweep: Sweep) -> None:
    evil = replace(sweep, title=EVIL, notes=(EVIL,), models=(EVIL,), as_it_is={EVIL: sweep.as_it_is["model0"]})
    evil = replace(evil, folded={EVIL: sweep.folded["model0"]})
    evil = replace(evil, curves=tuple(replace(curve, model=EVIL) for curve in sweep.curves))
    page = sweep_html(evil)
    tags = Tags()
    tags.feed(page)
    assert not tags.open and not tags.scripts
    assert len(tags.loads) == 1 + 9 * 5 and all(source.startswith("data:image/") for source in tags.loads)
    assert "default-src 'none'" in page and "\x1b" not in page
    assert "http" not in re.sub(r"data:[^\"]*|http-equiv", "", page)


def test_the_body_names_the_models_only_where_there_are_several(sweep: Sweep) -> None:
    assert '<th scope="col">Model</th>' not in sweep_body(sweep)
    several = sweep_body(swept(models=2, count=2))
    assert '<th scope="col">Model</th>' in several and several.count('<th scope="row">model1</th>') == 9


def test_files_are_written(sweep: Sweep, tmp_path: Path) -> None:
    assert [path.name for path in write_sweep(sweep, tmp_path / "new")] == list(SWEEP_FILES)
    with Image.open(tmp_path / "new" / "sweep.png") as picture:
        assert picture.width > 1000 and picture.height > picture.width
    assert (tmp_path / "new" / "sweep.html").read_text(encoding="utf-8") == sweep_html(sweep)


def test_a_page_of_several_models_and_evil_names_is_drawn(tmp_path: Path) -> None:
    found = swept(models=2, count=2, notes=(EVIL, "$x_1$"))
    assert len(write_sweep(replace(found, title=EVIL), tmp_path)) == 2


def test_json_has_every_figure(sweep: Sweep, tmp_path: Path) -> None:
    write_json(sweep, tmp_path / "sweep.json")
    figures = json.loads((tmp_path / "sweep.json").read_text(encoding="utf-8"))
    assert figures == json.loads(json.dumps(as_dict(sweep)))
    assert (figures["n"], figures["seed"], figures["models"]) == (12, 5, ["model0"])
    lines = next(c for c in figures["curves"] if c["distortion"] == "lines")
    assert [p["strength"] for p in lines["points"]] == [0, 2, 10, 22, 40]
    assert lines["points"][3]["exact_match"] == pytest.approx([0.0, 0.0, 0.2425], abs=1e-4)


def test_the_text_has_headline_table_and_conclusion(sweep: Sweep) -> None:
    text = format_sweep(sweep)
    unfolded = text.replace("\n", " ")
    assert unfolded.startswith(f"{answer(sweep)}  {headline(sweep)}") and NOT_ASKED.split(".")[0] in unfolded
    assert re.search(r"model0 +Lines +100 \(66 to 100\) +100% → 0% +22 lines +22 +0\.\d\d\n", text)
