"""What people say a picture reads, kept to learn from."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import make_dataset
from captcha_core import corrections
from captcha_core.corrections import CorrectionError, CorrectionStore, label_of
from captcha_core.data.load import load_data
from captcha_core.data.parquet import ParquetRows
from captcha_core.data.split import pixel_digest
from captcha_core.errors import CaptchaLabError
from captcha_core.prediction import Prediction

READING = Prediction("A0CD", 0.5, (0.5,) * 4, model_id="tiny@123456789abc")


def picture(shade: int = 0) -> Image.Image:
    return Image.new("RGB", (40, 20), (shade % 256, shade // 256, 7))


def parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))


def test_a_correction_is_a_row_that_training_reads(tmp_path: Path) -> None:
    path = CorrectionStore(tmp_path).keep(picture(), READING, " AOCD ")
    [row] = pq.read_table(path).to_pylist()
    digest = pixel_digest(picture()).hex()
    with Image.open(io.BytesIO(row.pop("image")["bytes"])) as kept:
        assert kept.format == "PNG" and kept.convert("RGB").tobytes() == picture().tobytes()
    assert row == {
        "label": "AOCD",
        "source": "correction",
        "picture_hash": digest,
        "prediction": "A0CD",
        "model_id": "tiny@123456789abc",
    }
    assert ParquetRows([path]).labels == ["AOCD"]


def test_make_dataset_joins_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = CorrectionStore(tmp_path / "kept")
    for shade, label in enumerate(("one", "two", "three")):
        store.keep(picture(shade), READING, label)
    joined = tmp_path / "all.parquet"
    assert make_dataset.main([str(store.folder), "--output", str(joined)]) == 0
    assert "3 rows; left out 0 duplicates, 0 conflicts, 0 unreadable" in capsys.readouterr().out
    assert sorted(sample.label for sample in load_data([joined])) == ["one", "three", "two"]


def test_the_same_picture_is_kept_once_with_what_was_said_last(tmp_path: Path) -> None:
    store = CorrectionStore(tmp_path)
    assert store.keep(picture(), READING, "first") == store.keep(picture(), READING, "last")
    assert [pq.read_table(p).column("label").to_pylist() for p in parts(tmp_path)] == [["last"]]


def test_many_at_once_leave_whole_files_and_nothing_else(tmp_path: Path) -> None:
    stores = [CorrectionStore(tmp_path), CorrectionStore(tmp_path)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: stores[i % 2].keep(picture(i % 10), READING, f"t{i % 10}"), range(40)))
    assert sorted(ParquetRows(parts(tmp_path)).labels) == [f"t{i}" for i in range(10)]
    assert {p.suffix for p in tmp_path.iterdir()} == {".parquet", ".txt"}


@pytest.mark.parametrize("bound", ["MOST_FILES", "MOST_BYTES"])
def test_a_full_folder_takes_nothing_new_but_still_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    store = CorrectionStore(tmp_path)
    store.keep(picture(1), READING, "one")
    monkeypatch.setattr(corrections, bound, 1)
    with pytest.raises(CorrectionError, match="No more corrections"):
        store.keep(picture(2), READING, "two")
    store.keep(picture(1), READING, "uno")
    assert ParquetRows(parts(tmp_path)).labels == ["uno"]


def test_a_huge_picture_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(CorrectionError, match="1,000,000 pixels"):
        CorrectionStore(tmp_path).keep(Image.new("RGB", (1001, 1000)), READING, "text")
    assert parts(tmp_path) == []


@pytest.mark.parametrize("text", ["", "  ", "a b", "a\nb", "a\0b", "x" * 33, "x" * 5000, "\u202eabc"])
def test_what_can_be_no_label_is_refused(text: str) -> None:
    with pytest.raises(CorrectionError):
        label_of(text)


@given(st.text(max_size=200))
def test_a_label_is_short_and_visible_or_refused(text: str) -> None:
    try:
        label = label_of(text)
    except CorrectionError:
        return
    assert 0 < len(label) <= 32 and label.isprintable() and not any(c.isspace() for c in label)
    assert label_of(label) == label


def test_a_folder_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CaptchaLabError, match="Cannot write"):
        CorrectionStore(tmp_path / "file")
