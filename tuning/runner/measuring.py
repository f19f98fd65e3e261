"""What a search may ask to measure of a trained model: the size of its file and how long it takes
to predict. Rows are the prepared ones that the trial was trained on."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from tuning.protocol.events import Metrics
from tuning.protocol.measured import REPEATS, WARM_UP

_FILE = Path("measured-model")


def network_measures(model: Any, rows: Any, names: Sequence[str]) -> Metrics:
    """Of a Keras model. `rows`: those of a batch."""
    import keras

    def predict(count: int) -> None:
        some = keras.tree.map_structure(lambda part: part[:count], rows)
        model.predict_on_batch(some)

    def save() -> int:
        file = _FILE.with_suffix(".keras")
        model.save(file)
        return _size_of(file)

    return _measures(names, predict, len(keras.tree.flatten(rows)[0]), save)


def estimator_measures(estimator: Any, rows: Any, names: Sequence[str]) -> Metrics:
    """The same of an estimator of scikit-learn."""

    def save() -> int:
        import skops.io

        file = _FILE.with_suffix(".skops")
        skops.io.dump(estimator, file)
        return _size_of(file)

    return _measures(names, lambda count: estimator.predict(rows[:count]), len(rows), save)


def _measures(
    names: Sequence[str], predict: Callable[[int], Any], batch: int, save: Callable[[], int]
) -> Metrics:
    ways: dict[str, Callable[[], float]] = {
        "latency": lambda: _milliseconds(lambda: predict(1)),
        "batch_latency": lambda: _milliseconds(lambda: predict(batch)),
        "model_size": save,
    }
    found: Metrics = {}
    for name in names:
        try:
            found[name] = float(ways[name]())
        except Exception as error:  # noqa: BLE001
            # A template may train on other rows than it is given. The trial fails, with a reason.
            print(f"{name} could not be measured: {error}")
            found[name] = None
    return found


def _milliseconds(call: Callable[[], Any]) -> float:
    """The median of several calls, after some that compile and warm up."""
    times = []
    for count in range(WARM_UP + REPEATS):
        began = time.perf_counter()
        call()
        if count >= WARM_UP:
            times.append(time.perf_counter() - began)
    return 1000 * median(times)


def _size_of(file: Path) -> int:
    try:
        return file.stat().st_size
    finally:
        file.unlink()
