"""Turn PP-OCRv6's small recogniser, as published, into a checkpoint to start training from.

    python tools/rivals.py data/rivals
    python tools/ppocr_start.py data/rivals/rapidocr-*/rapidocr/models/PP-OCRv6_rec_small.onnx data/ppocr.safetensors
    python train.py --recipe ppocr --init-from data/ppocr.safetensors ...

The file has its tensors in the order in which the network computes, which is the order of the modules in
``captcha_core/models/ppocr.py``. Of its 18,710 classes those of the 62 letters and digits and the blank are kept, and
the colours change places, since it was trained on blue, green, red. Before anything is written the two networks are run
side by side. PP-OCRv6 is PaddlePaddle's, under the Apache License 2.0.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from captcha_core.alphabet import Alphabet  # noqa: E402 - the package lies beside this folder
from captcha_core.checkpoint import save_checkpoint  # noqa: E402
from captcha_core.checkpoint_meta import CheckpointMeta  # noqa: E402
from captcha_core.cli import run  # noqa: E402
from captcha_core.errors import CaptchaLabError  # noqa: E402
from captcha_core.models import PPOCRRecognizer  # noqa: E402
from captcha_core.recipes import get_recipe  # noqa: E402

# Largest difference of a probability; they are sums of float32 in another order.
TOLERANCE = 1e-4
WIDTHS = (96, 160, 320)


def main(arguments: list[str]) -> int:
    """Write the checkpoint; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("onnx", type=Path, help="PP-OCRv6_rec_small.onnx, as the package rapidocr has it")
    parser.add_argument("checkpoint", type=Path, help="where to write the checkpoint")
    parsed = parser.parse_args(arguments)
    published = read_network(parsed.onnx)
    recipe = get_recipe("ppocr")
    alphabet = Alphabet.named(recipe.alphabet)
    classes = kept_classes(characters(published), alphabet.symbols)
    model = PPOCRRecognizer(len(alphabet.symbols), step=2)
    fill(model, tensors(published), classes)
    difference = largest_difference(model, parsed.onnx, classes)
    if difference > TOLERANCE:
        raise CaptchaLabError(f"{parsed.onnx} and what was made of it differ by {difference:.1e}; nothing is written.")
    meta = CheckpointMeta(
        recipe=recipe.name,
        arch=recipe.arch,
        arch_args={"num_classes": len(alphabet.symbols), "max_length": recipe.max_length},
        alphabet=alphabet.symbols,
        max_length=recipe.max_length,
        transform=recipe.transform(*recipe.size),
        training_data=[{"name": "PP-OCRv6_rec_small.onnx, as published by PaddlePaddle"}],
    )
    save_checkpoint(parsed.checkpoint, model.state_dict(), meta)
    print(f"{parsed.checkpoint}: the same probabilities as {parsed.onnx.name} to {difference:.1e}.")
    return 0


def read_network(path: Path) -> onnx.ModelProto:
    """Read the published network.

    Raises:
        CaptchaLabError: If it is not there or is another one.
    """
    try:
        network = onnx.load(str(path))
    except FileNotFoundError as error:
        raise CaptchaLabError(f"There is no {path}; tools/rivals.py installs the package that has it.") from error
    except Exception as error:  # noqa: BLE001 - onnx says with protobuf's own errors that a file is none
        raise CaptchaLabError(f"{path} is no ONNX file ({type(error).__name__}).") from error
    if not any(entry.key == "character" for entry in network.metadata_props):
        raise CaptchaLabError(f"{path} does not list its characters; give PP-OCRv6_rec_small.onnx.")
    return network


def characters(network: onnx.ModelProto) -> list[str]:
    """Return the characters of the classes; the blank is first."""
    listed = next(entry.value for entry in network.metadata_props if entry.key == "character")
    return ["", *listed.split("\n")]


def kept_classes(published: list[str], wanted: str) -> list[int]:
    """Return the numbers of the wanted characters' classes, and the blank's after them."""
    return [*(published.index(character) for character in wanted), 0]


def tensors(network: onnx.ModelProto) -> list[np.ndarray]:
    """Return weights and biases in the order of computation, each as torch has it."""
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in network.graph.initializer}
    found: list[np.ndarray] = []
    for node in network.graph.node:
        given = [stored[name] for name in node.input if name in stored and stored[name].ndim and stored[name].size > 1]
        given = [array for array in given if array.dtype == np.float32]
        if node.op_type == "MatMul":
            given = [array.T for array in given]
        # A convolution's bias is added by a node of its own, with a shape that broadcasts.
        found += [array.reshape(-1) if node.op_type in {"Add", "Mul"} else array for array in given]
    return found


def fill(model: PPOCRRecognizer, published: list[np.ndarray], classes: list[int]) -> None:
    """Load the published tensors into the network.

    Raises:
        CaptchaLabError: If there are more or fewer than it has, or one has another shape.
    """
    own = {name: value for name, value in model.state_dict().items() if value.is_floating_point()}
    if len(own) != len(published):
        raise CaptchaLabError(f"The file has {len(published)} tensors, this network {len(own)}; is it another one?")
    loaded = {}
    for (name, value), array in zip(own.items(), published, strict=True):
        new = torch.from_numpy(array.copy())
        if name.startswith("head.classifier."):
            new = new[classes]
        if name == "backbone.0.first.weight":
            new = new.flip(1)
        if new.shape != value.shape:
            raise CaptchaLabError(f"{name} has the shape {tuple(value.shape)}, the file's {tuple(new.shape)}.")
        loaded[name] = new
    model.load_state_dict(loaded, strict=False)


def largest_difference(model: PPOCRRecognizer, path: Path, classes: list[int]) -> float:
    """Return the largest difference of the probabilities of the kept classes, over pictures of noise."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    random = np.random.default_rng(0)
    largest = 0.0
    for width in WIDTHS:
        pictures = random.uniform(-1, 1, (2, 3, 48, width)).astype(np.float32)
        (expected,) = session.run(None, {session.get_inputs()[0].name: pictures[:, ::-1].copy()})
        expected = expected[:, :, classes]
        with torch.inference_mode():
            found = model.eval()(torch.from_numpy(pictures)).softmax(dim=2).numpy()
        expected = expected / expected.sum(axis=2, keepdims=True)
        largest = max(largest, float(np.abs(found - expected).max()))
    return largest


if __name__ == "__main__":
    run(main)
