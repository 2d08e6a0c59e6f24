"""The sweep as a whole, with models whose reading is known."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from captcha_core.evaluation.sweep import BLOCK, SweepRun, count_hits
from captcha_core.evaluation.sweep_intervals import share_of
from captcha_core.prediction import Prediction
from tests.evaluation.sweep_helpers import PLAIN, Told, Whispering, swept


def test_each_curve_is_what_its_model_reads() -> None:
    sweep = swept({"lines": 0.3, "rotation": 0.6}, count=12)
    by_name = {curve.distortion.name: curve for curve in sweep.curves}
    assert sweep.pictures == sweep.planned == 12 and sweep.models == ("model0",)
    # Lines at (0, 1/16, 1/4, 9/16, 1) of the extreme, turns at even steps.
    assert [p.exact.value for p in by_name["lines"].points] == [1, 1, 1, 0, 0]
    assert [p.exact.value for p in by_name["rotation"].points] == [1, 1, 1, 0, 0]
    assert [p.exact.value for p in by_name["shear"].points] == [1] * 5
    turned = by_name["rotation"].points[3]
    assert turned.fall.value == 1 and turned.exact == share_of(np.zeros(12, bool))
    # Of every text of 4 to 6 characters the last two are lost: 0.75 - 0.6 is one tenth and a half.
    assert 0.5 <= turned.characters.value <= 4 / 6
    assert by_name["lines"].worst.strength == pytest.approx(22)
    assert by_name["shear"].worst.strength == 1.0


def test_case_counts_and_what_it_costs_is_kept_beside() -> None:
    class Shouting(Told):
        def _read(self, image: Image.Image) -> Prediction:
            read = super()._read(image)
            return replace(read, text=read.text.upper())

    run = SweepRun(Whispering(PLAIN, 5, 4), {"loud": cast(Any, Shouting({}))}, steps=1)
    for _ in run:
        pass
    found = run.result()
    assert found.as_it_is["loud"].value == 0 and found.folded["loud"].value == 1


def test_ssim_is_given_where_characters_stay_in_place() -> None:
    for curve in swept(count=2).curves:
        if curve.distortion.in_place:
            found = [point.ssim or 0.0 for point in curve.points]
            assert found[0] == pytest.approx(1.0) and found == sorted(found, reverse=True) and found[-1] < 0.9
        else:
            assert all(point.ssim is None for point in curve.points)


def test_the_largest_fall_comes_first_and_of_equal_ones_the_weaker_strength() -> None:
    order = [c.distortion.name for c in swept({"lines": 0.3, "rotation": 0.1, "offset": 0.9}).of_model("model0")]
    assert order[:3] == ["rotation", "lines", "offset"]


def test_equal_pictures_are_read_once_and_blocks_are_bounded() -> None:
    model = Told({})
    style = Whispering(PLAIN, 5, BLOCK + 1)
    run = SweepRun(style, {"told": cast(Any, model)}, steps=2)
    steps = sum(1 for _ in run)
    assert steps == run.total == 2 * (9 * 3 + 1)
    # In this style every strength has a key of its own.
    assert model.batches == [BLOCK] * 28 + [1] * 28
    plain = Told({})

    class Plain(Whispering):
        def key(self, distortion: Any, strength: float) -> Any:
            return super(Whispering, self).key(distortion, strength)

    for _ in SweepRun(Plain(PLAIN, 5, 1), {"told": cast(Any, plain)}, steps=2):
        pass
    assert len(plain.batches) == 1 + 9 * 2, "none is the same for all, since the style has none of them"


def test_time_ends_a_sweep_with_whole_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    run = SweepRun(Whispering(PLAIN, 5, 5 * BLOCK), {"told": cast(Any, Told({}))}, steps=1, seconds=5.0)
    assert sum(1 for _ in run) < run.total
    sweep = run.result()
    assert BLOCK <= sweep.pictures < sweep.planned and sweep.pictures % BLOCK == 0
    assert f"after {sweep.pictures} of {5 * BLOCK} pictures" in sweep.notes[0]
    assert all(len(point.right) == sweep.pictures for curve in sweep.curves for point in curve.points)


def test_a_sweep_that_is_left_off_has_what_its_whole_blocks_found() -> None:
    def swept(steps: int | None) -> SweepRun:
        run = SweepRun(Whispering(PLAIN, 5, 2 * BLOCK), {"told": cast(Any, Told({}))}, steps=1)
        for _ in itertools.islice(run, steps):
            pass
        return run

    whole, left = swept(None), swept(swept(None).total * 3 // 4)
    assert (left.measured, left.result().pictures) == (BLOCK, BLOCK)
    for curve, known in zip(left.result().curves, whole.result().curves, strict=True):
        for point, same in zip(curve.points, known.points, strict=True):
            assert list(point.right) == list(same.right[:BLOCK])
            assert point.exact.value == same.right[:BLOCK].mean()
    with pytest.raises(ValueError, match="nothing"):
        swept(3).result()


def test_the_first_block_is_read_however_little_time_there_is() -> None:
    run = SweepRun(Whispering(PLAIN, 5, 3), {"told": cast(Any, Told({}))}, steps=1, seconds=0.0)
    assert sum(1 for _ in run) == run.total
    assert run.result().pictures == 3


def test_nothing_read_is_no_result() -> None:
    with pytest.raises(ValueError, match="nothing yet"):
        SweepRun(Whispering(PLAIN, 5, 3), {"told": cast(Any, Told({}))}).result()


def test_labels_that_a_model_cannot_write_and_what_is_known_of_the_pictures_are_told() -> None:
    style = replace(Whispering(PLAIN, 5, 2), notes=("3 of the pictures are left out.",))
    run = SweepRun(style, {"digits": cast(Any, Told({}, "0123456789"))}, steps=1)
    for _ in run:
        pass
    notes = run.result().notes
    assert notes[0].startswith("3 of the pictures") and notes[1].startswith("digits: ")


def test_hits_are_those_of_the_alignment() -> None:
    assert count_hits(["abcd", "aab", "x"], ["abcd", "ab", ""]) == [4, 2, 0]
    assert count_hits(["abcd"], ["xabcdx"]) == [4]
