from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from captcha_core.backends import open_model
from captcha_core.errors import CaptchaLabError, CheckpointError
from captcha_core.onnx_backend import INSTALL, OnnxModel
from captcha_core.recognizer import DEFAULT_MODELS
from tests.helpers import assert_plain, save_tiny_net

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_net(tmp_path_factory.mktemp("net")).with_suffix(".onnx")


def refused(path: Path, *named: str) -> None:
    """Check that a file is refused in one plain sentence that names it."""
    with pytest.raises(CheckpointError) as caught:
        OnnxModel(path)(np.zeros((2, 3, 32, 64), np.float32))
    assert_plain(str(caught.value), path.name, *named)
    assert "\n" not in str(caught.value) and "ONNXRuntimeError" not in str(caught.value)


def network_of(input_name: str = "images", output_name: str = "logits", rank: int = 4) -> onnx.ModelProto:
    """Return a network that gives back what it is given."""
    sizes = [None] * rank
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes) for name in (input_name, output_name)]
    node = helper.make_node("Identity", [input_name], [output_name])
    graph = helper.make_graph([node], "identity", ends[:1], ends[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def described(path: Path, **changes: str | None) -> dict[str, str]:
    """Return the metadata of an exported file with other values under ``captcha_lab`` and what follows it."""
    header = {p.key: p.value for p in onnx.load(path).metadata_props}
    changed = header | {"captcha_lab" + key: value for key, value in changes.items()}
    return {key: value for key, value in changed.items() if value is not None}


def save(network: onnx.ModelProto, path: Path, header: dict[str, str]) -> Path:
    helper.set_model_props(network, header)
    onnx.save(network, path)
    return path


@pytest.mark.parametrize("kind", ["cut", "half", "text", "empty", "letters"])
def test_a_damaged_file_is_refused(path: Path, tmp_path: Path, kind: str, capfd) -> None:
    whole = path.read_bytes()
    content = {"cut": whole[:-200], "half": whole[: len(whole) // 2], "text": b"hello " * 50, "empty": b""}
    content["letters"] = whole.replace(b"positions\n", b"position\xff\n").replace(b"\x03ctc", b"\x03ct\xff")
    (tmp_path / "bad.onnx").write_bytes(content[kind])
    refused(tmp_path / "bad.onnx", "not a whole ONNX file", "export.py")
    assert capfd.readouterr() == ("", ""), "the library's own words"


def test_a_file_with_a_changed_byte_is_refused_or_read(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(whole), 20):
        changed = bytearray(whole)
        changed[place] ^= 1 << int(rng.integers(8))
        (tmp_path / "bad.onnx").write_bytes(changed)
        try:
            OnnxModel(tmp_path / "bad.onnx")(np.zeros((2, 3, 32, 64), np.float32))
        except CheckpointError as error:
            assert_plain(str(error), "bad.onnx")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "gone.onnx", "export.py")
    (tmp_path / "folder.onnx").mkdir()
    refused(tmp_path / "folder.onnx", "export.py")


def test_a_network_of_others_is_refused(path: Path, tmp_path: Path) -> None:
    refused(save(network_of(), tmp_path / "foreign.onnx", {}), "no Captcha Lab description", "export.py")
    for network in (network_of("input"), network_of(output_name="scores"), network_of(rank=2), network_of()):
        # The last is right but for the rank of its output.
        refused(save(network, tmp_path / "odd.onnx", described(path, _second_scheme=None)), "not a network that reads")


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ({"": "{"}, "damaged"),
        ({"": '{"format_version": 99}'}, "version 99"),
        ({"_scheme": "telepathy"}, "telepathy"),
        ({"_scheme": None}, "scheme"),
        ({"_second_scheme": "telepathy"}, "telepathy"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(path: Path, tmp_path: Path, header, named) -> None:
    refused(save(onnx.load(path), tmp_path / "odd.onnx", described(path, **header)), named)


def test_a_second_opinion_that_is_promised_must_be_there(path: Path, tmp_path: Path) -> None:
    network = onnx.load(path)
    del network.graph.output[1]
    refused(save(network, tmp_path / "odd.onnx", described(path)), "not a network that reads")
    assert OnnxModel(save(network, tmp_path / "m.onnx", described(path, _second_scheme=None))).second_scheme is None


@pytest.mark.parametrize("shape", [(2, 1, 32, 64), (2, 3, 16, 64)])
def test_a_picture_of_a_size_that_the_network_cannot_take_is_one_error(path: Path, shape, capfd) -> None:
    with pytest.raises(CheckpointError) as caught:
        OnnxModel(path)(np.zeros(shape, np.float32))
    assert_plain(str(caught.value), path.name, str(shape[1:]), "export.py")
    assert capfd.readouterr() == ("", "")


def test_threads_may_share_one_and_may_be_few(path: Path) -> None:
    model = OnnxModel(path, threads=1)
    images = np.random.default_rng(0).standard_normal((8, 3, 32, 64)).astype(np.float32)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda image: model(image[None])[0], images))
    np.testing.assert_allclose(np.stack(together), model(images), atol=1e-4)
    assert model._session.get_session_options().intra_op_num_threads == 1


def test_without_onnxruntime_it_says_what_to_install(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(CaptchaLabError) as caught:
        OnnxModel(path)
    assert_plain(str(caught.value), path.name, INSTALL)
    pin = re.findall(r"onnxruntime==[\d.]+", INSTALL)[0]
    assert f"\n{pin}  #" in (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(DEFAULT_MODELS.glob("*.onnx")), ids=lambda path: path.name)
def test_a_shipped_file_is_of_the_checkpoint_beside_it(path: Path) -> None:
    assert open_model(path.with_suffix(".safetensors"), "onnx").path == path
