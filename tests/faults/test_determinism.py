"""The same seed gives the same, in another process too; a reading does not depend on what is read beside it."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from captcha_core.prediction import Prediction
from captcha_core.recognizer import NamedSource, Recognizer
from tests.helpers import draw_picture

ROOT = Path(__file__).resolve().parents[2]

DRAW_AND_TRAIN = """
import sys
from pathlib import Path
import captcha_generator
from tests.faults.preloaded import train_in_small

folder = Path(sys.argv[1])
words = "--alphabet ab12 --min-length 2 --max-length 4 --width 60 --height 32 --count 48 --seed 4".split()
assert captcha_generator.main([*words, "--output", str(folder / "data.parquet")]) == 0
words = "--recipe captcha-net --arch-arg width=8 --arch-arg last=16 --arch-arg depth=1 --alphabet ab12 --max-length 5"
words += " --batch-size 4 --check-every 50 --epochs 10 --validation 8 --draw 20 --seed 6"
arguments = [*words.split(), "--data", str(folder / "data.parquet"), "--output", str(folder / "run")]
assert train_in_small(arguments) == 0
"""


def test_two_processes_draw_the_same_bytes_and_train_the_same_weights(tmp_path: Path) -> None:
    digests = []
    for hash_seed in ("1", "2"):
        folder = tmp_path / hash_seed
        folder.mkdir()
        environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-c", DRAW_AND_TRAIN, str(folder)]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        files = [folder / "data.parquet", *(folder / "run").glob("*t.safetensors")]
        assert len(files) == 3
        digests.append([hashlib.sha256(file.read_bytes()).hexdigest() for file in files])
    assert digests[0] == digests[1]


@pytest.mark.parametrize("model", ["start.safetensors", "start.onnx"])
def test_a_reading_does_not_depend_on_batch_size_or_neighbours(model: str, inputs: Path) -> None:
    recognizer = Recognizer(inputs / model)
    rng = random.Random(8)
    pictures = {
        f"{number}": draw_picture("ab12"[number % 3 :], number, (rng.randint(20, 60), rng.choice([60, 100, 230])))
        for number in range(24)
    }
    alone = {name: recognizer.read(picture) for name, picture in pictures.items()}
    for batch_size in (1, 3, 8, 24):
        names = rng.sample(sorted(pictures), len(pictures))
        read = recognizer.stream([NamedSource(name, pictures[name]) for name in names], batch_size)
        for name, prediction in zip(names, read, strict=True):
            assert isinstance(prediction, Prediction)
            assert prediction.text == alone[name].text
            assert abs(prediction.confidence - alone[name].confidence) < 1e-4
            for one, other in zip(prediction.char_confidences, alone[name].char_confidences, strict=True):
                assert abs(one - other) < 1e-4
