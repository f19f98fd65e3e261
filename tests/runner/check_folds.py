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

from tuning.runner.networks import folds as network_folds
from tuning.runner.networks.folds import Folds
from tuning.splits import split_rows

from .harness import SPLIT, project, search_order


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
    print(json.dumps({"folds": folds, "few in memory": few_in_memory(folder)}))


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
    main(Path(sys.argv[1]), int(sys.argv[2]))
