import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import v2

from captcha_core.errors import CheckpointError
from captcha_core.transforms import IMAGENET_MEAN, SquarePadAndResize, build_transform, square_pad_spec


@given(st.integers(1, 200), st.integers(1, 200), st.sampled_from([16, 33, 96]))
def test_any_picture_becomes_a_square_with_even_padding(width: int, height: int, size: int) -> None:
    square = np.asarray(SquarePadAndResize(size, fill=255)(Image.new("RGB", (width, height), "black")))
    assert square.shape == (size, size, 3)
    rows, columns = np.nonzero((square < 128).any(axis=2))
    margins = rows.min(), size - 1 - rows.max(), columns.min(), size - 1 - columns.max()
    assert abs(int(margins[0]) - int(margins[1])) <= 1 and abs(int(margins[2]) - int(margins[3])) <= 1
    assert min(margins[0], margins[2]) == 0
    # Nothing is stretched: the content keeps its shape to within a pixel.
    inside_height, inside_width = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert abs(inside_width - size * min(1, width / height)) <= 1
    assert abs(inside_height - size * min(1, height / width)) <= 1


def test_it_composes_with_torchvisions_transforms() -> None:
    both = v2.Compose([SquarePadAndResize(32), v2.ToImage()])
    assert both(Image.new("RGB", (50, 20))).shape == (3, 32, 32)


@given(st.integers(1, 200), st.integers(1, 200), st.sampled_from([16, 32]))
def test_most_padding_can_be_left_out(width: int, height: int, multiple: int) -> None:
    picture = Image.new("RGB", (width, height), "black")
    square = np.asarray(SquarePadAndResize(96)(picture))
    trimmed = np.asarray(SquarePadAndResize(96, multiple=multiple)(picture))
    assert max(trimmed.shape[:2]) == 96
    assert trimmed.shape[0] % multiple == trimmed.shape[1] % multiple == 0
    top, left = (96 - trimmed.shape[0]) // 2, (96 - trimmed.shape[1]) // 2
    assert np.array_equal(square[top : top + trimmed.shape[0], left : left + trimmed.shape[1]], trimmed)
    assert (square < 128).sum() == (trimmed < 128).sum()


@pytest.mark.parametrize("multiple", [None, 16])
def test_tensors_are_padded_as_pictures_are(multiple: int | None) -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 80, 3), dtype=np.uint8))
    tensor = torch.from_numpy(np.array(picture)).permute(2, 0, 1)
    step = SquarePadAndResize(40, fill=9, multiple=multiple)
    from_picture = torch.from_numpy(np.array(step(picture))).permute(2, 0, 1).float()
    from_tensor = step(tensor).float()
    assert from_tensor.shape == (3, 16 if multiple else 40, 40)
    assert (from_tensor - from_picture).abs().max() <= 2


def test_model_input_is_normalised_and_can_be_shown_again() -> None:
    transform = build_transform(square_pad_spec(32))
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8))
    tensor = transform(picture)
    assert tensor.shape == (3, 32, 32) and tensor.dtype == torch.float32
    assert np.array_equal(np.asarray(transform.to_image(tensor)), np.asarray(picture))
    black = transform(Image.new("RGB", (32, 32)))
    assert torch.allclose(black[:, 0, 0], -torch.tensor(IMAGENET_MEAN) / torch.tensor([0.229, 0.224, 0.225]))


@pytest.mark.parametrize(
    "change",
    [{"name": "unknown"}, {"size": 100_000}, {"size": "big"}, {"mean": None}, {"fill": None}, {"multiple": "no"}],
)
def test_a_damaged_specification_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(CheckpointError):
        build_transform({**square_pad_spec(64), **change})
