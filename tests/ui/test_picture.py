"""The gate in front of the page: what an event receives."""

from __future__ import annotations

import asyncio
import base64
import io
from pathlib import Path
from urllib.parse import quote

import gradio as gr
import pytest
from gradio.data_classes import ImageData
from PIL import Image

from captcha_core.errors import ImageError
from captcha_core.ui import picture as picture_module
from captcha_core.ui.picture import PictureInput


@pytest.fixture
def component(tmp_path: Path) -> PictureInput:
    component = PictureInput()
    component.GRADIO_CACHE = str(tmp_path / "cache")
    (tmp_path / "cache").mkdir()
    return component


def png(mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (20, 10)).save(buffer, "PNG")
    return buffer.getvalue()


def upload(component: PictureInput, data: bytes, name: str | None = "my.png") -> ImageData:
    path = Path(component.GRADIO_CACHE) / "stored.png"
    path.write_bytes(data)
    return ImageData(path=str(path), orig_name=name)


def test_an_upload_arrives_as_clean_rgb(component: PictureInput) -> None:
    received = component.preprocess(upload(component, png("RGBA")))
    assert isinstance(received, Image.Image)
    assert received.mode == "RGB"
    assert received.getpixel((0, 0)) == (255, 255, 255)


def test_nothing_stays_nothing(component: PictureInput) -> None:
    assert component.preprocess(None) is None


@pytest.mark.parametrize(("name", "shown"), [("a/b/my.png", "my.png"), (None, "The picture")])
def test_an_unreadable_upload_is_an_error_that_names_only_the_users_file(
    component: PictureInput, name: str | None, shown: str
) -> None:
    received = component.preprocess(upload(component, b"no picture", name))
    assert isinstance(received, ImageError)
    assert str(received).startswith(shown)
    assert component.GRADIO_CACHE not in str(received)
    assert "stored" not in str(received)


def test_a_data_url_is_taken(component: PictureInput) -> None:
    url = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    assert isinstance(component.preprocess(ImageData(url=url)), Image.Image)


@pytest.mark.parametrize("url", ["data:image/png;base64,###", "data:image/png;base64,ä", "data:,"])
def test_a_broken_data_url_is_an_error(component: PictureInput, url: str) -> None:
    assert isinstance(component.preprocess(ImageData(url=url)), ImageError)


def test_a_file_outside_the_uploads_is_refused(component: PictureInput, tmp_path: Path) -> None:
    outside = tmp_path / "secret.png"
    outside.write_bytes(png())
    link = Path(component.GRADIO_CACHE) / "link.png"
    link.symlink_to(outside)
    for path in (outside, Path(component.GRADIO_CACHE) / ".." / "secret.png", link):
        received = component.preprocess(ImageData(path=str(path)))
        assert isinstance(received, ImageError), path
        assert "not uploaded" in str(received)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/x.png", "https://127.0.0.1:9/x.png"])
def test_an_address_is_not_fetched(component: PictureInput, address: str) -> None:
    assert isinstance(component.preprocess(ImageData(path=address)), ImageError)
    assert isinstance(component.preprocess(ImageData(url=address)), ImageError)
    with pytest.raises(gr.Error, match="fetches nothing"):
        asyncio.run(component.async_move_resource_to_block_cache(address))


def test_the_address_of_an_upload_stands_for_the_file(component: PictureInput, tmp_path: Path) -> None:
    upload = Path(component.GRADIO_CACHE) / "a b.png"
    upload.write_bytes(png())
    address = f"https://other.invalid/gradio_api/file={quote(str(upload))}"
    assert asyncio.run(component.async_move_resource_to_block_cache(address)) == str(upload)
    outside = tmp_path / "outside.png"
    outside.write_bytes(png())
    for path in (outside, f"{component.GRADIO_CACHE}/../outside.png", "http://127.0.0.1:9/x.png", ""):
        with pytest.raises(gr.Error, match="fetches nothing"):
            asyncio.run(component.async_move_resource_to_block_cache(f"http://x/gradio_api/file={path}"))


def test_gradio_treats_it_as_its_own_image_and_writes_no_stub(component: PictureInput) -> None:
    assert component.get_block_class() == "image"
    assert not Path(picture_module.__file__).with_suffix(".pyi").exists()
