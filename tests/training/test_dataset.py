from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from captcha_core.data.parquet import ParquetRows, ParquetWriter
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.generator import Captcha
from captcha_core.training.dataset import (
    PictureRows,
    batches,
    epoch_order,
    hold_out,
    hold_out_files,
    mixed_order,
    stack,
    stack_padded,
)
from captcha_core.transforms import build_transform, keep_aspect_spec, square_pad_spec
from tests.helpers import draw_picture, png_bytes

TRANSFORM = build_transform(square_pad_spec(32))


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> ParquetRows:
    path = tmp_path_factory.mktemp("data") / "rows.parquet"
    with ParquetWriter(path, row_group_size=4) as writer:
        for i in range(30):
            writer.write(Sample(png_bytes(draw_picture(str(i), i, (20, 50))), str(i), f"{i}.png", "test"))
    return ParquetRows([path])


@given(st.integers(10, 500), st.integers(1, 200), st.integers(0, 99))
def test_held_out_rows_are_never_learned_from(rows: int, validation: int, seed: int) -> None:
    split = hold_out(list(range(rows)), validation, seed)
    assert len(split.validation) == max(1, min(validation, rows // 5))
    assert np.array_equal(np.sort(np.concatenate([split.train, split.validation])), np.arange(rows))


@given(st.integers(10, 60), st.integers(1, 5), st.integers(1, 50), st.integers(0, 9))
def test_a_picture_that_counts_several_times_stays_on_one_side(
    pictures: int, times: int, wanted: int, seed: int
) -> None:
    origins = [*range(100, 140), *(list(range(pictures)) * times)]
    split = hold_out(origins, wanted, seed)
    assert not {origins[i] for i in split.train} & {origins[i] for i in split.validation}
    assert 1 <= len(split.validation) <= max(times, min(wanted, len(origins) // 5))


def test_a_file_that_is_named_twice_has_the_same_origins(rows: ParquetRows, tmp_path: Path) -> None:
    path = tmp_path / "one.parquet"
    with ParquetWriter(path) as writer:
        for i in range(3):
            writer.write(Sample(b"x", str(i), f"{i}.png", "test"))
    assert ParquetRows([path, path]).origins == [0, 1, 2, 0, 1, 2]
    assert rows.origins == list(range(30))


def test_pictures_of_different_sizes_are_centred_on_white() -> None:
    small, large = torch.zeros(3, 2, 4, dtype=torch.uint8), torch.zeros(3, 4, 4, dtype=torch.uint8)
    stacked = stack_padded([small, large])
    assert stacked.shape == (2, 3, 4, 4)
    assert (stacked[0, :, [0, 3]] == 255).all() and (stacked[0, :, 1:3] == 0).all()
    assert (stacked[1] == 0).all()
    assert stack_padded([small[:1], large[:1]]).shape == (2, 1, 4, 4)


def test_too_few_pictures_are_refused() -> None:
    with pytest.raises(CaptchaLabError, match="only 9"):
        hold_out(list(range(9)) * 5, 1, 0)


def test_an_epoch_takes_every_chosen_row_once_in_an_order_of_its_own(rows: ParquetRows) -> None:
    chosen = np.arange(0, 30, 2)
    orders = [epoch_order(rows, chosen, seed=1, epoch=e) for e in (0, 1)]
    for order in orders:
        assert sorted(order) == list(chosen)
    assert not np.array_equal(orders[0], orders[1])
    assert np.array_equal(epoch_order(rows, chosen, seed=1, epoch=0), orders[0])


def test_batches_hold_the_rows_they_name(rows: ParquetRows) -> None:
    order = epoch_order(rows, np.arange(30), seed=0, epoch=0)
    expected = {i: TRANSFORM.pixels(draw_picture(str(i), i, (20, 50))) for i in range(30)}
    got = list(batches(PictureRows(rows, TRANSFORM), order, 8))
    assert [len(labels) for _, labels in got] == [8, 8, 8, 6]
    assert [int(label) for _, labels in got for label in labels] == order.tolist()
    for pixels, labels in got:
        assert torch.equal(pixels, torch.stack([expected[int(label)] for label in labels]))


def test_batches_can_start_later_and_come_from_a_worker_process(rows: ParquetRows) -> None:
    order = np.arange(30)
    later = list(batches(PictureRows(rows, TRANSFORM), order, 8, workers=1, start=2))
    all_of_them = list(batches(PictureRows(rows, TRANSFORM), order, 8))
    assert [labels for _, labels in later] == [labels for _, labels in all_of_them[2:]]
    assert all(torch.equal(a, b) for (a, _), (b, _) in zip(later, all_of_them[2:], strict=True))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path, workers: int) -> None:
    with ParquetWriter(tmp_path / "bad.parquet") as writer:
        writer.write(Sample(b"no picture", "ab", "broken.png", "test"))
    pictures = PictureRows(ParquetRows([tmp_path / "bad.parquet"]), TRANSFORM)
    with pytest.raises(DataError, match=r"^Row 0 .*broken\.png.*make_dataset\.py") as error:
        list(batches(pictures, np.arange(1), 1, workers))
    assert "Traceback" not in str(error.value)


class Numbered:
    """Draws pictures whose width and text are their number."""

    def draw(self, number: int) -> Captcha:
        return Captcha(Image.new("RGB", (96 + 16 * (number % 9), 48), "white"), str(number))


def test_rows_and_drawn_pictures_keep_their_order_and_mix_evenly() -> None:
    order = mixed_order(np.arange(100), np.arange(100, 400), seed=3)
    assert sorted(order) == list(range(400))
    assert list(order[order < 100]) == list(range(100))
    assert list(order[order >= 100]) == list(range(100, 400))
    for quarter in np.split(order, 4):
        assert 23 <= (quarter < 100).sum() <= 27
    assert not np.array_equal(order, mixed_order(np.arange(100), np.arange(100, 400), seed=4))


@pytest.mark.parametrize("workers", [0, 1])
def test_drawn_pictures_come_after_the_rows_in_batches_of_like_width(rows: ParquetRows, workers: int) -> None:
    transform = build_transform(keep_aspect_spec(48, 96, 320))
    pictures = PictureRows(rows, transform, Numbered())  # type: ignore[arg-type]
    order = mixed_order(np.arange(30), np.arange(30, 90), seed=0)
    got = list(batches(pictures, order, 8, workers, together=4))
    labels = [label for batch in got for label in batch.labels]
    # The rows' texts are their numbers, and those of what is drawn start at 0 again.
    assert sorted(map(int, labels)) == sorted([*range(30), *range(60)])
    assert [len(batch.labels) for batch in got] == [8] * 11 + [2]
    assert all(batch.pixels.shape == (len(batch.labels), 3, 48, batch.pixels.shape[3]) for batch in got)
    assert len({batch.pixels.shape[3] for batch in got}) > 3
    later = list(batches(pictures, order, 8, workers, start=6, together=4))
    assert [b.labels for b in later] == [b.labels for b in got[6:]]
    assert all(torch.equal(a.pixels, b.pixels) for a, b in zip(later, got[6:], strict=True))


def test_pictures_of_one_height_are_stretched_to_their_mean_width() -> None:
    narrow, wide = torch.zeros(3, 48, 96, dtype=torch.uint8), torch.full((3, 48, 128), 200, dtype=torch.uint8)
    stacked = stack([narrow, wide])
    assert stacked.shape == (2, 3, 48, 112)
    assert (stacked[0] == 0).all() and (stacked[1] == 200).all()


def test_files_that_are_held_out_are_not_learned_from() -> None:
    split = hold_out_files(list(range(30)), [10, 8, 12], kept=2, validation=5, seed=0)
    assert split.train.tolist() == list(range(18))
    assert len(split.validation) == 5 and split.validation.min() >= 18
    assert len(hold_out_files(list(range(30)), [10, 8, 12], 2, 500, 0).validation) == 12
    with pytest.raises(CaptchaLabError, match="--validation-data"):
        hold_out_files([*range(18), *range(12)], [10, 8, 12], 2, 5, 0)
