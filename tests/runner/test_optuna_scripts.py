"""Optuna scripts as tutorials have them: read and retrained, unmodified."""

from pathlib import Path
from typing import Any

import pytest

from .harness import inspect_templates, retrain_templates

pytestmark = pytest.mark.tensorflow

SCRIPTS = {
    path.stem: path.read_text() for path in Path(__file__).parent.glob("optuna_scripts/*.py")
}
# What a trial had; the kind of model is said for the check that retrains.
VALUES: dict[str, str] = {
    "sklearn_simple": '{"classifier": "RandomForest", "rf_max_depth": 4}',
    "callable_class": '{"C": 1.0, "solver": "lbfgs"}',
    "lambda_wrapper": '{"n_estimators": 20, "max_depth": "None", "learning_rate": 0.1, '
    '"loss": "squared_error"}',
    "no_model": '{"x": 1.0, "y": 2}',
    "constrained": '{"n_estimators": 5}',
    "keras_callbacks": '{"filters": 8, "kernel_size": 3, "strides": 1, "activation": "relu", '
    '"learning_rate": 0.01}',
}


@pytest.fixture(scope="module")
def inspected(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return inspect_templates(datasets, tmp_path_factory.mktemp("optuna"), SCRIPTS)


@pytest.fixture(scope="module")
def retrained(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    scripts = {
        name: f"{SCRIPTS[name]}\n# kind: optuna\n# values: {values}\n"
        for name, values in VALUES.items()
    }
    return retrain_templates(datasets, tmp_path_factory.mktemp("optuna-models"), scripts)


@pytest.mark.parametrize(
    ("name", "space", "metrics", "proposed"),
    [
        (
            "sklearn_simple", {"classifier", "svc_c", "rf_max_depth"}, ["value"],
            {"max_trials": 100, "epochs": 1},
        ),
        (
            "keras_callbacks",
            {"filters", "kernel_size", "strides", "activation", "learning_rate"},
            ["value", "accuracy", "loss", "val_accuracy", "val_loss"],
            {
                "pruner": "median", "pruning_min_trials": 2, "max_time": 600, "epochs": 3,
                "first_step": 0,
            },
        ),
        (
            "layers_in_a_loop",
            {
                "n_layers", "optimizer", "rmsprop_learning_rate", "adam_learning_rate",
                "sgd_opt_learning_rate", "sgd_opt_momentum",
                *(f"{part}_l{i}" for part in ("n_units", "dropout") for i in range(3)),
            },
            ["value", "n_params", "accuracy", "loss", "val_accuracy", "val_loss"],
            {
                "tuner": "tpe", "seed": 42, "epochs": 2,
                "sampler_arguments": {"multivariate": True},
                "enqueued": [{"n_layers": 1, "n_units_l0": 16, "optimizer": "Adam"}],
            },
        ),
        (
            "report_and_prune", {"alpha"}, ["value"],
            {
                "pruner": "asha", "pruning_warmup": 1, "pruning_factor": 4, "epochs": 20,
                "first_step": 0,
            },
        ),
        (
            "several_objectives", {"units", "activation"},
            ["parameters_of_model", "test_accuracy", "accuracy", "loss"],
            {"objective_2": "test_accuracy", "direction_2": "max", "max_time": 300},
        ),
        (
            "constrained", {"n_estimators", "max_depth"}, ["value", "too_many_nodes"],
            {
                "constraint_1": "too_many_nodes", "constraint_1_relation": "<=",
                "constraint_1_limit": 0.0,
            },
        ),
        (
            "constraints_func", {"x", "y"},
            ["values_0", "values_1", "constraint_0", "constraint_1"],
            {"tuner": "nsga2", "constraint_2": "constraint_1", "direction_2": "min"},
        ),
        ("callable_class", {"C", "solver"}, ["value"], {"parallel_trials": 2, "max_trials": 50}),
        (
            "lambda_wrapper", {"n_estimators", "max_depth", "learning_rate", "loss"}, ["value"],
            {"max_trials": 25},
        ),
        (
            "partial_wrapper", {"n_neighbors", "weights"}, ["value"],
            {"tuner": "random", "seed": 0},
        ),
        ("no_model", {"x", "y"}, ["value"], {"max_trials": 100}),
        (
            "storage_in_main", {"C", "kernel", "gamma", "degree"}, ["value", "std"],
            {
                "tuner": "tpe", "seed": 0, "max_trials": 60,
                "sampler_arguments": {
                    "n_startup_trials": 15, "multivariate": True, "group": True,
                    "constant_liar": True,
                },
                "enqueued": [{"C": 1.0, "kernel": "rbf", "gamma": 0.03}],
            },
        ),
        (
            "nested_conditionals",
            {
                "scaler", "minmax_high", "reducer", "pca_components", "k", "family", "penalty",
                "l1_ratio", "C", "trees", "n_estimators", "eta",
            },
            ["value"],
            {
                "tuner": "tpe", "seed": 7, "max_trials": 40,
                "sampler_arguments": {
                    "prior_weight": 1.0, "consider_magic_clip": True, "consider_endpoints": False,
                    "n_startup_trials": 20, "n_ei_candidates": 24,
                },
            },
        ),
        (
            "folds_with_wilcoxon", {"C", "epsilon"}, ["value"],
            {
                "tuner": "cmaes", "seed": 3, "epochs": 4, "pruner": "wilcoxon", "pruning_p": 0.05,
                "sampler_arguments": {"n_startup_trials": 8, "popsize": 6},
                "pruner_arguments": {"n_startup_steps": 3},
            },
        ),
        (
            "hyperband_of_warm_starts", {"alpha", "loss"}, ["value"],
            {
                "pruner": "hyperband", "pruning_factor": 3, "pruning_warmup": 0, "first_step": 1,
                "epochs": 9, "pruner_arguments": {"max_resource": 9, "bootstrap_count": 1},
            },
        ),
        (
            "genetic_front", {"n_estimators", "max_depth", "max_features"},
            ["accuracy", "nodes", "f1"],
            {
                "tuner": "nsga2", "seed": 1, "objective_2": "nodes", "direction_2": "min",
                "sampler_arguments": {
                    "population_size": 20, "mutation_prob": 0.1, "swapping_prob": 0.4,
                },
            },
        ),
        (
            "keras_in_steps",
            {
                "n_layers", "optimizer", "lr", "batch_size",
                *(f"{part}_{i}" for part in ("units", "use_dropout", "dropout") for i in range(2)),
            },
            ["value", "accuracy", "loss", "val_accuracy", "val_loss"],
            {
                "tuner": "sobol", "sampler_arguments": {"qmc_type": "halton", "scramble": True},
                "pruner": "patient", "pruning_patience": 1, "pruning_min_trials": 4,
                "pruning_warmup": 1, "pruner_arguments": {"min_delta": 0.01}, "epochs": 3,
            },
        ),
        ("asks_and_tells", {"C", "solver"}, ["value"], {"max_trials": 10}),
        ("tells_a_function", {"n_neighbors", "weights"}, ["value"], {"max_trials": 25}),
        ("compared_samplers", {"alpha", "l1_ratio"}, ["value"], {"max_trials": 20}),
        (
            "grid", {"components", "whiten", "smoothing"}, ["value"],
            {
                "tuner": "random", "max_trials": 7,
                "enqueued": [
                    {"components": 2}, *({"components": c, "whiten": w}
                                         for c in (1, 3, 5) for w in (True, False)),
                ],
            },
        ),
    ],
)  # fmt: skip
def test_a_script_is_read_by_running_its_objective(
    inspected: dict[str, Any], name: str, space: set[str], metrics: list[str],
    proposed: dict[str, Any],
) -> None:  # fmt: skip
    found = inspected[name]
    assert "message" not in found, found
    assert found["kind"] == "optuna"
    assert {entry["config"]["name"] for entry in found["space"]["space"]} == space
    assert found["metrics"] == metrics
    assert proposed.items() <= found["script"]["fields"].items()
    minimised = {
        "report_and_prune", "several_objectives", "constraints_func", "lambda_wrapper", "no_model",
        "folds_with_wilcoxon", "keras_in_steps", "compared_samplers",
    }  # fmt: skip
    assert (found["objective"], found["direction"]) == (
        metrics[0], "min" if name in minimised else "max",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("lightgbm_like", "lightgbm, which is not installed"),
        ("lightgbm_tuner", "needs the package lightgbm of optuna-integration"),
        ("torch_like", "imports torch.nn, which is not installed"),
        ("optuna_search_cv", "needs the package sklearn of optuna-integration"),
    ],
)
def test_what_is_missing_is_named(inspected: dict[str, Any], name: str, sentence: str) -> None:
    assert sentence in inspected[name]["message"]


@pytest.mark.parametrize(
    ("name", "text", "note"),
    [
        ("storage_in_main", "gamma=lambda n: min(int(np.ceil(0.1 * n)), 25)", "Only numbers"),
        ("storage_in_main", "load_if_exists=True", "database keeps the trials"),
        ("storage_in_main", "callbacks=[log_best]", "Limits of the search are in its form"),
        ("genetic_front", "crossover=UniformCrossover()", "Only numbers"),
        ("tells_a_function", "sampler=optuna.samplers.GPSampler(seed=4)", "has no GPSampler"),
        ("nested_conditionals", "gamma=", "Only numbers"),
    ],
)
def test_what_is_not_taken_over_is_named(
    inspected: dict[str, Any], name: str, text: str, note: str
) -> None:
    unused = [one for one in inspected[name]["script"]["arguments"] if one["use"] == "unused"]
    assert any(text in one["text"] and note in one["note"] for one in unused), unused


def test_an_argument_that_is_none_is_not_listed(inspected: dict[str, Any]) -> None:
    arguments = inspected["folds_with_wilcoxon"]["script"]["arguments"]
    listed = [one["text"] for one in arguments]
    assert any(text.startswith("n_startup_trials") for text in listed), listed
    assert not any(text.startswith("source_trials") for text in listed), listed


def test_choices_that_are_no_numbers_are_texts(inspected: dict[str, Any]) -> None:
    entries = {e["config"]["name"]: e for e in inspected["lambda_wrapper"]["space"]["space"]}
    assert entries["max_depth"]["config"]["values"] == ["None", "2", "3"]


@pytest.mark.parametrize(
    ("name", "summary", "note"),
    [
        ("sklearn_simple", "RandomForestClassifier(max_depth=4", "only cross-validates it"),
        ("callable_class", "StandardScaler", ""),
        (
            "lambda_wrapper",
            "GradientBoostingRegressor(max_depth=None, n_estimators=20)",
            "251 of 376 rows",
        ),
        ("keras_callbacks", "Conv2D", "scales its inputs"),
    ],
)
def test_the_last_model_is_the_one_to_download(
    retrained: dict[str, Any], name: str, summary: str, note: str
) -> None:
    kind, event = retrained[name][-1]
    assert kind == "Retrained", event
    assert summary in event["summary"]
    assert note in event["note"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no_model", "objective produces no model to download"),
        ("constrained", "asks for max_depth, which the trial has no value of"),
    ],
)
def test_retraining_says_why_there_is_no_model(
    retrained: dict[str, Any], name: str, reason: str
) -> None:
    kind, event = retrained[name][-1]
    assert kind == "Failed"
    assert reason in event["message"]
