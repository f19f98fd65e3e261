"""A zip of images from somebody's disk becomes a dataset, a project and a search, in a browser."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.images import digit_images, zip_of
from tests.services import Tuneroom

from .steps import LONG, look, start_search, wait_until_completed

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]


def test_images_of_ones_own_are_searched_on(
    sign_in: Callable[..., Any], tuneroom: Tuneroom, tmp_path: Path
) -> None:
    images = [*digit_images(each=40).items()]
    parts = {f"{'train' if n % 4 else 'test'}/{name}": c for n, (name, c) in enumerate(images)}
    photos = zip_of(tmp_path / "digits.zip", parts)
    text = tmp_path / "no.zip"
    text.write_text("no archive at all")
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.get_by_role("link", name="Datasets").click()
    page.get_by_role("link", name="New dataset").click()
    look(page, "create")

    # What is refused at once leaves the form as it was filled in.
    page.get_by_label("Name", exact=True).fill("Scanned digits")
    page.get_by_label("File").set_input_files(text)
    with page.expect_response(re.compile("/datasets/new/")) as refused:
        page.get_by_role("button", name="Upload").click()
    assert refused.value.status == 422
    errors = page.locator(".form-errors")
    errors.get_by_text("“no.zip” does not match its extension").wait_for()
    look(page, "refused")
    assert page.get_by_label("Name", exact=True).input_value() == "Scanned digits"

    page.get_by_label("File").set_input_files(photos)
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url(re.compile(r"/datasets/\d+/"))
    page.get_by_text("120 images of 8 × 8 × 1, 3 classes").wait_for(timeout=LONG)
    page.get_by_role("heading", name="Load in Python").wait_for()
    page.locator("img.thumbnails").evaluate("image => image.decode()")
    look(page, "ready")
    assert list((tuneroom.data / "uploads").iterdir()) == []

    page.get_by_role("link", name="Use in new project").click()
    page.get_by_role("radio", name=re.compile("Small convolutional")).check()
    page.get_by_role("button", name="Next: name & split").click()
    page.get_by_label("Name", exact=True).fill("My digits")
    assert page.get_by_label("Keep the predefined split").is_checked()
    page.get_by_role("button", name="Create project").click()
    page.get_by_role("heading", name="My digits", level=1).wait_for()
    # 90 images come for training; those for validation are taken out of them.
    page.get_by_role("link", name="Data & template").click()
    page.get_by_text("Predefined, seed").wait_for()
    page.get_by_text("30 rows", exact=True).wait_for()
    look(page, "project")
    start_search(page, tuner="random", max_trials="2", epochs="2")
    wait_until_completed(page)

    # A dataset in use stays, and the page says why.
    page.get_by_role("link", name="Datasets").click()
    page.get_by_role("link", name="Scanned digits").click()
    page.get_by_role("link", name="Delete dataset…").click()
    page.get_by_role("button", name="Delete dataset").click()
    page.get_by_text("1 project uses “Scanned digits”").wait_for()


def test_a_refused_upload_says_why_and_can_be_deleted(
    sign_in: Callable[..., Any], tuneroom: Tuneroom, tmp_path: Path
) -> None:
    files = {name: content for name, content in digit_images(each=5).items() if "digit 0" in name}
    photos = zip_of(tmp_path / "zeros.zip", files)
    page = sign_in()
    page.goto("/datasets/new/")
    page.get_by_label("Name", exact=True).fill("Only zeros")
    page.get_by_label("File").set_input_files(photos)
    page.get_by_role("button", name="Upload").click()
    page.get_by_text("There is only one class, “digit 0”").wait_for(timeout=LONG)
    look(page, "failed")
    assert list((tuneroom.data / "uploads").iterdir()) == []
    page.get_by_role("link", name="Delete dataset…").click()
    page.get_by_role("button", name="Delete dataset").click()
    page.get_by_text("“Only zeros” deleted.").wait_for()
