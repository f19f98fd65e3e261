"""Classes that somebody brings along, a Tuner and a HyperModel with a `fit` of its own, from the
editor to a downloaded model."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .steps import LONG, look, start_search, wait_until_completed

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]

CODE = """import os
import keras
import keras_tuner


class MyTuner(keras_tuner.RandomSearch):
    def run_trial(self, trial, x, y, validation_data, epochs):
        hp = trial.hyperparameters
        model = keras.Sequential([
            keras.layers.Input((8, 8, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(hp.Int("units", 8, 32, step=8), activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        batch_size = hp.Choice("batch_size", [16, 32])
        model.fit(x, y, epochs=epochs, batch_size=batch_size)
        loss, accuracy = model.evaluate(*validation_data)
        model.save(os.path.join("/tmp", f"{trial.trial_id}.keras"))
        return {"val_error": 1.0 - accuracy, "val_loss": loss}


tuner = MyTuner(objective=keras_tuner.Objective("val_error", "min"), max_trials=3)
tuner.search()
"""


FIT = """import keras_tuner as kt
from tensorflow import keras


class MyHyperModel(kt.HyperModel):
    def build(self, hp):
        model = keras.Sequential([
            keras.layers.Input((8, 8, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(hp.Int("units", 8, 32, step=8), activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    def fit(self, hp, model, x, y, validation_data=None, **kwargs):
        if hp.Boolean("normalize"):
            x = keras.utils.normalize(x)
        return model.fit(
            x, y, validation_data=validation_data, batch_size=hp.Choice("batch_size", [16, 64]),
            shuffle=hp.Boolean("shuffle"), **{k: v for k, v in kwargs.items() if k != "batch_size"},
        )


tuner = kt.RandomSearch(MyHyperModel(), objective="val_accuracy", max_trials=3)
"""


def paste(page: Any, name: str, code: str) -> None:
    page.goto("/templates/new/")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Validate with dataset").select_option(label="Digits")
    page.get_by_label("Images").check()
    page.get_by_label("Or paste code").fill(code)
    page.get_by_role("button", name="Create template").click()


def take_home(page: Any, folder: Path) -> None:
    """Download the model that is being retrained."""
    link = page.get_by_role("link", name=re.compile("^Download .*keras")).first
    link.wait_for(timeout=LONG)
    look(page, "own-class-model")
    with page.expect_download() as downloading:
        link.click()
    model = folder / downloading.value.suggested_filename
    downloading.value.save_as(model)
    assert model.suffix == ".keras"
    assert hashlib.sha256(model.read_bytes()).hexdigest() in page.content()


def test_a_tuner_class_reaches_a_download(sign_in: Callable[..., Any], tmp_path: Path) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    paste(page, "A tuner of our own", CODE)
    page.get_by_text(re.compile("Its tuner class MyTuner runs each trial")).wait_for(timeout=LONG)
    page.get_by_text("The default model has 610 parameters.").wait_for()
    look(page, "own-tuner")

    page.get_by_role("link", name="Use in new project").click()
    page.get_by_label("Name", exact=True).fill("With our custom tuner")
    page.get_by_role("button", name="Create project").click()
    page.get_by_role("link", name="New search").first.click(timeout=LONG)
    assert page.locator("[name=objective]").input_value() == "val_error"
    page.go_back()
    # Another algorithm than its base class's.
    start_search(page, tuner="bayesian", max_trials="3", epochs="4")
    wait_until_completed(page)
    page.get_by_role("link", name="All 3 trials").click()
    page.locator("#trial-table .status-completed").nth(2).wait_for()
    assert page.locator("#trial-table").get_by_text("4", exact=True).count() > 0
    look(page, "own-tuner-search")

    page.get_by_role("link", name="Overview").click()
    page.get_by_role("button", name="Retrain best").click()
    page.wait_for_url("**/models/*/")
    take_home(page, tmp_path)


def test_a_fit_of_its_own_reaches_a_download(sign_in: Callable[..., Any], tmp_path: Path) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    paste(page, "A fit of our own", FIT)
    page.get_by_text(re.compile("Its builder MyHyperModel is used")).wait_for(timeout=LONG)
    page.get_by_role("link", name="Use in new project").click()
    page.get_by_label("Name", exact=True).fill("With our own fit")
    page.get_by_role("button", name="Create project").click()
    start_search(page, tuner="random", max_trials="3", epochs="2")
    wait_until_completed(page)
    # What only its fit asks for is tuned as well.
    page.get_by_role("link", name="All 3 trials").click()
    page.locator("#trial-table .status-completed").nth(2).wait_for()
    head = page.locator("#trial-table thead").inner_text()
    assert {"units", "normalize", "batch_size", "shuffle"} <= set(re.findall(r"[\w.]+", head))
    assert page.locator("#trial-table .status-completed").count() == 3
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("button", name="Retrain best").click()
    page.wait_for_url("**/models/*/")
    take_home(page, tmp_path)
