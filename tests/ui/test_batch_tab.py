"""The Batch tab without a server: a run from upload to table, and its endpoint's answer."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import gradio as gr
import pyarrow.parquet as pq
import pytest

from captcha_core.batch import Reading
from captcha_core.errors import CaptchaLabError, CheckpointError, DataError
from captcha_core.prediction import Prediction
from captcha_core.rows import COLUMNS
from captcha_core.ui.batch_again import offered
from captcha_core.ui.batch_layout import build_parts
from captcha_core.ui.batch_reading import Run, batch_for_api, downloads, gathered, mapped, read_set, stop_run
from captcha_core.ui.batch_tab import _kept, counted, examples, run, shown, turned
from captcha_core.ui.batch_view import ALL, AS_SENT, DOUBTFUL, FAILED, WRONG, Result
from captcha_core.ui.blocks import build_page
from captcha_core.ui.files import Files
from captcha_core.ui.shelf import Shelf
from captcha_core.uploads import Upload
from tests.helpers import png_bytes
from tests.ui.helpers import GreyReader, catalogue_of, context_of, grey_picture, in_loop

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer


def uploads(folder: Path, *texts: str, bad: bool = False) -> list[Upload]:
    files = []
    for place, text in enumerate(texts):
        path = folder / str(place)
        path.write_bytes(png_bytes(grey_picture(text)))
        files.append(Upload(path, f"{text}_{place}.png"))
    if bad:
        (folder / "bad").write_bytes(b"no picture")
        files.append(Upload(folder / "bad", "DDDD_9.png"))
    return files


def finished(reader: Any, files: list[Upload], run: Run | None = None) -> Result:
    reading = mapped(read_set(reader, gathered(files), run or Run()), lambda done: done)
    while True:
        try:
            next(reading)
        except StopIteration as end:
            return cast(Result, end.value)


def test_a_set_is_read_and_measured(reader: Recognizer, tmp_path: Path) -> None:
    result = finished(reader, uploads(tmp_path, "ABCD", "DDAA", bad=True))
    assert [r.outcome.text for r in result.readings if isinstance(r.outcome, Prediction)] == ["ABCD", "DDAA"]
    assert result.labels_from == ("file names",)
    assert result.evaluation is not None
    assert result.evaluation.metrics.exact_match == pytest.approx(2 / 3)
    assert result.model_id == "grey@0123456789ab"


def test_a_run_that_is_told_to_stop_keeps_what_it_has(reader: Recognizer, tmp_path: Path) -> None:
    runs: Shelf[Run] = Shelf()
    run = Run()
    stop_run(runs, runs.put(run))
    stop_run(runs, "no such run")
    stop_run(runs, None)
    result = finished(reader, uploads(tmp_path, "ABCD", "DDAA", "CCCC"), run)
    assert len(result.readings) == 1
    assert result.notes == ["Reading stopped as you asked; 2 pictures were not read."]


def test_a_run_ends_when_its_time_is_up_and_tells_how_far_it_is(
    reader: Recognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr("captcha_core.ui.batch_reading.time.monotonic", lambda: float(next(clock)))
    reading = read_set(reader, gathered(uploads(tmp_path, "ABCD", "DDAA", "CCCC", "BBBB")), Run(), 25.0)
    assert (next(reading), next(reading)) == (1, 2)
    with pytest.raises(StopIteration) as end:
        next(reading)
    assert end.value.value.notes[0].startswith("Reading stopped after 30 seconds")


def test_a_model_that_fails_shows_no_path(tmp_path: Path) -> None:
    class Broken(GreyReader):
        def stream(self, *_: Any) -> Any:
            raise CheckpointError("/secret/model.safetensors is broken")

    with pytest.raises(CheckpointError) as caught:
        finished(Broken(), uploads(tmp_path, "ABCD"))
    assert "/secret" not in str(caught.value)


@pytest.mark.parametrize("files", [None, DataError("These are 3,000 files.")])
def test_nothing_to_read_is_one_sentence(files: Any) -> None:
    with pytest.raises(CaptchaLabError):
        gathered(files)


def test_the_answer_of_the_endpoint_is_plain_and_has_no_path(reader: Recognizer, tmp_path: Path) -> None:
    files = uploads(tmp_path, "ABCD", bad=True)
    answer = batch_for_api(context_of(reader), files, None)
    first, bad = answer["rows"]
    assert list(first) == [*COLUMNS, "label"]
    assert (first["prediction"], first["label"], first["error"]) == ("ABCD", "ABCD", None)
    assert bad["error"] and bad["error"].startswith("DDDD_9.png is not") and bad["prediction"] is None
    assert answer["exact_match"] == 0.5 and answer["cer"] == 0.5
    assert str(tmp_path) not in str(answer)


def test_an_error_of_the_endpoint_is_escaped(reader: Recognizer, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    with pytest.raises(gr.Error) as caught:
        batch_for_api(context_of(reader), [Upload(tmp_path / "x", "<b>.zip")], None)
    assert "&lt;b&gt;.zip is not a whole zip" in str(caught.value)


def test_the_downloads_are_what_predict_writes_and_no_formula(tmp_path: Path) -> None:
    readings = [
        Reading("=1+1.png", None, Prediction("=A", 0.5, (0.5, 0.25)), b""),
        Reading("bad.png", None, CaptchaLabError("bad.png is damaged."), b""),
    ]
    table, parquet = downloads(Result(readings, "m", 1.0), tmp_path)
    with table.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.reader(handle))
    assert rows[0] == list(COLUMNS)
    assert rows[1] == ["'=1+1.png", "'=A", "0.500000", "0.500000 0.250000", ""]
    assert rows[2] == ["bad.png", "", "", "", "bad.png is damaged."]
    assert pq.read_table(parquet).to_pylist()[0]["file"] == "=1+1.png"
    assert table.parent.parent == tmp_path


def test_the_pages_are_turned_within_bounds(reader: Recognizer, tmp_path: Path) -> None:
    shelf: Shelf[Result] = Shelf()
    one = finished(reader, uploads(tmp_path, "ABCD"))
    key = shelf.put(Result(list(one.readings) * 120, "m", 1.0))
    assert [turned(shelf, 1, key, ALL, AS_SENT, 80, True, page)[1] for page in (1, 2, 3, None)] == [2, 3, 3, 2]
    _, page, count, back, forth = shown(shelf, key, ALL, AS_SENT, 80, True, 3)
    assert (page, back.interactive, forth.interactive) == (3, True, False)
    assert "of 3 pages" in count


@pytest.mark.parametrize(("written", "page"), [(-3, 1), (0, 1), (None, 1), (1.6, 2), (2, 2), (99, 3), (1e300, 3)])
def test_whatever_is_written_into_the_page_box_gives_a_page(
    reader: Recognizer, tmp_path: Path, written: float | None, page: int
) -> None:
    shelf: Shelf[Result] = Shelf()
    key = shelf.put(Result(list(finished(reader, uploads(tmp_path, "ABCD")).readings) * 120, "m", 1.0))
    parts, _ = in_loop(read_by_page, reader, None)
    assert shown(shelf, key, ALL, AS_SENT, 80, True, parts.page.preprocess(written))[1] == page


def test_a_result_that_has_given_way_says_so() -> None:
    shelf: Shelf[Result] = Shelf()
    assert "no longer kept" in shown(shelf, "gone", ALL, AS_SENT, 80, True)[0]
    assert "no longer kept" in counted(shelf, "gone", ALL, AS_SENT, 80, True)[2]


def test_names_that_are_no_texts_can_be_taken_back(reader: Recognizer, tmp_path: Path) -> None:
    shelf: Shelf[Result] = Shelf()
    key = shelf.put(finished(reader, uploads(tmp_path, "ABCD", "DDAA")))
    assert "✓ right" in shown(shelf, key, ALL, AS_SENT, 80, True)[0]
    radio, measures, table, *_ = counted(shelf, key, WRONG, AS_SENT, 80, False)
    assert radio.value == ALL and measures == "" and "right" not in table
    kept = _kept(shelf, key, False)
    assert kept is not None and kept.evaluation is None


def test_names_are_taken_back_and_labels_of_a_table_stay(reader: Recognizer, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
        archive.writestr("scan.png", png_bytes(grey_picture("DDAA")))
        archive.writestr("labels.csv", "file,label\nscan.png,DDAA\n")
    shelf: Shelf[Result] = Shelf()
    result = finished(reader, [*uploads(tmp_path, "ABCD"), Upload(tmp_path / "zip", "set.zip")])
    key = shelf.put(result)
    assert [r.label for r in result.readings] == ["ABCD", "DDAA"]
    _, measures, table, *_ = counted(shelf, key, ALL, AS_SENT, 80, False)
    assert "labels from labels.csv." in measures and "<dd>1</dd>" in measures
    assert table.count("✓ right") == 1
    _, measures, table, *_ = counted(shelf, key, ALL, AS_SENT, 80, True)
    assert "labels from file names and labels.csv." in measures and table.count("✓ right") == 2


def changed(page: gr.Blocks, function: Any) -> list[str]:
    """Return the names of what makes a page call a function."""
    found = [event for event in page.fns.values() if getattr(event.fn, "func", None) is function]
    return [name for event in found for _, name in event.targets]


def test_the_doubtful_are_counted_whichever_way_the_slider_is_moved(reader: Recognizer) -> None:
    page = in_loop(build_page, catalogue_of(reader))
    assert sorted(changed(page, counted)) == ["change", "input"]
    assert changed(page, offered) == ["change", "change"], "of the menu, and of the set"
    assert all(update == gr.skip() for update in counted(Shelf(), "", ALL, AS_SENT, 50, True)), "there is no set yet"


def test_what_is_doubtful_is_in_percent(reader: Recognizer, tmp_path: Path) -> None:
    shelf: Shelf[Result] = Shelf()
    key = shelf.put(finished(reader, uploads(tmp_path, "ABCD")))
    # GreyReader is sure of half.
    for doubtful_below, doubtful in ((50, 0), (51, 1)):
        radio, *_ = counted(shelf, key, ALL, AS_SENT, doubtful_below, True)
        assert (f"Doubtful {doubtful}", DOUBTFUL) in radio.choices
        assert ('title="doubtful"' in shown(shelf, key, ALL, AS_SENT, doubtful_below, True)[0]) == bool(doubtful)


def read_by_page(
    reader: Any, files: Files, show: str = ALL, shelf: Shelf[Result] | None = None, **others: Any
) -> tuple[Any, list[dict[Any, Any]]]:
    """Return the tab's elements, and what is yielded for them; the last of ``others`` reads, if there are such."""
    with gr.Blocks():
        parts = build_parts(gr.Button())
    context, model = context_of(reader, **others), [None, *others][-1]
    return parts, list(run(context, shelf or Shelf(), parts, Run(files), model, show, AS_SENT, 80))


def test_a_full_disk_takes_the_table_from_nobody(
    reader: Recognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise CaptchaLabError("Cannot write /secret/predictions.csv: No space left on device.")

    monkeypatch.setattr("captcha_core.ui.batch_reading.open_table", full)
    parts, updates = in_loop(read_by_page, reader, uploads(tmp_path, "ABCD"))
    *_, shown_first, last = updates
    assert "ABCD" in shown_first[parts.table] and shown_first[parts.stop].visible is False
    assert not shown_first[parts.csv].interactive
    assert "1 of 1 pictures read" in last[parts.status] and "could not be written" in last[parts.status]
    assert "/secret" not in str(updates) and parts.csv not in last


def test_a_thousand_pictures_are_read_shown_and_taken_home(reader: Recognizer, tmp_path: Path) -> None:
    parts, updates = in_loop(read_by_page, reader, uploads(tmp_path, *["ABCD", "DDAA"] * 500))
    shown_first, last = updates[-2:]
    assert "1,000 of 1,000 pictures read" in shown_first[parts.status]
    assert shown_first[parts.table].count("<tr>") == 51 and "of 20 pages" in shown_first[parts.pages]
    assert "100.0%" in shown_first[parts.measures]
    with Path(last[parts.csv].value["path"]).open(encoding="utf-8", newline="") as handle:
        assert [row["prediction"] for row in csv.DictReader(handle)] == ["ABCD", "DDAA"] * 500


@pytest.mark.parametrize(("show", "kept"), [(WRONG, WRONG), (FAILED, ALL)])
def test_a_filter_stays_for_the_next_set_unless_it_leaves_nothing(
    reader: Recognizer, tmp_path: Path, show: str, kept: str
) -> None:
    files = [upload._replace(name="DDDD.png") for upload in uploads(tmp_path, "ABCD")]
    parts, updates = in_loop(read_by_page, reader, files, show)
    assert updates[-2][parts.show].value == kept and "ABCD" in updates[-2][parts.table]


def test_the_examples_are_named_by_their_text() -> None:
    files = examples()
    assert len(files) >= 4 and all(file.path.is_file() for file in files)


def test_a_shelf_keeps_the_newest_by_keys_that_cannot_be_guessed() -> None:
    shelf: Shelf[int] = Shelf(2)
    first, second = shelf.put(1), shelf.put(2)
    assert shelf.get(first) == 1
    third = shelf.put(3)
    assert [shelf.get(key) for key in (first, second, third, "x", None)] == [1, None, 3, None, None]
    assert len({first, second, third}) == 3 and len(first) > 16
    assert [shelf.drop(key) for key in (third, third, None)] == [3, None, None]
    assert shelf.get(third) is None


def test_a_zip_is_read_like_its_pictures(reader: Recognizer, tmp_path: Path) -> None:
    path = tmp_path / "set"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/ABCD_1.png", png_bytes(grey_picture("ABCD")))
    [reading] = finished(reader, [Upload(path, "set.zip")]).readings
    assert isinstance(reading.outcome, Prediction) and reading.outcome.text == reading.label == "ABCD"
