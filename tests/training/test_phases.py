from pathlib import Path

import torch

from captcha_core.training.phases import FeatureSource, Phase
from captcha_core.training.ranks import Ranks


def phase(steps: int) -> Phase:
    return Phase("full", steps, 4, 1e-3, lambda step: iter(()), lambda inputs: inputs)


def test_rate_warms_up_then_falls() -> None:
    rates = [phase(1000).rate(step) for step in range(1000)]
    assert max(rates) == rates[29] == 1e-3
    assert rates[:30] == sorted(rates[:30]) and rates[30:] == sorted(rates[30:], reverse=True)
    assert abs(rates[-1] - 1e-5) < 1e-6


def test_a_run_of_one_step_has_a_rate() -> None:
    assert phase(1).rate(0) > 0


def test_cached_features_are_the_backbones_and_go_when_done(tmp_path: Path) -> None:
    targets = torch.arange(10)[:, None]
    source = FeatureSource(tmp_path, targets, batch_size=4, seed=0, device=torch.device("cpu"), ranks=Ranks())
    pictures = torch.arange(10.0).view(10, 1, 1, 1).expand(10, 1, 2, 2)
    source.fill(lambda x: [x * 2, x[..., :1]], iter(pictures.split(4)))
    seen = []
    stream = source.batches(0)
    for _ in range(source.steps_per_epoch):
        (double, part), numbers = next(stream)
        assert double.shape == (4, 1, 2, 2) and part.shape == (4, 1, 2, 1)
        assert torch.equal(double[:, 0, 0, 0], numbers[:, 0] * 2.0)
        seen += numbers[:, 0].tolist()
    assert len(set(seen)) == 8
    later = next(source.batches(1))
    assert torch.equal(later[1][:, 0], torch.tensor(seen[4:]))
    source.remove()
    assert not list(tmp_path.iterdir())
