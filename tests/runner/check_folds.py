"""Trains each fold of digits by hand, as a loop of StratifiedKFold around Keras; for
test_network_folds.py.

    python -m tests.runner.check_folds DATASET SEED
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.class_weight import compute_class_weight

from tuning.splits import split_rows

from .harness import SPLIT


def main(folder: Path, seed: int) -> None:
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
    print(json.dumps(folds))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
