"""Whatever table comes: no input is constant, none explodes, not even standardised once more, and
the three forms of the preprocessing agree."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from tuning.runner.inputs.preprocessing import MAX_INPUT, Preprocessing

from .random_tables import tables

Table = tuple[np.ndarray, np.ndarray, list[Any]]
# "A few dozen": what standardising the inputs once more may make of them.
MAX_STANDARDISED = 24


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(tables())
def test_inputs_stay_in_bounds_and_vary(table: Table) -> None:
    training, unseen, columns = table
    preprocessing = Preprocessing.learn(training, columns)
    inputs, others = preprocessing.apply(training), preprocessing.apply(unseen)
    assert inputs.shape[1] == preprocessing.width == len(preprocessing.facts["feature_names"])
    for rows in (inputs, others):
        assert np.isfinite(rows).all()
        assert np.abs(rows).max() <= MAX_INPUT
    assert (inputs.min(axis=0) < inputs.max(axis=0)).all()
    assert preprocessing.min_value == inputs.min()
    assert preprocessing.max_value == inputs.max()
    again = StandardScaler().fit(inputs)
    for rows in (inputs, others):
        assert np.abs(again.transform(rows)).max() <= MAX_STANDARDISED


@settings(max_examples=100, deadline=None)
@given(tables())
def test_inputs_of_estimators_stay_in_bounds_and_vary(table: Table) -> None:
    training, unseen, columns = table
    preprocessing = Preprocessing.learn(training, columns, keeps_rare=True)
    inputs, others = preprocessing.apply(training), preprocessing.apply(unseen)
    assert (inputs.min(axis=0) < inputs.max(axis=0)).all()
    for rows in (inputs, others):
        assert np.abs(rows).max() <= MAX_INPUT
    assert preprocessing.width >= Preprocessing.learn(training, columns).width


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(tables(most_rows=700), st.booleans())
def test_scikit_learn_agrees_with_numpy(table: Table, keeps_rare: bool) -> None:
    from tuning.runner.inputs.frames import raw_frame
    from tuning.runner.saved.raw_sklearn import as_sklearn

    training, unseen, columns = table
    preprocessing = Preprocessing.learn(training, columns, keeps_rare)
    with warnings.catch_warnings():
        # Of columns that are all missing, and of values that have no input.
        warnings.simplefilter("ignore")
        transformer = as_sklearn(preprocessing, training)
        for rows in (training, unseen):
            found = transformer.transform(raw_frame(preprocessing, rows))
            assert np.allclose(found, preprocessing.apply(rows), rtol=1e-3, atol=2e-2)


@pytest.mark.tensorflow
@settings(max_examples=5, deadline=None)
@given(table=tables(most_rows=300))
def test_keras_layers_agree_with_numpy(tmp_path_factory: Any, table: Table) -> None:
    import keras

    from tuning.runner.saved.raw_keras import RawModel

    training, unseen, columns = table
    preprocessing = Preprocessing.learn(training, columns)
    raw = RawModel(keras.Sequential([keras.Input((preprocessing.width,))]), preprocessing)
    file: Path = tmp_path_factory.mktemp("saved") / "model.keras"
    raw.keras_model.save(file)
    loaded = keras.models.load_model(file)
    rows = np.concatenate([training, unseen])
    found = loaded.predict(raw.feed(rows), batch_size=512, verbose=0)
    assert np.allclose(found, preprocessing.apply(rows), rtol=1e-5, atol=1e-5)
