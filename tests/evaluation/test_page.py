from __future__ import annotations

import base64
import html
import io
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from captcha_core.errors import ImageError
from captcha_core.evaluation.page import marked_html, page_html
from captcha_core.evaluation.page_parts import COLOURS
from captcha_core.evaluation.shown import choose_sections
from captcha_core.imaging import load_image
from tests.evaluation.helpers import PICTURE, Row, evaluation_of, read, samples_of

HOSTILE = '<script src="//x.org/a.js">&\'"'
VOID = {"meta", "img"}


class Checked(HTMLParser):
    """Checks that every element is closed in order; keeps tags, attributes and texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def page_of(*rows: Row, title: str = "tiny@12 on data", note: str | None = None) -> str:
    evaluation = evaluation_of(*rows)
    return page_html(evaluation, choose_sections(evaluation, samples_of(evaluation), 500), title, note)


MIXED = (
    ("right.png", "abc", read("abc", 0.9876)),
    ("wrong.png", "oj057", read("ojo57", 0.683)),
    ("case.png", "aBc", read("abc", 0.5)),
    ("empty.png", "ab", read("", 0.25)),
    ("gone.png", "xyz", ImageError("gone.png is empty (0 bytes)")),
)


def test_each_picture_stands_with_its_outcome_and_confidence() -> None:
    page = page_of(*MIXED)
    cards = {
        re.search(r'class="file">(.*?)<', card)[1]: card  # type: ignore[index]
        for card in re.findall(r"<li .*?</li>", page, re.DOTALL)
    }
    assert "✓</span> right" in cards["right.png"] and "98.7%" in cards["right.png"]
    assert "✗</span> wrong<" in cards["wrong.png"] and "68.3%" in cards["wrong.png"]
    assert 'oj<ins title="o instead of 0">0</ins>57' in cards["wrong.png"]
    assert 'oj<mark title="o instead of 0">o</mark>57' in cards["wrong.png"]
    assert "✗</span> wrong case" in cards["case.png"]
    assert "a was missed" in cards["empty.png"]
    assert "!</span> not opened" in cards["gone.png"] and "gone.png is empty (0 bytes)" in cards["gone.png"]
    assert "<img" not in cards["gone.png"] and "xyz" in cards["gone.png"]
    assert [re.search('class="(.*?)"', cards[f"{n}.png"])[1] for n in ("right", "wrong", "gone")] == [  # type: ignore[index]
        "right",
        "wrong",
        "unopened",
    ]


def test_figures_count_every_picture_and_sections_can_be_folded() -> None:
    page = page_of(*MIXED, note="1 label differs in case")
    assert "<dt>exact_match</dt><dd>20.00%" in page
    assert "1 could not be opened" in page and "1 label differs in case" in page
    assert re.findall(r"<h2>(.*?)</h2>", page) == ["Wrong: 3", "Not opened: 1", "Right: 1"]
    assert page.count("<details open>") == 3


def test_pictures_are_inside_the_page_without_loss() -> None:
    page = page_of(MIXED[0])
    (source,) = re.findall(r'<img src="data:image/webp;base64,(.*?)"', page)
    with Image.open(io.BytesIO(base64.b64decode(source))) as picture:
        assert ImageChops.difference(picture.convert("RGB"), load_image(PICTURE)).getbbox() is None


@pytest.mark.parametrize("place", ["file", "label", "read", "error", "title", "note"])
def test_everything_is_escaped(place) -> None:
    text = {place: HOSTILE}
    row = (text.get("file", "a"), text.get("label", "b"), read(text.get("read", "c")))
    error = ("d", "e", ImageError(text.get("error", "f")))
    page = page_of(row, error, title=text.get("title", "g"), note=text.get("note", "h"))
    parsed = Checked(page)
    assert "script" not in {tag for tag, _ in parsed.tags}
    if place not in ("label", "read"):  # These are marked character by character.
        assert html.escape(HOSTILE) in page and HOSTILE in "".join(parsed.texts)


def test_nothing_comes_from_elsewhere() -> None:
    page = page_of(*MIXED)
    parsed = Checked(page)
    assert {tag for tag, _ in parsed.tags} & {"script", "link", "iframe", "object", "base", "a"} == set()
    for _, attributes in parsed.tags:
        assert not any(name.startswith("on") for name in attributes)
        assert (attributes.get("src") or "data:").startswith("data:") and "href" not in attributes
    assert "default-src 'none'" in page and "url(" not in page and "@import" not in page


def test_texts_that_cannot_be_encoded_are_shown_with_a_replacement_mark() -> None:
    page = page_of(("a\udcff\x00.png", "b\u202ec", read("bc")))
    assert page.encode() and "a\ufffd\ufffd.png" in page and "\u202e" not in page


@given(st.text("ab<&", max_size=6), st.text("ab<&", max_size=6))
def test_marks_give_both_texts_back(label, text) -> None:
    for marked, plain in zip(marked_html(label, text), (label, text), strict=True):
        assert html.unescape(re.sub(r"<[^>]*>", "", marked)).replace("\xa0", "") == plain
    assert (label == text) == ("<mark" not in "".join(marked_html(label, text)))


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "back"),
    [
        *(("text", back) for back in ("page", "card", "truth-back")),
        *(("quiet", back) for back in ("page", "card", "truth-back")),
        *((name, "card") for name in ("right", "wrong", "unopened")),
        ("wrong", "wrong-back"),
    ],
)
def test_every_text_has_contrast(scheme, text, back) -> None:
    dark, light = sorted(luminance(COLOURS[name][scheme]) for name in (text, back))
    assert (light + 0.05) / (dark + 0.05) >= 4.5
