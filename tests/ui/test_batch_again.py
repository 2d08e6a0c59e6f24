"""A set that was read with one model and can be read again with another, as long as its files lie there."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from captcha_core.errors import DataError
from captcha_core.ui.batch_again import files_of, offered
from captcha_core.ui.batch_view import ALL, Result
from captcha_core.ui.shelf import Shelf
from tests.ui.helpers import Misreader, in_loop
from tests.ui.test_batch_tab import read_by_page, uploads

if TYPE_CHECKING:
    from captcha_core.recognizer import Recognizer


def test_the_files_can_be_read_again_with_another_model(reader: Recognizer, tmp_path: Path) -> None:
    shelf: Shelf[Result] = Shelf()
    files = uploads(tmp_path, "ABCD")
    parts, updates = in_loop(read_by_page, reader, files, ALL, shelf)
    key = updates[-2][parts.key]
    assert [part.visible for part in offered(shelf, key, "grey")] == [False, False], "it is the menu's"
    assert [part.visible for part in offered(shelf, "", "mis")] == [False, False], "there is no set yet"
    note, again = offered(shelf, key, "mis")
    assert "This is what grey reads." in note.value and (again.value, again.visible) == (
        "Read them again with mis",
        True,
    )
    assert files_of(shelf, key) == files
    parts, updates = in_loop(partial(read_by_page, reader, files_of(shelf, key), ALL, shelf, mis=Misreader()))
    key = updates[-2][parts.key]
    assert "ABCB" in updates[-2][parts.table]
    assert [part.visible for part in offered(shelf, key, "mis")] == [False, False]
    assert "This is what mis reads." in offered(shelf, key, "grey")[0].value


def test_files_that_are_gone_are_not_offered_again(reader: Recognizer, tmp_path: Path) -> None:
    shelf: Shelf[Result] = Shelf()
    files = uploads(tmp_path, "ABCD", "DDAA")
    parts, updates = in_loop(read_by_page, reader, files, ALL, shelf)
    key = updates[-2][parts.key]
    files[0].path.unlink()
    note, again = offered(shelf, key, "mis")
    assert "The files are no longer kept; send them again to read them with mis." in note.value and not again.visible
    gone = files_of(shelf, key)
    assert isinstance(gone, DataError) and "no longer kept" in str(gone)
    parts, updates = in_loop(read_by_page, reader, gone)
    assert "no longer kept" in updates[-1][parts.status], "where they go between the offer and the click"
    note, again = offered(shelf, "gone", "mis")
    assert "no longer kept" in note.value and not again.visible and isinstance(files_of(shelf, "gone"), DataError)
