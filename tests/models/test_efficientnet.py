import math

import pytest
import torch
from efficientnet_pytorch import EfficientNet
from torch import nn

from captcha_core.models import CNNModel, set_requires_grad
from captcha_core.models.efficientnet import build_backbone, positions


@pytest.fixture(scope="module")
def model() -> CNNModel:
    torch.manual_seed(0)
    return CNNModel(num_classes=10, max_length=4, hidden=16, heads=2).eval()


@pytest.mark.parametrize("size", [(64, 64), (96, 96), (32, 160)])
def test_a_class_per_time_step_whatever_the_size(model: CNNModel, size: tuple[int, int]) -> None:
    with torch.inference_mode():
        assert model(torch.zeros(2, 3, *size)).shape == (2, 4 + 1, 10 + 1)


def test_default_is_36_classes() -> None:
    with torch.device("meta"):
        assert CNNModel().head.classifier.out_features == 37


def test_backbone_computes_what_the_package_computes() -> None:
    torch.manual_seed(1)
    package, ours = EfficientNet.from_name("efficientnet-b0").eval(), build_backbone().eval()
    weights = {k: v for k, v in package.state_dict().items() if not k.startswith("_fc.")}
    for name, tensor in weights.items():
        if name.endswith("running_mean"):
            tensor.normal_(std=0.1)
    ours.load_state_dict(weights)
    pictures = torch.randn(1, 3, 96, 96)
    with torch.inference_mode():
        expected, got = package.extract_features(pictures), ours.extract_features(pictures)
    assert expected.std() > 1e-6
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-6 * float(expected.abs().max() + 1))


def test_where_a_character_stands_reaches_the_head(model: CNNModel) -> None:
    left, right = torch.zeros(1, 3, 64, 64), torch.zeros(1, 3, 64, 64)
    left[..., 16:48, 8:24] = right[..., 16:48, 40:56] = 3.0
    with torch.inference_mode():
        assert not torch.allclose(model(left), model(right), atol=1e-6)


def test_positions_differ_from_cell_to_cell_and_scale_with_the_picture() -> None:
    code = positions(3, 5, 32)
    assert code.shape == (15, 32)
    assert torch.pdist(code).min() > 0.1
    # The middle cell of three and of nine is the same place, and padding above and below moves no cell.
    assert torch.allclose(positions(3, 3, 32)[4], positions(9, 9, 32)[40])
    assert torch.allclose(positions(2, 8, 32), positions(8, 8, 32)[24:40])
    assert math.isclose(float(code.abs().max()), 1.0, abs_tol=0.1)


def test_freezing_stops_gradients_and_freeing_brings_them_back(model: CNNModel) -> None:
    set_requires_grad(model.backbone, False)
    model(torch.zeros(1, 3, 32, 32)).sum().backward()
    assert all(p.grad is None for p in model.backbone.parameters())
    assert all(p.grad is not None for p in model.head.parameters())
    set_requires_grad(model.backbone, True)
    model(torch.zeros(1, 3, 32, 32)).sum().backward()
    assert all(p.grad is not None for p in model.backbone.parameters())


def test_set_requires_grad_takes_any_module() -> None:
    layer = nn.Linear(2, 2)
    set_requires_grad(layer, False)
    assert not any(p.requires_grad for p in layer.parameters())
