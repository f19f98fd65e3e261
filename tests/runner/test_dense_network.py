"""The built-in dense network, and a person's own normalisation, on tables that once made them
explode: predictions stay near the training targets whatever comes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from tuning.hypermodels import BUILTIN, source_of
from tuning.runner.inputs.data import Dataset, load_dataset
from tuning.runner.inputs.preprocessing import Preprocessing

from .cases import prepared_case
from .harness import project
from .random_tables import tables

pytestmark = [
    pytest.mark.tensorflow,
    # Keras's own, when it saves variables.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

DENSE = next(source_of(template) for template in BUILTIN if template.module == "dense")
BATCH_SIZE = next(source_of(template) for template in BUILTIN if template.module == "batch_size")
OWN_NORMALIZATION = """
import keras
X_train, X_test = train_test_split(X)
normalizer = keras.layers.Normalization()
normalizer.adapt(X_train)

def build_model(hp):
    model = keras.Sequential([
        normalizer, keras.layers.Dense(32, "relu"), keras.layers.Dense(1),
        # The tables' targets are around 1,000.
        keras.layers.Rescaling(300, offset=1000),
    ])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model

tuner = keras_tuner.RandomSearch(build_model)
tuner.search(X_train, y_train)
"""
REGRESSION = {"task": "regression", "num_classes": None}


def trained(code: str, facts: dict[str, Any], x: Any, y: Any, epochs: int = 3, **fit: Any) -> Any:
    """The template's default model after a few epochs, and its history."""
    import keras
    import keras_tuner as kt

    from tuning.runner.template.code import Template

    template = Template(code, facts, parts=lambda _: (x, y))
    keras.utils.set_random_seed(1)
    hp = kt.HyperParameters()
    model = template.build(hp)
    history = template.fit(hp, model, x, y, epochs=epochs, batch_size=32, verbose=0, **fit)
    return model, history.history


def strays(predictions: np.ndarray, y: np.ndarray) -> float:
    """How far predictions lie from the middle of the targets, in units of the targets' range."""
    middle = (y.min() + y.max()) / 2
    return float(np.abs(predictions - middle).max() / np.ptp(y))


def of_case(name: str, target: str, folder: Path, **split: Any) -> Dataset:
    return load_dataset(project("", prepared_case(name, target, folder), **split))


def test_a_city_that_only_later_rows_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    from tuning.runner.saved.saving import save_model
    from tuning.runner.template.code import Template

    dataset = of_case("rare_city.csv", "rent", tmp_path / "case", stratified=False)
    x, y = dataset.rows("train")
    validation = dataset.rows("validation")
    model, history = trained(DENSE, dataset.facts, x, y, 20, validation_data=validation)
    assert history["val_mean_absolute_error"][-1] < np.std(y) / 2
    monkeypatch.chdir(tmp_path)
    save_model(model, dataset, Template(DENSE, dataset.facts))
    downloaded = keras.models.load_model("model.keras")

    def rent(city: str, area: float) -> float:
        cells = {"city": np.array([[city]]), "area": np.float32([[area]]),
                 "rooms": np.float32([[3]])}  # fmt: skip
        tensors = {name: keras.ops.convert_to_tensor(value) for name, value in cells.items()}
        return float(downloaded.predict(tensors, verbose=0)[0, 0])

    for city, area in (("Nowhere", 80), ("", 80), ("Nowhere", 5_000), ("Chur", np.nan)):
        assert strays(np.array(rent(city, area)), y) < 5, (city, area)


def test_columns_that_are_almost_always_0(tmp_path: Path) -> None:
    dataset = of_case("sparse.csv", "label", tmp_path / "case")
    validation = dataset.rows("validation")
    rows = dataset.rows("train")
    _, history = trained(DENSE, dataset.facts, *rows, validation_data=validation)
    assert history["val_loss"][-1] < 1


@settings(max_examples=3, deadline=None)
@given(tables(most_rows=300))
def test_predictions_for_any_table_stay_near_the_targets(
    table: tuple[np.ndarray, np.ndarray, list[Any]],
) -> None:
    training, unseen, columns = table
    preprocessing = Preprocessing.learn(training, columns)
    x, others = preprocessing.apply(training), preprocessing.apply(unseen)
    noise = np.random.RandomState(0).normal(0, 50, len(x))
    y = (1_000 + 300 * np.tanh(x.sum(axis=1)) + noise).astype(np.float32)
    for code in (DENSE, OWN_NORMALIZATION):
        model, _ = trained(code, preprocessing.facts | REGRESSION, x, y)
        for rows in (x, others):
            assert strays(model.predict(rows, verbose=0), y) < 10


@pytest.mark.parametrize("code", [DENSE, BATCH_SIZE], ids=["dense", "batch_size"])
def test_arrays_with_columns_that_never_change_in_training(code: str) -> None:
    random = np.random.RandomState(0)
    x = random.normal(size=(200, 4)).astype(np.float32)
    x[:, 1], x[:, 2] = 3, x[:, 2] * 1e-3 + 1_000
    y = (1e6 + 1e4 * x[:, 0]).astype(np.float32)
    facts = {"input_shape": [4], "min_value": 0.0, "max_value": 1.0, **REGRESSION}
    model, history = trained(code, facts, x, y)
    assert np.isfinite(history["loss"]).all()
    later = x.copy()
    later[:, 1:] = [224, -1e9, 1e6]
    assert strays(model.predict(later, verbose=0), y) < 10
    # What never changed in training means nothing.
    x[:, 1] = -1e6
    before = model.predict(np.where(np.arange(4) == 1, 3, x).astype(np.float32), verbose=0)
    assert np.allclose(model.predict(x, verbose=0), before, rtol=1e-6)


@pytest.mark.parametrize("code", [DENSE, BATCH_SIZE], ids=["dense", "batch_size"])
def test_the_unit_of_the_targets_does_not_matter(code: str) -> None:
    random = np.random.RandomState(0)
    x = random.normal(size=(400, 4)).astype(np.float32)
    facts = {"input_shape": [4], "min_value": 0.0, "max_value": 1.0, **REGRESSION}
    for unit in (1e-7, 1e9):
        y = (unit * (2 + x[:, 0])).astype(np.float32)
        _, history = trained(code, facts, x, y, 6)
        assert history["mean_absolute_error"][-1] < np.std(y) / 3


def test_a_template_normalises_arrays_that_hardly_change() -> None:
    x = np.random.RandomState(0).normal(size=(200, 3)).astype(np.float32)
    x[:, 1:] = [3, 1_700_000]
    y = (1_000 + 100 * x[:, 0]).astype(np.float32)
    facts = {"input_shape": [3], "min_value": 0.0, "max_value": 1.0, **REGRESSION}
    model, _ = trained(OWN_NORMALIZATION, facts, x, y)
    x[:, 1:] += 2
    assert strays(model.predict(x, verbose=0), y) < 10


def test_no_row_comes_out_of_an_own_normalization_large() -> None:
    """However few rows have another value in a column, and whichever axes are kept."""
    import keras

    from tuning.runner.template.normalization import keep_rare_values_in_scale

    keep_rare_values_in_scale()
    usual = np.random.RandomState(0).normal(size=(5_000, 3)).astype(np.float32)
    x = usual.copy()
    x[:, 1] = np.where(np.arange(5_000) == 7, 255, 0)
    layer = keras.layers.Normalization()
    layer.adapt(x)
    assert np.abs(layer(x)).max() < 24
    # Common columns are as Keras has them.
    assert np.allclose(np.std(layer(x), axis=0)[[0, 2]], 1, atol=1e-3)
    for axis, data in ((None, usual), (-1, usual.reshape(-1, 5, 3)), ((1, 2), usual[:, :, None])):
        layer = keras.layers.Normalization(axis=axis)
        layer.adapt(data)
        assert np.std(layer(data)) == pytest.approx(1, abs=1e-2)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_a_saved_model_is_compared_in_the_unit_of_its_targets(unit: float) -> None:
    from tuning.runner.saved.saving import _alike

    live = np.array([[1.0], [2.0], [0.0]]) * unit
    assert _alike(live, live * (1 + 1e-5))
    assert not _alike(live, live[::-1])
