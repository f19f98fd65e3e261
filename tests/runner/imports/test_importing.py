"""Reading searches of other programs: what good archives become, and one sentence for bad ones."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.imports import keras_tuner_project, session, trial_json, zip_bytes
from tuning.eventfiles import write
from tuning.eventfiles.messages import Experiment
from tuning.protocol.events import IMPORTED, FoundTrial, Imported, decode_event
from tuning.protocol.orders import ImportOrder
from tuning.runner.failures import BadData
from tuning.runner.imports import keras_tuner_files
from tuning.runner.imports.importing import import_search
from tuning.spaces.hyperparameters import read_space

MB = 1024 * 1024


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runner's folder, and we are in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(files: dict[str, bytes], **order: Any) -> tuple[Imported, list[FoundTrial]]:
    """What the runner tells, as its supervisor reads it."""
    Path("upload").write_bytes(zip_bytes(files))
    Path(IMPORTED).unlink(missing_ok=True)
    events: list[Any] = []
    import_search(ImportOrder("upload", "search.zip", 64 * MB, **order), events.append)
    imported = events[-1]
    assert isinstance(imported, Imported)
    trials: list[Any] = []
    if imported.objective:
        trials = [decode_event(line) for line in Path(IMPORTED).read_bytes().splitlines()]
        assert len(trials) == imported.trials
    return imported, trials


def refusal(files: dict[str, bytes]) -> str:
    with pytest.raises(BadData) as caught:
        read(files)
    return str(caught.value)


def test_a_keras_tuner_project() -> None:
    imported, trials = read(keras_tuner_project())
    assert (imported.origin, imported.name, imported.tuner) == ("kerastuner", "digits", "random")
    assert (imported.objective, imported.direction) == ("val_accuracy", "max")
    named = [entry["config"]["name"] for entry in imported.space["space"]]
    assert named == ["units", "optimizer", "momentum", "learning_rate"]
    assert imported.space["space"][2]["config"]["conditions"]
    first, _, failed = trials
    assert first.values == {"units": 8, "optimizer": "adam"}
    assert first.metrics == {"val_accuracy": 0.5, "val_loss": 0.5}
    assert (first.status, first.best_epoch, first.epochs[0].epoch) == ("completed", 3, 3)
    assert first.finished - first.started == 7
    assert (failed.status, failed.metrics) == ("failed", {})
    assert failed.message.endswith("ValueError: no")


def test_a_round_of_hyperband_goes_on_from_the_one_before() -> None:
    files = keras_tuner_project()
    values = {"units": 8, "optimizer": "adam", "tuner/initial_epoch": 4, "tuner/epochs": 10}
    files["dir/digits/trial_09/trial.json"] = trial_json(
        8, 0.9, hyperparameters={"space": [], "values": values}
    )
    trial = read(files)[1][-1]
    assert (trial.best_epoch, [e.epoch for e in trial.epochs]) == (7, [7])


def test_numbers_that_are_a_text_elsewhere_are_texts() -> None:
    files = keras_tuner_project()
    files["dir/digits/trial_09/trial.json"] = trial_json(
        8, 0.9, hyperparameters={"space": [], "values": {"units": "many", "own": 3}}
    )
    imported, trials = read(files)
    (units,) = (p for p in read_space(imported.space) if p.name == "units")
    assert all(units.takes(trial.values["units"]) for trial in trials)
    assert {trial.values["units"] for trial in trials} > {"many", "8"}
    assert trials[-1].values["own"] == 3


def test_executions_are_averaged_and_kept() -> None:
    files = keras_tuner_project()
    seen = {"direction": "max", "observations": [{"value": [0.2, 0.4], "step": 0}]}
    files["dir/digits/trial_09/trial.json"] = trial_json(
        8, 0.3, metrics={"metrics": {"val_accuracy": seen}}, best_step=0
    )
    trial = read(files)[1][-1]
    assert trial.metrics == {"val_accuracy": pytest.approx(0.3)}
    assert [(e.execution, e.metrics["val_accuracy"]) for e in trial.epochs] == [(0, 0.2), (1, 0.4)]


def test_what_was_optimised_is_asked_for_where_nothing_says_it() -> None:
    files = keras_tuner_project()
    for number in range(3):
        files[f"dir/digits/trial_{number:02}/trial.json"] = trial_json(8, 0.5, score=0.1)
    imported, trials = read(files)
    assert (imported.objective, imported.direction, trials) == ("", "", [])
    assert imported.metrics == ["val_accuracy", "val_loss"]
    imported, trials = read(files, objective="val_loss", direction="min")
    assert (imported.objective, imported.direction, len(trials)) == ("val_loss", "min", 3)


def scored(name: str, way: str) -> dict[str, bytes]:
    """A project whose scores are those of a metric that KerasTuner took for one of this way."""
    files = keras_tuner_project()
    for number, score in enumerate((0.25, 0.5, 0.75)):
        seen = {"direction": way, "observations": [{"value": [score], "step": 2}]}
        files[f"dir/digits/trial_{number:02}/trial.json"] = trial_json(
            8, 0.1, score=score, metrics={"metrics": {name: seen, f"other_{name}": seen}}
        )
    return files


@pytest.mark.parametrize("way", ["min", "max"])
def test_the_direction_of_kerastuners_own_objective_holds(way: str) -> None:
    files = scored("val_custom", way)
    for path in [path for path in files if path.endswith("trial.json")]:
        files[path] = files[path].replace(b'"other_val_custom"', b'"duration"').replace(
            b'"value": [0.25], "step": 2}]}}}', b'"value": [9.0], "step": 2}]}}}'
        )  # fmt: skip
    imported, trials = read(files)
    assert (imported.objective, imported.direction) == ("val_custom", way)
    assert len(trials) == 3


def test_a_minimum_that_kerastuner_only_assumed_is_asked_for() -> None:
    """It writes "min" for every metric that it does not know."""
    files = scored("val_custom", "min")
    imported, _ = read(files)
    assert (imported.objective, imported.proposed) == ("", "")
    imported, trials = read(files, objective="val_custom", direction="")
    assert (imported.objective, imported.proposed, trials) == ("", "val_custom", [])
    imported, trials = read(files, objective="val_custom", direction="max")
    assert (imported.objective, imported.direction, len(trials)) == ("val_custom", "max", 3)


def test_the_only_metric_of_a_log_folder_may_need_a_direction() -> None:
    files = {"logs/run-0/a.tfevents.1": session({"units": 16}, {"custom": [0.2, 0.1]})}
    imported, trials = read(files)
    assert (imported.objective, imported.proposed, trials) == ("", "custom", [])
    imported, trials = read(files, objective="custom", direction="max")
    assert trials[0].metrics == {"custom": 0.2}


def test_a_tensorboard_log_folder() -> None:
    files = {
        "logs/run-1/a.tfevents.1": session({"units": 8, "act": "relu"}, {"acc": [0.1, 0.9, 0.3]}),
        "logs/run-0/a.tfevents.1": session({"units": 16, "rate": 0.5}, {"acc": [0.2, 0.1]}, 5.0),
        "logs/run-2/a.tfevents.1": session({"units": 16}, {}, status=2),
    }  # fmt: skip
    imported, trials = read(files)
    assert (imported.origin, imported.objective, imported.direction) == (
        "tensorboard",
        "acc",
        "max",
    )
    assert [trial.name for trial in trials] == ["logs/run-0", "logs/run-1", "logs/run-2"]
    assert [trial.status for trial in trials] == ["completed", "completed", "failed"]
    assert trials[0].values == {"units": 16, "rate": 0.5}
    assert isinstance(trials[0].values["units"], int)
    assert (trials[1].metrics, trials[1].best_epoch) == ({"acc": 0.9}, 2)
    assert [(e.epoch, e.seconds) for e in trials[1].epochs] == [(1, 1), (2, 1), (3, 1)]
    kinds = {e["config"]["name"]: e["class_name"] for e in imported.space["space"]}
    assert kinds == {"units": "Int", "rate": "Fixed", "act": "Fixed"}


def test_a_run_that_ended_neither_well_nor_badly_has_no_score() -> None:
    """As Tuneroom writes pruned trials and stopped ones: their best epochs are no results."""
    files = {
        "run-0/a.tfevents.1": session({"units": 8}, {"acc": [0.9, 0.95]}, 5.0, status=0),
        "run-1/a.tfevents.1": session({"units": 16}, {"acc": [0.2, 0.1]}, 9.0),
    }
    _, trials = read(files)
    assert [trial.status for trial in trials] == ["stopped", "completed"]
    assert [epoch.metrics for epoch in trials[0].epochs] == [{"acc": 0.9}, {"acc": 0.95}]


def test_runs_of_keras_below_a_session_are_its_curves() -> None:
    files = {
        "run/x.tfevents.1": session({"units": 8}, {}),
        "run/train/x.tfevents.1": write.scalars(1001, 0, {"epoch_loss": 0.5}),
        "run/validation/x.tfevents.1": write.scalars(
            1002, 0, {"epoch_loss": 0.75, "evaluation_loss_vs_iterations": 1}
        ),
    }  # fmt: skip
    imported, trials = read(files, objective="val_loss")
    assert imported.metrics == ["val_loss", "loss"]
    assert [(e.epoch, e.metrics) for e in trials[0].epochs] == [
        (1, {"loss": 0.5, "val_loss": 0.75})
    ]


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_file_that_was_cut_off_gives_what_is_before(kept: float) -> None:
    whole = session({"units": 8}, {"acc": [i / 100 for i in range(100)]})
    trial = read({"run/x.tfevents.1": whole[: int(len(whole) * kept)]})[1][0]
    assert 0 < len(trial.epochs) < 100
    assert trial.metrics["acc"] == trial.epochs[-1].metrics["acc"]


def test_many_steps_are_thinned_as_tensorboard_does() -> None:
    curve = [float(i) for i in range(5_000)]
    trial = read({"x.tfevents.1": session({"a": 1}, {"acc": curve})})[1][0]
    assert 500 < len(trial.epochs) <= 1_000
    assert trial.epochs[-1].epoch == 5_000


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"notes.txt": b"x"}, "neither a KerasTuner project"),
        ({"p/oracle.json": b"{}"}, "contains no trials"),
        ({"p/trial_0/trial.json": b"{,"}, "cannot be read as JSON"),
        ({"p/trial_0/trial.json": b"[" * 100_000}, "cannot be read as JSON"),
        ({"p/trial_0/trial.json": b"[]"}, "not written by KerasTuner"),
        ({"p/trial_0/trial.json": b"{}"}, "No trial has a metric"),
        ({"x.tfevents.1": b"no records"}, "contains no hyperparameters"),
        ({"x.tfevents.1": session({"a": 1}, {})}, "No trial has a metric"),
        (
            keras_tuner_project("one/") | keras_tuner_project("two/"),
            "several KerasTuner projects (one, two)",
        ),
        (
            {
                f"{name}/x.tfevents.1": write.experiment(1.0, Experiment(name=name))
                for name in ("one", "two")
            },
            "several experiments (one, two)",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(files: dict[str, bytes], words: str) -> None:
    assert words in refusal(files)


def test_too_many_trials_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras_tuner_files, "MAX_IMPORTED", 2)
    assert "The project has 3 trials, more than the limit of 2" in refusal(keras_tuner_project())


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(
            ["hyperparameters", "values", "space", "config", "name", "class_name", "metrics",
             "val_loss", "observations", "value", "step", "score", "best_step", "direction"]
        ), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip
FUZZED = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FUZZED
@given(JSON, JSON)
def test_any_json_is_read_or_refused(oracle: Any, trial: Any) -> None:
    files = {"oracle.json": json.dumps(oracle).encode(), "trial_0/trial.json": trial_json(8, 0.5)}
    if isinstance(trial, dict):
        files["trial_1/trial.json"] = json.dumps(json.loads(trial_json(8, 0.5)) | trial).encode()
    try:
        imported, _ = read(files)
    except BadData as error:
        assert "could not be read: " not in str(error)  # noqa: PT017
    else:
        assert imported.trials >= 1


@FUZZED
@given(st.data())
def test_damaged_event_files_are_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(session({"units": 8, "act": "relu"}, {"acc": [0.1, 0.9]}))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        read({"x.tfevents.1": bytes(content)})
    except BadData as error:
        assert "could not be read: " not in str(error)  # noqa: PT017
