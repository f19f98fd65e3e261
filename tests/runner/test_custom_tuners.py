"""Tuner classes with a `run_trial` of their own: read, searched with, retrained, unmodified."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuning.protocol.events import Built, EpochEnd, Failed, Retrained, TrialEnd
from tuning.protocol.orders import RetrainOrder

from .custom_tuners import MORE, TEMPLATES, UNUSABLE
from .harness import Runner, TrialRunner, inspect_templates, project, search_order

pytestmark = pytest.mark.tensorflow

NO_SPACE: dict[str, Any] = {"space": [], "values": {}}
OF_FIT = ["accuracy", "loss", "val_accuracy", "val_loss"]


@pytest.fixture(scope="module")
def inspected(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("tuners")
    templates = {**TEMPLATES, **MORE, **UNUSABLE}
    return inspect_templates(datasets, folder, templates, ["batch_size"])


@pytest.mark.parametrize(
    ("name", "space", "metrics", "objective", "parameters"),
    [
        (
            "blackbox",
            {"units", "optimizer"},
            ["default_objective"],
            ("default_objective", "min"),
            385,
        ),
        ("function", {"x"}, ["default_objective"], ("default_objective", "min"), 0),
        ("batch_size", {"batch_size", "units"}, OF_FIT, ("val_accuracy", "max"), 610),
        ("hyperband", {"batch_size", "units"}, OF_FIT, ("", ""), 610),
        (
            "custom_loop",
            {"batch_size", "units", "learning_rate"},
            ["loss"],
            ("loss", "min"),
            610,
        ),
        ("foreign", {"kind", "trees", "C"}, ["accuracy"], ("accuracy", "max"), 0),
        ("old_style", {"units", "epochs"}, ["test_acc"], ("test_acc", "max"), 610),
        ("fitting", {"units"}, OF_FIT, ("", ""), 610),
        (
            "twice",
            {"trouble", "units", "batch_size"},
            ["val_accuracy"],
            ("val_accuracy", "max"),
            610,
        ),
    ],
)
def test_a_class_is_read_by_running_it(
    inspected: dict[str, Any],
    name: str,
    space: set[str],
    metrics: list[str],
    objective: tuple[str, str],
    parameters: int,
) -> None:
    found = inspected[name]
    assert "message" not in found, found
    assert found["kind"] == "custom"
    assert {entry["config"]["name"] for entry in found["space"]["space"]} == space
    assert found["metrics"] == metrics
    assert (found["objective"], found["direction"]) == objective
    assert found["parameters"] == parameters


def test_a_class_that_the_script_does_not_use_is_not_used(inspected: dict[str, Any]) -> None:
    found = inspected["unused"]
    assert (found["kind"], found["objective"], found["direction"]) == (
        "keras",
        "val_accuracy",
        "max",
    )
    assert [entry["config"]["name"] for entry in found["space"]["space"]] == ["units"]


def test_kerastuners_cross_validation_can_be_extended(inspected: dict[str, Any]) -> None:
    found = inspected["cross_validation"]
    assert "message" not in found, found
    assert (found["kind"], found["metrics"], found["direction"]) == ("custom", ["score"], "max")
    assert found["samples"]["tried"] == 0


def test_where_there_is_a_builder_models_are_sampled(inspected: dict[str, Any]) -> None:
    assert inspected["batch_size"]["samples"]["tried"] == 20
    assert inspected["blackbox"]["samples"]["tried"] == 0


def test_conditional_values_keep_their_conditions(inspected: dict[str, Any]) -> None:
    entries = {e["config"]["name"]: e["config"] for e in inspected["foreign"]["space"]["space"]}
    assert entries["C"]["conditions"][0]["config"]["values"] == ["linear"]


def test_the_page_is_told_how_the_space_was_found(inspected: dict[str, Any]) -> None:
    assert "Its class MyTuner is used." in inspected["blackbox"]["note"]
    assert "it asks for no data" in inspected["blackbox"]["note"]
    assert "by running it on 32 rows" in inspected["fitting"]["note"]
    assert "are not run" not in inspected["fitting"]["note"]


def test_what_was_not_reached_is_said(inspected: dict[str, Any]) -> None:
    assert "50 conditional scopes could not be reached" in inspected["endless"]["note"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("asks", "run_trial asks for 'colour', which a project cannot supply. It can supply x, y,"),
        ("constructor", "A asks for 'secret', which a project cannot supply."),
        ("nothing", "run_trial returned None. Let it return the objective's value"),
        ("no builder", "defines neither a keras_tuner.HyperModel class nor a function build_model"),
        ("two", "several Tuner classes (A, B). Keep one."),
    ],
)
def test_what_cannot_be_used_says_why(inspected: dict[str, Any], name: str, sentence: str) -> None:
    assert sentence in inspected[name]["message"]


class Bench:
    """Searches and retrainings with one template."""

    def __init__(self, name: str, dataset: Path, folder: Path) -> None:
        self.project = project({**TEMPLATES, **MORE}[name], dataset)
        self.folder = folder

    def search(self, *values: dict[str, Any], **settings: Any) -> list[list[Any]]:
        """The events of one trial after another."""
        order = search_order(self.project, NO_SPACE, **{"kind": "custom", **settings})
        with TrialRunner(self.folder / "search") as runner:
            runner.begin(order)
            told = [runner.trial(f"000{n}", one) for n, one in enumerate(values)]
            assert runner.finish() == 0
        return told

    def retrain(self, epochs: int, values: dict[str, Any] | None = None) -> list[Any]:
        with Runner(self.folder / "retrain") as runner:
            order = RetrainOrder(self.project, values or {}, {}, epochs, 64, 1, kind="custom")
            runner.send(order)
            return runner.until(Retrained, Failed)


def epochs_of(events: list[Any]) -> list[tuple[int, int]]:
    return [(e.execution, e.epoch) for e in events if isinstance(e, EpochEnd)]


def test_the_guides_blackbox(digits: Path, tmp_path: Path) -> None:
    bench = Bench("blackbox", digits, tmp_path)
    objective = {"objective": "default_objective", "direction": "min"}
    (events,) = bench.search({"units": 64}, **objective)
    assert [type(event) for event in events] == [Built, EpochEnd, TrialEnd]
    assert events[0].parameters == 10 * 64 + 64 + 64 + 1
    assert events[-1].metrics.keys() == {"default_objective"}
    # What it saves to /tmp stays in its folder.
    assert (tmp_path / "search/saved-elsewhere/tmp/0000.keras").exists()
    assert not Path("/tmp/0000.keras").exists()  # noqa: S108
    events = bench.retrain(1, {"units": 64})
    assert isinstance(events[-1], Retrained), events
    assert events[-1].metrics == {}, "its inputs are not the project's rows"
    assert (tmp_path / "retrain/model.keras").exists()


def test_a_function_has_no_model(digits: Path, tmp_path: Path) -> None:
    bench = Bench("function", digits, tmp_path)
    (events,) = bench.search({"x": 0.5}, objective="default_objective", direction="min")
    assert epochs_of(events) == [(0, 1)], "one point for the table and the plots"
    assert events[0].metrics == {"default_objective": 2.25}
    assert events[-1] == TrialEnd({"default_objective": 2.25}, 0)
    failed = bench.retrain(1, {"x": 0.5})[-1]
    assert failed.message.startswith("run_trial produces no model to download.")
    assert "self.save_model(trial.trial_id, model)" in failed.message


def test_a_tuned_batch_size_in_kerastuners_loop(digits: Path, tmp_path: Path) -> None:
    bench = Bench("batch_size", digits, tmp_path)
    settings = {"executions_per_trial": 2, "epochs": 2, "early_stopping_metric": "val_loss"}
    same, again = bench.search({"batch_size": 64}, {"batch_size": 64}, **settings)
    assert epochs_of(same) == [(0, 1), (0, 2), (1, 1), (1, 2)]
    best = [max(e.metrics["val_accuracy"] for e in same if isinstance(e, EpochEnd)
                and e.execution == n) for n in (0, 1)]  # fmt: skip
    assert same[-1].metrics["val_accuracy"] == pytest.approx(sum(best) / 2)
    assert again[-1].metrics == same[-1].metrics, "a trial repeats itself"
    assert [p for p in (tmp_path / "search" / "kt").rglob("*") if p.is_file()] == []
    events = bench.retrain(3, {"batch_size": 32})
    assert epochs_of(events) == [(0, 1), (0, 2), (0, 3)]
    assert events[-1].metrics.keys() == {"accuracy", "loss"}


@pytest.mark.parametrize("name", ["hyperband", "batch_size"])
def test_hyperband_goes_on_where_the_parent_ended(name: str, digits: Path, tmp_path: Path) -> None:
    """Whether the class derives from kt.Hyperband or not."""
    bracket = {"units": 8, "tuner/bracket": 1}
    parent = {**bracket, "tuner/epochs": 2, "tuner/initial_epoch": 0, "tuner/round": 0}
    child = {**bracket, "tuner/epochs": 4, "tuner/initial_epoch": 2, "tuner/round": 1,
             "tuner/trial_id": "0000"}  # fmt: skip
    lost = {**child, "tuner/trial_id": "0009"}
    bench = Bench(name, digits, tmp_path)
    wider = {**child, "units": 16}
    first, second, other, third = bench.search(parent, child, wider, lost, hyperband=True, epochs=4)
    assert epochs_of(first) == [(0, 1), (0, 2)]
    assert epochs_of(second) == [(0, 3), (0, 4)]
    losses = [e.metrics["loss"] for e in [*first, *second] if isinstance(e, EpochEnd)]
    assert losses[2] < losses[0]
    assert "do not fit its model" in other[-1].message
    assert third[-1].code == "missing_file"


def test_hyperband_with_a_loop_of_its_own(digits: Path, tmp_path: Path) -> None:
    """It is given each round's epochs, and its checkpoints are its own affair."""
    values = {"units": 8, "tuner/epochs": 2, "tuner/initial_epoch": 1, "tuner/trial_id": "0009"}
    (events,) = Bench("fitting", digits, tmp_path).search(values, hyperband=True, epochs=4)
    assert epochs_of(events) == [(0, 1), (0, 2)]
    assert isinstance(events[-1], TrialEnd)


def test_an_old_guides_training_loop(digits: Path, tmp_path: Path) -> None:
    bench = Bench("custom_loop", digits, tmp_path)
    (events,) = bench.search({}, objective="loss", direction="min")
    assert [type(event) for event in events] == [Built, EpochEnd, EpochEnd, TrialEnd]
    assert events[-1] == TrialEnd(events[2].metrics, best_step=1)
    log = (tmp_path / "search.log").read_text()
    assert "AutoGraph could not transform" not in log
    assert isinstance(bench.retrain(2)[-1], Retrained)


def test_a_model_that_is_not_keras(digits: Path, tmp_path: Path) -> None:
    bench = Bench("foreign", digits, tmp_path)
    forest, linear = bench.search({"kind": "forest"}, {"kind": "linear"}, objective="accuracy")
    assert epochs_of(forest) == [(0, 1), (1, 1)], "one for each of a list"
    scores = [e.metrics["accuracy"] for e in linear if isinstance(e, EpochEnd)]
    (built,) = [e for e in linear if isinstance(e, Built)]
    assert built.summary.startswith("LogisticRegression(")
    assert linear[-1].metrics["accuracy"] == pytest.approx(sum(scores) / 2)
    assert linear[-1].metrics["accuracy"] > 0.9
    result = bench.retrain(1)[-1]
    assert isinstance(result, Retrained), result
    assert result.metrics["accuracy"] > 0.6
    assert result.trusted_types == ["sklearn.tree._tree.Tree"]
    import skops.io

    (file,) = tmp_path.rglob("model.skops")
    loaded = skops.io.load(file, trusted=result.trusted_types)
    x = np.load(digits / "x.npy")
    assert loaded.predict(x.reshape(len(x), -1)).shape == (len(x),)


def test_early_kerastuner_and_the_scripts_own_names(digits: Path, tmp_path: Path) -> None:
    bench = Bench("old_style", digits, tmp_path)
    (events,) = bench.search({"epochs": 3}, objective="test_acc")
    assert epochs_of(events) == [(0, 1), (0, 2), (0, 3)]
    assert events[-1].metrics.keys() == {"test_acc"}
    assert events[-1].best_step == 2
    assert "test_acc" not in events[1].metrics
    assert events[1].metrics.keys() == {"accuracy", "loss"}
    assert bench.retrain(3, {"epochs": 2})[-1].metrics.keys() == {"accuracy", "loss"}


def test_arguments_by_their_names(digits: Path, tmp_path: Path) -> None:
    bench = Bench("fitting", digits, tmp_path)
    # A hyperparameter that only this trial asks for changes nothing.
    (events,) = bench.search({"units": 16}, epochs=3)
    assert epochs_of(events) == [(0, 1), (0, 2), (0, 3)]
    scores = [e.metrics["val_accuracy"] for e in events if isinstance(e, EpochEnd)]
    assert events[-1].metrics["val_accuracy"] == max(scores)


def test_folds_are_executions_and_repeated_fits_go_on(digits: Path, tmp_path: Path) -> None:
    (events,) = Bench("folds", digits, tmp_path).search({}, objective="accuracy", epochs=2)
    assert epochs_of(events) == [(0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2)]
    (again,) = Bench("stepwise", digits, tmp_path / "again").search({}, objective="mine", epochs=3)
    assert epochs_of(again) == [(0, 1), (0, 2), (0, 3)]
    assert all("mine" in e.metrics for e in again if isinstance(e, EpochEnd))


def test_inputs_that_it_scales_are_not_measured_unscaled(digits: Path, tmp_path: Path) -> None:
    events = Bench("scaling", digits, tmp_path).retrain(1)
    assert isinstance(events[-1], Retrained), events
    assert events[-1].metrics == {}
    assert "run_trial scales its inputs" in events[-1].note


@pytest.fixture(scope="module")
def twice(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialRunner]:
    order = search_order(project(TEMPLATES["twice"], digits), NO_SPACE, kind="custom", epochs=2)
    with TrialRunner(tmp_path_factory.mktemp("twice") / "work") as runner:
        runner.begin(order)
        yield runner


def test_what_is_given_twice_is_left_to_the_class(twice: TrialRunner) -> None:
    events = twice.trial("1", {"trouble": "none", "batch_size": 16})
    assert epochs_of(events) == [(0, 1), (0, 2)]
    assert events[-1].metrics.keys() == {"val_accuracy"}


@pytest.mark.parametrize(
    ("trouble", "code", "text"),
    [
        ("raise", "code_error", "ValueError in line 25: these do not fit"),
        ("failed", "code_error", "FailedTrialError in line 27: oversized"),
        ("fatal", "code_error", "FatalValueError in line 29: no"),
        ("nan", "nan_score", "val_accuracy was nan"),
        ("none at all", "unusable_template", "run_trial returned None."),
        ("text", "unusable_template", "run_trial returned str."),
        ("other", "no_score", "'val_accuracy' is not among the metrics that run_trial reported: a"),
    ],
)
def test_troubles_fail_the_trial_alone(
    twice: TrialRunner, trouble: str, code: str, text: str
) -> None:
    failed = twice.trial("2", {"trouble": trouble})[-1]
    assert isinstance(failed, Failed)
    assert (failed.code, text in failed.message) == (code, True), failed
