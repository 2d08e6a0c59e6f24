from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captcha_core.data.schema import Sample
from captcha_core.errors import DataError, ImageError
from captcha_core.evaluation.marking import NOT_OPENED, RIGHT, THUMBNAIL, WRONG
from captcha_core.evaluation.shown import choose_sections, share_places
from tests.evaluation.helpers import evaluation_of, read, samples_of
from tests.helpers import draw_picture, png_bytes

MIXED = evaluation_of(
    ("0.png", "abc", read("abc", 0.9)),
    ("1.png", "abc", read("abd", 0.2)),
    ("2.png", "abc", ImageError("2.png is empty")),
    ("3.png", "abc", read("xbc", 0.8)),
    ("4.png", "abc", read("abc", 0.3)),
)
LONG = evaluation_of(*((f"{i}.png", "abc", read("abd" if i % 2 else "abc", i / 100)) for i in range(60)))


def test_sections_are_ordered_and_hold_their_pictures() -> None:
    wrong, unopened, right = choose_sections(MIXED, samples_of(MIXED), limit=100)
    assert (wrong.outcome, unopened.outcome, right.outcome) == (WRONG, NOT_OPENED, RIGHT)
    assert [shown.file for shown in wrong.shown] == ["3.png", "1.png"], "the surest first"
    assert [shown.file for shown in right.shown] == ["0.png", "4.png"], "in the order of the data"
    assert unopened.shown[0].picture is None and str(unopened.shown[0].read) == "2.png is empty"
    assert all(shown.picture is not None and shown.picture.mode == "RGB" for shown in wrong.shown + right.shown)
    assert [section.heading for section in (wrong, unopened, right)] == ["Wrong: 2", "Not opened: 1", "Right: 2"]


def test_what_did_not_occur_has_no_section() -> None:
    perfect = evaluation_of(("a.png", "abc", read("abc")))
    assert [section.outcome for section in choose_sections(perfect, samples_of(perfect), limit=100)] == [RIGHT]


def test_a_limit_leaves_the_surest_mistakes_and_the_first_right_ones() -> None:
    wrong, right = choose_sections(LONG, samples_of(LONG), limit=10)
    assert [shown.file for shown in wrong.shown] == ["59.png", "57.png", "55.png", "53.png", "51.png", "49.png"]
    assert [shown.file for shown in right.shown] == ["0.png", "2.png", "4.png", "6.png"]
    assert (wrong.total, right.total) == (30, 30)
    assert wrong.heading == "Wrong: 30, of which the surest 6 are shown"
    assert right.heading == "Right: 30, of which the first 4 are shown"


@given(st.lists(st.integers(0, 300), min_size=3, max_size=3), st.integers(10, 200))
def test_places_are_all_used_and_never_too_many(counts, limit) -> None:
    taken = share_places(counts, limit)
    assert sum(taken) == min(limit, sum(counts))
    assert all(0 <= place <= count for place, count in zip(taken, counts, strict=True))
    assert taken[0] >= min(counts[0], limit * 3 // 5) and taken[1] >= min(counts[1], limit // 10)


def test_pictures_are_streamed_no_further_than_needed_and_kept_small() -> None:
    large = png_bytes(draw_picture("abc", size=(900, 1800)))
    asked = []

    def stream():
        for sample in samples_of(LONG, large):
            asked.append(sample.path)
            yield sample

    only_right = evaluation_of(*((f"{i}.png", "abc", read("abc")) for i in range(60)))
    (section,) = choose_sections(only_right, stream(), limit=10)
    assert len(asked) == 10
    pictures = [shown.picture for shown in section.shown]
    assert all(p is not None and p.width <= THUMBNAIL[0] and p.height <= THUMBNAIL[1] for p in pictures)


@pytest.mark.parametrize("change", ["fewer", "label", "name", "broken"])
def test_data_that_changed_in_between_is_refused(change) -> None:
    samples = samples_of(MIXED)
    changed = {
        "fewer": samples[:-1],
        "label": [samples[0]._replace(label="other"), *samples[1:]],
        "name": [samples[0]._replace(path="other"), *samples[1:]],
        "broken": [Sample(b"text", "abc", "0.png", ""), *samples[1:]],
    }[change]
    with pytest.raises(DataError, match="changed while it was evaluated"):
        choose_sections(MIXED, changed, limit=100)
