import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from captcha_core.errors import CaptchaLabError
from captcha_core.training.state import Progress, load_progress, load_state, save_state


def parts(seed: int) -> tuple[nn.Linear, nn.Linear, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    model, ema = nn.Linear(3, 2), nn.Linear(3, 2)
    return model, ema, torch.optim.AdamW(model.parameters(), 0.1)


def step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    optimizer.zero_grad()


def test_everything_comes_back_and_goes_on_the_same(tmp_path: Path) -> None:
    model, ema, optimizer = parts(0)
    step(model, optimizer)
    progress = Progress(1, 5, (0.5, -1.0), [{"phase": "full", "step": 5}])
    save_state(tmp_path / "s", progress, model, ema, optimizer)
    other, other_ema, other_optimizer = parts(1)
    load_state(tmp_path / "s", other, other_ema, other_optimizer)
    assert load_progress(tmp_path / "s") == progress
    assert torch.equal(ema.weight, other_ema.weight)
    step(model, optimizer)
    step(other, other_optimizer)
    assert torch.equal(model.weight, other.weight)


def test_moments_lie_in_memory_as_their_parameters_do(tmp_path: Path) -> None:
    """Fused AdamW takes both in storage order; a picture's first convolution shows the difference."""

    def convolution(seed: int) -> tuple[nn.Conv2d, torch.optim.Optimizer]:
        torch.manual_seed(seed)
        layer = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
        return layer, torch.optim.AdamW(layer.parameters(), 0.1, fused=True)

    def train(layer: nn.Conv2d, optimizer: torch.optim.Optimizer, seed: int) -> None:
        pictures = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
        layer(pictures).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()

    layer, optimizer = convolution(0)
    train(layer, optimizer, 1)
    save_state(tmp_path / "s", Progress(), layer, copy.deepcopy(layer), optimizer)
    other, other_optimizer = convolution(5)
    load_state(tmp_path / "s", other, copy.deepcopy(other), other_optimizer)
    train(layer, optimizer, 2)
    train(other, other_optimizer, 2)
    assert torch.equal(layer.weight, other.weight)


def test_a_damaged_state_is_refused(tmp_path: Path) -> None:
    model, ema, optimizer = parts(0)
    save_state(tmp_path / "s", Progress(), model, ema, optimizer)
    (tmp_path / "s").write_bytes((tmp_path / "s").read_bytes()[:-30])
    with pytest.raises(CaptchaLabError, match="--init-from"):
        load_progress(tmp_path / "s")


def test_the_state_of_another_model_is_refused(tmp_path: Path) -> None:
    model, ema, optimizer = parts(0)
    save_state(tmp_path / "s", Progress(), model, ema, optimizer)
    other = nn.Linear(4, 2)
    with pytest.raises(CaptchaLabError, match="cannot be resumed"):
        load_state(tmp_path / "s", other, nn.Linear(4, 2), torch.optim.AdamW(other.parameters()))
