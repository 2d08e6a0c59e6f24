from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from captcha_core.alphabet import Alphabet
from captcha_core.data.load import load_data
from captcha_core.data.parquet import ParquetWriter
from captcha_core.data.schema import Sample
from captcha_core.decoding import IGNORED
from captcha_core.errors import AlphabetError, CaptchaLabError, CheckpointError, DataError, ImageError
from captcha_core.prediction import Prediction
from captcha_core.recognizer import Recognizer, Source
from captcha_core.training.targets import encode_labels
from captcha_core.visualize import CaptchaVisualizer, show_all_images_with_predictions
from tests.helpers import ALPHABET, assert_plain, draw_picture, png_bytes, save_tiny_checkpoint

PICTURE = draw_picture("abc12")
ABC = Alphabet("abc")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose latest checkpoint is not the last by name."""
    folder = tmp_path_factory.mktemp("models")
    save_tiny_checkpoint(folder / "first.safetensors", epoch=10, temperature=2.0)
    save_tiny_checkpoint(folder / "second.safetensors", epoch=9)
    return folder


@pytest.fixture(scope="module")
def visualizer(models: Path) -> CaptchaVisualizer:
    return CaptchaVisualizer(models / "first.safetensors")


def logits_of(paths: list[list[int]], classes: int, sure: float = 6.0) -> torch.Tensor:
    """Return logits (B, T, classes) whose best class per time step is the path's."""
    return torch.nn.functional.one_hot(torch.tensor(paths), classes).float() * sure


def test_a_model_comes_from_a_checkpoint_a_folder_or_a_recogniser(models: Path) -> None:
    recognizer = Recognizer(models / "second.safetensors")
    assert CaptchaVisualizer(recognizer).recognizer is recognizer
    assert CaptchaVisualizer(models / "second.safetensors").recognizer.meta.epoch == 9
    assert CaptchaVisualizer(str(models)).recognizer.meta.epoch == 10
    with pytest.raises(CheckpointError):
        CaptchaVisualizer(models / "missing.safetensors")


def test_without_a_choice_the_latest_shipped_one_is_loaded_when_needed(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visualizer = CaptchaVisualizer()
    monkeypatch.setattr("captcha_core.recognizer.DEFAULT_MODELS", models)
    assert visualizer.recognizer.meta.epoch == 10
    assert visualizer.recognizer is visualizer.recognizer


def test_load_latest_model_takes_the_highest_epoch_and_keeps_it(models: Path) -> None:
    visualizer = CaptchaVisualizer(ABC)
    recognizer = visualizer.load_latest_model(models)
    assert recognizer.meta.epoch == 10 and visualizer.recognizer is recognizer
    assert visualizer.alphabet.symbols == ALPHABET


def test_a_folder_without_checkpoints_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint"):
        CaptchaVisualizer(ABC).load_latest_model(tmp_path)


def test_the_mapping_has_every_character(visualizer: CaptchaVisualizer) -> None:
    assert CaptchaVisualizer(ABC).create_index_to_char_mapping() == {0: "a", 1: "b", 2: "c"}
    assert "".join(visualizer.create_index_to_char_mapping().values()) == ALPHABET


@given(st.lists(st.text("abc", max_size=5), min_size=1, max_size=6))
def test_labels_come_back_from_their_targets(labels) -> None:
    rows = [([*ABC.encode(label), len(ABC)] + [IGNORED] * 6)[:6] for label in labels]
    assert CaptchaVisualizer(ABC).decode_labels(torch.tensor(rows)) == labels


@pytest.mark.parametrize("scheme", ["positions", "ctc"])
def test_what_training_ignores_is_what_labels_ignore(scheme: str) -> None:
    labels = ["cab", "a", ""]
    assert CaptchaVisualizer(ABC).decode_labels(encode_labels(labels, ABC, 4, scheme, 9)) == labels


def test_padding_by_the_blank_is_no_text_and_another_class_is_refused() -> None:
    assert CaptchaVisualizer(ABC).decode_labels(torch.tensor([[0, 2, 3, 3], [3, 3, 3, 3]])) == ["ac", ""]
    with pytest.raises(AlphabetError, match="Class 4"):
        CaptchaVisualizer(ABC).decode_labels(torch.tensor([[0, 4]]))


@pytest.mark.parametrize(
    ("scheme", "classes", "path", "text"),
    [("positions", 4, [0, 0, 3, 1], "aa"), ("heads", 3, [0, 0, 2, 1], "aacb"), ("ctc", 4, [0, 0, 3, 0, 1], "aab")],
)
def test_logits_are_read_by_their_scheme(scheme, classes, path, text) -> None:
    logits = logits_of([path, path], classes).requires_grad_()
    visualizer = CaptchaVisualizer(ABC)
    assert visualizer.decode_predictions(logits, scheme) == [text, text]
    pairs = visualizer.get_confidence_per_char(logits, scheme)
    assert ["".join(character for character, _ in one) for one in pairs] == [text, text]
    assert all(0.5 < confidence <= 1.0 for one in pairs for _, confidence in one)


def test_a_model_s_own_logits_are_read_as_the_model_reads(visualizer: CaptchaVisualizer) -> None:
    recognizer = visualizer.recognizer
    logits = torch.from_numpy(recognizer._model(recognizer.transform.array(PICTURE)[None]))
    expected = recognizer.read(PICTURE)
    assert visualizer.decode_predictions(logits) == [expected.text]
    (pairs,) = visualizer.get_confidence_per_char(logits)
    assert [c for _, c in pairs] == pytest.approx(expected.char_confidences), "with the checkpoint's temperature"


def test_an_alphabet_alone_reads_no_logits_of_an_unnamed_scheme() -> None:
    with pytest.raises(CheckpointError) as caught:
        CaptchaVisualizer(ABC).decode_predictions(torch.zeros(1, 2, 4))
    assert_plain(str(caught.value), "load_latest_model", "scheme")


def test_confidences_of_predictions() -> None:
    prediction = Prediction("ab", 0.5, (0.9, 0.6))
    visualizer = CaptchaVisualizer(ABC)
    assert visualizer.get_confidence_per_char(prediction) == [[("a", 0.9), ("b", 0.6)]]
    assert visualizer.get_confidence_per_char(iter([prediction, Prediction("", 0.1, ())])) == [
        [("a", 0.9), ("b", 0.6)],
        [],
    ]


@pytest.mark.parametrize("kind", ["picture", "bytes", "path"])
def test_an_image_is_drawn_with_its_reading(visualizer: CaptchaVisualizer, tmp_path: Path, kind) -> None:
    (tmp_path / "abc.png").write_bytes(png_bytes(PICTURE))
    sources: dict[str, Source] = {"picture": PICTURE, "bytes": png_bytes(PICTURE), "path": tmp_path / "abc.png"}
    figure = visualizer.visualize_image(sources[kind], tmp_path / "new" / "figure.png")
    assert figure.get_suptitle().startswith(visualizer.recognizer.read(PICTURE).text)
    with Image.open(tmp_path / "new" / "figure.png") as written:
        assert written.format == "PNG"
    assert len(list((tmp_path / "new").iterdir())) == 1


def test_what_is_no_picture_is_refused(visualizer: CaptchaVisualizer) -> None:
    with pytest.raises(ImageError):
        visualizer.visualize_image(b"text")


def labelled(visualizer: CaptchaVisualizer, tmp_path: Path) -> Path:
    """Write a right, a wrong and a broken picture."""
    text = visualizer.recognizer.read(PICTURE).text
    with ParquetWriter(tmp_path / "data.parquet") as writer:
        writer.write(Sample(png_bytes(PICTURE), text, "right.png", "test"))
        writer.write(Sample(png_bytes(PICTURE), text[:-1] + "#", "wrong.png", "test"))
        writer.write(Sample(b"text", text, "broken.png", "test"))
    return tmp_path / "data.parquet"


def texts_of(figure) -> str:
    return "\n".join(text.get_text() for axes in figure.axes for text in axes.texts)


def test_samples_are_marked(visualizer: CaptchaVisualizer, tmp_path: Path) -> None:
    data = labelled(visualizer, tmp_path)
    figure = visualizer.visualize_predictions(load_data([data]), tmp_path / "grid.png", columns=2)
    assert [sign in texts_of(figure) for sign in ("✓ right", "✗ wrong", "! not opened")] == [True] * 3
    assert "3 pictures, 1 read right" in figure.texts[0].get_text()
    with Image.open(tmp_path / "grid.png") as written:
        assert written.format == "PNG"


def test_pairs_of_picture_and_text_are_samples_too(visualizer: CaptchaVisualizer, tmp_path: Path) -> None:
    (tmp_path / "abc.png").write_bytes(png_bytes(PICTURE))
    text = visualizer.recognizer.read(PICTURE).text
    figure = visualizer.visualize_predictions([(PICTURE, text), (tmp_path / "abc.png", "#")])
    assert "#1" in texts_of(figure) and "abc.png" in texts_of(figure)
    assert "1 read right" in figure.texts[0].get_text()


def test_a_limit_is_said_and_nothing_further_is_read(visualizer: CaptchaVisualizer) -> None:
    asked: list[int] = []

    def stream():
        for number in range(100):
            asked.append(number)
            yield PICTURE, "abc"

    figure = visualizer.visualize_predictions(stream(), limit=3)
    assert "the first 3 pictures" in figure.texts[0].get_text() and len(figure.axes) == 3
    assert len(asked) <= 4


@pytest.mark.parametrize("samples", [[], [(b"text", "abc")]])
def test_nothing_to_show_is_an_error(visualizer: CaptchaVisualizer, samples) -> None:
    with pytest.raises(DataError, match=f"None of the {len(samples)} pictures"):
        visualizer.visualize_predictions(samples)


def test_a_folder_is_shown_without_labels(visualizer: CaptchaVisualizer, models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.png").write_bytes(png_bytes(PICTURE))
    (folder / "broken.png").write_bytes(b"text")
    checkpoint = models / "first.safetensors"
    figure = show_all_images_with_predictions(folder, checkpoint, tmp_path / "all.png")
    shown = texts_of(figure)
    assert shown.count(f"read  {visualizer.recognizer.read(PICTURE).text}") == 2 and "! not opened" in shown
    assert not any(word in shown for word in ("label", "right", "wrong"))
    assert "read right" not in figure.texts[0].get_text() and (tmp_path / "all.png").is_file()
    assert "1 picture" in show_all_images_with_predictions(folder / "a.png", models).texts[0].get_text()


def test_a_parquet_file_is_shown(visualizer: CaptchaVisualizer, models: Path, tmp_path: Path) -> None:
    figure = show_all_images_with_predictions(labelled(visualizer, tmp_path), models, columns=1)
    assert len(figure.axes) == 3 and "data.parquet#1" in texts_of(figure)


@pytest.mark.parametrize("name", ["missing", "missing.png"])
def test_what_is_not_there_is_an_error(models: Path, tmp_path: Path, name) -> None:
    with pytest.raises(DataError, match=name):
        show_all_images_with_predictions(tmp_path / name, models)


def test_a_figure_of_no_known_format_is_refused_before_anything_is_read(visualizer: CaptchaVisualizer) -> None:
    with pytest.raises(CaptchaLabError, match=".png"):
        visualizer.visualize_image(b"text", "figure.txt")
    with pytest.raises(CaptchaLabError, match=".png"):
        visualizer.visualize_predictions([], "figure")


def test_no_figure_needs_pyplot_and_reading_needs_no_figures() -> None:
    code = (
        "import sys, captcha_core.recognizer, predict\n"
        "assert 'captcha_core.visualize' not in sys.modules\n"
        "import captcha_core.visualize, captcha_core.evaluation.plots as plots\n"
        "assert 'matplotlib' not in sys.modules\n"
        "plots.plot_confusion_matrix({('a', 'b'): 1})\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    root = Path(__file__).resolve().parent.parent
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)
