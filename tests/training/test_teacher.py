"""What is learned from a larger model, and from which one it can be."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from captcha_core.checkpoint import CheckpointMeta, save_checkpoint
from captcha_core.errors import CaptchaLabError
from captcha_core.models import build_model
from captcha_core.training.teacher import distillation_loss, load_teacher
from captcha_core.transforms import keep_aspect_spec

SPEC = keep_aspect_spec(48, 96, 320)
ARGS = {"num_classes": 3, "max_length": 4, "width": 8, "last": 16, "depth": 1}
CPU = torch.device("cpu")


@pytest.fixture
def checkpoint(tmp_path: Path) -> str:
    model = build_model("captcha-net", **ARGS)
    meta = CheckpointMeta("captcha-net", "captcha-net", ARGS, "abc", 4, SPEC)
    save_checkpoint(tmp_path / "large.safetensors", model.state_dict(), meta)
    return str(tmp_path / "large.safetensors")


def test_a_teacher_reads_without_gradients_and_without_dropout(checkpoint: str) -> None:
    teacher = load_teacher(checkpoint, "abc", SPEC, CPU)
    images = torch.randn(2, 3, 48, 96, requires_grad=True)
    logits = teacher(images)
    assert logits.shape == (2, 24, 4)
    assert not logits.requires_grad
    assert torch.equal(logits, teacher(images))


@pytest.mark.parametrize(("alphabet", "spec"), [("abd", SPEC), ("abc", keep_aspect_spec(64, 96, 320))])
def test_a_teacher_that_reads_otherwise_is_refused(checkpoint: str, alphabet: str, spec: dict[str, object]) -> None:
    with pytest.raises(CaptchaLabError, match=r"large\.safetensors has another alphabet or preprocessing"):
        load_teacher(checkpoint, alphabet, spec, CPU)


def test_the_loss_is_nothing_where_both_agree_and_pulls_towards_the_teacher() -> None:
    torch.manual_seed(0)
    known = torch.randn(2, 5, 4) * 3
    assert distillation_loss(known.clone(), known) == pytest.approx(0.0, abs=1e-6)
    assert distillation_loss(known + 7.0, known) == pytest.approx(0.0, abs=1e-6), "a shift of all logits is none"
    logits = torch.zeros_like(known, requires_grad=True)
    before = distillation_loss(logits, known)
    before.backward()
    assert logits.grad is not None
    assert before > 0.1 * known.shape[1]
    assert distillation_loss(logits - logits.grad, known) < before


def test_other_time_steps_are_refused() -> None:
    with pytest.raises(CaptchaLabError, match=r"\(6, 4\).*\(5, 4\)"):
        distillation_loss(torch.zeros(2, 5, 4), torch.zeros(2, 6, 4))
