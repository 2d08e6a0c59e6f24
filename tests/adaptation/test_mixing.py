from collections import Counter
from collections.abc import Sequence

import pytest
import torch

from captcha_core.adaptation.examples import Example
from captcha_core.adaptation.mixing import MixedSource
from captcha_core.adaptation.plan import Plan
from captcha_core.transforms import build_transform, keep_aspect_spec

TRANSFORM = build_transform(keep_aspect_spec(32, 48, 160))


def example(number: int, width: int = 64) -> Example:
    return Example(torch.full((3, 32, width), number % 256, dtype=torch.uint8), str(number), "")


NEW = [example(i) for i in range(10)]
OLD = [example(100 + i, 48 + 16 * (i % 5)) for i in range(11)]


def encode(labels: list[str]) -> torch.Tensor:
    return torch.tensor([[int(label)] for label in labels])


def source(new: list[Example], old: list[Example], seed: int = 1, alike: Sequence[Example] = ()) -> MixedSource:
    return MixedSource(new, old, alike, Plan(new=4, old=3, alike=2), TRANSFORM, encode, seed)


def labels_of(mixed: MixedSource, steps: int) -> list[list[int]]:
    batches = mixed.batches(0)
    return [next(batches)[1].flatten().tolist() for _ in range(steps)]


def test_a_step_has_new_and_old_pictures_of_one_width_each() -> None:
    inputs, targets = next(source(NEW, OLD).batches(0))
    assert [len(x) for x in inputs] == [4, 3] and source(NEW, OLD).batch_size == 7
    assert inputs[0].shape == (4, 3, 32, 64)
    assert all(t < 100 for t in targets[:4]) and all(t >= 100 for t in targets[4:])


def test_look_alikes_stand_in_every_step_too() -> None:
    mixed = source(NEW, OLD, alike=[example(200), example(201), example(202)])
    drawn = labels_of(mixed, 9)
    assert mixed.batch_size == 9 and all(min(step[7:]) >= 200 for step in drawn)
    assert {label for step in drawn for label in step[7:]} == {200, 201, 202}


def test_any_step_can_be_begun_with() -> None:
    whole = source(NEW, OLD).batches(0)
    for _ in range(5):
        next(whole)
    (inputs, targets), (again, same) = next(whole), next(source(NEW, OLD).batches(5))
    assert torch.equal(targets, same) and all(torch.equal(a, b) for a, b in zip(inputs, again, strict=True))


def test_a_pass_has_every_new_picture_at_most_once_and_many_passes_have_all() -> None:
    mixed = source(NEW, OLD)
    drawn = labels_of(mixed, 40)
    assert all(len({*drawn[i][:4], *drawn[i + 1][:4]}) == 8 for i in range(0, 40, 2))
    times = Counter(label for step in drawn for label in step)
    assert set(times) == {*range(10), *range(100, 111)}


@pytest.mark.parametrize("seed", [2, 3])
def test_another_seed_has_another_order(seed: int) -> None:
    assert labels_of(source(NEW, OLD), 3) != labels_of(source(NEW, OLD, seed), 3)


def test_without_old_pictures_there_are_new_ones_alone() -> None:
    inputs, targets = next(source(NEW[:2], []).batches(0))
    assert len(inputs) == 1 and sorted(targets.flatten().tolist()) == [0, 1]
