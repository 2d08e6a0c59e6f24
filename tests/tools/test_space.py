"""What goes into a Space's folder. That it runs there is what `make test-space` sees."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.helpers import assert_plain, run_command
from tools import space

ROOT = Path(__file__).resolve().parents[2]


def front_matter() -> dict[str, str]:
    """Return the flat entries of the YAML between the first two ``---`` lines."""
    _, text, _ = (ROOT / space.README).read_text(encoding="utf-8").split("---\n", 2)
    return {key: value.strip('"') for key, value in re.findall(r"^(\w+): *(.*)$", text, flags=re.MULTILINE)}


def test_the_front_matter_is_what_a_space_needs() -> None:
    entries = front_matter()
    assert (ROOT / space.README).read_text(encoding="utf-8").startswith("---\n")
    assert {"title", "emoji", "license", "tags", "models", "pinned"} <= set(entries)
    colors = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert {entries["colorFrom"], entries["colorTo"]} <= colors
    assert entries["sdk"] == "gradio"
    assert entries["app_file"] == space.ENTRY
    assert entries["python_version"] in ("3.11", "3.12", "3.13")
    assert 0 < len(entries["short_description"]) <= 60


def test_the_space_runs_the_pinned_gradio() -> None:
    assert f"gradio=={front_matter()['sdk_version']}" in space.requirements(space.modules())
    assert f"\ngradio=={front_matter()['sdk_version']} " in (ROOT / "requirements.txt").read_text(encoding="utf-8")


def test_what_the_page_imports_goes_in_and_nothing_that_needs_torch() -> None:
    modules = space.modules()
    assert {"app.py", "captcha_core/__init__.py", "captcha_core/ui/__init__.py", "captcha_core/ui/read_tab.py"} <= set(
        modules
    )
    assert not [m for m in modules if m.startswith(("captcha_core/training", "captcha_core/models", "tests", "tools"))]
    packages = {line.partition("==")[0] for line in space.requirements(modules)}
    assert {"gradio", "onnxruntime", "pillow", "numpy", "safetensors"} <= packages
    assert not {name for name in packages if "torch" in name}


def test_imports_are_found_in_functions_but_not_where_only_types_are_checked(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\nelse:\n    import a\n"
        "def f():\n    from b.c import d\n"
    )
    assert space.imports(tmp_path / "m.py") == {"typing", "typing.TYPE_CHECKING", "a", "b.c", "b.c.d"}


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("text")
    assert run_command(space.main, tmp_path) == 2
    assert_plain(capsys.readouterr().err, "error: ", tmp_path.name)
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]


def test_a_failure_leaves_no_half_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "modules", lambda: ["app.py", "missing.py"])
    with pytest.raises(FileNotFoundError):
        space.main([str(tmp_path / "space")])
    assert not (tmp_path / "space").exists()
