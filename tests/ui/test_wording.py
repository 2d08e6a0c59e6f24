"""What the page says of a model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captcha_core.ui.wording import described, measured, scope
from tests.helpers import tiny_meta


@pytest.mark.parametrize(
    ("alphabet", "said"),
    [
        ("0123456789", "0-9; up to 5 characters"),
        ("0123456789abcdefghijklmnopqrstuvwxyz", "0-9 a-z; upper and lower case count as one; up to 5 characters"),
        ("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "a-z A-Z; up to 5 characters"),
        ("2345bcd", "2345bcd; upper and lower case count as one; up to 5 characters"),
    ],
)
def test_scope_says_what_can_be_read(alphabet: str, said: str) -> None:
    assert scope(alphabet, 5) == said


def test_a_menu_line_says_how_well_and_the_page_on_what() -> None:
    data = [{"name": name, "fingerprint": "1"} for name in ("old.parquet", "new.parquet")] + [{"name": "drawn"}]
    exact = {"val_exact_match": 0.973}
    meta = replace(tiny_meta(), alphabet="0123456789", max_length=6, metrics=exact, training_data=data)
    assert described("mine", meta) == "mine · 0-9 · up to 6 · 97.3% on its own kinds (new)"
    assert described("mine", replace(meta, metrics={})) == "mine · 0-9 · up to 6"
    assert measured(meta) == "97.3% on new.parquet, held out"
    assert measured(replace(meta, metrics={})) is None
    assert measured(replace(meta, training_data=[])) == "97.3% on its training data, held out"
    unseen = replace(meta, training_data=[data[0] | {"held_out": "other.parquet"}])
    assert described("mine", unseen) == "mine · 0-9 · up to 6 · 97.3% on unseen kinds (other)"
    several = replace(meta, training_data=[data[0] | {"name": "a.parquet, b.parquet, c.parquet (3 times)"}])
    assert described("mine", several) == "mine · 0-9 · up to 6 · 97.3% on its own kinds (a +2)"
    assert described("mine", replace(meta, training_data=[])) == "mine · 0-9 · up to 6 · 97.3%"
    assert measured(unseen) == "97.3% on other.parquet, of kinds that it did not learn from"
