"""A CSV of reviews and a script with TextVectorization, from the upload to a model that is taken
home and reads sentences."""

import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.runner.warm import python

from .steps import LONG, look, start_search, wait_until_completed

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]
CASES = Path(__file__).parents[1] / "cases"


def test_reviews_from_a_file_to_a_file(sign_in: Callable[..., Any], tmp_path: Path) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.goto("/datasets/new/")
    page.get_by_label("Name", exact=True).fill("Reviews")
    page.get_by_label("File").set_input_files(CASES / "reviews.csv")
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url(re.compile(r"/datasets/\d+/"))
    page.get_by_text("300 rows and 3 columns detected").wait_for(timeout=LONG)
    types = page.get_by_role("region", name="Columns of the file")
    review = types.get_by_label("review", exact=True)
    assert review.input_value() == "text"
    assert page.get_by_label("Target", exact=True).input_value() == "sentiment"
    page.get_by_role("button", name="Prepare dataset").click()

    # Lengths, words and samples.
    texts = page.get_by_role("region", name="Texts of review")
    texts.get_by_text("Words per text: median 9 words, longest 9").wait_for(timeout=LONG)
    texts.get_by_role("listitem").nth(19).wait_for()
    assert texts.get_by_role("listitem").count() == 20
    look(page, "text-dataset")

    # A script as people bring it, beside a column that it does not use.
    page.goto("/templates/new/")
    page.get_by_label("Name", exact=True).fill("Vectorized")
    page.get_by_label("Validate with dataset").select_option(label="Reviews")
    page.get_by_label("Text", exact=True).check()
    page.get_by_label("File").set_input_files(CASES / "text_vectorization.py")
    page.get_by_role("button", name="Create template").click()
    page.get_by_text(re.compile("not used: stars")).wait_for(timeout=LONG)
    page.get_by_role("link", name="Use in new project").click()
    page.get_by_label("Name", exact=True).fill("Sentiment")
    page.get_by_role("button", name="Create project").click()
    page.get_by_role("heading", name="Sentiment", level=1).wait_for()
    start_search(page, tuner="random", max_trials="2", epochs="2")
    wait_until_completed(page)
    page.get_by_role("button", name="Retrain best").click()
    page.wait_for_url("**/models/*/")
    bundle = page.get_by_role("link", name="Download all (.zip)")
    bundle.wait_for(timeout=LONG)
    page.get_by_text('"wonderful"').or_(page.get_by_text('"awful"')).first.wait_for()
    field = page.get_by_label("review", exact=True)
    field.fill("film the actor\nwonderful")
    page.get_by_role("button", name="Predict", exact=True).click()
    page.locator("#answer").get_by_text(re.compile("positive|negative")).first.wait_for(
        timeout=LONG
    )
    look(page, "text-model")
    with page.expect_download() as downloading:
        bundle.click()
    downloading.value.save_as(tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(tmp_path / "home")
    (folder,) = (tmp_path / "home").iterdir()
    shutil.copy(CASES / "reviews.csv", folder)
    done = python("predict.py", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert re.search(r"predicted: \['(positive|negative)'", done.stdout)
