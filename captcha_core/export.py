"""A checkpoint as one ONNX file, which reads without torch; every file is compared with torch before it gets its name.

The network is traced by ``torch.export`` and translated by torch's own exporter. What the checkpoint says about itself
travels in the file's metadata. The batch may be of any size; so may those sides of a picture that the checkpoint's
preprocessing leaves free.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from captcha_core.alphabet import Alphabet
from captcha_core.checkpoint_meta import HEADER_KEY, fingerprint
from captcha_core.decoding import decode
from captcha_core.errors import CaptchaLabError
from captcha_core.files import atomic_path
from captcha_core.imaging import load_image
from captcha_core.onnx_backend import IMAGES, LOGITS, SCHEME_KEY, SECOND, SECOND_SCHEME_KEY, SOURCE_KEY, OnnxModel
from captcha_core.onnx_halves import store_halves
from captcha_core.prediction import percent
from captcha_core.quantise import PLANS, quantise
from captcha_core.torch_backend import TorchModel
from captcha_core.transforms import Preprocess, build_transform

logger = logging.getLogger(__name__)

Inputs = Sequence[NDArray[np.float32]]
"""Normalised pictures (C, H, W), whose sizes may differ."""

TOLERANCE = 1e-3
"""Largest difference between a logit and torch's; rounding makes a hundredth of it."""

AGREEMENT = 0.98
"""Least share of pictures that an 8-bit network must read as torch reads them."""

FEWEST_PICTURES = 100
"""Fewer cannot tell a share of 98% from one of 95%."""

# Height and width of pictures of which any preprocessing makes every shape that it can make.
_PICTURES = ((60, 160), (64, 64), (40, 1200), (1200, 40), (50, 250))


def export_onnx(checkpoint: str | Path, output: str | Path) -> float:
    """Write a checkpoint as ONNX, in float32.

    Args:
        checkpoint: The safetensors file.
        output: Where to write; what was there stays until the new file has been compared.

    Returns:
        The largest difference between a logit and torch's.

    Raises:
        CaptchaLabError: If that is above ``TOLERANCE``, or the file cannot be written.
        CheckpointError: If the checkpoint cannot be used.
    """
    model = TorchModel(checkpoint)
    inputs = _noise(build_transform(model.meta.transform))
    network = _translated(model, inputs)
    store_halves(network)
    with atomic_path(output) as temporary:
        temporary.write_bytes(network.SerializeToString())
        difference = _difference(model, OnnxModel(temporary), inputs)
        # Not the other way round, since NaN is larger than nothing.
        if not difference <= TOLERANCE:
            raise CaptchaLabError(
                f"{output} is not written: its logits would be up to {difference:.2g} off torch's, more than "
                f"{TOLERANCE:g}. {checkpoint} may be damaged; train it again or report this."
            )
    return difference


def export_int8(checkpoint: str | Path, output: str | Path, pictures: Sequence[bytes]) -> float:
    """Write a checkpoint as ONNX in 8-bit whole numbers: the first of ``PLANS`` that reads as torch does.

    Args:
        checkpoint: The safetensors file.
        output: Where to write; what was there stays until the new file has been compared.
        pictures: Encoded pictures like those that will be read; the ranges of the activations are seen in them, and
            the readings compared on them.

    Returns:
        The share of the pictures that are read as torch reads them.

    Raises:
        CaptchaLabError: If that is below ``AGREEMENT``, there are too few pictures, or the file cannot be written.
        CheckpointError: If the checkpoint cannot be used.
        ImageError: If a picture cannot be read.
    """
    if len(pictures) < FEWEST_PICTURES:
        raise CaptchaLabError(f"There are only {len(pictures)} pictures to calibrate with; give {FEWEST_PICTURES}.")
    model = TorchModel(checkpoint)
    transform = build_transform(model.meta.transform)
    inputs = [transform.array(load_image(picture)) for picture in pictures]
    expected = _texts(model, inputs)
    network = _translated(model, _noise(transform))
    shares = []
    for plan in PLANS:
        with TemporaryDirectory() as folder:
            written = Path(folder, Path(output).name)
            with _quiet():
                quantise(network, written, plan, inputs)
            written.write_bytes(_described(onnx.load(written), model).SerializeToString())
            read = _texts(OnnxModel(written), inputs)
            shares.append(sum(map(str.__eq__, read, expected)) / len(expected))
            logger.info("8 bits in %s: %s of the pictures read as with torch", plan.name, percent(shares[-1], 1))
            if shares[-1] >= AGREEMENT:
                with atomic_path(output) as temporary:
                    temporary.write_bytes(written.read_bytes())
                return shares[-1]
    raise CaptchaLabError(
        f"{output} is not written: in 8 bits only {percent(max(shares), 1)} of the {len(expected)} pictures read as "
        f"with torch, fewer than {percent(AGREEMENT)}. Calibrate with pictures like those that the model learned from, "
        "or export without --int8."
    )


def _noise(transform: Preprocess) -> Inputs:
    """Return pictures of noise, prepared as the model is given them, in every shape that there can be."""
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in _PICTURES]
    return [transform.array(Image.fromarray(picture)) for picture in noise]


class _Both(nn.Module):
    """A network whose answer is its logits and those of its second opinion."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._network: Any = network

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self._network.both(images)


def _translated(model: TorchModel, inputs: Inputs) -> onnx.ModelProto:
    """Return the model as ONNX; the sides in which the inputs differ are free."""
    both = model.second_scheme is not None
    sides = {0: "batch"}
    for axis, name in ((1, "height"), (2, "width")):
        if len({array.shape[axis] for array in inputs}) > 1:
            sides[axis + 1] = name
    # Sizes of 0 and 1 are taken for fixed ones, also in the middle of a network: so the largest, twice.
    example = torch.from_numpy(np.stack([max(inputs, key=lambda array: array.size)] * 2))
    network = _Both(model.module).eval() if both else model.module
    free = dict.fromkeys(sides, torch.export.Dim.DYNAMIC)
    with _plain_attention(), _quiet():
        program = torch.export.export(network, (example,), dynamic_shapes=(free,), strict=False)
        translated = torch.onnx.export(
            program,
            input_names=[IMAGES],
            output_names=[LOGITS, SECOND] if both else [LOGITS],
            dynamic_shapes=(sides,),
            verbose=False,
        )
    assert translated is not None
    return _described(translated.model_proto, model)


@contextmanager
def _plain_attention() -> Iterator[None]:
    """Keep attention in the parts that ONNX has, where torch would take one kernel for a whole layer."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what the libraries have to say of every node, and of what will change in their next releases."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.setLevel(level)


def _described(network: onnx.ModelProto, model: TorchModel) -> onnx.ModelProto:
    """Return the network with the checkpoint's description in place of the exporter's notes, which name local files."""
    graph = network.graph
    for part in chain((graph,), graph.node, graph.input, graph.output, graph.value_info, graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    header = {
        HEADER_KEY: json.dumps(asdict(model.meta)),
        SCHEME_KEY: model.scheme,
        SOURCE_KEY: fingerprint(model.path),
    }
    if model.second_scheme is not None:
        header[SECOND_SCHEME_KEY] = model.second_scheme
    onnx.helper.set_model_props(network, header)
    return network


def _difference(model: TorchModel, exported: OnnxModel, inputs: Inputs) -> float:
    """Return the largest difference between the logits of both, one picture at a time and several at once."""
    batches = [np.stack([array] * count) for array in inputs for count in (1, 3)]
    return max(float(np.abs(a - b).max()) for batch in batches for a, b in _outputs(model, exported, batch))


def _outputs(
    model: TorchModel, exported: OnnxModel, batch: NDArray[np.float32]
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Yield what both give, output by output."""
    if model.second_scheme is None:
        yield model(batch), exported(batch)
    else:
        yield from zip(model.both(batch), exported.both(batch), strict=True)


def _texts(model: TorchModel | OnnxModel, inputs: Inputs) -> list[str]:
    """Return what the model reads, picture by picture."""
    alphabet = Alphabet(model.meta.alphabet)
    return [decode(model(array[None]), alphabet, model.scheme, top_k=0)[0].text for array in inputs]
