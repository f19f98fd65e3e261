"""An array without targets, from the upload over an autoencoder to its answers in another
process."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.runner.warm import python

from .steps import LONG, create_project, look, start_search, wait_until_completed

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]


def sensors(rows: int) -> np.ndarray:
    """Four readings that depend on one thing."""
    random = np.random.default_rng(0)
    state = random.uniform(0, 1, (rows, 1))
    return 100 + state * [[50, -20, 5, 300]] + random.normal(0, 0.1, (rows, 4))


def test_an_array_alone_becomes_an_autoencoder(sign_in: Callable[..., Any], tmp_path: Path) -> None:
    np.save(tmp_path / "sensors.npy", sensors(200))
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.goto("/datasets/new/")
    page.get_by_label("File").set_input_files(tmp_path / "sensors.npy")
    page.get_by_label("Name", exact=True).fill("Sensors")
    page.get_by_role("button", name="Upload").click()
    page.get_by_text("There are no targets: models reconstruct the inputs.").wait_for(timeout=LONG)
    page.goto("/")
    create_project(page, "Faults", "Sensors", "Autoencoder")
    start_search(page, tuner="random", max_trials="1", epochs="3")
    wait_until_completed(page)
    page.get_by_role("button", name="Retrain best").first.click()
    page.get_by_role("heading", name="Evaluation").wait_for(timeout=LONG)
    page.locator("caption", has_text="Error by column").wait_for()
    page.get_by_role("rowheader", name="Baseline: mean squared error").wait_for()
    page.locator("#evaluation-plots figure").nth(1).wait_for(timeout=LONG)
    look(page, "autoencoder-model")

    # A reading that no training row is like.
    row = [150.0, 100.0, 100.0, 100.0]
    for place, value in enumerate(row, 1):
        page.get_by_label(f"column {place}").fill(str(value))
    page.get_by_role("button", name="Predict", exact=True).click()
    answer = page.locator("#answer .answer-value")
    answer.wait_for(timeout=LONG)
    shown = float(answer.inner_text())
    cells = page.locator("#answer td:last-child").all_inner_texts()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile(r"\.keras")).first.click()
    download.value.save_as(tmp_path / "model.keras")
    code = (
        "import numpy as np, keras\n"
        f"x = np.array([{row}], 'float32')\n"
        "found = keras.models.load_model('model.keras').predict(x, verbose=0)\n"
        "print(*found['error'], *found['reconstruction'][0])\n"
    )
    done = python("-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    error, *reproduced = map(float, done.stdout.split())
    assert error == pytest.approx(shown, rel=1e-4)
    assert reproduced == pytest.approx([float(cell) for cell in cells], rel=1e-3, abs=1e-2)
