"""What every registered design promises to the rest of the toolkit."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from captcha_core.decoding import SCHEMES
from captcha_core.models import build_model, model_names, set_requires_grad
from captcha_core.models.attention import attend
from captcha_core.models.resnet import BasicBlock, Bottleneck, ResNet

# Channels, height and width of a picture, and the time steps that come of it.
SHAPES = {
    "efficientnet": ((3, 64, 160), 9),
    "resnet50-heads": ((1, 50, 250), 8),
    "crnn-resnet18": ((1, 50, 200), 10),
    "cnn-lstm": ((1, 60, 160), 40),
    "crnn": ((1, 50, 200), 49),
    "captcha-net": ((3, 48, 160), 40),
    "ppocr": ((3, 48, 160), 40),
}
CASES = [pytest.param(name, *SHAPES[name], id=name) for name in model_names()]


@pytest.mark.parametrize(("name", "shape", "steps"), CASES)
def test_logits_have_a_class_per_time_step(name: str, shape: tuple[int, int, int], steps: int) -> None:
    model: Any = build_model(name, num_classes=5, max_length=8).eval()
    assert model.scheme in SCHEMES
    with torch.inference_mode():
        assert model(torch.zeros(2, *shape)).shape == (2, steps, 5 if model.scheme == "heads" else 6)


@pytest.mark.parametrize(("name", "shape", "steps"), CASES)
def test_the_head_reads_the_features(name: str, shape: tuple[int, int, int], steps: int) -> None:
    torch.manual_seed(0)
    model: Any = build_model(name, num_classes=5, max_length=8).eval()
    images = torch.randn(2, *shape)
    with torch.inference_mode():
        assert torch.equal(model(images), model.head(model.features(images)))
        assert not torch.allclose(model(images)[0], model(images)[1]), "what is in the picture must count"


@pytest.mark.parametrize(("name", "shape", "steps"), CASES)
def test_backbone_and_head_are_the_whole_model(name: str, shape: tuple[int, int, int], steps: int) -> None:
    model: Any = build_model(name, num_classes=5, max_length=8)
    set_requires_grad(model.backbone, False)
    free = {n for n, p in model.named_parameters() if p.requires_grad}
    assert free and all(n.startswith("head.") for n in free)


@pytest.mark.parametrize(("name", "shape", "steps"), CASES)
def test_every_weight_learns(name: str, shape: tuple[int, int, int], steps: int) -> None:
    torch.manual_seed(0)
    model: Any = build_model(name, num_classes=5, max_length=8)
    outputs = getattr(model, "both", model)(torch.randn(2, *shape))
    for logits in outputs if isinstance(outputs, tuple) else (outputs,):
        logits.square().sum().backward(retain_graph=True)
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_one_head_does_not_see_the_others() -> None:
    model: Any = build_model("resnet50-heads", num_classes=3, max_length=2).eval()
    images = torch.randn(1, 1, 50, 250)
    with torch.inference_mode():
        before = model(images)
        model.head.classifiers[1].bias += 1.0
        after = model(images)
    assert torch.equal(before[:, 0], after[:, 0]) and not torch.equal(before[:, 1], after[:, 1])


@pytest.mark.parametrize(
    ("builder", "block", "counts"),
    [
        ("resnet18", BasicBlock, (2, 2, 2, 2)),
        ("resnet50", Bottleneck, (3, 4, 6, 3)),
    ],
)
def test_the_residual_networks_are_torchvisions(builder: str, block: type, counts: tuple[int, ...]) -> None:
    import torchvision

    torch.manual_seed(0)
    theirs = getattr(torchvision.models, builder)().eval()
    ours = ResNet(block, counts, channels=3).eval()
    ours.load_state_dict({k: v for k, v in theirs.state_dict().items() if not k.startswith("fc.")})
    images = torch.randn(1, 3, 64, 96)
    with torch.inference_mode():
        assert torch.allclose(theirs.fc(ours(images).mean(dim=(2, 3))), theirs(images), atol=1e-5)


def test_the_second_opinion_has_a_place_per_character_and_for_the_end() -> None:
    model: Any = build_model("captcha-net", num_classes=5, max_length=8).eval()
    for width in (96, 160, 320):
        images = torch.randn(2, 3, 48, width)
        with torch.inference_mode():
            first, second = model.both(images)
            assert torch.equal(first, model(images))
        assert first.shape == (2, width // 4, 6)
        assert second.shape == (2, 9, 6)


def test_a_step_may_take_two_columns() -> None:
    model = build_model("ppocr", num_classes=5, step=2).eval()
    with torch.inference_mode():
        assert model(torch.zeros(1, 3, 48, 160)).shape == (1, 20, 6)


def test_attention_is_pytorchs() -> None:
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 2, 4, 30, 15).unbind(0)
    expected = torch.nn.functional.scaled_dot_product_attention(query, key, value)
    assert torch.allclose(attend(query, key, value), expected, atol=1e-6)


def test_other_heights_are_averaged_to_the_rows_of_the_gru() -> None:
    model = build_model("crnn-resnet18", num_classes=5).eval()
    with torch.inference_mode():
        assert model(torch.zeros(1, 1, 96, 400)).shape == (1, 22, 6)
