"""A folder of labelled sets, and a reader in a process of its own that reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.labelled_sets import PUBLISHED, STYLES
from benchmarks.readers import ROOT, Reader
from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import SPLIT_SCHEMA, Sample
from tests.benchmarks.pixels import picture_of

STYLE_FILES = ("first", "second")
FAKE = """
import sys, time
from benchmarks.reader_process import serve
from captcha_core.errors import CaptchaLabError
from tests.benchmarks.pixels import text_in

def opener():
    print("an advertisement")
    if "unusable" in sys.argv:
        raise CaptchaLabError("It has no weights; take a fresh copy.")
    return sys.argv[1], read

def read(picture, alphabet, ignore_case):
    if "crash" in sys.argv:
        raise SystemExit(3)
    print("a message")
    text = "".join(c for c in text_in(picture) if c in alphabet)
    return {"text": text.upper()} if "upper" in sys.argv else {"text": text, "confidence": 0.75}

serve(opener)
"""


def write_set(path: Path, labels: Sequence[str], picture: bytes | None = None) -> None:
    """Write labelled pictures that say their labels, or that are all the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with ParquetWriter(path, schema=SPLIT_SCHEMA) as writer:
        for number, label in enumerate(labels):
            writer.write(Sample(picture or picture_of(label), label, f"{number}.png", "test"), split="test")


def write_data(folder: Path) -> Path:
    """Write a folder of all sets, of three pictures each, and of two unseen styles."""
    for labelled in PUBLISHED:
        write_set(folder / labelled.file, ["123", "456", "781"])
    for style in STYLE_FILES:
        write_set(folder / STYLES / f"{style}.parquet", ["ab1", "bb2", "ca3"])
    return folder


def fake_reader(folder: Path, name: str = "fake", *words: str) -> Reader:
    """Return a reader that knows its pictures; words make it another: ``upper``, ``crash``, ``unusable``."""
    script = folder / "fake.py"
    script.write_text(FAKE)
    return Reader(name, (str(script), f"{name}@1", *words), (ROOT,))
