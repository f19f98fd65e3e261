"""Pictures with any number of findings, from the upload to predictions in another process."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.findings import FINDINGS, findings, write_findings
from tests.runner.warm import python

from .steps import LONG, create_project, look, start_search, wait_until_completed

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]


def trained(page: Any, name: str, dataset: str, template: str, epochs: str) -> None:
    page.goto("/")
    create_project(page, name, dataset, template)
    start_search(page, tuner="random", max_trials="2", epochs=epochs)
    wait_until_completed(page)
    page.get_by_role("button", name="Retrain best").first.click()
    page.get_by_role("heading", name="Evaluation").wait_for(timeout=LONG)


def test_pictures_with_any_number_of_findings(sign_in: Callable[..., Any], tmp_path: Path) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.goto("/datasets/new/")
    page.get_by_label("File").set_input_files(write_findings(tmp_path / "chest.npz"))
    page.get_by_label("Name", exact=True).fill("Chest")
    page.get_by_role("button", name="Upload").click()
    page.get_by_text("240 images of 16 × 16 × 1, 5 labels").first.wait_for(timeout=LONG)
    page.get_by_text("Multi-label classification").first.wait_for()
    look(page, "labels-dataset")
    trained(page, "Findings", "Chest", "Small convolutional", "12")
    page.locator("caption", has_text="Labels").wait_for()
    page.get_by_text("above 0.5").wait_for()
    page.locator("#evaluation-plots figure").nth(2).wait_for(timeout=LONG)
    look(page, "labels-model")
    page.get_by_role("button", name="label 2", exact=True).click()
    page.get_by_text("Mistakes of label 2").wait_for()

    # What was downloaded predicts in another process what pages would show.
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile(r"\.keras")).first.click()
    download.value.save_as(tmp_path / "model.keras")
    code = (
        "import sys, numpy as np, keras\n"
        "x = np.load(sys.argv[1])\n"
        "np.save(sys.argv[2], keras.models.load_model('model.keras').predict(x, verbose=0))\n"
    )
    x, y = findings(60, seed=9)
    np.save(tmp_path / "x.npy", x[..., None].astype("float32"))
    done = python("-c", code, str(tmp_path / "x.npy"), str(tmp_path / "p.npy"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    predicted = np.load(tmp_path / "p.npy")
    assert predicted.shape == (60, FINDINGS)
    assert ((predicted > 0.5) == y).mean() > 0.8
