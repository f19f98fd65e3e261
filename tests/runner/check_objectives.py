"""Objectives and directions, in one process. Run as

    python check_objectives.py <folder of prepared datasets> <folder of cases>

it prints one JSON object: what each script of objective_scripts proposes, the directions of Keras's
metrics and of models' metrics, and what inspections of the cases find.
"""

import functools
import inspect
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.runner import objective_scripts as scripts  # noqa: E402
from tests.runner.check_templates import Recorder  # noqa: E402
from tests.runner.harness import project  # noqa: E402
from tests.runner.judged_metrics import judged  # noqa: E402
from tuning.protocol.orders import InspectOrder  # noqa: E402
from tuning.runner.libraries import load_libraries  # noqa: E402

FACTS: dict[str, Any] = {
    "input_shape": (4,), "num_classes": None, "task": "regression", "max_value": 1, "min_value": 0,
}  # fmt: skip
# Keras's metrics with arguments that they insist on.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "IoU": {"num_classes": 2, "target_class_ids": [0]}, "MeanIoU": {"num_classes": 2},
    "BinaryIoU": {}, "OneHotIoU": {"num_classes": 2, "target_class_ids": [0]},
    "OneHotMeanIoU": {"num_classes": 2}, "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.9}, "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "MeanRelativeError": {"normalizer": [[1.0], [2.0], [3.0], [4.0], [5.0], [7.0]]},
    "TopKCategoricalAccuracy": {"k": 1}, "SparseTopKCategoricalAccuracy": {"k": 1},
}  # fmt: skip
FUNCTIONS: dict[str, dict[str, Any]] = {
    "top_k_categorical_accuracy": {"k": 1},
    "sparse_top_k_categorical_accuracy": {"k": 1},
    "categorical_generalized_cross_entropy": {"q": 0.5},
}
# No metrics, or those that need sequences or embeddings.
NEUTRAL = {
    "get", "serialize", "deserialize", "Mean", "MeanMetricWrapper", "Metric", "Sum", "circle",
    "ctc",
}  # fmt: skip


def proposed(tuner: str) -> dict[str, Any]:
    import keras_tuner as kt

    from tuning.runner.template.code import Template

    code = scripts.BUILD + scripts.DATA + tuner + scripts.SEARCH
    template = Template(code, FACTS)
    if "self.build" in tuner:
        template.build(kt.HyperParameters())
    return asdict(template.objective)


def of_classes() -> dict[str, str]:
    """Every class of keras.metrics, under a name that says nothing."""
    import keras

    from tuning.runner.directions import direction_of

    found = {}
    for name, kind in vars(keras.metrics).items():
        if inspect.isclass(kind) and issubclass(kind, keras.metrics.Metric):
            given = ARGUMENTS.get(name, {})
            if name == "MeanMetricWrapper":
                given = {"fn": lambda _, p: p}
            metric = kind(name="m", **given) if name != "Metric" else kind(name="m")
            found[name] = direction_of(metric)
    return found


def of_functions() -> dict[str, str]:
    """Every function of keras.metrics and keras.losses, as Keras wraps them."""
    import keras

    from tuning.runner.directions import direction_of

    found = {}
    for module in (keras.metrics, keras.losses):
        for name, function in vars(module).items():
            if inspect.isfunction(function) and name not in ("get", "serialize", "deserialize"):
                wrapped = keras.metrics.MeanMetricWrapper(function, name="m")
                found[f"{module.__name__.rpartition('.')[2]}.{name}"] = direction_of(wrapped)
    return found


def computed() -> dict[str, str]:
    """What the values of all these say themselves."""
    import keras

    def of_class(kind: Any, given: dict[str, Any]) -> Any:
        def score(y: Any, p: Any) -> Any:
            metric = kind(**given)
            metric.update_state(y, p)
            return metric.result()

        return score

    found = {}
    for name, kind in vars(keras.metrics).items():
        if inspect.isclass(kind) and issubclass(kind, keras.metrics.Metric) and name not in NEUTRAL:
            found[name] = judged(name, of_class(kind, ARGUMENTS.get(name, {})))
    for module in (keras.metrics, keras.losses):
        for name, function in vars(module).items():
            if inspect.isfunction(function) and name not in NEUTRAL:
                given = FUNCTIONS.get(name, {})
                score = functools.partial(function, **given)
                found[f"{module.__name__.rpartition('.')[2]}.{name}"] = judged(name, score)
    return found


def of_a_model() -> dict[str, Any]:
    """Two outputs, weighted metrics, functions, losses, a subclass and metrics of its own."""
    import keras
    import numpy as np

    from tuning.runner.directions import metric_directions

    class Sub(keras.metrics.AUC):
        pass

    class Own(keras.metrics.Mean):
        pass

    def mine(y: Any, p: Any) -> Any:
        return keras.ops.mean(p, axis=-1)

    inputs = keras.Input((3,))
    outputs = {
        "a": keras.layers.Dense(1, activation="sigmoid", name="a")(inputs),
        "b": keras.layers.Dense(1, name="b")(inputs),
    }
    model = keras.Model(inputs, outputs)
    prc = functools.partial(keras.metrics.AUC, name="prc", curve="PR")
    model.compile(
        "adam", {"a": "binary_crossentropy", "b": "mse"},
        metrics={
            "a": [prc(), "acc", mine, Sub(name="sub")],
            "b": ["mse", keras.losses.cosine_similarity, keras.losses.Huber()],
        },
        weighted_metrics={"a": [prc()], "b": [keras.metrics.CosineSimilarity(name="cs")]},
    )  # fmt: skip
    y = {"a": np.array([0, 1] * 4), "b": np.ones(8)}
    history = model.fit(np.zeros((8, 3)), y, validation_split=0.5, verbose=0).history
    found = metric_directions(model, history)
    return {"reported": sorted(history), "directions": found}


def inspected(path: Path, dataset: Path) -> dict[str, Any]:
    from tuning.runner.inspection import inspect_template

    recorder = Recorder()
    inspect_template(InspectOrder(project(path.read_text(), dataset)), recorder)
    return asdict(recorder.events[-1])


def main(datasets: Path, cases: Path) -> None:
    load_libraries()
    from tuning.runner.networks import samples

    # How many there are is tested with the templates; here it only takes time.
    samples.MAX_SAMPLES = 2
    tuners = {
        name: code for name, (code, _) in (scripts.TUNERS | scripts.NOTED | scripts.SEVERAL).items()
    }
    found = {
        "proposed": {name: proposed(code) for name, code in tuners.items()},
        "classes": of_classes(),
        "functions": of_functions(),
        "computed": computed(),
        "model": of_a_model(),
        "cases": {
            name: inspected(cases / f"{name}.py", datasets / dataset)
            for name, dataset in (
                ("f1_metric", "breast-cancer"), ("pr_auc", "breast-cancer"),
                ("r_square", "diabetes"),
            )
        },
    }  # fmt: skip
    sys.stdout.write("\n" + json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
