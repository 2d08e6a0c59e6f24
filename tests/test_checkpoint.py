import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from captcha_core import checkpoint
from captcha_core.checkpoint import (
    CheckpointMeta,
    fingerprint,
    latest_checkpoint,
    load_checkpoint,
    read_meta,
    save_checkpoint,
)
from captcha_core.checkpoint_meta import parse_meta
from captcha_core.constraint import Constraint
from captcha_core.errors import CheckpointError
from captcha_core.transforms import square_pad_spec

META = CheckpointMeta(
    recipe="r", arch="a", arch_args={"n": 3}, alphabet="ba9", max_length=5, transform=square_pad_spec(64), epoch=3
)
# One more than an alphabet may have.
MANY = "".join(islice((c for c in map(chr, range(0x21, 0x30000)) if c.isprintable() and not c.isspace()), 30_001))
TENSORS = {
    "weight": torch.randn(4, 3, generator=torch.Generator().manual_seed(0)),
    "variance": torch.tensor([1e-9, 3.0]),
    "steps": torch.tensor(7),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "m.safetensors", TENSORS, META)
    return tmp_path / "m.safetensors"


def test_what_is_saved_is_loaded(path: Path) -> None:
    tensors, meta = load_checkpoint(path)
    assert meta == META == read_meta(path)
    assert tensors["weight"].dtype == torch.float32
    torch.testing.assert_close(tensors["weight"], TENSORS["weight"], rtol=1e-3, atol=1e-3)
    assert torch.equal(tensors["variance"], TENSORS["variance"]), "statistics keep their full precision"
    assert torch.equal(tensors["steps"], TENSORS["steps"]) and not tensors["steps"].is_floating_point()


def test_weights_are_stored_in_half_the_space(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "m.safetensors", {"w": torch.zeros(500, 1000)}, META)
    assert (tmp_path / "m.safetensors").stat().st_size < 1_010_000


@pytest.mark.parametrize("keep", [0, 4, 100, -20])
def test_a_cut_file_is_refused(path: Path, keep: int) -> None:
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=r"m\.safetensors"):
        load_checkpoint(path)


@pytest.mark.parametrize("read", [load_checkpoint, read_meta])
def test_what_is_wrong_with_a_damaged_file_is_said(path: Path, read: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    # As if the file were damaged between the two times that it is opened.
    monkeypatch.setattr(checkpoint, "read_meta", lambda path: META)
    path.write_bytes(b"\xff" * 20)
    with pytest.raises(CheckpointError) as caught:
        read(path)
    said = r" is not a whole safetensors file \(.*deserializing.*\)\. Take a fresh copy or train again\."
    assert re.fullmatch(re.escape(str(path)) + said, str(caught.value))


def described(**changes: Any) -> str:
    return json.dumps({**META.__dict__, **changes})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" " * (1 + (1 << 20)), "it has 1,048,577 characters"),
        (described(alphabet=MANY), "an alphabet of 30,001 characters"),
        (described(max_length=0), "max_length=0 is outside 1..1000"),
        (described(max_length=1001), "max_length=1001 is outside 1..1000"),
        (described(recipe=5), "recipe=5 is of the wrong type"),
        (described(epoch=True), "epoch=True is of the wrong type"),
        (described(training_data=[{}, 7]), "training_data=[{}, 7] is of the wrong type"),
        (described(metrics={"cer": "low"}), "metrics={'cer': 'low'} are not numbers"),
    ],
)
def test_what_is_damaged_in_a_description_is_said(text: str, said: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        parse_meta("m.safetensors", text)
    assert str(caught.value) == f"The description inside m.safetensors is damaged ({said}). Take a fresh copy."


def test_a_description_at_the_bounds_is_read() -> None:
    assert parse_meta("m", described().ljust(1 << 20)) == META
    assert parse_meta("m", described(alphabet=MANY[1:])).alphabet == MANY[1:]
    assert [parse_meta("m", described(max_length=n)).max_length for n in (1, 1000)] == [1, 1000]


def test_what_is_expected_of_the_texts_is_told_and_must_be_possible() -> None:
    assert parse_meta("m", described()).constraint() is None
    assert parse_meta("m", described(expected={"allowed": "9a"})).constraint() == Constraint("9a")
    with pytest.raises(CheckpointError, match="alphabet 'ba9' has not all .* 'x' are missing"):
        parse_meta("m", described(expected={"allowed": "ax"}))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no checkpoint at .*none\.safetensors"):
        load_checkpoint(tmp_path / "none.safetensors")


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    torch.save({"w": torch.zeros(1)}, tmp_path / "m.safetensors")
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        load_checkpoint(tmp_path / "m.safetensors")


def test_weights_of_others_are_refused(tmp_path: Path) -> None:
    save_file({"w": torch.zeros(1)}, tmp_path / "m.safetensors")
    with pytest.raises(CheckpointError, match="no Captcha Lab description"):
        read_meta(tmp_path / "m.safetensors")


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("{", "damaged"),
        ("[]", "damaged"),
        (json.dumps({"format_version": 99}), "version 99"),
        (json.dumps({"format_version": 1, "recipe": "r"}), "damaged"),
        (json.dumps({**META.__dict__, "alphabet": "aa"}), "repeats 'a'"),
    ],
)
def test_a_damaged_description_is_refused(tmp_path: Path, header: str, named: str) -> None:
    save_file({"w": torch.zeros(1)}, tmp_path / "m.safetensors", metadata={"captcha_lab": header})
    with pytest.raises(CheckpointError, match=rf"m\.safetensors.*{named}"):
        read_meta(tmp_path / "m.safetensors")


def test_latest_goes_by_the_recorded_number_not_by_name_or_date(tmp_path: Path) -> None:
    for name, epoch in (("epoch_9", 9), ("epoch_10", 10), ("z", 2)):
        save_checkpoint(tmp_path / f"{name}.safetensors", TENSORS, replace(META, epoch=epoch))
    os.utime(tmp_path / "epoch_10.safetensors", (1, 1))
    for name in ("0", "zz"):
        (tmp_path / f"{name}.safetensors").write_bytes(b"not a checkpoint")
    assert latest_checkpoint(tmp_path).name == "epoch_10.safetensors"


def test_no_checkpoint_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"python train\.py"):
        latest_checkpoint(tmp_path)


def test_saving_over_a_checkpoint_leaves_no_other_file(path: Path) -> None:
    save_checkpoint(path, TENSORS, replace(META, epoch=4))
    assert read_meta(path).epoch == 4
    assert list(path.parent.iterdir()) == [path]


def test_fingerprint_changes_with_the_content_only(path: Path, tmp_path: Path) -> None:
    shutil.copy(path, tmp_path / "copy.safetensors")
    assert fingerprint(path) == fingerprint(tmp_path / "copy.safetensors")
    assert len(fingerprint(path)) == 12
    save_checkpoint(path, TENSORS, replace(META, epoch=5))
    assert fingerprint(path) != fingerprint(tmp_path / "copy.safetensors")
