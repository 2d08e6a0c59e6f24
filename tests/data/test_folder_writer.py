"""A folder with labels.csv appears whole or not at all, and grows without its old lines changing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captcha_core.data import folder_writer
from captcha_core.data.folder_writer import FolderExtension, FolderWriter
from captcha_core.data.load import load_data
from captcha_core.data.schema import Sample
from captcha_core.errors import CaptchaLabError, DataError
from tests.data.samples import png, sample
from tests.helpers import assert_plain

Kind = Callable[[Path], FolderWriter]


def write(path: Path, *seeds: int, kind: Kind = FolderWriter) -> None:
    with kind(path) as writer:
        for seed in seeds:
            writer.write(sample(seed))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write(tmp_path / "new" / "set", 1, 2, 3)
    rows = list(load_data([tmp_path / "new" / "set"]))
    assert rows == [sample(seed)._replace(source="set") for seed in (1, 2, 3)]
    assert (tmp_path / "new" / "set" / "labels.csv").read_text() == "file,label\n1.png,0001\n2.png,0002\n3.png,0003\n"
    assert os.listdir(tmp_path / "new") == ["set"]


@settings(max_examples=40)
@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=8)))
def test_any_label_comes_back_whatever_is_in_it(tmp_path_factory: pytest.TempPathFactory, labels: list[str]) -> None:
    folder = tmp_path_factory.mktemp("any") / "set"
    with FolderWriter(folder) as writer:
        for number, label in enumerate(labels):
            writer.write(Sample(png(number), label, f"{label}_{number}.png", "s"))
    rows = list(load_data([folder]))
    assert [(row.image, row.label) for row in rows] == [(png(i), label) for i, label in enumerate(labels)]
    assert all(not row.path.startswith(".") and "/" not in row.path for row in rows)


def test_two_pictures_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptchaLabError, match="Cannot write .*set"):
        write(tmp_path / "set", 1, 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("kind", [FolderWriter, FolderExtension])
def test_an_interrupted_block_leaves_things_as_they_were(kind: Kind, stop: type[BaseException], tmp_path: Path) -> None:
    if kind is FolderExtension:
        write(tmp_path / "set", 1, 2)
    before = contents(tmp_path)
    with pytest.raises(stop), kind(tmp_path / "set") as writer:
        writer.write(sample(7))
        assert contents(tmp_path, hidden=False) == {k: v for k, v in before.items() if not is_hidden(k)}
        raise stop
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("kind", "step"), [(FolderWriter, "rename"), (FolderExtension, "rename"), (FolderExtension, "replace")]
)
def test_a_full_disk_is_one_sentence_and_leaves_things_as_they_were(
    kind: Kind, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind is FolderExtension:
        write(tmp_path / "set", 1, 2)
    before = contents(tmp_path)
    true_step, calls = getattr(Path, step), []

    def fails(self: Path, target: Path) -> Path:
        calls.append(self)
        if step == "rename" and kind is FolderExtension and len(calls) == 1:
            return true_step(self, target)
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, step, fails)
    with pytest.raises(CaptchaLabError) as caught:
        write(tmp_path / "set", 7, 8, kind=kind)
    assert_plain(str(caught.value), f"Cannot write {tmp_path / 'set'}", "No space left")
    assert calls
    assert contents(tmp_path) == before


@pytest.mark.parametrize("there", ["folder", "empty folder", "file"])
def test_what_is_there_is_not_replaced(there: str, tmp_path: Path) -> None:
    if there == "file":
        (tmp_path / "set").write_text("mine")
    else:
        (tmp_path / "set").mkdir()
        if there == "folder":
            (tmp_path / "set" / "notes.txt").write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(DataError, match="set exists already.*--extend"):
        write(tmp_path / "set", 1)
    assert contents(tmp_path) == before


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CaptchaLabError, match=r"Cannot write .*file/set"):
        write(tmp_path / "file" / "set", 1)


def test_an_extended_folder_keeps_its_files_and_reads_on(tmp_path: Path) -> None:
    write(tmp_path / "set", 1, 2)
    before = contents(tmp_path / "set")
    write(tmp_path / "set", 3, 4, kind=FolderExtension)
    after = contents(tmp_path / "set")
    assert after.pop("labels.csv").startswith(before.pop("labels.csv"))
    assert {name: after[name] for name in before} == before
    assert [row.label for row in load_data([tmp_path / "set"])] == ["0001", "0002", "0003", "0004"]
    assert sorted(after) == ["1.png", "2.png", "3.png", "4.png"]


@pytest.mark.parametrize(
    "old",
    [
        b"\xef\xbb\xbfnumber;label;file\r\n1;0001;1.png\r\n",
        b"\xef\xbb\xbfnumber;label;file\r\n1;0001;1.png",
        b"\xef\xbb\xbffile,label\n1.png,0001\n",
        b"label\tfile\n0001\t1.png\n",
        b"file,label",
    ],
)
def test_new_lines_are_written_as_the_old_ones(old: bytes, tmp_path: Path) -> None:
    write(tmp_path / "set", 1)
    (tmp_path / "set" / "labels.csv").write_bytes(old)
    write(tmp_path / "set", 5, kind=FolderExtension)
    text = (tmp_path / "set" / "labels.csv").read_bytes()
    assert text.startswith(old)
    assert (text.count(b"\n") == text.count(b"\r\n")) == (b"\r\n" in old)
    assert [row.label for row in load_data([tmp_path / "set"])] == ["0001"] * (b"0001" in old) + ["0005"]


def test_a_file_of_the_same_name_is_not_overwritten(tmp_path: Path) -> None:
    write(tmp_path / "set", 1)
    (tmp_path / "set" / "6.png").write_bytes(b"not in labels.csv, but somebody's")
    before = contents(tmp_path)
    with pytest.raises(CaptchaLabError, match="a picture has the name of a new one"):
        write(tmp_path / "set", 5, 6, kind=FolderExtension)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(("labels", "named"), [(None, "has no labels.csv"), ("a,b\n1,2\n", "names a, b"), ("", "file")])
def test_a_folder_that_cannot_be_extended_is_told(labels: str | None, named: str, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    if labels is not None:
        (tmp_path / "set" / "labels.csv").write_text(labels)
    before = contents(tmp_path)
    with pytest.raises(DataError, match=named):
        write(tmp_path / "set", 1, kind=FolderExtension)
    assert contents(tmp_path) == before


def test_once_labels_csv_is_replaced_the_pictures_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "set", 1)
    true_replace = Path.replace

    def interrupted(self: Path, target: Path) -> Path:
        true_replace(self, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "set", 2, kind=FolderExtension)
    assert [row.label for row in load_data([tmp_path / "set"])] == ["0001", "0002"]


def test_systems_without_sync_do_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(folder_writer.os, "sync", raising=False)  # type: ignore[attr-defined]
    write(tmp_path / "set", 1)
    assert len(list(load_data([tmp_path / "set"]))) == 1


def is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in Path(name).parts)


def contents(folder: Path, hidden: bool = True) -> dict[str, bytes]:
    """Return all files and folders below a folder, files with their bytes."""
    found = {str(f.relative_to(folder)): f.read_bytes() if f.is_file() else b"" for f in folder.rglob("*")}
    return {name: data for name, data in found.items() if hidden or not is_hidden(name)}
