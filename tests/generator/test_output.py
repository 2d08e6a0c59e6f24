"""Sets are written, added to and given a test set: no picture twice, completely or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from captcha_core.cluster.engine import LocalEngine
from captcha_core.data.parquet import ParquetWriter, iter_parquet
from captcha_core.data.schema import SPLIT_SCHEMA, Sample
from captcha_core.data.split import pixel_digest
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.generator import Style, generate_captcha, generate_captcha_data
from captcha_core.generator import output as output_module
from captcha_core.generator.output import Order, Rows, write_captchas
from captcha_core.generator.sets import data_set
from tests.data.samples import encoded
from tests.generator.samples import BOTH_STYLES, SIXTEEN, SMALL, digests_of, everything, rows_of

NAMES = ("x.parquet", "pictures")


def draw(path: Path, count: int, style: Style = SMALL, seed: int = 3, **changes: Any) -> None:
    list(write_captchas(Order(style, data_set(path), count, seed, **changes)))


def test_two_workers_give_the_bytes_of_one(tmp_path: Path) -> None:
    style = BOTH_STYLES["pycaptcha"]
    for workers in (1, 2):
        draw(tmp_path / str(workers) / "x.parquet", 3, style)
        draw(tmp_path / str(workers) / "x.parquet", 20, style, extend=True, test=9, engine=LocalEngine(workers))
    assert everything(tmp_path / "1") == everything(tmp_path / "2")


@pytest.mark.parametrize("name", NAMES)
def test_a_set_holds_the_pictures_with_their_texts_in_order(name: str, tmp_path: Path) -> None:
    texts = list(generate_captcha_data(SMALL, 12, tmp_path / name, seed=5))
    rows = rows_of(tmp_path / name)
    assert [row.label for row in rows] == texts
    assert [row.path for row in rows] == [f"{text}_{number}.png" for number, text in enumerate(texts)]
    drawn = [generate_captcha(SMALL, 5, number).image for number in range(12)]
    assert digests_of(tmp_path / name) == [pixel_digest(image) for image in drawn]


@pytest.mark.parametrize(("style", "source"), [("default", "generator"), ("pycaptcha", "pycaptcha")])
def test_the_source_names_style_and_seed(style: str, source: str, tmp_path: Path) -> None:
    draw(tmp_path / "x.parquet", 3, BOTH_STYLES[style])
    assert {row.source for row in rows_of(tmp_path / "x.parquet")} == {f"{source}-seed3"}


def test_labels_that_differ_in_case_alone_have_names_that_differ_in_more(tmp_path: Path) -> None:
    style = type(SMALL)(alphabet="aA/", min_length=1, max_length=2, width=64, height=24)
    draw(tmp_path / "set", 40, style)
    rows = rows_of(tmp_path / "set")
    assert len({row.path.casefold() for row in rows}) == 40
    assert any("/" in row.label for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_command_again_goes_on_where_the_last_one_ended(name: str, tmp_path: Path) -> None:
    draw(tmp_path / name, 6)
    draw(tmp_path / name, 5, extend=True)
    draw(tmp_path / name, 4, extend=True)
    (tmp_path / "once").mkdir()
    draw(tmp_path / "once" / name, 15)
    assert rows_of(tmp_path / name) == rows_of(tmp_path / "once" / name)
    assert {f"once/{file}" for file in everything(tmp_path / "once")} < set(everything(tmp_path))


@pytest.mark.parametrize("name", NAMES)
def test_a_set_and_its_test_set_share_no_picture_whatever_is_done(name: str, tmp_path: Path) -> None:
    one, test = tmp_path / name, data_set(tmp_path / name).test_set().path
    draw(one, 10, test=5)
    assert [row.path.split("_")[1] for row in rows_of(test)] == [f"{number}.png" for number in range(10, 15)]
    kept = digests_of(test)
    draw(one, 7, extend=True)
    draw(one, 7, extend=True, seed=4)
    draw(test, 6, extend=True)
    if name == "x.parquet":
        draw(one, 25)  # A new set of that name: its first 25 numbers hold some of the test set.
        assert [row.path.split("_")[1] for row in rows_of(one)][9:12] == ["9.png", "15.png", "16.png"]
        draw(one, 20, extend=True)
    assert digests_of(test)[:5] == kept
    assert not set(digests_of(one)) & set(digests_of(test))
    assert len(set(digests_of(one))) == len(digests_of(one))


def test_the_numbers_of_a_test_set_come_after_those_of_the_set(tmp_path: Path) -> None:
    draw(tmp_path / "x.parquet", 5)
    # In another look the first numbers would be new pictures too.
    draw(tmp_path / "x.parquet", 2, BOTH_STYLES["pycaptcha"], extend=True, test=2)
    assert [row.path.split("_")[1] for row in rows_of(tmp_path / "x_test.parquet")] == ["7.png", "8.png"]


def test_a_test_set_does_not_change_the_set(tmp_path: Path) -> None:
    # Some of its pictures are equal.
    draw(tmp_path / "with.parquet", 12, SIXTEEN, test=3)
    draw(tmp_path / "without.parquet", 12, SIXTEEN)
    assert (tmp_path / "with.parquet").read_bytes() == (tmp_path / "without.parquet").read_bytes()
    assert len(set(digests_of(tmp_path / "with.parquet"))) < 12


@settings(max_examples=12)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 2), st.booleans()), min_size=1, max_size=4),
    st.sampled_from(NAMES),
)
def test_sets_of_few_possible_pictures_stay_disjoint(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, bool]], name: str
) -> None:
    one = tmp_path_factory.mktemp("few") / name
    test = data_set(one).test_set().path
    draw(one, 1, SIXTEEN, test=1)
    expected = {one: 1, test: 1}
    for count, seed, of_test in steps:
        target = test if of_test else one
        if sum(expected.values()) + count <= 15:
            draw(target, count, SIXTEEN, extend=True, seed=seed)
            expected[target] += count
    both = digests_of(one) + digests_of(test)
    assert len(both) == len(set(both)) == sum(expected.values())


def test_rows_of_others_are_kept_and_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    drawn = generate_captcha(SMALL, seed=3, index=1)
    old = [
        # A picture that the seed will give, encoded in another way, and one that nobody can read.
        Sample(tiff(drawn.image), drawn.text, "mine.tiff", "camera"),
        Sample(b"no picture", "aa", "broken_999.png", "camera"),
    ]
    with ParquetWriter(path, schema=SPLIT_SCHEMA) as writer:
        writer.write(old[0], split="test")
        writer.write(old[1], split="train")
    draw(path, 3, extend=True)
    rows = list(iter_parquet(path, split="all"))
    assert rows[:2] == old
    assert [row.path.split("_")[1] for row in rows[2:]] == ["1000.png", "1001.png", "1002.png"]
    assert list(iter_parquet(path, split="test")) == old[:1]


def test_a_picture_without_number_is_not_repeated_either(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    drawn = generate_captcha(SMALL, seed=3, index=1)
    with ParquetWriter(path) as writer:
        writer.write(Sample(tiff(drawn.image), drawn.text, "mine.tiff", "camera"))
    draw(path, 3, extend=True)
    assert [row.path.split("_")[-1] for row in rows_of(path)] == ["mine.tiff", "0.png", "2.png", "3.png"]


def test_numbers_of_files_that_labels_csv_does_not_name_are_taken(tmp_path: Path) -> None:
    draw(tmp_path / "set", 2)
    (tmp_path / "set" / "left_over_41.png").write_bytes(b"")
    (tmp_path / "set" / "a_1234567890123.png").write_bytes(b"not a number of ours")
    draw(tmp_path / "set", 1, extend=True)
    assert rows_of(tmp_path / "set")[-1].path.endswith("_42.png")


@pytest.mark.parametrize("changes", [{"test": 4}, {"extend": True}, {"extend": True, "test": 4}, {}])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("after", [1, 5, 8])
def test_what_is_interrupted_leaves_things_as_they_were(
    name: str, changes: dict[str, Any], after: int, tmp_path: Path
) -> None:
    if "extend" in changes or name == "x.parquet":
        draw(tmp_path / name, 3)
    before = everything(tmp_path)
    order = Order(SMALL, data_set(tmp_path / name), 5, seed=9, **changes)
    with closing(write_captchas(order)) as drawing:
        for _ in range(min(after, order.count + order.test)):
            next(drawing)
    assert everything(tmp_path) == before
    assert len(list(tmp_path.iterdir())) == (1 if before else 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_set_that_cannot_be_finished_takes_its_test_set_along(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = data_set(tmp_path / name)
    step, true_step = ("replace", Path.replace) if name == "x.parquet" else ("rename", Path.rename)

    def full(self: Path, to: Path) -> Path:
        if Path(to) == target.path:
            assert target.test_set().path.exists()
            raise OSError(28, "No space left on device", str(self))
        return true_step(self, to)

    monkeypatch.setattr(Path, step, full)
    with pytest.raises(CaptchaLabError, match="No space left"):
        list(write_captchas(Order(SMALL, target, 4, test=2)))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_a_test_set_is_not_replaced(name: str, tmp_path: Path) -> None:
    draw(tmp_path / name, 3, test=2)
    before = everything(tmp_path)
    for extend in (False, True):
        with pytest.raises(DataError, match="_test.* exists already.*--test"):
            draw(tmp_path / name, 3, test=2, extend=extend)
    assert everything(tmp_path) == before


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_there_cannot_be_extended(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"{name} does not exist.*--output"):
        draw(tmp_path / name, 3, extend=True)
    assert not list(tmp_path.iterdir())


def test_what_has_to_be_read_first_can_be_watched(tmp_path: Path) -> None:
    draw(tmp_path / "x.parquet", 3, test=2)
    seen: list[str] = []

    def watch(rows: Rows) -> Iterable[Sample | CaptchaLabError]:
        for row in rows:
            assert isinstance(row, Sample)
            seen.append(row.path.split("_")[1])
            yield row

    list(write_captchas(Order(SMALL, data_set(tmp_path / "x.parquet"), 1, seed=3, extend=True), watch))
    assert seen == [f"{number}.png" for number in range(5)]


def test_a_plain_set_pays_for_no_digests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_module, "unseen_captchas", None)
    draw(tmp_path / "x.parquet", 2)
    assert len(rows_of(tmp_path / "x.parquet")) == 2


def tiff(image: Image.Image) -> bytes:
    return encoded(image, "TIFF")
