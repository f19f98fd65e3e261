"""All that a script gives to its tuner and to `search()` is proposed, applied or listed."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from .tables import raw_rows, write_table
from .warm import python

CASES = Path(__file__).parents[1] / "cases"
CHECK = Path(__file__).parent / "check_script_settings.py"

HEAD = """
import keras, keras_tuner as kt, numpy as np
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import KFold, TimeSeriesSplit
(x_train, y_train), (x_val, y_val) = keras.datasets.mnist.load_data()
def build_model(hp):
    model = keras.Sequential([
        keras.layers.Dense(hp.Int("units", 4, 16), activation="relu"),
        keras.layers.Dense(3, activation="softmax"),
    ])
    rate = hp.Choice("rate", [0.1, 0.01])
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.SGD(rate), loss, metrics=["accuracy"])
    return model
"""
SEARCH = "tuner.search(x_train, y_train, validation_data=(x_val, y_val), "


def _script(construction: str = "", search: str = "", before: str = "", kind: str = "") -> str:
    kind = kind or "kt.RandomSearch(build_model, objective='val_loss', "
    return f"{HEAD}{before}\ntuner = {kind}{construction})\n{SEARCH}{search})\n"


# Name -> (code, fields that the form must get, besides the strategy).
PROPOSED: dict[str, tuple[str, dict[str, Any]]] = {
    "max_trials": (_script("max_trials=5"), {"max_trials": 5}),
    "a function's keywords": (
        _script(kind="make(", construction="max_trials=6, seed=3", before="def make(max_trials=2,"
                " **kwargs):\n    return kt.RandomSearch(build_model, 'val_loss', max_trials,"
                " **kwargs)"),
        {"max_trials": 6, "seed": 3},
    ),
    "the command line": (
        _script("max_trials=args.n", before="import argparse\np = argparse.ArgumentParser()\n"
                "p.add_argument('data')\np.add_argument('--n', type=int, default=8)\n"
                "args = p.parse_args()"),
        {"max_trials": 8},
    ),
    "max_trials by position": (
        _script("7", kind="kt.RandomSearch(build_model, 'val_loss', "), {"max_trials": 7}
    ),
    "seed": (_script("seed=9"), {"seed": 9}),
    "a loop of folds": (
        HEAD + "K = 4\nfolds = KFold(n_splits=K, shuffle=True)\n"
        "for n, (train, val) in enumerate(folds.split(x_train)):\n"
        "    tuner = kt.RandomSearch(build_model, 'val_loss')\n"
        "    tuner.search(x_train[train], y_train[train])\n",
        {"folds": 4},
    ),
    "a loop of a function's": (
        HEAD + "def split(rows):\n    yield rows[:9], rows[9:]\n\n"
        "for train, val in split(x_train):\n"
        "    tuner = kt.RandomSearch(build_model, 'val_loss')\n"
        "    tuner.search(train, y_train)\n",
        {},
    ),
    "executions_per_trial": (_script("executions_per_trial=2"), {"executions_per_trial": 2}),
    "retries": (_script("max_retries_per_trial=1"), {"retries": 1}),
    "failures": (_script("max_consecutive_failed_trials=8"), {"max_consecutive_failures": 8}),
    "epochs": (_script(search="epochs=EPOCHS", before="EPOCHS = 2 * 15"), {"epochs": 30}),
    "batch_size": (_script(search="batch_size=16"), {"batch_size": 16}),
    "keywords": (
        _script("**settings", before="settings = {'max_trials': 4, 'seed': 2}"),
        {"max_trials": 4, "seed": 2},
    ),
    "early stopping": (
        _script(search="callbacks=[stop]", before="stop = keras.callbacks.EarlyStopping('val_loss',"
                " patience=4, restore_best_weights=True)"),
        {"early_stopping_metric": "val_loss", "early_stopping_patience": 4},
    ),
    "patience of 0": (
        _script(search="callbacks=[keras.callbacks.EarlyStopping(mode='max')]"),
        {"early_stopping_metric": "val_loss", "early_stopping_patience": 1,
         "early_stopping_direction": "max"},
    ),
    "unknown metric": (
        _script(search="callbacks=[keras.callbacks.EarlyStopping('val_acc', patience=4)]"), {}
    ),
    "hyperband": (
        _script("max_epochs=27, factor=4, hyperband_iterations=2", "epochs=5",
                kind="kt.Hyperband(build_model, objective='val_loss', "),
        {"tuner": "hyperband", "epochs": 27, "hyperband_factor": 4, "hyperband_iterations": 2},
    ),
    "bayesian": (
        _script(kind="kt.BayesianOptimization(build_model, 'val_loss', max_trials=3, "),
        {"tuner": "bayesian", "max_trials": 3},
    ),
    "bayesian's own": (
        _script("num_initial_points=4, alpha=1e-3, beta=3", kind="kt.BayesianOptimization("
                "build_model, 'val_loss', "),
        {"tuner": "bayesian", "bayesian_initial_points": 4, "bayesian_alpha": 1e-3,
         "bayesian_beta": 3.0},
    ),
    "bayesian's oracle": (
        _script(kind="kt.Tuner(kt.oracles.BayesianOptimizationOracle('val_loss', beta=1.5), "
                "build_model, "),
        {"tuner": "bayesian", "bayesian_beta": 1.5},
    ),
    "grid": (_script(kind="kt.GridSearch(build_model, 'val_loss', "), {"tuner": "grid"}),
    "oracle": (
        _script(before="oracle = kt.oracles.GridSearchOracle(objective='val_loss', max_trials=6,"
                " seed=4)", kind="kt.Tuner(oracle=oracle, hypermodel=build_model, "),
        {"tuner": "grid", "max_trials": 6, "seed": 4},
    ),
    "folds": (
        _script("cv=KFold(4), scoring=make_scorer(f1_score, average='macro')",
                kind="kt.SklearnTuner(oracle=kt.oracles.RandomSearchOracle('score'),"
                " hypermodel=build_model, "),
        {"folds": 4, "scoring": "f1_macro"},
    ),
    "scorer's name": (
        _script("scoring='recall_macro'", kind="kt.SklearnTuner(kt.oracles.RandomSearchOracle("
                "objective='score', max_trials=3), build_model, "),
        {"scoring": "recall_macro", "max_trials": 3},
    ),
}  # fmt: skip

# Name -> (code, the argument's text, use, a part of the note).
LISTED: dict[str, tuple[str, str, str, str]] = {
    "class_weight": (
        _script(search="class_weight=dict(enumerate(weights))",
                before="weights = compute_class_weight('balanced', classes=np.unique(y_train),"
                " y=y_train)"),
        "class_weight=dict(enumerate(weights))", "training", "",
    ),
    "class_weight of two": (
        _script(search="class_weight={0: 1, 1: 2}"),
        "class_weight={0: 1, 1: 2}", "training", "no weight for the classes 2",
    ),
    "no class_weight": (
        _script(search="class_weight='balanced'"),
        "class_weight='balanced'", "unused", "not a dictionary",
    ),
    "sample_weight": (
        _script(search="sample_weight=compute_sample_weight('balanced', y_train)"),
        "sample_weight=compute_sample_weight('balanced', y_train)", "training", "",
    ),
    "sample_weight of other rows": (
        _script(search="sample_weight=np.ones(7)"), "sample_weight=np.ones(7)", "unused",
        "7 values, but the project has 105 training rows",
    ),
    "sample_weight of a file": (
        _script(search="sample_weight=w", before="w = np.load('weights.npy')"),
        "sample_weight=w", "unused", "not run",
    ),
    "settings": (
        _script("**settings", before="settings = dict(seed=2, directory='out')\n"
                "settings['seed'] = 4"),
        "seed=settings['seed']", "form", "It is 4.",
    ),
    "an entry of settings": (
        _script("**settings", before="settings = {'directory': 'out'}"),
        "directory='out'", "unused", "keeps the results",
    ),
    "a variable": (
        _script(search="epochs=EPOCHS", before="EPOCHS = 2 * 15"), "epochs=EPOCHS", "form",
        "It is 30.",
    ),
    "a helper's callbacks": (
        f"{HEAD}class Runner:\n    def __init__(self):\n"
        "        self.callbacks = [keras.callbacks.TerminateOnNaN()]\n    def run(self):\n"
        "        tuner = kt.RandomSearch(build_model, 'val_loss')\n"
        "        tuner.search(x_train, y_train, callbacks=self.callbacks)\nRunner().run()\n",
        "keras.callbacks.TerminateOnNaN()", "training", "",
    ),
    "validation_split": (
        _script(search="validation_split=0.2"), "validation_split=0.2", "unused",
        "105 for training, 21 for validation (17%)"
    ),
    "objective": (
        _script(kind="kt.RandomSearch(build_model, objective=goal, ",
                before="goal = kt.Objective('val_accuracy', 'min')"),
        "objective=goal", "form", "It is val_accuracy. Lower is better.",
    ),
    "an objective's name": (
        _script(), "objective='val_loss'", "form", "Lower is better.",
    ),
    "the oracle's objective": (
        _script(kind="kt.Tuner(kt.oracles.RandomSearchOracle(objective='val_loss'), build_model, "),
        "objective='val_loss'", "form", "Lower is better.",
    ),
    "an objective that is not reported": (
        _script(kind="kt.RandomSearch(build_model, objective='val_f1', "),
        "objective='val_f1'", "unused", "not among the metrics",
    ),
    "validation_data": (
        _script(), "validation_data=(x_val, y_val)", "unused",
        "Replaced by the project’s 21 validation rows.",
    ),
    "validation_freq": (
        _script(search="validation_freq=2"), "validation_freq=2", "unused", "Every epoch",
    ),
    "weights of validation": (
        f"{HEAD}tuner = kt.RandomSearch(build_model, 'val_loss')\n"
        "tuner.search(x_train, y_train, validation_data=(x_val, y_val, np.ones(len(y_val))))\n",
        "validation_data=np.ones(len(y_val))", "unused", "not weighted",
    ),
    "an unknown hyperparameter": (
        _script("hyperparameters=hp", before="hp = kt.HyperParameters()\nhp.Int('depth', 1, 3)\n"
                "hp.Fixed('rate', 0.1)"),
        "hyperparameters=hp", "space", "does not tune depth",
    ),
    "optimizer": (_script("optimizer='sgd'"), "optimizer='sgd'", "training", ""),
    "loss": (_script("loss='mae'"), "loss='mae'", "training", ""),
    "metrics": (_script("metrics=['mae']"), "metrics=['mae']", "training", ""),
    "shuffle": (_script(search="shuffle=False"), "shuffle=False", "training", ""),
    "steps": (_script(search="steps_per_epoch=2"), "steps_per_epoch=2", "training", ""),
    "initial_epoch": (_script(search="initial_epoch=1"), "initial_epoch=1", "training", ""),
    "plateau": (
        _script(search="callbacks=[keras.callbacks.ReduceLROnPlateau('val_loss')]"),
        "keras.callbacks.ReduceLROnPlateau('val_loss')", "training", "Used in trials only",
    ),
    "schedule": (
        _script(search="callbacks=[keras.callbacks.LearningRateScheduler(lambda e, r: r / 2)]"),
        "keras.callbacks.LearningRateScheduler(lambda e, r: r / 2)", "training", "",
    ),
    "nan": (
        _script(search="callbacks=cbs", before="cbs = [keras.callbacks.TerminateOnNaN()]"),
        "keras.callbacks.TerminateOnNaN()", "training", "",
    ),
    "checkpoints": (
        _script(search="callbacks=[keras.callbacks.ModelCheckpoint('best.keras')]"),
        "keras.callbacks.ModelCheckpoint('best.keras')", "unused", "records every epoch",
    ),
    "beside a missing package": (
        _script(search="callbacks=cbs", before="cbs = [WandbCallback(),"
                " keras.callbacks.TerminateOnNaN()]"),
        "keras.callbacks.TerminateOnNaN()", "training", "",
    ),
    "a missing package": (
        _script(search="callbacks=cbs", before="cbs = [WandbCallback(),"
                " keras.callbacks.TerminateOnNaN()]"),
        "WandbCallback()", "unused", "not run",
    ),
    "steps of a generator": (
        _script(search="steps_per_epoch=gen.samples // 32",
                before="gen = datagen.flow_from_directory('train')"),
        "steps_per_epoch=gen.samples // 32", "unused", "not run",
    ),
    "scaled images": (
        _script(before="!pip install keras\ngen = ImageDataGenerator(rescale=1 / 255)"
                ".flow_from_directory('train')"),
        "rescale=1 / 255", "unused", "Rescaling",
    ),
    "augmented images": (
        _script(before="gen = keras.preprocessing.image.ImageDataGenerator(rotation_range=20)"
                ".flow_from_directory('train')"),
        "rotation_range=20", "unused", "RandomRotation",
    ),
    "weights of a generator": (
        _script(search="class_weight={0: 1, 1: gen.samples}",
                before="gen = datagen.flow_from_directory('train')"),
        "class_weight={0: 1, 1: gen.samples}", "unused", "not",
    ),
    "a callback that needs a package": (
        _script(search="callbacks=[Clear()]", before="import absent_package\n"
                "class Clear(keras.callbacks.Callback):\n"
                "    def on_train_end(*args, **kwargs):\n"
                "        absent_package.display.clear_output()"),
        "Clear()", "unused", "absent_package is not installed",
    ),
    "an appended callback": (
        _script(search="callbacks=cbs", before="cbs = [keras.callbacks.TerminateOnNaN()]\n"
                "cbs.append(keras.callbacks.LearningRateScheduler(lambda e: 0.1))"),
        "keras.callbacks.LearningRateScheduler(lambda e: 0.1)", "training", "",
    ),
    "an added callback": (
        _script(search="callbacks=cbs", before="cbs = [Wandb()]\n"
                "cbs += [keras.callbacks.TerminateOnNaN()]"),
        "keras.callbacks.TerminateOnNaN()", "training", "",
    ),
    "a list of itself": (
        _script(search="callbacks=cbs", before="cbs = [keras.callbacks.TerminateOnNaN()]\n"
                "cbs = cbs + [keras.callbacks.CSVLogger('a.csv')]"),
        "cbs + [keras.callbacks.CSVLogger('a.csv')]", "unused", "records every epoch",
    ),
    "folder": (_script("directory='out'"), "directory='out'", "unused", "keeps the results"),
    "no alpha": (
        _script("alpha=-1", kind="kt.BayesianOptimization(build_model, 'val_loss', "),
        "alpha=-1", "unused", "not a number of 0 or more",
    ),
    "time series": (
        _script("cv=TimeSeriesSplit(3)", kind="kt.SklearnTuner(kt.oracles.RandomSearchOracle("
                "objective='score'), build_model, "),
        "cv=TimeSeriesSplit(3)", "unused", "by group or by time",
    ),
    "scorer of its own": (
        _script("scoring=lambda e, x, y: 1.0", kind="kt.SklearnTuner(kt.oracles."
                "RandomSearchOracle(objective='score'), build_model, "),
        "scoring=lambda e, x, y: 1.0", "unused", "named scorers",
    ),
    "unknown": (_script(search="magic=3"), "magic=3", "unused", "Unknown argument"),
    "generator": (
        f"{HEAD}tuner = kt.RandomSearch(build_model, 'val_loss')\n"
        "tuner.search(datagen.flow(x_train, y_train, batch_size=32), epochs=2)\n",
        "x=datagen.flow(x_train, y_train, batch_size=32)", "unused", "without this call",
    ),
}  # fmt: skip

CALLBACKS = _script(
    search="callbacks=[Own(), keras.callbacks.LearningRateScheduler(lambda e, r: 0.1 / 2**e),"
    " keras.callbacks.EarlyStopping('val_loss', patience=9, min_delta=100.0)]",
    before="""
class Own(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        logs["val_own"] = logs["val_loss"] + 1
""",
)
FAILING = _script(
    search="callbacks=[Own()]",
    before="""
class Own(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        logs["val_f1"] = logs["no_such_metric"]
""",
)
WEIGHTED = _script(search="sample_weight=np.zeros(len(y_train)), shuffle=False, initial_epoch=1")
CONFIGURED = (
    HEAD.replace("def build_model(hp):", "def build_model(hp):\n    check()")
    + """
import tensorflow as tf
def check():
    assert keras.config.dtype_policy().name == "mixed_float16"
    assert keras.config.floatx() == "float32"
    assert tf.config.functions_run_eagerly()
keras.mixed_precision.set_global_policy("mixed_float16")
if len(x_train) < 10:
    keras.mixed_precision.set_global_policy("float32")
tf.random.set_seed(7)
tf.config.run_functions_eagerly(True)
tf.config.set_visible_devices([], "TPU")
tf.compat.v1.disable_eager_execution()
np.random.seed(1)
tuner = kt.RandomSearch(build_model, objective="val_loss", max_trials=2)
tuner.search(x_train, y_train)
"""
)
SEEDED = f"""{HEAD}
keras.utils.set_random_seed(5)
tuner = kt.RandomSearch(build_model, objective="val_loss", max_trials=2, seed=5)
tuner.search(x_train, y_train, epochs=3)
"""
OWN_TUNER = (
    HEAD
    + """
class Mine(kt.BayesianOptimization):
    def run_trial(self, trial, x, y, scale=1, **kwargs):
        assert scale == 3
        model = self.hypermodel.build(trial.hyperparameters)
        return model.fit(x, y, **kwargs)
tuner = Mine(build_model, objective="val_loss", max_trials=4)
tuner.search(x_train, y_train, scale=3, epochs=2, class_weight={0: 0, 1: 0, 2: 0})
"""
)
TRAINED = {
    "overridden_space": {"code": (CASES / "overridden_space.py").read_text(), "dataset": "iris"},
    "metrics by position": {
        "code": HEAD.replace("metrics=[", "["), "dataset": "iris",
    },
    "seeded": {"code": SEEDED, "dataset": "iris"},
    "seeded again": {"code": SEEDED, "dataset": "iris"},
    "class_weight": {"code": (CASES / "class_weight.py").read_text(), "dataset": "breast-cancer"},
    "compile_by_tuner": {"code": (CASES / "compile_by_tuner.py").read_text(), "dataset": "iris"},
    "callbacks": {
        "code": CALLBACKS, "dataset": "iris",
        "order": {"early_stopping_metric": "val_loss", "early_stopping_patience": 1,
                  "early_stopping_direction": "min"},
    },
    "failing": {"code": FAILING, "dataset": "iris"},
    "weighted": {"code": WEIGHTED, "dataset": "iris"},
    "own_tuner": {"code": OWN_TUNER, "dataset": "iris"},
}  # fmt: skip

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def results(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("scripts")
    read = {name: code for table in (PROPOSED, LISTED) for name, (code, *_) in table.items()}
    read["every epoch"] = _script(search="validation_freq=1, epochs=4")
    read["overridden_space"] = (CASES / "overridden_space.py").read_text()
    table = write_table(home / "table", raw_rows(300), "classification")
    train = TRAINED | {"configured": {"code": CONFIGURED, "dataset": str(table)}}
    # Last: what it configures holds for its whole process.
    (home / "wanted.json").write_text(json.dumps({"read": read, "train": train}))
    done = python(
        str(CHECK), str(datasets), str(home / "wanted.json"), env={"PATH": "", "HOME": str(home)}
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", PROPOSED)
def test_settings_are_proposed(results: dict[str, Any], name: str) -> None:
    fields = results["read"][name]["fields"]
    assert fields.pop("tuner") == PROPOSED[name][1].get("tuner", "random")
    assert fields == {n: v for n, v in PROPOSED[name][1].items() if n != "tuner"}


@pytest.mark.parametrize("name", LISTED)
def test_every_argument_is_listed(results: dict[str, Any], name: str) -> None:
    _, text, use, note = LISTED[name]
    found = {one["text"]: one for one in results["read"][name]["arguments"]}
    assert text in found, found
    assert found[text]["use"] == use
    assert note in found[text]["note"]
    assert found[text]["line"] > 1


def test_what_is_done_anyway_is_not_listed(results: dict[str, Any]) -> None:
    texts = {one["text"] for one in results["read"]["every epoch"]["arguments"]}
    assert "validation_freq=1" not in texts
    assert "epochs=4" in texts


def test_an_overridden_space_is_what_is_searched(results: dict[str, Any]) -> None:
    space = results["read"]["overridden_space"]["space"]["space"]
    found = {entry["config"]["name"]: entry for entry in space}
    assert found.keys() == {"num_layers", "units_0", "learning_rate"}
    assert found["learning_rate"]["class_name"] == "Fixed"
    assert found["learning_rate"]["config"]["value"] == 1e-4
    layers = found["num_layers"]["config"]
    assert (layers["min_value"], layers["max_value"]) == (1, 2)
    assert found["units_0"]["config"]["value"] == 32


def _epochs(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if "seconds" in event]


def test_class_weights_reach_trials_and_retraining(results: dict[str, Any]) -> None:
    found = results["train"]["class_weight"]
    for events in (found["trial"], found["retrained"]):
        losses = [epoch["metrics"]["loss"] for epoch in _epochs(events)]
        assert losses == [0.0] * 3
    assert all(epoch["metrics"]["val_loss"] > 0 for epoch in _epochs(found["trial"]))


def test_sample_weights_are_made_of_the_rows_that_are_trained_on(results: dict[str, Any]) -> None:
    """And epochs begin to count where the script says."""
    found = results["train"]["weighted"]
    for events in (found["trial"], found["retrained"]):
        assert [epoch["metrics"]["loss"] for epoch in _epochs(events)] == [0.0] * 2
        assert [epoch["epoch"] for epoch in _epochs(events)] == [2, 3]
    # Nothing is learned: the first epoch of the trial, its second, is the best.
    assert found["trial"][-2]["best_step"] == 1


def test_an_overridden_space_is_trained(results: dict[str, Any]) -> None:
    found = results["train"]["overridden_space"]
    expected = {"num_layers": 1, "units_0": 32, "learning_rate": 1e-4}
    assert found["values"].items() >= expected.items()
    assert [epoch["epoch"] for epoch in _epochs(found["trial"])] == [1, 2, 3]
    assert "versions" in found["retrained"][-1], found["retrained"]


def test_metrics_by_position_are_named(results: dict[str, Any]) -> None:
    failed = results["train"]["metrics by position"]["inspected"]
    assert "Write metrics=[...]." in failed["message"]


def test_a_seeded_script_repeats_itself(results: dict[str, Any]) -> None:
    """Its initial weights and the order of its rows: every epoch has the same numbers."""
    once, again = results["train"]["seeded"], results["train"]["seeded again"]
    for part in ("trial", "retrained"):
        assert _epochs(once[part])
        assert [e["metrics"] for e in _epochs(once[part])] == [
            e["metrics"] for e in _epochs(again[part])
        ]


def test_the_tuner_compiles_the_model(results: dict[str, Any]) -> None:
    found = results["train"]["compile_by_tuner"]
    assert {"accuracy", "val_accuracy"} <= _epochs(found["trial"])[-1]["metrics"].keys()
    assert "accuracy" in found["retrained"][-1]["metrics"]


def test_callbacks_run(results: dict[str, Any]) -> None:
    found = results["train"]["callbacks"]
    assert "val_own" in found["inspected"]["metrics"]
    trial = _epochs(found["trial"])
    # The script's min_delta with the order's patience: nothing improves by 100.
    assert [epoch["epoch"] for epoch in trial] == [1, 2]
    assert all(math.isclose(e["metrics"]["val_own"], e["metrics"]["val_loss"] + 1, rel_tol=1e-5)
               for e in trial)  # fmt: skip
    rates = [epoch["metrics"]["learning_rate"] for epoch in _epochs(found["retrained"])]
    assert rates == pytest.approx([0.1, 0.05, 0.025])


def test_a_failing_callback_fails_its_trial(results: dict[str, Any]) -> None:
    found = results["train"]["failing"]
    (failed,) = [event for event in found["trial"] if "code" in event]
    assert failed["message"] == "The script's callback Own failed: KeyError: 'no_such_metric'"


def test_what_configures_the_libraries_is_kept(results: dict[str, Any]) -> None:
    found = results["train"]["configured"]
    assert "space" in found["inspected"], found["inspected"]
    assert "best_step" in found["trial"][-2], found["trial"]
    assert "versions" in found["retrained"][-1], found["retrained"]


def test_own_tuner_classes_get_them_too(results: dict[str, Any]) -> None:
    found = results["train"]["own_tuner"]
    assert found["inspected"]["script"]["fields"]["tuner"] == "bayesian"
    assert found["inspected"]["script"]["fields"]["epochs"] == 2
    assert [e["metrics"]["loss"] for e in _epochs(found["trial"])] == [0.0] * 3
    assert [e["metrics"]["loss"] for e in _epochs(found["retrained"])] == [0.0] * 3
