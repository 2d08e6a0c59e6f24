import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.helpers import assert_plain, run_command
from tools import rivals


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Stand in for pip: note what it is asked for, and fail at what is called broken."""
    calls: list[list[str]] = []

    def install(command: list[str], check: bool) -> SimpleNamespace:
        calls.append(command)
        target = Path(command[command.index("--target") + 1])
        target.mkdir()
        (target / "module.py").touch()
        return SimpleNamespace(returncode=int("broken==1" in command))

    monkeypatch.setattr(subprocess, "run", install)
    return calls


def test_each_goes_into_its_own_folder_once(pip, tmp_path, capsys) -> None:
    assert run_command(rivals.main, tmp_path / "new") == 0
    assert {path.name for path in (tmp_path / "new").iterdir()} == set(rivals.FOLDERS)
    assert all((tmp_path / "new" / name / "module.py").exists() for name in rivals.FOLDERS)
    assert [call[call.index("--target") + 2 :] for call in pip] == [list(p) for p in rivals.FOLDERS.values()]
    assert all("--no-deps" in call for call in pip)
    assert run_command(rivals.main, tmp_path / "new") == 0
    assert len(pip) == len(rivals.FOLDERS), "nothing is installed twice"
    assert "ddddocr==1.5.6" in capsys.readouterr().out


def test_a_failure_leaves_no_half_made_folder(pip, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(rivals, "FOLDERS", {"good": ("good==1",), "bad": ("broken==1",)})
    assert run_command(rivals.main, tmp_path) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["good"]
    assert_plain(capsys.readouterr().err, "broken==1", str(tmp_path / "bad"))


def test_every_version_is_exact_and_folders_are_named_by_it() -> None:
    for folder, packages in rivals.FOLDERS.items():
        assert all(re.fullmatch(r"[a-z0-9-]+==[0-9]+(\.[0-9]+)+", package) for package in packages)
        assert folder == rivals.SHARED or packages == (folder.replace("-", "=="),)
