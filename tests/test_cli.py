import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from captcha_core.errors import ImageError
from tests.helpers import huge_png_header, run_command, save_tiny_checkpoint

ROOT = Path(__file__).resolve().parent.parent


def raising(error: BaseException) -> Callable[[list[str]], int]:
    def main(arguments: list[str]) -> int:
        raise error

    return main


def test_the_commands_own_code_is_the_exit_code() -> None:
    assert run_command(lambda arguments: 0) == 0
    assert run_command(lambda arguments: 1) == 1


def test_what_a_user_can_mend_is_one_line_and_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(raising(ImageError("a.png is empty; save it again."))) == 2
    assert capsys.readouterr().err == "error: a.png is empty; save it again.\n"


def test_control_c_is_130_without_a_trace(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "stopped\n"


def test_a_bug_keeps_its_trace() -> None:
    with pytest.raises(ZeroDivisionError):
        run_command(raising(ZeroDivisionError()))


def test_a_reader_that_went_away_is_no_error(tmp_path: Path) -> None:
    script = "from captcha_core.cli import run\nrun(lambda a: [print('x' * 100) for _ in range(10000)] and 0)"
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        assert program.stdout is not None and program.stderr is not None
        program.stdout.readline()
        program.stdout.close()
        assert program.stderr.read() == b""
        assert program.wait() == 0


def test_pillows_own_warning_does_not_reach_the_user(tmp_path: Path) -> None:
    picture = tmp_path / "large.png"
    picture.write_bytes(huge_png_header(10_000, 10_000))
    checkpoint = save_tiny_checkpoint(tmp_path / "m.safetensors")
    command = [sys.executable, "predict.py", str(picture), "--checkpoint", str(checkpoint)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert "Warning" not in done.stderr + done.stdout
    assert "large.png is 10,000 x 10,000 pixels" in done.stderr + done.stdout
