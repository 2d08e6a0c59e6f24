"""Checkpoints made to break what opens them: each is refused by name and reason, before it takes memory."""

from __future__ import annotations

import json
import pickle
import random
import resource
import struct
import sys
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from safetensors.torch import load_file, save_file

from captcha_core.checkpoint import load_checkpoint
from captcha_core.errors import CheckpointError
from captcha_core.onnx_backend import OnnxModel
from captcha_core.recognizer import DEFAULT_MODELS, Recognizer
from captcha_core.torch_backend import TorchModel
from tests.helpers import assert_plain, draw_picture, save_tiny_checkpoint, save_tiny_net, tiny_meta, tiny_net

ARGS: dict[str, Any] = tiny_net()["arch_args"]
STEPS: dict[str, Any] = tiny_net()["transform"]
PRINTABLE = (c for c in map(chr, range(0x21, 0x30000)) if c.isprintable() and not c.isspace())
MANY = "".join(islice(PRINTABLE, 100_000))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_checkpoint(tmp_path_factory.mktemp("whole") / "tiny.safetensors", **tiny_net())


def refused(path: Path, *named: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        Recognizer(path)
    assert_plain(str(caught.value), path.name, *named)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


def rewritten(whole: Path, folder: Path, header: str | None = None, **changes: Any) -> Path:
    """Write the checkpoint again with another description, or with other fields in it."""
    values = asdict(tiny_meta(**tiny_net())) | changes
    path = folder / "bad.safetensors"
    save_file(load_file(whole), path, metadata={"captcha_lab": json.dumps(values) if header is None else header})
    return path


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"arch": "no-such-net"}, "'no-such-net' is unknown"),
        ({"arch": "x" * 100_000}, "is unknown"),
        ({"arch": ["crnn"]}, "arch=['crnn'] is of the wrong type"),
        ({"alphabet": MANY}, "100,000 characters"),
        ({"alphabet": ["a", "b"]}, "alphabet="),
        ({"alphabet": "ab" * 9000}, "repeats 'ab'"),
        ({"arch_args": [1]}, "arch_args="),
        ({"arch_args": ARGS | {"num_classes": 40_000}}, "do not fit the architecture"),
        ({"arch_args": ARGS | {"width": 800}}, "more weights than its"),
        ({"arch_args": ARGS | {"depth": 10**9}}, "more weights than its"),
        ({"arch_args": ARGS | {"width": 10**9}}, "do not fit the architecture"),
        ({"arch_args": ARGS | {"width": -1}}, "do not fit the architecture"),
        ({"arch_args": ARGS | {"width": "x" * 9999}}, "cannot be built"),
        ({"arch_args": ARGS | {"__class__": 1}}, "cannot be built"),
        ({"arch_args": ARGS | {"dropout": 1e9}}, "cannot be built"),
        ({"transform": {"name": "exec"}}, "'exec' is unknown"),
        ({"transform": {"name": ["exec"]}}, "damaged"),
        ({"transform": STEPS | {"x" * 9999: 1}}, "unknown to this version"),
        ({"transform": STEPS | {"height": 10**9}}, "no whole number"),
        ({"transform": STEPS | {"most_width": "9" * 9999}}, "no whole number"),
        ({"transform": STEPS | {"multiple": 0}}, "no whole number"),
        ({"transform": STEPS | {"std": [1e-320] * 3}}, "no number above"),
        ({"transform": STEPS | {"mean": [float("nan")] * 3}}, "no number above"),
        ({"temperature": "1"}, "temperature='1'"),
        ({"temperature": float("nan")}, "temperature"),
        ({"max_length": 10**12}, "max_length=1000000000000"),
        ({"epoch": "last"}, "epoch='last'"),
        ({"metrics": {"val_exact_match": "<b>"}}, "metrics="),
        ({"training_data": ["x"]}, "training_data="),
        ({"format_version": "1"}, "format_version='1'"),
        ({"format_version": 2}, "version 2"),
    ],
)
def test_a_description_that_cannot_be_is_refused(whole: Path, tmp_path: Path, changes: dict, named: str) -> None:
    refused(rewritten(whole, tmp_path, **changes), named)


@pytest.mark.parametrize("header", ["[" * 100_000, "1" * 5000, " " * 2_000_000, '{"format_version": {}}', "\ud7ff", ""])
def test_a_header_that_is_no_description_is_refused(whole: Path, tmp_path: Path, header: str) -> None:
    refused(rewritten(whole, tmp_path, header), "is damaged")


def test_a_network_is_refused_before_its_memory_is_taken(whole: Path, tmp_path: Path) -> None:
    path = rewritten(whole, tmp_path, arch_args=ARGS | {"last": 200_000})  # 360 GB.
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(path, "bad.safetensors")
    unit = 1 if sys.platform == "darwin" else 1024
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit < 50_000_000


def test_other_networks_are_built_as_large_as_they_like_afterwards(whole: Path, tmp_path: Path) -> None:
    refused(rewritten(whole, tmp_path, arch_args=ARGS | {"width": 800}))
    assert torch.nn.Linear(1000, 1000).weight.numel() == 1_000_000
    assert TorchModel(whole).meta.arch == "captcha-net"


@pytest.mark.parametrize(
    ("name", "length", "header"),
    [
        ("longer than the file", 1 << 62, b"{}"),
        ("all ones", (1 << 64) - 1, b"{}"),
        ("no object", 2, b"[]"),
        ("nesting", 90_000, b"[" * 90_000),
        ("offsets", None, b'{"w":{"dtype":"F32","shape":[9],"data_offsets":[0,99999999999]}}'),
        ("backwards", None, b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}'),
        ("overflow", None, b'{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}'),
        ("negative", None, b'{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}'),
        ("type", None, b'{"w":{"dtype":"OBJ","shape":[1],"data_offsets":[0,4]}}'),
        ("metadata", None, b'{"__metadata__":{"captcha_lab":7}}'),
        ("same twice", None, b'{"__metadata__":{},"__metadata__":{"captcha_lab":"{}"}}'),
    ],
)
def test_a_header_of_safetensors_that_lies_is_refused(
    tmp_path: Path, name: str, length: int | None, header: bytes
) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(struct.pack("<Q", len(header) if length is None else length) + header + bytes(8))
    refused(path)


def test_bits_changed_in_the_header_are_refused_or_read(whole: Path, tmp_path: Path) -> None:
    data, rng = whole.read_bytes(), random.Random(5)
    end = 8 + struct.unpack("<Q", data[:8])[0]
    path = tmp_path / "bad.safetensors"
    for _ in range(300):
        changed = bytearray(data)
        for _ in range(rng.randint(1, 3)):
            changed[rng.randrange(end)] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        try:
            TorchModel(path)
        except CheckpointError as error:
            assert_plain(str(error), "bad.safetensors")


@pytest.mark.parametrize("path", sorted(DEFAULT_MODELS.glob("*.safetensors")), ids=lambda path: path.stem)
def test_a_shipped_network_has_the_weights_that_it_asks_for(path: Path) -> None:
    assert TorchModel(path).path == path


@pytest.mark.parametrize("change", ["missing", "more", "flat", "not a number"])
def test_weights_that_do_not_fit_are_refused(whole: Path, tmp_path: Path, change: str) -> None:
    tensors, meta = load_checkpoint(whole)
    changed = {
        "missing": dict(list(tensors.items())[1:]),
        "more": tensors | {"x" * 1000: torch.zeros(3)},
        "flat": {name: tensor.flatten() for name, tensor in tensors.items()},
        "not a number": {name: tensor * float("nan") for name, tensor in tensors.items()},
    }[change]
    path = tmp_path / "bad.safetensors"
    save_file(changed, path, metadata={"captcha_lab": json.dumps(asdict(meta))})
    if change == "not a number":
        with pytest.raises(CheckpointError, match="NaN or infinity"):
            Recognizer(path).read(draw_picture("a"))
    else:
        refused(path, "do not fit the architecture")


class Shout:
    """What would tell that a pickle was opened."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("a pickle was opened",)


@pytest.mark.parametrize("name", ["bad.safetensors", "bad.onnx", "bad.pt"])
def test_a_pickle_is_opened_under_no_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(pickle.dumps(Shout()))
    refused(path)
    torch.save({"w": Shout()}, path)
    refused(path)


@pytest.mark.parametrize("place", ["weights.bin", "../weights.bin", "/etc/passwd", "*/_ORT_MEM_ADDR_/*"])
def test_an_onnx_file_that_takes_weights_from_elsewhere_is_refused(tmp_path: Path, place: str) -> None:
    network = onnx.load(save_tiny_net(tmp_path).with_suffix(".onnx"))
    (tmp_path / "weights.bin").write_bytes(bytes(16))
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", place), ("offset", "0"), ("length", "16")):
        entry = weights.external_data.add()
        entry.key, entry.value = key, value
    network.graph.initializer.append(weights)
    (tmp_path / "bad.onnx").write_bytes(network.SerializeToString())
    refused(tmp_path / "bad.onnx", "names another file for its weights")


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("captcha_lab", "[" * 100_000, "is damaged"),
        ("captcha_lab", json.dumps(asdict(tiny_meta(**tiny_net(), alphabet=MANY))), "100,000 characters"),
        ("captcha_lab_scheme", "__import__", "unknown to this version"),
        ("captcha_lab_second_scheme", "", "unknown to this version"),
    ],
)
def test_an_onnx_file_whose_description_cannot_be_is_refused(tmp_path: Path, key: str, value: str, named: str) -> None:
    network = onnx.load(save_tiny_net(tmp_path).with_suffix(".onnx"))
    header = {entry.key: entry.value for entry in network.metadata_props} | {key: value}
    helper.set_model_props(network, header)
    (tmp_path / "bad.onnx").write_bytes(network.SerializeToString())
    refused(tmp_path / "bad.onnx", named)


def test_an_onnx_file_of_a_whole_network_is_still_read(tmp_path: Path) -> None:
    path = save_tiny_net(tmp_path).with_suffix(".onnx")
    assert OnnxModel(path)(np.zeros((1, 3, 32, 64), np.float32)).shape[0] == 1
