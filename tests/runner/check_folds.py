"""Trains each fold of digits by hand, as a loop of StratifiedKFold around Keras, and each fold of
windows of a series, as one of TimeSeriesSplit; for test_network_folds.py.

    python -m tests.runner.check_folds DATASET SEED SERIES WINDOWS

SERIES has the rows of a series as an array, whose first column is predicted, WINDOWS is the number
of windows for training and validation.
"""

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
from sklearn.model_selection import StratifiedKFold, TimeSeriesSplit
from sklearn.utils.class_weight import compute_class_weight

from tuning.runner.networks import folds as network_folds
from tuning.runner.networks.folds import Folds
from tuning.splits import split_rows

from .harness import SPLIT, project, search_order

LOOK_BACK, HORIZON = 6, 2


def main(folder: Path, seed: int, series: Path, windows: int) -> None:
    x, y = np.load(folder / "x.npy"), np.load(folder / "y.npy")
    parts = split_rows(y, SPLIT)
    rows = np.concatenate([parts["train"], parts["validation"]])
    x, y = x[rows], y[rows]
    folds = []
    divided = StratifiedKFold(3, shuffle=True, random_state=seed).split(x, y)
    for number, (train, validation) in enumerate(divided):
        keras.backend.clear_session()
        keras.utils.set_random_seed(7 + number)
        model = keras.Sequential([
            keras.Input(x.shape[1:]),
            keras.layers.Flatten(),
            keras.layers.Dense(8, "relu"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(10, "softmax"),
        ])  # fmt: skip
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        classes = np.unique(y[train])
        weights = compute_class_weight("balanced", classes=classes, y=y[train])
        done = model.fit(
            x[train], y[train], validation_data=(x[validation], y[validation]), epochs=2,
            batch_size=64, class_weight=dict(zip(classes.tolist(), weights, strict=True)),
            verbose=0,
        )  # fmt: skip
        folds.append({"history": done.history, "mean": float(x[train].mean())})
    forecasts = folds_of_windows(np.load(series), windows)
    found = {"folds": folds, "forecasts": forecasts, "few in memory": few_in_memory(folder)}
    print(json.dumps(found))


def folds_of_windows(rows: np.ndarray, windows: int) -> list[dict[str, Any]]:
    """Of each fold, what Keras says of the epochs, and the error in the units of the series."""
    length = LOOK_BACK + HORIZON
    x = np.stack([rows[first : first + LOOK_BACK] for first in range(windows)])
    y = np.stack([rows[first + LOOK_BACK : first + length, 0] for first in range(windows)])
    found = []
    # Whoever trains on a row must not be asked about it: a window's length lies between.
    divided = TimeSeriesSplit(3, gap=length - 1).split(x)
    for number, (train, validation) in enumerate(divided):
        keras.backend.clear_session()
        keras.utils.set_random_seed(7 + number)
        scale = keras.layers.Normalization()
        hidden = keras.layers.Dense(8, "tanh")
        outputs = keras.layers.Dense(HORIZON)
        model = keras.Sequential(
            [keras.Input(x.shape[1:]), scale, keras.layers.Flatten(), hidden, outputs]
        )
        model.compile("adam", "mse")
        scale.adapt(x[train])
        mean, deviation = y[train].mean(), y[train].std()
        done = model.fit(
            x[train], (y[train] - mean) / deviation, epochs=2, batch_size=64, verbose=0,
            validation_data=(x[validation], (y[validation] - mean) / deviation),
        )  # fmt: skip
        predicted = model.predict(x[validation], verbose=0) * deviation + mean
        error = float(np.abs(predicted - y[validation]).mean())
        found.append({"history": done.history, "val_error": error})
    return found


def few_in_memory(folder: Path) -> bool:
    """Whether a fold of large data is the same when it is made again, and alone in memory."""
    order = search_order(project("def build(hp): ...", folder), {"space": []}, folds=3)
    small = [Folds(order)[number].rows for number in range(3)]
    network_folds.MAX_KEPT_BYTES = 0
    large = Folds(order)
    same = [
        np.array_equal(ours, theirs)
        for number in (0, 1, 0, 2)
        for ours, theirs in zip(large[number].rows, small[number], strict=True)
    ]
    return all(same) and len(large._made) == 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
