import pytest
from torch import nn

from captcha_core.errors import CheckpointError
from captcha_core.models import build_model, model_names, register_model


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ValueError, match="'efficientnet'"):
        register_model("efficientnet")(nn.Identity)
    assert "efficientnet" in model_names()


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(CheckpointError, match="'transmogrifier'.*efficientnet"):
        build_model("transmogrifier")


@pytest.mark.parametrize("wrong", [{"layers": 3}, {"hidden": 30, "heads": 4}, {"hidden": 20, "heads": 3}])
def test_arguments_that_do_not_fit_are_named(wrong: dict[str, int]) -> None:
    with pytest.raises(CheckpointError, match="'efficientnet' cannot be built with .*hidden|layers"):
        build_model("efficientnet", **wrong)
