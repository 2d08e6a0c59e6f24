from pathlib import Path

import pytest

import evaluate
from captcha_core.adaptation import AdaptOptions, audit
from captcha_core.adaptation.audit import audit_labels
from captcha_core.decoding import Decoded
from captcha_core.prediction import Prediction
from tests.adaptation.conftest import LABELS
from tests.helpers import assert_plain, run_command
from tests.training.test_run import Bar


@pytest.fixture
def _reads_the_labels_but_two(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {LABELS[4]: ("1111", 0.99), LABELS[7]: ("bbb", 0.4)}

    def reads(reading, alphabet, expected, temperature) -> list[Decoded]:
        texts = [wrong.get(example.label, (example.label, 0.9)) for example in reading.examples]
        return [Decoded(text, sure, (sure,) * len(text), ((),) * len(text)) for text, sure in texts]

    monkeypatch.setattr(audit, "decoded", reads)


@pytest.mark.usefixtures("_reads_the_labels_but_two")
def test_every_picture_is_read_once_by_a_model_that_has_not_learned_from_it(options: AdaptOptions) -> None:
    evaluation, samples = audit_labels(options, Bar)
    assert evaluation.labels == [sample.label for sample in samples] == LABELS
    texts = [p.text for p in evaluation.predictions if isinstance(p, Prediction)]
    assert [label for label, text in zip(LABELS, texts, strict=True) if label != text] == [LABELS[4], LABELS[7]]
    assert not Path(options.output).exists()


@pytest.mark.usefixtures("_reads_the_labels_but_two")
def test_the_command_lists_the_surest_first_and_shows_them(checkpoint, data, tmp_path, capsys) -> None:
    view = tmp_path / "audit.html"
    assert run_command(evaluate.main, data, "--audit", "--checkpoint", checkpoint, "--view", view) == 0
    said = capsys.readouterr().out
    assert "2 of 12 labels are contradicted, the surest first" in said
    assert said.index("1111") < said.index("bbb") and "4.png" in said and "7.png" in said
    assert "the label is probably wrong" in view.read_text() and "4.png" in view.read_text()


def test_a_set_without_a_contradiction_is_said_to_be_so(checkpoint, data, monkeypatch, capsys) -> None:
    def reads(reading, *others) -> list[Decoded]:
        return [Decoded(e.label, 0.9, (0.9,) * len(e.label), ((),) * len(e.label)) for e in reading.examples]

    monkeypatch.setattr(audit, "decoded", reads)
    assert run_command(evaluate.main, data, "--audit", "--checkpoint", checkpoint) == 0
    assert capsys.readouterr().out.strip() == "No reading contradicts any of the 12 labels."


def test_an_audit_does_not_go_with_a_sweep(data, capsys) -> None:
    assert run_command(evaluate.main, data, "--audit", "--sweep") == 2
    assert_plain(capsys.readouterr().err, "--audit", "--sweep")
