import io

import pytest
from PIL import Image

from benchmarks.labelled_sets import PUBLISHED, STYLES, LabelledSet, choose_sets, load_pictures, sets_in
from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import SPLIT_SCHEMA, Sample
from captcha_core.errors import CaptchaLabError
from tests.benchmarks.pixels import picture_of, text_in
from tests.benchmarks.samples import STYLE_FILES, write_data, write_set


def test_a_folder_has_the_published_sets_and_every_style(tmp_path) -> None:
    sets = sets_in(write_data(tmp_path))
    assert [s.name for s in sets] == [s.name for s in PUBLISHED] + [f"{STYLES}/{style}" for style in STYLE_FILES]
    assert all(s.folded for s in sets if s.name.startswith(STYLES))


def test_what_a_folder_lacks_is_named(tmp_path) -> None:
    write_data(tmp_path)
    (tmp_path / PUBLISHED[0].file).unlink()
    for style in (tmp_path / STYLES).iterdir():
        style.unlink()
    with pytest.raises(CaptchaLabError, match=rf"lacks {PUBLISHED[0].file}, {STYLES}/\*.parquet; give"):
        sets_in(tmp_path)


def test_sets_are_chosen_by_name_and_styles_together(tmp_path) -> None:
    sets = sets_in(write_data(tmp_path))
    assert choose_sets(sets, None) == sets
    assert [s.name for s in choose_sets(sets, ["gregwar_150x40"])] == ["gregwar_150x40"]
    assert [s.name for s in choose_sets(sets, [f"{STYLES}/second"])] == [f"{STYLES}/second"]
    assert [s.name for s in choose_sets(sets, [STYLES, "pycaptcha_ld5"])] == [
        "pycaptcha_ld5",
        f"{STYLES}/first",
        f"{STYLES}/second",
    ]
    with pytest.raises(CaptchaLabError, match=r"no set 'soup'; --only takes .*pycaptcha_ld5.*zoo_dev/first"):
        choose_sets(sets, ["soup"])


def test_only_the_split_is_read_and_the_alphabet_is_that_of_all_its_labels(tmp_path) -> None:
    with ParquetWriter(tmp_path / "x.parquet", schema=SPLIT_SCHEMA) as writer:
        for number, (label, split) in enumerate([("zz", "train"), ("ab", "test"), ("cb", "test")]):
            picture = Image.new("P", (8, 9), number)
            buffer = io.BytesIO()
            picture.save(buffer, "GIF")
            writer.write(Sample(buffer.getvalue(), label, f"{number}.gif", "test"), split=split)
    labelled = LabelledSet("x", "X", "x.parquet", split="test")
    pictures = load_pictures(tmp_path, labelled, 1)
    assert (pictures.labels, pictures.alphabet) == (["ab"], "abc")
    opened = Image.open(io.BytesIO(pictures.images[0]))
    assert (opened.format, opened.mode, opened.size) == ("PNG", "RGB", (8, 9))
    assert load_pictures(tmp_path, LabelledSet("x", "X", "x.parquet", "test", "digits")).alphabet == "0123456789"


def test_the_fingerprint_tells_pictures_and_labels_apart(tmp_path) -> None:
    labelled = LabelledSet("x", "X", "x.parquet")
    fingerprints = set()
    for labels in (["ab", "c"], ["ab", "d"], ["ab", "c", "c"]):
        write_set(tmp_path / "x.parquet", labels)
        pictures = load_pictures(tmp_path, labelled)
        assert [text_in(image) for image in pictures.images] == pictures.labels == labels
        fingerprints |= {pictures.fingerprint, load_pictures(tmp_path, labelled).fingerprint}
    for label in "ef":
        write_set(tmp_path / "x.parquet", [label], picture_of("one"))
        fingerprints.add(load_pictures(tmp_path, labelled).fingerprint)
    assert len(fingerprints) == 5
