import pytest

from captcha_core.alphabet import Alphabet
from captcha_core.errors import CaptchaLabError
from captcha_core.models import model_names
from captcha_core.recipes import RECIPES, get_recipe
from captcha_core.transforms import build_transform


def test_an_unknown_recipe_is_refused_with_those_there_are() -> None:
    with pytest.raises(CaptchaLabError, match="'soup'.*efficientnet"):
        get_recipe("soup")


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_can_be_built(name: str) -> None:
    recipe = get_recipe(name)
    assert recipe.name == name
    assert recipe.arch in model_names()
    assert len(Alphabet.named(recipe.alphabet)) > 1
    assert build_transform(recipe.transform(recipe.size))


def test_efficientnet_reads_36_classes_by_default() -> None:
    assert len(Alphabet.named(get_recipe("efficientnet").alphabet)) == 36
