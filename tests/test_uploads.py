"""What was sent becomes pictures with labels where these are known; a bad file is a row."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from captcha_core.archive import ArchiveLimits
from captcha_core.data.folder import labels_of_names
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.uploads import FROM_COLUMN, FROM_NAMES, FROM_TABLE, Item, PictureSet, Upload, gather
from tests.helpers import draw_picture, png_bytes


def sent(folder: Path, name: str, data: bytes) -> Upload:
    """Keep a file under another name than its sender's, as a server does."""
    path = folder / f"upload{len(list(folder.iterdir()))}"
    path.write_bytes(data)
    return Upload(path, name)


def archive(folder: Path, name: str, entries: dict[str, bytes]) -> Upload:
    upload = sent(folder, name, b"")
    with zipfile.ZipFile(upload.path, "w") as file:
        for entry, data in entries.items():
            file.writestr(entry, data)
    return upload


def parquet(folder: Path, name: str, **columns: object) -> Upload:
    upload = sent(folder, name, b"")
    pq.write_table(pa.table(columns), upload.path)
    return upload


def labels(found: PictureSet) -> dict[str, str | None]:
    return {item.name: item.label for item in found.items()}


def reasons(found: PictureSet) -> list[str]:
    return [str(item.picture) for item in found.items() if isinstance(item.picture, CaptchaLabError)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["aB3xQ.png"], ["aB3xQ"]),
        (["aB3xQ_17.png", "7d14_2.png"], ["aB3xQ", "7d14"]),
        (["17_aB3xQ.png", "18_zz.png"], ["aB3xQ", "zz"]),
        (["set/aB.png", "set/cd.png"], ["aB", "cd"]),
        (["1234.png", "0099.png", "5678.png"], ["1234", "0099", "5678"]),
        (["scan1.png", "scan2.png", "scan3.png"], None),
        (["001.png", "002.png", "003.png"], None),
        (["img_1.png", "img_2.png", "img_3.png"], None),
        (["screenshot.png"], None),
        (["My picture.png"], None),
        (["12_34.png"], None),
        (["0123456789abcdef0123456789abcdef0.png"], None),
        (["9" * 5000 + ".png"], None),
        ([], None),
    ],
)
def test_names_are_labels_only_where_they_look_like_it(names: list[str], expected: list[str] | None) -> None:
    assert labels_of_names(names) == expected


def test_pictures_a_zip_and_a_parquet_file_make_one_set(tmp_path: Path) -> None:
    picture = png_bytes(draw_picture("ab"))
    image = pa.array([{"bytes": picture, "path": "x.png"}, {"bytes": picture, "path": None}])
    found = gather(
        [
            sent(tmp_path, "aB3.png", picture),
            archive(tmp_path, "some.zip", {"1.png": picture, "labels.csv": b"file,label\n1.png,xyz\n"}),
            parquet(tmp_path, "rows.parquet", image=image, label=["0012", None]),
        ],
        10,
    )
    assert found.count == 4
    assert found.labels_from == (FROM_NAMES, FROM_TABLE, FROM_COLUMN)
    expected = {"aB3.png": "aB3", "1.png": "xyz", "x.png": "0012", "rows.parquet#1": None}
    assert labels(found) == expected
    assert labels(found) == expected, "a second pass finds the same"
    assert [item.label_from for item in found.items()] == [FROM_NAMES, FROM_TABLE, FROM_COLUMN, ""]
    assert not reasons(found)


def test_a_file_that_cannot_be_opened_is_a_row_among_others(tmp_path: Path) -> None:
    found = gather(
        [
            sent(tmp_path, "good.png", png_bytes(draw_picture("ab"))),
            sent(tmp_path, "bad.zip", b"no zip"),
            sent(tmp_path, "bad.parquet", b"no parquet"),
            sent(tmp_path, "empty.png", b""),
        ],
        10,
    )
    assert found.count == len(list(found.items())) == 4
    for reason in reasons(found):
        assert str(tmp_path) not in reason and reason.endswith("."), reason
    assert [reason.split()[0] for reason in reasons(found)] == ["empty.png", "bad.zip", "bad.parquet"]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("bad.zip", b"no zip", "bad.zip is not a whole zip file"),
        ("bad.tar.gz", b"", "bad.tar.gz is an archive of another kind"),
        ("bad.parquet", b"PAR1", "bad.parquet is not a whole Parquet file"),
    ],
)
def test_a_set_that_cannot_be_opened_is_refused_by_its_senders_name(
    tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    with pytest.raises(DataError, match=reason) as caught:
        gather([sent(tmp_path, name, data)], 10)
    assert str(tmp_path) not in str(caught.value)


def test_nothing_to_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no picture"):
        gather([], 10)
    with pytest.raises(DataError, match="holds no pictures"):
        gather([archive(tmp_path, "texts.zip", {"a.txt": b"x"})], 10)
    with pytest.raises(DataError, match="no rows"):
        gather([parquet(tmp_path, "none.parquet", image=pa.array([], pa.binary()))], 10)


def test_a_parquet_file_without_one_column_of_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="^two.parquet has no column of pictures") as caught:
        gather([parquet(tmp_path, "two.parquet", a=[b"x"], b=[b"y"])], 10)
    assert "--" not in str(caught.value), "a visitor has no command line"


def test_labels_that_are_numbers_are_not_compared_with(tmp_path: Path) -> None:
    found = gather([parquet(tmp_path, "n.parquet", image=[b"x"], label=[12])], 10)
    assert labels(found) == {"n.parquet#0": None}
    assert "is not text" in found.notes[0]


def test_more_pictures_than_may_be_are_left_out_with_a_word(tmp_path: Path) -> None:
    found = gather([archive(tmp_path, "many.zip", {f"{i}.png": b"x" for i in range(9)})], 4)
    assert found.count == len(list(found.items())) == 4
    assert found.notes[0].startswith("These are 9 pictures; the first 4 are read.")


def test_a_set_that_unpacks_to_more_than_it_may_ends_in_a_row(tmp_path: Path) -> None:
    limits = ArchiveLimits(10, 1000, 2000)
    found = gather([archive(tmp_path, "big.zip", {f"{i}.png": bytes(900) for i in range(5)})], 10, limits)
    items = list(found.items())
    assert [isinstance(item.picture, bytes) for item in items] == [True, True, False]
    assert "unpacks to more than" in str(items[-1].picture)


def test_a_picture_by_itself_is_bounded_too(tmp_path: Path) -> None:
    found = gather([sent(tmp_path, "large.png", bytes(1001))], 10, ArchiveLimits(10, 1000, 2000))
    assert "large.png is larger than" in reasons(found)[0]


def test_a_parquet_file_is_bounded_too(tmp_path: Path) -> None:
    file = parquet(tmp_path, "big.parquet", image=[bytes(1500), b"x"])
    [large, small] = gather([file], 10, ArchiveLimits(10, 1000, 50_000)).items()
    assert "is larger than" in str(large.picture) and small == Item("big.parquet#1", b"x")
    # What the file says is checked before, what comes out while it is read.
    with pytest.raises(DataError, match="unpacks to more"):
        gather([file], 10, ArchiveLimits(10, 1000, 100))
    repeated = parquet(tmp_path, "dictionary.parquet", image=[bytes(1000)] * 99)
    items = list(gather([repeated], 100, ArchiveLimits(10, 1000, 20_000)).items())
    assert len(items) == 21 and "unpacks to more" in str(items[-1].picture)
