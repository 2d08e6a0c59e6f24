import sys
from itertools import groupby
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks import adapters
from benchmarks.adapters import OPENERS, MaskedGreedy

CHARACTERS = ["blank", "a", "B", "7", "漢", " "]


def scores(*steps: dict[str, float]) -> np.ndarray:
    """Return scores of one picture, (1, T, classes), 0 where a step names no other."""
    return np.array([[[step.get(character, 0.0) for character in CHARACTERS] for step in steps]], np.float32)


def test_only_the_alphabet_competes() -> None:
    seen = scores({"漢": 0.6, "7": 0.3, "blank": 0.1}, {"blank": 1}, {" ": 0.5, "a": 0.4}, {"a": 0.9}, {"B": 0.2})
    greedy = MaskedGreedy(CHARACTERS)
    assert greedy(seen) == ([("漢 aB", 1.0)], [])
    greedy.write_only("a7#")
    assert greedy(seen) == ([("7a", 1.0)], []), "B cannot be written, and # is unknown to the network"
    greedy.write_only("B")
    assert greedy(seen)[0] == [("B", 1.0)]


def test_a_blank_parts_a_character_from_its_repeat() -> None:
    greedy = MaskedGreedy(CHARACTERS)
    greedy.write_only("a")
    assert greedy(scores({"a": 1}, {"a": 1}, {"blank": 1}, {"a": 1}))[0][0][0] == "aa"
    assert greedy(scores({"blank": 1}, {"漢": 1}))[0][0][0] == ""


@given(
    values=arrays(np.float32, (2, 6, len(CHARACTERS)), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])),
    alphabet=st.text("aB7漢 x", max_size=4),
)
def test_masking_is_taking_the_best_of_the_allowed(values: np.ndarray, alphabet: str) -> None:
    greedy = MaskedGreedy(CHARACTERS)
    greedy.write_only(alphabet)
    allowed = [i for i, character in enumerate(CHARACTERS) if i == 0 or character in alphabet]
    for picture, (text, _) in zip(values, greedy(values)[0], strict=True):
        path = [max((step[i], -i, i) for i in allowed)[2] for step in picture]
        assert text == "".join(CHARACTERS[c] for c, _ in groupby(path) if c)


@pytest.fixture
def onnxruntime(monkeypatch) -> ModuleType:
    """Put a stand-in in the place of onnxruntime, and let every package be of release 9."""

    class InferenceSession:
        def __init__(self, path: str, sess_options: Any = None, providers: Any = None) -> None:
            self.path, self.options, self.providers = path, sess_options, providers

    module = ModuleType("onnxruntime")
    module.__dict__.update(SessionOptions=SimpleNamespace, InferenceSession=InferenceSession)
    monkeypatch.setitem(sys.modules, "onnxruntime", module)
    monkeypatch.setattr(adapters, "version", lambda package: "9")
    return module


@pytest.mark.parametrize("model", ["default", "beta"])
def test_ddddocr_is_asked_plainly_with_one_thread_and_no_warnings(model, onnxruntime, monkeypatch) -> None:
    class DdddOcr:
        def __init__(self, **options: Any) -> None:
            self.options = options
            self.session = onnxruntime.InferenceSession("common.onnx", providers=["CPU"])

        def classification(self, picture: bytes) -> str:
            session = self.session.options
            assert (session.intra_op_num_threads, session.inter_op_num_threads) == (1, 1)
            assert session.log_severity_level == 3
            return f"{picture.decode()} {self.options}"

    module = ModuleType("ddddocr")
    module.__dict__.update(DdddOcr=DdddOcr)
    monkeypatch.setitem(sys.modules, "ddddocr", module)
    identity, read = OPENERS["ddddocr"](model)
    assert identity == "ddddocr 9, onnxruntime 9"
    assert read(b"png", "abc", False) == {"text": f"png {{'show_ad': False, 'beta': {model == 'beta'}}}"}


def test_rapidocr_keeps_its_own_way_but_for_the_characters_that_compete(onnxruntime, monkeypatch) -> None:
    seen = scores({"漢": 0.6, "a": 0.4}, {"B": 1.0})

    class RapidOCR:
        def __init__(self, params: dict[str, Any]) -> None:
            assert not params["Global.use_det"] and not params["Global.use_cls"]
            assert (params["Rec.ocr_version"], params["Rec.model_type"]) == ("PP-OCRv6", "the small one")
            own = onnxruntime.InferenceSession("x", sess_options="its own", providers=[])
            assert own.options == "its own"
            self.text_rec: Any = None

        def __call__(self, picture: Any) -> Any:
            if self.text_rec is None:
                self.text_rec = SimpleNamespace(postprocess_op=SimpleNamespace(character=CHARACTERS))
                return None
            assert picture == b"png"
            lines, _ = self.text_rec.postprocess_op(seen, False, wh_ratio_list=[1.0], max_wh_ratio=1.0)
            return SimpleNamespace(txts=[text for text, _ in lines])

    module = ModuleType("rapidocr")
    versions = SimpleNamespace(PPOCRV6="PP-OCRv6")
    module.__dict__.update(RapidOCR=RapidOCR, OCRVersion=versions, ModelType=lambda size: f"the {size} one")
    monkeypatch.setitem(sys.modules, "rapidocr", module)
    identity, read = OPENERS["rapidocr"]("small")
    assert identity == "rapidocr 9, onnxruntime 9"
    assert read(b"png", "aB", False) == {"text": "aB"}
    assert read(b"png", "B漢", True) == {"text": "漢B"}
