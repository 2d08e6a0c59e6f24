"""What several tests need: a small checkpoint with random weights, and drawn pictures."""

from __future__ import annotations

import csv
import functools
import io
import json
import re
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast
from unittest import mock

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from torch import nn

from captcha_core import cli, torch_backend
from captcha_core.checkpoint import CheckpointMeta, save_checkpoint
from captcha_core.models import build_model
from captcha_core.recognizer import Recognizer
from captcha_core.transforms import build_transform, grey_resize_spec, keep_aspect_spec, square_pad_spec

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
MAX_LENGTH = 5


def tiny_meta(**changes: Any) -> CheckpointMeta:
    """Describe a model small enough for tests; ``changes`` replace fields."""
    alphabet = changes.get("alphabet", ALPHABET)
    values: dict[str, Any] = {
        "recipe": "efficientnet",
        "arch": "efficientnet",
        "arch_args": {"num_classes": len(alphabet), "max_length": MAX_LENGTH, "hidden": 16, "heads": 2},
        "alphabet": alphabet,
        "max_length": MAX_LENGTH,
        "transform": square_pad_spec(32),
        "epoch": 1,
    }
    return CheckpointMeta(**(values | changes))


def save_tiny_checkpoint(path: Path, **changes: Any) -> Path:
    """Write a checkpoint with random but fixed weights that tells pictures apart; ``changes`` as for tiny_meta."""
    meta = tiny_meta(**changes)
    save_checkpoint(path, _weights(meta.arch, json.dumps(meta.arch_args), json.dumps(meta.transform)), meta)
    return path


def tiny_net() -> dict[str, Any]:
    """Return the changes for tiny_meta that make it a captcha-net, which takes pictures of any width."""
    arch_args = {"num_classes": len(ALPHABET), "max_length": MAX_LENGTH, "width": 8, "last": 16, "depth": 1}
    transform = keep_aspect_spec(32, 48, 160)
    return {"recipe": "captcha-net", "arch": "captcha-net", "arch_args": arch_args, "transform": transform}


def save_tiny_net(folder: Path) -> Path:
    """Write a tiny captcha-net as tiny.safetensors and, exported, as tiny.onnx; return the first path."""
    for name, content in _net_files().items():
        (folder / name).write_bytes(content)
    return folder / "tiny.safetensors"


@functools.cache
def _net_files() -> dict[str, bytes]:
    # Seconds to import, and to export; only some tests need it.
    from captcha_core.export import export_onnx

    with TemporaryDirectory() as name:
        checkpoint = save_tiny_checkpoint(Path(name, "tiny.safetensors"), **tiny_net(), temperature=0.5)
        export_onnx(checkpoint, checkpoint.with_suffix(".onnx"))
        return {file.name: file.read_bytes() for file in Path(name).iterdir()}


@functools.cache
def _weights(arch: str, arch_args: str, spec: str) -> dict[str, torch.Tensor]:
    transform = build_transform(json.loads(spec))
    pictures = torch.stack(
        [transform(draw_picture(text, seed)) for seed, text in enumerate(["a", "8888", "iii", ".-"])]
    )
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(7)
        model = build_model(arch, **json.loads(arch_args))
        # Without statistics of any data the normalisation layers would let nothing of a picture through, and with
        # what all pictures have in common the same text would win for each.
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = None
        model(pictures)
        last = cast(nn.Linear, model.get_submodule("head.classifier"))
        last.bias.sub_(model.eval()(pictures).mean(dim=(0, 1)))
        if model.scheme == "positions":
            last.bias[-1] -= 5.0  # Never the end class first: an empty text would show nothing in most tests.
        elif model.scheme == "ctc":
            # A blank at four of five time steps, so that texts have a few characters.
            scores = model(pictures)
            last.bias[-1] += (scores[..., :-1].max(dim=-1).values - scores[..., -1]).quantile(0.8)
    return model.state_dict()


class Columns(nn.Module):
    """A network of a scheme that scores so many classes at six time steps of a grey picture."""

    def __init__(self, scheme: str, classes: int) -> None:
        super().__init__()
        self.scheme = scheme
        self.layer = nn.Linear(8, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layer(images.mean(dim=1).transpose(1, 2)[:, ::4])


def save_columns(path: Path, scheme: str, classes: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(torch_backend, "build_model", lambda arch, **arch_args: Columns(scheme, classes))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        tensors = Columns(scheme, classes).state_dict()
    transform = grey_resize_spec(8, 24, clahe={"clip_limit": 2.0, "tiles": [2, 2]})
    save_checkpoint(path, tensors, tiny_meta(arch=scheme, arch_args={}, transform=transform))
    return path


def draw_picture(text: str, seed: int = 0, size: tuple[int, int] = (40, 100)) -> Image.Image:
    """Draw a text over noise; ``size`` is (height, width) in pixels."""
    noise = np.random.default_rng(seed).integers(160, 255, (*size, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    ImageDraw.Draw(picture).text((8, 10), text, fill=(20, 20, 90))
    return picture


def png_bytes(picture: Image.Image) -> bytes:
    """Encode a picture as PNG."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def huge_png_header(width: int = 60_000, height: int = 60_000) -> bytes:
    """Return a PNG whose header announces a picture of this size, in pixels, and that has no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def run_command(main: Callable[[list[str]], int], *arguments: object) -> int:
    """Run a command line in this process, from its arguments to its exit code."""
    with mock.patch.object(sys, "argv", ["command", *map(str, arguments)]), pytest.raises(SystemExit) as left:
        cli.run(main)
    assert isinstance(left.value.code, int)
    return left.value.code


def assert_plain(text: str, *named: str) -> None:
    """Check that what a user sees names these things and nothing of the program's insides."""
    assert all(name in text for name in named), text
    assert "Traceback" not in text and "captcha_core" not in text, text
    assert not re.search(r"/\.[^/\s]+\.\w+", text), f"a temporary path: {text}"


def is_alive(pid: int) -> bool:
    """Say whether a process runs; one that only waits to be collected does not (Linux's /proc)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def write_numbered_pictures(folder: Path) -> Path:
    """Make a folder with the pictures 1.png, 2.png and 10.png, whose order tells numbers from texts."""
    folder.mkdir()
    for number in (1, 2, 10):
        (folder / f"{number}.png").write_bytes(png_bytes(draw_picture(str(number), number)))
    return folder


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file with a head."""
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def opened_threads(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """Return a list that gets the number of threads of every recogniser that is opened from now on."""
    opened: list[int | None] = []
    original = Recognizer.__init__

    def noted(self: Recognizer, checkpoint: Path, threads: int | None = None, *more: Any, **named: Any) -> None:
        opened.append(threads)
        original(self, checkpoint, threads, *more, **named)

    monkeypatch.setattr(Recognizer, "__init__", noted)
    return opened
