"""A picture from the camera; Chromium's own moving test picture stands for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import started
from tests.browser.helpers import DESKTOP, Visit, new_context

CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


@pytest.fixture
def camera_visit(browser: Browser, address: str) -> Iterator[Visit]:
    """Open the page in a browser with a camera, whose use nobody has to allow; no fault may be made."""
    with started(browser.browser_type, CAMERA) as other:
        visit = Visit(new_context(other, DESKTOP).new_page(), DESKTOP)
        visit.watch()
        visit.go(address)
        yield visit
        assert not visit.faults


def test_a_picture_from_the_camera_is_read(camera_visit: Visit) -> None:
    page = camera_visit.page
    picture = page.locator(".cl-picture")
    picture.get_by_label("Capture from camera").click()
    picture.get_by_role("button", name="Click to Access Webcam").click()
    video = picture.locator("video")
    expect(video).to_be_visible()
    page.wait_for_function("document.querySelector('.cl-picture video').videoWidth > 0")
    picture.get_by_label("capture photo").click()
    expect(page.locator(".cl-verdict")).to_be_visible()
    # Asking how far an upload is, which Gradio does meanwhile, has an end.
    page.wait_for_timeout(4000)
