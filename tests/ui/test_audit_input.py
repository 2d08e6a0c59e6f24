"""What the tab "How strong is it?" takes in, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from captcha_core.errors import DataError
from captcha_core.ui import audit_input
from captcha_core.ui.audit_input import uploaded_pictures
from captcha_core.uploads import Upload
from tests.ui.helpers import named_files, zip_of


@pytest.fixture
def own(tmp_path: Path) -> list[Upload]:
    return [zip_of(named_files(tmp_path, "ABCD.png", "DDAA.png", "BACA.png"))]


@pytest.mark.parametrize("content", [b"", b"text " * 40, b"PAR1" + bytes(50) + b"PAR1"])
def test_a_file_that_is_no_parquet_is_one_sentence_without_a_path(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.parquet"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"^mine\.parquet is not a whole Parquet file") as caught:
        uploaded_pictures([Upload(path, path.name)], 2, 0)
    assert str(tmp_path) not in str(caught.value)


def test_a_parquet_without_labels_names_no_path(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "mine.parquet"
    pq.write_table(pa.table({"image": pa.array([b"x"])}), path)
    with pytest.raises(DataError, match=r"^mine\.parquet has no texts .* named by their texts") as caught:
        uploaded_pictures([Upload(path, path.name)], 2, 0)
    assert str(tmp_path) not in str(caught.value)


def test_pictures_without_a_text_and_unreadable_ones_are_left_out_and_counted(tmp_path: Path) -> None:
    files = named_files(tmp_path, "ABCD.png", "DDAA.png", "BACA.png", "BBBB.png", "x.png")
    labels = "file,label\nABCD.png,ABCD\nDDAA.png,DDAA\nBACA.png,BACA\nx.png,DD\n"
    given = uploaded_pictures([zip_of(files, labels), *named_files(tmp_path, "CCCC.png", "no.zip")], 9, 0)
    assert sorted(sample.label for sample in given.samples) == ["ABCD", "BACA", "CCCC", "DDAA"]
    notes = "\n".join(given.notes)
    assert "their text is not known: 1." in notes and "could not be opened" in notes
    assert "cannot be read: 1 in all. The first: no.zip" in notes and str(tmp_path) not in notes


def test_pictures_without_any_text_are_refused_with_what_to_do(tmp_path: Path) -> None:
    files = named_files(tmp_path, "AB_CD_DA.png", "screenshot.png")
    with pytest.raises(DataError, match=r"^Your upload has no texts .* named by their texts"):
        uploaded_pictures(files, 9, 0)


def test_zips_that_are_too_large_together_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_input, "MAX_BYTES", 10_000)
    [file] = named_files(tmp_path, "ABCD.png")
    with file.path.open("ab") as handle:
        handle.write(bytes(6_000))
    one = zip_of([file])
    assert uploaded_pictures([one], 9, 0).count == 1
    with pytest.raises(DataError, match="too large for this page: at most 20,000 pictures"):
        uploaded_pictures([one, one], 9, 0)


@pytest.mark.parametrize("limit", ["MAX_BYTES", "MOST_ROWS"])
def test_what_would_be_too_much_is_refused_unopened(
    own: list[Upload], limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_input, limit, 2)
    with pytest.raises(DataError, match=r"mine\.zip is too large for this page"):
        uploaded_pictures(own, 2, 0)


def test_what_is_small_packed_and_large_unpacked_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "mine.parquet"
    pictures = pa.array([bytes(audit_input.MAX_BYTES)] * 2, pa.binary())
    pq.write_table(pa.table({"image": pictures, "label": ["a", "b"]}), path, compression="zstd")
    assert path.stat().st_size < 100_000
    with pytest.raises(DataError, match=r"^mine\.parquet unpacks to more than 16 MB"):
        uploaded_pictures([Upload(path, path.name)], 2, 0)
