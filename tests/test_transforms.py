from __future__ import annotations

import itertools
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import v2

from captcha_core.errors import CheckpointError
from captcha_core.preprocessing_steps import auto_crop, equalise, invert, resize, thicken, to_grey
from captcha_core.transforms import (
    IMAGENET_MEAN,
    SquarePadAndResize,
    build_transform,
    grey_resize_spec,
    override_spec,
    square_pad_spec,
)
from tests.helpers import draw_picture

CLAHE = {"clip_limit": 2.0, "tiles": [8, 8]}
SPECS = {
    "square": square_pad_spec(32),
    "grey": grey_resize_spec(20, 60),
    "clahe": grey_resize_spec(50, 200, clahe=CLAHE, auto_crop=True),
    "everything": {**grey_resize_spec(16, 48, CLAHE, True), "invert": "always", "strong": True},
}


def random_picture(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


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


def test_a_grey_model_s_input_is_normalised_and_can_be_shown_again() -> None:
    transform = build_transform(grey_resize_spec(20, 60))
    picture = random_picture(60, 20)
    tensor = transform(picture)
    assert tensor.shape == (1, 20, 60) and tensor.dtype == torch.float32
    assert transform.to_image(tensor).mode == "L"
    assert np.array_equal(np.asarray(transform.to_image(tensor)), np.asarray(picture.convert("L")))
    assert transform(Image.new("RGB", (30, 30), "black")).unique().tolist() == [-1.0]
    assert transform(Image.new("RGB", (30, 30), "white")).unique().tolist() == [1.0]


@given(
    st.integers(8, 120),
    st.integers(8, 120),
    st.integers(8, 64),
    st.integers(8, 64),
    st.sampled_from([None, CLAHE, {"clip_limit": 4, "tiles": [1, 3]}]),
    st.booleans(),
)
def test_a_grey_transform_gives_exactly_its_size(
    width: int, height: int, new_height: int, new_width: int, clahe: dict[str, Any] | None, auto_crop: bool
) -> None:
    pixels = build_transform(grey_resize_spec(new_height, new_width, clahe, auto_crop)).pixels(
        random_picture(width, height)
    )
    assert pixels.shape == (1, new_height, new_width) and pixels.dtype == torch.uint8


@given(st.sampled_from(sorted(SPECS)), st.integers(8, 120), st.integers(8, 120), st.integers(0, 9))
def test_the_last_stage_is_what_becomes_the_tensor(name: str, width: int, height: int, seed: int) -> None:
    transform = build_transform(SPECS[name])
    picture = random_picture(width, height, seed)
    before = picture.tobytes()
    stages = transform.stages(picture)
    assert stages[0] == ("original", picture) and picture.tobytes() == before
    pixels = transform.pixels(picture)
    last = np.asarray(stages[-1][1])
    assert np.array_equal(np.moveaxis(last[..., None] if last.ndim == 2 else last, 2, 0), pixels.numpy())
    assert torch.equal(transform(picture), transform.normalise(pixels))


@given(st.floats(0.0, 1.0), st.floats(0.01, 2.0))
def test_without_torch_the_input_is_the_same_to_the_last_bit(mean: float, std: float) -> None:
    spec = {**grey_resize_spec(16, 16), "mean": [mean], "std": [std]}
    every_level = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).convert("RGB")
    transform = build_transform(spec)
    array, tensor = transform.array(every_level), transform.normalise(transform.pixels(every_level))
    assert array.dtype == np.float32 and array.flags.c_contiguous
    assert array.tobytes() == tensor.numpy().tobytes() == transform(every_level).numpy().tobytes()
    assert np.array_equal(np.asarray(transform.to_image(array)), np.asarray(every_level.convert("L")))
    assert transform.to_image(array) == transform.to_image(tensor)


def test_the_stages_come_in_order_and_only_those_that_are_asked_for() -> None:
    picture = draw_picture("ab3x")

    def names(spec: dict[str, Any]) -> list[str]:
        return [name for name, _ in build_transform(spec).stages(picture)]

    assert names(SPECS["square"]) == ["original", "pad_and_resize"]
    assert names(SPECS["grey"]) == ["original", "grey", "resize"]
    assert names(SPECS["clahe"]) == ["original", "auto_crop", "grey", "clahe", "resize"]
    assert names(SPECS["everything"]) == ["original", "auto_crop", "invert", "strong", "grey", "clahe", "resize"]
    for chosen in itertools.product((False, True), repeat=3):
        steps = dict(zip(("auto_crop", "invert", "strong"), chosen, strict=True))
        expected = ["original", *(step for step, on in steps.items() if on), "pad_and_resize"]
        assert names({**SPECS["square"], **steps}) == expected


def test_every_stage_is_what_its_step_makes_of_the_one_before() -> None:
    page = Image.new("RGB", (200, 90), "white")
    page.paste(draw_picture("ab3x"), (40, 20))
    spec = grey_resize_spec(16, 48, {"clip_limit": 3.0, "tiles": [2, 5]}, auto_crop=True)
    stages = dict(build_transform({**spec, "invert": "always", "strong": True}).stages(page))
    expected = {
        "auto_crop": auto_crop(page),
        "invert": invert(stages["auto_crop"], always=True),
        "strong": thicken(stages["invert"]),
        "grey": to_grey(stages["strong"]),
        "clahe": equalise(stages["grey"], 3.0, (2, 5)),
        "resize": resize(stages["clahe"], 16, 48),
    }
    assert [(name, image.tobytes()) for name, image in expected.items()] == [(n, stages[n].tobytes()) for n in expected]
    assert len({image.tobytes() for image in stages.values()}) == len(stages), "a step does nothing here"


def test_inversion_is_by_polarity_or_always() -> None:
    transforms = {how: build_transform({**SPECS["square"], "invert": how}) for how in (False, True, "always")}
    dark_on_light = draw_picture("ab3x")
    light_on_dark = Image.fromarray(255 - np.asarray(dark_on_light))
    pixels = {
        how: [t.stages(p)[-2][1].getpixel((0, 0)) for p in (dark_on_light, light_on_dark)]
        for how, t in transforms.items()
    }
    light, dark = dark_on_light.getpixel((0, 0)), light_on_dark.getpixel((0, 0))
    assert pixels == {False: [light, dark], True: [light, light], "always": [dark, light]}


def test_a_specification_of_an_older_version_means_what_it_did() -> None:
    old = {
        "name": "square_pad_and_resize",
        "size": 160,
        "fill": 255,
        "multiple": 32,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    }
    assert square_pad_spec(160) == old
    off = {"auto_crop": False, "invert": False, "strong": False}
    picture = draw_picture("ab3x", size=(50, 180))
    pixels = torch.from_numpy(np.array(SquarePadAndResize(160, 255, 32)(picture))).permute(2, 0, 1)
    mean, std = (torch.tensor(old[key]).view(3, 1, 1) for key in ("mean", "std"))
    expected = pixels.to(torch.float32).div(255.0).sub(mean).div(std)
    for spec in (old, {**old, **off}):
        assert torch.equal(build_transform(spec)(picture), expected)
    grey = grey_resize_spec(20, 60)
    without = {key: value for key, value in grey.items() if key != "auto_crop"}
    assert torch.equal(build_transform(without)(picture), build_transform({**grey, **off})(picture))


@pytest.mark.parametrize("name", sorted(SPECS))
def test_a_transform_can_be_sent_to_a_worker_process(name: str) -> None:
    transform = build_transform(SPECS[name])
    picture = draw_picture("ab3x")
    assert torch.equal(pickle.loads(pickle.dumps(transform))(picture), transform(picture))


def test_an_override_leaves_the_specification_as_it_was() -> None:
    spec = grey_resize_spec(20, 60, auto_crop=True)
    changed = override_spec(spec, auto_crop=False, strong=True)
    assert spec == grey_resize_spec(20, 60, auto_crop=True)
    assert changed == {**grey_resize_spec(20, 60), "strong": True}
    assert override_spec(spec) == spec


@pytest.mark.parametrize("changes", [{"strength": True}, {"strong": "very"}, {"size": 32}])
def test_an_override_that_fits_no_specification_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError, match=next(iter(changes))):
        override_spec(grey_resize_spec(20, 60), **changes)


SHARED_DAMAGE: list[dict[str, Any]] = [
    {"name": "unknown"},
    {"name": ["grey_resize"]},
    {"name": None},
    {"mean": None},
    {"mean": [0.5, 0.5]},
    {"mean": ["0.5"] * 3},
    {"std": [0.0] * 3},
    {"std": [float("nan")] * 3},
    {"auto_crop": "yes"},
    {"auto_crop": 1},
    {"invert": None},
    {"invert": "never"},
    {"strong": 0},
    {"strong": "always"},
    {"sharpen": True},
]


@pytest.mark.parametrize(
    "change",
    [
        *SHARED_DAMAGE,
        {"size": 100_000},
        {"size": "big"},
        {"size": 64.0},
        {"size": True},
        {"fill": None},
        {"fill": 256},
        {"fill": True},
        {"multiple": "no"},
        {"multiple": 0},
        {"height": 50},
    ],
)
def test_a_damaged_square_specification_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError):
        build_transform({**square_pad_spec(64), **change})


@pytest.mark.parametrize(
    "change",
    [
        *SHARED_DAMAGE,
        {"height": 4},
        {"width": 100_000},
        {"width": "200"},
        {"size": 64},
        {"clahe": True},
        {"clahe": {}},
        {"clahe": {"clip_limit": 2.0}},
        {"clahe": {**CLAHE, "bins": 256}},
        {"clahe": {**CLAHE, "clip_limit": 0}},
        {"clahe": {**CLAHE, "clip_limit": float("inf")}},
        {"clahe": {**CLAHE, "clip_limit": "2"}},
        {"clahe": {**CLAHE, "tiles": 8}},
        {"clahe": {**CLAHE, "tiles": [8]}},
        {"clahe": {**CLAHE, "tiles": [8, 8, 8]}},
        {"clahe": {**CLAHE, "tiles": [0, 8]}},
        {"clahe": {**CLAHE, "tiles": [8, 65]}},
    ],
)
def test_a_damaged_grey_specification_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError):
        build_transform({**grey_resize_spec(20, 60), **change})


@pytest.mark.parametrize("spec", [SPECS["square"], SPECS["clahe"]], ids=["square", "grey"])
def test_a_specification_that_lacks_a_value_is_refused(spec: dict[str, Any]) -> None:
    for key in set(spec) - {"auto_crop"}:
        with pytest.raises(CheckpointError, match=key):
            build_transform({name: value for name, value in spec.items() if name != key})


@pytest.mark.parametrize("spec", [None, [], "square_pad_and_resize", 3])
def test_what_is_no_mapping_is_refused(spec: Any) -> None:
    for build in (build_transform, override_spec):
        with pytest.raises(CheckpointError):
            build(spec)
