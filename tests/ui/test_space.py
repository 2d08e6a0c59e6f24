"""What is different on a Hugging Face Space."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from captcha_core.ui import space


def test_zerogpu_finds_a_function_that_asks_and_other_machines_need_none(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(space, "spaces", SimpleNamespace(GPU=asked.append))
    space.ask_for_gpu()
    assert len(asked) == 1 and callable(asked[0])
    monkeypatch.setattr(space, "spaces", None)
    space.ask_for_gpu()


@pytest.mark.parametrize(
    ("space_id", "folder", "kept"),
    [
        ("", "/tmp/kept", True),
        ("me/lab", "/tmp/kept", False),
        ("me/lab", "/data/kept", True),
        ("me/lab", "/data2", False),
    ],
)
def test_a_space_forgets_all_but_its_own_disk(
    monkeypatch: pytest.MonkeyPatch, space_id: str, folder: str, kept: bool
) -> None:
    monkeypatch.setenv("SPACE_ID", space_id)
    assert space.on_space() == bool(space_id)
    assert space.is_kept(folder) == kept


@pytest.mark.parametrize(
    ("space_id", "before", "after"), [("", None, None), ("me/lab", None, "*"), ("me/lab", "::1", "::1")]
)
def test_on_a_space_visitors_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, space_id: str, before: str | None, after: str | None
) -> None:
    monkeypatch.setenv("SPACE_ID", space_id)
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", before or "")
    if before is None:
        monkeypatch.delenv("FORWARDED_ALLOW_IPS")
    space.trust_proxy()
    assert os.environ.get("FORWARDED_ALLOW_IPS") == after
