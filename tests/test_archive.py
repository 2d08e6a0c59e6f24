"""Archives that mean harm are refused in one sentence or cost no more than an honest one."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captcha_core import archive as gate
from captcha_core.archive import LONGEST_NAME, ArchiveLimits, open_archive, shown_name
from captcha_core.errors import DataError, ImageError

SMALL = ArchiveLimits(entries=50, entry_bytes=100_000, total_bytes=250_000)
LINK = (stat.S_IFLNK | 0o777) << 16


def zipped(path: Path, entries: dict[str, bytes], **options: Any) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data, **options)
    return path


def taken(path: Path, limits: ArchiveLimits = SMALL) -> list[tuple[str, Any]]:
    with open_archive(path, "sent.zip", limits) as archive:
        return [(name, source) for name, source in archive.pictures()]


def refusal(path: Path, limits: ArchiveLimits = SMALL) -> str:
    with pytest.raises(DataError) as caught:
        taken(path, limits)
    assert str(path.parent) not in str(caught.value), "it shows where the upload lies"
    return str(caught.value)


def test_pictures_come_in_natural_order_and_the_rest_is_counted(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "a.zip",
        {
            "in/10.png": b"ten",
            "in/2.png": b"two",
            "in/": b"",
            "in/notes.txt": b"x",
            "__MACOSX/in/._2.png": b"x",
            ".hidden.png": b"x",
        },
    )
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = LINK
        archive.writestr(link, "/etc/passwd")
    assert taken(path) == [("in/2.png", b"two"), ("in/10.png", b"ten")]
    with open_archive(path, "sent.zip") as archive_:
        assert archive_.notes == ["sent.zip: passed over 2 hidden, 1 linked, 1 not pictures."]


def test_a_table_of_labels_speaks_of_the_files_beside_it(tmp_path: Path) -> None:
    table = b"file,label\n1.png,aB3\n./2.png,0012\ngone.png,x\n3.png,\n"
    entries = {"d/1.png": b"1", "d/2.png": b"2", "d/3.png": b"3", "1.png": b"0", "d/labels.csv": table}
    with open_archive(zipped(tmp_path / "a.zip", entries), "sent.zip") as archive:
        labels = {archive.names[place]: label for place, label in archive.labels.items()}
    assert labels == {"d/1.png": "aB3", "d/2.png": "0012"}


@pytest.mark.parametrize("table", [b"a,b\n1.png,x\n", b"\xff\xfe", b'file,label\n"1.png', b""])
def test_a_table_that_is_none_is_passed_over_with_a_word(tmp_path: Path, table: bytes) -> None:
    with open_archive(zipped(tmp_path / "a.zip", {"1.png": b"1", "labels.csv": table}), "sent.zip") as archive:
        assert archive.labels == {} and archive.has_table
        assert archive.notes == ["labels.csv cannot be used; it must be UTF-8 text whose first line is file,label."]


@pytest.mark.parametrize("name", ["../../etc/passwd.png", "/etc/x.png", "C:\\x.png", "a/../../b.png"])
def test_a_name_that_leads_elsewhere_is_only_a_name(tmp_path: Path, name: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    path = zipped(tmp_path / "a.zip", {name: b"data"})
    assert taken(path) == [(name, b"data")]
    assert sorted(tmp_path.rglob("*")) == [*before, path]


@pytest.mark.parametrize("inner", ["more.zip", "deep/MORE.ZIP", "x.tar", "x.7z"])
def test_an_archive_in_an_archive_is_refused(tmp_path: Path, inner: str) -> None:
    assert "holds another archive" in refusal(zipped(tmp_path / "a.zip", {"1.png": b"1", inner: b"PK"}))


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"1.png": b"1"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert "is encrypted" in refusal(path)


def test_too_many_entries_are_refused_before_they_are_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "a.zip", {f"{i}.png": b"" for i in range(51)})
    monkeypatch.setattr("captcha_core.archive.zipfile.ZipFile", lambda *_: pytest.fail("the archive was opened"))
    assert "more than 50 files" in refusal(path)


def test_as_many_entries_as_may_be_are_read(tmp_path: Path) -> None:
    assert len(taken(zipped(tmp_path / "a.zip", {f"{i}.png": b"x" for i in range(50)}))) == 50


def test_marks_are_counted_across_blocks() -> None:
    mark = gate._ENTRY_MARK
    data = bytes((1 << 20) - 2) + mark + bytes((1 << 20) - 3) + mark
    assert gate._count(io.BytesIO(data), mark, 10) == 2


def test_a_bomb_is_one_row_and_many_end_the_archive(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"bomb.png": bytes(50 << 20), "good.png": b"good"})
    (_, bomb), (_, good) = taken(path)
    assert isinstance(bomb, ImageError) and "larger than 0 MB" in str(bomb)
    assert good == b"good"
    assert "unpacks to more than" in refusal(zipped(tmp_path / "b.zip", {f"{i}.png": bytes(99_000) for i in range(3)}))


def patched_sizes(path: Path, size: int) -> None:
    """Make every header of an archive lie about the unpacked size."""
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.index(mark)
        struct.pack_into("<I", data, place + offset, size)
    path.write_bytes(data)


@pytest.mark.parametrize("claimed", [0, 10, 2**31])
def test_what_a_header_says_of_the_size_is_not_believed(tmp_path: Path, claimed: int) -> None:
    path = zipped(tmp_path / "a.zip", {"1.png": bytes(50 << 20)})
    patched_sizes(path, claimed)
    [(_, source)] = taken(path)
    assert isinstance(source, ImageError) or len(source) <= SMALL.entry_bytes


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressions_that_cannot_be_bounded_are_not_read(tmp_path: Path, method: int) -> None:
    [(_, source)] = taken(zipped(tmp_path / "a.zip", {"1.png": bytes(1000)}, compress_type=method))
    assert "compressed in a way that is not read" in str(source)


def test_a_damaged_entry_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("1.png", b"abcdefgh")
        archive.writestr("2.png", b"whole")
    path.write_bytes(path.read_bytes().replace(b"abcdefgh", b"abcdXfgh"))
    (_, bad), (_, good) = taken(path)
    assert str(bad) == "1.png is damaged in the archive; zip it again."
    assert good == b"whole"


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip at all", b"PK\x05\x06" + bytes(17)])
def test_what_is_no_zip_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    assert refusal(path) == "sent.zip is not a whole zip file; zip the pictures again."


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    assert "cannot be opened" in refusal(tmp_path / "gone.zip")


def test_a_name_is_shown_short_and_printable() -> None:
    assert shown_name("a\n\u202eb.png") == "a\ufffd\ufffdb.png"
    assert len(shown_name("x" * 5000 + ".png")) == LONGEST_NAME
    assert shown_name("x" * 5000 + ".png").endswith("x.png")


def test_a_name_of_digits_beyond_pythons_limit_is_sorted(tmp_path: Path) -> None:
    assert len(taken(zipped(tmp_path / "a.zip", {"9" * 5000 + ".png": b"x", "1.png": b"y"}))) == 2


HONEST = io.BytesIO()
with zipfile.ZipFile(HONEST, "w", zipfile.ZIP_DEFLATED) as _archive:
    for _i in range(3):
        _archive.writestr(f"a/{_i}.png", zlib.compress(bytes([_i]) * 500) * 3)
    _archive.writestr("labels.csv", "file,label\na/1.png,xyz\n")


@settings(max_examples=150, deadline=None)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(HONEST.getvalue()) - 1), st.integers(0, 255)), min_size=1, max_size=12
    ),
    cut=st.integers(0, 40),
)
def test_no_damage_makes_more_than_an_error(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(HONEST.getvalue())
    for place, value in changes:
        data[place] = value
    path = tmp_path_factory.mktemp("damaged") / "a.zip"
    path.write_bytes(data[: len(data) - cut])
    try:
        rows = taken(path)
    except DataError as error:
        assert str(path.parent) not in str(error)
        return
    assert sum(len(source) for _, source in rows if isinstance(source, bytes)) <= SMALL.total_bytes
    assert all(isinstance(source, bytes | ImageError) for _, source in rows)
