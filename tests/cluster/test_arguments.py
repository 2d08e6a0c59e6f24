import argparse

import pytest

from captcha_core.cluster.arguments import add_engine_arguments, engine_of, threads_of
from captcha_core.errors import CaptchaLabError


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--workers", "0"], "--workers 0"),
        (["--address", "here:1"], "--address here:1 goes with --engine ray"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(words: list[str], message: str) -> None:
    parser = argparse.ArgumentParser()
    add_engine_arguments(parser, "work")
    with pytest.raises(CaptchaLabError, match=message):
        engine_of(parser.parse_args(words))


@pytest.mark.parametrize(
    ("words", "threads"),
    [([], None), (["--workers", "1"], 1), (["--workers", "3"], 1), (["--engine", "ray"], 1)],
)
def test_a_process_by_itself_has_the_threads_that_its_libraries_choose(words: list[str], threads: int | None) -> None:
    parser = argparse.ArgumentParser()
    add_engine_arguments(parser, "work")
    assert threads_of(parser.parse_args(words)) == threads
