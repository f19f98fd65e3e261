"""Arrays whose names say nothing: the page asks, and the images get a size and colours."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.services import Tuneroom

from .steps import LONG, look

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]
MEDMNIST = Path(__file__).parents[1] / "cases" / "medmnist_like.npz"


def test_arrays_are_chosen_and_their_images_become_larger_and_rgb(
    sign_in: Callable[..., Any], tuneroom: Tuneroom, tmp_path: Path
) -> None:
    with np.load(MEDMNIST) as arrays:
        scans, grades = arrays["train_images"], arrays["train_labels"]
        path = tmp_path / "scans.npz"
        np.savez(path, scans=scans, grades=grades, extra=scans[:60], extra_grades=grades[:60])
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.goto("/datasets/new/")
    page.get_by_label("Name", exact=True).fill("Scans")
    page.get_by_label("File").set_input_files(path)
    page.get_by_label("Image size (pixels)").wait_for()
    look(page, "arrays-upload")
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url(re.compile(r"/datasets/\d+/"))

    # What was found is proposed; a mistake is named beside its field and nothing is lost.
    page.get_by_role("heading", name="Arrays in the file").wait_for(timeout=LONG)
    inputs = page.get_by_label("Inputs", exact=True)
    assert inputs.input_value() == "scans"
    assert page.get_by_label("Targets", exact=True).input_value() == "grades"
    page.get_by_label("Test inputs").select_option("extra")
    page.get_by_label("Test targets").select_option("grades")
    page.get_by_label("Image size (pixels)").fill("150")
    page.get_by_label("Colours").select_option("RGB")
    look(page, "arrays-choices")
    page.get_by_role("button", name="Prepare dataset").last.click()
    errors = page.locator(".form-errors")
    errors.get_by_text("grades has 240 rows, but extra has 60.").wait_for()
    look(page, "arrays-refused")
    assert page.get_by_label("Image size (pixels)").input_value() == "150"
    page.get_by_label("Test targets").select_option("extra_grades")
    page.get_by_role("button", name="Prepare dataset").last.click()
    page.get_by_text("300 images of 150 × 150 × 3, 3 classes").wait_for(timeout=LONG)
    page.get_by_text("300 images were converted to RGB.").wait_for()
    page.locator("img.thumbnails").evaluate("image => image.decode()")
    look(page, "arrays-ready")
    assert list((tuneroom.data / "uploads").iterdir()) == []
