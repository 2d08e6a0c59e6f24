import csv
from pathlib import Path

import numpy as np
from PIL import Image

from captcha_core.training.history import COLUMNS, write_history


def row(step: int, phase: str = "full") -> dict[str, object]:
    values = {
        "step": step,
        "pictures": 4 * step,
        "learning_rate": 1e-3,
        "train_loss": 2.0 / step,
        "val_loss": 3.0 / step,
    }
    return {"phase": phase, **values, "val_exact_match": 0.5, "val_cer": 0.2, "seconds": 1.0}


def test_table_and_curves(tmp_path: Path) -> None:
    write_history([row(1, "frozen"), row(2), row(3)], tmp_path)
    with (tmp_path / "metrics.csv").open() as handle:
        table = list(csv.DictReader(handle))
    assert tuple(table[0]) == COLUMNS
    assert [line["step"] for line in table] == ["1", "2", "3"]
    first = np.asarray(Image.open(tmp_path / "curves.png").convert("L"))
    write_history([row(1), row(2)], tmp_path)
    assert not np.array_equal(first, np.asarray(Image.open(tmp_path / "curves.png").convert("L")))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["curves.png", "metrics.csv"]
