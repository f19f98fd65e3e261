"""A CSV of hourly measurements, from the form with a picture of a window to a forecast that another
process makes from the same rows."""

import csv
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.runner.series import csv_text, table
from tests.runner.warm import python

from .steps import LONG, look, start_search, wait_until_completed

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]
ROWS = 160


def test_a_forecast_from_a_file_to_a_file(sign_in: Callable[..., Any], tmp_path: Path) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    columns = table(ROWS)
    file = tmp_path / "load.csv"
    file.write_text(csv_text(columns))
    page.goto("/datasets/new/")
    page.get_by_label("Name", exact=True).fill("Load")
    page.get_by_label("File").set_input_files(file)
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url(re.compile(r"/datasets/\d+/"))
    page.get_by_text("160 rows and 5 columns detected").wait_for(timeout=LONG)
    page.get_by_label("Target", exact=True).select_option("load")
    page.get_by_text("Time series: predict what comes next").click()
    page.get_by_label("Time column").select_option("when")
    page.get_by_label("Look-back").fill("12")
    page.get_by_label("Horizon").fill("2")
    page.get_by_role("group", name="Known in advance").get_by_label("weekday").check()
    page.get_by_text("A window: 12 rows seen, 2 rows predicted").wait_for()
    look(page, "series-form")
    page.get_by_role("button", name="Prepare dataset").click()
    page.get_by_text("load: 12 rows seen, 2 predicted").wait_for(timeout=LONG)
    look(page, "series-dataset")

    page.get_by_role("link", name="Use in new project").click()
    page.get_by_role("radio", name=re.compile("Sequence network")).check()
    page.get_by_role("button", name="Next: name & split").click()
    page.get_by_text("the oldest are for training").wait_for()
    page.get_by_label("Name", exact=True).fill("Load forecast")
    page.get_by_role("button", name="Create project").click()
    page.get_by_role("heading", name="Load forecast", level=1).wait_for()
    start_search(page, tuner="random", max_trials="1", epochs="2")
    wait_until_completed(page)
    page.get_by_text("Naive forecasts on the validation windows").wait_for()
    page.get_by_role("button", name="Retrain best").click()
    page.wait_for_url("**/models/*/")
    bundle = page.get_by_role("link", name="Download all (.zip)")
    bundle.wait_for(timeout=LONG)
    naive = page.get_by_role("region", name="Naive forecasts")
    naive.get_by_role("row").nth(3).wait_for()
    assert naive.get_by_role("row").count() == 4, "a head, the model, two naive forecasts"
    page.get_by_label("Forecast over time: load, 1 step ahead", exact=True).wait_for()
    look(page, "series-model")

    with page.expect_download() as downloading:
        bundle.click()
    downloading.value.save_as(tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(tmp_path / "home")
    (folder,) = (tmp_path / "home").iterdir()
    (folder / "load.csv").write_text(csv_text(columns))
    code = (folder / "predict.py").read_text() + "print(json.dumps(predictions.tolist()))\n"
    done = python("-c", code, cwd=folder)
    assert done.returncode == 0, done.stderr
    elsewhere = json.loads(done.stdout.splitlines()[-1])
    assert elsewhere, "the script predicted something"

    page.get_by_label("The newest rows as a table").set_input_files(file)
    page.locator("#predict-file").click()
    download = page.get_by_role("link", name="Download 147 windows (.csv)")
    download.wait_for(timeout=LONG)
    look(page, "series-answer")
    with page.expect_download() as downloading:
        download.click()
    lines = [*csv.DictReader(downloading.value.path().read_text().splitlines())]
    assert len(lines) == 147
    for line, values in zip(lines[: len(elsewhere)], elsewhere, strict=True):
        shown = [float(line[f"predicted load +{step}"]) for step in (1, 2)]
        assert values == pytest.approx(shown, rel=1e-3)
