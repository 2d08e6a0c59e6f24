"""Styles by name and settings, and the command that draws the same pictures."""

from __future__ import annotations

import shlex
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import captcha_generator
from captcha_core.errors import CaptchaLabError
from captcha_core.generator import STYLES, GeneratorSettings, PycaptchaSettings, Style, VariedSettings, pycaptcha
from captcha_core.generator.choice import SEEDS, check_seed, chosen_style, command_for, usable_styles


def parsed(command: str) -> tuple[Style, Any]:
    """Return what the command line makes of a command."""
    words = shlex.split(command)
    assert words[:2] == ["python", "captcha_generator.py"]
    options = captcha_generator.parse_arguments(words[2:])
    return captcha_generator.style_of(options), options


def numbers(name: str) -> st.SearchStrategy[Any]:
    item = next(item for item in fields(GeneratorSettings) if item.name == name)
    low, high = item.metadata["range"]
    return st.integers(low, high) if isinstance(item.default, int) else st.floats(low, high)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            **{name: numbers(name) for name in ("rotation", "spacing", "spots", "elastic_alpha", "width")},
            "alphabet": st.sampled_from(["digits", "-ab", "a'b\"c", "$x;y", "--"[:1]]),
            "text_colors": st.sampled_from([["navy"], ["#112233", "red"], []]),
            "fonts": st.just(["DejaVuSans"]),
        },
    ),
    st.integers(*SEEDS),
)
def test_the_command_draws_with_the_same_settings(settings: dict[str, Any], seed: int) -> None:
    style = chosen_style("default", settings)
    again, options = parsed(command_for(style, count=7, seed=seed, output="x.parquet"))
    assert again == style
    assert (options.count, options.seed, str(options.output)) == (7, seed, "x.parquet")


@pytest.mark.parametrize("style", [PycaptchaSettings(width=200), VariedSettings(height=50, fonts=("DejaVuSans",))])
def test_the_command_names_the_style(style: Style) -> None:
    assert parsed(command_for(style, count=1, seed=0, output="x.parquet"))[0] == style


def test_the_command_leaves_out_what_is_as_it_is_anyway() -> None:
    command = command_for(GeneratorSettings(lines=5), count=3, seed=0, output="x")
    assert command == "python captcha_generator.py --count 3 --seed 0 --output x --lines 5"


def test_whole_numbers_may_come_as_fractions_and_the_other_way_round() -> None:
    style = chosen_style("default", {"spots": 7.0, "rotation": 3, "fonts": ["DejaVuSans"]})
    assert style == GeneratorSettings(spots=7, rotation=3.0, fonts=("DejaVuSans",))


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("nice", {}, "'nice'; choose one of: default"),
        (["default"], {}, "There is no style"),
        ("varied", {"lines": 1, "rotation": 2.0}, "--style varied has no --lines, --rotation"),
        ("default", {"spots": 1.5}, "spots is 1.5; give a whole number for --spots"),
        ("default", {"spots": True}, "spots is True"),
        ("default", {"spots": 10**400}, "spots is 1000"),
        ("default", {"rotation": "x" * 500}, "give a number for --rotation"),
        ("default", {"rotation": float("nan")}, "rotation is nan"),
        ("default", {"rotation": 91}, "between 0.0 and 90.0"),
        ("default", {"alphabet": None}, "alphabet is None; give a text"),
        ("default", {"fonts": "DejaVuSans"}, "fonts is 'DejaVuSans'; give a list"),
        ("default", {"fonts": [1]}, "give a list of texts"),
    ],
)
def test_what_does_not_fit_is_one_sentence(name: Any, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(CaptchaLabError) as caught:
        chosen_style(name, settings)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 200


def test_seeds_have_bounds() -> None:
    assert [check_seed(seed) for seed in (*SEEDS, 5.0)] == [*SEEDS, 5]
    for seed in (-1, SEEDS[1] + 1, 0.5, None, "1"):
        with pytest.raises(CaptchaLabError, match="seed"):
            check_seed(seed)


def test_a_style_without_its_package_is_not_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    assert usable_styles() == list(STYLES)

    def missing() -> None:
        raise CaptchaLabError("not installed")

    monkeypatch.setattr(pycaptcha, "_package", missing)
    assert usable_styles() == ["default", "varied"]
