import pytest
import torch
from PIL import Image

import train
from captcha_core.alphabet import Alphabet
from captcha_core.decoding import class_count, decode
from captcha_core.errors import CaptchaLabError
from captcha_core.models import build_model, model_names
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
    pixels = build_transform(recipe.transform(*recipe.size))(Image.new("RGB", (160, 60), "white"))[None]
    alphabet = Alphabet.named(recipe.alphabet)
    model = build_model(recipe.arch, num_classes=len(alphabet), max_length=recipe.max_length).eval()
    with torch.inference_mode():
        logits = model(pixels)
    read = decode(logits, alphabet, str(model.scheme))
    assert len(read) == 1
    assert logits.shape[2] == class_count(alphabet, str(model.scheme))


def test_the_command_line_names_every_recipe() -> None:
    assert set(train.DESIGNS.replace(" or ", ", ").split(", ")) == set(RECIPES)


def test_efficientnet_reads_36_classes_by_default() -> None:
    assert len(Alphabet.named(get_recipe("efficientnet").alphabet)) == 36
