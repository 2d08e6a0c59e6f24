from pathlib import Path
from unittest import mock

import pytest
import torch
from torch import nn

from captcha_core.alphabet import Alphabet
from captcha_core.errors import CaptchaLabError
from captcha_core.training.loop import AveragedModel, Trainer, TrainerSettings
from captcha_core.training.phases import Phase
from captcha_core.training.ranks import AcceleratedRanks, Ranks
from captcha_core.training.state import Progress
from captcha_core.training.targets import encode_labels
from captcha_core.training.validation import Held

AB = Alphabet("ab")


def test_the_average_follows_the_model_ever_more_slowly() -> None:
    model = nn.BatchNorm1d(1)
    ema = AveragedModel(model, decay=0.99)
    with torch.no_grad():
        model.weight.fill_(11.0)
    ema.update(model, steps=0)
    before = float(ema.module.state_dict()["weight"])
    assert before == pytest.approx(1 + 0.9 * 10), "at the start nine tenths are new"
    with torch.no_grad():
        model.weight.fill_(before + 1)
        model.state_dict()["running_mean"].fill_(4.0)
        model.state_dict()["num_batches_tracked"].fill_(7)
    ema.update(model, steps=10_000)
    after = ema.module.state_dict()
    assert float(after["weight"]) == pytest.approx(before + 0.01, abs=1e-4)
    assert float(after["running_mean"]) == pytest.approx(0.04), "statistics are averaged too"
    assert int(after["num_batches_tracked"]) == 7
    assert not any(p.requires_grad for p in ema.module.parameters()) and not ema.module.training


class Steps(nn.Module):
    """Scores of three classes at six time steps of eight numbers each, in two opinions."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(8, 3), nn.Linear(8, 3)

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.first(inputs), self.second(inputs[:, :3])


def trained(accumulate: int, folder: Path, ranks: Ranks | None = None) -> tuple[Steps, list[float]]:
    """Return the weights and losses of four steps over batches of seven pictures with texts of unequal length."""
    torch.manual_seed(1)
    model, pictures = Steps(), torch.randn(7, 6, 8)
    targets = encode_labels(["a", "ab", "b", "ba", "a", "ab", "b"], AB, 2, "ctc", 6)
    progress = Progress(fingerprint="", start={})
    trainer = Trainer(
        model,
        AveragedModel(model, 0.9),
        Held(lambda start, stop: pictures[start:stop], [], targets, AB, "ctc"),
        folder,
        progress,
        mock.Mock(),
        TrainerSettings(
            seed=0,
            check_every=1,
            weight_decay=0.0,
            label_smoothing=0.1,
            autocast=torch.autocast("cpu", enabled=False),
            accumulate=accumulate,
        ),
        mock.MagicMock(),
        ranks=ranks,
    )
    phase = Phase("full", 4, 7, 0.1, lambda step: iter([(pictures, targets)] * 4), model)
    with mock.patch.object(trainer, "_check", return_value=mock.Mock(exact_match=0.0, cer=0.0)) as check:
        trainer.run(phase, trainer.optimizer())
    return model, [call.args[2] for call in check.call_args_list]


@pytest.mark.parametrize("parts", [2, 3, 7])
def test_a_batch_in_parts_is_learned_from_as_a_whole(parts: int, tmp_path: Path) -> None:
    (whole, losses), (cut, others) = (trained(number, tmp_path) for number in (1, parts))
    assert losses[-1] < losses[0]
    assert others == pytest.approx(losses, abs=1e-5)
    for one, other in zip(whole.parameters(), cut.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_more_parts_than_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptchaLabError, match="--accumulate 8: a batch of 7 on 1 ranks"):
        trained(8, tmp_path)


class Asked(Ranks):
    """One process that notes what it asks the others."""

    def __init__(self) -> None:
        self.sums: list[int] = []

    def sum(self, value: int) -> float:
        self.sums.append(value)
        return value


@pytest.mark.parametrize("parts", [1, 3])
def test_other_ranks_are_asked_for_their_counts_once_per_step(parts: int, tmp_path: Path) -> None:
    ranks = Asked()
    trained(parts, tmp_path, ranks)
    assert ranks.sums == [7, 17] * 4 or ranks.sums == [17, 7] * 4, "texts, and their characters with the end of each"


def test_more_ranks_than_pictures_are_refused_as_that(tmp_path: Path) -> None:
    ranks = object.__new__(AcceleratedRanks)
    ranks.rank, ranks.count = 0, 8
    with pytest.raises(CaptchaLabError, match="^8 ranks cannot share a batch of 7; raise --batch-size"):
        trained(1, tmp_path, ranks)
    ranks.count = 4
    with pytest.raises(CaptchaLabError, match="--accumulate 2: a batch of 7 on 4 ranks"):
        trained(2, tmp_path, ranks)
