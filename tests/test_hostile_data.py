"""Data sets made to break what reads them: each is refused by name and reason, or its rows are; none takes long."""

from __future__ import annotations

import random
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from captcha_core.archive import ArchiveLimits
from captcha_core.data import reading
from captcha_core.data.load import load_rows
from captcha_core.errors import CaptchaLabError, DataError
from captcha_core.uploads import Upload, gather
from tests.data.samples import png
from tests.helpers import assert_plain

ROOT = Path(__file__).resolve().parent.parent


def table(images: list[bytes], labels: list[str] | None = None) -> pa.Table:
    labels = ["a"] * len(images) if labels is None else labels
    return pa.table({"image": pa.array(images, pa.binary()), "label": labels})


def on_the_command_line(path: Path) -> list[CaptchaLabError]:
    """Return what make_dataset.py would say of the rows; raise what it would say of the file."""
    return [row for row in load_rows([path], split="all") if isinstance(row, CaptchaLabError)]


def on_the_page(path: Path) -> list[CaptchaLabError]:
    """Do the same for a file that a visitor sent."""
    items = gather([Upload(path, path.name)], most=500).items()
    return [item.picture for item in items if isinstance(item.picture, CaptchaLabError)]


def refused(path: Path, *named: str, page: bool = True) -> None:
    for read in (on_the_command_line, on_the_page)[: 1 + page]:
        with pytest.raises(DataError) as caught:
            read(path)
        assert_plain(str(caught.value), path.name, *named)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 2500


def test_a_footer_that_is_cut_is_refused(tmp_path: Path) -> None:
    pq.write_table(table([png(1)]), tmp_path / "whole.parquet")
    data = (tmp_path / "whole.parquet").read_bytes()
    for keep in (0, 3, 4, 8, len(data) // 2, len(data) - 9, len(data) - 1):
        (tmp_path / "cut.parquet").write_bytes(data[:keep])
        refused(tmp_path / "cut.parquet", "not a whole Parquet file")
    for length in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF):
        (tmp_path / "cut.parquet").write_bytes(data[:-8] + length.to_bytes(4, "little") + b"PAR1")
        refused(tmp_path / "cut.parquet", "not a whole Parquet file")


def test_changed_bits_are_refused_or_read(tmp_path: Path) -> None:
    pq.write_table(table([png(1), png(2)]), tmp_path / "whole.parquet", compression="zstd")
    data, rng = (tmp_path / "whole.parquet").read_bytes(), random.Random(3)
    path = tmp_path / "bad.parquet"
    for _ in range(200):
        changed = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        for read in (on_the_command_line, on_the_page):
            try:
                read(path)
            except DataError as error:
                assert_plain(str(error), "bad.parquet")


def test_a_bomb_is_refused_on_the_page(tmp_path: Path) -> None:
    path = tmp_path / "bomb.parquet"
    pq.write_table(table([bytes(10 << 20)] * 3), path, compression="zstd", use_dictionary=False)
    assert path.stat().st_size < 10_000
    with pytest.raises(DataError, match=r"bomb\.parquet unpacks to more than 8 MB"):
        gather([Upload(path, path.name)], most=500, limits=ArchiveLimits(total_bytes=8 << 20))


SHARED = """
import re, sys
from pathlib import Path
from tests.test_hostile_data import on_the_command_line, on_the_page
from tests.hostile_pictures import peak_kilobytes
base = peak_kilobytes()
problems = on_the_page(Path(sys.argv[1])) + on_the_command_line(Path(sys.argv[1]))
print(len(problems), peak_kilobytes() - base)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of another process is in Linux's /proc alone")
def test_a_value_that_many_rows_share_is_not_unpacked_for_all_of_them_at_once(tmp_path: Path) -> None:
    path = tmp_path / "shared.parquet"
    shared = pa.DictionaryArray.from_arrays(pa.array([0] * 64, pa.int32()), pa.array([bytes(30 << 20)], pa.binary()))
    rows = pa.table({"image": shared, "label": ["a"] * 64})
    pq.write_table(rows, path, compression="zstd", store_schema=False)
    command = [sys.executable, "-c", SHARED, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
    problems, kilobytes = map(int, done.stdout.split())
    assert problems > 1, "each picture is larger than it may be on the page"
    assert kilobytes < 600_000, "64 x 30 MB would be 1,920 MB, twice"


def test_very_many_row_groups_are_refused_while_the_footer_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_MOST_PARTS", 1000)
    pq.write_table(table([b"x"] * 1001), tmp_path / "many.parquet", row_group_size=1)
    refused(tmp_path / "many.parquet", "more than 1,000 row groups or columns")
    pq.write_table(table([b"x"] * 999), tmp_path / "some.parquet", row_group_size=1)
    assert len(on_the_page(tmp_path / "some.parquet")) == 0


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"image": ["x"], "label": ["a"]}, "holds no pictures in column 'image'"),
        ({"image": [[b"x"]], "label": ["a"]}, "holds no pictures in column 'image'"),
        ({"image": [{"bytes": "x"}], "label": ["a"]}, "holds no pictures in column 'image'"),
        ({"image": [b"x"], "label": [12]}, "holds numbers"),
        ({"image": [b"x"], "label": [["a"]]}, "not text"),
        ({"image": [b"x"], "label": [None]}, "not text"),
        ({"label": ["a"], **{f"c{i}": [b"x"] for i in range(3000)}}, "and 2,981 more"),
        ({"x\n\x1b[2J" * 999: ["x"], "label": ["a"]}, "no column 'image'"),
    ],
)
def test_columns_of_other_types_are_refused(tmp_path: Path, columns: dict, named: str) -> None:
    pq.write_table(pa.table(columns), tmp_path / "odd.parquet")
    refused(tmp_path / "odd.parquet", named, page=False)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"file,label\na.png,\xff\xfe\n", "not UTF-8"),
        ("file,label\na.png,ä\n".encode("utf-16"), "not UTF-8"),
        (b"file,label\na.png,ok\nb.png,\xe4\n", "not UTF-8"),
        (b"\0" * 1000, "no column"),
        (b"file,label\n" + b'"' + b"x" * 200_000, "field"),
        (b"x" * 3_000_000, "field"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, content: bytes, named: str) -> None:
    (tmp_path / "bad.csv").write_bytes(content)
    refused(tmp_path / "bad.csv", named, page=False)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("a.png,a\0b", "a label with a control character"),
        ("a.png,a\x1b[2J", "a label with a control character"),
        ("a\0.png,ab", "cannot be opened"),
        ("../../../../../../etc/passwd\0.png,ab", "cannot be opened"),
        ("/dev/zero,ab", "is a device"),
        (".,ab", "is a folder"),
    ],
)
def test_a_hostile_line_of_a_table_is_an_error_in_its_place(tmp_path: Path, line: str, named: str) -> None:
    (tmp_path / "a.png").write_bytes(png(1))
    (tmp_path / "t.csv").write_bytes(f"file,label\n{line}\na.png,ok\n".encode())
    (problem,) = on_the_command_line(tmp_path / "t.csv")
    assert_plain(str(problem), "t.csv, line 2", named)
    assert "\x1b" not in str(problem)


def test_formulas_are_labels_like_any_other_and_no_download_runs_them(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(1))
    (tmp_path / "t.csv").write_text('file,label\na.png,"=HYPERLINK(1)"\n')
    (row,) = load_rows([tmp_path / "t.csv"])
    assert not isinstance(row, CaptchaLabError) and row.label == "=HYPERLINK(1)"  # tests/test_tables.py has the rest.


def test_a_zip_leaves_nothing_on_the_disk_and_follows_nothing(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "bad.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("../../out.png", "/tmp/out.png", "C:\\out.png", "..\\out.png", "a/../../out2.png"):
            archive.writestr(name, png(1))
        archive.writestr(link, "/etc/passwd")
        archive.writestr("bomb.png", bytes(50 << 20))
    items = gather([Upload(path, "bad.zip")], most=100)
    problems = [item.picture for item in items.items() if isinstance(item.picture, CaptchaLabError)]
    assert [str(problem) for problem in problems] == ["bomb.png is larger than 5 MB; crop or shrink it to the text."]
    assert items.count == 6 and items.notes == ("bad.zip: passed over 1 linked.",)
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["bad.zip", "in"]
