from pathlib import Path

import pytest

from benchmarks.readers import ONE_THREAD, ROOT, Reader, ReaderProcess, checkpoints, rivals
from captcha_core.errors import CaptchaLabError
from tests.benchmarks.pixels import picture_of
from tests.benchmarks.samples import fake_reader
from tests.helpers import draw_picture, png_bytes, save_tiny_checkpoint
from tools.rivals import FOLDERS, SHARED


def test_readings_come_in_order_and_what_a_package_prints_is_not_among_them(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("benchmarks.readers.AT_ONCE", 2)
    texts = [f"{number:03d}x" for number in range(5)]
    with ReaderProcess(fake_reader(tmp_path)) as process:
        assert process.identity == "fake@1"
        readings = list(process.read([picture_of(text) for text in texts], "0123456789"))
        assert list(process.read([], "0")) == []
        assert [reading.text for reading in process.read([picture_of("0x")], "x")] == ["x"]
    assert [reading.text for reading in readings] == [text[:3] for text in texts]
    assert {reading.confidence for reading in readings} == {0.75}
    assert all(0 < reading.seconds < 1 for reading in readings)


def test_a_reader_need_not_be_sure(tmp_path) -> None:
    with ReaderProcess(fake_reader(tmp_path, "loud", "upper")) as process:
        reading = next(process.read([picture_of("ab")], "ab"))
    assert (reading.text, reading.confidence) == ("AB", None)


def test_a_reader_that_cannot_be_opened_says_why(tmp_path) -> None:
    with pytest.raises(CaptchaLabError, match=r"^broken: It has no weights; take a fresh copy\.$"):
        ReaderProcess(fake_reader(tmp_path, "broken", "unusable"))


def test_a_reader_that_ends_too_early_is_named(tmp_path) -> None:
    with ReaderProcess(fake_reader(tmp_path, "weak", "crash")) as process:
        with pytest.raises(CaptchaLabError, match="weak ended before"):
            list(process.read([picture_of("1")], "1"))
        process._process.wait()
        with pytest.raises(CaptchaLabError, match="weak ended before"):
            list(process.read([picture_of("1")] * 3, "1"))


def test_a_process_has_its_own_packages_one_thread_and_an_end(tmp_path) -> None:
    (tmp_path / "lonely.py").write_text("NAME = 'only here'")
    code = f"""
import json, lonely, os, sys
print(json.dumps({{"reader": lonely.NAME + str([os.environ[name] for name in {list(ONE_THREAD)}])}}), flush=True)
sys.stdin.read()
"""
    with ReaderProcess(Reader("x", ("-c", code), (tmp_path,))) as process:
        assert process.identity == "only here['1', '1', '1']"
    assert process._process.returncode is not None


def test_a_checkpoint_reads_in_its_process_as_it_does_here(tmp_path) -> None:
    from captcha_core.recognizer import Recognizer

    path = save_tiny_checkpoint(tmp_path / "tiny.safetensors")
    picture = png_bytes(draw_picture("abc12"))
    (reader,) = checkpoints([path], None)
    with ReaderProcess(reader) as process:
        (reading,) = process.read([picture], "01")
    here = Recognizer(path).read(picture)
    assert (process.name, process.identity) == ("tiny.safetensors", here.model_id)
    assert (reading.text, reading.confidence) == (here.text, pytest.approx(here.confidence))


def test_a_masked_checkpoint_writes_nothing_else(tmp_path) -> None:
    from captcha_core.recognizer import Recognizer

    path = save_tiny_checkpoint(tmp_path / "tiny.safetensors")
    picture = png_bytes(draw_picture("abc12"))
    (reader,) = checkpoints([path], None, masked=True)
    assert reader.name == "tiny.safetensors, masked"
    with ReaderProcess(reader) as process:
        (known,) = process.read([picture], "0A2")
        (unknown,) = process.read([picture], "A")
    assert known.text and set(known.text) <= set("02")
    assert unknown.text == Recognizer(path).read(picture).text, "of characters that it has not, none can be written"


def test_checkpoints_must_be_there_and_have_names_of_their_own(tmp_path) -> None:
    with pytest.raises(CaptchaLabError, match=r"no checkpoint at .*none\.safetensors; check --checkpoint"):
        checkpoints([tmp_path / "none.safetensors"], None)
    paths = [tmp_path / folder / "best.safetensors" for folder in "ab"]
    for path in paths:
        path.parent.mkdir()
        path.touch()
    with pytest.raises(CaptchaLabError, match=r"Two checkpoints are called best\.safetensors"):
        checkpoints(paths, None)


def test_checkpoints_share_the_engine_of_the_rivals(tmp_path, monkeypatch) -> None:
    (tmp_path / "x.onnx").touch()
    monkeypatch.chdir(tmp_path)
    (reader,) = checkpoints([Path("x.onnx")], Path("others"))
    assert reader.folders == (tmp_path / "others" / SHARED,)
    assert reader.command[-2:] == ("checkpoint", str(tmp_path / "x.onnx"))


def test_a_missing_folder_of_rivals_says_how_to_make_it(tmp_path) -> None:
    with pytest.raises(CaptchaLabError, match=rf"install it with: python tools/rivals\.py {tmp_path}$"):
        rivals(tmp_path)
    for name in list(FOLDERS)[:-1]:
        (tmp_path / name).mkdir()
    with pytest.raises(CaptchaLabError, match=list(FOLDERS)[-1]):
        rivals(tmp_path)


def test_every_rival_has_the_folder_of_its_release(tmp_path) -> None:
    for name in FOLDERS:
        (tmp_path / name).mkdir()
    readers = rivals(tmp_path)
    assert len({reader.name for reader in readers}) == len(readers)
    for reader in readers:
        own, shared = reader.folders
        assert own.is_dir() and shared == tmp_path / SHARED
        assert own.name == "-".join(reader.name.split()[:2])
    assert {reader.folders[0].name for reader in readers} | {SHARED} == set(FOLDERS)
    assert (ROOT / "benchmarks" / "reader_process.py").is_file()
