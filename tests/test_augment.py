import torch

from captcha_core.augment import augment_batch


def batch(count: int = 64) -> torch.Tensor:
    return torch.randint(0, 256, (count, 3, 24, 48), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def augmented(seed: int) -> torch.Tensor:
    return augment_batch(batch(), torch.Generator().manual_seed(seed))


def test_shape_range_and_type() -> None:
    result = augmented(0)
    assert result.shape == batch().shape and result.dtype == torch.float32
    assert result.min() >= 0 and result.max() <= 255


def test_the_same_generator_state_gives_the_same_batch_and_another_does_not() -> None:
    assert torch.equal(augmented(1), augmented(1))
    assert not torch.equal(augmented(1), augmented(2))


def test_a_share_of_the_pictures_comes_as_it_is() -> None:
    pictures = batch(400)
    for share in (0.0, 0.25, 1.0):
        result = augment_batch(pictures, torch.Generator().manual_seed(6), share)
        same = (result == pictures).flatten(1).all(dim=1).float().mean()
        assert abs(float(same) - (1 - share)) < 0.07


def test_the_input_is_left_alone() -> None:
    before = batch()
    kept = before.clone()
    augment_batch(before, torch.Generator().manual_seed(0))
    assert torch.equal(before, kept)


def test_a_mark_stays_near_its_place_and_most_pictures_stay_dark_on_light() -> None:
    pictures = torch.full((300, 3, 60, 120), 230.0)
    pictures[:, :, 25:35, 55:65] = 20.0
    result = augment_batch(pictures, torch.Generator().manual_seed(3)).mean(dim=1)
    inside, outside = result[:, 28:32, 58:62].mean(dim=(1, 2)), result[:, :10].mean(dim=(1, 2))
    darker = (inside < outside - 60).float().mean()
    lighter = (inside > outside + 60).float().mean()
    assert 0.8 < darker < 0.97, "nine in ten are not inverted"
    assert lighter > 0.03, "one in ten is"
    assert darker + lighter > 0.97


def test_turning_means_the_same_angle_in_a_wide_picture() -> None:
    pictures = torch.full((100, 3, 64, 160), 255.0)
    pictures[..., 79:82] = 0.0
    ink = 255.0 - augment_batch(pictures, torch.Generator().manual_seed(5)).mean(dim=1)
    ink = ink * (ink.amax(dim=(1, 2), keepdim=True) > 0)
    columns = torch.arange(160.0)

    def centre(rows: slice) -> torch.Tensor:
        weights = ink[:, rows].sum(dim=1).square()
        return (weights * columns).sum(dim=1) / weights.sum(dim=1)

    dark_on_light = ink[:, :, :20].mean(dim=(1, 2)) < 60
    lean = (centre(slice(48, 52)) - centre(slice(12, 16))).abs()[dark_on_light] / 36
    # Six degrees and the slant together, and a little for the noise.
    assert lean.max() < 0.105 + 0.12 + 0.1
    assert lean.max() > 0.1


def test_colour_is_lost_for_some_only() -> None:
    red = torch.zeros(200, 3, 8, 8)
    red[:, 0] = 200.0
    result = augment_batch(red, torch.Generator().manual_seed(4))
    channels = result.mean(dim=(2, 3))
    grey = (channels.max(dim=1).values - channels.min(dim=1).values < 20).float().mean()
    assert 0.05 < grey < 0.3
    assert set(channels.argmax(dim=1).tolist()) == {0, 1, 2}, "channels change places"
