"""Several targets, labels of pictures and numbers of a table, from the upload to predictions in
another process."""

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.findings import FINDINGS, findings, write_findings
from tests.runner.warm import python

from .steps import LONG, create_project, look, number_in, start_search, wait_until_completed

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]


def trained(page: Any, name: str, dataset: str, template: str, **settings: str) -> None:
    page.goto("/")
    create_project(page, name, dataset, template)
    start_search(page, tuner="random", **settings)
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
    trained(page, "Findings", "Chest", "Small convolutional", max_trials="2", epochs="12")
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


def springs(folder: Path) -> Path:
    """Two numbers to be predicted from a number and a category."""
    random = np.random.default_rng(3)
    lines = ["length;coil;force;energy"]
    for _ in range(90):
        length, coil = random.uniform(1, 9), random.choice(["steel", "brass", ""])
        force = length * (2 if coil == "steel" else 1)
        lines.append(f"{length:.2f};{coil};{force:.3f};{force * length / 2:.2f}")
    path = folder / "springs.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_two_numbers_of_a_table(sign_in: Callable[..., Any], tmp_path: Path) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.goto("/datasets/new/")
    page.get_by_label("Name", exact=True).fill("Springs")
    page.get_by_label("File").set_input_files(springs(tmp_path))
    page.get_by_role("button", name="Upload").click()
    columns = page.get_by_role("region", name="Columns of the file")
    columns.get_by_label("force", exact=True).select_option("target", timeout=LONG)
    page.get_by_label("Target", exact=True).select_option("energy")
    page.get_by_role("button", name="Prepare dataset").click()
    page.get_by_text("90 rows of 2 columns, 2 targets").first.wait_for(timeout=LONG)
    trained(page, "Springs", "Springs", "Dense network", max_trials="1", epochs="3")
    for target in ("energy", "force"):
        page.locator(".evaluation").get_by_role("button", name=target, exact=True).wait_for()
    page.locator("#evaluation-plots .main-svg").first.wait_for(timeout=LONG)
    look(page, "springs-model")

    # Another process predicts from the file what the page shows of a row of it.
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all (.zip)").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        archive.extractall(tmp_path / "home")
    (folder,) = (tmp_path / "home").iterdir()
    first = springs(folder).read_text().splitlines()[1]
    code = (folder / "predict.py").read_text() + "print(json.dumps(predictions.tolist()))\n"
    done = python("-c", code, cwd=folder)
    assert done.returncode == 0, done.stderr
    elsewhere = json.loads(done.stdout.splitlines()[-1])[0]
    length, coil, *_ = first.split(";")
    page.get_by_label("length", exact=True).fill(length)
    page.get_by_label("coil", exact=True).select_option(label=coil or "(missing)")
    page.get_by_role("button", name="Predict", exact=True).click()
    page.locator(".answer-value").first.wait_for(timeout=LONG)
    answer = page.locator(".answer-value").inner_text()
    shown = [number_in(part) for part in answer.split(",")]
    look(page, "springs-answer")
    assert shown == pytest.approx(elsewhere, rel=1e-3)
